"""ERP's records out of the CSV files, with every id that they name checked against the plant and one another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from integrations.plant_folder.border import Strict
from integrations.plant_folder.csv_file import (
    ComponentRow,
    ItemRow,
    LotRow,
    Row,
    SalesOrderRow,
    WorkOrderRow,
    read_rows,
)
from integrations.plant_folder.plant_yaml import instant
from integrations.plant_folder.problems import Problem, one_of
from workflow.records import Component, Item, Lot, Records, SalesOrder, WorkOrder

MODELS: Mapping[str, type[Strict]] = {
    "items.csv": ItemRow,
    "work_orders.csv": WorkOrderRow,
    "lots.csv": LotRow,
    "sales_orders.csv": SalesOrderRow,
    "bom.csv": ComponentRow,
}
CSV_FILES = tuple(MODELS)


@dataclass(frozen=True)
class Known:
    """The ids that rows may point at, from `plant.yaml`; None where that file could not be read."""

    lines: Collection[str] | None
    people: Collection[str] | None
    zone: ZoneInfo


def read_csv_files(folder: Path, known: Known, problems: list[Problem]) -> Records:
    """All records of a folder; files that are absent hold nothing. Problems are added, all of them."""
    rows = {file: read_rows(folder / file, model, problems) for file, model in MODELS.items()}
    ids = {
        "item": _ids(rows["items.csv"], "item", problems),
        "work_order": _ids(rows["work_orders.csv"], "work_order", problems),
        "lot": _ids(rows["lots.csv"], "lot", problems),
        "sales_order": _ids(rows["sales_orders.csv"], "sales_order", problems),
    }
    _references(rows, ids, known, problems)
    _doubled_components(rows["bom.csv"], problems)
    return Records(
        items=tuple(_item(row.value) for row in rows["items.csv"] if row.value),
        work_orders=tuple(_work_order(row.value, known.zone) for row in rows["work_orders.csv"] if row.value),
        lots=tuple(_lot(row.value) for row in rows["lots.csv"] if row.value),
        sales_orders=tuple(_sales_order(row.value, known.zone) for row in rows["sales_orders.csv"] if row.value),
        components=tuple(_component(row.value) for row in rows["bom.csv"] if row.value),
        as_of=_newest(folder),
    )


def _ids(rows: Sequence[Row], column: str, problems: list[Problem]) -> set[str]:
    first: dict[str, int] = {}
    for row in rows:
        own = row.cells[column]
        if own and own in first:
            again = f"'{own}' is there twice (first in line {first[own]})"
            problems.append(row.problem(column, again, "each id once"))
        first.setdefault(own, row.line)
    return set(first)


def _references(
    rows: Mapping[str, Sequence[Row]], ids: Mapping[str, set[str]], known: Known, problems: list[Problem]
) -> None:
    targets: Mapping[str, tuple[str, Collection[str] | None]] = {
        "item": ("item in items.csv", ids["item"]),
        "parent": ("item in items.csv", ids["item"]),
        "component": ("item in items.csv", ids["item"]),
        "work_order": ("work order in work_orders.csv", ids["work_order"]),
        "sales_order": ("sales order in sales_orders.csv", ids["sales_order"]),
        "line": ("line in plant.yaml", known.lines),
        "producer": ("person in plant.yaml", known.people),
    }
    own = {"items.csv": "item", "work_orders.csv": "work_order", "sales_orders.csv": "sales_order"}
    for file, found in rows.items():
        for row in found:
            for column, said in row.cells.items():
                kind, there = targets.get(column, ("", None))
                if there is not None and said and column != own.get(file) and said not in there:
                    problems.append(row.problem(column, f"no {kind} is called '{said}'", one_of(said, sorted(there))))


def _doubled_components(rows: Sequence[Row], problems: list[Problem]) -> None:
    pairs = Counter((row.cells["parent"], row.cells["component"]) for row in rows)
    seen: set[tuple[str, str]] = set()
    for row in rows:
        pair = (row.cells["parent"], row.cells["component"])
        if pair[0] == pair[1]:
            problems.append(row.problem("component", f"'{pair[0]}' is made of itself", "another item"))
        if pairs[pair] > 1 and pair in seen:
            right = "one row with the whole quantity_per"
            problems.append(row.problem("component", f"'{pair[1]}' is there twice for '{pair[0]}'", right))
        seen.add(pair)


def _item(row: ItemRow) -> Item:
    return Item(row.item, row.description, row.uom, row.kind, row.aliases, row.allergens)


def _work_order(row: WorkOrderRow, zone: ZoneInfo) -> WorkOrder:
    return WorkOrder(
        id=row.work_order,
        item=row.item,
        line=row.line,
        quantity=row.quantity,
        uom=row.uom,
        status=row.status,
        start=_moment(row.start, zone),
        due=_moment(row.due, zone),
        sales_order=row.sales_order,
        priority=row.priority,
        completed_quantity=row.completed_quantity,
        tooling=row.tooling,
        staged_at=row.staged_at,
    )


def _lot(row: LotRow) -> Lot:
    return Lot(
        id=row.lot,
        item=row.item,
        quantity=row.quantity,
        uom=row.uom,
        status=row.status,
        location=row.location,
        work_order=row.work_order,
        producer=row.producer,
        sales_order=row.sales_order,
    )


def _sales_order(row: SalesOrderRow, zone: ZoneInfo) -> SalesOrder:
    due = _moment(row.due, zone) or row.due
    return SalesOrder(row.sales_order, row.customer, row.item, row.quantity, row.uom, due, row.tier)


def _component(row: ComponentRow) -> Component:
    return Component(row.parent, row.component, row.quantity_per)


def _moment(when: date | datetime | None, zone: ZoneInfo) -> date | datetime | None:
    """Dates stay dates; a time without an offset is the plant's wall clock and becomes an instant."""
    return instant(when, zone) if isinstance(when, datetime) else when


def _newest(folder: Path) -> datetime | None:
    """How old the snapshot is: when the newest of its files was written (R58)."""
    written = [(folder / file).stat().st_mtime for file in CSV_FILES if (folder / file).exists()]
    return datetime.fromtimestamp(max(written), UTC) if written else None
