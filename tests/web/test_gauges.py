"""What Prometheus reads is what the records say, what the dashboard asks for exists, and nobody is named in it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.web.door import BREAKDOWN, OpenDoor

ROOT = Path(__file__).resolve().parent.parent.parent
NAMED = re.compile(r"\blinecall_[a-z_]+")
AFTERWARDS = ("_bucket", "_count", "_sum", "_created")  # of a histogram


def told(door: OpenDoor) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of `/metrics`, read by Prometheus' own parser."""
    answer = door.someone.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def test_prometheus_hears_how_much_waits_and_for_how_long(door: OpenDoor) -> None:
    door.erp.away = True
    door.writes("maria.lopez", BREAKDOWN)
    door.passes(minutes=4)
    open_ = told(door)
    assert open_["linecall_exceptions_total", ()] == 1
    assert open_["linecall_exceptions_open", ()] == 1
    assert open_["linecall_exceptions_line_stopped", ()] == 1
    waiting = [t for t in door.cases()[0].tasks if t.waits_for_acknowledgement]
    assert open_["linecall_tasks_unanswered", ()] == len(waiting) > 0
    assert open_["linecall_tasks_unanswered_oldest_seconds", ()] == 240

    door.writes("gary.lindqvist", "running again, cleared the jam, down 20 min")
    door.passes(minutes=10)
    solved = told(door)
    assert solved["linecall_exceptions_open", ()] == 0
    states = {labels[0][1]: n for (name, labels), n in solved.items() if name == "linecall_postings"}
    listed = [p["state"] for p in door.someone.get("/api/postings").json()]
    assert {state: n for state, n in states.items() if n} == {state: listed.count(state) for state in listed}
    assert solved["linecall_postings_oldest_seconds", ()] == 600


def test_each_route_is_timed_under_its_own_name_and_not_under_what_was_filled_in(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)
    door.someone.get("/cases/EX-1001")
    door.someone.get("/cases/EX-4711")
    door.someone.get("/nowhere/at/all")

    counted = {labels: n for (name, labels), n in told(door).items() if name == "linecall_http_request_seconds_count"}

    def n(route: str, status: str) -> float:
        return counted.get((("route", route), ("status", status)), 0)

    assert n("/cases/{number}", "2xx") == 1
    assert n("/cases/{number}", "4xx") == 1
    assert n("other", "4xx") == 1
    assert not any("EX-" in value or "nowhere" in value for labels in counted for _, value in labels)


def test_every_query_of_the_dashboard_names_a_metric_that_exists_and_every_metric_is_documented(door: OpenDoor) -> None:
    door.app.beats["inbox"] = time.monotonic()  # as a running engine leaves it
    door.someone.get("/board")
    exists = {name for name, _ in told(door)}
    whole = {name.removesuffix(end) for name in exists for end in ("", *AFTERWARDS)}
    dashboard = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text("utf-8"))
    asked = [query for query in _queries(dashboard) if "linecall_" in query]
    assert len(asked) > 15
    assert {name for query in asked for name in NAMED.findall(query)} <= exists
    assert [query for query in asked if "label_values" not in query and not reads_as_promql(query)] == []

    page = (ROOT / "docs" / "operate.md").read_text("utf-8")
    documented = set(NAMED.findall(page))
    assert documented <= whole
    gauges = {name for name in exists if not name.endswith(AFTERWARDS)}
    assert gauges <= documented
    assert gauges - {name for query in asked for name in NAMED.findall(query)} == set(), "the dashboard shows all of it"


FUNCTIONS = {"increase", "rate", "histogram_quantile"}
AGGREGATIONS = {"max", "sum", "min", "avg", "count"}
TOKEN = re.compile(
    r'\s*(?:([A-Za-z_][A-Za-z0-9_]*)|([0-9.]+)(?![a-z0-9])|("[^"\n]*")|(\[[0-9]+[smhd]\])|(=~|!~|!=|[(){},=]))'
)


def reads_as_promql(query: str) -> bool:
    """Whether a query is one of PromQL, of the part of it that a dashboard of ours needs: a strict small grammar.

    A selector with quoted labels, `rate` and its like over a range, `max by (state) (…)`, `histogram_quantile`.
    """
    parts: list[str] = []
    while query.strip():
        found = TOKEN.match(query)
        if found is None:
            return False
        parts.append(found[0].strip())
        query = query[found.end() :]
    try:
        return _expression(parts) in ("vector", "number") and not parts
    except (IndexError, ValueError):
        return False


def _expression(parts: list[str]) -> str:
    name = parts.pop(0)
    if name in AGGREGATIONS:
        if parts[0] == "by":
            parts.pop(0)
            _list(parts, "()", lambda: _word(parts))
        return _called(parts, ("vector",))
    if name in FUNCTIONS:
        return _called(parts, ("number", "vector") if name == "histogram_quantile" else ("range",))
    if name[0].isdigit():
        return "number"
    if not NAMED.fullmatch(name):
        raise ValueError(name)
    if parts and parts[0] == "{":
        _list(parts, "{}", lambda: _label(parts))
    if parts and parts[0].startswith("["):
        parts.pop(0)
        return "range"
    return "vector"


def _called(parts: list[str], wanted: tuple[str, ...]) -> str:
    kinds: list[str] = []
    _list(parts, "()", lambda: kinds.append(_expression(parts)))
    if tuple(kinds) != wanted:
        raise ValueError(f"{kinds} where {wanted} belongs")
    return "vector"


def _list(parts: list[str], ends: str, one: Callable[[], object]) -> None:
    _take(parts, ends[0])
    one()
    while parts[0] == ",":
        parts.pop(0)
        one()
    _take(parts, ends[1])


def _label(parts: list[str]) -> None:
    _word(parts)
    if parts.pop(0) not in ("=", "!=", "=~", "!~"):
        raise ValueError("no comparison")
    if not parts[0].startswith('"'):
        raise ValueError("no quoted text")
    re.compile(parts.pop(0))


def _word(parts: list[str]) -> None:
    if not parts.pop(0).isidentifier():
        raise ValueError("no name")


def _take(parts: list[str], wanted: str) -> None:
    if parts.pop(0) != wanted:
        raise ValueError(wanted)


@pytest.mark.parametrize(
    "query",
    [
        "max(linecall_x", "max linecall_x", "max(linecall_x))", "rate(linecall_x)", "max(linecall_x[5m])",
        "sum by state (linecall_x)", 'linecall_x{state=posted}', 'linecall_x{state~"posted"}', "rate(linecall_x[5])",
        "histogram_quantile(linecall_x, 0.95)", "mean(linecall_x)", "", "max(other_x)",
    ],
)  # fmt: skip
def test_what_is_no_query_is_told_apart(query: str) -> None:
    assert not reads_as_promql(query)


def _queries(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        own = [tree[key] for key in ("expr", "query") if isinstance(tree.get(key), str)]
        return own + [query for value in tree.values() for query in _queries(value)]
    return [query for value in tree for query in _queries(value)] if isinstance(tree, list) else []
