"""How a posting is found again in systems without an idempotency key: a short mark of its key, and its fingerprint."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from workflow.case import Posting
from workflow.errors import Rejected

LONGEST = 200  # characters of a key
TOLD = (
    "decision",
    "decided_by",
    "minutes",
    "start",
    "end",
    "work_order",
    "quantity",
    "new_quantity",
    "new_due",
    "status",
)
OURS = uuid.UUID("5b9a6e0e-6a3b-4f6e-9d0a-2f3a1c7f5d10")  # under which our GUIDs are made


@dataclass(frozen=True, slots=True)
class Job:
    """One posting with what marks it over there."""

    posting: Posting
    mark: str  # "LC" and 14 letters: fits the shortest field
    fingerprint: str

    @property
    def reverses(self) -> str | None:
        """The mark of the posting that this one takes back."""
        return mark_of(self.posting.reverses) if self.posting.reverses is not None else None

    @property
    def guid(self) -> str:
        """The mark as a GUID."""
        return guid_of(self.posting.key)

    @property
    def text(self) -> str:
        """What stands in a record with room for text: the mark, what it takes back, and the words for people."""
        back = f"reverses {self.reverses} " if self.reverses else ""
        return f"LINECALL {self.mark} {self.fingerprint} {back}{self.words}"

    @property
    def words(self) -> str:
        """What a person reads over there: kind, real time, who decided, why (R48)."""
        body, at = self.posting.body, self.posting.occurred_at
        lines = [f"{self.posting.kind.replace('_', ' ')} of {self.posting.case}"]
        lines += [f"happened {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"] if at is not None else []
        lines += [f"{name}: {body[name]}" for name in TOLD if name in body]
        lines += [str(body[name]) for name in ("reason", "text") if body.get(name)]
        return "\n".join(lines)


def job_of(posting: Posting) -> Job:
    """The posting and its mark; raises Rejected for a key that is none."""
    fact = [posting.kind, posting.case, posting.reverses, posting.body]
    canonical = json.dumps(fact, sort_keys=True, default=str, ensure_ascii=False)
    return Job(posting, mark_of(posting.key), hashlib.sha256(canonical.encode()).hexdigest()[:12])


def mark_of(key_: str) -> str:
    """A posting's key as 16 characters that survive any field; raises Rejected for a key that is none."""
    if not key_ or len(key_) > LONGEST or not key_.isprintable():
        raise Rejected(f"the key of this posting cannot be carried ({'empty' if not key_ else 'too long or odd'})")
    return "LC" + base64.b32encode(hashlib.sha256(key_.encode()).digest())[:14].decode()


def guid_of(key_: str) -> str:
    """The mark of a posting where a system wants a GUID."""
    return str(uuid.uuid5(OURS, key_))


def checked(job: Job, found: str) -> None:
    """Raises Rejected where a document of this key stands for another fact (R47)."""
    if job.fingerprint not in found:
        raise Rejected(f"something else was posted under the key {job.posting.key} before")


def only_once(job: Job, found: Iterable[str]) -> None:
    """Raises Rejected where one of these texts, which take the same posting back, is not of this reversal (R47)."""
    if any(f"LINECALL {job.mark} " not in text for text in found):
        raise Rejected(f"{job.posting.reverses} is reversed already")
