"""Times that are written in digits, and the digits beside letters that look like times and are none."""

from __future__ import annotations

from collections.abc import Sequence

from nlp.pattern import Hit, Spans
from nlp.times import Moment
from nlp.tokens import Token

_MILITARY = 4  # digits of "0915 hours"
_MINUTES_AT_MOST = 100  # that anybody writes as "m" alone


def counts_no_time(moment: Moment, tokens: Sequence[Token]) -> bool:
    """ "26H097" is an id, "-3g" a weight, "420 m" a length: a letter behind a number tells no time there."""
    first, last = tokens[moment.start], tokens[moment.end - 1]
    following = tokens[moment.end] if moment.end < len(tokens) else None
    if first.glued and first.kind == "word" and moment.start and tokens[moment.start - 1].kind == "number":
        return True  # only the unit of another number
    if following is not None and following.glued and following.kind == "number" and last.glued:
        return True
    if last.norm == "g" and last.glued and moment.start:
        return first.start - tokens[moment.start - 1].end >= 2  # a minus, which is no token
    return last.norm == "m" and moment.minutes >= _MINUTES_AT_MOST and first.kind == "number"


def military(moment: Moment, tokens: Sequence[Token]) -> Moment | None:
    """ "0915 hours": four digits before the hours are a time of day."""
    digits = tokens[moment.start].norm
    if len(digits) != _MILITARY or not digits.isdigit() or moment.minutes != int(digits) * 60:
        return None
    hour, minute = divmod(int(digits), 100)
    if hour > 23 or minute > 59:
        return None
    return Moment("clock", moment.start, moment.end, "", hour=hour, minute=minute, exact=True)


def counts_behind(hit: Hit, spans: Spans) -> bool:
    """Whether the minutes that a pattern ends in count people or goods instead."""
    last = hit.captured[-1] if hit.captured else ("", 0, 0)
    if last[0] != "m" or last[2] != hit.end or hit.end >= len(spans):
        return False
    return any(name == "people" or name.startswith("uom_") for name in spans[hit.end]) and not (
        {"u_min", "am", "pm", "oclock", "after_hour"} & spans[hit.end].keys()
    )


def dotted(norm: str) -> tuple[int, int] | None:
    """ "7.40", "17.45": a clock as many of Europe write it."""
    whole, point, rest = norm.partition(".")
    if (
        not point
        or len(rest) != 2
        or not whole.isdecimal()
        or not rest.isdecimal()
        or int(whole) > 23
        or int(rest) > 59
    ):
        return None
    return int(whole), int(rest)


def written_clocks(tokens: Sequence[Token]) -> list[Moment]:
    """The tokens that are times of day as they stand: "14:10", "2h14"."""
    found = []
    for i, token in enumerate(tokens):
        if token.kind != "clock" or token.minutes is None:
            continue
        hour, minute = divmod(token.minutes, 60)
        if hour > 24 or minute > 59:
            continue
        spanlike = "h" in token.norm.lower()
        sure = hour > 12 or hour == 0 or token.norm.startswith("0")
        found.append(Moment("clock", i, i + 1, "", hour=hour % 24, minute=minute, exact=sure, spanlike=spanlike))
    return found
