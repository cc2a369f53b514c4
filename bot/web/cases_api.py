"""Exceptions for programs: every one, page by page, or those behind a figure, chosen as the page of lists chooses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, get_args

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from bot.answers.behind import Listing, Show, numbers
from bot.answers.periods import period_of
from bot.views import case_json
from bot.web.access import Looking, linecall
from bot.web.cut import Period
from bot.web.documents import CaseOf, WholeCase
from bot.web.errors import Declined, refuses
from bot.web.sight import case_for, sight_of
from db import cases
from workflow.case import Status
from workflow.plant import Role
from workflow.reading import EXCEPTION_TYPES, ExceptionType

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from bot.web.sight import Sight
    from workflow.case import Case

routes = APIRouter(prefix="/api")

HOW_MANY = "at most so many"
Numbered = Annotated[str, Path(description="its number, as people say it: EX-1042")]
MOST_CASES = 500
MOST_PAGES = 1_000_000
Word = Annotated[str | None, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class Behind:
    """What chooses the exceptions behind a figure: a program that says none of it gets every exception."""

    show: Annotated[
        Show | None,
        Query(description="the exceptions behind a figure, as /cases counts them: those that count, without drafts, "
              "false alarms and merged ones. `all` of the period, those of which a figure is known, `first_pass`: the "
              "solved ones, `passed` and `failed` at the first go, `still_open` of the period, `stops` that stood in "
              "it, `open` now, `older`: open from before it, `owed`: not in ERP yet"),
    ] = None  # fmt: skip
    shift: Annotated[str | None, Query(max_length=100, description="id of a shift: reported in it, or stood in it")] = (
        None
    )
    role: Annotated[Role | None, Query(description="the function that leads")] = None
    owner: Annotated[
        str | None, Query(max_length=100, description="id of a person who has a part that is not done")
    ] = None
    late: Annotated[bool, Query(description="only what is late now")] = False

    @property
    def said(self) -> bool:
        """Whether any of it was asked for."""
        return any((self.show, self.shift, self.role, self.owner, self.late))


@routes.get("/cases", response_model=list[CaseOf], summary="Exceptions, newest first")
def list_cases(
    request: Request,
    response: Response,
    caller: Looking,
    behind: Annotated[Behind, Depends()],
    status: Annotated[Status | None, Query(description=", ".join(get_args(Status)))] = None,
    line: Annotated[str | None, Query(description="id of a line of plant.yaml")] = None,
    type: Annotated[ExceptionType | None, Query(description=", ".join(EXCEPTION_TYPES))] = None,  # noqa: A002 - the contract's word
    asset: Annotated[str | None, Query(max_length=100, description="id of a machine")] = None,
    period: Annotated[Period | None, Query(description="a period by its name, in place of `from` and `to`")] = None,
    from_: Annotated[str | None, Query(alias="from", description="reported then or later: ISO date or time")] = None,
    to: Annotated[str | None, Query(description="reported before: ISO date or time")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CASES, description=HOW_MANY)] = 200,
    page: Annotated[int, Query(ge=1, le=MOST_PAGES, description="the first is 1; `Link` leads to the next")] = 1,
) -> list[dict[str, Any]]:
    """Each with its tasks, postings and log; of their own lines alone for an operator who is signed in.

    The header `Link` has the address of the next page as `rel="next"`. With `show`, `shift`, `role`, `owner` or `late`
    the answer has the exceptions of the page /cases, and `X-Total-Count` says how many there are; `open` has stopped
    lines first.
    """
    app = linecall(request)
    if line is not None and line not in app.plant.line:
        raise Declined(422, "invalid", f"`line` is one of {', '.join(app.plant.line)}.")
    since, until = _span(app, period, from_, to)
    sight, offset = sight_of(app, caller), (page - 1) * limit
    with app.database.read() as tx:
        if behind.said:
            if status is not None:
                raise Declined(422, "invalid", "`status` goes without `show`, `shift`, `role`, `owner` and `late`.")
            listing = Listing(
                behind.show or "all", since, until, line, type, behind.role, (asset,) if asset else (),
                (behind.shift,) if behind.shift else (), behind.owner, behind.late,
            )  # fmt: skip
            shown, total = _listed(tx, listing, sight, app, offset, limit)
            response.headers["X-Total-Count"] = str(total)
            more = offset + limit < total
        else:
            found = cases.find(
                tx, status=status, line=line, type=type, asset=asset, since=since, until=until,
                within=sight.within, limit=limit + 1, offset=offset,
            )[::-1]  # fmt: skip
            shown, more = found[:limit], len(found) > limit
        if more:
            query = request.url.include_query_params(page=page + 1).query
            response.headers["Link"] = f'</api/cases?{query}>; rel="next"'
        return [case_json(tx, case) for case in shown]


def _listed(
    tx: Connection, listing: Listing, sight: Sight, app: App, offset: int, limit: int
) -> tuple[tuple[Case, ...], int]:
    found = numbers(tx, listing, sight.person, app.world())
    known = {case.number: case for case in cases.of(tx, found[offset : offset + limit])}
    return tuple(known[number] for number in found[offset : offset + limit] if number in known), len(found)


def _span(
    app: App, period: Period | None, from_: str | None, to: str | None
) -> tuple[datetime | None, datetime | None]:
    if period is not None:
        return period_of(period, None, app.plant, app.clock.now())
    since, until = instant(app, "from", from_), instant(app, "to", to)
    if since is not None and until is not None and until < since:
        raise Declined(422, "invalid", "`to` is before `from`.")
    return since, until


@routes.get(
    "/cases/{number}",
    response_model=WholeCase,
    responses=refuses(404),
    summary="One exception with its log, tasks, notices and postings",
)
def one_case(request: Request, caller: Looking, number: Numbered) -> dict[str, Any]:
    """404 where there is none of this number, or none for who asks."""
    app = linecall(request)
    with app.database.read() as tx:
        return case_json(tx, case_for(app, tx, caller, number), full=True)


def instant(app: App, name: str, said: str | None) -> datetime | None:
    """A time from a query; without a zone it is the plant's own clock."""
    if said is None:
        return None
    try:
        at = datetime.fromisoformat(said.replace(" ", "+"))  # a `+` that a browser read as a blank
        return (at if at.tzinfo else at.replace(tzinfo=app.plant.zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Declined(
            422, "invalid", f"`{name}` is no date or time; write 2026-11-17 or 2026-11-17T06:00-06:00."
        ) from error
