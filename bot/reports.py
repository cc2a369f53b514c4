"""What becomes of a report: a new record, one more voice on a known one, a fault that came back, or a question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import afterwards
from db import cases, conversations, postings
from db.connect import one_at_a_time
from workflow import finishing, opening
from workflow.case import Case, Change
from workflow.duplicates import ask_about, forgotten, same_fault_again, same_stop
from workflow.reading import Question, Reading, ReportedException

if TYPE_CHECKING:
    from bot.desk import Desk


def report(desk: Desk, reading: Reading) -> str:
    """Each exception of the message becomes a case, a draft, or one more voice on a known one (R7, R20)."""
    if len(reading.exceptions) > 1:
        return _several_reports(desk, reading)
    for said in reading.exceptions:
        _one_report(desk, said, reading.ask, at_once=reading.urgent and said.type == "quality_hold")
    return "report"


def _several_reports(desk: Desk, reading: Reading) -> str:
    """Several exceptions in one message: linked to one another, and told to the reporter in one answer (R7)."""
    numbers: list[str] = []
    answers: list[Mapping[str, object]] = []
    for said in reading.exceptions:
        number = _one_report(desk, said, None, answers)
        numbers += [number] if number is not None else []
    for number in numbers:
        case = cases.get(desk.tx, number)
        assert case is not None
        linked = replace(case, linked=tuple(n for n in numbers if n != number))
        cases.save(desk.tx, Change(linked), desk.world.now)
    if answers:
        desk.tell("opened.several", several=answers)
    return "report"


def _one_report(
    desk: Desk, said: ReportedException, ask: Question | None, answers: list[Mapping[str, object]] | None = None,
    *, at_once: bool = False,
) -> str | None:  # fmt: skip
    """One exception of a message; returns its number where a new record was made.

    With `answers`, what the reporter would read is collected there instead of being told at once; `at_once`: glass in
    the bottles is told to quality whatever is still to be asked (R15).
    """
    one_at_a_time(desk.tx, f"reports {said.type}")  # two reports of one stop at once are one exception (R20)
    known = cases.open_cases(desk.tx)
    draft = opening.new_case("", said, desk.me, desk.said, desk.sent_at, desk.world)
    twin = same_stop(draft, known)
    old = twin if twin is not None and twin.status != "draft" and forgotten(twin, desk.world.now) else None
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
        change = opening.open_case(replace(case, type=case.type or "other"), desk.world)
        if answers is not None:
            mine = [n for n in change.notices if n.to == desk.me.id and n.name.startswith("opened.")]
            answers += [n.facts for n in mine]
            change = replace(change, notices=tuple(n for n in change.notices if n not in mine))
        desk.save(change)
        if at_once and not case.lots:
            desk.tell("say_the_lot", case=number)  # quality has been told; what is held is still to be said
    return number


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
