"""Keeps an ERP's last snapshot and reads again only the parts that have changed there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from workflow.errors import TryLater
from workflow.ports import Clock
from workflow.records import Records

KEEP = timedelta(minutes=2)  # for which an unchanged snapshot stays the same object; then only its age is renewed
OVERLAP = timedelta(minutes=2)  # of clocks that differ, and of what commits after the time that it carries
ALL_AGAIN = timedelta(hours=1)  # deletions leave no trace in the changes


class KeptRecords:
    """`parts` read a part of the snapshot each; `changed` says whether one did since then."""

    def __init__(
        self,
        system: str,
        clock: Clock,
        parts: Mapping[str, Callable[[], tuple[Any, ...]]],
        changed: Callable[[str, datetime], bool],
        theirs: Callable[[], datetime] | None = None,  # their clock, where a test turns ours; none: ours
    ) -> None:
        self._system, self._clock, self._parts, self._changed = system, clock, parts, changed
        self._theirs = theirs or clock.now
        self._records = Records()
        self._since: datetime | None = None
        self._whole_at: datetime | None = None
        self._lock = threading.Lock()

    def take(self) -> Records:
        """The snapshot; the same object while nothing has changed. Raises TryLater."""
        with self._lock:
            now, since, asked_at = self._clock.now(), self._since, self._theirs()
            whole = since is None or self._whole_at is None or now - self._whole_at > ALL_AGAIN
            try:
                stale = [part for part in self._parts if whole or since is None or self._changed(part, since)]
                fresh: dict[str, Any] = {part: self._parts[part]() for part in stale}
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                why = f"{self._system}'s records are not as they should be; is it another version?"
                raise TryLater(why) from error
            same = all(getattr(self._records, part) == rows for part, rows in fresh.items())
            age = now - self._records.as_of if self._records.as_of else None
            if not same or age is None or age >= KEEP:
                self._records = replace(self._records, **fresh, as_of=now)
            self._since, self._whole_at = asked_at - OVERLAP, now if whole else self._whole_at
            return self._records
