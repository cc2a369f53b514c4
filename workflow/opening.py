"""How a report becomes a case: a draft that asks back, a routed case, or one more voice on a known one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from workflow.case import Case, Change, Entry, Notice, Offer, Task, require
from workflow.errors import Refused
from workflow.escalating import raise_button
from workflow.holding import hold
from workflow.plant import Person, on_shift
from workflow.reading import Asks, Quantity, Question, ReportedException
from workflow.routing import LINECALL, World, remember_told, route
from workflow.slow import without_watch

MOST_QUESTIONS = 2  # in a row; then the triage desk takes it (R18)
TRIAGE_REPEAT = timedelta(minutes=10)  # until somebody of the triage desk has taken it
MOST_OPTIONS = 3  # buttons; "something else" is always there
NOTHING = "nothing"  # the option of a confirm that asks whether anything is wrong at all


def new_case(
    number: str, reported: ReportedException, by: Person, said: str, captured_at: datetime, world: World
) -> Case:
    """A case as it was reported, completed by what the plant and ERP already know.

    The line follows from the asset or the order; the running order at that line is proposed and marked as inferred,
    never as said (R12).
    """
    case = Case(
        number=number,
        plant=world.plant.id,
        captured_at=captured_at,
        reporter=by.id,
        said=said,
        type=reported.type,
        line=reported.line,
        assets=reported.assets,
        work_orders=reported.work_orders,
        items=reported.items,
        lots=reported.lots,
        quantity=reported.quantity,
        occurred_at=reported.started_at,
        duration_min=reported.duration_min,
        line_stopped=reported.line_stopped,
        told=(by.id,),
    )
    return complete(case, world)


def complete(case: Case, world: World) -> Case:
    """The case with its line, and the order that it runs, filled in from the records where nobody said them (R12)."""
    inferred = [field for field in case.inferred if field != "work_orders"]
    if case.line is None:
        lines = {world.plant.asset[a].line for a in case.assets if a in world.plant.asset}
        lines = lines or {world.records.work_order[o].line for o in case.work_orders if o in world.records.work_order}
        if len(lines) == 1:
            case = replace(case, line=lines.pop())
            inferred.append("line")
    running = world.records.running_on(case.line) if case.line else None
    if not case.work_orders and running is not None and case.type in PROPOSES_THE_RUNNING_ORDER:
        case = replace(case, work_orders=(running.id,))
        inferred.append("work_orders")
    return replace(case, inferred=tuple(dict.fromkeys(inferred)))


PROPOSES_THE_RUNNING_ORDER = frozenset({"machine_breakdown", "material_shortage", "changeover_overrun"})


def missing(case: Case, world: World) -> Asks | None:
    """The first thing without which a case of its type is not routed; None where it can go."""
    if case.type is None:
        return "type"
    if any(asset in world.plant.utility for asset in case.assets):
        return None  # air is gone: it is at no line and at no machine (R21)
    have: dict[Asks, Any] = {
        "line": case.line,
        "asset": case.assets,
        "lot": case.lots,
        "item": case.items,
        "work_order": case.work_orders,
        "quantity": case.quantity,
    }
    return next((need for need in world.rules.types[case.type].needs if not have.get(need)), None)


def question_about(asks: Asks, case: Case, world: World) -> Question:
    """The question for a missing fact, with the two or three answers that are likeliest at that line (R11, R18)."""
    reporter = world.plant.person.get(case.reporter)
    own_lines = (case.line,) if case.line else reporter.lines if reporter else ()
    running = [order for line in own_lines if (order := world.records.running_on(line)) is not None]
    likely: tuple[str, ...] = ()
    match asks:
        case "line":
            likely = own_lines
        case "work_order":
            likely = tuple(order.id for order in running)
        case "lot":
            made = {order.id for order in running}
            likely = tuple(
                lot.id
                for lot in world.records.lots
                if lot.status != "consumed" and (lot.item in case.items if case.items else lot.work_order in made)
            )
        case "type":
            likely = ("machine_breakdown", "quality_hold", "material_shortage")
        case _:
            pass
    return Question(asks, likely[:MOST_OPTIONS])


def draft_case(case: Case, question: Question, world: World) -> Change:
    """A report that needs one answer first (R11, R18); unanswered, the triage desk takes it."""
    draft = replace(case, asks=question.asks, options=question.options, asked=1)
    desk = Task(
        role=world.rules.triage[0],
        asked_at=world.now,
        required=False,
        owner=case.reporter,
        next_step_at=world.now + world.rules.answer_within,
        why="triage",
    )
    draft = replace(draft, tasks=(desk,))
    entry = Entry(world.now, case.reporter, "reported", case.said, _as_said(case))
    asked = Entry(world.now, LINECALL, "asked_back", question.asks, {"options": list(question.options)})
    return Change(draft, (entry, asked), (_question(draft, question),))


def open_case(case: Case, world: World) -> Change:
    """Route a report to every function concerned at once and tell the reporter what was understood (R25, R39).

    A hold is effective with this act, whatever ERP says (R43).
    """
    first = case.version == 0
    opened = replace(case, opened_at=world.now, asks=None, options=())
    entries = [Entry(world.now, case.reporter, "reported", case.said, _as_said(case))] if first else []
    if case.recurrent_of:
        entries.append(Entry(world.now, LINECALL, "recurrent", case.recurrent_of))
    entries.append(Entry(world.now, LINECALL, "opened", "", _as_said(case) | {"inferred": list(case.inferred)}))
    change = Change(opened, tuple(entries))
    if opened.type == "quality_hold":
        change = change.then(hold(change.case, world))
    change = change.then(route(change.case, world))
    return _tell_reporter(change, world)


def answer(case: Case, value: Any, by: Person, world: World) -> Change:
    """Fill in what was asked; then open the case, ask the one thing still missing, or give it to the triage desk."""
    require(case, "answer")
    if by.id not in (case.reporter, *case.joined):
        raise Refused("answer.not_yours", case=case.number, who=case.reporter)
    entry = Entry(world.now, by.id, "answered", str(case.asks), {"value": _plain(value)})
    if case.asks == "confirm" and value is False:
        return _not_so(case, entry, by, world)
    filled = _filled(case, value)
    filled = complete(replace(filled, tasks=_without_triage(filled, world)), world)
    lacking = missing(filled, world)
    if lacking is None:
        return Change(filled, (entry,)).then(open_case(filled, world))
    if filled.asked >= MOST_QUESTIONS:
        return Change(filled, (entry,)).then(triage(filled, world))
    question = question_about(lacking, filled, world)
    asking = replace(filled, asks=lacking, options=question.options, asked=filled.asked + 1, tasks=case.tasks)
    asked = Entry(world.now, LINECALL, "asked_back", lacking, {"options": list(question.options)})
    return Change(asking, (entry, asked), (_question(asking, question),))


def _not_so(case: Case, entry: Entry, by: Person, world: World) -> Change:
    """A no to what was read back: what was guessed goes, and the reporter is asked what it is instead (R18).

    Where it was asked whether anything is wrong at all, the no is the end of it.
    """
    if NOTHING in case.options:
        ended = replace(case, cancelled_at=world.now, tasks=_without_triage(case, world))
        told = Notice(by.id, "chatter")
        return Change(ended, (entry, Entry(world.now, by.id, "cancelled", case.said)), (told,))
    line = case.line if case.line in by.lines else None
    bare = replace(case, type=None, line=line, assets=(), work_orders=(), items=(), lots=(), inferred=())
    if bare.asked >= MOST_QUESTIONS:
        return Change(bare, (entry,)).then(triage(bare, world))
    question = question_about("type", bare, world)
    asking = replace(bare, asks=question.asks, options=question.options, asked=bare.asked + 1)
    asked = Entry(world.now, LINECALL, "asked_back", question.asks, {"options": list(question.options)})
    offers = (*(Offer("answer", (question.asks, kind)) for kind in question.options), Offer("cancel"))
    facts = {"case": case.number, "asks": question.asks}
    return Change(asking, (entry, asked), (Notice(by.id, "ask.instead", facts, offers, until="resolved"),))


def triage(case: Case, world: World) -> Change:
    """Nobody could place this report: a person of the triage desk takes it, in the reporter's own words (R18)."""
    desk = next(
        ((role, people) for role in world.rules.triage if (people := on_shift(world.plant, role, world.now))), None
    )
    role, people = desk if desk is not None else (world.rules.triage[-1], ())
    opened = replace(case, type=case.type or "other", opened_at=world.now, asks=None, options=())
    task = Task(
        role=role,
        asked_at=world.now,
        owner=people[0].id if people else None,
        told=tuple(p.id for p in people),
        next_step_at=world.now + TRIAGE_REPEAT,
        repeat=TRIAGE_REPEAT,
        why="triage",
    )
    opened = replace(opened, tasks=(*_without_triage(opened, world), task))
    facts = {"case": case.number, "said": case.said, "reporter": case.reporter, "role": role}
    offers = (Offer("acknowledge", (role,)), Offer("cancel"))
    notices = tuple(Notice(p.id, "asked.triage", facts, offers, role, "acknowledged") for p in people)
    told = Notice(case.reporter, "handed_to_triage", {"case": case.number, "people": [p.id for p in people]})
    entry = Entry(world.now, LINECALL, "triage", "", {"people": [p.id for p in people]})
    return Change(remember_told(opened, notices), (entry,), (*notices, told))


def supersede(draft: Case, by: Case, world: World) -> Change:
    """Its reporter told the whole story anew: the draft is part of the new record, and nobody waits for its answer."""
    require(draft, "supersede")
    merged = replace(draft, merged_into=by.number, tasks=_without_triage(draft, world))
    return Change(merged, (Entry(world.now, draft.reporter, "merged", by.number),))


def join(case: Case, by: Person, said: str, reported: ReportedException, world: World) -> Change:
    """A second report of the same stop: the reporter is added and hears who has it since when (R20)."""
    require(case, "join")
    joined = case if by.id in (case.reporter, *case.joined) else replace(case, joined=(*case.joined, by.id))
    now_stopped = reported.line_stopped is True and case.line_stopped is not True
    joined = replace(
        joined,
        line_stopped=True if now_stopped else joined.line_stopped,
        assets=tuple(dict.fromkeys((*joined.assets, *reported.assets))),
        items=tuple(dict.fromkeys((*joined.items, *reported.items))),
        lots=tuple(dict.fromkeys((*joined.lots, *reported.lots))),
        told=tuple(dict.fromkeys((*joined.told, by.id))),
    )
    entry = Entry(world.now, by.id, "joined", said)
    facts = {"case": case.number, "since_at": case.since.isoformat(), **_whose(case)} | _as_said(case)
    offers = raise_button(joined)
    change = Change(joined, (entry,), (Notice(by.id, "already_known", facts, offers),))
    if case.type == "quality_hold" and case.opened_at:
        change = change.then(hold(change.case, world, by.id))  # one more lot in the same words is on hold too (R43)
    if not now_stopped:
        return change
    stopped = without_watch(change.case, world)  # it ran slow, and now it stands (R16)
    return change.then(Change(stopped)).then(route(stopped, world))


def _tell_reporter(change: Change, world: World) -> Change:
    case = change.case
    told: list[dict[str, Any]] = [
        {"role": t.role, "people": list(t.told) or ([t.owner] if t.owner else [])} for t in case.tasks if t.live
    ]
    for row in told:
        there = on_shift(world.plant, row["role"], world.now, case.line) if not row["people"] else ()
        if case.reporter in {p.id for p in there}:
            row["only_you"] = True  # who reports a hold does not decide on it: that is not "nobody there" (R40)
    facts = _as_said(case) | {"case": case.number, "told": told, "inferred": list(case.inferred)}
    name = "opened.hold" if case.held else "opened.one"
    offers = (Offer("correct"),) if case.inferred else ()
    return Change(case, change.entries, (Notice(case.reporter, name, facts, offers), *change.notices), change.postings)


def _question(case: Case, question: Question) -> Notice:
    facts = _as_said(case) | {"case": case.number, "asks": question.asks}
    offers = tuple(Offer("answer", (question.asks, option)) for option in question.options)
    if question.asks == "confirm":
        offers = (Offer("answer", ("confirm", "yes")), Offer("answer", ("confirm", "no")))
    elif offers:
        offers = (*offers, Offer("something_else"))
    if NOTHING in question.options:
        return Notice(case.reporter, "ask.perhaps", facts, offers, until="resolved")
    return Notice(case.reporter, f"ask.{question.asks}", facts, offers, until="resolved")


def _filled(case: Case, value: Any) -> Case:
    match case.asks, value:
        case "line", str():
            return replace(case, line=value)
        case "asset", str():
            return replace(case, assets=(value,), line=None)
        case "work_order", str():
            return replace(case, work_orders=(value,))
        case "item", str():
            return replace(case, items=(value,))
        case "lot", str():
            return replace(case, lots=(value,))
        case "quantity", Quantity():
            return replace(case, quantity=value)
        case "type", str():
            return replace(case, type=value)  # type: ignore[arg-type]
    return case


def _without_triage(case: Case, world: World) -> tuple[Task, ...]:
    return tuple(
        replace(t, withdrawn_at=world.now, next_step_at=None) if t.why == "triage" and t.live else t for t in case.tasks
    )


def _whose(case: Case) -> dict[str, Any]:
    """Who has it; where nobody has taken it yet, who was asked for it: only a yes makes it theirs (R26)."""
    owned = [t for t in case.tasks if t.live and t.owner]
    has = [t.owner for t in owned if t.acknowledged_at]
    return {"owners": has} if has else {"still_asked": [t.owner for t in owned][:1]}


def _as_said(case: Case) -> dict[str, Any]:
    return {
        "type": case.type,
        "line": case.line,
        "assets": list(case.assets),
        "work_orders": list(case.work_orders),
        "items": list(case.items),
        "lots": list(case.lots),
        "quantity": _plain(case.quantity),
        "since_at": case.since.isoformat(),
        "stopped": case.line_stopped,
    }


def _plain(value: Any) -> Any:
    return {"value": value.value, "uom": value.uom} if isinstance(value, Quantity) else value
