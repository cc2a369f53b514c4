"""What systems without an idempotency key share: a posting is looked for by its mark, then booked or taken back once.

An adapter is a table of ways, one a kind, and its records; which document a way makes is the adapter's own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from integrations.erp.marks import Job, job_of
from integrations.erp.posting_bodies import why_not
from workflow.case import POSTING_KINDS, Posting, PostingKind
from workflow.errors import Rejected
from workflow.ports import Receipt
from workflow.records import Records

STRIPES = 64  # of locks, so that no key is worked on twice at once, and no lot or item is taken from by two

Books = TypeVar("Books")


@dataclass(frozen=True, slots=True)
class Way(Generic[Books]):
    """How one kind is booked, where what was booked is found again by its key, and how it is taken back (R47)."""

    book: Callable[[Books, Job], Receipt]
    find: tuple[Callable[[Books, str, Job | None], Receipt | None], ...]  # Rejected where it stands for another fact
    back: Callable[[Books, Job], Receipt] | None = None  # None: a person takes it back, over there


class Snapshot(Protocol):
    """Where an adapter's records come from."""

    def take(self) -> Records:
        """The same object while nothing has changed; raises TryLater."""


class MarkedErp(Generic[Books]):
    """An ERP whose documents carry the marks of our postings."""

    system: ClassVar[str]  # as people call it
    at_once: int = 4  # postings of different cases

    def __init__(self, books: Books, records: Snapshot, ways: Mapping[PostingKind, Way[Books]]) -> None:
        self.books, self._records, self._ways = books, records, ways
        self.kinds: frozenset[PostingKind] = frozenset(ways)
        self._one_at_a_time = tuple(threading.Lock() for _ in range(STRIPES))

    def records(self) -> Records:
        """Orders, items, lots, sales and bills of material; raises TryLater."""
        return self._records.take()

    def find(self, key: str) -> Receipt | None:
        """The receipt of a posting that is done over there; raises TryLater, Rejected."""
        named = [kind for kind in POSTING_KINDS if f"/{kind}/" in f"{key}/"]
        looks = [look for kind in named or self._ways if kind in self._ways for look in self._ways[kind].find]
        found = (look(self.books, key, None) for look in dict.fromkeys(looks))
        return next((receipt for receipt in found if receipt is not None), None)

    def post(self, posting: Posting) -> Receipt:
        """Book it, going on wherever an earlier attempt stopped; raises TryLater, Rejected."""
        job, way, what = job_of(posting), self._ways.get(posting.kind), posting.kind.replace("_", " ")
        if way is None:
            raise Rejected(f"{self.system} has no document for {what} that Linecall could book")
        of = posting.body.get("lot") or posting.body.get("item") or posting.key
        with self._one_at_a_time[hash(str(of)) % STRIPES]:
            for look in way.find:
                receipt = look(self.books, posting.key, job)
                if receipt is not None:
                    return receipt
            why = why_not(posting.kind, posting.body)
            if why is not None:
                raise Rejected(why)
            if posting.reverses is None:
                return way.book(self.books, job)
            if not any(look(self.books, posting.reverses, None) for look in way.find):
                raise Rejected(f"nothing is booked under {posting.reverses} that could be reversed")
            if way.back is None:
                raise Rejected(f"{self.system} cannot take back a {what}; correct it there")
            return way.back(self.books, job)
