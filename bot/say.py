"""A notice becomes words and buttons, in its reader's language and fitted to what the chat can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.wording import Voice, as_words, quote, texts, word
from workflow.case import Entry, Notice, Offer
from workflow.messages import Button
from workflow.plant import Person, Plant
from workflow.ports import Traits
from workflow.records import Records

__all__ = ["Press", "Rendered", "button_value", "log_line", "parse_button", "render", "word"]

ETAS = ("10", "30")  # minutes that the ETA button offers
_NO_RECORDS = Records()


@dataclass(frozen=True, slots=True)
class Press:
    """What a pressed button carried: an act of ours, the case, and its arguments."""

    act: str
    case: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as one chat can show it."""

    text: str
    buttons: tuple[Button, ...] = ()


def render(notice: Notice, person: Person, plant: Plant, records: Records, traits: Traits, now: datetime) -> Rendered:
    """The words and buttons of a notice for one person in one chat.

    Numbers, lots, quantities and decisions are never cut: a text that is too long loses people's own words first.
    """
    voice = Voice(person.language, plant, records, now)
    facts = as_words(notice.facts, voice)
    text = voice.say(notice.name, **facts)
    if _length(text) > traits.text:
        shorter = facts | {name: "" for name in ("said", "note", "reason") if name in facts}
        text = _cut(voice.say(notice.name, **shorter), traits.text)
    buttons = tuple(b for offer in notice.offers for b in _buttons(offer, notice, voice))
    fitting = tuple(Button(b.label[: traits.button_text], b.value) for b in buttons[: traits.buttons])
    return Rendered(text, fitting)


def button_value(act: str, case: str, *args: str) -> str:
    """What a button carries: `act|case|args…`; who presses it is checked when it comes back."""
    return "|".join((act, case, *args))


def parse_button(value: str) -> Press | None:
    """What a pressed button carried; None for what we never sent."""
    act, _, rest = value.partition("|")
    case, *args = rest.split("|")
    known = act in _ACTS and case.isprintable() and 0 < len(case) <= 32 and len(value) <= 256
    return Press(act, case, tuple(args)) if known else None


def log_line(entry: Entry, language: str, plant: Plant) -> str:
    """One line of a case's log in words."""
    voice = Voice(language, plant, _NO_RECORDS, entry.at)
    facts = as_words(entry.facts, voice)
    who = voice.say("linecall") if entry.who == "linecall" else voice.person(entry.who)
    facts["kind_word"] = voice.say(f"kind.{entry.why}") if entry.what == "posted" else ""
    if isinstance(entry.facts.get("value"), dict):
        facts["value"] = voice.quantity(entry.facts["value"])
    said = voice.say(f"log.{entry.what}", **(facts | {"who": who, "why": quote(entry.why)}))
    return ", ".join(said.splitlines())


def _buttons(offer: Offer, notice: Notice, voice: Voice) -> list[Button]:
    case = str(notice.facts.get("case") or "")
    match offer.act, offer.args:
        case "eta", args:
            return [Button(voice.say("button.eta", minutes=m), button_value("eta", case, *args, m)) for m in ETAS]
        case "pick", (number, inbox_id):
            item: Mapping[str, Any] = next((i for i in notice.facts.get("items", ()) if i.get("case") == number), {})
            label = " ".join(part for part in (number, voice.place(item)) if part)
            return [Button(label, button_value("pick", number, number, inbox_id))]
        case "answer", (asks, option):
            return [Button(_option(asks, option, voice), button_value("answer", case, asks, option))]
    return [Button(voice.say(f"button.{offer.act}"), button_value(offer.act, case, *offer.args))]


def _option(asks: str, option: str, voice: Voice) -> str:
    match asks:
        case "confirm":
            return voice.say(f"button.{option}")
        case "asset":
            return voice.place({"assets": [option]}) or option
        case "line":
            return voice.line(option)
        case "item":
            return voice.item(option)
        case "type":
            return voice.say(f"type.{option}")
        case "work_order" if option in voice.records.work_order:
            return f"{option} {voice.item(voice.records.work_order[option].item)}"
    return option


def _length(text: str) -> int:
    """As platforms count: in UTF-16 units, so an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, most: int) -> str:
    """Whole lines as long as they fit; the reader is told that there is more."""
    kept: list[str] = []
    for line in text.splitlines():
        if _length("\n".join((*kept, line, "…"))) > most:
            return "\n".join((*kept, "…"))
        kept.append(line)
    return "\n".join(kept)


_ACTS = frozenset(name.removeprefix("button.") for name in texts("en") if name.startswith("button."))
