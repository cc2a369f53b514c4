"""The CSV files of a plant folder: what its ERP knows, one row at a time, each problem with its line and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BeforeValidator, Field, ValidationError

from integrations.plant_folder.border import Id, Moment, Strict, Words, choice, explain, wrong
from integrations.plant_folder.problems import Problem, one_of
from integrations.plant_folder.yaml_file import read_text
from workflow.records import ItemKind, LotStatus, OrderStatus

LARGEST = 64 * 1024 * 1024  # bytes; half a million rows

Tier = Literal["A", "B", "C"]


def _number(value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else value
    try:
        number = float(text)
    except (TypeError, ValueError):
        raise wrong(f"{value!r} is no number", "digits with a decimal point and no blanks: 1350 or 12.5") from None
    if not 0 <= number < 1e12:
        raise wrong(f"{value!r} cannot be a quantity", "a number from 0 up")
    return number


def _list(value: Any) -> Any:
    return tuple(part.strip() for part in value.split("|") if part.strip()) if isinstance(value, str) else value


Number = Annotated[float, BeforeValidator(_number)]
Uom = Annotated[str, Field(min_length=1, max_length=20)]
Cells = Annotated[tuple[Words, ...], BeforeValidator(_list)]


class ItemRow(Strict):
    """A row of items.csv."""

    item: Id
    description: Words
    uom: Uom
    kind: Annotated[ItemKind, choice("kind of item", get_args(ItemKind))] | None = None
    aliases: Cells = ()
    allergens: Cells = ()
    cost: Number | None = None


class WorkOrderRow(Strict):
    """A row of work_orders.csv."""

    work_order: Id
    item: Id
    line: Id
    quantity: Number
    uom: Uom
    status: Annotated[OrderStatus, choice("status of an order", get_args(OrderStatus))]
    start: Moment | None = None
    due: Moment | None = None
    sales_order: Id | None = None
    priority: int | None = Field(default=None, ge=1, le=999, description="a whole number from 1; 1 is most urgent")
    completed_quantity: Number | None = None
    tooling: str | None = None
    staged_at: str | None = None


class LotRow(Strict):
    """A row of lots.csv."""

    lot: Id
    item: Id
    quantity: Number
    uom: Uom
    status: Annotated[LotStatus, choice("status of a lot", get_args(LotStatus))]
    location: str | None = None
    work_order: Id | None = None
    producer: Id | None = None
    sales_order: Id | None = None
    made_at: Moment | None = None


class SalesOrderRow(Strict):
    """A row of sales_orders.csv."""

    sales_order: Id
    customer: Words
    tier: Annotated[Tier, choice("tier", get_args(Tier))] | None = None
    item: Id
    quantity: Number
    uom: Uom
    due: Moment


class ComponentRow(Strict):
    """A row of bom.csv."""

    parent: Id
    component: Id
    quantity_per: Number


class ConsumptionRow(Strict):
    """A row of consumption.csv."""

    lot: Id
    work_order: Id
    quantity: Number | None = None


R = TypeVar("R", bound=Strict)


@dataclass(frozen=True)
class Row:
    """One row as it stands in the file, before and after it was checked."""

    file: str
    line: int
    cells: dict[str, str]
    value: Any = None  # the row model; None where the row is not valid

    def problem(self, column: str, wrong: str, right: str) -> Problem:
        """A problem with one cell of this row."""
        return Problem(self.file, self.line, column, wrong, right)


def read_rows(path: Path, model: type[R], problems: list[Problem]) -> list[Row] | None:
    """Every row of a file, with its problems added; None where there is no file, or none that can be read."""
    if not path.exists():
        return None
    text = read_text(path, LARGEST, problems)
    if text is None:
        return None
    before = len(problems)
    rows = list(_rows(path.name, text, model, problems))
    return rows if rows or len(problems) == before else None


def _rows(file: str, text: str, model: type[R], problems: list[Problem]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] = []
    try:
        header = next(reader, [])
        columns = [name.strip() for name in header]
        if not _header_fits(file, columns, model, problems):
            return
        line = reader.line_num + 1
        for cells in reader:
            row_line, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(columns):
                wrong_count = f"has {len(cells)} cells where the header names {len(columns)}"
                right = 'one cell a column; a text with a comma inside stands in quotes: "a, b"'
                problems.append(Problem(file, row_line, "", wrong_count, right))
                continue
            named = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
            yield _checked(Row(file, row_line, named), model, problems)
    except csv.Error as error:
        right = "comma-separated cells; quotes in pairs"
        problems.append(Problem(file, max(reader.line_num, 1), "", f"is not CSV: {error}", right))


def _header_fits(file: str, columns: list[str], model: type[R], problems: list[Problem]) -> bool:
    known = list(model.model_fields)
    if len(columns) == 1 and (";" in columns[0] or "\t" in columns[0]):
        right = "commas: " + ",".join(known)
        problems.append(Problem(file, 1, "", "the columns are not separated by commas", right))
        return False
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    found = len(problems)
    for name in columns:
        if name not in known:
            problems.append(Problem(file, 1, name, f"unknown column '{name}'", one_of(name, known)))
        elif columns.count(name) > 1:
            problems.append(Problem(file, 1, name, f"the column '{name}' is there twice", "each column once"))
    for name in required:
        if name not in columns:
            right = f"a column '{name}' (known: {', '.join(known)})"
            problems.append(Problem(file, 1, name, f"the column '{name}' is missing", right))
    return len(problems) == found


def _checked(row: Row, model: type[R], problems: list[Problem]) -> Row:
    try:
        value = model.model_validate({name: cell for name, cell in row.cells.items() if cell})
    except ValidationError as error:
        for found in error.errors(include_url=False):
            what, right = explain(model, found)
            column = str(found["loc"][0])
            if found["type"] == "missing":
                what, right = "the cell is empty", f"a value; '{column}' is required"
            problems.append(row.problem(column, what, right))
        return row
    return Row(row.file, row.line, row.cells, value)
