"""The other plants of a group: each is asked in its own records, by its own clock, for the same person there (R57)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import structlog

from bot.reach import Way, speaks_from, whose
from db.connect import Database, open_database
from integrations.plant_folder import FileMarks, PlantFolder, file_marks, read_plant_folder
from integrations.plant_folder.group_yaml import Sister, read_group
from nlp.tokens import fold
from workflow.plant import Person, Plant
from workflow.routing import World

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.app import App

log = structlog.get_logger()

PATIENCE = 6.0  # seconds that a plant has for its answer; then it is named as one that does not answer
AT_ONCE = 4  # questions that one plant is asked side by side

T = TypeVar("T")
Silent = Literal["away", "version", "stranger"]


@dataclass(frozen=True, slots=True)
class There:
    """One plant as a question sees it: its own records, and who asks as its own directory knows them."""

    tx: Connection
    world: World
    asker: Person
    page: str | None = None  # where its pages are


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """What one plant said, or why it said nothing."""

    name: str
    ours: bool = False
    said: T | None = None
    silent: Silent | None = None
    plant: Plant | None = None  # None: it never answered
    page: str | None = None


class Member:
    """Another plant of the group. Its folder is read again when it has changed: who leaves it sees nothing more."""

    def __init__(self, sister: Sister) -> None:
        self.sister = sister
        self._turn = threading.BoundedSemaphore(AT_ONCE)
        self._reading = threading.Lock()
        self._folder: tuple[FileMarks, PlantFolder] | None = None
        self._database: Database | None = None

    @property
    def name(self) -> str:
        """As its plant.yaml calls it; before that could be read, as the group does."""
        known = self._folder
        return known[1].plant.name if known is not None else (*self.sister.called, self.sister.folder.name)[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Every word by which a question may mean it."""
        known = self._folder
        own = (known[1].plant.name, known[1].plant.id) if known is not None else ()
        return (*self.sister.called, *own, self.sister.folder.name)

    def look(self) -> None:
        """Read its folder if it has changed; what cannot be read leaves what was known."""
        try:
            self._described()
        except (OSError, ValueError) as error:
            log.warning("group.folder_unreadable", plant=self.sister.folder.name, error=type(error).__name__)

    def ask(self, ways: Sequence[Way], work: Callable[[There], T], now: datetime) -> Told[T]:
        """What it says to whoever has these addresses; whatever goes wrong over there is an answer that is missing."""
        if not self._turn.acquire(timeout=PATIENCE):
            return Told(self.name, silent="away")
        try:
            return self._asked(ways, work, now)
        except Exception as error:  # nothing of another plant's trouble may stop this one
            log.warning("group.no_answer", plant=self.sister.folder.name, error=type(error).__name__)
            self.close()  # what is wrong is looked up anew by the next question: it may have been updated meanwhile
            return Told(self.name, silent="away")
        finally:
            self._turn.release()

    def _asked(self, ways: Sequence[Way], work: Callable[[There], T], now: datetime) -> Told[T]:
        folder = self._described()
        told: Told[T] = Told(folder.plant.name, plant=folder.plant, page=self.sister.page)
        database = self._database
        if database is None:
            database = open_database(self.sister.database, only_reads=True)
            try:
                version = database.schema()
            except Exception:
                database.close()
                raise
            if version != "ours":
                database.close()
                return replace(told, silent="away" if version == "none" else "version")
            self._database = database
        with database.read() as tx:
            people = [person for way in ways if (person := whose(folder.plant, tx, *way)) is not None]
            if not people:
                return replace(told, silent="stranger")
            return replace(
                told, said=work(There(tx, World(folder.plant, folder.rules, folder.records, now), people[0], told.page))
            )

    def _described(self) -> PlantFolder:
        with self._reading:
            marks = (*file_marks(self.sister.folder), *_mark_of(self.sister.folder / "rules.yaml"))
            if self._folder is None or self._folder[0] != marks:
                self._folder = marks, read_plant_folder(self.sister.folder)
            return self._folder[1]

    def close(self) -> None:
        """Let go of its database."""
        known, self._database = self._database, None
        if known is not None:
            known.close()


@dataclass
class Group:
    """The plant itself and its sisters; without any, nothing is asked."""

    members: tuple[Member, ...] = ()
    called: tuple[str, ...] = field(default=())  # how managers call this plant, besides its name

    @classmethod
    def of(cls, file: Path | None, ours: Path | None) -> Group:
        """As `group.yaml` says; raises PlantFolderProblems. This plant may stand in it too: one file for all."""
        found = read_group(file) if file is not None else ()
        here = ours.resolve() if ours is not None else None
        called = tuple(name for one in found if one.folder == here for name in one.called)
        return cls(tuple(Member(one) for one in found if one.folder != here), called)

    def names(self, plant: Plant) -> dict[str, Member | None]:
        """Folded names to whom they mean; None: this plant. A name that two plants share means neither."""
        for member in self.members:
            member.look()
        ours = [(name, None) for name in (plant.name, plant.id, *self.called)]
        theirs = [(name, member) for member in self.members for name in member.names]
        found: dict[str, Member | None] = {}
        shared = set()
        for name, means in (*ours, *theirs):
            words = fold(name)
            if words in found and found[words] is not means:
                shared.add(words)
            found[words] = means
        return {name: means for name, means in found.items() if name not in shared and len(name) > 2}

    def ask(
        self, app: App, asker: Person, of: Sequence[Member | None], work: Callable[[There], T]
    ) -> tuple[Told[T], ...]:
        """What each of these plants says, side by side; one that does not answer in time is named as such.

        Who asks is found over there by an address that speaks as them here and there (R55): an id alone proves nothing,
        since two plants may have two people of one name.
        """
        now = app.clock.now()
        with app.database.read() as tx:
            ways = speaks_from(app.plant, tx, asker)
        answers: SimpleQueue[tuple[int, Told[T]]] = SimpleQueue()
        told: dict[int, Told[T]] = {}
        for n, member in enumerate(of):
            if member is not None:
                ask = threading.Thread(target=_put, args=(answers, n, member, ways, work, now), daemon=True)
                ask.start()
        for n, member in enumerate(of):
            if member is None:
                with app.database.read() as tx:
                    said = work(There(tx, app.world(), asker, app.config.public_url))
                told[n] = Told(app.plant.name, ours=True, said=said, plant=app.plant, page=app.config.public_url)
        end = time.monotonic() + PATIENCE
        while len(told) < len(of):
            try:
                n, one = answers.get(timeout=max(0.0, end - time.monotonic()))
            except Empty:
                break
            told[n] = one
        return tuple(told.get(n) or Told(m.name if m is not None else "", silent="away") for n, m in enumerate(of))

    def close(self) -> None:
        """Let go of every database."""
        for member in self.members:
            member.close()


def _put(
    answers: SimpleQueue[tuple[int, Told[T]]],
    n: int,
    member: Member,
    ways: Sequence[Way],
    work: Callable[[There], T],
    now: datetime,
) -> None:
    answers.put((n, member.ask(ways, work, now)))


def _mark_of(file: Path) -> FileMarks:
    stat = file.stat() if file.exists() else None
    return ((stat.st_mtime_ns, stat.st_size) if stat is not None else None,)
