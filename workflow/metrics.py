"""The four metrics that prove it, computed from facts and never stored (R1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles

from workflow.case import Case
from workflow.plant import Plant, shifts_at

MINUTE = timedelta(minutes=1)
STOPS = frozenset({"machine_breakdown", "changeover_overrun", "material_shortage", "labor_shortage", "safety"})


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over cases, with the cases behind it (R57)."""

    median: float | None  # minutes
    p90: float | None
    cases: tuple[str, ...]

    @property
    def n(self) -> int:
        return len(self.cases)


@dataclass(frozen=True, slots=True)
class Rate:
    value: float | None  # 0..1
    yes: tuple[str, ...]
    cases: tuple[str, ...]

    @property
    def n(self) -> int:
        return len(self.cases)


@dataclass(frozen=True, slots=True)
class Metrics:
    start: datetime
    end: datetime
    cases: tuple[str, ...]
    resolution_min: Spread
    alignment_min: Spread
    posting_lag_min: Spread
    first_pass: Rate
    open: tuple[str, ...]
    by_type: dict[str, int]
    by_line: dict[str, int]
    by_shift: dict[str, int]


def metrics(cases: Iterable[Case], plant: Plant, start: datetime, end: datetime) -> Metrics:
    """The figures of the cases captured from `start` up to, not including, `end`, without drafts and cancelled ones."""
    counted = [c for c in cases if start <= c.captured_at < end and counts(c)]
    solved = [c for c in counted if c.resolved_at is not None]
    passed = tuple(c.number for c in solved if first_pass(c))
    return Metrics(
        start=start,
        end=end,
        cases=tuple(c.number for c in counted),
        resolution_min=_spread(counted, resolution_time),
        alignment_min=_spread(counted, alignment_time),
        posting_lag_min=_spread(counted, posting_lag),
        first_pass=Rate(len(passed) / len(solved) if solved else None, passed, tuple(c.number for c in solved)),
        open=tuple(c.number for c in counted if c.is_open),
        by_type=_counted(c.type or "other" for c in counted),
        by_line=_counted(c.line or "-" for c in counted),
        by_shift=_counted(shift for c in counted for shift in _shift(plant, c)),
    )


def resolution_time(case: Case) -> float | None:
    """Minutes from the message to fixed *and* reflected by ERP (R1)."""
    return _minutes(case.captured_at, case.closed_at)


def alignment_time(case: Case) -> float | None:
    """Minutes from the event until the last required function has acknowledged its action (R1)."""
    required = [t for t in case.tasks if t.required and t.withdrawn_at is None]
    at = [t.acknowledged_at for t in required if t.acknowledged_at is not None]
    return _minutes(case.since, max(at)) if required and len(at) == len(required) else None


def posting_lag(case: Case) -> float | None:
    """Minutes from the event until ERP has confirmed (R1)."""
    return _minutes(case.since, case.posted_at)


def first_pass(case: Case) -> bool:
    """Resolved without a re-route, without escalation and without coming back (R1, R4)."""
    return case.resolved_at is not None and not (case.rerouted or case.escalated or case.reopened)


def counts(case: Case) -> bool:
    """Whether a case is counted at all: not while it is a draft, and not where it was called off or joined another."""
    return case.status not in ("draft", "cancelled", "merged")


def stands(case: Case) -> bool:
    """Whether something stands, or stood: the line was said to, or a machine broke and nobody said that it runs."""
    broke = case.type == "machine_breakdown" and case.line_stopped is not False
    return case.type in STOPS and (case.line_stopped is True or broke)


def minutes_down(case: Case) -> float | None:
    """How long it stood: what was counted, said or booked, else from the event to solved; no minute twice (R49).

    None where nothing stood, or still does.
    """
    if case.counted_min is not None:
        return case.counted_min
    if case.downtime_min is not None:
        return case.downtime_min
    return (case.resolved_at - case.since) / MINUTE if stands(case) and case.resolved_at is not None else None


def _minutes(start: datetime, end: datetime | None) -> float | None:
    return (end - start) / MINUTE if end is not None else None


def middle_and_p90(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Median and ninetieth percentile, to the tenth of a minute; None where there is no value."""
    if not values:
        return None, None
    p90 = quantiles(values, n=10, method="inclusive")[8] if len(values) > 1 else values[0]
    return round(median(values), 1), round(p90, 1)


def _spread(cases: Sequence[Case], figure: Callable[[Case], float | None]) -> Spread:
    known = [(value, c.number) for c in cases if (value := figure(c)) is not None]
    return Spread(*middle_and_p90([value for value, _ in known]), tuple(number for _, number in known))


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _shift(plant: Plant, case: Case) -> list[str]:
    return [span.shift for span in shifts_at(plant, case.captured_at)[:1]]
