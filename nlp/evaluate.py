"""Scores understanding against a cases file, as the message-cases contract says: per file, language and type."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import permutations
from typing import Any

from nlp.cases import Json, MessageCase, as_context, as_expected, as_message
from nlp.units import unit_class
from workflow.plant import Plant
from workflow.ports import Reader
from workflow.reading import Reading
from workflow.records import Records

LINKS = ("assets", "work_orders", "items", "lots")
_FREES = ("release", "use_as_is")


@dataclass(frozen=True, slots=True)
class Miss:
    """One field of one case that was not read as expected."""

    id: str
    field: str
    expected: Any
    got: Any


@dataclass
class Tally:
    """Counts behind the scores of one group of cases."""

    right: Counter[str] = field(default_factory=Counter)
    of: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)  # F1: ids given
    cases: int = 0
    wrong_links: int = 0
    false_releases: int = 0
    asked: int = 0
    acted_right: int = 0
    milliseconds: list[float] = field(default_factory=list)

    def count(self, name: str, right: bool) -> None:
        """Add one chance to be right."""
        self.of[name] += 1
        self.right[name] += right

    def scores(self) -> dict[str, Any]:
        """Every score with its counts; None where nothing was there to score."""
        out: dict[str, Any] = {}
        for name in ("intent", "type", "safety_recall", "quantity", "time", "disposition", "eta", "answer",
                     "line_stopped", "all_right", "query", "reassign_to", "resolution"):  # fmt: skip
            out[name] = _share(self.right[name], self.of[name])
        for name in ("line", *LINKS):
            both, wanted, given = self.right[f"f:{name}"], self.of[f"f:{name}"], self.found[f"f:{name}"]
            total = wanted + given
            value = 2 * both / total if total else None
            out[name] = {
                "value": None if value is None else round(value, 4),
                "right": both,
                "expected": wanted,
                "got": given,
            }
        low, high = interval(self.false_releases, self.cases)
        out["false_release"] = {"value": self.false_releases, "n": self.cases, "low": low, "high": high}
        out["wrong_link"] = _share(self.wrong_links, self.cases)
        acted = self.cases - self.asked
        out["asks"] = {**_share(self.asked, self.cases), "acted_right": _share(self.acted_right, acted)}
        ordered = sorted(self.milliseconds)
        if ordered:
            out["ms_p50"] = round(ordered[len(ordered) // 2], 3)
            out["ms_p99"] = round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3)
        return out


@dataclass(frozen=True)
class Scored:
    """What `linecall eval` prints."""

    total: Tally
    by_language: Mapping[str, Tally]
    by_type: Mapping[str, Tally]
    misses: Sequence[Miss]

    def as_json(self) -> dict[str, Any]:
        """The document of `linecall eval --json`."""
        return {
            "cases": self.total.cases,
            "scores": self.total.scores(),
            "by_language": {code: {"cases": t.cases, **t.scores()} for code, t in sorted(self.by_language.items())},
            "by_type": {name: {"cases": t.cases, **t.scores()} for name, t in sorted(self.by_type.items())},
            "misses": [{"id": m.id, "field": m.field, "expected": m.expected, "got": m.got} for m in self.misses],
        }


def read_one(reader: Reader, case: MessageCase, plant: Plant, records: Records) -> tuple[Reading, float]:
    """A case's reading and the milliseconds that it took; no state goes from one case to the next."""
    message, context = as_message(case), as_context(case, plant, records)
    began = time.perf_counter_ns()
    reading = reader.read(message, context)
    return reading, (time.perf_counter_ns() - began) / 1e6


def evaluate(
    cases: Iterable[MessageCase], plant: Plant, records: Records, reader: Reader,
    step: Callable[[], object] = lambda: None,
) -> Scored:  # fmt: skip
    """Scores of a reader over cases; `step` is called after each, for a progress bar."""
    total = Tally()
    by_language: dict[str, Tally] = defaultdict(Tally)
    by_type: dict[str, Tally] = defaultdict(Tally)
    misses: list[Miss] = []
    warmed = False
    for case in cases:
        if case.expect is None:
            step()
            continue
        if not warmed:  # building the plant's index belongs to the start, not to the first message
            read_one(reader, case, plant, records)
            warmed = True
        reading, milliseconds = read_one(reader, case, plant, records)
        got = as_expected(reading, plant)
        types = {e["type"] for e in case.expect.get("exceptions") or ()}
        groups = [total, by_language[case.lang], *(by_type[kind] for kind in types)]
        missed = _score(case, got, reading, groups)
        misses += missed
        for tally in groups:
            tally.cases += 1
            tally.milliseconds.append(milliseconds)
        step()
    return Scored(total, by_language, by_type, misses)


def acted_rightly(case: MessageCase, reading: Reading, plant: Plant) -> tuple[bool, bool, bool]:
    """Whether a labelled case was read rightly: its intent, its kinds, its links."""
    missed = {miss.field for miss in _score(case, as_expected(reading, plant), reading, [Tally()])}
    return "intent" not in missed, "type" not in missed, not missed & {"line", *LINKS}


def _score(case: MessageCase, got: Json, reading: Reading, groups: Sequence[Tally]) -> list[Miss]:
    expect = case.expect or {}
    misses: list[Miss] = []

    def count(name: str, right: bool, wanted: Any, given: Any) -> None:
        for tally in groups:
            tally.count(name, right)
        if not right:
            misses.append(Miss(case.id, name, wanted, given))

    count("intent", expect["intent"] == got["intent"], expect["intent"], got["intent"])
    pairs = _matched(expect.get("exceptions") or [], got.get("exceptions") or [])
    links_right = True
    for want, have in pairs:
        count("type", _is(want, "type") == _is(have, "type") and want is not None and have is not None,
              _is(want, "type"), _is(have, "type"))  # fmt: skip
        if want is not None and want["type"] == "safety":
            count("safety_recall", have is not None and have["type"] == "safety", "safety", _is(have, "type"))
        for name in ("line", *LINKS):
            wanted, given = _ids(want, name), _ids(have, name)
            for tally in groups:
                tally.right[f"f:{name}"] += len(wanted & given)
                tally.of[f"f:{name}"] += len(wanted)
                tally.found[f"f:{name}"] += len(given)
            if wanted != given:
                links_right = False
                misses.append(Miss(case.id, name, sorted(wanted), sorted(given)))
        _score_values(want, have, count)
    everything = {i for want, _ in pairs for name in ("line", *LINKS) for i in _ids(want, name)}
    linked = {i for _, have in pairs for name in ("line", *LINKS) for i in _ids(have, name)}
    if linked - everything:
        for tally in groups:
            tally.wrong_links += 1
        misses.append(Miss(case.id, "wrong_link", sorted(everything), sorted(linked)))
    _score_other_fields(expect, got, count)
    if reading.ask is None and _false_release(expect, got):
        for tally in groups:
            tally.false_releases += 1
        misses.append(Miss(case.id, "false_release", expect.get("disposition"), got.get("disposition")))
    types_right = not any(m.field in ("intent", "type") for m in misses)
    right = not misses
    for tally in groups:
        tally.count("all_right", right)
        if reading.ask is not None:
            tally.asked += 1
        else:
            tally.acted_right += types_right and links_right
    return misses


def _score_values(want: Json | None, have: Json | None, count: Callable[[str, bool, Any, Any], None]) -> None:
    if want is None:
        return
    have = have or {}
    if want.get("quantity") is not None:
        count("quantity", same_quantity(want["quantity"], have.get("quantity")), want["quantity"], have.get("quantity"))
    elif have.get("quantity") is not None:
        count("quantity_said", False, None, have["quantity"])
    for name, same in (("started_at", same_time), ("duration_min", same_duration)):
        if want.get(name) is not None:
            count("time", same(want[name], have.get(name)), want[name], have.get(name))
        elif have.get(name) is not None:
            count("time_said", False, None, have[name])
    if want.get("line_stopped") is not None:
        count(
            "line_stopped",
            want["line_stopped"] is have.get("line_stopped"),
            want["line_stopped"],
            have.get("line_stopped"),
        )
    elif have.get("line_stopped") is not None:
        count("line_stopped_said", False, None, have["line_stopped"])


def _score_other_fields(expect: Json, got: Json, count: Callable[[str, bool, Any, Any], None]) -> None:
    if "eta_min" in expect:
        want, have = expect["eta_min"], got.get("eta_min")
        if want is not None:
            count("eta", have is not None and abs(want - have) <= max(5, 0.1 * want), want, have)
        elif have is not None:
            count("eta_said", False, want, have)
    if "disposition" in expect:
        count("disposition", _same_parts(expect["disposition"], got.get("disposition") or []),
              expect["disposition"], got.get("disposition"))  # fmt: skip
    if "resolution" in expect:
        want, have = expect["resolution"], got.get("resolution") or {}
        downtime = same_duration(want["downtime_min"], have.get("downtime_min"))
        scrap = same_quantity(want["scrap"], have.get("scrap"))
        count("resolution", downtime and scrap, want, have)
    if "reassign_to" in expect:
        count(
            "reassign_to",
            expect["reassign_to"] == got.get("reassign_to"),
            expect["reassign_to"],
            got.get("reassign_to"),
        )
    if "query" in expect:
        want, have = expect["query"], got.get("query") or {}
        same = all(want[k] == have.get(k) for k in ("about", "line", "type", "work_order"))
        same = same and all(same_time(want[k], have.get(k)) for k in ("from", "to"))
        count("query", same, want, have)
    if "answer" in expect:
        want, have = expect["answer"], got.get("answer")
        same = same_quantity(want, have) if isinstance(want, dict) else want == have and type(want) is type(have)
        count("answer", same, want, have)


def same_quantity(want: Any, have: Any) -> bool:
    """Value equal and the same unit, whatever its spelling."""
    if want is None or have is None:
        return want is have
    if not isinstance(want, Mapping) or not isinstance(have, Mapping):
        return False
    return abs(want["value"] - have["value"]) < 1e-6 and unit_class(want["uom"]) == unit_class(have["uom"])


def same_time(want: str | None, have: str | None) -> bool:
    """Within five minutes."""
    if want is None or have is None:
        return want is have
    return abs((datetime.fromisoformat(want) - datetime.fromisoformat(have)).total_seconds()) <= 300


def same_duration(want: float | None, have: float | None) -> bool:
    """Within ten per cent."""
    if want is None or have is None:
        return want is have
    return abs(want - have) <= 0.1 * abs(want)


def _same_parts(want: Sequence[Json], have: Sequence[Json]) -> bool:
    if len(want) != len(have):
        return False
    left = list(have)
    for part in want:
        match = next(
            (h for h in left if h["decision"] == part["decision"] and h["lot"] == part["lot"]
             and same_quantity(part["quantity"], h["quantity"])), None
        )  # fmt: skip
        if match is None:
            return False
        left.remove(match)
    return True


def _false_release(expect: Json, got: Json) -> bool:
    said = {(d["decision"], d["lot"]) for d in expect.get("disposition") or () if d["decision"] in _FREES}
    return any((d["decision"], d["lot"]) not in said for d in got.get("disposition") or () if d["decision"] in _FREES)


def _is(exception: Json | None, name: str) -> Any:
    return None if exception is None else exception.get(name)


def _ids(exception: Json | None, name: str) -> set[str]:
    if exception is None:
        return set()
    value = exception.get(name)
    return {value} if isinstance(value, str) else set(value or ())


def _agreement(want: Json, have: Json) -> float:
    score: float = 3.0 * (want["type"] == have["type"])
    for name in ("line", *LINKS):
        score += len(_ids(want, name) & _ids(have, name)) - 0.1 * len(_ids(want, name) ^ _ids(have, name))
    return score


def _matched(want: Sequence[Json], have: Sequence[Json]) -> list[tuple[Json | None, Json | None]]:
    """Exceptions in order of best agreement; a missing or extra one stands alone."""
    size = max(len(want), len(have))
    if size == 0:
        return []
    if size > 6:
        padded = [*have, *[None] * (size - len(have))]
        return [(w, h) for w, h in zip([*want, *[None] * (size - len(want))], padded, strict=True)]
    best: tuple[float, list[tuple[Json | None, Json | None]]] = (float("-inf"), [])
    for order in permutations([*have, *[None] * (size - len(have))]):
        pairs = list(zip([*want, *[None] * (size - len(want))], order, strict=True))
        total = sum(_agreement(w, h) for w, h in pairs if w is not None and h is not None)
        if total > best[0]:
            best = (total, pairs)
    return best[1]


def interval(right: int, of: int) -> tuple[float | None, float | None]:
    """Wilson's interval at 95 %: between which shares the true one lies; of none right or wrong it still says much."""
    if not of:
        return None, None
    z = 1.959964
    share = right / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * (share * (1 - share) / of + z * z / (4 * of * of)) ** 0.5
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def _share(right: int, of: int) -> dict[str, Any]:
    low, high = interval(right, of)
    return {"value": round(right / of, 4) if of else None, "right": right, "n": of, "low": low, "high": high}
