"""Opens the plant that a command is about, and puts it away afterwards, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bot.app import App, build
from bot.config import Config, read_config
from bot.last_plant import plant_folder

PlantOption = Annotated[Path | None, typer.Option("--plant", help="Plant folder; default: LINECALL_PLANT.")]


def config_of(plant: Path | None = None) -> Config:
    """The configuration with its plant folder: named, set, or the one that this data was of last."""
    return read_config(plant=plant_folder(read_config(plant=plant)))


@contextmanager
def open_plant(plant: Path | None = None) -> Iterator[App]:
    """The program on that plant; raises WrongConfiguration where none is named or its folder is wrong."""
    program = build(config_of(plant))
    try:
        yield program
    finally:
        program.close()
