"""The exceptions behind a number, all of them page by page: where every number of an answer or a figure leads (R57)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from bot.answers.behind import NOT_NAMED, SHOWS, Listing, fixes_of, listing_of, numbers, standing, which_of
from bot.answers.groups import groups_of, one_group
from bot.answers.periods import period_of
from bot.answers.within import Fixed
from bot.web.access import Looking, linecall
from bot.web.cut import PERIODS
from bot.web.errors import Declined
from bot.web.rendering import frame, page
from bot.web.search import found_as_row
from bot.web.sight import sight_of
from bot.web.words import capital, clock, voice_for
from bot.wording import quote
from db import cases, figures, stops
from workflow.plant import ROLES, production_day, production_day_span
from workflow.reading import EXCEPTION_TYPES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.web.sight import Sight
    from bot.wording import Voice
    from workflow.plant import Plant
    from workflow.routing import World

routes = APIRouter(include_in_schema=False)

AT_ONCE = 50  # exceptions of a page
LONGEST = 60  # characters of what fixed something
Named = Literal[
    "", "given", "this_shift", "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_year"
]
Word = Annotated[str, Query(max_length=100)]
OF_NOW = ("open", "older", "owed")  # what stands apart from a period
FIGURES = {"all": "n", "first_pass": "solved", "passed": "passed", "still_open": "open"}


@dataclass(frozen=True, slots=True)
class Way:
    """A number that leads on: to a part of the list, or to another one."""

    label: str
    n: str
    query: str
    current: bool = False


@routes.get("/cases")
def cases_page(
    request: Request, caller: Looking, period: Named = "", at: Annotated[int, Query(ge=1)] = 1
) -> HTMLResponse:
    """What the address asks for, as far as who looks may see it; the count above it is the number that led here."""
    app = linecall(request)
    voice, sight, world = voice_for(app, caller.person), sight_of(app, caller), app.world()
    listing = _asked_for(request, period, world.plant, voice.now)
    with app.database.read() as tx:
        found = numbers(tx, listing, sight.person, world)
        shown = found[(at - 1) * AT_ONCE : at * AT_ONCE]
        known = {case.number: case for case in cases.of(tx, shown)}
        tabs = _tabs(tx, listing, sight, world, voice)
        side = _side(tx, listing, sight, world, voice)
        earlier = _earlier(tx, listing, sight, world, voice)
    pages = max(1, -(-len(found) // AT_ONCE))
    facts = {
        "found": [found_as_row(known[number], voice) for number in shown if number in known],
        "n": voice.count("counted.exceptions", len(found)),
        "span": _span(listing, voice),
        "tabs": tabs,
        "side": side,
        "earlier": earlier,
        "at": at,
        "pages": pages,
        "before": _page_query(request, at - 1) if 1 < at <= pages else None,
        "after": _page_query(request, at + 1) if at < pages else None,
        **_form(listing, period, sight, voice),
    }
    return page(request, "cases.html", frame(voice) | facts)


def _asked_for(request: Request, period: str, plant: Plant, now: datetime) -> Listing:
    """The listing of an address; a named period, or days of the form, stand above the instants of a link."""
    said = {name: request.query_params.getlist(name) for name in request.query_params}
    try:
        listing = listing_of(said)
        first, last = (_day(said, name) for name in ("from", "to"))
    except ValueError as error:
        raise Declined(422, "invalid", "A time in this address is none; press the link again.") from error
    if period not in ("", "given"):
        begin, over = period_of(period, None, plant, now)
        return replace(listing, since=begin, until=over, earlier=None)
    if first is None and last is None:
        return listing
    start = production_day_span(plant, first)[0] if first is not None else None
    end = production_day_span(plant, last)[1] if last is not None else None
    return replace(listing, since=start, until=end, earlier=None)


def _day(said: dict[str, list[str]], name: str) -> date | None:
    value = (said.get(name) or [""])[-1]
    return date.fromisoformat(value) if value else None


def _tabs(tx: Connection, listing: Listing, sight: Sight, world: World, voice: Voice) -> list[Way]:
    """Each figure of the same choice of exceptions with how many stand behind it: the number of its own list."""
    if listing.show in OF_NOW:
        return []
    whole = replace(listing, owner=None, late=False, work_order=None, lots=())
    which = which_of(tx, whole, sight.person, world)
    group = one_group(tx, which)
    stood = sum(one.n for one in stops.stood(tx, which, whole.stops_by, standing(tx, which, sight.person, world)))
    n: dict[str, int] = {"stops": stood}
    if group is not None:
        n |= {show: getattr(group, name) for show, name in FIGURES.items()}
        n |= {"failed": group.solved - group.passed} | {name: group.spreads[name].n for name in figures.FIGURES}
    return [
        Way(show_word(show, voice), voice.number(n[show]), replace(whole, show=show).query, show == listing.show)
        for show in SHOWS
        if n.get(show) or (show == listing.show and show in n)
    ]


def _side(tx: Connection, listing: Listing, sight: Sight, world: World, voice: Voice) -> list[Way]:
    """The parts of what was counted side by side, each with its own list."""
    if listing.by is None or listing.show in OF_NOW or (listing.by in ("cause", "fix") and listing.show != "stops"):
        return []
    which = which_of(tx, listing, sight.person, world)
    if listing.show == "stops" and listing.by == "shift":
        each = {
            s.id: len(numbers(tx, replace(listing, shifts=(s.id,)), sight.person, world)) for s in voice.plant.shifts
        }
        return [_part(listing, name, n, voice) for name, n in each.items() if n]
    if listing.by == "fix":
        fixes = fixes_of(tx, which, sight.person, world) if listing.assets else ()
        return [_fix(listing, one, voice) for one in fixes] if listing.fix is None else []
    if listing.show == "stops":
        stood = stops.stood(tx, which, listing.stops_by, standing(tx, which, sight.person, world))
        return [_part(listing, one.key, one.n, voice) for one in stood]
    return [
        _part(listing, group.key, _n_of(group, listing.show), voice)
        for group in groups_of(tx, which, listing.by, world)
    ]


def _n_of(group: figures.Group, show: str) -> int:
    if show == "failed":
        return group.solved - group.passed
    return int(getattr(group, FIGURES[show])) if show in FIGURES else group.spreads[show].n


def _part(listing: Listing, key: str, n: int, voice: Voice) -> Way:
    by = listing.by or ""
    alone = replace(listing, earlier=None)
    if by == "cause":
        asset, _, kind = key.partition(stops.AND)
        name = " · ".join(p for p in (voice.plant.called(asset) or asset, voice.say(f"type.{kind}")) if p)
        return Way(name, voice.number(n), replace(alone, assets=(asset,), type=kind).query)
    if by == "shift":
        return Way(key, voice.number(n), replace(alone, shifts=(key,), by=None).query)
    name = (voice.line(key) if by == "line" else voice.say(f"{by}.{key}")) if key else voice.say("without_one")
    part = {"line": replace(alone, line=key), "type": replace(alone, type=key), "role": replace(alone, role=key)}[by]
    return Way(name, voice.number(n), (part if listing.show == "stops" else replace(part, by=None)).query)


def _fix(listing: Listing, one: Fixed, voice: Voice) -> Way:
    label = voice.say("row.fixed_by", fixed=quote(one.words, LONGEST)) if one.words else voice.say("row.unfixed")
    return Way(label, voice.number(len(one.cases)), replace(listing, fix=one.key).query)


def _earlier(tx: Connection, listing: Listing, sight: Sight, world: World, voice: Voice) -> Way | None:
    """What the number was compared with."""
    if listing.earlier is None:
        return None
    then = replace(listing, since=listing.earlier[0], until=listing.earlier[1], earlier=None)
    n = len(numbers(tx, then, sight.person, world))
    return Way(_span(then, voice), voice.count("counted.exceptions", n), then.query)


def _span(listing: Listing, voice: Voice) -> str:
    since, until = (clock(voice, at, voice.now) if at is not None else "" for at in (listing.since, listing.until))
    if listing.show in ("open", "owed") and not since:
        return ""
    return f"{since} – {until or clock(voice, voice.now)}" if since else voice.say("page.list.any_time")


def _form(listing: Listing, period: str, sight: Sight, voice: Voice) -> dict[str, Any]:
    """What can be chosen, and what is chosen."""
    plant = voice.plant
    mine = [line for line in plant.lines if not sight.lines or line.id in sight.lines]
    days = _whole_days(listing, plant)
    given = period in ("", "given") and days is None and listing.since is not None
    asset = listing.assets[0] if len(listing.assets) == 1 else ""
    owners = [(p.id, p.name) for p in plant.people if not p.shared] if not sight.lines else []
    seen = {line.id for line in mine}
    choices = [
        ("show", "page.list.which", listing.show, [(show, show_word(show, voice)) for show in SHOWS]),
        ("line", "page.record.line", listing.line, [(line.id, line.name) for line in mine]),
        ("type", "page.why.kind", listing.type, [(t, capital(voice.say(f"type.{t}"))) for t in EXCEPTION_TYPES]),
        ("asset", "page.list.asset", asset, [(a.id, a.name) for a in plant.asset.values() if a.line in seen]),
        ("shift", "page.list.shift", next(iter(listing.shifts), ""), [(s.id, s.id) for s in plant.shifts]),
        ("role", "page.list.role", listing.role, [(r, capital(voice.say(f"role.{r}"))) for r in ROLES]),
        ("owner", "page.list.owner", listing.owner, owners),
    ]
    kept = [("order", listing.work_order or ""), *(("lot", lot) for lot in listing.lots)]
    kept += [("since", _z(listing.since)), ("until", _z(listing.until))] if given else []
    kept += [("like", "1")] if listing.like else []
    return {
        "choices": [
            (name, voice.say(label), chosen or "", options) for name, label, chosen, options in choices if options
        ],
        "periods": [(name, voice.say(f"page.figures.{name}")) for name in PERIODS],
        "period": period,
        "given": given,
        "from_day": days[0] if days is not None and period in ("", "given") else "",
        "to_day": days[1] if days is not None and period in ("", "given") else "",
        "late": listing.late,
        "kept": [(name, value) for name, value in kept if value],
        "not_named": NOT_NAMED,
    }


def _whole_days(listing: Listing, plant: Plant) -> tuple[str, str] | None:
    """The first and the last production day of a listing, where it is made of whole ones."""
    if listing.since is None or listing.until is None:
        return None
    first, last = production_day(plant, listing.since), production_day(plant, listing.until - timedelta(seconds=1))
    whole = (production_day_span(plant, first)[0], production_day_span(plant, last)[1])
    return (first.isoformat(), last.isoformat()) if whole == (listing.since, listing.until) else None


def _z(at: datetime | None) -> str:
    return at.isoformat() if at is not None else ""


def _page_query(request: Request, at: int) -> str:
    return str(request.url.include_query_params(at=at).query)


def show_word(show: str, voice: Voice) -> str:
    """What a list shows, in words: a figure by its own name."""
    return voice.say(f"figure.{show}") if show in figures.FIGURES else capital(voice.say(f"page.list.{show}"))
