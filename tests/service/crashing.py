"""Lets a story die at one point, as by kill -9, and go on in a new process: points are found, not listed by hand.

A point lies before and after every commit and every call that leaves the program. A story runs in a forked process;
at its point that process ends at once, with no `finally` and no rollback of ours. A second process opens the same data,
hears again what the first had not promised to keep, and plays the story to its end.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from bot.config import Config
from bot.proving import checked
from bot.rehearsal import Rehearsal
from bot.say import parse_button
from bot.watchman import watch
from bot.wording import texts
from db import cases, inbox, outbox, postings
from db.connect import Database
from nlp.reader import LocalReader
from workflow.case import SETTLED
from workflow.messages import Inbound, Outbound, Sent
from workflow.ports import Reader, Traits

KILLED = 137
AWAY = timedelta(minutes=2)  # longer than any lease, shorter than the first step of a ladder


@dataclass(frozen=True)
class Step:
    """One thing that happens: somebody writes or presses, or time goes by."""

    who: str = ""
    says: str = ""
    presses: str = ""
    minutes: float = 0
    erp_away: bool | None = None


@dataclass
class Outcome:
    """What is there when a story has ended, over our rows and over what the foreign sides really accepted."""

    cases: dict[str, str] = field(default_factory=dict)  # number -> status
    told: list[str] = field(default_factory=list)  # "person notice", each once
    postings: dict[str, str] = field(default_factory=dict)  # key -> state
    ledger: list[str] = field(default_factory=list)  # keys, as the ERP accepted them
    chat: list[dict[str, Any]] = field(default_factory=list)  # what the chat platform accepted
    broken: list[str] = field(default_factory=list)  # promises that were not kept
    points: list[str] = field(default_factory=list)
    died_at: str = ""


class Points:
    """Counts the points that a process passes, and ends it at one of them."""

    def __init__(self, note: Path, stop_at: int | None) -> None:
        self._note, self._stop_at = note, stop_at
        self.seen: list[str] = []

    def reach(self, name: str) -> None:
        """We are here; perhaps for the last time."""
        if len(self.seen) == self._stop_at:
            self._note.write_text(name)
            os._exit(KILLED)
        self.seen.append(name)

    @contextmanager
    def around_commits(self) -> Iterator[None]:
        """A point before and one after every commit."""
        real = Database.write

        @contextmanager
        def write(database: Database) -> Iterator[Connection]:
            by = _caller()
            with real(database) as tx:
                yield tx
                self.reach(f"before commit in {by}")
            self.reach(f"after commit in {by}")

        Database.write = write  # type: ignore[method-assign]
        try:
            yield
        finally:
            Database.write = real  # type: ignore[method-assign]

    def around(self, thing: object, *names: str) -> None:
        """A point before and one after each of these calls."""
        for name in names:
            setattr(thing, name, self._watched(getattr(thing, name), f"{type(thing).__name__}.{name}"))

    def _watched(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def watched(*args: Any) -> Any:
            self.reach(f"before {name}")
            answer = call(*args)
            self.reach(f"after {name}")
            return answer

        return watched


class ChatOnDisk:
    """A foreign chat whose ledger outlives whoever writes to it; it cannot tell what it has, so repeats are marked."""

    name = "telegram"
    traits = Traits(finds_sent=False, buttons=8)

    def __init__(self, ledger: Path, points: Points) -> None:
        self._ledger, self._points = ledger, points

    async def listen(self, receive: object) -> None:
        """Nothing comes by itself."""

    async def send(self, message: Outbound) -> Sent:
        """Accept it for good, between two points."""
        self._points.reach("before ChatOnDisk.send")
        row = {"to": message.to, "key": message.key, "text": message.text, "repeat": message.repeat}
        with self._ledger.open("a") as ledger:
            ledger.write(json.dumps(row) + "\n")
        self._points.reach("after ChatOnDisk.send")
        return Sent(f"{len(self._ledger.read_text().splitlines())}")


def play(story: tuple[Step, ...], config: Config, start: datetime, stop_at: int | None = None) -> Outcome:
    """The story in a process of its own, to its end, or to the point where it dies."""
    config.data.mkdir(parents=True, exist_ok=True)
    pid = os.fork()
    if pid == 0:
        _in_the_child(story, config, start, stop_at)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    notes = config.data / "notes"
    if code == KILLED:
        return Outcome(died_at=(notes / "died").read_text())
    if code != 0:
        raise AssertionError((notes / "trouble").read_text())
    return Outcome(**json.loads((notes / "outcome.json").read_text()))


def _in_the_child(story: tuple[Step, ...], config: Config, start: datetime, stop_at: int | None) -> None:
    notes = config.data / "notes"
    notes.mkdir(exist_ok=True)
    try:
        points = Points(notes / "died", stop_at)
        with (notes / "log").open("a") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        outcome = _played(story, config, start, points, notes)
        (notes / "outcome.json").write_text(json.dumps(asdict(outcome)))
    except BaseException:
        (notes / "trouble").write_text(traceback.format_exc())
        os._exit(1)
    os._exit(0)


def _played(story: tuple[Step, ...], config: Config, start: datetime, points: Points, notes: Path) -> Outcome:
    at = notes / "step"
    first, now = json.loads(at.read_text()) if at.exists() else (0, start.isoformat())
    again = at.exists()
    rehearsal = Rehearsal(config, datetime.fromisoformat(now), reader=_reader())
    rehearsal.app.channels["telegram"] = ChatOnDisk(notes / "chat", points)  # type: ignore[index]
    with points.around_commits():
        points.around(rehearsal.app.erp, "find", "post")
        if again:
            rehearsal.clock.turn(AWAY)
        for n, step in enumerate(story[first:], first):
            at.write_text(json.dumps([n, rehearsal.clock.now().isoformat()]))
            _happens(rehearsal, n, step)
        at.write_text(json.dumps([len(story), rehearsal.clock.now().isoformat()]))
        rehearsal.passes(minutes=3)
        watch(rehearsal.app)
        rehearsal.settle()
        rehearsal.passes(minutes=1)
    outcome = _outcome(rehearsal, notes)
    outcome.points = points.seen
    rehearsal.close()
    return outcome


def _happens(story: Rehearsal, n: int, step: Step) -> None:
    if step.erp_away is not None:
        story.erp.away = step.erp_away
    if step.minutes:
        story.passes(minutes=step.minutes)
    if not step.who:
        return
    text, button = step.says, None
    if step.presses:
        shown = [b.value for line in reversed(story.transcript(step.who)) for b in line.buttons]
        button = next(value for value in shown if (press := parse_button(value)) and press.act == step.presses)
        text = step.presses
    # A platform brings again what was not answered 2xx, under the same id; we do not know, so it is always brought.
    story.app.receive(Inbound("web", f"step-{n}", step.who, step.who, story.clock.now(), text, button=button))
    story.settle()


_READER: list[Reader] = []


def _reader() -> Reader:
    """One for all forks: its word lists are loaded before the first."""
    if not _READER:
        _READER.append(LocalReader())
    return _READER[0]


def warm_up() -> None:
    """Load what every fork needs."""
    _reader()
    for language in ("en", "es", "pt"):
        texts(language)
    sys.stdout.flush()
    sys.stderr.flush()


def _outcome(story: Rehearsal, notes: Path) -> Outcome:
    with story.app.database.read() as tx:
        everything = cases.find(tx)
        owed = postings.find(tx)
        told = [t for c in everything for t in outbox.of_case(tx, c.number)]
        broken = [f"{inbox.unhandled_count(tx)} messages not handled"] if inbox.unhandled_count(tx) else []
        broken += [f"{inbox.poisoned_count(tx)} set aside"] if inbox.poisoned_count(tx) else []
        broken += [f"{outbox.unsent_count(tx)} notices not sent"] if outbox.unsent_count(tx) else []
        broken += [f"{c.number} has no log" for c in everything if not cases.log_of(tx, c.number)]
        seen = {"received": [r.message.message_id for r in inbox.latest(tx, 1000)]}
    for case in everything:
        living = [t for t in case.tasks if t.live]
        if case.is_open and not any(t.next_step_at for t in living):
            broken.append(f"I2: {case.number} is open and nothing is due")
        mine = [s for s in owed if s.posting.case == case.number]
        if case.closed_at is not None and not all(s.state in SETTLED for s in mine):
            broken.append(f"R2: {case.number} is closed and ERP is owed something")
        resolved = case.resolved_at is not None and case.closed_at is None and case.merged_into is None
        if resolved and mine and all(s.state in SETTLED for s in mine):
            broken.append(f"R2: {case.number} is resolved and booked, and was never closed")
    if len(seen["received"]) != len(set(seen["received"])):
        broken.append("I1: a message was handled twice")
    broken += [f"I6: {what}" for what in checked(story.app).broken]
    ledger = [entry["key"] for entry in story.erp.ledger()]
    if len(ledger) != len(set(ledger)):
        broken.append("I4: ERP accepted a posting twice")
    if not {s.posting.key for s in owed if s.state == "posted"} <= set(ledger):
        broken.append("I4: posted, but not in ERP")
    file = notes / "chat"
    chat = [json.loads(row) for row in file.read_text().splitlines()] if file.exists() else []
    first: set[str] = set()
    for row in chat:
        if row["key"] in first and not row["repeat"]:
            broken.append(f"R23: {row['key']} was sent twice and the second is not marked")
        first.add(row["key"])
    return Outcome(
        {c.number: c.status for c in everything},
        sorted({f"{t.notice.to} {t.notice.name}" for t in told if t.sent_at or t.dropped_at}),
        {s.posting.key: s.state for s in owed},
        sorted(ledger),
        chat,
        broken,
    )


def _caller() -> str:
    frame = sys._getframe(2)
    while frame.f_back is not None and "contextlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"
