"""What people taught the reader by their answers: other names of things, and of what kind a message was.

A lesson is only proposed until a person with the function for it accepts it; whoever accepts it is not the only one who
ever confirmed it, and what was accepted can be forgotten again (R61).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from workflow.plant import Person, Plant

Named = Literal["asset", "line", "item", "customer"]  # never an order or a lot: those are ids
Subject = Literal["asset", "line", "item", "customer", "kind"]
State = Literal["proposed", "learnt", "forgotten", "refused"]
Happened = Literal["confirmed", "accepted", "forgotten", "exported"]
NAMED: tuple[Named, ...] = get_args(Named)

MAY_ACCEPT = frozenset({"supervisor", "manager"})


@dataclass(frozen=True, slots=True)
class Nickname:
    """What the floor calls a thing besides the names that the plant folder gives it."""

    what: Named
    id: str
    words: str


@dataclass(frozen=True, slots=True)
class Example:
    """A message of this plant whose kind a person told."""

    text: str
    type: str  # an ExceptionType


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One event in the life of a lesson: somebody's answer, an acceptance, an export, a forgetting."""

    at: datetime
    who: str  # a person's id, or `linecall`
    what: Happened
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Lesson:
    """One thing that people taught, with everything that happened to it."""

    id: int
    what: Subject
    ref: str  # the id of the thing, or the exception type
    words: str  # the alias, or the text of the message
    refused: str | None = None  # why it is not even proposed
    accepted_at: datetime | None = None
    forgotten_at: datetime | None = None
    history: tuple[Confirmation, ...] = ()

    @property
    def state(self) -> State:
        if self.refused is not None:
            return "refused"
        if self.accepted_at is not None:
            return "learnt"
        return "forgotten" if self.forgotten_at is not None else "proposed"

    @property
    def people(self) -> tuple[str, ...]:
        """Who confirmed it, each once."""
        return tuple(dict.fromkeys(h.who for h in self.history if h.what == "confirmed"))

    @property
    def cases(self) -> tuple[str, ...]:
        """The exceptions in which it was confirmed."""
        return tuple(dict.fromkeys(h.case for h in self.history if h.what == "confirmed" and h.case))

    @property
    def times(self) -> int:
        """How often it was confirmed."""
        return sum(1 for h in self.history if h.what == "confirmed")

    @property
    def nickname(self) -> Nickname | None:
        """What it teaches about a name."""
        return Nickname(self.what, self.ref, self.words) if self.what != "kind" else None

    @property
    def example(self) -> Example | None:
        """What it teaches about a kind."""
        return Example(self.words, self.ref) if self.what == "kind" else None


def why_not_accept(lesson: Lesson, person: Person, plant: Plant) -> str | None:
    """Why a person may not decide what everybody's words mean from now on (R61); None where they may."""
    denied = why_not_forget(lesson, person, plant)
    if denied is None and lesson.people == (person.id,):
        return f"{person.id} is the only one who confirmed it: somebody else has to look at it."
    return denied


def why_not_forget(lesson: Lesson, person: Person, plant: Plant) -> str | None:
    """Why a person has no say in what words mean at that line; None where they have."""
    if not MAY_ACCEPT.intersection(person.roles):
        return f"{person.id} may not: a supervisor or the manager decides what everybody's words mean."
    line = plant.asset[lesson.ref].line if lesson.what == "asset" and lesson.ref in plant.asset else None
    line = lesson.ref if lesson.what == "line" else line
    if line is not None and person.lines and line not in person.lines:
        return f"{person.id} may not: it is about {line}, which is not a line of theirs."
    return None
