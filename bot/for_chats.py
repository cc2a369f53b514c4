"""What a chat may ask the program before anything is stored: forms, a home page, open threads; it only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import answer, forms
from bot.reach import all_ways, person_at
from bot.say import parse_button, render
from bot.taking import what_it_stands_for
from bot.wording import Voice, language_for, word
from db import cases, conversations
from workflow.case import Notice
from workflow.ports import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.app import App
    from bot.say import Press
    from workflow.case import Case
    from workflow.plant import Person
    from workflow.ports import Form

MOST_THREADS = 200


class ForChats:
    """The program as a chat sees it (`Reads` in workflow/ports.py)."""

    def __init__(self, app: App) -> None:
        self._app = app

    def form(self, channel: str, conversation: str, sender: str, button: str) -> Form | None:
        """The form that a pressed button opens for this person; None where the press is an answer by itself."""
        found = self._meant(channel, conversation, sender, button)
        if found is None:
            return None
        person, press, case = found
        return forms.form_of(press, case, person, self._app.world(), self._voice(person), button)

    def check(
        self, channel: str, conversation: str, sender: str, button: str, filled: Mapping[str, str]
    ) -> Mapping[str, str]:
        """What is wrong with a filled form, by its fields, in its sender's language; nothing of it is kept."""
        found = self._meant(channel, conversation, sender, button)
        if found is None or found[1].act not in forms.ACTS:
            return dict.fromkeys(list(filled)[:1], word(self._app.plant.languages[0], "late_press_unknown"))
        person, press, case = found
        return forms.wrong_with(press, case, person, filled, self._app.world(), self._voice(person))

    def page(self, channel: str, sender: str) -> Page | None:
        """What waits for a person of ours who opens the app; None for a stranger."""
        app, world = self._app, self._app.world()
        with app.database.read() as tx:
            person = person_at(app, tx, channel, sender)
            found = cases.open_cases(tx) if person is not None else ()
        if person is None:
            return None
        mine = [c for c in found if any(t.live and person.id in (t.owner, *t.told) for t in c.tasks)]
        items = [answer.item(case, world) for case in sorted(mine, key=lambda c: (not c.line_stopped, c.since))]
        facts = {"items": items, "n": len(items)} if items else {"about": "open"}
        notice = Notice(person.id, "answer.open" if items else "answer.nothing", facts)
        shown = render(notice, person, app.plant, app.records, app.channels[channel].traits, world.now)
        return Page(shown.text)

    def threads(self, channel: str) -> tuple[str, ...]:
        """The messages of a channel under which open exceptions are spoken of, the newest first."""
        with self._app.database.read() as tx:
            numbers = [case.number for case in cases.open_cases(tx)]
            return conversations.threads(tx, channel, numbers, MOST_THREADS)

    def people(self, channel: str) -> tuple[tuple[str, str], ...]:
        """Who has an address there, by invitation or in plant.yaml: their id, and the address."""
        app = self._app
        with app.database.read() as tx:
            known = [(one.id, way) for one in app.plant.people for way in all_ways(app, tx, one)]
        return tuple((person, way.address) for person, way in known if way.channel == channel)

    def places(self, channel: str) -> tuple[str, ...]:
        """The conversations in which functions talk there."""
        return tuple(chat.contacts[channel] for chat in self._app.plant.chats if channel in chat.contacts)

    def _meant(self, channel: str, conversation: str, sender: str, button: str) -> tuple[Person, Press, Case] | None:
        app = self._app
        with app.database.read() as tx:
            person = person_at(app, tx, channel, sender)
            if person is None:
                return None
            meant = what_it_stands_for(app, tx, channel, conversation, person, button)
            press = parse_button(meant) if meant is not None else None
            case = cases.get(tx, press.case) if press is not None else None
        return None if press is None or case is None else (person, press, case)

    def _voice(self, person: Person) -> Voice:
        app = self._app
        return Voice(language_for(person.language, app.plant), app.plant, app.records, app.clock.now())
