"""Facts to words: every fact of a notice as the person who reads it calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot import figures_said
from bot.conditions_said import matched_in_words
from bot.differences import difference, links
from bot.trying_names import name_tried
from bot.wording import Voice, clean, languages, quote, texts
from workflow.plant import ROLES, production_day, production_day_span

log = structlog.get_logger()

WHOLE = frozenset({"part", "lot", "rest", "freed"})  # what is decided and what stays on hold is never shortened (R41)


def as_words(facts: Mapping[str, Any], voice: Voice) -> dict[str, str]:
    """Every fact of a notice as the reader calls it; what is not there is empty and vanishes from the text."""
    words: dict[str, str] = {}
    for name, value in facts.items():
        with _never_in_the_way(name):
            words[name] = ""
            words[name] = _one(name, value, voice)
    words["place"] = ""
    with _never_in_the_way("place"):
        words["place"] = voice.place(facts) or words.get("asset", "")
    for name in ("resolution", "alignment", "posting_lag", "first_pass"):
        if name in facts:
            words[f"{name}_called"] = voice.say(f"figure.{name}")
            words[f"{name}_means"] = voice.say(f"page.wall.{name}")
    words["what"] = " · ".join(part for part in (words["place"], words.get("type", "")) if part)
    with _never_in_the_way("quantity"):
        if isinstance(facts.get("quantity"), int | float) and facts.get("uom"):
            words["quantity"] = voice.quantity({"value": facts["quantity"], "uom": facts["uom"]})
    with _never_in_the_way("before"):
        if "before" in facts and "after" in facts:
            words["before"], words["after"] = difference(facts["before"], facts["after"], voice)
    if isinstance(facts.get("inferred"), list) and "work_orders" in facts["inferred"]:
        words["inferred_orders"] = words.get("work_orders", "")
        words["work_orders"] = ""
    return words


@contextmanager
def _never_in_the_way(fact: str) -> Iterator[None]:
    """A fact of a shape that no text expects is left out and logged: the message goes out without it."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        log.warning("say.unreadable", fact=fact)


def _one(name: str, value: Any, voice: Voice) -> str:
    if value is None or value == [] or value == {} or (value == "" and name != "fixed_by"):
        return ""
    kind = _KINDS.get(name)
    if kind is not None:
        return kind(value, voice)
    if name.endswith("_at"):
        return voice.clock(value)
    if name.endswith(("_min", "minutes")) and isinstance(value, int | float):
        return voice.minutes(value)
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return voice.number(value)
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return voice.ids(value) if name not in WHOLE else replace(voice, rows=None).ids(value)
    return ""


def _lines(name: str) -> Callable[[Any, Voice], str]:
    """A list of facts as a line each, by the text `row.<name>`."""

    def lines(rows: Any, voice: Voice) -> str:
        shown = rows if name in WHOLE else rows[: voice.rows]
        said = [voice.say(f"row.{name}", **_row(row, voice)) for row in shown]
        more = [voice.say("row.more", n=str(len(rows) - len(shown)))] if len(shown) < len(rows) else []
        return "\n".join(said + more)

    return lines


def _row(row: Mapping[str, Any], voice: Voice) -> dict[str, str]:
    facts = as_words(row, voice)
    state = row.get("state")
    if state:
        facts["state"] = voice.say(f"state.{state}", owner=facts.get("owner", ""))
    if "who" in row:
        facts["who"] = facts["who"] or voice.say("nobody_yet")
    if row.get("late"):
        facts["late"] = voice.say("late")
    if row.get("acknowledged_at") is None and "acknowledged_at" in row:
        facts["unanswered"] = voice.say("unanswered")
    return facts


def _items(value: Any, voice: Voice) -> str:
    """Items of ERP by what they are; exceptions as a line each, with everybody who has a part where that is asked."""
    if not isinstance(value[0], Mapping):
        return ", ".join(voice.item(i) for i in value)
    return _lines("who" if "owners" in value[0] else "item")(value, voice)


def _told(value: Any, voice: Voice) -> str:
    """Who was told; a function with nobody there is said to be so, never counted as told (R29)."""
    nobody = {True: {"people": voice.say("nobody_but_you")}, False: {"people": voice.say("nobody_there_now")}}
    rows = (_row(row, voice) | ({} if row.get("people") else nobody[bool(row.get("only_you"))]) for row in value)
    return ", ".join(voice.say("row.told", **row) for row in rows)


def _period(value: Mapping[str, Any], voice: Voice) -> str:
    """A stretch of time: whole production days by their names, what still runs by its beginning, else both clocks."""
    if not value.get("start") or not value.get("end"):
        return ""
    start, end = (datetime.fromisoformat(value[name]) for name in ("start", "end"))
    first, last = (production_day(voice.plant, at) for at in (start, end - timedelta(seconds=1)))
    if (start, end) == (production_day_span(voice.plant, first)[0], production_day_span(voice.plant, last)[1]):
        return (
            voice.day(first)
            if first == last
            else voice.say("period.days", first=voice.day(first), last=voice.day(last))
        )
    begins, ends = voice.clock(value["start"]), voice.clock(value["end"])
    if end == voice.now:
        return voice.say("period.until_now", start_at=begins)
    return voice.say("period.span", start_at=begins, end_at=ends.split()[-1] if first == last else ends)


def clocks(times: Sequence[Mapping[str, str]], voice: Voice) -> list[str]:
    """Instants one after the other: the day is said with the first of each day."""
    said, day = [], None
    for one in times:
        local = voice.plant.local(datetime.fromisoformat(one["at"]))
        said.append(voice.clock(one["at"]) if local.date() != day else f"{local:%H:%M}")
        day = local.date()
    return said


def _begins(value: Mapping[str, Any], voice: Voice) -> str:
    said = _period(value, voice)
    return said[:1].upper() + said[1:]


def _named(prefix: str) -> Callable[[Any, Voice], str]:
    return lambda value, voice: voice.say(f"{prefix}.{value}")


def _stopped(value: Any, voice: Voice) -> str:
    return voice.say("line_stands" if value else "still_running")


def _names(value: Any, voice: Voice) -> str:
    if isinstance(value[0], Mapping):
        return "; ".join(_lines("owner")(value, voice).splitlines())
    return voice.people(value)


def _waiting_for(value: Any, voice: Voice) -> str:
    """In people's own words; whoever only pressed the button waits for parts."""
    pressed = {"wait", *(texts(language)["button.wait"] for language in languages())}
    return voice.say("parts") if value in pressed else voice.say("quoted", said=quote(value, voice.quoted or 40))


def _inferred(value: Any, voice: Voice) -> str:
    if isinstance(value, bool):
        return voice.say("as_far_as_erp_knows") if value else ""
    return ", ".join(voice.say(f"field.{name}") for name in value)


def _fixed_by(value: Any, voice: Voice) -> str:
    said = quote(value, max(voice.quoted, 40))  # the words are what the row is about: shortened, never left out
    return voice.say("row.fixed_by", fixed=said) if said else voice.say("row.unfixed")


def _own_words(value: Any, voice: Voice) -> str:
    return quote(value, voice.quoted)


def _person(value: Any, voice: Voice) -> str:
    return voice.person(value)


_KINDS: Mapping[str, Callable[[Any, Voice], str]] = {
    "type": _named("type"),
    "role": _named("role"),
    "decision": _named("decision"),
    "why_not": _named("why_not"),
    "digest": _named("digest"),
    **dict.fromkeys(
        ("left_out", "time_left"), lambda value, voice: ", ".join(voice.say("quoted", said=quote(one)) for one in value)
    ),
    "in_words": lambda value, voice: voice.say("in_words", words=clean(value)),
    "status": _named("status"),
    "exports": lambda value, voice: ", ".join(voice.say(f"export.{one}") for one in value),
    "kind": _named("kind"),
    "asks": _named("field"),
    "roles": lambda value, voice: ", ".join(voice.say(f"role.{role}") for role in value),
    "owed": lambda value, voice: ", ".join(dict.fromkeys(voice.say(f"kind.{kind}") for kind in value)),
    "line": lambda value, voice: voice.line(value),
    "assets": lambda value, voice: voice.place({"assets": value}),
    "item": lambda value, voice: voice.item(value),
    "items": _items,
    "cause_assets": lambda value, voice: voice.place({"assets": value}),
    "asset": lambda value, voice: voice.place({"assets": [value]}) or clean(value),
    **dict.fromkeys(("who", "owner", "person", "reporter", "handed_by", "decided_by", "second"), _person),
    "people": _names,
    "can": _names,
    "owners": _names,
    "still_asked": _names,
    "quantity": lambda value, voice: voice.quantity(value) if isinstance(value, Mapping) else voice.number(value),
    "completed": lambda value, voice: voice.quantity(value),
    "due": lambda value, voice: voice.due(value),
    "stopped": _stopped,
    "orders": _lines("order"),
    "customers": _lines("customer"),
    "told": _told,
    "parts": _lines("part"),
    "several": _lines("opened"),
    "cases": lambda value, voice: _lines("case")(value, voice) if isinstance(value[0], Mapping) else voice.ids(value),
    "staged": _lines("staged"),
    "has": _lines("has"),
    "erp": _named("page.erp"),
    "bookings": lambda value, voice: ", ".join(_lines("booking")(value, voice).splitlines()),
    "news": lambda value, _: "\n".join(clean(line) for line in value),
    "lots": lambda value, voice: (
        _lines("lot")(value, voice) if isinstance(value[0], Mapping) else replace(voice, rows=None).ids(value)
    ),
    "before": links,
    "after": links,
    "resolution": figures_said.spread,
    "alignment": figures_said.spread,
    "posting_lag": figures_said.spread,
    "first_pass": figures_said.rate,
    "earlier_resolution": figures_said.spread,
    "earlier_alignment": figures_said.spread,
    "earlier_posting_lag": figures_said.spread,
    "earlier_first_pass": figures_said.rate,
    "counted_of": figures_said.called,
    "period": _begins,
    "earlier_period": _period,
    "times": lambda value, voice: ", ".join(
        f"{voice.say('page.record.' + one['mark'])} {at}" for one, at in zip(value, clocks(value, voice), strict=True)
    ),
    "weeks": lambda value, voice: ", ".join(
        f"{voice.short_date(one['week'])} {voice.minutes(one['minutes'])} ({one['n']})" for one in value
    ),
    "shifts": lambda value, voice: (
        ", ".join(f"{clean(one['shift'])} {voice.minutes(one['minutes'])}" for one in value)
        if isinstance(value[0], Mapping)
        else voice.ids(value)
    ),
    "span": _period,
    "down": figures_said.down,
    "verdict": figures_said.verdict,
    "exceptions": lambda value, voice: voice.count("counted.exceptions", value),
    "lots_n": lambda value, voice: voice.count("counted.lots", value),
    "behind": figures_said.behind,
    "open": lambda value, voice: figures_said.behind(value, voice) if isinstance(value, Mapping) else voice.ids(value),
    "groups": _lines("group"),
    "stood": _lines("stood"),
    "causes": _lines("cause"),
    "stops": _lines("stop"),
    "barred": _lines("barred"),
    "slots": _lines("slot"),
    "marks": lambda value, voice: ", ".join(voice.say(f"slot.{mark}") for mark in value),
    "who_before": _person,
    "held": _lines("held"),
    "present": _lines("present"),
    "share": lambda value, voice: voice.percent(value),
    "more": lambda value, voice: voice.say("row.more", n=voice.number(value["n"])),
    "matched": matched_in_words,
    "inferred": _inferred,
    "minutes": lambda value, voice: voice.minutes(float(value)),
    "start": lambda value, voice: voice.clock(value),
    "end": lambda value, voice: voice.clock(value),
    "waiting_for": _waiting_for,
    "said": _own_words,
    "note": _own_words,
    **dict.fromkeys(("was", "be"), lambda value, voice: voice.say(f"role.{value}") if value in ROLES else clean(value)),
    "sites": _lines("site"),
    "site_why": _named("site_why"),
    "site_says": lambda value, _: "\n".join(clean(line) for line in value.splitlines()),
    "listing": figures_said.listing,
    "fixes": _lines("fix"),
    "fixed_by": _fixed_by,
    "earlier_down": figures_said.down,
    "like": figures_said.like,
    "compared": _lines("compared"),
    "than_before": _lines("than_before"),
    "reasons": _lines("reason"),
    "went_up": _lines("went_up"),
    "names": _lines("name"),
    "tried": name_tried,
    "tries": _lines("try"),
    "phone": lambda value, _: clean(value),
    "reason": lambda value, voice: quote(value, max(voice.quoted, 40)),  # is read back (R41): shortened, never left out
    **dict.fromkeys(("error", "condition"), lambda value, voice: quote(value, max(voice.quoted, 80))),
    "action": _own_words,
    "text": _own_words,
    "to": _own_words,
}
