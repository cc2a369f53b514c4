"""Who may do what in which state, against a table written from the rules and not from the code (R3, R26, R40)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflow.world import NOON, PLANT, RECORDS, RULES, breakdown, world
from workflow import answering, escalating, finishing, holding, opening, scope
from workflow.case import Case, Change
from workflow.errors import Refused
from workflow.plant import Person
from workflow.reading import Disposition, Quantity, ReportedException, Resolution
from workflow.records import Lot
from workflow.routing import World
from workflow.rules import Authority

TABLE = yaml.safe_load(Path(__file__).with_name("permissions.yaml").read_text("utf-8"))
PETE = Person("pete", "Pete Op", ("operator",), ("L2",), ("day",))
W = replace(world(NOON), plant=replace(PLANT, people=(*PLANT.people, PETE)))
W2 = replace(W, records=replace(RECORDS, lots=(*RECORDS.lots, Lot("LOT-2", "FG-1", 80, "cs", "available"))))
PEOPLE = ("olga", "pete", "tom", "ann", "sue", "bert", "quinn", "rita")
SOON = NOON + timedelta(minutes=20)
FILLER = ReportedException("machine_breakdown", "L1", ("L1-FIL",))
ACTS: dict[str, Callable[[Case, Person], Change]] = {
    "acknowledge": lambda c, p: answering.acknowledge(c, p, None, W),
    "promise": lambda c, p: answering.promise(c, p, SOON, "in 20 min", W),
    "wait": lambda c, p: answering.wait(c, p, "a seal", None, W),
    "decline": lambda c, p: answering.decline(c, p, "not mine", W),
    "update": lambda c, p: answering.update(c, p, "louder now", W),
    "correct": lambda c, p: finishing.correct(c, ReportedException(assets=("L1-CAP",)), p, "the capper", W),
    "resolve": lambda c, p: finishing.resolve(c, p, Resolution("new seal"), W),
    "cancel": lambda c, p: finishing.cancel(c, p, "false alarm", W),
    "raise": lambda c, p: escalating.escalate(c, p, c.tasks[0].role if c.tasks else "maintenance", 0, W),
    "join": lambda c, p: opening.join(c, p, "the same", FILLER, W),
    "reassign": lambda c, p: answering.reassign(c, p, "quinn" if c.held else "ann", "yours", W),
    "snooze": lambda c, p: escalating.snooze(c, p, timedelta(minutes=30), "it has to cool", W),
    "widen": lambda c, p: scope.widen(c, ("LOT-2",), p, W2),
    "reopen": lambda c, p: finishing.reopen(c, p, "it is back", W),
}
DECISIONS: dict[str, tuple[Any, float]] = {
    "release": ("release", 10), "rework": ("rework", 10), "scrap": ("scrap", 10), "scrap_much": ("scrap", 60),
    "keep_on_hold": ("keep_on_hold", 10), "use_as_is": ("use_as_is", 10),
}  # fmt: skip


def decides(name: str) -> Callable[[Case, Person], Change]:
    decision, much = DECISIONS[name]
    said = (Disposition(decision, "LOT-1", Quantity(much, "cs")),)

    def act(case: Case, by: Person) -> Change:
        return holding.confirm(holding.propose(case, said, by, "checked", W).case, by, W)

    return act


ALL = ACTS | {name: decides(name) for name in DECISIONS}


def in_state(kind: str, state: str) -> Case:
    if kind == "breakdown":
        case, owner = breakdown(), "tom"
    else:
        said = {"type": "quality_hold", "lots": ("LOT-1",), "assets": (), "said": "no code"}
        case, owner = breakdown(**said), "quinn"
    if state == "draft":
        return opening.draft_case(case, opening.question_about("line", case, W), W).case
    case = opening.open_case(case, W).case
    if state != "open":
        case = answering.acknowledge(case, W.plant.person[owner], None, W).case
    match state:
        case "resolved" | "closed":
            case = replace(case, held=(), resolved_at=NOON, resolved_by=owner)
            case = replace(case, tasks=tuple(replace(t, done_at=NOON, next_step_at=None) for t in case.tasks))
            case = replace(case, closed_at=NOON if state == "closed" else None)
        case "cancelled":
            case = replace(case, cancelled_at=NOON)
        case "merged":
            case = replace(case, merged_into="EX-2")
    assert case.status == state
    return case


@pytest.mark.parametrize(("kind", "state"), [(k, s) for k, states in TABLE.items() for s in states])
def test_R3_everybody_may_do_what_the_table_says_and_nothing_else(kind: str, state: str) -> None:
    case = in_state(kind, state)
    acts = [a for a in ALL if kind == "hold" or a not in (*DECISIONS, "widen")]
    assert set(TABLE[kind][state]) <= set(acts)
    for act in acts:
        may = []
        for name in PEOPLE:
            try:
                change = ALL[act](case, W.plant.person[name])
            except Refused:
                continue
            if change.entries:  # an answer that changes nothing is a polite no (R28, R33)
                may.append(name)
        wanted = TABLE[kind][state].get(act, [])
        if state == "acknowledged" and act in ("acknowledge", "decline", "promise", "wait"):
            wanted = ["tom" if kind == "breakdown" else "quinn"]  # the others read who has it
        assert sorted(may) == sorted(wanted), f"{kind}, {state}: {act}"


def test_R40_segregation_of_duties_for_four_people_exhaustively() -> None:
    names = ("a", "b", "c", "d")
    decided = 0
    for roles in product((("operator",), ("quality",)), repeat=4):
        people = tuple(Person(n, n, r) for n, r in zip(names, roles, strict=True))
        plant = replace(PLANT, people=people)
        for reporter, producer, adds, decides_, confirms in product(names, repeat=5):
            lots = (Lot("LOT-1", "FG-1", 100, "cs", "available"), Lot("LOT-2", "FG-1", 100, "cs", "available",
                    producer=producer))  # fmt: skip
            here = World(plant, RULES, replace(RECORDS, lots=lots), NOON)
            case = Case("EX-1", "small", NOON, reporter, type="quality_hold", line="L1", lots=("LOT-1",))
            case = holding.hold(replace(case, opened_at=NOON), here).case
            case = holding.hold(replace(case, lots=("LOT-1", "LOT-2")), here, adds).case
            said = (Disposition("release", "LOT-2", Quantity(100, "cs")),)
            may = "quality" in plant.person[decides_].roles and decides_ not in (reporter, producer, adds)
            try:
                read_back = holding.propose(case, said, plant.person[decides_], "checked", here).case
                done = holding.confirm(read_back, plant.person[confirms], here)
            except Refused:
                assert not (may and confirms == decides_), (roles, reporter, producer, adds, decides_, confirms)
                continue
            assert may, (roles, reporter, producer, adds, decides_, confirms)
            assert confirms == decides_, "nobody confirms what somebody else decided"
            assert [p.kind for p in done.postings] == ["lot_release"]
            decided += 1
    assert decided == 4 * 8 * 27, "four who decide, any roles of the others, and 27 ways to be nobody else in it"


def test_R40_segregation_of_duties_with_a_second_person_for_four_people_exhaustively() -> None:
    names = ("a", "b", "c", "d")
    here = replace(W, plant=replace(PLANT, people=tuple(Person(n, n, ("quality",), (), ("day",)) for n in names)))
    two = replace(RULES, decisions=RULES.decisions | {"release": Authority(("quality",), second=("quality",))})
    agreed = 0
    for reporter, producer, adds, withdraws, reworks in product(names, repeat=5):
        lots = (Lot("LOT-1", "FG-1", 100, "cs", "available"), Lot("LOT-2", "FG-1", 100, "cs", "available",
                producer=producer))  # fmt: skip
        now = replace(here, rules=two, records=replace(RECORDS, lots=lots))
        case = Case("EX-1", "small", NOON, reporter, type="quality_hold", line="L1", lots=("LOT-1",))
        case = holding.hold(replace(case, opened_at=NOON), now).case
        case = holding.hold(replace(case, lots=("LOT-1", "LOT-2")), now, adds).case
        touched = tuple(
            replace(h, withdrawn_by=(withdraws,), reworked_by=(reworks,)) if h.lot == "LOT-2" else h for h in case.held
        )
        case = replace(case, held=touched)
        barred = {reporter, producer, adds, withdraws, reworks}
        for author, second in product(names, repeat=2):
            said = (Disposition("release", "LOT-2", Quantity(100, "cs")),)
            may = not {author, second} & barred and author != second
            try:
                read_back = holding.propose(case, said, now.plant.person[author], "checked", now).case
                asked = holding.confirm(read_back, now.plant.person[author], now).case
                assert asked.proposal is not None
                assert not barred & set(asked.proposal.seconds), "who may not agree is not asked"
                every = replace(asked, proposal=replace(asked.proposal, seconds=names))  # whoever says yes anyhow
                done = holding.confirm(every, now.plant.person[second], now)
            except Refused:
                assert not may, (reporter, producer, adds, withdraws, reworks, author, second)
                continue
            assert may, (reporter, producer, adds, withdraws, reworks, author, second)
            assert [p.kind for p in done.postings] == ["lot_release"]
            agreed += 1
    # Two of the four who had no hand in it, in both orders, and 5 hands that are one or both of the other two.
    assert agreed == 6 * 2 * 2**5
