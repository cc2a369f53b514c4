"""A notice becomes words and buttons, in its reader's language and fitted to what the chat can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.facts import as_words
from bot.fitting import length
from bot.wording import QUOTED, Voice, clean, language_for, quote, texts, word
from workflow.case import Entry, Notice, Offer
from workflow.messages import Button
from workflow.plant import Person, Plant
from workflow.ports import Traits
from workflow.records import Records

__all__ = ["Press", "Rendered", "button_value", "log_line", "parse_button", "render", "word"]

SPARE = 0.75  # of several messages: a cut at a sentence's end leaves room
ETAS = ("10", "30")  # minutes that the ETA button offers
# What a text that is too long for a chat gives up, step by step: characters of a quote, rows of a list.
_SHORTER = ((QUOTED, None), (80, None), (0, None), (0, 30), (0, 12), (0, 6), (0, 3), (0, 1))
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
    numbered: bool = False  # they stand as numbered lines in the text: the chat shows none of them as a button


def render(
    notice: Notice,
    person: Person,
    plant: Plant,
    records: Records,
    traits: Traits,
    now: datetime,
    pages: str | None = None,
) -> Rendered:
    """The words and buttons of a notice for one person in one chat; `pages`: the address at which they find ours.

    Numbers, lots, quantities and decisions are never cut: a text that is too long loses people's own words first,
    then the ends of long lists, and says how much more there is.
    """
    voice = Voice(language_for(person.language, plant), plant, records, now, pages=pages)
    buttons, numbers = _choices(notice.offers, notice, voice, traits)
    text, whole = _fitting(notice, voice, traits.text - length(numbers), traits.text * (traits.parts - 1))
    if not whole:
        # What could not be read to its end cannot be confirmed (R41).
        offers = tuple(offer for offer in notice.offers if offer.act != "confirm")
        buttons, numbers = _choices(offers, notice, voice, traits)
    return Rendered(text + numbers, buttons, bool(numbers))


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
    voice = Voice(language_for(language, plant), plant, _NO_RECORDS, entry.at)
    facts = as_words(entry.facts, voice) | {
        "who": voice.say("linecall") if entry.who == "linecall" else voice.person(entry.who),
        "why": quote(entry.why),
    }
    match entry.what:
        case "posted" | "took_back" | "never_booked" | "would_book" | "approved" | "turned_down" | "approval_asked":
            facts["kind_word"] = voice.say(f"kind.{entry.why}")
        case "asked_back":
            facts["asks"] = voice.say(f"field.{entry.why}")
        case "answered":
            facts["value"] = _answer(entry.why, entry.facts.get("value"), voice)
    return ", ".join(voice.say(f"log.{entry.what}", **facts).splitlines())


def _fitting(notice: Notice, voice: Voice, most: int, further: int) -> tuple[str, bool]:
    """The text, and whether nothing but people's own words and the ends of long lists had to be left out.

    Where the chat takes several messages for one (`further` units beside `most`), lists are not shortened first.
    """
    text = ""
    if further:
        for quoted in (QUOTED, 0):
            shorter = replace(voice, quoted=quoted)
            text = _said(notice, shorter)
            if length(text) <= (most + further) * SPARE:
                return text, True
    for quoted, rows in _SHORTER:
        shorter = replace(voice, quoted=quoted, rows=rows)
        text = _said(notice, shorter)
        if length(text) <= most:
            return text, True
    return _cut(text, most), False


def _said(notice: Notice, voice: Voice) -> str:
    """The text; what of a question was not taken into account stands above its answer, the way to its cases below."""
    words = as_words(notice.facts, voice)
    above = voice.say("answer.left_out", **words) if words.get("left_out") else ""
    return "\n".join(part for part in (above, voice.say(notice.name, **words), words.get("listing")) if part)


def _choices(offers: tuple[Offer, ...], notice: Notice, voice: Voice, traits: Traits) -> tuple[tuple[Button, ...], str]:
    """The buttons, and the lines that stand for them where the chat shows fewer than there are."""
    found = [b for offer in offers for b in _buttons(offer, notice, voice)]
    buttons = _most_useful(found, max(traits.buttons, traits.numbered))
    if len(buttons) <= traits.buttons:
        return tuple(Button(_short(b.label, traits.button_text), b.value) for b in buttons), ""
    return tuple(buttons), "".join(f"\n{n} {b.label}" for n, b in enumerate(buttons, 1))


def _buttons(offer: Offer, notice: Notice, voice: Voice) -> list[Button]:
    case = str(notice.facts.get("case") or "-")  # none: the offer's own id says what it is about
    match offer.act, offer.args:
        case "eta", args:
            return [Button(voice.say("button.eta", minutes=m), button_value("eta", case, *args, m)) for m in ETAS]
        case "pick", (number, inbox_id):
            item: Mapping[str, Any] = next((i for i in notice.facts.get("items", ()) if i.get("case") == number), {})
            label = " ".join(part for part in (number, voice.place(item)) if part)
            return [Button(label, button_value("pick", number, number, inbox_id))]
        case "answer", (asks, option):
            return [Button(_option(asks, option, voice), button_value("answer", case, asks, option))]
        case "accept_try", args:
            be = as_words(notice.facts["tries"][0], voice)["be"]
            return [Button(voice.say("button.accept_try", be=be), button_value("accept_try", case, *args))]
        case "accept_name", args:
            words = clean(notice.facts["names"][0]["words"])
            return [Button(voice.say("button.accept_name", words=words), button_value("accept_name", case, *args))]
        case "speak", (language,):
            return [Button(word(language, "button.speak"), button_value("speak", case, language))]
        case "i_am", (who, *which):
            return [Button(voice.person(who), button_value("i_am", case, who, *which))]
        case "one_cause", (utility,):
            return [Button(voice.place({"assets": [utility]}), button_value("one_cause", case, utility))]
        case "resolve", (role,) if role != "maintenance":  # a machine is fixed, all else is done
            return [Button(voice.say("button.done"), button_value("resolve", case, role))]
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
    return clean(option)


def _answer(asks: str, value: Any, voice: Voice) -> str:
    match value:
        case bool():
            return voice.say("button.yes" if value else "button.no")
        case str():
            return _option(asks, value, voice)
        case dict():
            return voice.quantity(value)
    return ""


def _most_useful(buttons: list[Button], most: int) -> list[Button]:
    """As many buttons as the chat shows; a second ETA is missed least."""
    etas = [b for b in buttons if b.value.startswith("eta|")]
    spare = etas[1:] if len(buttons) > most else []
    return [b for b in buttons if b not in spare][:most]


def _short(label: str, most: int) -> str:
    if length(label) <= most:
        return label
    while length(label) >= most:
        label = label[:-1]
    return f"{label.rstrip()}…"


def _cut(text: str, most: int) -> str:
    """Whole lines as long as they fit; the reader is told that there is more."""
    kept: list[str] = []
    for line in text.splitlines():
        if length("\n".join((*kept, line, "…"))) > most:
            return "\n".join((*kept, "…"))
        kept.append(line)
    return "\n".join(kept)


_ACTS = frozenset(name.removeprefix("button.") for name in texts("en") if name.startswith("button."))
