"""How long it took before Linecall, to compare with: past resolution times that a plant has given (R57)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import Connection

from db import settings
from db.figures import Spread, spread

NAME = "baseline"


def keep_baseline(tx: Connection, rows: Sequence[tuple[str, str, int]], at: datetime) -> None:
    """Remember them, in place of earlier ones."""
    settings.put(tx, NAME, [list(row) for row in rows], at)


def pairs_of(tx: Connection, line: str | None, kind: str | None) -> tuple[tuple[str | None, str | None], ...]:
    """The lines and kinds of these times, None where a row tells none: only like is compared with like."""
    rows = settings.get(tx, NAME) or []
    found = {(at or None, of or None) for at, of, _ in rows if line in (None, at) and kind in (None, of)}
    return tuple(sorted(found, key=str))


def baseline_of(tx: Connection, line: str | None, kind: str | None) -> Spread | None:
    """Median and p90 of the rows of a line and a type; None where no such times were given."""
    rows = settings.get(tx, NAME) or []
    values = [took for at, of, took in rows if line in (None, at) and kind in (None, of)]
    return spread(np.array(values, dtype=np.int64)) if values else None
