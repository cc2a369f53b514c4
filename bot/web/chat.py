"""The chat page's columns: whose phones are shown, what stands in them, and what a visitor may try."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.drawing import PICTURED, has_picture
from bot.web.tries import tries_for
from bot.web.words import clock, day_heading, initials, role_word
from bot.wording import language_for, word
from db import attachments, conversations
from workflow.plant import ROLES, Person, is_on_shift, on_shift

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.wording import Voice
    from workflow.plant import Plant
    from workflow.records import Records

SHOWN_FIRST = ("operator", "maintenance", "quality", "supervisor", "manager")
MOST_COLUMNS = 12
NUMBER = re.compile(r"(\bEX-\d+\b)")
MOST_LINES = 150  # of one conversation; the API has them all


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message."""

    label: str
    value: str
    pressed: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text; one that is a case's number leads to it."""

    text: str
    case: bool


@dataclass(frozen=True, slots=True)
class File:
    """A photo, a voice note or a form that came with a message."""

    id: int
    picture: bool


@dataclass(frozen=True, slots=True)
class Message:
    """One bubble."""

    id: int
    key: str  # id of the message as it was sent: by it the page knows that a bubble has arrived
    mine: bool
    parts: tuple[Part, ...]  # the text, cut where it names an exception (R57)
    at: str
    time: str
    day: str  # set on the first message of a day
    case: str | None
    buttons: tuple[Button, ...]
    files: tuple[File, ...] = ()
    picture: str = ""  # beside an answer: where it is


@dataclass(frozen=True, slots=True)
class Choice:
    """One person in a picker."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Group:
    """The people of one function in a picker."""

    label: str
    people: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One person's phone."""

    slot: int
    person: Person
    initials: str
    role: str
    about: str
    on_shift: bool
    groups: tuple[Group, ...]
    messages: tuple[Message, ...]
    tries: tuple[str, ...]
    invitation: str
    answer: str  # the words on the phone itself, in its person's language
    message: str
    attach: str


def first_columns(plant: Plant, records: Records, now: datetime) -> tuple[str, ...]:
    """Whose phones are shown to somebody who has not chosen: one of each function that is on shift now.

    Of the operators it is the one whose line runs the most urgent order: there, a stop matters most.
    """
    chosen: list[str] = []
    for role in SHOWN_FIRST:
        present = on_shift(plant, role, now) or tuple(p for p in plant.people if role in p.roles)
        fresh = [person for person in present if person.id not in chosen]
        if role == "operator":
            fresh.sort(key=lambda person: _urgency(person, records))
        chosen += [person.id for person in fresh[:1]]
    return tuple(chosen or [person.id for person in plant.people[:1]])


def next_person(plant: Plant, now: datetime, shown: Sequence[str]) -> Person:
    """Who is shown next to those already there: on shift before off shift, functions not shown yet first."""
    roles_shown = {role for id_ in shown if id_ in plant.person for role in plant.person[id_].roles}
    left = [person for person in plant.people if person.id not in shown] or list(plant.people)
    left.sort(key=lambda p: (not is_on_shift(plant, p, now), bool(roles_shown.intersection(p.roles))))
    return left[0]


def column_of(tx: Connection, person: Person, slot: int, voice: Voice) -> Column:
    """One person's phone as it stands now; what stands around it is in the language of who looks."""
    plant, now = voice.plant, voice.now
    own = language_for(person.language, plant)
    messages = messages_of(tx, person, voice)
    role = person.roles[0] if person.roles else ""
    lines = ", ".join(plant.line[line].name for line in person.lines if line in plant.line)
    about = " · ".join(part for part in (role_word(role, voice) if role else "", lines, person.language) if part)
    return Column(
        slot=slot,
        person=person,
        initials=initials(person.name),
        role=role,
        about=about,
        on_shift=is_on_shift(plant, person, now),
        groups=_groups(voice),
        messages=messages,
        tries=() if messages else tries_for(person, plant, voice.records),
        invitation=_invitation(person, voice),
        answer=word(own, "button.answer"),
        message=word(own, "page.phone.message"),
        attach=word(own, "page.phone.attach"),
    )


def messages_of(tx: Connection, person: Person, voice: Voice) -> tuple[Message, ...]:
    """The bubbles of a conversation, oldest first; a pressed button is marked on the message that offered it."""
    lines = conversations.of(tx, person.id, limit=MOST_LINES)
    pressed = {line.button for line in lines if line.sender != "bot" and line.button}
    last_word = {line.case: line.id for line in lines if line.sender == "bot"}
    sent = attachments.of_lines(tx, (line.id for line in lines if line.sender != "bot"))
    told = conversations.pictured(tx, person.id, [line.id for line in lines if line.sender == "bot"], PICTURED)
    beside = {
        id_: f"/api/people/{person.id}/lines/{id_}/picture.png" for id_, one in told.items() if has_picture(one.notice)
    }
    bubbles = []
    now = day_heading(voice, voice.now)
    day = now if lines and day_heading(voice, lines[0].at) == now else ""  # "today" needs no heading
    for line in lines:
        today = day_heading(voice, line.at)
        mine = line.sender != "bot"
        buttons = tuple(Button(b.label, b.value, b.value in pressed) for b in line.buttons)
        if any(button.pressed for button in buttons) and last_word[line.case] != line.id:
            buttons = tuple(button for button in buttons if button.pressed)  # a card that was answered keeps the answer
        bubbles.append(
            Message(
                id=line.id,
                key=line.message_id or "",
                mine=mine,
                parts=_parts(line.text, "" if mine else line.case),
                at=line.at.isoformat(),
                time=clock(voice, line.at),
                day=today if today != day else "",
                case=line.case,
                buttons=buttons,
                files=tuple(File(f.id, (f.mime or "").startswith("image/")) for f in sent.get(line.id, ())),
                picture=beside.get(line.id, ""),
            )
        )
        day = today
    return tuple(bubbles)


def _parts(text: str, own: str | None) -> tuple[Part, ...]:
    """The text, cut at every number but its own, which stands below it; what a person wrote (own "") stays whole."""
    pieces = re.split(NUMBER, text) if own != "" else [text]
    return tuple(Part(piece, n % 2 == 1 and piece != own) for n, piece in enumerate(pieces) if piece)


def _urgency(person: Person, records: Records) -> int:
    running = [order for line in person.lines if (order := records.running_on(line)) is not None]
    return min((order.priority or 9 for order in running), default=10)


def _groups(voice: Voice) -> tuple[Group, ...]:
    plant, groups = voice.plant, []
    for role in ROLES:
        people = [person for person in plant.people if person.roles[:1] == (role,)]
        people.sort(key=lambda person: not is_on_shift(plant, person, voice.now))
        choices = tuple(Choice(person.id, _choice(person, voice)) for person in people)
        if choices:
            groups.append(Group(role_word(role, voice), choices))
    others = tuple(Choice(p.id, _choice(p, voice)) for p in plant.people if not p.roles)
    return (*groups, Group(voice.say("page.phone.no_function"), others)) if others else tuple(groups)


def _choice(person: Person, voice: Voice) -> str:
    lines = ", ".join(person.lines)
    present = voice.say("page.phone.on_shift_now") if is_on_shift(voice.plant, person, voice.now) else ""
    return " · ".join(part for part in (person.name, lines, present) if part)


def _invitation(person: Person, voice: Voice) -> str:
    name = "nothing_written" if "operator" in person.roles else "nothing_yet"
    return voice.say(f"page.phone.{name}", who=person.first_name)
