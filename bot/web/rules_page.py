"""The rules in force, in words: who is asked when, by when, who hears of it next, who may decide; and what each did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from bot.accepting import accepted_of
from bot.conditions_said import in_words
from bot.reloading import IN_FORCE
from bot.web.access import Looking, linecall
from bot.web.improve_page import what_was_changed
from bot.web.rendering import frame, page
from bot.web.sight import sight_of
from bot.web.words import age_words, capital, clock, role_word, voice_for
from db import asked, settings
from integrations.plant_folder import read_rules_text, rules_text
from workflow.improving import with_accepted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.wording import Voice
    from db.asked import Lately
    from workflow.conditions import Condition
    from workflow.reading import ExceptionType
    from workflow.rules import Authority, Concern, Deadlines, Rules

routes = APIRouter(include_in_schema=False)

LATELY = timedelta(days=30)
ALWAYS = "true"


class When(NamedTuple):
    """A condition twice: in words where it has plain ones, and as it stands in the file; both empty: always."""

    said: str
    written: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a kind of exception."""

    name: str
    role: str
    when: When
    required: bool
    own: bool  # written by this plant, not a default
    changed: str  # what was accepted over the file, by whom and when; empty: nothing
    times: tuple[tuple[When, str], ...]  # when, and what happens by when
    n: int  # how often it asked lately
    last: str  # the exception in which it asked last
    last_at: str


@dataclass(frozen=True, slots=True)
class Kind:
    """The rules of one kind of exception."""

    id: str
    name: str
    needs: str
    cooling_off: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Power:
    """Who may take one decision."""

    decision: str
    who: str
    limits: tuple[str, ...]


@routes.get("/rules")
def rules_page(request: Request, caller: Looking) -> HTMLResponse:
    """Whoever is asked may know by which rule."""
    app = linecall(request)
    voice, rules = voice_for(app, caller.person), app.folder.rules
    with app.database.read() as tx:
        since: datetime | None = settings.written_at(tx, IN_FORCE)
        accepted = accepted_of(tx)
        lately = asked.by_rule(tx, voice.now - LATELY, sight_of(app, caller).within)
    defaults = with_accepted(read_rules_text(None, app.folder.plant), accepted)
    changed = {one.rule: what_was_changed(one, voice) for one in accepted}
    facts = {
        "since": clock(voice, since, voice.now), "version": rules.version[:8],
        "own_file": rules_text(app.folder.folder) is not None, "refused": app.rules_refused,
        "kinds": [_kind(type_, rules, defaults, lately, changed, voice) for type_ in rules.types],
        "powers": [_power(decision, who, voice) for decision, who in rules.decisions.items()],
        "constraints": [
            (one.name, _when(one.when, voice), ", ".join(_act(name, voice) for name in one.forbids), one.why)
            for one in rules.constraints if one.forbids
        ],
        "more": _more(rules, voice),
    }  # fmt: skip
    return page(request, "rules.html", frame(voice) | facts)


def _kind(
    type_: ExceptionType,
    rules: Rules,
    defaults: Rules,
    lately: Mapping[str, Lately],
    changed: Mapping[str, str],
    voice: Voice,
) -> Kind:
    of_type = rules.types[type_]
    known = defaults.types[type_].concerns if type_ in defaults.types else ()
    return Kind(
        id=type_,
        name=capital(voice.say(f"type.{type_}")),
        needs=", ".join(voice.say(f"field.{name}") for name in of_type.needs),
        cooling_off=_span(of_type.cooling_off, voice),
        rules=tuple(
            _rule(one, one not in known, lately.get(one.name), changed.get(one.name, ""), voice)
            for one in of_type.concerns
        ),
    )


def _rule(one: Concern, own: bool, lately: Lately | None, changed: str, voice: Voice) -> Rule:
    return Rule(
        name=capital(one.name.removeprefix(f"{one.role.replace('_', ' ')}: ")),
        role=role_word(one.role, voice),
        when=_when(one.when, voice),
        required=one.required,
        own=own,
        changed=changed,
        times=tuple((_when(when, voice), _times(times, voice)) for when, times in one.deadlines),
        n=lately.n if lately else 0,
        last=lately.last_case if lately else "",
        last_at=clock(voice, lately.last_at, voice.now) if lately else "",
    )


def _span(time: timedelta, voice: Voice) -> str:
    return age_words(time, voice) if time >= timedelta(days=1) else voice.minutes(time.total_seconds() / 60)


def _when(condition: Condition, voice: Voice) -> When:
    return When("", "") if condition.text == ALWAYS else When(in_words(condition, voice), condition.text)


def _times(times: Deadlines, voice: Voice) -> str:
    """ "to be taken within 5 min; supervisor hears of it after 5 min, manager after 10 min; again every 10 min"."""
    say = voice.say
    parts = [say("page.rules.take", time=_span(times.acknowledge, voice))]
    for step in times.ladder:
        after = _span(step.after, voice)
        told = _roles(step.tell, voice)
        parts.append(say("page.rules.told", who=told, time=after) if told else say("page.rules.reminded", time=after))
    if times.repeat is not None:
        parts.append(say("page.rules.repeat", time=_span(times.repeat, voice)))
    if times.idle is not None:
        parts.append(say("page.rules.idle", time=_span(times.idle, voice)))
    if times.done == "shift_end":
        parts.append(say("page.rules.by_shift_end"))
    elif times.done is not None:
        parts.append(say("page.rules.done", time=_span(times.done, voice)))
    return "; ".join(parts)


def _power(decision: str, who: Authority, voice: Voice) -> Power:
    limits = []
    if who.most is not None:
        limits.append(voice.say("page.rules.most", n=voice.number(who.most), who=_roles(who.above, voice)))
    if who.worth is not None:
        worth = f"{voice.number(who.worth)} {who.currency}".strip()
        limits.append(voice.say("page.rules.most", n=worth, who=_roles(who.above, voice)))
    if who.not_reporter:
        limits.append(voice.say("page.rules.not_reporter"))
    if who.not_producer:
        limits.append(voice.say("page.rules.not_producer"))
    return Power(capital(voice.say(f"decision.{decision}")), _roles(who.roles, voice), tuple(limits))


def _more(rules: Rules, voice: Voice) -> list[tuple[str, str]]:
    say = voice.say
    rows = [(say("page.rules.triage"), f"{_roles(rules.triage, voice)} ({_span(rules.answer_within, voice)})")]
    if rules.quiet is not None:
        rows.append((say("page.rules.quiet"), f"{rules.quiet.start:%H:%M} – {rules.quiet.end:%H:%M}"))
    if rules.failed_posting:
        named = (f"{say(f'kind.{kind}')}: {say(f'role.{role}')}" for kind, role in rules.failed_posting.items())
        rows.append((say("page.rules.refused_by_erp"), ", ".join(named)))
    if rules.dry_run:
        rows.append((say("page.rules.dry_run"), ", ".join(say(f"kind.{kind}") for kind in sorted(rules.dry_run))))
    words = _span(rules.keep_words, voice) if rules.keep_words is not None else say("page.rules.for_ever")
    return [*rows, (say("page.rules.words_kept"), words)]


def _roles(roles: Iterable[str], voice: Voice) -> str:
    return ", ".join(voice.say(f"role.{role}") for role in roles)


def _act(name: str, voice: Voice) -> str:
    known = voice.say(f"decision.{name}")
    return known or name
