"""Which part of the plant's figures a page shows: a period by its name or its days, a line, a kind, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query, Request

from bot.answers.behind import Listing, which_of
from bot.answers.compared import earlier_which
from bot.answers.periods import before, period_of
from bot.web.access import Caller, linecall
from bot.web.errors import Declined
from bot.web.sight import sight_of
from db.figure_rows import Which
from workflow.plant import Plant, production_day_span
from workflow.reading import ExceptionType

PERIODS = ("this_shift", "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_year")
Period = Literal["this_shift", "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_year"]
Cuts = Literal["line", "type", "shift", "role"]
CUTS: tuple[Cuts, ...] = ("line", "type", "shift", "role")
During = Annotated[Period, Query(description="of which time, by the plant's production days")]
First = Annotated[str, Query(alias="from", max_length=10, description="the first production day, in place of a period")]
Last = Annotated[str, Query(alias="to", max_length=10, description="the last production day, in place of a period")]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: what it is called, from when until when, and how it is asked for again."""

    period: str  # "" for days
    since: datetime
    until: datetime
    query: str

    @property
    def called(self) -> str:
        """A name for a file or a log."""
        return self.period or self.query.replace("from=", "").replace("&to=", "-to-")


@dataclass(frozen=True, slots=True)
class Cut:
    """The same with what narrows it down, and what stands side by side."""

    span: Span
    by: Cuts = "line"
    line: str | None = None
    type: ExceptionType | None = None

    @property
    def query(self) -> str:
        """As the query of an address, without what stands side by side."""
        said = [(name, value) for name, value in (("line", self.line), ("type", self.type)) if value is not None]
        return "&".join(part for part in (self.span.query, urlencode(said)) if part)

    @property
    def listing(self) -> Listing:
        """The exceptions that are counted."""
        return Listing(since=self.span.since, until=self.span.until, line=self.line, type=self.type)

    def which(self, request: Request, caller: Caller) -> Which:
        """The rows that are counted, of those that a caller may see."""
        app = linecall(request)
        with app.database.read() as tx:
            return which_of(tx, self.listing, sight_of(app, caller).person, app.world())

    def earlier(self, which: Which, plant: Plant, now: datetime) -> Which:
        """The same of the period before, of the same kind."""
        start, end = before(self.span.since, self.span.until, self.span.period or "span", plant, now)
        return earlier_which(which, start, end or self.span.since, (), plant)


def span_of(request: Request, period: str, first: str, last: str) -> Span:
    """The stretch of time of a request; 422 where a day is none or the last one is before the first."""
    app = linecall(request)
    now = app.clock.now()
    if not first and not last:
        start, end = period_of(period, None, app.plant, now)
        return Span(period, start, end or now, f"period={period}")
    try:
        begin = date.fromisoformat(first or last)
        over = date.fromisoformat(last or first)
        since, until = production_day_span(app.plant, begin)[0], production_day_span(app.plant, over)[1]
    except (ValueError, OverflowError) as error:
        raise Declined(422, "invalid", "`from` and `to` are days: 2026-11-17.") from error
    if until <= since:
        raise Declined(422, "invalid", "`to` is before `from`.")
    return Span("", since, until, f"from={begin.isoformat()}&to={over.isoformat()}")


def _of_week(
    request: Request,
    period: During = "this_week",
    first: First = "",
    last: Last = "",
) -> Span:
    return span_of(request, period, first, last)


def _of_month(
    request: Request,
    period: During = "this_month",
    first: First = "",
    last: Last = "",
) -> Span:
    return span_of(request, period, first, last)


def _cut(
    request: Request,
    span: Annotated[Span, Depends(_of_week)],
    by: Annotated[Cuts, Query(description="what stands side by side")] = "line",
    line: Annotated[str, Query(max_length=100, description="id of a line: of it alone")] = "",
    type: Annotated[ExceptionType | Literal[""], Query(description="a kind: of it alone")] = "",  # noqa: A002 - the contract's word
) -> Cut:
    return Cut(span, by, line if line in linecall(request).plant.line else None, type or None)


OfMonth = Annotated[Span, Depends(_of_month)]
Chosen = Annotated[Cut, Depends(_cut)]
