"""What people wrote about one exception and what they were told of it, as its page shows it: short, in order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.web.words import clock, person_name
from bot.wording import language_for
from db import conversations

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.web.sight import Sight
    from bot.wording import Voice
    from workflow.case import Case

MOST = 40  # of one exception, the newest
LOOKED_AT = 300  # lines of conversations; what several were told becomes one
LONGEST = 160  # characters of one


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a person wrote, or that one or several were told in the same words."""

    id: int
    at: str
    time: str
    people: tuple[str, ...]  # who wrote it, or who was told
    told: bool
    text: str
    language: str


def said_about(tx: Connection, case: Case, sight: Sight, voice: Voice) -> tuple[Said, ...]:
    """The conversation about a case, oldest first; the newest where it is long.

    Whoever sees the whole plant reads everybody's part, an operator the own one: who may see an exception of the own
    line is not for that a reader of other people's phones.
    """
    own = sight.person.id if sight.lines and sight.person is not None else None
    found: dict[tuple[object, ...], Said] = {}
    for person, line in conversations.of_case(tx, case.number, LOOKED_AT, own):
        told, time = line.sender == "bot", clock(voice, line.at, voice.now)
        same = (time, line.text) if told else (line.id,)
        name = person_name(voice.plant, person)
        if (known := found.get(same)) is not None:
            found[same] = replace(known, people=tuple(dict.fromkeys((*known.people, name))))
            continue
        text = line.text if len(line.text) <= LONGEST else f"{line.text[: LONGEST - 1].rstrip()}…"
        writer = voice.plant.person.get(person)
        language = language_for(writer.language if writer is not None else "", voice.plant)
        found[same] = Said(line.id, line.at.isoformat(), time, (name,), told, text, language)
    return tuple(found.values())[-MOST:]
