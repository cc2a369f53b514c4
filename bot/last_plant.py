"""Which plant a data folder belongs to, so that `linecall cases` needs no option after `linecall run` or the demo."""

from __future__ import annotations

from pathlib import Path

from bot.config import Config, WrongConfiguration

_FILE = "plant-folder.txt"


def remember_plant(config: Config) -> None:
    """Note beside the database which plant folder it serves."""
    if config.plant is not None:
        config.data.mkdir(parents=True, exist_ok=True)
        (config.data / _FILE).write_text(f"{config.plant.resolve()}\n", encoding="utf8")


def plant_folder(config: Config) -> Path:
    """The plant folder: as given, else the one that this data folder served last; raises WrongConfiguration."""
    if config.plant is not None:
        return config.plant
    note = config.data / _FILE
    if note.exists():
        return Path(note.read_text(encoding="utf8").strip())
    raise WrongConfiguration(
        f"LINECALL_PLANT: no plant folder given, and nothing in {config.data} tells which one it was. "
        "Name one with LINECALL_PLANT, or play the sample first: make demo"
    )
