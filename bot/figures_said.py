"""What is counted as its reader hears it: a figure with how many stand behind it, a verdict, the way to the cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.wording import Voice, clean

FEW = 5  # figures from fewer cases say so (R57)
MOST_LIKE = 6  # lines and kinds of the time before that are named


def spread(value: Any, voice: Voice) -> str:
    """Median and p90, with how many and which stand behind them; from a few it says so (R57)."""
    if value["median"] is None:
        return voice.say("no_figure")
    facts = {"median": voice.minutes(value["median"]), "p90": voice.minutes(value["p90"]), "n": str(value["n"])}
    name = "spread" if value["n"] >= FEW else "spread_of_few"
    return voice.say(name, cases=behind(value, voice), **facts)


def down(value: Mapping[str, Any], voice: Voice) -> str:
    """How long something stood, in how many stops; a stop that was only seen in passing stood less than a minute."""
    if not value["n"]:
        return voice.minutes(0.0) if value.get("even_none") else ""
    stops = voice.count("counted.stops", value["n"])
    if round(value["minutes"]) < 1:
        return voice.say("down.under", stops=stops)
    return voice.say("down.some", minutes=voice.minutes(value["minutes"]), stops=stops)


def verdict(value: Mapping[str, Any], voice: Voice) -> str:
    """Whether it got better, by the median resolution time; from a few exceptions nobody can tell (R57)."""
    facts = {name: voice.minutes(value[name]) for name in ("now", "then")}
    return voice.say(f"verdict.{value['is']}", **facts)


def rate(value: Any, voice: Voice) -> str:
    """A share, with how many and which stand behind it; of a few it says so (R57)."""
    if value["value"] is None:
        return voice.say("no_figure")
    n = value["n"]
    facts = {"percent": voice.percent(value["value"]), "right": str(round(value["value"] * n)), "n": str(n)}
    return voice.say("rate" if n >= FEW else "rate_of_few", cases=behind(value, voice), **facts)


def behind(value: Mapping[str, Any], voice: Voice) -> str:
    """Which exceptions stand behind a figure (R57): some of them where they are many."""
    named = voice.ids(value.get("cases") or ())
    more = value["n"] - len(value.get("cases") or ())
    return f"{named}, {voice.say('row.more', n=voice.number(more))}" if named and more > 0 else named


def called(value: Mapping[str, str], voice: Voice) -> str:
    """What the figures of a row belong to: a line, a kind, a function, a shift."""
    ((by, key),) = value.items()
    if not key:
        return voice.say("without_one")
    if by == "shift":
        return clean(key)
    return voice.line(key) if by == "line" else voice.say(f"{by}.{key}")


def listing(value: Mapping[str, Any], voice: Voice) -> str:
    """How a number leads to its exceptions (R57): a link, else the word that lists them, where not all are named."""
    if voice.pages:
        return voice.say("listing.link", link=f"{voice.pages.rstrip('/')}/cases?{value['query']}")
    if value.get("from") is not None:
        return voice.say("listing.more")
    return voice.say("listing.say") if not value["named"] or voice.rows is not None else ""


def like(pairs: Sequence[Sequence[str | None]], voice: Voice) -> str:
    """Lines and kinds that can be compared with the time before: "Line 3 · breakdown; Line 2"."""
    said = [
        " · ".join(
            part for part in (voice.line(line) if line else "", voice.say(f"type.{kind}") if kind else "") if part
        )
        for line, kind in pairs
    ]
    more = [voice.say("row.more", n=str(len(said) - MOST_LIKE))] if len(said) > MOST_LIKE else []
    return "; ".join((*said[:MOST_LIKE], *more))
