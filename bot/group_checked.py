"""Whether each other plant of the group can be asked: told to whoever sets it up, before a manager meets silence."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from bot.group import PATIENCE, Member
from bot.reach import Way, speaks_from, whose
from db.connect import Database, WrongAddress, open_database
from integrations.plant_folder import PlantFolder, PlantFolderProblems, read_plant_folder
from workflow.ports import Finding

if TYPE_CHECKING:
    from bot.app import App

_SAME_FILE = "the same line in group.yaml"


def how_the_group_is(app: App) -> Iterator[Finding]:
    """One line for the group, then each other plant's folder, database, schema and people. Writes nothing anywhere."""
    if app.config.group is None:
        yield Finding("group", "this plant alone", "LINECALL_GROUP names the others, for questions to several")
        return
    members = app.group.members
    few = "" if members else "name the others in it: docs/answers.md, Several plants"
    yield Finding("group", f"{len(members)} other plant(s) ({app.config.group})", few)
    with app.database.read() as tx:
        ways = tuple(ways for person in app.plant.people if (ways := speaks_from(app.plant, tx, person)))
    asked: list[SimpleQueue[tuple[Finding, ...]]] = []
    for member in members:
        found: SimpleQueue[tuple[Finding, ...]] = SimpleQueue()
        threading.Thread(target=_examine, args=(member, ways, found), daemon=True).start()
        asked.append(found)
    for member, found in zip(members, asked, strict=True):
        try:
            yield from found.get(timeout=2 * PATIENCE)
        except Empty:  # a folder or a file on a share that hangs
            how = f"gave no sign for {2 * PATIENCE:.0f} seconds"
            yield Finding(f"  {member.name}", how, f"is {member.sister.folder} on a share that is away?")


def _examine(member: Member, ours: tuple[tuple[Way, ...], ...], found: SimpleQueue[tuple[Finding, ...]]) -> None:
    found.put(tuple(_examined(member, ours)))


def _examined(member: Member, ours: tuple[tuple[Way, ...], ...]) -> Iterator[Finding]:
    folder, wrong = _folder_of(member)
    if folder is None:
        yield Finding(f"  {member.name}", f"its plant folder {wrong}", f"`linecall check {member.sister.folder}`")
    name = folder.plant.name if folder is not None else member.name
    try:
        database = open_database(member.sister.database, only_reads=True)
    except WrongAddress as error:
        yield Finding(f"  {name}", str(error), f"its database_url_file: {_SAME_FILE}")
        return
    try:
        yield from _of_its_database(database, name, folder, ours)
    except DBAPIError as error:
        yield Finding(f"  {name}", f"its database does not answer: {_said(error)}", _way_to(member))
    finally:
        database.close()


def _folder_of(member: Member) -> tuple[PlantFolder | None, str]:
    try:
        return read_plant_folder(member.sister.folder), ""
    except PlantFolderProblems as error:
        return None, f"has {len(error.problems)} problem(s), first {error.problems[0]}"
    except OSError as error:
        return None, f"cannot be read: {error.strerror or type(error).__name__}"


def _of_its_database(
    database: Database, name: str, folder: PlantFolder | None, ours: tuple[tuple[Way, ...], ...]
) -> Iterator[Finding]:
    where = database.describe()
    match database.schema():
        case "none":
            yield Finding(f"  {name}", f"nothing of Linecall in {where}", f"start its Linecall once, or {_SAME_FILE}")
            return
        case "older":
            yield Finding(f"  {name}", f"an older Linecall runs on {where}", "update Linecall there, then here")
            return
        case "newer":
            yield Finding(f"  {name}", f"a newer Linecall runs on {where}", "update Linecall here")
            return
    closed = database.unreadable_tables()
    if closed:
        tables = ", ".join(closed[:3]) + (", …" if len(closed) > 3 else "")
        how = f"its account may not read {len(closed)} table(s) of {where}: {tables}"
        yield Finding(f"  {name}", how, "GRANT SELECT ON ALL TABLES IN SCHEMA … TO that account")
        return
    if folder is None:
        yield Finding(f"  {name}", where, "")
        return
    with database.read() as tx:
        known = sum(any(whose(folder.plant, tx, *way) is not None for way in ways) for ways in ours)
    nobody = "" if known else "the same phone or chat address in both plant.yaml, or an invitation there too"
    yield Finding(f"  {name}", f"{where}, {known} of our people are known there", nobody)


def _way_to(member: Member) -> str:
    address = member.sister.database
    if not address.startswith("sqlite"):
        return f"reach it from here (network, account), or {_SAME_FILE}"
    file = Path(address.removeprefix("sqlite:///"))
    if not file.exists():
        return f"start its Linecall once on this machine, or `data`: {_SAME_FILE}"
    return f"this account needs to read {file.parent} and to write there (SQLite's -shm file), on the same machine"


def _said(error: DBAPIError) -> str:
    """What the database's own client says: host, port and user, never a statement, a value or a password."""
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
