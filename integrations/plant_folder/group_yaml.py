"""`group.yaml`: which plants a group runs, and where each keeps its own records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from integrations.plant_folder.border import Strict, Words, valid
from integrations.plant_folder.problems import PlantFolderProblems, Problem
from integrations.plant_folder.yaml_file import Source, read_yaml


@dataclass(frozen=True, slots=True)
class Sister:
    """One plant of the group. Paths are absolute."""

    folder: Path  # its plant folder
    database: str  # the address of its database; it may hold a password
    page: str | None = None  # where its people open Linecall: "https://linecall.molino.example"
    called: tuple[str, ...] = ()  # how managers call it, besides its name


class SisterModel(Strict):
    """One entry under `plants`."""

    folder: Annotated[Words, Field(description="the plant's folder", examples=["/srv/linecall/molino"])]
    data: Annotated[
        Words | None, Field(description="the data folder of its Linecall", examples=["/srv/linecall/molino-data"])
    ] = None
    database_url_file: Annotated[
        Words | None,
        Field(description="a file that holds its LINECALL_DATABASE_URL", examples=["/run/secrets/molino_database_url"]),
    ] = None
    page: Annotated[
        str | None,
        Field(pattern=r"^https?://[^\s/]+", description="where its people open it",
              examples=["https://linecall.molino.example"]),
    ] = None  # fmt: skip
    called: tuple[Words, ...] = ()


class GroupModel(Strict):
    """The whole file."""

    plants: Annotated[tuple[SisterModel, ...], Field(min_length=1, description="a list of plants")]


def read_group(file: Path) -> tuple[Sister, ...]:
    """The plants of a group, the one that asks among them if it is listed. Raises PlantFolderProblems.

    Paths are relative to the file, so that one file serves every plant of the group.
    """
    problems: list[Problem] = []
    if not file.is_file():
        raise PlantFolderProblems([Problem(file.name, None, "", "is missing", f"a file at {file}")])
    source = read_yaml(file, problems)
    model = valid(GroupModel, source, (), problems) if source is not None else None
    if source is None or model is None:
        raise PlantFolderProblems(problems)
    found = []
    for n, one in enumerate(model.plants):
        database = _database(one, file.parent, source, n, problems)
        if database is not None:
            page = one.page.rstrip("/") if one.page is not None else None
            found.append(Sister(_path(file.parent, one.folder), database, page, one.called))
    if problems:
        raise PlantFolderProblems(problems)
    return tuple(found)


def _database(one: SisterModel, base: Path, source: Source, n: int, problems: list[Problem]) -> str | None:
    if (one.data is None) == (one.database_url_file is None):
        right = "`data`, its data folder, or `database_url_file`: one of them"
        problems.append(source.problem(("plants", n), "does not say where its records are", right))
        return None
    if one.data is not None:
        return f"sqlite:///{_path(base, one.data) / 'linecall.db'}"
    given = _path(base, one.database_url_file or "")
    try:
        return given.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        place = ("plants", n, "database_url_file")
        problems.append(source.problem(place, f"cannot be read ({type(error).__name__})", "a file that holds it"))
        return None


def _path(base: Path, said: str) -> Path:
    return (base / Path(said).expanduser()).resolve()
