"""The ERP of a plant without an interface: records from CSV files, postings as files that its import takes."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from integrations.erp.posting_files import (
    Answer,
    Document,
    Unreadable,
    document,
    move,
    name_of,
    read_answer,
    read_document,
    write_atomically,
)
from integrations.plant_folder import FileMarks, PlantFolderProblems, file_marks, read_records
from workflow.case import POSTING_KINDS, Posting, PostingKind
from workflow.errors import Rejected, TryLater
from workflow.ports import Clock, Finding, Receipt
from workflow.records import Records

SOONEST, LATEST = timedelta(seconds=2), timedelta(minutes=1)  # between two looks for an answer
LOST = timedelta(minutes=10)  # after which an answer that did not come is taken for lost


class PlantFolderErp:
    """Flat files both ways; `docs/plant-folder.md` describes them.

    `<postings>/out/` holds what is to be booked, `<postings>/in/` the import's answers. With `confirm="written"` a
    plant without answers takes the written file for the booking, and the file's name for the receipt.
    """

    name = "plant_folder"
    kinds: frozenset[PostingKind] = frozenset(POSTING_KINDS)

    def __init__(
        self, folder: Path, postings: Path, clock: Clock, confirm: Literal["answer", "written"] = "answer"
    ) -> None:
        self._folder, self._clock, self._confirm = folder, clock, confirm
        self._out, self._in = postings / "out", postings / "in"
        self._taken, self._refused = postings / "taken", postings / "refused"
        self._withdrawn = postings / "withdrawn"
        self.last_good: Records | None = None  # goes on serving while a file is broken
        self._read: FileMarks | None = None  # what `last_good` was read from
        self._broken: tuple[FileMarks, str] | None = None

    def records(self) -> Records:
        """The snapshot of the CSV files, read anew only when one has changed.

        Raises TryLater with what is wrong where they cannot be used; `last_good` then still holds the last good one.
        """
        now = self._marks()
        if self.last_good is not None and now == self._read:
            return self.last_good
        if self._broken is not None and self._broken[0] == now:
            raise TryLater(self._broken[1], after=LATEST)
        try:
            found = read_records(self._folder)
        except PlantFolderProblems as error:
            first, more = error.problems[0], len(error.problems) - 1
            why = f"ERP's files cannot be read: {first}" + (f" (and {more} more problems)" if more else "")
            self._broken = (now, why)
            raise TryLater(why, after=LATEST) from error
        except OSError as error:
            raise TryLater(f"ERP's files cannot be read: {error.strerror}", after=LATEST) from error
        if self._marks() != now:
            raise TryLater("ERP's files are being written at this moment", after=SOONEST)
        self.last_good, self._read, self._broken = found, now, None
        return found

    def find(self, key: str) -> Receipt | None:
        """The receipt of a posting that went through earlier; None where nothing is booked, refused ones included.

        Raises TryLater where the answer cannot be read (yet), Rejected where it speaks of another posting.
        """
        name = _name(key)
        if self._confirm == "written":
            written = self._written(name)
            return Receipt(f"{name}.json", written.written_at) if written is not None else None
        answer = self._answer(name, key, "accepted")
        if answer is None:
            return None
        if answer.receipt is None:
            raise TryLater(f"{name}.accepted.json has no receipt", after=LATEST, outcome_unknown=True)
        return Receipt(answer.receipt, _utc(answer.at) if answer.at else self._clock.now())

    def post(self, posting: Posting) -> Receipt:
        """Write the posting's file once, and take the import's answer when it is there; never twice (R47).

        Raises TryLater while there is no answer, Rejected with the import's reason. A rejected file is put aside, so
        that a person who has repaired the cause can have it posted again.
        """
        name = _name(posting.key)
        new = document(posting, self._clock.now())
        written = self._written(name)
        if written is not None and written.fact != new.fact:
            raise Rejected(f"something else was posted under the key {posting.key} before")
        receipt = self.find(posting.key)
        if receipt is not None:
            return receipt
        refusal = self._answer(name, posting.key, "rejected") if self._confirm == "answer" else None
        if refusal is not None:
            self._put_aside(name)
            raise Rejected(refusal.reason or "the ERP import refused it without a reason")
        if written is None or self._went_missing(name, written):
            written = self._write(name, new)
        if self._confirm == "written":
            return Receipt(f"{name}.json", written.written_at)
        waited = self._clock.now() - written.written_at
        raise TryLater("waiting for the ERP import to answer", after=min(max(waited / 2, SOONEST), LATEST))

    def withdraw(self, key: str) -> bool:
        """Take a posting's file away from the import, because somebody booked it by hand; False: it was taken before.

        What the import refused is not with it any more, and what was never written neither. Raises TryLater.
        """
        name = _name(key)
        stamp = self._clock.now().strftime("%Y%m%dT%H%M%S%f")
        try:
            move(self._out / f"{name}.json", self._withdrawn / f"{name}.{stamp}.json")
        except OSError as error:
            raise TryLater(f"{name}.json: {error.strerror}", after=LATEST) from error
        return not (self._taken / f"{name}.json").exists() or (self._in / f"{name}.rejected.json").exists()

    def examine(self) -> tuple[Finding, ...]:
        """Whether files can be laid out and answers taken, and how long one has waited; books nothing, never raises."""
        found = [_may(folder) for folder in (self._out, self._in)]
        try:
            waiting = sorted(file.stat().st_mtime for file in self._out.glob("*.json"))
        except OSError as error:
            return (*found, Finding("out", error.strerror or "cannot be read", "let this program's user read it"))
        if self._confirm == "written" or not waiting:
            return tuple(found)
        since = self._clock.now() - datetime.fromtimestamp(waiting[0], UTC)
        minutes = max(0, round(since / timedelta(minutes=1)))
        late = "does the import run? docs/plant-folder.md" if since > LOST else ""
        return (*found, Finding("import", f"{len(waiting)} file(s) not answered, the oldest for {minutes} min", late))

    def _went_missing(self, name: str, written: Document) -> bool:
        """Taken long ago and never answered: it is laid out again, and the import answers a known key as before."""
        waited = self._clock.now() - written.written_at
        return waited > LOST and not (self._out / f"{name}.json").exists()

    def _marks(self) -> FileMarks:
        try:
            return file_marks(self._folder)
        except OSError as error:
            raise TryLater(f"ERP's files cannot be read: {error.strerror}", after=LATEST) from error

    def _answer(self, name: str, key: str, kind: Literal["accepted", "rejected"]) -> Answer | None:
        file = self._in / f"{name}.{kind}.json"
        try:
            answer = read_answer(file)
        except FileNotFoundError:
            return None
        except Unreadable as error:
            raise TryLater(f"the ERP import's answer: {error}", after=LATEST, outcome_unknown=True) from None
        except OSError as error:
            raise TryLater(f"{file.name}: {error.strerror}", after=LATEST, outcome_unknown=True) from None
        if answer.key != key:
            raise Rejected(f"the answer {file.name} speaks of another posting: {answer.key[:120]}")
        return answer

    def _written(self, name: str) -> Document | None:
        """What was written under this name earlier, whether or not the import has taken it yet."""
        for folder in (self._out, self._taken):
            try:
                return read_document(folder / f"{name}.json")
            except FileNotFoundError:
                continue
            except Unreadable as error:
                # Nobody but us writes there, and we write whole files: somebody edited it, and may have booked it.
                raise Rejected(f"the posting's own file was changed: {error}") from None
            except OSError as error:
                raise TryLater(f"{name}.json: {error.strerror}", after=LATEST) from None
        return None

    def _write(self, name: str, new: Document) -> Document:
        try:
            write_atomically(self._out / f"{name}.json", new.model_dump(mode="json"))
        except OSError as error:
            raise TryLater(f"the posting cannot be written: {error.strerror}", after=LATEST) from error
        except (TypeError, ValueError) as error:
            raise Rejected(f"the posting cannot be written: {error}") from error
        return new

    def _put_aside(self, name: str) -> None:
        """The answer goes last: after a crash in between it is read once more, and nothing is sent."""
        stamp = self._clock.now().strftime("%Y%m%dT%H%M%S%f")
        for folder in (self._out, self._taken):
            move(folder / f"{name}.json", self._refused / f"{name}.{stamp}.json")
        move(self._in / f"{name}.rejected.json", self._refused / f"{name}.{stamp}.reason.json")


def _name(key: str) -> str:
    try:
        return name_of(key)
    except ValueError as error:
        raise Rejected(f"no file can carry this posting: {error}") from None


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _may(folder: Path) -> Finding:
    """Whether this program may lay files into a folder and take them out; one that is missing it makes by itself."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        return Finding(folder.name, f"{there} cannot be written", "let this program's user write and read it")
    return Finding(folder.name, f"{folder} can be written")
