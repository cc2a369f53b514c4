"""What Prometheus reads: how much waits and for how long, what stands, what ERP was told; counts, never names."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db import addresses, cases, inbox, outbox, postings

if TYPE_CHECKING:
    from bot.app import App
    from db.outbox import Told

STEPS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0)  # seconds; a page has 300 ms


class Requests:
    """How long this process took for each kind of request."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "linecall_http_request_seconds",
            "Time to answer a request, by route and status class",
            ("route", "status"),
            registry=self.registry,
            buckets=STEPS,
        )


class Timed:
    """ASGI middleware that takes the time; streams that stay open are left out."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, and note how long it took until the answer began."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The address as the program declares it: what was filled in is no business of a monitor.
                route = getattr(scope.get("route"), "path", "other") or "static"
                status = f"{message['status'] // 100}xx"
                self._requests.seconds.labels(route, status).observe(time.perf_counter() - start)
            await send(message)

        await self._app(scope, receive, noted)


def registry_of(app: App, requests: Requests) -> CollectorRegistry:
    """Everything that is told now: the plant's rows as they stand, and this process's requests and rounds."""
    registry = CollectorRegistry()
    registry.register(_Rows(app))
    registry.register(_Handed(requests.registry))
    return registry


class _Handed(Collector):
    """What another registry has collected."""

    def __init__(self, other: CollectorRegistry) -> None:
        self._other = other

    def collect(self) -> Iterable[Metric]:
        return self._other.collect()


class _Rows(Collector):
    """Read from the database at each visit: nothing is counted twice, whoever answers."""

    def __init__(self, app: App) -> None:
        self._app = app

    def describe(self) -> Iterable[Metric]:
        return ()  # nothing is read from the database only to know the names

    def collect(self) -> Iterator[Metric]:
        app, now = self._app, self._app.clock.now()
        with app.database.read() as tx:
            unread, due = inbox.unhandled_count(tx), inbox.due(tx, now, 1)
            unsent, waiting = outbox.unsent_count(tx), outbox.waiting(tx, 1)
            set_aside, strangers = inbox.poisoned_count(tx), inbox.stranger_count(tx)
            on_floor = [case for case in cases.open_cases(tx) if case.is_open]
            reported = cases.count(tx)
            states, unbooked = postings.count_by_state(tx), postings.unconfirmed(tx)
            unreachable = len(addresses.dead(tx))
        unanswered = [t.asked_at for case in on_floor for t in case.tasks if t.waits_for_acknowledgement]
        owed = [status.owed_since for status in unbooked if status.owed_since is not None]
        yield _gauge("inbox_unhandled", "Messages stored and not handled yet", unread)
        yield _age("inbox_oldest_seconds", "Age of the oldest of them", [r.received_at for r in due], now)
        yield _gauge("inbox_set_aside", "Messages that could not be handled", set_aside)
        yield _gauge("inbox_strangers", "Messages of people whom the plant does not know", strangers)
        yield CounterMetricFamily("linecall_exceptions", "Exceptions ever reported", value=reported)
        yield _gauge("exceptions_open", "Exceptions still to be solved on the floor", len(on_floor))
        stopped = sum(case.line_stopped is True for case in on_floor)
        yield _gauge("exceptions_line_stopped", "Open exceptions that stop a line", stopped)
        yield _gauge("tasks_unanswered", "Functions asked that have not answered", len(unanswered))
        yield _age("tasks_unanswered_oldest_seconds", "Age of the oldest", unanswered, now)
        due_since = [told.created_at for told in waiting if not _rests(told, now)]
        yield _gauge("outbox_due", "Notices not sent yet", unsent)
        yield _age(
            "outbox_oldest_seconds",
            "Age of the oldest of them",
            due_since,
            now,
        )
        by_state = GaugeMetricFamily("linecall_postings", "ERP transactions by state", labels=("state",))
        for state, n in sorted(states.items()):
            by_state.add_metric((state,), n)
        yield by_state
        yield _age("postings_oldest_seconds", "Age of the oldest that ERP has not taken", owed, now)
        yield _gauge("addresses_unreachable", "Addresses in chats at which nothing arrives any more", unreachable)
        as_of = app.records.as_of
        yield _age("records_age_seconds", "Age of ERP's records", [as_of] if as_of is not None else [], now)
        rounds = GaugeMetricFamily(
            "linecall_round_age_seconds", "Time since the last round of each kind, in this process", labels=("round",)
        )
        for lane, at in sorted(app.beats.items()):
            rounds.add_metric((lane,), max(0.0, time.monotonic() - at))
        yield rounds


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"linecall_{name}", what, value=value)


def _rests(told: Told, now: datetime) -> bool:
    """Whether a notice waits for its person's shift, and not for a chat."""
    return told.due_at is not None and told.due_at > now and told.error is None


def _age(name: str, what: str, since: list[datetime], now: datetime) -> Metric:
    return _gauge(name, what, max(0.0, (now - min(since)).total_seconds()) if since else 0.0)
