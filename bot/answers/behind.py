"""Which exceptions stand behind a number: one definition for answers, pages, links and lists (R57).

A `Listing` says what is counted. It travels as the query of an address (`/cases?since=…&line=L3`), so that the page
behind a link and the list in a chat show the very exceptions that were counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import parse_qs, urlencode

from sqlalchemy import Connection

from bot.answers.baseline import pairs_of
from bot.answers.periods import shift_spans
from bot.answers.rights import only_lines, sees
from bot.answers.within import Fixed, by_fix
from db import cases, figures, postings, stops
from db.figure_rows import Which
from db.searching import first_reported, resolutions
from db.stops import Standing
from workflow.case import Case
from workflow.metrics import counts, stands
from workflow.plant import Person
from workflow.routing import World

if TYPE_CHECKING:
    from bot.answers.wanted import Wanted

Show = Literal[
    "all", "resolution", "alignment", "posting_lag", "first_pass", "passed", "failed", "still_open",
    "stops", "open", "older", "owed",
]  # fmt: skip
SHOWS: tuple[Show, ...] = get_args(Show)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
NOT_NAMED = "-"  # in an address: the exceptions of which no line, kind, function or machine is known
_NOW = (None, "today", "this_shift")  # "what is open today" asks for all that is


@dataclass(frozen=True, slots=True)
class Listing:
    """Some exceptions: how they are chosen. Nothing said means all; an empty line or kind means that none is known."""

    show: Show = "all"
    since: datetime | None = None
    until: datetime | None = None
    line: str | None = None
    type: str | None = None
    role: str | None = None  # the function that leads
    assets: tuple[str, ...] = ()  # any of them
    shifts: tuple[str, ...] = ()  # of the period these shifts alone
    owner: str | None = None  # who has a part of it that is not done
    late: bool = False
    work_order: str | None = None
    lots: tuple[str, ...] = ()
    by: str | None = None  # side by side: line, type, shift, role, cause
    like: bool = False  # the lines and kinds alone of which there are times from before Linecall
    earlier: tuple[datetime, datetime] | None = None  # what it is compared with
    fix: str | None = None  # of the stops of one machine those that were fixed in this way

    @property
    def stops_by(self) -> str:
        """How its stops are counted side by side: of a shift they are those of the lines."""
        return self.by if self.by in ("type", "role", "cause") else "line"

    @property
    def query(self) -> str:
        """As the query of an address."""
        said: list[tuple[str, str]] = [("show", self.show)] if self.show != "all" else []
        instants = [("since", self.since), ("until", self.until)]
        if self.earlier is not None:
            instants += [("earlier_since", self.earlier[0]), ("earlier_until", self.earlier[1])]
        said += [(name, _iso(at)) for name, at in instants if at is not None]
        for name in _WORDS:
            if (value := getattr(self, _FIELDS.get(name, name))) is not None:
                said.append((name, value or NOT_NAMED))
        for name, values in (("asset", self.assets), ("shift", self.shifts), ("lot", self.lots)):
            said += [(name, value or NOT_NAMED) for value in values]
        said += [(name, "1") for name in ("late", "like") if getattr(self, name)]
        return urlencode(said)


_WORDS = ("line", "type", "role", "owner", "order", "by", "fix")
_FIELDS = {"order": "work_order"}
_SEVERAL = ("asset", "shift", "lot")
_INSTANTS = ("since", "until", "earlier_since", "earlier_until")


def listing_of(query: str | Mapping[str, Sequence[str]]) -> Listing:
    """What an address asks for; what it says wrongly is not said. ValueError where an instant is none."""
    said = parse_qs(query) if isinstance(query, str) else query
    one = {name: values[-1] for name, values in said.items() if values and values[-1]}
    word = {name: _named(one[name]) for name in _WORDS if name in one}
    several = {name: tuple(_named(value) for value in said.get(name, ()) if value) for name in _SEVERAL}
    at = {name: _instant(one[name]) for name in _INSTANTS if name in one}
    shows: Mapping[str, Show] = {name: name for name in SHOWS}
    return Listing(
        shows.get(one.get("show", ""), "all"),
        at.get("since"),
        at.get("until"),
        word.get("line"),
        word.get("type"),
        word.get("role"),
        several["asset"],
        several["shift"],
        word.get("owner"),
        "late" in one,
        word.get("order"),
        several["lot"],
        word.get("by"),
        "like" in one,
        (at["earlier_since"], at["earlier_until"]) if {"earlier_since", "earlier_until"} <= at.keys() else None,
        one.get("fix"),
    )


def listing_for(wanted: Wanted, show: Show = "all") -> Listing:
    """The exceptions that a question is about."""
    now = show == "open" and wanted.named in _NOW
    assets = (wanted.asset,) if wanted.asset is not None else wanted.assets or ()
    return Listing(
        show,
        None if now else wanted.start,
        None if now else wanted.end,
        wanted.line,
        wanted.type,
        assets=assets,
        shifts=wanted.shifts or (),
        owner=wanted.owner,
        late=wanted.late,
        work_order=wanted.work_order,
        lots=wanted.lots or (),
        by=wanted.by,
    )


def which_of(tx: Connection, listing: Listing, asker: Person | None, world: World) -> Which:
    """The rows from which a listing is counted; of an operator's own lines alone, for nobody in particular of all."""
    since, until = listing.since or EVER, listing.until or world.now
    spans: tuple[tuple[datetime, datetime], ...] = ()
    if listing.shifts:
        every = shift_spans(world.plant, max(since, _begins(tx, since)), until)
        spans = tuple((start, end) for name, start, end in every if name in listing.shifts) or ((since, since),)
    return Which(
        since,
        until,
        listing.line,
        listing.type,
        listing.role,
        listing.assets[0] if listing.assets else None,
        only_lines(asker) if asker is not None else (),
        spans,
        (pairs_of(tx, listing.line, listing.type) or (("", ""),)) if listing.like else (),
    )


def numbers(tx: Connection, listing: Listing, asker: Person | None, world: World) -> tuple[str, ...]:
    """The number of every exception of a listing: what is open now as answers have it, all else the latest first."""
    match listing.show:
        case "open":
            return tuple(case.number for case in open_now(tx, listing, asker, world))
        case "older":
            return tuple(case.number for case in older(tx, listing, asker))
        case "owed":
            return tuple(case.number for case in owing(tx, listing, asker, world))
    which = which_of(tx, listing, asker, world)
    if listing.show == "stops":
        found = stops.numbers(tx, which, listing.stops_by, standing(tx, which, asker, world))
        if listing.fix is not None:
            fixes = fixes_of(tx, which, asker, world)
            found = next((one.cases for one in fixes if one.key == listing.fix), ())
    else:
        found = figures.numbers(tx, which, "open" if listing.show == "still_open" else listing.show)
    if not (listing.owner or listing.late or listing.work_order or listing.lots):
        return found
    alive = {case.number for case in cases.open_cases(tx) if _is_asked_for(case, replace(listing, assets=()), world)}
    return tuple(number for number in found if number in alive)


def open_now(tx: Connection, listing: Listing, asker: Person | None, world: World) -> list[Case]:
    """What is open, stopped lines first, then the oldest."""
    found = [c for c in cases.open_cases(tx) if c.type is not None and (asker is None or sees(asker, c))]
    if listing.since is not None:  # "still open from Monday"
        found = [c for c in found if listing.since <= c.since and (listing.until is None or c.since < listing.until)]
    return sorted((c for c in found if _is_asked_for(c, listing, world)), key=_stopped_first)


def older(tx: Connection, listing: Listing, asker: Person | None) -> list[Case]:
    """What was reported before a period and is still open, oldest first: nobody forgets it (R24, R57)."""
    before = listing.since or EVER
    found = [c for c in cases.open_cases(tx) if c.captured_at < before and counts(c) and (not asker or sees(asker, c))]
    return sorted((c for c in found if _fits(c, listing)), key=lambda c: c.captured_at)


def owing(tx: Connection, listing: Listing, asker: Person | None, world: World) -> list[Case]:
    """What ERP has not booked yet of a period, oldest first (R2)."""
    found = cases.of(tx, postings.cases_owing(tx, listing.since or EVER, listing.until or world.now))
    mine = [c for c in found if (asker is None or sees(asker, c)) and _fits(c, listing)]
    return sorted(mine, key=lambda c: c.captured_at)


def standing(tx: Connection, which: Which, asker: Person | None, world: World) -> list[Standing]:
    """What stands now, where the period reaches until now; for nobody in particular, of the whole plant."""
    if which.until < world.now:
        return []
    found = []
    for case in cases.open_cases(tx):
        row = figures.row_of(case)
        fits = all(getattr(which, name) in (None, row[name]) for name in ("line", "type", "asset", "role"))
        if counts(case) and stands(case) and fits and (asker is None or sees(asker, case)):
            found.append(Standing(case.number, row, case.since))
    return found


def fixes_of(tx: Connection, which: Which, asker: Person | None, world: World) -> tuple[Fixed, ...]:
    """The stops of one machine by what fixed them, the longest first."""
    stood = stops.each(tx, which, "line", standing(tx, which, asker, world))
    return by_fix(stood, resolutions(tx, tuple(stood)))


def is_late(case: Case, world: World) -> bool:
    """Whether nobody of the function that leads took it in time, or a promised time is over."""
    lead = case.lead
    if lead is None:
        return False
    overdue = lead.promised_at is not None and lead.promised_at < world.now
    return (lead.waits_for_acknowledgement and lead.step > 0) or overdue


def _is_asked_for(case: Case, listing: Listing, world: World) -> bool:
    mine = listing.owner is None or any(t.live and t.owner == listing.owner for t in case.tasks)
    return _fits(case, listing) and mine and (not listing.late or is_late(case, world))


def _fits(case: Case, listing: Listing) -> bool:
    return (
        listing.line in (None, case.line or "")
        and listing.type in (None, case.type or "other")
        and (listing.role is None or figures.row_of(case)["role"] == listing.role)
        and (listing.work_order is None or listing.work_order in case.work_orders)
        and (not listing.assets or bool(set(listing.assets) & set(case.assets or ("",))))
        and (not listing.lots or bool(set(listing.lots) & set(case.lots)))
    )


def _stopped_first(case: Case) -> tuple[bool, datetime]:
    return not case.line_stopped, case.since


def _begins(tx: Connection, since: datetime) -> datetime:
    """The first report, where a listing has no beginning: nobody counts the shifts since 1970."""
    return since if since > EVER else first_reported(tx) or EVER


def _named(value: str) -> str:
    return "" if value == NOT_NAMED else value


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _instant(said: str) -> datetime:
    at = datetime.fromisoformat(said)
    if at.tzinfo is None:
        raise ValueError("an instant of a link has its zone")
    return at.astimezone(UTC)
