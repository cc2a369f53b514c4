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
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import Connection
from structlog.testing import capture_logs

from bot.approving import decided
from db import approvals, cases, postings
from db.connect import Database, open_database
from db.tables import log as logs
from db.tables import notice as notices
from db.tables import posting as owed
from db.tables import task as tasks
from db.verifying import verify
from tests.stories import what_holds
from tests.workflow.world import NOON, PLANT, RECORDS, RULES, concern
from workflow import (
    answering,
    approving,
    common_cause,
    escalating,
    finishing,
    handover,
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
from workflow.changed_records import changed, known
from workflow.chasing import chase
from workflow.conditions import Condition
from workflow.errors import Refused
from workflow.plant import Line, Person, Utility
from workflow.ports import Receipt
from workflow.reading import Disposition, Quantity, ReportedException, Resolution
from workflow.records import Lot, Records
from workflow.restating import Right
from workflow.routing import VERIFY, World, had_a_hand_in
from workflow.rules import Approval, Authority, TypeRules, Verification

STEPS = int(os.environ.get("LINECALL_TEST_COURSE", "10000"))
SEED = int(os.environ.get("LINECALL_TEST_SEED", "38"))
A_SHIFT = 100  # steps

PETE = Person("pete", "Pete Op", ("operator",), ("L2",), ("day",))
LEA = Person("lea", "Lea Late", ("supervisor",), (), ("late",))
HERE = replace(
    PLANT,
    people=(*PLANT.people, PETE, LEA),
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
            RULES.types["machine_breakdown"],
            needs=("line",),
            verify=Verification(("maintenance", "supervisor"), Condition("recurrent")),
        ),
        "material_shortage": TypeRules("material_shortage", (concern("supervisor"),)),
    },
    decisions={**RULES.decisions, "use_as_is": Authority(("quality",), second=("quality", "manager"))},
    approvals={"downtime": Approval(30, ("supervisor", "manager")), "lot_release": Approval(50, ("manager",))},
)
# What ERP says at one time or another: an order that is done, and one that it did not know; a lot that is gone.
SAID: tuple[Records, ...] = (
    replace(RECORDS, lots=LOTS),
    replace(RECORDS, lots=LOTS, work_orders=tuple(replace(o, status="completed") for o in RECORDS.work_orders)),
    replace(RECORDS, lots=LOTS, work_orders=()),
    replace(RECORDS, lots=(replace(LOTS[0], status="consumed"), LOTS[1])),
)
NAMES = tuple(person.id for person in HERE.people)
PEOPLE = st.sampled_from((*NAMES, "quinn", "quinn", "rita", "tom", "sue"))  # who has most to say
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
HOW_MANY = sa.select(
    *(sa.select(sa.func.count()).select_from(t).where(t.c.case == sa.bindparam("number")).scalar_subquery()
      for t in (logs, notices))
)  # fmt: skip
Act = Callable[[Case, Person, World, float], Change]
DECISIONS = ("release", "rework", "scrap", "use_as_is", "keep_on_hold")
HAPPENS = {
    "acknowledged", "approved", "cancelled", "closed", "corrected", "decided", "declined", "erp_changed",
    "handed_over", "joined", "known_now", "last_good", "merged", "own_cause", "part_of",
    "raised", "release_withdrawn", "reopened", "resolved", "reworked", "seconded", "shift_taken", "snoozed",
    "turned_down", "waiting",
}  # fmt: skip


def _decides(name: str, *, yes: bool) -> Act:
    def act(case: Case, by: Person, world: World, much: float) -> Change:
        lot = case.held[int(much) % len(case.held)].lot if case.held else "LOT-1"
        part = Disposition(name, lot, Quantity(much, "cs"), "if the retest is ok" if much == 7 else "")  # type: ignore[arg-type]
        read_back = holding.propose(case, (part,), by, "checked", world)
        return read_back.then(holding.confirm(read_back.case, by, world)) if yes else read_back

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
    "withdraw": lambda c, p, w, _: returning.withdraw_release(
        c, (*returning.released_lots(c), "LOT-1")[0], p, "found glass", w
    ),
    "met": lambda c, p, w, _: returning.met(c, *_promised(c), p, w),
    "not met": lambda c, p, w, _: returning.not_met(c, *_promised(c), p, w),
    "widen": lambda c, p, w, _: scope.widen(c, ("LOT-2",), p, w),
    "last good": lambda c, p, w, _: scope.last_good(c, NOON - timedelta(hours=2), p, "at ten", w),
    **{name: _decides(name, yes=False) for name in DECISIONS},
    **{f"{name}, yes": _decides(name, yes=True) for name in DECISIONS},
}


def _over(case: Case, by: Person, world: World, much: float) -> Change:
    """What is only done to one that is over, and needs to know what ERP is owed."""
    raise Refused("state.resolved", case=case.number)


AFTER_THE_END = ("it is back", "it was longer")
ACTS |= dict.fromkeys(AFTER_THE_END, _over)


class AnyCourse(RuleBasedStateMachine):
    """Exceptions of one shift, and what must be true of each after every step."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.records = SAID[0]
        self.kept: dict[str, Case] = {}  # as they were last read back
        self.rows: dict[str, tuple[int, int]] = {}  # of the log and of the outbox
        self.decided: dict[str, int] = {}
        with self.database.write() as tx:  # what an earlier shift left open is nobody's here
            tx.execute(sa.update(owed).where(owed.c.due_at.is_not(None)).values(due_at=None))
            tx.execute(sa.update(tasks).where(tasks.c.next_step_at.is_not(None)).values(next_step_at=None))

    def world(self) -> World:
        """What an act may look at now."""
        return World(HERE, BY_RULE, self.records, self.now, other=self.kept.get)

    def case(self, n: int) -> Case | None:
        """One of the exceptions of this shift, the newest ones first."""
        return tuple(self.kept.values())[-1 - n % len(self.kept)] if self.kept else None

    @rule(person=PEOPLE, said=st.sampled_from(REPORTS), slowly=st.booleans())
    def reports(self, person: str, said: ReportedException, slowly: bool) -> None:
        """Somebody reports something: it is opened, becomes a part, is watched, or asks back."""
        asked = [c.reporter for c in self.kept.values() if c.status == "draft"]
        by = HERE.person[asked[-1] if slowly and asked else person]
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
                self.parts_of(tx, opened, taken_too=slowly)
            elif opened.status == "open":
                found, feeding = common_cause.looks_like_one(opened, mine, HERE)
                if found:
                    self.keep(tx, common_cause.ask_for_one(opened, found, feeding, self.world()))
            if opened.opened_at is not None:  # whoever tells the whole story anew answers no question any more
                for draft in [c for c in mine if c.status == "draft" and c.reporter == by.id][:1]:
                    self.keep(tx, opening.supersede(draft, self.kept[opened.number], self.world()))

    def parts_of(self, tx: Connection, cause: Case, *, taken_too: bool) -> None:
        """What stopped with a cause becomes its parts."""
        for part in tuple(self.kept.values()):
            if common_cause.belongs(part, cause, HERE, taken_too=taken_too):
                self.keep(tx, common_cause.make_part(part, self.kept[cause.number], self.world()))

    @rule(
        which=st.sampled_from(["one cause", "records", "shift", "approval", "approval", "approval", "approval"]),
        person=PEOPLE, n=st.integers(0, 3), yes=st.booleans(), to=st.sampled_from(SAID),
    )  # fmt: skip
    def something_rarer(self, which: str, person: str, n: int, yes: bool, to: Records) -> None:
        """What happens once in a shift."""
        match which:
            case "one cause":
                self.declares_one_cause(person)
            case "records":
                self.erp_changes(to)
            case "shift":
                self.the_shift_ends(person if yes else None)
            case _:
                self.approves(n, person, yes)

    def declares_one_cause(self, person: str) -> None:
        """Whoever runs the shift says that it is the air, and what stopped with it is part of that."""
        by = HERE.person[person]
        if not {*BY_RULE.triage} & {*by.roles} or not any(c.is_open and c.line for c in self.kept.values()):
            return
        with self.database.write() as tx:
            air = (c for c in self.kept.values() if c.is_open and "AIR" in c.assets and c.status != "draft")
            cause = next(air, None)
            if cause is None:
                said = ReportedException("machine_breakdown", assets=("AIR",), line_stopped=True)
                new = opening.new_case(cases.next_number(tx), said, by, "Air", self.now, self.world())
                cause = self.keep(tx, opening.open_case(new, self.world()))
            self.parts_of(tx, cause, taken_too=True)

    def erp_changes(self, to: Records) -> None:
        """ERP says something else of orders and lots than before."""
        before, self.records = self.records, to
        with self.database.write() as tx:
            for case in [c for c in self.kept.values() if c.is_open]:
                change = changed(case, known(case, before), self.world())
                if change is not None:
                    self.keep(tx, change)

    def the_shift_ends(self, person: str | None) -> None:
        """What is open is offered to the next shift, and it is taken over; None: by whoever was asked."""
        planned = handover.plan(self.world())
        assert planned is not None
        self.now = planned.ends_at
        self.what_is_due()
        with self.database.write() as tx:
            there = self.on_the_floor()
            facts = handover.note(there, (), [{"case": case.number} for case in there], planned)
            step = handover.take_step(replace(planned, step=1), there, facts, self.world())
            for change in step.changes:
                self.keep(tx, change)
            if step.handover.cases:
                by = person or (*step.handover.offered, "bert")[0]
                try:
                    taken = handover.accept(step.handover, HERE.person[by], self.on_the_floor(), self.world())
                except Refused:
                    return
                for change in taken.changes:
                    saved = self.keep(tx, change)
                    left = {t.owner for t in saved.tasks if t.live} & {*step.handover.kept_by}
                    assert left == set(), f"R38: {saved.number} was handed over, and {left} still answer for it"

    def on_the_floor(self) -> list[Case]:
        """What is open now."""
        return [case for case in self.kept.values() if case.is_open]

    def approves(self, n: int, person: str, yes: bool) -> None:
        """What is above a limit waits for a person, and somebody approves it or turns it down."""
        with self.database.write() as tx:
            for claimed in postings.claim(tx, self.now, 20, timedelta(seconds=30)):
                status = claimed.status
                limit = approving.limit_of(status.posting, BY_RULE.approvals)
                about = self.kept.get(status.posting.case)
                if about is None:
                    continue
                if limit is None or claimed.approved:
                    if postings.confirmed(tx, claimed, Receipt("DOC", self.now), self.now):
                        self.booked(tx, status.posting.key)
                    continue
                may = approving.approvers(about, status.posting, limit, self.world())
                if approvals.asks_approval(tx, claimed, "above", None, self.now + timedelta(hours=1), self.now) and may:
                    self.keep(tx, approving.ask(about, status, limit, may, self.world()))
            for key in sorted(approvals.awaiting_approval(tx)):
                status = postings.get(tx, key)
                if status is None or status.posting.case not in self.kept:
                    continue
                about = self.kept[status.posting.case]
                who = HERE.person["bert" if n else person]
                try:
                    change = decided(tx, status, who, BY_RULE, self.world(), yes=yes)
                except Refused:
                    continue
                assert who.id not in (status.posting.body.get("decided_by"), about.resolved_by), "R51: his own"
                self.keep(tx, change)

    def _acts(self, act: str, person: str, n: int, much: float, whoever_may: bool) -> None:
        """Somebody does something to one of them, or whoever may do it does; what is refused changes nothing."""
        newest = [*self.kept.values()][::-1]
        if not newest:
            return
        first, at, world = n % min(4, len(newest)), NAMES.index(person), self.world()
        whom = [*newest[first:], *newest[:first]][: 8 if whoever_may else 1]
        who = [*NAMES[at:], *NAMES[:at]] if whoever_may else [person]
        for case, by in product(whom, who):
            try:
                change: Change | None = ACTS[act](case, HERE.person[by], world, much)
            except Refused:
                change = None
            if change is None and act in AFTER_THE_END and not case.is_open:
                with self.database.read() as tx:
                    statuses = postings.of_case(tx, case.number)
                change = _after_the_end(act, case, HERE.person[by], much, statuses, world)
            if change is not None and (change.entries or change.case != case):
                what_holds.somebody_is_answered(change, HERE.person[by])
                with self.database.write() as tx:
                    self.said_twice(act, self.keep(tx, change), by, much)
                return

    def said_twice(self, act: str, saved: Case, by: str, much: float) -> None:
        """I9: the same words or the same press once more undo nothing of what they did."""
        try:
            again = ACTS[act](saved, HERE.person[by], self.world(), much)
        except Refused as no:
            what_holds.refusal_has_words(no.name)
        else:
            what_holds.it_goes_forward(saved, again)

    _anything = rule(
        act=st.sampled_from(sorted(ACTS)), person=PEOPLE, n=st.integers(0, 3),
        much=st.sampled_from([1, 7, 30, 60, 100]), whoever_may=st.sampled_from([True, True, False]),
    )  # fmt: skip
    # Each rule is as likely as any other: what people do most stands here most often.
    acts, acts_at_once = _anything(_acts), _anything(_acts)
    acts_again, acts_once_more = _anything(_acts), _anything(_acts)

    @rule(minutes=st.sampled_from([1, 4, 6, 11, 35, 130, 480]))
    def time_goes_by(self, minutes: int) -> None:
        """Nobody says anything for a while, and what is due is done."""
        self.now += timedelta(minutes=minutes)
        self.what_is_due()

    def what_is_due(self) -> None:
        """Whoever was not heard of is chased."""
        due = [c for c in self.kept.values() if any(t.next_step_at and t.next_step_at <= self.now for t in c.tasks)]
        if not due:
            return
        with self.database.write() as tx:
            assert {c.number for c in due} <= {*cases.due(tx, self.now, 500)}, "what is due is found"
            for case in due:
                change = chase(self.kept[case.number], self.world())
                assert change is not None, f"{case.number} is due, and there is nothing to do"
                what_holds.nobody_off_shift_is_chased(change, self.world())
                self.keep(tx, change)

    @rule(n=st.integers(0, 3), yes=st.booleans())
    def erp_answers(self, n: int, yes: bool) -> None:
        """ERP takes what it is owed for one of them, or a part of it."""
        case = self.case(n)
        if case is None:
            return
        with self.database.write() as tx:
            open_ones = [s for s in postings.of_case(tx, case.number) if s.state not in SETTLED]
            for status in open_ones if yes else open_ones[:1]:
                if not postings.by_hand(tx, status.posting.key, Receipt("DOC", self.now), "sue", self.now):
                    continue
                self.booked(tx, status.posting.key)

    def booked(self, tx: Connection, key: str) -> None:
        """ERP has it: who waits for that hears it, and what owes nothing more is closed."""
        fresh = postings.get(tx, key)
        assert fresh is not None
        about = self.kept[fresh.posting.case]
        change = finishing.booked(about, fresh, self.world())
        closing = finishing.confirmed(change.case, postings.of_case(tx, about.number), self.world())
        self.keep(tx, change.then(closing) if closing is not None else change)

    def keep(self, tx: Connection, change: Change) -> Case:
        """Save it, and ask the invariants of what was saved."""
        before = self.kept.get(change.case.number)
        saved = cases.save(tx, change, self.now)
        parts = [number for number, case in self.kept.items() if case.parent == saved.number]
        for case in cases.of(tx, (saved.number, *parts)):  # the end of a cause wakes its parts
            self.kept[case.number] = case
        assert self.kept[saved.number] == saved, f"{saved.number} is not read as it was written"
        rows = tuple(tx.execute(HOW_MANY, {"number": saved.number}).one())
        before_it = self.rows.get(saved.number, (0, 0))
        grown = (before_it[0] + len(change.entries), before_it[1] + len(change.notices))
        assert rows == grown, "I3, I6: what is told and the log only grow, by what was written"
        self.rows[saved.number] = grown
        what_holds.everything_told_is_whole(change, HERE)
        what_holds.nobody_is_named(change, HERE)
        what_holds.the_end_is_heard(before, change)
        what_holds.it_goes_forward(before, replace(change, case=saved))
        what_holds.the_watchman_finds_nothing(saved, self.world())
        self.somebody_answers(saved)
        self.nobody_is_chased_who_has_answered(change, saved)
        self.freed_by_who_may(before, change)
        for held in saved.held:
            gone = sum(part.quantity for part in saved.parts if part.lot == held.lot)
            assert round(held.remaining + gone, 6) == held.quantity, f"R42: {saved.number} {held.lot}"
        assert saved.decisions >= self.decided.get(saved.number, 0), "R47: a decision is never taken back silently"
        self.decided[saved.number] = saved.decisions
        if saved.closed_at is not None:
            assert all(status.state in SETTLED for status in postings.of_case(tx, saved.number)), (
                f"R2: {saved.number} is closed and ERP is owed something"
            )
        for task in saved.tasks:
            if task.why == VERIFY and task.verified_by is not None:
                assert task.verified_by != task.facts["fixed_by"], "R35: nobody verifies his own work"
        return saved

    def somebody_answers(self, saved: Case) -> None:
        """I2: what is open has one who answers for it, or one function that is asked until somebody does."""
        living = [task for task in saved.tasks if task.live]
        if not saved.is_open:
            assert not any(t.next_step_at for t in saved.tasks), f"{saved.number} is {saved.status} and has a timer"
            return
        assert living, f"I2: {saved.number} is open and nobody's"
        assert any(task.next_step_at for task in living), f"I2: {saved.number} is open and nothing is due: {living}"
        roles = [task.role for task in living]
        assert len(roles) == len(set(roles)), f"I2: {saved.number} is twice the same function's: {roles}"
        for task in living:
            if task.acknowledged_at is not None:
                assert task.owner == task.acknowledged_by, f"I2: {saved.number} {task.role}: taken, and another's"
                assert task.owner is not None, f"I2: {saved.number} {task.role}: taken, and nobody's"
        lead = saved.lead
        assert lead is not None
        assert lead.owner is not None or lead.next_step_at is not None, f"I2: {saved.number}: nobody answers: {lead}"

    def nobody_is_chased_who_has_answered(self, change: Change, saved: Case) -> None:
        """R28: from the acknowledgement on nobody of that function, and nobody above it, is asked to take it."""
        for notice in change.notices:
            if notice.until == "acknowledged" and notice.role is not None:
                task = saved.task(notice.role)
                assert task is None or task.acknowledged_at is None, f"{saved.number}: {notice.name} to {notice.to}"

    def freed_by_who_may(self, before: Case | None, change: Change) -> None:
        """I5, R40: whoever frees stock has decided it, and neither reported, made nor held it; nor has the second."""
        freed = [p for p in change.postings if p.kind == "lot_release" and p.reverses is None]
        if not freed:
            return
        assert before is not None
        lots = [str(posting.body["lot"]) for posting in freed]
        made_it = {lot.producer for lot in LOTS if lot.id in lots and lot.producer is not None}
        barred = {before.reporter, *made_it}
        held_it, reworked_it = had_a_hand_in(before, lots)
        seconds = {entry.who for entry in change.entries if entry.what == "seconded"}
        for posting in freed:
            by = posting.body["decided_by"]
            assert by not in barred | held_it, f"I5: {before.number}: {by} freed what he reported, made or held"
            assert by not in seconds, f"I5: {before.number}: {by} is his own second person"
            assert any(e.who == by and e.what == "decided" for e in change.entries), "I5: nobody decided it"
        assert not seconds & (barred | held_it | reworked_it), f"I5: {before.number}: {seconds} had a hand in it"


def _after_the_end(
    act: str, case: Case, by: Person, much: float, owed: tuple[PostingStatus, ...], world: World
) -> Change | None:
    """What may be done to one that is over: it is reported again, or its end is put right."""
    try:
        if act == "it is back":
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
    with capture_logs() as logged:
        run_state_machine_as_test(
            seed(SEED)(machine),
            settings=settings(
                max_examples=max(1, STEPS // A_SHIFT), stateful_step_count=A_SHIFT, deadline=None, database=None,
                phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    assert [line for line in logged if line["log_level"] in ("error", "critical")] == [], "I12: nobody expected this"
    with database.read() as tx:
        checked = verify(tx, (b"no anchors",))
        assert checked.whole, f"I6: the log is not what was written: {checked.broken[:3]}"
        assert checked.entries > STEPS // 10
        lacking = HAPPENS - set(tx.scalars(sa.select(logs.c.what).distinct()))
        assert STEPS < 10_000 or not lacking, f"never happened: {sorted(lacking)}"
        assert cases.count(tx) > STEPS // 50, "somebody must have reported something for this to mean anything"
    database.close()
