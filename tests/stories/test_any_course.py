"""Any course of exceptions at all: every act of `workflow/`, by anybody, at any moment, kept by the real database.

What `test_any_shift.py` does with the whole program, slowly and in people's words, this does with the acts alone: ten
thousand steps on each database in `make test`. Each step is one transaction, read back and compared with what was kept.
LINECALL_TEST_COURSE is how many steps, LINECALL_TEST_SEED which ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import Connection

from db import cases, postings
from db.connect import Database, open_database
from db.tables import task as tasks
from tests.workflow.world import NOON, PLANT, RECORDS, RULES, concern
from workflow import (
    answering,
    common_cause,
    escalating,
    finishing,
    holding,
    opening,
    restating,
    returning,
    reworking,
    scope,
    slow,
    verifying,
)
from workflow.case import SETTLED, Case, Change, PostingStatus
from workflow.chasing import chase
from workflow.conditions import Condition
from workflow.errors import Refused
from workflow.plant import Line, Person, Utility
from workflow.ports import Receipt
from workflow.reading import Disposition, Quantity, ReportedException, Resolution
from workflow.records import Lot
from workflow.restating import Right
from workflow.routing import VERIFY, World
from workflow.rules import Authority, TypeRules, Verification

STEPS = int(os.environ.get("LINECALL_TEST_COURSE", "10000"))
SEED = int(os.environ.get("LINECALL_TEST_SEED", "38"))
A_SHIFT = 100  # steps

PETE = Person("pete", "Pete Op", ("operator",), ("L2",), ("day",))
HERE = replace(
    PLANT,
    people=(*PLANT.people, PETE),
    lines=(*PLANT.lines, Line("L2", "Line 2")),
    utilities=(Utility("AIR", "Air", lines=("L1", "L2")),),
)
LOTS = (
    Lot("LOT-1", "FG-1", 100, "cs", "available", producer="rita", work_order="WO-1", made_at=NOON - timedelta(hours=1)),
    Lot("LOT-2", "FG-1", 80, "cs", "available", work_order="WO-1", made_at=NOON),
)
BY_RULE = replace(
    RULES,
    types={
        **RULES.types,
        "machine_breakdown": replace(
            RULES.types["machine_breakdown"], verify=Verification(("maintenance", "supervisor"), Condition("recurrent"))
        ),
        "material_shortage": TypeRules("material_shortage", (concern("supervisor"),)),
    },
    decisions={**RULES.decisions, "use_as_is": Authority(("quality",), second=("quality", "manager"))},
)
NAMES = tuple(person.id for person in HERE.people)
PEOPLE = st.sampled_from(NAMES)
FILLER = ReportedException("machine_breakdown", "L1", ("L1-FIL",), line_stopped=True)
REPORTS: tuple[ReportedException, ...] = (
    FILLER,
    ReportedException("machine_breakdown", "L1", ("L1-CAP",)),
    ReportedException("machine_breakdown", "L2", line_stopped=False),
    ReportedException("machine_breakdown", None, ("AIR",), line_stopped=True),
    ReportedException("quality_hold", "L1", lots=("LOT-1",)),
    ReportedException("quality_hold", "L1", lots=("LOT-1", "LOT-2")),
    ReportedException("material_shortage", "L1", items=("FG-1",)),
    ReportedException("other", "L1"),
    ReportedException("machine_breakdown"),
)
Act = Callable[[Case, Person, World, float], Change]


def _decides(name: str) -> Act:
    def act(case: Case, by: Person, world: World, much: float) -> Change:
        lot = case.held[int(much) % len(case.held)].lot if case.held else "LOT-1"
        part = Disposition(name, lot, Quantity(much, "cs"), "if the retest is ok" if much == 7 else "")  # type: ignore[arg-type]
        return holding.propose(case, (part,), by, "checked", world)

    return act


def _promised(case: Case) -> tuple[str, str]:
    waits = [(h.lot, f"{p.at.timestamp() * 1e6:.0f}") for h in case.held for p in h.promised]
    return waits[0] if waits else ("LOT-1", "0")


ACTS: dict[str, Act] = {
    "acknowledge": lambda c, p, w, _: answering.acknowledge(c, p, None, w),
    "promise": lambda c, p, w, n: answering.promise(c, p, w.now + timedelta(minutes=n), "soon", w),
    "wait": lambda c, p, w, _: answering.wait(c, p, "a seal", None, w),
    "update": lambda c, p, w, _: answering.update(c, p, "louder now", w),
    "decline": lambda c, p, w, _: answering.decline(c, p, "not mine", w),
    "hand over": lambda c, p, w, n: answering.reassign(c, p, NAMES[int(n) % len(NAMES)], "yours", w),
    "to a function": lambda c, p, w, _: answering.reassign(c, p, "supervisor", "yours", w),
    "raise": lambda c, p, w, _: escalating.escalate(
        c, p, c.lead.role if c.lead else "x", c.lead.step if c.lead else 0, w
    ),
    "put off": lambda c, p, w, n: escalating.snooze(c, p, timedelta(minutes=n), "cooling", w),
    "correct": lambda c, p, w, _: finishing.correct(c, ReportedException(assets=("L1-CAP",)), p, "the capper", w),
    "correct kind": lambda c, p, w, _: finishing.correct(c, ReportedException("other", "L1"), p, "no", w),
    "resolve": lambda c, p, w, n: finishing.resolve(c, p, Resolution("new seal", n), w),
    "cancel": lambda c, p, w, _: finishing.cancel(c, p, "false alarm", w),
    "join": lambda c, p, w, _: opening.join(c, p, "the same", FILLER, w),
    "answer": lambda c, p, w, _: opening.answer(c, "L1", p, w),
    "not fixed": lambda c, p, w, _: verifying.not_fixed(c, p, "no", w),
    "own cause": lambda c, p, w, _: common_cause.on_its_own(c, p, w),
    "still slow": lambda c, p, w, _: slow.promote(c, p, w),
    "confirm": lambda c, p, w, _: holding.confirm(c, p, w),
    "not so": lambda c, p, w, _: holding.withdraw_proposal(c, p, w),
    "reworked": lambda c, p, w, _: reworking.reworked(c, p, "done", w),
    "withdraw": lambda c, p, w, _: returning.withdraw_release(c, "LOT-1", p, "found glass", w),
    "met": lambda c, p, w, _: returning.met(c, *_promised(c), p, w),
    "not met": lambda c, p, w, _: returning.not_met(c, *_promised(c), p, w),
    "widen": lambda c, p, w, _: scope.widen(c, ("LOT-2",), p, w),
    "last good": lambda c, p, w, _: scope.last_good(c, NOON - timedelta(hours=2), p, "at ten", w),
    **{name: _decides(name) for name in ("release", "rework", "scrap", "use_as_is", "keep_on_hold")},
}


class AnyCourse(RuleBasedStateMachine):
    """Exceptions of one shift, and what must be true of each after every step."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.kept: dict[str, Case] = {}  # as they were last read back
        self.log_lengths: dict[str, int] = {}
        self.decided: dict[str, int] = {}
        with self.database.write() as tx:  # what an earlier shift left open is nobody's here
            tx.execute(sa.update(tasks).values(next_step_at=None))

    def world(self) -> World:
        """What an act may look at now."""
        return World(HERE, BY_RULE, replace(RECORDS, lots=LOTS), self.now, other=self.kept.get)

    def case(self, n: int) -> Case | None:
        """One of the exceptions of this shift, the newest ones first."""
        return tuple(self.kept.values())[-1 - n % len(self.kept)] if self.kept else None

    @rule(person=PEOPLE, said=st.sampled_from(REPORTS), slowly=st.booleans())
    def reports(self, person: str, said: ReportedException, slowly: bool) -> None:
        """Somebody reports something: it is opened, becomes a part, is watched, or asks back."""
        by = HERE.person[person]
        with self.database.write() as tx:
            world = self.world()
            case = opening.new_case(cases.next_number(tx), said, by, "it is down", self.now, world)
            mine = tuple(self.kept.values())
            cause = common_cause.cause_of(case, mine, HERE)
            lacking = opening.missing(case, world)
            if lacking is not None:
                change = opening.draft_case(case, opening.question_about(lacking, case, world), world)
            elif cause is not None:
                change = common_cause.open_as_part(case, cause, world)
            elif slowly and said.type == "machine_breakdown" and said.line is not None and not said.line_stopped:
                change = slow.watch(case, world)
            else:
                change = opening.open_case(case, world)
            opened = self.keep(tx, change)
            if common_cause.utility_of(case, HERE) is not None:
                for part in mine:
                    if common_cause.belongs(part, opened, HERE, taken_too=slowly):
                        self.keep(tx, common_cause.make_part(part, opened, world))

    @rule(
        act=st.sampled_from(sorted(ACTS)), person=PEOPLE, n=st.integers(0, 3), much=st.sampled_from([1, 7, 30, 60, 100])
    )
    def acts(self, act: str, person: str, n: int, much: float) -> None:
        """Anybody does anything to any of them; what is refused changes nothing."""
        case, by, world = self.case(n), HERE.person[person], self.world()
        if case is None:
            return
        try:
            change: Change | None = ACTS[act](case, by, world, much)
        except Refused:
            change = None
        with self.database.write() as tx:
            if change is None and act in ("join", "resolve"):
                change = _after_the_end(act, case, by, much, postings.of_case(tx, case.number), world)
            if change is not None and (change.entries or change.case != case):
                self.keep(tx, change)

    @rule(minutes=st.sampled_from([1, 4, 6, 11, 35, 130, 480]))
    def time_goes_by(self, minutes: int) -> None:
        """Nobody says anything for a while, and what is due is done."""
        self.now += timedelta(minutes=minutes)
        due = [c for c in self.kept.values() if any(t.next_step_at and t.next_step_at <= self.now for t in c.tasks)]
        if not due:
            return
        with self.database.write() as tx:
            assert {c.number for c in due} <= {*cases.due(tx, self.now, 500)}, "what is due is found"
            for case in due:
                change = chase(self.kept[case.number], self.world())
                assert change is not None, f"{case.number} is due, and there is nothing to do"
                self.keep(tx, change)

    @rule(n=st.integers(0, 3), yes=st.booleans())
    def erp_answers(self, n: int, yes: bool) -> None:
        """ERP takes what it is owed for one of them, or a part of it."""
        case = self.case(n)
        if case is None:
            return
        with self.database.write() as tx:
            owed = [s for s in postings.of_case(tx, case.number) if s.state not in SETTLED]
            for status in owed if yes else owed[:1]:
                if not postings.by_hand(tx, status.posting.key, Receipt("DOC", self.now), "sue", self.now):
                    continue
                fresh = postings.get(tx, status.posting.key)
                assert fresh is not None
                change = finishing.booked(self.kept[case.number], fresh, self.world())
                closing = finishing.confirmed(change.case, postings.of_case(tx, case.number), self.world())
                self.keep(tx, change.then(closing) if closing is not None else change)

    def keep(self, tx: Connection, change: Change) -> Case:
        """Save it, and ask the invariants of what was saved."""
        saved = cases.save(tx, change, self.now)
        parts = [number for number, case in self.kept.items() if case.parent == saved.number]
        for case in cases.of(tx, (saved.number, *parts)):  # the end of a cause wakes its parts
            self.kept[case.number] = case
        assert self.kept[saved.number] == saved, f"{saved.number} is not read as it was written"
        log = cases.log_of(tx, saved.number)
        owed = postings.of_case(tx, saved.number)
        assert len(log) == self.log_lengths.get(saved.number, 0) + len(change.entries), "I6: the log only grows"
        self.log_lengths[saved.number] = len(log)
        living = [task for task in saved.tasks if task.live]
        if saved.is_open:
            assert living, f"I2: {saved.number} is open and nobody's"
            assert any(task.next_step_at for task in living), f"I2: {saved.number} is open and nothing is due: {living}"
        else:
            assert not any(task.next_step_at for task in saved.tasks), (
                f"{saved.number} is {saved.status} and has a timer"
            )
        for held in saved.held:
            gone = sum(part.quantity for part in saved.parts if part.lot == held.lot)
            assert round(held.remaining + gone, 6) == held.quantity, f"R42: {saved.number} {held.lot}"
        assert saved.decisions >= self.decided.get(saved.number, 0), "R47: a decision is never taken back silently"
        self.decided[saved.number] = saved.decisions
        for status in owed:
            if status.posting.kind == "lot_release" and status.posting.reverses is None:
                by = status.posting.body["decided_by"]
                assert by != saved.reporter, f"R40: {saved.number} was released by its reporter"
                assert any(entry.who == by and entry.what == "decided" for entry in log), (
                    "I5: released without a decision"
                )
        if saved.closed_at is not None:
            assert all(status.state in SETTLED for status in owed), (
                f"R2: {saved.number} is closed and ERP is owed something"
            )
        for task in saved.tasks:
            if task.why == VERIFY and task.verified_by is not None:
                assert task.verified_by != task.facts["fixed_by"], "R35: nobody verifies his own work"
        return saved


def _after_the_end(
    act: str, case: Case, by: Person, much: float, owed: tuple[PostingStatus, ...], world: World
) -> Change | None:
    """What may be done to one that is over: it is reported again, or its end is put right."""
    try:
        if act == "join":
            return finishing.reopen(case, by, "it is back", world, FILLER, owed)
        if not case.held:
            return restating.restate(case, Right(minutes=much), by, "it was longer", world, owed)
    except Refused:
        return None
    return None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_any_course_at_all_keeps_what_must_be_true(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path / 'course.sqlite'}" if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    database = open_database(url)
    database.migrate()
    machine = type("AnyCourseHere", (AnyCourse,), {"database": database})
    run_state_machine_as_test(
        seed(SEED)(machine),
        settings=settings(
            max_examples=max(1, STEPS // A_SHIFT), stateful_step_count=A_SHIFT, deadline=None, database=None,
            phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    with database.read() as tx:
        assert cases.count(tx) > STEPS // 50, "somebody must have reported something for this to mean anything"
    database.close()
