"""What the other intents carry: promises, what was done, who takes over, what is asked of the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

from nlp.kinds import CUE_OF, Part
from nlp.linking import link
from nlp.sheet import Sheet
from nlp.times import Moment, eta_minutes, instant
from nlp.units import amounts, plant_uom
from workflow.plant import ROLES, production_day, production_day_span
from workflow.reading import About, ExceptionType, Quantity, Query, Resolution


def read_eta(sheet: Sheet) -> float | None:
    """Minutes from the message until it is done or the sender is there; a bound counts as said."""
    found = eta_minutes(sheet.moments, sheet.context.plant, sheet.context.now)
    if found is not None:
        return found[0]
    for _, end in sheet.group("give_me"):
        number = next((n for n in sheet.numbers if end <= n.start <= end + 1 and not n.article), None)
        if number is None or not 1 <= number.value <= 180:
            continue
        if not any(m.start <= number.start < m.end for m in sheet.mentions if m.what != "line"):
            return number.value
    return None


def read_waiting(sheet: Sheet) -> str | None:
    """The thing that the work waits for, in the sender's words (R32)."""
    for _, end in sheet.group("waiting_for"):
        stop = next((i for i in range(end, len(sheet.tokens)) if sheet.tokens[i].breaks), len(sheet.tokens))
        words = sheet.words(end, min(stop, end + 6))
        if words:
            return words
    return None


def read_resolution(sheet: Sheet) -> Resolution:
    """What was done, how long it stood, what was lost."""
    downtime = next((m.minutes for m in sheet.moments if m.kind == "duration" and m.role not in ("in", "ago")), None)
    scrap = None
    for start, end in _scrap_spans(sheet):
        near = [a for a in amounts(sheet, max(0, start - 4), min(len(sheet.tokens), end + 5)) if a.unit != "measure"]
        near = [a for a in near if a.unit not in ("people",)]
        if near:
            amount = min(near, key=lambda a: min(abs(a.start - end), abs(start - a.end)))
            items = sheet.context.thread.items if sheet.context.thread is not None else ()
            made = sheet.index.packed_in[0] if sheet.index.packed_in else ""
            scrap = Quantity(amount.value, plant_uom(amount.unit, sheet.index, items) or made)
    if scrap is None:
        scrap = _spoilt(sheet)
    return Resolution(action=_action(sheet), downtime_min=downtime, scrap=scrap)


def _spoilt(sheet: Sheet) -> Quantity | None:
    """ "70 minutos parados y 200 piezas rotas": what broke while it stood."""
    bad = [i for start, end in sheet.group("defect") for i in range(start, end)]
    for amount in amounts(sheet):
        counted = amount.unit not in ("", "measure", "people") and not any(
            m.start == amount.start for m in sheet.moments
        )
        if counted and any(i in (amount.end, amount.end + 1, amount.start - 1) for i in bad):
            items = sheet.context.thread.items if sheet.context.thread is not None else ()
            return Quantity(amount.value, plant_uom(amount.unit, sheet.index, items))
    return None


def _scrap_spans(sheet: Sheet) -> list[tuple[int, int]]:
    return [(h.start, h.end) for h in sheet.hits("d.scrap")] + sheet.group("scrap_word")


def _action(sheet: Sheet) -> str:
    for start, end in sheet.pieces:
        if sheet.group("done_word", start, end) or any(start <= h.start < end for h in sheet.hits("i.resolve.how")):
            return sheet.words(start, end)[:120]
    pieces = [sheet.words(a, b) for a, b in sheet.pieces if not any(a <= m.start < b for m in sheet.moments)]
    return max(pieces, key=len, default=sheet.text.strip())[:120]


def read_reassign(sheet: Sheet) -> str | None:
    """A person's id or a role; somebody named wins, and the sender never."""
    people = [m for m in sheet.of("person") if m.ids != (sheet.context.sender.id,)]
    captured = [(name, start) for hit in sheet.hits("i.reassign") for name, start, _ in hit.captured]
    for name, start in captured:
        named = next((m for m in people if m.start == start), None) if name == "person" else None
        if named is not None and len(named.ids) == 1:
            return named.ids[0]
    for name, start in captured:
        if name == "role" and (role := _role_at(sheet, start)) is not None:
            return role
    sure = [m for m in people if len(m.ids) == 1]
    if sure:
        return sure[-1].ids[0]
    named_roles = [role for i in range(len(sheet.tokens)) if (role := _role_at(sheet, i)) is not None]
    return named_roles[-1] if named_roles else None


def _role_at(sheet: Sheet, i: int) -> str | None:
    if any(e > 0 and i > 0 and "neg" in sheet.spans[i - 1] for e in (1,)):
        return None
    return next((role for role in ROLES if f"role_{role}" in sheet.spans[i]), None)


def read_query(sheet: Sheet) -> Query:
    """What is asked of the records, for which line, order, kind and time (R57)."""
    about = _about(sheet)
    asked = replace(sheet, mentions=[replace(m, fine=False) for m in sheet.mentions])  # "is it fine again?"
    linked = link(asked, Part(None, ((0, len(sheet.tokens)),)))
    named = any(m.what in ("line", "asset") for m in sheet.mentions)
    line = linked.line if named else None
    if line is None and named is False and sheet.context.thread is not None:
        line = sheet.context.thread.line
    if line is None and not sheet.of("order"):
        taken = {i for m in sheet.mentions for i in range(m.start, m.end)}
        taken |= {i for m in sheet.moments for i in range(m.start, m.end)}
        whole = [n for n in sheet.numbers if n.value == int(n.value) and not n.article and not n.words]
        bare = [n for n in whole if n.start not in taken]
        lines = [sheet.index.line_numbers.get(str(int(n.value))) for n in bare]
        line = lines[0] if len(lines) == 1 else None
    order = next((m.ids[0] for m in sheet.of("order") if len(m.ids) == 1), None)
    if order is None and linked.orders:
        order = linked.orders[0]
    start, end = _period(sheet)
    return Query(about, line, _type(sheet, about), order, start, end)


def _about(sheet: Sheet) -> About:
    ranked: list[tuple[int, About]] = []
    if sheet.has("i.query.going"):  # "how's it going?" is asked of the whole shift, or of what is named
        named = sheet.context.thread is not None or any(sheet.of(w) for w in ("asset", "order", "lot", "line", "item"))
        return "status" if named else "summary"
    for about in get_args(About):
        hits = sheet.hits(f"i.query.{about}")
        if hits:
            ranked.append((sum(h.end - h.start for h in hits[:3]), about))
    if ranked:
        return max(ranked, key=lambda row: row[0])[1]
    if sheet.group("who"):
        return "who"
    if _type(sheet, "open") is not None and not any(sheet.of(what) for what in ("asset", "order", "lot", "item")):
        return "open"  # "any safety issues this week?": of a kind, and of nothing that is named
    return "status"


def _type(sheet: Sheet, about: About) -> ExceptionType | None:
    of_a_function = about == "who"  # "who is on quality today" asks for one, not for holds
    for name, kind in CUE_OF.items():
        said = [(i, end) for i, end in sheet.group(f"type_{name}") if "downtime_word" not in sheet.spans[i]]
        if any(not of_a_function or not any(group.startswith("role_") for group in sheet.spans[i]) for i, _ in said):
            return kind
    return None


def _said_period(sheet: Sheet) -> list[Moment]:
    """ "from 6 to 2": two bare hours."""
    hit = sheet.hits("period")[0]
    values = {(n.start, n.end): n.value for n in sheet.numbers}
    hours = [int(values[(a, b)]) for name, a, b in hit.captured if name == "h" and (a, b) in values]
    return [Moment("clock", hit.start, hit.end, "from", hour=h % 24, exact=h > 12 or h == 0) for h in hours]


def _last_night(sheet: Sheet) -> tuple[datetime | None, datetime | None]:
    """The shift over midnight that ended last, or runs."""
    plant, now = sheet.context.plant, sheet.context.now
    night = next((s for s in plant.shifts if s.end <= s.start), None)
    if night is None:
        return production_day_span(plant, production_day(plant, now) - timedelta(days=1))
    start = plant.local(now).replace(hour=night.start.hour, minute=night.start.minute, second=0, microsecond=0)
    if start > now:
        start -= timedelta(days=1)
    end = (start + timedelta(days=1)).replace(hour=night.end.hour, minute=night.end.minute)
    return start, end


_SHIFTS: Mapping[str, tuple[int, int]] = {"early_shift": (4, 11), "late_shift": (11, 18), "night_shift": (18, 28)}


def _shift_span(sheet: Sheet, name: str) -> tuple[datetime, datetime | None] | None:
    """ "Spätschicht", "turno da tarde": the last one that began, or yesterday's; its end where it is over."""
    if not (sheet.has("i.query.metrics") or sheet.has("i.query.summary") or sheet.has("i.query.open")):
        return None
    plant, now = sheet.context.plant, sheet.context.now
    first, last = _SHIFTS[name]
    shift = next(
        (s for s in plant.shifts if first <= (s.start.hour if s.start.hour >= 4 else 24 + s.start.hour) < last), None
    )
    if shift is None:
        return None
    start = plant.local(now).replace(hour=shift.start.hour, minute=shift.start.minute, second=0, microsecond=0)
    if start > now or sheet.group("day_yesterday"):
        start -= timedelta(days=1)
    end = start.replace(hour=shift.end.hour, minute=shift.end.minute)
    return start, end if end > start else end + timedelta(days=1)


def _period(sheet: Sheet) -> tuple[datetime | None, datetime | None]:
    plant, now = sheet.context.plant, sheet.context.now
    clocks = [m for m in sheet.moments if m.kind == "clock"] if len(sheet.hits("period")) == 0 else _said_period(sheet)
    if sheet.group("day_yesterday"):
        clocks = [replace(c, day=-1) if c.day is None else c for c in clocks]
    if len(clocks) >= 2:
        start = instant(clocks[0], plant, now, towards="past")
        if not clocks[1].exact and clocks[1].hour is not None:
            begin = plant.local(start)
            hours = [(clocks[1].hour % 12) + extra for extra in (0, 12, 24)]
            later = [h for h in hours if h * 60 + clocks[1].minute > begin.hour * 60 + begin.minute]
            end = begin.replace(hour=0, minute=0) + timedelta(hours=later[0], minutes=clocks[1].minute)
            return start, end.astimezone(start.tzinfo)
        end = instant(clocks[1], plant, now, towards="near")
        return start, end if end > start else end + timedelta(days=1)
    if len(clocks) == 1 and clocks[0].role in ("since", "from"):
        return instant(clocks[0], plant, now, towards="past"), None
    shift = next((name for name in _SHIFTS if sheet.group(name)), None)
    if shift is not None and (said := _shift_span(sheet, shift)) is not None:
        return said
    if sheet.group("last_night") and not sheet.has("i.query.who"):
        return _last_night(sheet)
    for name, back in (("this_week", 0), ("last_week", 7)):
        if sheet.group(name):
            today = production_day(plant, now)
            monday = today - timedelta(days=today.weekday() + back)
            begin = production_day_span(plant, monday)[0]
            return begin, production_day_span(plant, monday + timedelta(days=6))[1] if back else None
    since = [i for i, _ in sheet.group("t_since") + sheet.group("t_from")]
    for day in range(7):
        if any(0 < i - j <= 2 for i, _ in sheet.group(f"weekday_{day}") for j in since):  # "since Monday"
            today = production_day(plant, now)
            return production_day_span(plant, today - timedelta(days=(today.weekday() - day) % 7))[0], None
    if sheet.group("this_month"):
        return production_day_span(plant, production_day(plant, now).replace(day=1))[0], None
    if sheet.group("day_yesterday") and (sheet.has("i.query.metrics") or sheet.has("i.query.summary")):
        return production_day_span(plant, production_day(plant, now) - timedelta(days=1))
    if sheet.group("day_today") and (sheet.has("i.query.metrics") or sheet.has("i.query.summary")):
        return production_day_span(plant, production_day(plant, now))
    return None, None
