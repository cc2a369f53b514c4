"""Finds the clock times, durations and beginnings that a message tells, with the word that says what each is to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from nlp.digits import counts_behind, counts_no_time, dotted, military, written_clocks
from nlp.numbers import Number
from nlp.pattern import Hit, Spans
from nlp.times import Moment, Role, days_said
from nlp.tokens import Token
from workflow.plant import Plant

_BEFORE: tuple[tuple[str, Role], ...] = (
    ("t_since", "since"), ("t_from", "from"), ("t_until", "until"), ("t_by", "by"), ("t_ago_pre", "ago"),
    ("t_in", "in"), ("t_at", "at"), ("t_for", "for"),
)  # fmt: skip


_AFTER: tuple[tuple[str, Role], ...] = (
    ("t_ago_post", "ago"), ("t_since_post", "since"), ("t_until_post", "until"), ("t_in_post", "in"),
    ("t_after_that", "after_that"), ("t_from_post", "from"), ("t_for_post", "for"),
)  # fmt: skip


def find_moments(
    tokens: Sequence[Token], numbers: Sequence[Number], hits: Sequence[Hit], spans: Spans, plant: Plant, now: datetime
) -> list[Moment]:
    """Every time said in a message; of overlapping readings the longest."""
    value_at = {(n.start, n.end): n.value for n in numbers}
    hours = {n.start for n in numbers if not n.article}
    found: list[Moment] = []
    for hit in hits:
        values = {name: _value(tokens, value_at, start, end) for name, start, end in reversed(hit.captured)}
        numbered = hit.end in hours
        if hit.cue.name == "clock" and counts_behind(hit, spans):
            continue  # "ab 10 Uhr 2 Mann": the hour alone
        read = _clock(hit, values, numbered) if hit.cue.name == "clock" else _duration(hit, values)
        if read is not None and read.kind == "duration":
            read = military(read, tokens) or read
        if read is not None and not (read.kind == "duration" and counts_no_time(read, tokens)):
            found.append(read)
    found += written_clocks(tokens)
    kept: list[Moment] = []
    for moment in sorted(found, key=lambda m: (m.start - m.end, m.kind == "clock", m.start)):
        if all(moment.end <= other.start or moment.start >= other.end for other in kept):
            kept.append(moment)
    kept = [_with_role(moment, tokens, spans) for moment in kept]
    taken = {i for moment in kept for i in range(moment.start, moment.end)}
    kept += _bare_hours(tokens, numbers, spans, taken)
    kept += _anchors(spans, taken)
    days = days_said(spans, plant, now, [m for m in kept if m.kind == "clock"])
    kept = [_with_day(moment, days, spans) for moment in kept]
    return sorted(kept, key=lambda m: m.start)


def _value(tokens: Sequence[Token], values: Mapping[tuple[int, int], float], start: int, end: int) -> float | None:
    if (start, end) in values:
        return values[(start, end)]
    token = tokens[start]
    return token.minutes if token.kind == "clock" else token.value


def _clock(hit: Hit, values: Mapping[str, float | None], follows_a_number: bool) -> Moment | None:
    hour_text, _, minute_text = str(hit.cue.value).partition(":")
    if "hm" in values or "hd" in values:
        return None
    hour = values.get("h")
    minute = values.get("m", values.get("n"))
    if hour_text.startswith("h"):
        if hour is None or hour != int(hour):
            return None
        whole: int | None = int(hour) + (int(hour_text[1:]) if len(hour_text) > 1 else 0)
    else:
        whole = None if hour_text == "*" else int(hour_text.rstrip("~"))
    if whole is None and follows_a_number:
        return None  # "at ten to nine" has its hour, "at 20 to 30 bar" is none
    if "m" in minute_text:
        if minute is None or not 0 < minute < 60 or minute != int(minute):
            return None
        minutes = int(minute) * (-1 if minute_text.startswith("-") else 1)
    else:
        minutes = int(minute_text)
    half = minutes < 0
    if half:
        minutes += 60
        whole = None if whole is None else whole - 1
    if whole is not None:
        if not -1 <= whole <= 24:
            return None
        if whole <= 0 and hour_text.startswith("h") and (hour or 0) > 0:
            whole = 12 + whole  # "quarter to one", "halb eins"
        whole %= 24
    exact = whole is not None and (whole > 12 or hour_text.isdigit())  # "1~" is an ordinal: either half of the day
    return Moment("clock", hit.start, hit.end, "", hour=whole, minute=minutes, exact=exact)


def _duration(hit: Hit, values: Mapping[str, float | None]) -> Moment | None:
    known = {"n": values.get("n", values.get("a")), "m": values.get("m")}
    total = 0.0
    for term in str(hit.cue.value).split("+"):
        product = 1.0
        for factor in term.split("*"):
            value = known[factor] if factor in known else float(factor)
            if value is None:
                return None
            product *= value
        total += product
    if not 0 < total < 60 * 24 * 60:
        return None
    return Moment("duration", hit.start, hit.end, "", minutes=total)


def _with_role(moment: Moment, tokens: Sequence[Token], spans: Spans) -> Moment:
    """Adds am/pm after the time and the words before or after it that say what it is to the message."""
    end = moment.end
    half = moment.half
    if moment.kind == "clock" and end < len(tokens):
        end, half = _half_of_day(end, spans)
    if moment.kind == "clock" and end < len(tokens) and "oclock" in spans[end]:
        end = max(spans[end]["oclock"])
    role, start = _role(moment.start, spans)
    if not role and moment.kind == "clock" and "t_since" in spans[moment.start]:
        role = "since"  # "desde y diez"
    if end < len(tokens) and role in ("", "at", "for", "ago", "since"):
        for group, after in _AFTER:
            if group in spans[end]:
                role, end = after, max(spans[end][group])
                break
    if (
        moment.kind == "duration"
        and (role in ("until", "by", "at") or (role in ("since", "from") and moment.minutes >= 300))
        and moment.minutes % 60 == 0
        and _glued_hour(moment, tokens)
    ):
        return replace(
            moment, kind="clock", hour=int(moment.minutes // 60) % 24, minutes=0.0, start=start, end=end, role=role
        )
    if moment.kind == "duration" and role in ("", "since", "at", "from", "until", "by") and _hour_said(moment, tokens):
        hour, minute = divmod(int(moment.minutes), 60)
        return replace(
            moment, kind="clock", hour=hour % 24, minute=minute, minutes=0.0, start=start, end=end, role=role,
            exact=hour > 12,
        )  # fmt: skip
    # "2h14" alone tells how long; "desde 19h50" tells when.
    long = moment.hour is not None and moment.hour >= 6 and role == ""  # "18h30 roda": nothing stands that long
    if moment.spanlike and moment.hour is not None and role in ("", "for") and not long:
        return replace(
            moment, kind="duration", minutes=moment.hour * 60.0 + moment.minute, start=start, end=end, role=role
        )
    exact = moment.exact or half in ("am", "pm")
    if role == "for" and moment.kind == "clock":
        role = "at"  # "went down half eight": no time of day is how long
    return replace(moment, start=start, end=end, role=role, half=half, exact=exact)


def _glued_hour(moment: Moment, tokens: Sequence[Token]) -> bool:
    """ "até as 2h": an hour of the day, not two hours."""
    last = tokens[moment.end - 1]
    return last.norm == "h" and moment.minutes <= 24 * 60


def _hour_said(moment: Moment, tokens: Sequence[Token]) -> bool:
    """ "depuis 8 heures", "quinze heures trente": nobody waits that long, it is a time of day."""
    said = any(tokens[i].norm in ("heures", "heure") for i in range(moment.start, moment.end))
    since = said or tokens[moment.end - 1].norm == "h"
    return since and 360 <= moment.minutes < 24 * 60 and moment.minutes == int(moment.minutes)


def _half_of_day(end: int, spans: Spans) -> tuple[int, Literal["am", "pm", "night", ""]]:
    here = spans[end]
    if "am" in here:
        return max(here["am"]), "am"
    if "pm" in here:
        return max(here["pm"]), "pm"
    if "night" in here:
        return max(here["night"]), "night"
    return end, ""


def _before_about(start: int, spans: Spans) -> int:
    """The start of "about", "como", "gegen" before a time, else the time's own."""
    for begin in range(start - 1, max(-1, start - 4), -1):
        if start in spans[begin].get("about", ()):
            return _before_about(begin, spans)
    return start


def _role(start: int, spans: Spans) -> tuple[Role, int]:
    """What stands right before a time says its role; "around" is one itself, and may stand between."""
    direct = _role_before(start, spans)
    return direct if direct[0] else _role_before(_before_about(start, spans), spans)


def _role_before(start: int, spans: Spans) -> tuple[Role, int]:
    best: tuple[Role, int] = ("", start)
    for begin in range(start - 1, max(-1, start - 5), -1):
        for group, role in _BEFORE:
            if start in spans[begin].get(group, ()):
                best = (role, begin)
                break
    return best


def _bare_hours(tokens: Sequence[Token], numbers: Sequence[Number], spans: Spans, taken: set[int]) -> list[Moment]:
    """A number alone is an hour only after "since", "at", "by" or before "baje", and never before a unit."""
    found = []
    for number in numbers:
        read = dotted(tokens[number.start].norm) if number.end == number.start + 1 else None
        if read is not None and number.start not in taken:
            role, start = _role(number.start, spans)
            behind = spans[number.end] if number.end < len(spans) else {}
            if not role:  # "10.30 se khade hain"
                role = next((later for group, later in _AFTER if group in behind and later in ("since", "from")), "")
            if role in ("since", "at", "from", "by", "until"):
                after, half = (number.end, "") if number.end >= len(tokens) else _half_of_day(number.end, spans)
                exact = read[0] > 12 or half in ("am", "pm")
                found.append(
                    Moment("clock", start, after, role, hour=read[0], minute=read[1], exact=exact, half=half)  # type: ignore[arg-type]
                )
                continue
        if (
            number.start in taken
            or number.article
            or number.value != int(number.value)
            or not 0 <= number.value <= 2400
        ):
            continue
        value = int(number.value)
        role, start = _role(number.start, spans)
        after, half = (number.end, "") if number.end >= len(tokens) else _half_of_day(number.end, spans)
        minute = _minutes_apart(tokens, spans, number) if role in ("since", "at", "from", "by", "until") else None
        if minute is not None:  # "since 6 35"
            found.append(Moment("clock", start, number.end + 1, role, hour=value, minute=minute, exact=value > 12))
            continue
        minute = 0
        if value > 24:
            raw = tokens[number.start].norm
            value, minute = divmod(value, 100)
            if (
                len(raw) != 4
                or not raw.isdigit()
                or value > 23
                or minute > 59
                or role not in ("since", "at", "from", "by")
            ):
                continue
        if role in ("", "in", "for", "ago") and half not in ("am", "pm"):
            continue
        if half == "" and number.end < len(tokens) and not _may_follow_an_hour(tokens[number.end], spans[number.end]):
            continue
        found.append(
            Moment("clock", start, after, role, hour=value % 24, minute=minute,
                   exact=value > 12 or half in ("am", "pm") or tokens[number.start].norm.startswith("0"),
                   half=half)  # type: ignore[arg-type]
        )  # fmt: skip
    return found


def _minutes_apart(tokens: Sequence[Token], spans: Spans, hour: Number) -> int | None:
    """The minutes that stand as two digits behind an hour, where nothing follows that they would count."""
    i = hour.end
    if hour.value > 23 or hour.end - hour.start > 1 or not tokens[hour.start].norm.isdigit() or i >= len(tokens):
        return None
    digits = tokens[i]
    if digits.kind != "number" or digits.glued or len(digits.norm) != 2 or not "00" <= digits.norm <= "59":
        return None
    if digits.start != tokens[i - 1].end + 1:
        return None
    ends = i + 1 >= len(tokens) or (tokens[i + 1].kind != "number" and _may_follow_an_hour(tokens[i + 1], spans[i + 1]))
    return int(digits.norm) if ends else None


def _may_follow_an_hour(token: Token, here: Mapping[str, Sequence[int]]) -> bool:
    if token.breaks or token.kind == "emoji":
        return True
    if token.kind in ("mark", "number") or token.glued:
        return False
    return "after_hour" in here or "run" in here


def _anchors(spans: Spans, taken: set[int]) -> list[Moment]:
    found = []
    for i, here in enumerate(spans):
        if i not in taken and "anchor_shift_start" in here:
            start = _role_before(_before_about(i, spans), spans)
            if start[0] in ("since", "from", "at"):
                end = max(here["anchor_shift_start"])
                found.append(Moment("anchor", start[1], end, start[0], anchor="shift_start"))
    return found


def _with_day(moment: Moment, days: Sequence[tuple[int, int]], spans: Spans) -> Moment:
    """The day right before or behind a time; one that is farther away says the day of something else, perhaps."""
    if moment.kind != "clock":
        return moment

    def beside(i: int) -> bool:
        if -1 <= i - moment.end <= 1 or moment.start - i == 1:
            return True
        between = spans[i + 1] if moment.start - i == 2 else {}
        return any(group in between for group in ("am", "pm", "night", "about"))  # "morgen früh um 7"

    near = [(abs(i - moment.start), day) for i, day in days if beside(i)]
    return replace(moment, day=min(near)[1]) if near else moment
