"""A plant on a desk for stories: named people, a movable clock, an ERP that can be unplugged, and a closed world.

After every story the invariants of `docs/invariants.md` are checked, and a message that nobody expected fails it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot import views
from bot.proving import checked
from bot.rehearsal import Rehearsal
from bot.say import parse_button
from db import cases, inbox, outbox, postings
from workflow.case import SETTLED, Case, Entry, PostingStatus
from workflow.metrics import Metrics
from workflow.metrics import metrics as figures
from workflow.watching import wants

# Monday 16 November 2026: María runs line 3, Gary and Anita repair, Denise supervises, Tamika is quality, Neil and
# Fernanda plan, Bobby brings material, Karen speaks with customers, Omar is safety, Stephanie is the manager.
SIX_IN_THE_MORNING = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Heard:
    """One message as a person got it."""

    id: int
    text: str
    case: str | None
    buttons: tuple[str, ...]

    def __contains__(self, words: str) -> bool:
        return words in self.text


class Plantside(Rehearsal):
    """A rehearsal that listens: every message must be heard by the story, or be known as one of a kind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._listened: defaultdict[str, int] = defaultdict(int)
        self._known: list[re.Pattern[str]] = []

    # what a story says ---------------------------------------------------------------------------------------------

    def hears(self, person: str) -> list[Heard]:  # type: ignore[override]
        """What a person was told since the story last listened to them."""
        assert person in self.app.plant.person, f"{person} does not work here"
        new = [line for line in self.transcript(person) if line.id > self._listened[person]]
        if new:
            self._listened[person] = new[-1].id
        return [
            Heard(line.id, line.text, line.case, tuple(b.label for b in line.buttons))
            for line in new
            if line.sender == "bot"
        ]

    def hears_one(self, person: str) -> Heard:
        """The single message that a person was told since the story last listened."""
        heard = self.hears(person)
        assert len(heard) == 1, f"{person} should have heard one message, not {[h.text for h in heard]}"
        return heard[0]

    def hears_nothing(self, person: str) -> None:
        """Nobody told this person anything since the story last listened."""
        heard = self.hears(person)
        assert heard == [], f"{person} should have heard nothing, not {[h.text for h in heard]}"

    def rest_is_known(self) -> None:
        """The story is not about what the others were told up to now."""
        for person in self.app.plant.people:
            self.hears(person.id)

    def only_case(self) -> Case:
        """The one exception of this story."""
        found = self.cases()
        assert len(found) == 1, f"one exception, not {[(c.number, c.type, c.status) for c in found]}"
        return found[0]

    def postings(self, number: str | None = None) -> tuple[PostingStatus, ...]:
        """What ERP is owed or has taken."""
        with self.app.database.read() as tx:
            return postings.of_case(tx, number) if number else postings.find(tx)

    def log(self, number: str) -> list[str]:
        """What happened to an exception, in the log's own words."""
        with self.app.database.read() as tx:
            return [entry.what for entry in cases.log_of(tx, number)]

    def log_entries(self, number: str) -> tuple[Entry, ...]:
        """The same with who, when and why."""
        with self.app.database.read() as tx:
            return cases.log_of(tx, number)

    def metrics(self) -> Metrics:
        """The figures of all that happened so far."""
        return figures(self.cases(), self.app.plant, SIX_IN_THE_MORNING - timedelta(days=1), self.clock.now())

    def button(self, person: str, act: str) -> str:
        """What the newest button of an act carries that a person was shown."""
        for line in reversed(self.transcript(person)):
            for button in line.buttons:
                press = parse_button(button.value)
                if press is not None and press.act == act:
                    return button.value
        raise AssertionError(f"{person} was never shown a button {act}")

    def as_json(self, number: str) -> dict[str, Any]:
        """An exception as the API shows it."""
        with self.app.database.read() as tx:
            found = cases.get(tx, number)
            assert found is not None
            return views.case_json(tx, found, full=True)

    # after every story ---------------------------------------------------------------------------------------------

    def closes_in_good_order(self, *, expect_unheard: bool = False) -> None:
        """The invariants that hold after every story, over our rows and over what the ERP really accepted."""
        with self.app.database.read() as tx:
            unhandled = inbox.unhandled_count(tx)
            open_ones = cases.open_cases(tx)
            owed = postings.find(tx)
            everything = cases.find(tx)
            logs = {c.number: cases.log_of(tx, c.number) for c in everything}
            unsent = outbox.unsent_count(tx)
        assert unhandled == 0, "I1: every message that was taken is handled"
        for case in open_ones:
            living = [t for t in case.tasks if t.live]
            assert living, f"I2: {case.number} is open and nobody's"
            assert any(t.next_step_at for t in living), f"I2: {case.number} is open and nothing is due"
            missing = wants(case, self.app.world())
            assert missing is None, f"I2: {case.number} is open and the watchman would find {missing}"
        assert unsent == 0, "I3: every notice that is due was sent, or dropped with a reason"
        accepted = [entry["key"] for entry in self.erp.ledger()]
        assert len(accepted) == len(set(accepted)), "I4: ERP accepted a posting twice"
        assert {s.posting.key for s in owed if s.state == "posted"} <= set(accepted), "I4: posted, but not in ERP"
        for status in owed:
            if status.posting.kind == "lot_release" and status.posting.reverses is None:
                decided = [e for e in logs[status.posting.case] if e.what == "decided"]
                by = status.posting.body["decided_by"]
                case = next(c for c in everything if c.number == status.posting.case)
                assert any(e.who == by for e in decided), "I5: released without a decision"
                assert by != case.reporter, "I5: released by its reporter"
        for case in everything:
            assert logs[case.number], f"I6: {case.number} has no log"
            if case.closed_at is not None:
                mine = [s for s in owed if s.posting.case == case.number]
                assert all(s.state in SETTLED for s in mine), f"R2: {case.number} is closed and ERP is owed something"
        broken = checked(self.app).broken
        assert broken == (), f"I6: the log is not what was written: {broken}"
        if not expect_unheard:
            for person in self.app.plant.people:
                heard = self.hears(person.id)
                assert heard == [], f"nobody expected this: {person.id} heard {[h.text for h in heard]}"
