"""Why a message was read as it was, for the page of an exception: words marked, votes as bars, what was linked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.web.words import capital, line_name
from nlp.kinds import CUE_OF
from nlp.why import LEARNT
from workflow.reading import INTENTS

if TYPE_CHECKING:
    from bot.wording import Voice
    from workflow.reading import Candidate, Why

MOST_ROWS = 14
LONGEST = 60  # characters of a message in a heading


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the message: what it names, what it speaks for, or nothing."""

    text: str
    kind: str = ""  # "link", "aside", "cue"; empty: nothing was taken from it


@dataclass(frozen=True, slots=True)
class Bar:
    """One vote."""

    name: str
    share: float
    percent: str


@dataclass(frozen=True, slots=True)
class Row:
    """One find: the words, what they were taken for, how sure, and because of what."""

    words: str
    taken: str
    sure: str
    why: str


@dataclass(frozen=True, slots=True)
class Reasons:
    """The reasons for one message."""

    said: str  # the beginning of it: two messages of one exception are told apart by it
    pieces: tuple[Piece, ...]
    intents: tuple[Bar, ...]
    kinds: tuple[Bar, ...]
    rows: tuple[Row, ...]
    decided: str
    by: str  # who read it: the program alone, or with a model


def reasons_of(why: Why, voice: Voice) -> Reasons:
    """What the page shows of it, in its reader's language."""
    found = [_link(why, c, voice) for c in why.candidates if c.end <= len(why.text)]
    cues = [Row(why.text[e.start : e.end], says, "", "") for e in why.evidence if (says := _cue(e.value, voice))]
    return Reasons(
        said=why.text if len(why.text) <= LONGEST else f"{why.text[: LONGEST - 1].rstrip()}…",
        pieces=tuple(_pieces(why, voice)),
        intents=tuple(Bar(voice.say(f"page.why.intent.{v.name}"), v.share, _percent(v.share)) for v in why.intents),
        kinds=tuple(Bar(capital(voice.say(f"type.{v.name}")), v.share, _percent(v.share)) for v in why.kinds),
        rows=tuple(dict.fromkeys((*found, *cues)))[:MOST_ROWS],
        decided=voice.say(f"page.why.{why.decided}"),
        by=voice.say("page.why.local") if why.how == "local" else voice.say("page.why.with_model", how=why.how),
    )


def _link(why: Why, found: Candidate, voice: Voice) -> Row:
    names = [_name(found.what, id_, voice) for id_ in found.ids]
    taken = ", ".join(names[:3])
    if not names:
        taken = voice.say("page.why.unknown")
    elif found.set_aside:
        taken = voice.say("page.why.denied", name=taken)
    elif len(names) > 1 and found.taken:
        right = ", ".join(_name(found.what, i, voice) for i in found.taken)
        taken = voice.say("page.why.one_of", name=right, n=str(len(names)))
    because = voice.say("page.why.learnt") if found.why == LEARNT else found.why
    return Row(why.text[found.start : found.end], taken, _percent(found.sure), because)


def _name(what: str, id_: str, voice: Voice) -> str:
    plant, records = voice.plant, voice.records
    match what:
        case "asset" if id_ in plant.asset:
            return plant.asset[id_].name
        case "line":
            return line_name(plant, id_)
        case "item" if id_ in records.item:
            return f"{records.item[id_].description} ({id_})"
        case "person" if id_ in plant.person:
            return plant.person[id_].name
        case "utility":
            return next((u.name for u in plant.utilities if u.id == id_), id_)
    return id_


def _pieces(why: Why, voice: Voice) -> Iterator[Piece]:
    """The message cut where finds begin and end; what names something goes before what only speaks for something."""
    spans = [(c.start, c.end, "aside" if c.set_aside else "link") for c in why.candidates if c.end <= len(why.text)]
    spans += [(e.start, e.end, "cue") for e in why.evidence if _cue(e.value, voice)]
    kind = [""] * len(why.text)
    for start, end, name in reversed(spans):
        kind[start:end] = [name] * (end - start)
    at = 0
    for i in range(1, len(kind) + 1):
        if i == len(kind) or kind[i] != kind[at]:
            yield Piece(why.text[at:i], kind[at])
            at = i


def _cue(name: str, voice: Voice) -> str:
    """What a word of the lexicon speaks for, in words; empty for what says nothing to a person."""
    first, _, rest = name.partition(".")
    if first in CUE_OF:
        text = "page.why.sure_kind" if rest == "sure" else "page.why.for_kind"
        return voice.say(text, kind=voice.say(f"type.{CUE_OF[first]}"))
    if first == "i" and rest in INTENTS:
        return voice.say("page.why.for_kind", kind=voice.say(f"page.why.intent.{rest}"))
    return voice.say("page.why.stands") if first == "stopped" else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
