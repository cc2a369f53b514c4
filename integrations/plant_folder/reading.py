"""Reads one plant folder as a whole, and says everything that is wrong with it in one go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from integrations.plant_folder.plant_models import time_zones
from integrations.plant_folder.plant_yaml import ids_in, read_plant
from integrations.plant_folder.problems import PlantFolderProblems, Problem
from integrations.plant_folder.records_csv import CSV_FILES, Known, read_csv_files
from integrations.plant_folder.rules_yaml import read_rules
from integrations.plant_folder.yaml_file import LARGEST, Source, parse_yaml, read_text, read_yaml
from workflow.plant import Plant
from workflow.records import Records
from workflow.rules import Rules

RULES = "rules.yaml"
DESCRIBED = frozenset({"line", "producer"})  # columns that point into plant.yaml
FileMarks = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class PlantFolder:
    """A plant, its rules and its ERP's records, valid and consistent."""

    plant: Plant
    rules: Rules
    records: Records  # empty where a live ERP has them
    folder: Path


def read_plant_folder(folder: Path, *, with_records: bool = True) -> PlantFolder:
    """Everything that a folder says. Raises PlantFolderProblems with every problem found, each with file and line.

    `with_records=False` is for a live ERP: the CSV files are neither needed nor read.
    """
    problems: list[Problem] = []
    source = _plant_source(folder, problems)
    plant = read_plant(source, problems) if source is not None else None
    rules_file = folder / RULES
    rules_source = read_yaml(rules_file, problems) if rules_file.exists() else None
    rules = None if rules_file.exists() and rules_source is None else read_rules(rules_source, plant, problems)
    records = Records()
    if with_records and source is not None:
        records = read_csv_files(folder, _known(source), problems)
    if problems or plant is None or rules is None:
        raise PlantFolderProblems(problems)
    return PlantFolder(plant, rules, records, folder)


def read_plant_file(folder: Path, *, with_records: bool = True) -> Plant:
    """What `plant.yaml` says, where the folder's rules and records fit it too. Raises PlantFolderProblems.

    Of the records only that counts which it has to describe: a line of theirs that is gone, a producer. What else is
    wrong with an export is no reason to keep a change of people waiting.
    """
    problems: list[Problem] = []
    source = _plant_source(folder, problems)
    plant = read_plant(source, problems) if source is not None else None
    if with_records and source is not None:
        of_records: list[Problem] = []
        read_csv_files(folder, _known(source), of_records)
        problems += [problem for problem in of_records if problem.key in DESCRIBED]
    if problems or plant is None:
        raise PlantFolderProblems(problems)
    read_rules_text(rules_text(folder), plant)
    return plant


def read_rules_text(text: str | None, plant: Plant | None) -> Rules:
    """The rules that a text of `rules.yaml` makes over the defaults; None: the defaults. Raises PlantFolderProblems.

    Without a plant the ids in it are taken as they are: rules of the past may name a line that is gone.
    """
    problems: list[Problem] = []
    source = parse_yaml(Path(RULES), text, problems) if text is not None else None
    rules = read_rules(source, plant, problems) if text is None or source is not None else None
    if problems or rules is None:
        raise PlantFolderProblems(problems)
    return rules


def rules_text(folder: Path) -> str | None:
    """What stands in a folder's `rules.yaml`; None where it has none. Raises PlantFolderProblems."""
    if not (folder / RULES).exists():
        return None
    problems: list[Problem] = []
    text = read_text(folder / RULES, LARGEST, problems)
    if text is None:
        raise PlantFolderProblems(problems)
    return text


def read_records(folder: Path) -> Records:
    """The CSV files alone, checked against `plant.yaml`. Raises PlantFolderProblems."""
    problems: list[Problem] = []
    source = _plant_source(folder, problems)
    records = read_csv_files(folder, _known(source), problems) if source is not None else Records()
    if problems:
        raise PlantFolderProblems(problems)
    return records


def file_marks(folder: Path) -> FileMarks:
    """When each file behind the records was written and how long it is; None for one that is absent.

    Two equal marks: nothing has changed in between. Raises OSError.
    """
    return tuple(_mark(folder / file) for file in ("plant.yaml", *CSV_FILES))


def _mark(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_size


def _plant_source(folder: Path, problems: list[Problem]) -> Source | None:
    if not folder.is_dir():
        problems.append(Problem(str(folder), None, "", "is no folder", "the folder that holds plant.yaml"))
        return None
    file = folder / "plant.yaml"
    if not file.exists():
        near = "; there is a plant.yml, rename it" if (folder / "plant.yml").exists() else ""
        problems.append(Problem("plant.yaml", None, "", "is missing", f"a file plant.yaml in {folder.name}{near}"))
        return None
    return read_yaml(file, problems)


def _known(source: Source) -> Known:
    zone = source.tree.get("timezone")
    return Known(
        lines=ids_in(source, "lines"),
        people=ids_in(source, "people"),
        zone=ZoneInfo(zone if isinstance(zone, str) and zone in time_zones() else "UTC"),
    )
