"""What of the plant a request may be shown: operators see their own lines and what they were told, others the plant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.answers.rights import only_lines, sees
from bot.web.errors import Declined
from bot.web.words import voice_for
from db import cases
from db.cases import Within

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from bot.app import App
    from bot.web.access import Caller
    from workflow.case import Case, PostingStatus
    from workflow.plant import Person

AT_ONCE = 500  # cases that are fetched in one statement


@dataclass(frozen=True, slots=True)
class Sight:
    """One person's part of the plant; a screen that is nobody's, or a program with the token, has all of it."""

    person: Person | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines to which it is limited; none: no limit."""
        return only_lines(self.person) if self.person is not None else ()

    @property
    def within(self) -> Within | None:
        """The same for a search of the database, which knows a case's line and reporter; None: no limit."""
        return Within(self.lines, self.person.id) if self.person is not None and self.lines else None

    def of(self, case: Case | None) -> bool:
        """Whether this case may be shown; whoever was asked or told by us may read on about it (R57)."""
        if case is None or self.person is None:
            return case is not None
        told = {*case.told, *(who for task in case.tasks for who in (*task.told, task.owner))}
        return sees(self.person, case) or self.person.id in told

    def of_postings(
        self, tx: Connection, found: Iterable[PostingStatus], line: str | None = None
    ) -> list[PostingStatus]:
        """Those postings whose case may be shown; with a line those of its cases alone."""
        statuses = list(found)
        if not self.lines and line is None:
            return statuses
        numbers = list(dict.fromkeys(status.posting.case for status in statuses))
        parts = (numbers[start : start + AT_ONCE] for start in range(0, len(numbers), AT_ONCE))
        known = {
            case.number for part in parts for case in cases.of(tx, part) if self.of(case) and line in (None, case.line)
        }
        return [status for status in statuses if status.posting.case in known]


def sight_of(app: App, caller: Caller) -> Sight:
    """What this caller may be shown."""
    return Sight(app.plant.person.get(caller.person or ""))


def case_for(app: App, tx: Connection, caller: Caller, number: str) -> Case:
    """A case by its number; 404 where there is none, or none for this caller: which of both is not told."""
    case = cases.get(tx, number.upper())
    if case is None or not sight_of(app, caller).of(case):
        raise Declined(404, "unknown_case", voice_for(app, caller.person).say("page.declined.no_such_case"))
    return case
