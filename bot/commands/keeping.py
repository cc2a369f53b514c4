"""`move-to`, `backup`, `restore`: what whoever looks after the service types to carry a plant somewhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from bot.clock import SystemClock
from bot.config import read_config
from bot.keeping import backup as keep
from bot.keeping import move
from bot.keeping import restore as bring_back
from db.connect import open_database


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="move-to")(move_to)
    app.command()(backup)
    app.command()(restore)


def move_to(url: Annotated[str, typer.Argument(help="postgresql://USER@HOST/DATABASE, empty.")]) -> None:
    """Carry a running plant from its SQLite file to PostgreSQL; from then on the old file takes nothing."""
    config = read_config()
    source, target = open_database(config.url), open_database(url)
    try:
        _say("moved", move(source, target))
        print("The old file is frozen: a service that still uses it answers 503, and platforms send again.")
        print("Start it again with LINECALL_DATABASE_URL set to the new database; LINECALL_DATA stays.")
    finally:
        source.close()
        target.close()


def backup(folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Copy everything of one instant while the service runs: rows, photos, a manifest; not the keys."""
    config = read_config()
    source = open_database(config.url)
    try:
        _say("kept", keep(source, config.data, folder, SystemClock().now()))
    finally:
        source.close()
    print(f"Keep web.key and the audit key of {config.data} apart from it: they seal what it holds.")


def restore(folder: Annotated[Path, typer.Argument(help="What `linecall backup` made.")]) -> None:
    """Fill an empty database from a backup; what ERP may have got since is looked for there before any posting."""
    _say("restored", bring_back(folder, read_config(), SystemClock().now()))


def _say(what: str, rows: Mapping[str, int]) -> None:
    print(f"{sum(rows.values())} rows of {len(rows)} tables {what}, counted on both sides; every log fits.")
