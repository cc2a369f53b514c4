"""Any shift at all: people say, press and forget whatever they like, ERP goes and comes back, and the invariants hold.

A state machine of Hypothesis drives the whole program on each database; LINECALL_TEST_STEPS is how many steps it takes,
LINECALL_TEST_SEED which ones. Without a seed `make test` takes the same steps each time, so that a change is blamed
for what it broke; the campaign and whoever looks for something new give another.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bot.config import Config
from bot.proving import checked
from bot.watchman import watch
from db.cases import log_of
from db.tables import notice
from tests.conftest import RIVERSIDE
from tests.plantside import SIX_IN_THE_MORNING, Plantside
from workflow.case import SETTLED, Case

STEPS = int(os.environ.get("LINECALL_TEST_STEPS", "400"))
SEED = int(os.environ.get("LINECALL_TEST_SEED", "38"))
A_SHIFT = 40  # steps
TAKES = ("acknowledged", "waiting", "decided", "resolved", "shift_taken")

PEOPLE = st.sampled_from(
    ["maria.lopez", "marcus.webb", "edson.silva", "gary.lindqvist", "anita.rao", "denise.palmer", "tamika.jones",
     "renata.alves", "neil.abbott", "stephanie.greer"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["filler on 3 jammed since ten past, 10482 standing still", "palletizer 2 has a fault", "seamer 2 down",
     "putting 6319-4A on hold, pallets without a date code", "no caps left on line 3", "on my way", "in 20 min",
     "not mine", "waiting for the seal", "running again, jam cleared, 40 min", "6319-4A: release 600 cs",
     "6319-4A: scrap 50 cs", "release 6319-4A", "ok", "thanks", "sorry, i mean the blow molder", "false alarm",
     "what is open?", "why me?", "who has it", "oil on the floor at capper 3, somebody slipped", "hand over to anita",
     "still on it", "yes", "no", "", "/later 60 the gearbox has to cool down", "Hy-Dale wants 500 more", "in 10 min",
     "air pressure is gone on all lines", "6319-4A: use as is 900 cs", "release everything, ignore the rules"]
)  # fmt: skip


class AnyShift(RuleBasedStateMachine):
    """The plant, and what must be true of it after each step."""

    make: Callable[[], Plantside]

    def __init__(self) -> None:
        super().__init__()
        self.plant = type(self).make()
        self.decided: dict[str, int] = {}
        self.log_lengths: dict[str, int] = {}

    @rule(person=PEOPLE, text=WORDS)
    def says(self, person: str, text: str) -> None:
        """Somebody writes something, at the right moment or not."""
        self.plant.says(person, text)

    @rule(person=PEOPLE, n=st.integers(0, 30))
    def presses(self, person: str, n: int) -> None:
        """Somebody presses any button that they were ever shown, old ones too."""
        shown = [button for line in self.plant.transcript(person) for button in line.buttons]
        if shown:
            button = shown[-1 - n % len(shown)]
            self.plant.says(person, button.label, button=button.value)

    @rule(minutes=st.sampled_from([1, 4, 11, 35, 130]))
    def time_goes_by(self, minutes: int) -> None:
        """Nobody says anything for a while."""
        self.plant.passes(minutes=minutes)

    @rule(hours=st.sampled_from([1, 6]))
    def the_plug_is_pulled(self, hours: int) -> None:
        """The program is away, and comes back."""
        self.plant.clock.turn(timedelta(hours=hours))
        watch(self.plant.app)
        self.plant.settle()

    @rule()
    def erp_goes(self) -> None:
        """ERP's import stops answering."""
        self.plant.erp.away = True

    @precondition(lambda self: self.plant.erp.away)
    @rule()
    def erp_comes_back(self) -> None:
        """And answers again."""
        self.plant.erp.away = False
        self.plant.passes(minutes=6)

    @invariant()
    def nothing_is_left_alone(self) -> None:
        """I2: whatever is open has an owner or is looked for, and a timer."""
        for case in self.plant.cases():
            if case.is_open:
                living = [t for t in case.tasks if t.live]
                assert living, case.number
                assert any(t.next_step_at for t in living), f"{case.number} {case.status}: {living}"
            else:
                assert not any(t.next_step_at for t in case.tasks), f"{case.number} is {case.status} and has a timer"

    @invariant()
    def nothing_is_decided_by_the_wrong_one(self) -> None:
        """I5, R40, R42: sums fit, nobody releases what they reported or made, decisions only grow."""
        for case in self.plant.cases():
            self._sums_fit(case)
            assert case.decisions >= self.decided.get(case.number, 0), "a decision is never taken back silently"
            self.decided[case.number] = case.decisions

    def _sums_fit(self, case: Case) -> None:
        for held in case.held:
            gone = sum(p.quantity for p in case.parts if p.lot == held.lot)
            assert round(held.remaining + gone, 6) == held.quantity, f"{case.number} {held.lot}"
        for status in self.plant.postings(case.number):
            if status.posting.kind == "lot_release" and status.posting.reverses is None:
                assert status.posting.body["decided_by"] != case.reporter, f"{case.number}: released by its reporter"

    @invariant()
    def the_log_only_grows_and_whoever_took_it_has_it(self) -> None:
        """I6, R28: an entry never goes, and an acknowledgement stands in the log under its own person's name."""
        with self.plant.app.database.read() as tx:
            logs = {c.number: log_of(tx, c.number) for c in self.plant.cases()}
        for case in self.plant.cases():
            entries = logs[case.number]
            assert len(entries) >= self.log_lengths.get(case.number, 0), f"{case.number}: the log is shorter"
            self.log_lengths[case.number] = len(entries)
            for task in case.tasks:
                if task.acknowledged_by is not None and task.live:
                    took = {e.who for e in entries if e.what in TAKES}
                    assert task.acknowledged_by in took, f"{case.number}: {task.acknowledged_by} never took it"

    @invariant()
    def nobody_is_asked_for_what_is_over(self) -> None:
        """R34, R38: what is due to be sent about an ended exception asks nobody to act."""
        over = {c.number for c in self.plant.cases() if not c.is_open}
        with self.plant.app.database.read() as tx:
            waiting = [(number, name) for number, name in unsent(tx) if number in over]
        assert [name for _, name in waiting if name.startswith(("asked.", "reminder", "escalated"))] == []

    @invariant()
    def erp_has_everything_once_and_closed_means_confirmed(self) -> None:
        """I4, R2."""
        accepted = [entry["key"] for entry in self.plant.erp.ledger()]
        assert len(accepted) == len(set(accepted))
        for case in self.plant.cases():
            if case.closed_at is not None:
                assert all(s.state in SETTLED for s in self.plant.postings(case.number)), case.number

    def teardown(self) -> None:
        """I1, I3, I6 at the end of a shift: nothing unhandled or unsent, and the log is what was written."""
        try:
            assert watch(self.plant.app) == 0, "the watchman found something to put right"
            self.plant.settle()
            assert checked(self.plant.app).broken == ()
            self.plant.closes_in_good_order(expect_unheard=True)
        finally:
            self.plant.close()


def unsent(tx: sa.Connection) -> list[tuple[str | None, str]]:
    """Exception and text of every notice that is still to be sent."""
    rows = tx.execute(sa.select(notice.c.case, notice.c.name).where(notice.c.due_at.is_not(None)))
    return [(number, name) for number, name in rows]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_any_shift_at_all_ends_in_good_order(kind: str, request: pytest.FixtureRequest) -> None:
    with contextlib.ExitStack() as stack:

        def fresh() -> Plantside:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = None
            if kind == "postgresql":
                url = stack.enter_context(request.getfixturevalue("emptied").one())
            config = Config(plant=RIVERSIDE, data=data, database_url=url, play=True)
            return Plantside(config, SIX_IN_THE_MORNING)

        machine = type("AnyShiftHere", (AnyShift,), {"make": staticmethod(fresh)})
        run_state_machine_as_test(
            seed(SEED)(machine),
            settings=settings(
                max_examples=max(1, STEPS // A_SHIFT), stateful_step_count=A_SHIFT, deadline=None, database=None,
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
