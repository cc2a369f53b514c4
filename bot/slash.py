"""What people type that is no message to be understood: /open, /help, /me, and STOP, which on a floor may be a danger.

A chat's menu offers the same words. STOP is a safety question and never the end of a subscription (R15).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import answer, invite, reports
from bot.answers import listed
from bot.answers.wanted import Wanted
from bot.shared_phone import as_theirs
from bot.wording import languages, texts
from db import cases, outbox
from workflow import escalating, finishing, opening
from workflow.case import Offer
from workflow.reading import Reading, ReportedException

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.desk import Desk
    from bot.say import Press

COMMANDS = ("open", "help", "stop", "me", "later")
# What lists the exceptions behind the last number. Never "lista" alone: in Spanish that is "ready".
LISTS = frozenset(
    {
        "list", "the list", "show list", "ver lista", "ver la lista", "ver a lista", "liste", "die liste", "la liste",
        "pokaż listę", "pokaz liste", "voir la liste", "list dikhao", "सूची", "लिस्ट",
    }
)  # fmt: skip
ACTS = frozenset({"danger", "no_danger"})
MOST_DIGITS = 3  # of minutes
SAID_AGAIN = timedelta(minutes=15)  # a second STOP, or one after one's own words of danger, is the same danger
STOPS = frozenset(
    """stop stopp stopall unsubscribe alto detener pare para halt arrêt arret arrêtez
    stój stoj ruko रुको स्टॉप""".split()  # noqa: SIM905 - words as people write them
)


def command(said: str) -> str | None:
    """Which command a message is: "open" of "/open"; "stop" of a bare STOP in any of our languages; else None."""
    first, _, rest = said.strip().partition(" ")
    if first.startswith("/") and first[1:].lower() in (*COMMANDS, "start", "list"):
        return first[1:].lower()
    bare = said.strip(" !.¡🛑✋\n").casefold()
    if " ".join(bare.split()) in LISTS:
        return "list"
    return "stop" if (not rest.strip(" !.") and bare in STOPS) or said.strip() in ("🛑", "✋") else None


def typed(desk: Desk, which: str) -> str:
    """Do what a command asks."""
    match which:
        case "open":
            notice = answer.answer(desk.tx, Wanted("open"), desk.me, desk.world, None)
            outbox.put(desk.tx, None, replace(notice, where=desk.where), desk.world.now)
            return "query"
        case "stop":
            return _stop(desk)
        case "me" | "start":
            offers = invite.choices(desk.me, desk.world.plant) if desk.where is None else ()  # nobody else's business
            facts = {"called": desk.me.name, "roles": list(desk.me.roles), "shifts": list(desk.me.shifts)}
            return desk.tell("this_is_you", offers, **facts)
        case "later":
            return _later(desk)
        case "list":
            outbox.put(desk.tx, None, replace(listed.listed(desk), where=desk.where), desk.world.now)
            return "query"
    return desk.tell("help")


def _later(desk: Desk) -> str:
    """ "/later 60 the fitter comes at four": one's own task is asked about that much later (R31)."""
    case = desk.thread.case
    _, minutes, reason = (*desk.said.split(maxsplit=2), "", "")[:3]
    if case is None or not minutes.isdecimal() or len(minutes) > MOST_DIGITS:
        return desk.tell("refused.snooze.how")
    return desk.save(escalating.snooze(case, desk.me, timedelta(minutes=int(minutes)), reason, desk.world))


def pressed(desk: Desk, press: Press) -> str:
    """The answer to the safety question: no danger calls off what STOP opened; another STOP is one more voice (R15)."""
    if press.act != "no_danger":
        return _stop(desk)
    case = cases.get(desk.tx, press.case) if press.case else None
    if case is None:
        return desk.tell("stop_nothing")
    case = as_theirs(desk.phone, desk.me, case)
    return desk.save(finishing.cancel(case, desk.me, "", desk.world)) if case.is_open else desk.late(case)


def _stop(desk: Desk) -> str:
    """STOP on a floor may be a danger: who is responsible hears of it now, for silence says nothing (R15)."""
    me, line = desk.me.id, desk.me.lines[0] if len(desk.me.lines) == 1 else None
    danger = ReportedException(type="safety", line=line)
    lately = [c for c in cases.open_cases(desk.tx) if desk.world.now - c.captured_at < SAID_AGAIN]
    again = next((c for c in lately if c.type == "safety" and me in (c.reporter, *c.joined)), None)
    if again is not None:
        return desk.save(opening.join(again, desk.me, desk.said, danger, desk.world))
    reports.report(desk, Reading("report", (danger,), urgent=True))
    return desk.tell("stop_question", (Offer("no_danger"),), case=desk.touched)


def menu() -> Mapping[str, Mapping[str, str]]:
    """Language -> command -> what it does, for chats that show a menu; "" is everybody else's language."""
    spoken = sorted(language for language in languages() if len(language) == 2)
    found = {language: {c: texts(language)[f"menu.{c}"] for c in COMMANDS} for language in spoken}
    return {"": found["en"]} | found
