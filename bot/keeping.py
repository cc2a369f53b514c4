"""Moves, keeps and brings back a whole plant: `linecall move-to`, `backup`, `restore`."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.proving import OUTSIDE
from db.anchors import newest
from db.connect import Database, open_database
from db.moving import NotEmpty, NotTheSame, awake, copy, freeze, thaw
from db.verifying import verify
from workflow.errors import LinecallError

if TYPE_CHECKING:
    from bot.config import Config

DATABASE, FILES, MANIFEST = "linecall.db", "attachments", "backup.json"


def move(source: Database, target: Database) -> Mapping[str, int]:
    """Everything from SQLite to PostgreSQL while the service runs; how many rows of each table.

    While the rows are copied nothing is written, so whoever sends a message is answered 503 and sends it again. Then
    the old file is frozen before the new database counts: at no instant do both take messages.
    """
    if source.dialect != "sqlite" or target.dialect != "postgresql":
        raise LinecallError("move-to carries a plant from SQLite to PostgreSQL; `linecall backup` and `restore` copy.")
    target.migrate()
    try:
        with target.write() as new, source.write() as old:  # the old one ends first, so it is frozen before
            rows = copy(old, new)
            _fits(new)
            freeze(old)
    except NotEmpty as filled:
        raise LinecallError(f"Nothing was moved: that database holds rows already ({filled}).") from filled
    except NotTheSame as differ:
        raise LinecallError(f"Nothing was moved: the copy is not whole ({differ}).") from differ
    except BaseException:
        with source.write() as old:  # PostgreSQL did not take it after all: the plant stays where it was
            thaw(old)
        raise
    return rows


def backup(source: Database, data: Path, folder: Path, now: datetime) -> Mapping[str, int]:
    """A copy of one instant in a new folder, while the service runs: rows as a SQLite file, photos, and a manifest."""
    if folder.exists() and any(folder.iterdir()):
        raise LinecallError(f"{folder} holds something already: a backup goes into a folder of its own.")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{DATABASE}.part"
    target = open_database(f"sqlite:///{file.resolve()}")
    try:
        target.migrate()
        with source.read() as old, target.write() as new:
            rows = copy(old, new)
            _fits(new)
            anchor = newest(new)
        target.scrub()  # everything into the one file
    finally:
        target.close()
    if (data / FILES).is_dir():
        shutil.copytree(data / FILES, folder / FILES)
    file.replace(folder / DATABASE)
    said = {"at": now.isoformat(), "rows": dict(rows), "anchor": anchor and [anchor.number, anchor.mac]}
    with (folder / MANIFEST).open("w", encoding="utf-8") as manifest:  # written last: without it, it is no backup
        json.dump(said, manifest, indent=1)
        manifest.flush()
        os.fsync(manifest.fileno())
    return rows


def restore(folder: Path, config: Config, now: datetime) -> Mapping[str, int]:
    """A backup into an empty database, SQLite or PostgreSQL; what happened since is asked about and not repeated."""
    try:
        said = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise LinecallError(f"{folder} is no whole backup: {MANIFEST} cannot be read.") from error
    source = open_database(f"sqlite:///{(folder / DATABASE).resolve()}")
    config.data.mkdir(parents=True, exist_ok=True)
    target = open_database(config.url)
    try:
        source.migrate()  # one of an older program is brought up to this one
        target.migrate()
        with source.read() as old, target.write() as new:
            rows = copy(old, new)
            if any(rows.get(name) != n for name, n in said["rows"].items()):
                raise LinecallError(f"{folder} does not hold what its {MANIFEST} says; nothing was restored.")
            _fits(new)
            awake(new, now)
    except NotEmpty as filled:
        raise LinecallError(
            f"Nothing was restored: the database holds rows already ({filled}). Move it aside first."
        ) from filled
    finally:
        source.close()
        target.close()
    if (folder / FILES).is_dir():
        shutil.copytree(folder / FILES, config.data / FILES, dirs_exist_ok=True)
    outside = config.data / OUTSIDE
    if outside.exists():  # it tells of anchors that came after the backup
        outside.rename(outside.with_name(f"{outside.name}.before-restore-{now:%Y%m%dT%H%M%S}"))
    return rows


def _fits(tx: object) -> None:
    """The chains of the copy are the chains that were written."""
    found = verify(tx, ())  # type: ignore[arg-type]
    # Without the key, which is not in the database, anchors are copied as they are; `linecall verify-log` proves them.
    wrong = [one for one in found.broken if one.how != "anchor_other_key"]
    if wrong:
        raise LinecallError(f"The log of the copy does not fit: {wrong[:3]}; nothing was changed.")
