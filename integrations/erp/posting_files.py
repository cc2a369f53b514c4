"""Postings as files that an ERP's import takes, and the files by which it answers: names, format, and safe writing."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workflow.case import Posting

FORMAT: Literal["linecall-posting/1"] = "linecall-posting/1"
LARGEST = 1024 * 1024  # bytes of one file; a posting is below 10 KB


class Unreadable(ValueError):
    """A file that is not, or not yet, what it should be."""


class Document(BaseModel):
    """One transaction as a file in `out/`; keys may be added in later formats, none changes its meaning."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: Literal["linecall-posting/1"]
    key: Annotated[str, Field(min_length=1)]
    plant: str
    case: str
    kind: str
    occurred_at: datetime | None = None  # the real time (R48)
    written_at: datetime
    reverses: str | None = None  # key of the posting that this one takes back
    body: dict[str, Any]

    @property
    def fact(self) -> tuple[str, str, str | None, Mapping[str, Any]]:
        """What it says, apart from when it was written: two files of one key must agree on it (R47)."""
        return self.kind, self.case, self.reverses, self.model_dump(mode="json")["body"]


class Answer(BaseModel):
    """What the import says: `<name>.accepted.json` with a receipt, `<name>.rejected.json` with a reason."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    key: str
    receipt: Annotated[str, Field(min_length=1)] | None = None
    reason: str | None = None
    at: datetime | None = None


def document(posting: Posting, written_at: datetime) -> Document:
    """A posting in the file's words."""
    return Document(
        format=FORMAT,
        key=posting.key,
        plant=posting.key.split("/", 1)[0],
        case=posting.case,
        kind=posting.kind,
        occurred_at=posting.occurred_at.astimezone(UTC) if posting.occurred_at else None,
        written_at=written_at.astimezone(UTC),
        reverses=posting.reverses,
        body=dict(posting.body),
    )


def name_of(key: str) -> str:
    """A file name for a posting key, and back again with `key_of`: `riverside/EX-7/1/scrap/1` → `riverside~EX-7~1~…`.

    Raises ValueError for a key that no file system would take as a name.
    """
    name = quote(key, safe="/").replace("~", "%7E").replace("/", "~")
    if not key or len(name) > 200:
        raise ValueError(f"the key is {'too long' if key else 'empty'}")
    return name


def key_of(name: str) -> str:
    """The posting key behind a file name."""
    return unquote(name.replace("~", "/"))


def read_document(path: Path) -> Document:
    """A posting's file; raises Unreadable, and FileNotFoundError where there is none."""
    try:
        return Document.model_validate(_read_json(path))
    except ValidationError as error:
        raise Unreadable(f"{path.name} is no posting: {_first(error)}") from None


def read_answer(path: Path) -> Answer:
    """The import's answer; raises Unreadable, and FileNotFoundError where there is none."""
    try:
        return Answer.model_validate(_read_json(path))
    except ValidationError as error:
        raise Unreadable(f"{path.name} is no answer: {_first(error)}") from None


def write_atomically(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON so that readers see all of it or nothing, and so that it outlives a power cut. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)  # the import runs as another user
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def move(path: Path, to: Path) -> None:
    """Put a file aside; one that is gone already is no error."""
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.replace(to)
    except FileNotFoundError:
        return
    sync_folder(to.parent)


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_json(path: Path) -> Any:
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Unreadable(f"{path.name} is too large")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Unreadable(f"{path.name} is not JSON, or not complete yet") from None


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False)[0]
    return f"{'.'.join(str(step) for step in found['loc'])}: {found['msg']}"
