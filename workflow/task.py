"""One function's part in an exception: its own clock, the ladder it was asked with, who has it since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of a ladder: so long after the function was asked, these roles hear of it (R29)."""

    after: timedelta
    tell: tuple[str, ...] = ()  # roles; empty: the function itself is reminded


@dataclass(frozen=True, slots=True)
class Task:
    """One function's part in a case, with its own clock and the ladder that was in force when it was asked."""

    role: str
    asked_at: datetime
    required: bool = True
    owner: str | None = None  # who answers for it; the first taker wins (R28)
    told: tuple[str, ...] = ()  # everyone of the function who was asked
    declined: tuple[str, ...] = ()  # who said "not mine": not asked again for it
    ladder: tuple[Step, ...] = ()
    repeat: timedelta | None = None  # after the last step, again each so often
    idle_after: timedelta | None = None  # "still on it?" so long after the last sign of life (R31)
    step: int = 0  # how many steps of the ladder were taken
    next_step_at: datetime | None = None  # None: nobody is chased
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    promised_at: datetime | None = None
    due_by: datetime | None = None  # until when it has to be done; then those above hear of it, taken or not
    waiting_for: str | None = None  # the stated thing that it waits for (R32)
    asked_still: bool = False  # "still on it?" was asked and is not answered yet
    done_at: datetime | None = None
    done_by: str | None = None
    verified_at: datetime | None = None
    verified_by: str | None = None
    withdrawn_at: datetime | None = None
    escalated: bool = False  # somebody above the function was told
    why: str = ""  # name of the rule that asked this function (R36)
    facts: Mapping[str, Any] = field(default_factory=dict)  # the facts that it matched

    @property
    def live(self) -> bool:
        """Still somebody's to do."""
        return self.done_at is None and self.withdrawn_at is None

    @property
    def waits_for_acknowledgement(self) -> bool:
        return self.live and self.acknowledged_at is None
