"""What the last weeks teach, and what to try: accepted, declined and taken back by a press (R59, R61)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from bot import accepting, lessons
from bot.facts import as_words
from bot.improving import called, effect_in_facts, learnt_from
from bot.reloading import reload_rules
from bot.trying_names import name_tried
from bot.web.access import Caller, Looking, linecall
from bot.web.errors import in_words
from bot.web.rendering import frame, page
from bot.web.words import capital, clock, person_name, voice_for
from workflow.errors import LinecallError, Refused
from workflow.improving import may_decide
from workflow.lessons import NAMED, why_not_accept

if TYPE_CHECKING:
    from bot.app import App
    from bot.improving import Learnt
    from bot.wording import Voice
    from workflow.improving import Accepted, Proposal
    from workflow.plant import Person

routes = APIRouter(include_in_schema=False)

LATELY = timedelta(days=30)
SHOWN = 6  # numbers of exceptions beside a line


@routes.get("/improve")
def shown(request: Request, caller: Looking) -> HTMLResponse:
    """Why first passes failed, which rule went up, what to try; from what the caller may see."""
    app = linecall(request)
    voice, person = voice_for(app, caller.person), app.plant.person.get(caller.person or "")
    until = voice.now
    since = until - LATELY
    with app.database.read() as tx:
        learnt = learnt_from(tx, app.world(), since, until, person)
        accepted = accepting.accepted_of(tx)
    may = person is not None and may_decide(person)
    facts = {
        "solved": learnt.solved,
        "at_once": learnt.at_once,
        "why": _reasons(learnt, voice),
        "up": [_asked(one, voice) for one in learnt.rules if one.up][:SHOWN],
        "tries": [_try(one, voice) for one in learnt.proposals],
        "names": [_name(one, learnt, app, person, voice) for one in learnt.names if one.what in NAMED],
        "changed": [_changed(one, voice) for one in reversed(accepted)],
        "may": may,
        "signed_in": person is not None,
        "since": int(since.timestamp()) // 60,
        "until": int(until.timestamp()) // 60,
    }
    return page(request, "improve.html", frame(voice) | facts)


@routes.post("/improve", response_model=None)
def decided(
    request: Request,
    caller: Looking,
    key: Annotated[str, Form(max_length=12)],
    what: Annotated[Literal["accept", "leave", "back"], Form()],
    since: Annotated[int, Form(ge=0, le=10**9)] = 0,
    until: Annotated[int, Form(ge=0, le=10**9)] = 0,
) -> RedirectResponse:
    """A proposal counts from now on, is left, or counts no more; by who is signed in."""
    app = linecall(request)
    with in_words(app, caller.person):
        person = _signed_in(app, caller)
        with app.database.write() as tx:
            if what == "back":
                accepting.take_back(tx, key, person, app.clock.now())
            else:
                start, end = (datetime.fromtimestamp(minute * 60, UTC) for minute in (since, until))
                accepting.decide(tx, key, start, end, person, app.world(), yes=what == "accept")
    reload_rules(app)
    return RedirectResponse("/improve", 303)


@routes.post("/improve/name", response_model=None)
def named(
    request: Request,
    caller: Looking,
    number: Annotated[int, Form(ge=1, le=10**9)],
    what: Annotated[Literal["accept", "leave"], Form()],
) -> RedirectResponse:
    """A name that people use counts from now on, or is forgotten; by who is signed in."""
    app = linecall(request)
    with in_words(app, caller.person):
        person = _signed_in(app, caller)
        try:
            (lessons.accept if what == "accept" else lessons.forget)(app, number, person.id)
        except Refused:
            raise
        except LinecallError as no:
            raise Refused("improve.gone") from no
    return RedirectResponse("/improve", 303)


def _signed_in(app: App, caller: Caller) -> Person:
    person = app.plant.person.get(caller.person or "")
    if person is None:
        raise Refused("improve.not_yours")
    return person


def _reasons(learnt: Learnt, voice: Voice) -> list[dict[str, Any]]:
    found = Counter(one.what for one in learnt.failed)
    return [
        {
            "words": capital(voice.say(f"why_not.{what}")),
            "n": n,
            "cases": list(dict.fromkeys(one.case for one in learnt.failed if one.what == what))[-SHOWN:],
        }
        for what, n in found.most_common()
    ]


def _asked(one: Any, voice: Voice) -> dict[str, Any]:
    counted = voice.say("page.improve.asked", n=voice.number(one.n), up=voice.number(len(one.up)))
    taken = voice.say("page.improve.taken", time=voice.minutes(one.waited_min)) if one.waited_min is not None else ""
    return {"rule": capital(one.rule), "counted": counted, "taken": taken, "cases": one.up[-SHOWN:]}


def _try(one: Proposal, voice: Voice) -> dict[str, Any]:
    words = as_words({"was": one.before, "be": one.after}, voice)
    would = voice.say("page.improve.would", n=voice.number(max(one.differs.values(), default=0)))
    return {"key": one.key, "rule": capital(one.rule), "words": voice.say(f"page.improve.{one.kind}", **words),
            "would": would, "cases": one.cases[-SHOWN:]}  # fmt: skip


def _name(one: Any, learnt: Learnt, app: App, person: Person | None, voice: Voice) -> dict[str, Any]:
    may = person is not None and why_not_accept(one, person, app.plant) is None
    means = voice.say("page.improve.means", words=one.words, ref=called(one, app.world()))
    told = voice.say("page.improve.told", n=voice.number(one.times))
    effect = effect_in_facts(learnt, one)
    tried = capital(name_tried(effect, voice)) + "." if effect is not None else ""
    behind = learnt.effects[one.id].right[-SHOWN:] if effect is not None else ()
    return {"id": one.id, "means": means, "told": told, "tried": tried, "cases": behind, "may": may}


def what_was_changed(one: Accepted, voice: Voice) -> str:
    """What counts over the file, by whom and since when: "20 min instead of 5 min Denise Palmer, 06:10"."""
    return " ".join(_what_and_whose(one, voice))


def _changed(one: Accepted, voice: Voice) -> dict[str, Any]:
    words, by = _what_and_whose(one, voice)
    return {"key": one.key, "rule": capital(one.rule), "words": words, "by": by}


def _what_and_whose(one: Accepted, voice: Voice) -> tuple[str, str]:
    words = as_words({"was": one.before, "be": one.after}, voice)
    by = voice.say("page.improve.by", who=person_name(voice.plant, one.by), at=clock(voice, one.at, voice.now))
    return voice.say(f"page.improve.{one.kind}", **words), by
