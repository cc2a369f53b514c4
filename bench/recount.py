"""Every number of an answer a second time: plain loops over the cases as they were generated, sharing no query of ours.

`Recount.of(name)` says what the answer to a question of `bench/year.py` has to say, `said(name, notice)` what it says.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from bot.answers.periods import shift_spans, weeks
from bot.answers.wanted import Wanted
from workflow.case import Case, Notice
from workflow.routing import World

MINUTE = timedelta(minutes=1)
STOPS = ("machine_breakdown", "changeover_overrun", "material_shortage")  # of the kinds that are generated
FIGURES = ("resolution", "alignment", "posting_lag")
FEW = 5


class Recount:
    """What there is to say about some cases at one moment."""

    def __init__(self, cases: Sequence[Case], world: World, baseline: Sequence[int] = ()) -> None:
        self.cases, self.world, self.now = cases, world, world.now
        self.baseline = baseline  # microseconds
        self.counting = [c for c in cases if c.cancelled_at is None]
        self.open = [c for c in self.counting if c.resolved_at is None]
        self.owing = [c for c in cases if c.closed_at is None]

    def of(self, wanted: Wanted) -> dict[str, Any]:
        """What the answer to a question has to say, under the names that `said` uses."""
        start, end = wanted.start or self.now, wanted.end or self.now
        mine = [c for c in self.counting if start <= c.captured_at < end and self._fits(c, wanted)]
        match wanted.about:
            case "open":
                return {"cases": {c.number for c in self.open if self._fits(c, wanted)}}
            case "who":
                there = [c for c in self.open if self._fits(c, wanted)]
                return {"cases": {c.number for c in there}, "owners": Counter(
                    (t.role, t.owner) for c in there for t in c.tasks if t.done_at is None)}  # fmt: skip
            case "status":
                return {"cases": {c.number for c in self.open if wanted.work_order in c.work_orders}}
            case "history":
                place = [c for c in self.counting if wanted.asset in c.assets][-10:][::-1]
                return {"stops": [(c.number, _near(_down(c)), c.resolution) for c in place]}
            case "holds":
                return {"lots": {lot.id for lot in self.world.records.lots if lot.status == "hold"}}
            case "owed":
                return {"cases": {c.number for c in self.owing}}
            case "case":
                (one,) = [c for c in self.cases if c.number == wanted.case]
                return {"cases": {one.number}, "minutes": _near(_down(one))}
            case "count":
                return {
                    "n": len(mine),
                    "down": self._down_in_all(start, end),
                    "open": sum(c in self.open for c in mine),
                }
            case "downtime":
                by = wanted.by or "line"
                found = {"down": self._down_in_all(start, end), "by": self.stood(start, end, lambda c: getattr(c, by))}
                return found | ({"shifts": self.by_shift(start, end)} if by == "line" else {})
            case "causes":
                sums = self.stood(start, end, lambda c: (c.assets[0] if c.assets else "", c.type))
                first = sorted(sums.items(), key=lambda row: -row[1][1])[:6]
                return {"down": self._down_in_all(start, end), "causes": dict(first)}
            case "summary":
                older = {c.number for c in self.open if c.captured_at < start}
                owing = {c.number for c in self.owing if start <= c.captured_at < end}
                figures = figures_of(mine)
                return {"n": len(mine), "open": sum(c.resolved_at is None for c in mine), "older": older,
                        "owing": owing, "down": self._down_in_all(start, end),
                        "figures": {k: figures[k] for k in (*FIGURES, "first_pass")}}  # fmt: skip
            case "metrics" if wanted.against == "baseline":
                like = [c for c in mine if (c.line, c.type) == ("L3", "machine_breakdown")]  # as the times from before
                return {"figures": figures_of(like), "earlier": _spread([us / 6e7 for us in self.baseline])}
            case "metrics" if wanted.against == "before":
                then = [c for c in self.counting if start - (end - start) <= c.captured_at < start]
                found = {"n": len(mine), "earlier_n": len(then), "figures": figures_of(mine)}
                return found | {"earlier": figures_of(then)["resolution"], "weeks": self.by_week(start, end)}
            case "metrics" if wanted.by is not None:
                groups: dict[str, list[Case]] = defaultdict(list)
                for c in mine:
                    groups[self._group(c, wanted.by)].append(c)
                return {"groups": {key: (len(some), figures_of(some)) for key, some in groups.items()}}
            case "metrics":
                return {"n": len(mine), "figures": figures_of(mine), "weeks": self.by_week(start, end)}
            case "improve":
                return self.improve(mine)
        return {}

    def stood(self, start: datetime, end: datetime, key: Callable[[Case], Any]) -> dict[Any, tuple[int, float]]:
        """How many stops and minutes for each key; of stops of one machine that overlap no minute twice."""
        sums: dict[Any, list[float]] = defaultdict(lambda: [0, 0.0])
        for case, begins, ends in self._stops(start, end):
            sums[key(case)][0] += 1
            sums[key(case)][1] += (ends - begins) / MINUTE
        return {name: (int(n), _near(minutes) or 0.0) for name, (n, minutes) in sums.items()}

    def by_shift(self, start: datetime, end: datetime) -> dict[tuple[str, str], float]:
        """Minutes down of each line in each shift."""
        spans = shift_spans(self.world.plant, start, end)
        sums: dict[tuple[str, str], float] = defaultdict(float)
        first = 0
        for case, begins, ends in sorted(self._stops(start, end), key=lambda stop: stop[1]):
            while spans[first][2] <= begins - timedelta(days=2) and first + 1 < len(spans):
                first += 1
            for name, opens, closes in spans[first:]:
                if opens >= ends:
                    break
                sums[case.line or "", name] += max(0.0, (min(ends, closes) - max(begins, opens)) / MINUTE)
        return {key: round(minutes, 1) for key, minutes in sums.items() if minutes > 0.05}

    def by_week(self, start: datetime, end: datetime) -> dict[str, tuple[float, float, int]]:
        """Median and p90 of the resolution time of each of the last twelve weeks."""
        spans = weeks(self.world.plant, min(start, end - timedelta(weeks=8)), end)[-12:]
        found = {}
        for name, opens, closes in spans:
            values = [_resolution(c) for c in self.counting if opens <= c.captured_at < min(closes, end)]
            if (spread := _spread([v for v in values if v is not None]))[2]:
                found[name] = spread
        return found

    def improve(self, mine: Sequence[Case]) -> dict[str, Any]:
        """First passes that failed and why, the rules that went up most, and what another deadline would change."""
        solved = [c for c in mine if c.resolved_at is not None]
        again = [c for c in solved if not _at_once(c)]
        why: Counter[str] = Counter()
        for c in again:
            why["corrected"] += c.rerouted > 0
            why["reopened"] += c.reopened > 0
            why["escalated"] += sum(t.escalated for t in c.tasks)
        rules: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for c in mine:
            for t in c.tasks:
                rules[t.why, t.role].append(t)
        ups = {rule: (len(tasks), sum(t.escalated for t in tasks)) for (rule, _), tasks in rules.items()}
        tries = {}
        for (rule, _), tasks in rules.items():
            if len(tasks) < FEW or ups[rule][1] / len(tasks) < 0.5:
                continue
            waited = [(t.acknowledged_at - t.asked_at) / MINUTE for t in tasks if t.acknowledged_at is not None]
            after = timedelta(minutes=ceil(_spread(waited)[1] / 5 - 1e-9) * 5)
            first = [next((s.after for s in t.ladder if s.tell), None) for t in tasks]
            sooner = sum(at is not None and at < after for at in first)
            if sooner:
                tries[rule] = (f"{after // MINUTE} min", sooner)
        most = dict(sorted(ups.items(), key=lambda row: (-row[1][1], -row[1][0], row[0]))[:3])
        most = {rule: times for rule, times in most.items() if times[1]}
        return {"solved": len(solved), "at_once": len(solved) - len(again), "why": +why, "up": most, "tries": tries}

    def _stops(self, start: datetime, end: datetime) -> list[tuple[Case, datetime, datetime]]:
        machines: dict[tuple[str, str], list[tuple[datetime, datetime, int]]] = defaultdict(list)
        for i, c in enumerate(self.counting):
            if _stands(c):
                begins, ends = max(c.occurred_at or c.captured_at, start), min(c.resolved_at or end, end)
                if ends > begins:
                    machines[c.line or "", c.assets[0] if c.assets else ""].append((begins, ends, i))
        found = []
        for stops in machines.values():
            reached = start
            for begins, ends, i in sorted(stops):
                adds_from = min(max(begins, reached), ends)
                found.append((self.counting[i], adds_from, ends))
                reached = max(reached, ends)
        return found

    def _down_in_all(self, start: datetime, end: datetime) -> tuple[int, float]:
        return self.stood(start, end, lambda _: "").get("", (0, 0.0))

    def _fits(self, case: Case, wanted: Wanted) -> bool:
        return wanted.line in (None, case.line) and (wanted.asset is None or wanted.asset in case.assets)

    def _group(self, case: Case, by: str) -> str:
        if by == "role":
            return case.tasks[0].role
        if by == "shift":
            spans = shift_spans(self.world.plant, case.captured_at, case.captured_at + timedelta(seconds=1))
            return spans[0][0]
        return str(getattr(case, by))


def said(wanted: Wanted, notice: Notice) -> dict[str, Any]:
    """What an answer says, under the same names."""
    facts: Mapping[str, Any] = notice.facts
    items = facts.get("items") or ()
    named = {item["case"] for item in items}
    match wanted.about:
        case "open" | "status" | "owed":
            return {"cases": named}
        case "who":
            owners = Counter((o["role"], o["who"]) for item in items for o in item["owners"])
            return {"cases": named, "owners": owners}
        case "history":
            return {"stops": [(s["case"], _near(s["minutes"]), s["action"] or "") for s in facts["stops"]]}
        case "holds":
            return {"lots": {row["lot"] for row in facts["held"]}}
        case "case":
            return {"cases": {facts["case"]}, "minutes": _near(facts["minutes"])}
        case "count":
            return {"n": facts["n"], "down": _down_fact(facts["down"]), "open": facts["open"]["n"]}
        case "downtime":
            by = {next(iter(row["counted_of"].values())): _down_fact(row["down"]) for row in facts["stood"]}
            shifts = {(row["counted_of"]["line"], one["shift"]): round(one["minutes"], 1) for row in facts["stood"]
                      for one in row.get("shifts") or () if one["minutes"] > 0.05}  # fmt: skip
            found = {"down": _down_fact(facts["down"]), "by": by}
            return found | ({"shifts": shifts} if (wanted.by or "line") == "line" else {})
        case "causes":
            rows = {
                ((row["assets"] or [""])[0], row["type"]): (row["n"], _near(row["minutes"])) for row in facts["causes"]
            }
            return {"down": _down_fact(facts["down"]), "causes": rows}
        case "summary":
            return {"n": facts["n"], "open": facts["open"]["n"], "older": set(facts["older"]),
                    "owing": set(facts["not_booked"]), "down": _down_fact(facts["down"]),
                    "figures": _figures_fact(facts)}  # fmt: skip
        case "metrics" if wanted.against == "baseline":
            return {"figures": _figures_fact(facts), "earlier": _spread_fact(facts["earlier_resolution"])}
        case "metrics" if wanted.against == "before":
            found = {"n": facts["n"], "earlier_n": facts["earlier_n"], "figures": _figures_fact(facts)}
            return found | {"earlier": _spread_fact(facts["earlier_resolution"]), "weeks": _weeks_fact(facts)}
        case "metrics" if wanted.by is not None:
            rows = {next(iter(row["counted_of"].values())): (row["n"], _figures_fact(row)) for row in facts["groups"]}
            return {"groups": rows}
        case "metrics":
            return {"n": facts["n"], "figures": _figures_fact(facts), "weeks": _weeks_fact(facts)}
        case "improve":
            first = facts["first_pass"]
            return {"solved": first["n"], "at_once": first["yes"],
                    "why": Counter({row["why_not"]: row["n"] for row in facts["reasons"]}),
                    "up": {row["rule"]: (row["n"], row["up"]) for row in facts["went_up"]},
                    "tries": {row["rule"]: (row["be"], row["n"]) for row in facts["tries"]}}  # fmt: skip
    return {}


def figures_of(some: Iterable[Case]) -> dict[str, Any]:
    """The three times and the first-pass rate: median, p90 and how many; how many passed of how many."""
    minutes: dict[str, list[float]] = {name: [] for name in FIGURES}
    passed = solved = 0
    for c in some:
        began = c.occurred_at or c.captured_at
        if c.closed_at is not None:
            minutes["resolution"].append((c.closed_at - c.captured_at) / MINUTE)
        if c.posted_at is not None:
            minutes["posting_lag"].append((c.posted_at - began) / MINUTE)
        answered = [t.acknowledged_at for t in c.tasks if t.acknowledged_at is not None]
        if len(answered) == len(c.tasks):
            minutes["alignment"].append((max(answered) - began) / MINUTE)
        if c.resolved_at is not None:
            solved += 1
            passed += _at_once(c)
    return {name: _spread(values) for name, values in minutes.items()} | {"first_pass": (passed, solved)}


def _spread(values: list[float]) -> tuple[float, float, int]:
    if not values:
        return 0.0, 0.0, 0
    values = sorted(values)
    half = len(values) // 2
    middle = values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
    at = (len(values) - 1) * 0.9
    p90 = values[int(at)] + (at - int(at)) * (values[min(int(at) + 1, len(values) - 1)] - values[int(at)])
    return round(middle, 1), round(p90, 1), len(values)


def _resolution(case: Case) -> float | None:
    return (case.closed_at - case.captured_at) / MINUTE if case.closed_at is not None else None


def _at_once(case: Case) -> bool:
    return not (case.rerouted or case.reopened or any(t.escalated for t in case.tasks))


def _stands(case: Case) -> bool:
    broke = case.type == "machine_breakdown" and case.line_stopped is not False
    return case.type in STOPS and (case.line_stopped is True or broke)


def _down(case: Case) -> float | None:
    if not _stands(case) or case.resolved_at is None:
        return None
    return (case.resolved_at - (case.occurred_at or case.captured_at)) / MINUTE


def _near(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes, 2)


def _down_fact(down: Mapping[str, Any]) -> tuple[int, float]:
    return down["n"], _near(down["minutes"]) or 0.0


def _spread_fact(spread: Mapping[str, Any]) -> tuple[float, float, int]:
    return spread["median"] or 0.0, spread["p90"] or 0.0, spread["n"]


def _figures_fact(facts: Mapping[str, Any]) -> dict[str, Any]:
    empty = {"median": None, "p90": None, "n": 0, "yes": 0}  # a summary leaves out what nothing stands behind
    spreads = {name: _spread_fact(facts.get(name) or empty) for name in FIGURES}
    first = facts.get("first_pass") or empty
    return spreads | {"first_pass": (first["yes"], first["n"])}


def _weeks_fact(facts: Mapping[str, Any]) -> dict[str, tuple[float, float, int]]:
    return {row["week"]: (row["minutes"], row["p90"], row["n"]) for row in facts.get("weeks") or ()}


def differing(wanted: Wanted, found: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    """What an answer says otherwise, in words; rounding at the last digit is forgiven."""
    return [f"{wanted.about}.{name}: {found.get(name)} is not {right[name]}" for name in right
            if not _same(found.get(name), right[name])]  # fmt: skip


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 0.1001 + abs(other) * 1e-9
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)
