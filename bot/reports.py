"""What becomes of a report: a new record, one more voice on a known one, a fault that came back, or a question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import afterwards, answer, causes
from db import cases, conversations, postings
from db import log as chained
from db.connect import one_at_a_time
from workflow import finishing, opening, slow
from workflow.case import Case, Change
from workflow.duplicates import SIGNS_OF_LIFE, ask_about, forgotten, same_fault_again, same_stop
from workflow.reading import Asks, ExceptionType, Question, Reading, ReportedException

if TYPE_CHECKING:
    from bot.desk import Desk


# "another problem at the filler": the same machine, and not what is open there (R22).
_ANOTHER = re.compile(
    r"\b(?:another|a different|a second|a new) (?:problem|fault|issue|failure|thing)\b|"
    r"\b(?:ein )?(?:ander|zweit|weiter)e[srn]? (?:problem|fehler|störung)|"
    r"\b(?:otro|nuevo|segundo) (?:problema|fallo)\b|"
    r"\b(?:otra|nueva) falla\b|\b(?:outro|novo|segundo) (?:problema|defeito)\b|\boutra falha\b|"
    r"\b(?:un |une )?autre (?:problème|panne|défaut)\b|"
    r"\b(?:inny|drugi|kolejny) (?:problem|błąd)|\b(?:inna|kolejna) awaria\b|"
    r"\b(?:doosri|dusri|nayi|alag) (?:problem|dikkat|kharabi)\b|(?:दूसरी|नई|अलग) (?:समस्या|दिक़्क़त|दिक्कत|ख़राबी)",
    re.IGNORECASE,
)


def report(desk: Desk, reading: Reading) -> str:
    """Each exception of the message becomes a case, a draft, or one more voice on a known one (R7, R20)."""
    if len(reading.exceptions) > 1:
        return _several_reports(desk, reading)
    for said in reading.exceptions:
        at_once = reading.urgent and said.type == "quality_hold"
        _one_report(desk, said, reading.ask, at_once=at_once, only_slow=_only_slow(reading, said, desk.message.text))
    return "report"


def perhaps(desk: Desk, reading: Reading) -> str:
    """Small talk or a question in which trouble may be told: its sender is asked before it is lost (R18)."""
    _one_report(desk, reading.mentioned or ReportedException(), reading.ask)
    return "report"


def _several_reports(desk: Desk, reading: Reading) -> str:
    """Several exceptions in one message: linked to one another, and told to the reporter in one answer (R7)."""
    numbers: list[str] = []
    answers: list[Mapping[str, object]] = []
    for said, ask in zip(reading.exceptions, _asked_of_each(reading), strict=True):
        number = _one_report(desk, said, ask, answers)
        numbers += [number] if number is not None else []
    for number in numbers:
        case = cases.get(desk.tx, number)
        assert case is not None
        linked = replace(case, linked=tuple(n for n in numbers if n != number))
        cases.save(desk.tx, Change(linked), desk.world.now)
    if answers:
        desk.tell("opened.several", several=answers)
    return "report"


# Where a question belongs: to what has nothing in that field, and rather to a report of that kind.
_ASKED_OF: Mapping[Asks, tuple[str, ExceptionType | None]] = {
    "line": ("line", None), "asset": ("assets", "machine_breakdown"), "work_order": ("work_orders", "order_change"),
    "item": ("items", "material_shortage"), "lot": ("lots", "quality_hold"),
}  # fmt: skip


def _asked_of_each(reading: Reading) -> list[Question | None]:
    """What is asked about each exception of a message: all are read back, or the one that lacks something is asked."""
    said, ask = reading.exceptions, reading.ask
    if ask is None or ask.asks == "confirm":
        return [ask] * len(said)
    if ask.asks == "type":
        lacking = min(range(len(said)), key=lambda n: said[n].confidence.get("type", 0.0))
    else:
        name, kind = _ASKED_OF.get(ask.asks, ("quantity", None))
        lacking = min(range(len(said)), key=lambda n: (bool(getattr(said[n], name)), said[n].type != kind))
    return [ask if n == lacking else None for n in range(len(said))]


def _one_report(
    desk: Desk, said: ReportedException, ask: Question | None, answers: list[Mapping[str, object]] | None = None,
    *, at_once: bool = False, only_slow: bool = False,
) -> str | None:  # fmt: skip
    """One exception of a message; returns its number where a new record was made.

    With `answers`, what the reporter would read is collected there instead of being told at once; `at_once`: glass in
    the bottles is told to quality whatever is still to be asked (R15).
    """
    fed = causes.named(said, desk.said, desk.world.plant)
    said, ask = (fed, None) if fed is not None else (said, ask)
    one_at_a_time(desk.tx, f"reports {said.type}")  # two reports of one stop at once are one exception (R20)
    known = cases.open_cases(desk.tx)
    draft = opening.new_case("", said, desk.me, desk.said, desk.sent_at, desk.world)
    twin = same_stop(draft, known) if not _ANOTHER.search(desk.said) else None
    old = twin if twin is not None and twin.status != "draft" and _forgotten(desk, twin) else None
    if twin is not None and twin.status != "draft" and old is None:
        desk.save(opening.join(twin, desk.me, desk.said, said, desk.world))
        return None
    if draft.type == "quality_hold" and afterwards.held_again(desk, draft.lots) is not None:
        return None
    earlier = same_fault_again(draft, _ended_on(desk, draft), desk.world)
    if earlier is not None and earlier.again_within_cooling_off:
        owed = postings.of_case(desk.tx, earlier.case.number)
        desk.save(finishing.reopen(earlier.case, desk.me, desk.said, desk.world, said, owed))
        return None
    beside = [c for c in known if c.status != "draft" and c is not old and set(c.assets) & set(draft.assets)]
    number = cases.next_number(desk.tx)
    case = replace(draft, number=number, recurrent_of=earlier.case.number if earlier else None)
    if old is not None:
        case = replace(case, recurrent_of=old.number)
        desk.save(ask_about(old, case, desk.world))
    _supersede(desk, case)
    lacking = opening.missing(case, desk.world)
    question = ask
    if question is None and lacking is not None:
        question = opening.question_about(lacking, case, desk.world)
    if question is not None and case.type != "safety" and not at_once:
        desk.save(opening.draft_case(case, question, desk.world))
    else:
        typed = replace(case, type=case.type or "other")
        if answers is None and only_slow:
            desk.save(slow.watch(typed, desk.world))
            _tell_beside(desk, number, beside)
            return number
        if answers is None and typed.type == "machine_breakdown":
            causes.open_anew(desk, typed, known)
            _tell_beside(desk, number, beside)
            return number
        change = opening.open_case(typed, desk.world)
        if answers is not None:
            mine = [n for n in change.notices if n.to == desk.me.id and n.name.startswith("opened.")]
            answers += [n.facts for n in mine]
            change = replace(change, notices=tuple(n for n in change.notices if n not in mine))
        desk.save(change)
        if at_once and not case.lots:
            desk.tell("say_the_lot", case=number)  # quality has been told; what is held is still to be said
    _tell_beside(desk, number, beside)
    return number


# "running slow", in the languages of the floor (R16).
_SLOW = re.compile(
    r"\b(?:running|runs|run|going|goes|is) (?:too |very |a bit |really )?(?:slow(?:er|ly)?|at half speed)\b|"
    r"\b(?:half|reduced) speed\b|\bläuft (?:zu |sehr |etwas )?langsam(?:er)?\b|"
    r"\b(?:va|corre|anda|camina|trabaja) (?:muy |más |algo )?(?:lent[oa]|despacio)\b|\ba media (?:velocidad|máquina)\b|"
    r"\b(?:está|roda|rodando|vai|anda) (?:muito |mais )?(?:lent[oa]|devagar)\b|"
    r"\b(?:tourne|va|marche) (?:trop |très |plus )?(?:lentement|au ralenti)\b|"
    r"\b(?:chodzi|idzie|pracuje) (?:za |bardzo )?(?:wolno|wolniej|powoli)\b|"
    r"\b(?:dheere|dhire|slow) (?:chal|ho) (?:rahi|raha)\b|(?:धीरे|धीमी|धीमा) चल",
    re.IGNORECASE,
)


def _only_slow(reading: Reading, said: ReportedException, text: str) -> bool:
    """Whether a machine runs slow and nothing else is said to be wrong with it; a line that stands is no watch."""
    found = _SLOW.search(text)
    if found is None or said.type != "machine_breakdown" or said.line_stopped is True or reading.urgent:
        return False
    trouble = [e for e in reading.evidence if e.field == "type"]
    return all(found.start() <= e.start < found.end() or e.start <= found.start() < e.end for e in trouble)


def _forgotten(desk: Desk, case: Case) -> bool:
    return forgotten(case, chained.last_of(desk.tx, case.number, SIGNS_OF_LIFE), desk.world.now)


def _tell_beside(desk: Desk, number: str, beside: list[Case]) -> None:
    """Whoever reports another problem at a machine reads what else is open there (R22)."""
    if beside:
        desk.tell("also_open", case=number, items=[answer.item(c, desk.world) for c in beside])


def _ended_on(desk: Desk, draft: Case) -> tuple[Case, ...]:
    """Cases that ended lately on the same asset."""
    since = desk.world.now - timedelta(days=30)
    found: Iterable[Case] = (
        c for asset in draft.assets for c in cases.find(desk.tx, asset=asset, type=draft.type, since=since)
    )
    return tuple(c for c in found if c.resolved_at is not None)


def _supersede(desk: Desk, said: Case) -> None:
    """A fresh report instead of an answer: the open question leads to the new record."""
    draft = desk.thread.case
    mine = draft is not None and draft.status == "draft" and draft.reporter == desk.me.id
    if draft is not None and mine and draft.type in (None, "other", said.type):
        cases.save(desk.tx, opening.supersede(draft, said, desk.world), desk.world.now)
        conversations.answered(desk.tx, desk.me.id)
        desk.thread = replace(desk.thread, case=None, question=None)  # the next report of the message finds it done


def unreadable(desk: Desk) -> str:
    """A message on which the reader itself failed: a person of the triage desk gets it in its own words (R18, R60)."""
    number = cases.next_number(desk.tx)
    case = opening.new_case(number, ReportedException(), desk.me, desk.said, desk.sent_at, desk.world)
    desk.save(opening.triage(case, desk.world))
    return "triage"
