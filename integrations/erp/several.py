"""A plant's several systems as one: each kind of posting goes to the one that books it (ERP, maintenance, quality)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workflow.case import POSTING_KINDS, Posting, PostingKind
from workflow.errors import Rejected
from workflow.ports import Erp, Finding, Inspected, LetsGo, Receipt, Withdraws
from workflow.records import Records


class Several:
    """The first system gives the records and books what it can; the others book the kinds that were named for them."""

    def __init__(self, first: Erp, others: Sequence[tuple[Erp, frozenset[PostingKind]]]) -> None:
        self.first = first
        self.systems: tuple[Erp, ...] = (first, *(erp for erp, _ in others))
        named = {kind: erp for erp, kinds in others for kind in kinds & erp.kinds}
        self.books: Mapping[PostingKind, Erp] = dict.fromkeys(first.kinds, first) | named
        self.name = " + ".join(erp.name for erp in self.systems)
        self.kinds: frozenset[PostingKind] = frozenset(self.books)

    def records(self) -> Records:
        """The first system's snapshot; raises TryLater."""
        return self.first.records()

    def find(self, key: str) -> Receipt | None:
        """Where the key's own kind is booked, else wherever it is found (R47); raises TryLater, Rejected."""
        return next((receipt for erp in self._of(key) if (receipt := erp.find(key)) is not None), None)

    def withdraw(self, key: str) -> bool:
        """Where the key's own kind is booked; raises TryLater."""
        left = [erp.withdraw(key) for erp in self._of(key) if isinstance(erp, Withdraws)]
        return all(left)

    def _of(self, key: str) -> tuple[Erp, ...]:
        """Who books the kind that a key names; all where it names none."""
        named = [self.books[kind] for kind in POSTING_KINDS if f"/{kind}/" in key and kind in self.books]
        return tuple(named[:1]) or self.systems

    def examine(self) -> tuple[Finding, ...]:
        """What each system says about itself."""
        each = [(erp, found) for erp in self.systems if isinstance(erp, Inspected) for found in erp.examine()]
        return tuple(Finding(f"{erp.name}: {found.what}", found.how, found.to_do) for erp, found in each)

    def post(self, posting: Posting) -> Receipt:
        """Book it where its kind is booked; raises TryLater, Rejected."""
        erp = self.books.get(posting.kind)
        if erp is None:
            raise Rejected(f"no connected system books {posting.kind}")
        return erp.post(posting)

    def close(self) -> None:
        """Let go of each system's connections."""
        for erp in self.systems:
            if isinstance(erp, LetsGo):
                erp.close()
