"""Questions to several plants of a group: each answers from its own records, side by side, and nothing is added up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot import answer
from bot.answers.several import several_plants
from bot.answers.wanted import Wanted, wanted
from bot.say import render
from bot.second_reader import SecondReader
from workflow.case import Notice
from workflow.messages import Inbound
from workflow.plant import Person
from workflow.ports import Reader, Traits
from workflow.reading import Context, Reading
from workflow.routing import World

if TYPE_CHECKING:
    from bot.app import App
    from bot.group import Member, There, Told

MOST_PLANTS = 12
ROOM = 0.7  # of what the chat carries: the rest is for names and what is said below
ONLY_THERE = frozenset({"status", "holds", "priorities"})  # what only a plant's own ERP knows
_NOT_A_QUESTION = frozenset({"disposition", "acknowledge", "resolve", "reassign", "cancel"})


def asked_of_several(app: App, message: Inbound, asker: Person) -> Notice | None:
    """The answer of each plant that a message asks about; None where it asks about no other plant."""
    if not app.group.members or not message.text.strip():
        return None
    names = app.group.names(app.plant)
    asked = several_plants(message.text, tuple(names))
    if asked is None:
        return None
    everywhere: list[Member | None] = [None, *app.group.members]
    of = everywhere if asked.all else list(dict.fromkeys(names[name] for name in asked.named))
    if of == [None]:
        return None  # this plant alone: it is asked as always
    whole = _read(app, message, asker, message.text)
    if whole.intent in _NOT_A_QUESTION or _tells_trouble(whole, message.text, sure=asked.sure):
        return None
    if _wanted(app, replace(message, text=asked.rest), asker, app.world(), compares=asked.compares) is None:
        return None

    def work(there: There) -> str | None:
        return _said(app, replace(message, text=asked.rest), asker, there, asked.compares, len(of))

    told = app.group.ask(app, asker, of[:MOST_PLANTS], work)
    return Notice(asker.id, "answer.plants", {"sites": [_site(app, one) for one in told]})


def _said(app: App, message: Inbound, reader: Person, there: There, compares: bool, plants: int) -> str | None:
    """What one plant answers, in words, in the language of who reads it; None where only its own ERP knows."""
    found = _wanted(app, message, there.asker, there.world, compares=compares)
    if found is None or found.about in ONLY_THERE:
        return None
    notice = answer.answer(there.tx, found, there.asker, there.world, None)
    channel = app.channels[message.channel].traits
    room = Traits(text=max(400, int(channel.text * channel.parts * ROOM) // max(plants, 1)), buttons=0)
    who = replace(there.asker, language=reader.language)
    facts = {name: fact for name, fact in notice.facts.items() if name != "listing" or there.page}
    plain, world = replace(notice, offers=(), facts=facts), there.world
    return render(plain, who, world.plant, world.records, room, world.now, there.page).text


def _wanted(app: App, message: Inbound, asker: Person, world: World, *, compares: bool) -> Wanted | None:
    """The question as a plant reads it: its own names, its own production days."""
    context = Context(asker, world.plant, world.records, world.now)
    reading = _reader(app).read(message, context)
    found = wanted(reading, message.text, asker, world.plant, world.now, across=True)
    if found is not None and found.about == "status" and found.work_order is None:
        found = replace(found, about="open")
    if found is not None and compares and found.about in ("open", "summary"):
        found = replace(found, about="metrics")
    return replace(found, against=None) if found is not None and compares and found.against == "before" else found


def _read(app: App, message: Inbound, asker: Person, text: str) -> Reading:
    return _reader(app).read(replace(message, text=text), Context(asker, app.plant, app.records, app.clock.now()))


def _reader(app: App) -> Reader:
    """The local one: the words of a question need no second opinion, and the other plants are asked within seconds."""
    return app.reader.local if isinstance(app.reader, SecondReader) else app.reader


def _tells_trouble(reading: Reading, text: str, *, sure: bool) -> bool:
    """Whether it reports something and only names a plant: "Molino's pallets are late" opens an exception."""
    if any(one.type == "safety" for one in reading.exceptions) and "?" not in text:
        return True
    return reading.intent == "report" and not sure and "?" not in text


def _site(app: App, told: Told[str | None]) -> dict[str, Any]:
    plant, silent = told.plant, told.silent
    elsewhere = plant is not None and plant.timezone != app.plant.timezone
    now = app.clock.now()
    clock = ""
    if plant is not None and elsewhere:
        clock = f"{plant.local(now):%H:%M}"
    why = silent or ("only_there" if told.said is None else None)
    page = f"{told.page}/figures" if told.page and not told.ours and told.said else None
    return {"site": told.name, "site_clock": clock or None, "site_why": why, "site_says": told.said, "site_page": page}
