"""Whose a data folder is: which plant's, so that commands need no option, and whether it was only played in."""

from __future__ import annotations

from pathlib import Path

from bot.config import Config, WrongConfiguration

_FILE = "plant-folder.txt"
PLAYED = "demo.txt"  # what lies beside it was played by `linecall demo` and may be played over


def remember_plant(config: Config) -> None:
    """Note beside the database which plant folder it serves."""
    if config.plant is not None:
        config.data.mkdir(parents=True, exist_ok=True)
        (config.data / _FILE).write_text(f"{config.plant.resolve()}\n", encoding="utf8")


def is_in_use(data: Path) -> bool:
    """Whether somebody would miss what is in this data folder."""
    return (data / "linecall.db").exists() and not (data / PLAYED).exists()


def keep_from_now_on(data: Path) -> None:
    """Who runs the service on what the demo left behind may write there what must not be played over."""
    (data / PLAYED).unlink(missing_ok=True)


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
