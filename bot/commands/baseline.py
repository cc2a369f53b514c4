"""`baseline`: takes in how long exceptions took before Linecall, from a CSV that a plant can give (R57)."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from bot.answers.baseline import baseline_of, keep_baseline
from bot.commands.plant import open_plant
from workflow.errors import Refused
from workflow.plant import Plant
from workflow.reading import ExceptionType

MOST_ROWS = 50_000
_COLUMNS = ("reported", "resolved", "line", "type")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(baseline)


def baseline(
    file: Annotated[Path, typer.Argument(help="A CSV: reported, resolved; and line and type where they are known.")],
) -> None:
    """Take in past resolution times, in place of earlier ones; questions then compare with them."""
    with open_plant() as program:
        rows = read_baseline(file, program.plant)
        with program.database.write() as tx:
            keep_baseline(tx, rows, program.clock.now())
        with program.database.read() as tx:
            known = baseline_of(tx, None, None)
        assert known is not None
        print(f"{known.n} past exceptions: median {known.median} min, 9 of 10 within {known.p90} min.")


class Past(BaseModel):
    """One row: when it was reported and when it was over, by the plant's own clock; line and type where known."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reported: datetime
    resolved: datetime
    line: str = ""
    type: ExceptionType | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty_is_nothing(cls, row: Any) -> Any:
        return {name: value for name, value in row.items() if value not in ("", None)} if isinstance(row, dict) else row


def read_baseline(path: Path, plant: Plant) -> list[tuple[str, str, int]]:
    """(line, type, microseconds) of every row; raises Refused with the file, the line and what would be right."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _rows(csv.DictReader(file), path, plant)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or 'it cannot be read'}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path}: {error}") from error


def _rows(rows: csv.DictReader[str], path: Path, plant: Plant) -> list[tuple[str, str, int]]:
    missing = [name for name in ("reported", "resolved") if name not in (rows.fieldnames or ())]
    strange = [name for name in rows.fieldnames or () if name not in _COLUMNS]
    if missing or strange:
        said = f"no column `{missing[0]}`" if missing else f"unknown column `{strange[0]}`"
        raise Refused(f"{path}: {said}; the columns are reported, resolved, and if known line and type.")
    found: list[tuple[str, str, int]] = []
    for n, row in enumerate(rows, 2):
        try:
            past = Past.model_validate(row)
        except ValidationError as error:
            column = error.errors()[0]["loc"]
            raise Refused(f"{path}, line {n}, {'.'.join(map(str, column)) or 'row'}: {_right(error)}") from error
        if past.line and past.line not in plant.line:
            raise Refused(f"{path}, line {n}, line: this plant has {', '.join(plant.line)}.")
        took = _aware(past.resolved, plant) - _aware(past.reported, plant)
        if took < timedelta(0):
            raise Refused(f"{path}, line {n}: resolved is before reported.")
        if len(found) == MOST_ROWS:
            raise Refused(f"{path}: more than {MOST_ROWS} rows; give the newest.")
        found.append((past.line, past.type or "", took // timedelta(microseconds=1)))
    if not found:
        raise Refused(f"{path}: no rows.")
    return found


def _right(error: ValidationError) -> str:
    problem = error.errors()[0]
    if problem["type"].startswith(("datetime", "missing")):
        return "write 2026-09-01T06:30, by the plant's own clock."
    return str(problem["msg"])


def _aware(at: datetime, plant: Plant) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=plant.zone)
