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
    ConsumptionRow,
    ItemRow,
    LotRow,
    Row,
    SalesOrderRow,
    WorkOrderRow,
    read_rows,
)
from integrations.plant_folder.plant_yaml import instant
from integrations.plant_folder.problems import Problem, one_of
from workflow.records import Component, Consumption, Item, Lot, Records, SalesOrder, WorkOrder

MODELS: Mapping[str, type[Strict]] = {
    "items.csv": ItemRow,
    "work_orders.csv": WorkOrderRow,
    "lots.csv": LotRow,
    "sales_orders.csv": SalesOrderRow,
    "bom.csv": ComponentRow,
    "consumption.csv": ConsumptionRow,
}
CSV_FILES = tuple(MODELS)
OWN_ID = {"items.csv": "item", "work_orders.csv": "work_order", "lots.csv": "lot", "sales_orders.csv": "sales_order"}
MOST_PROBLEMS = 100  # that are told of one file


@dataclass(frozen=True)
class Known:
    """What rows may point at in `plant.yaml`, and the clock that their times are read by."""

    lines: Collection[str]
    people: Collection[str]
    zone: ZoneInfo


def read_csv_files(folder: Path, known: Known, problems: list[Problem]) -> Records:
    """All records of a folder; files that are absent hold nothing. Problems are added, all of them."""
    own: list[Problem] = []
    found = {file: read_rows(folder / file, model, own) for file, model in MODELS.items()}
    rows = {file: there or [] for file, there in found.items()}
    for file, column in OWN_ID.items():
        _duplicates(rows[file], column, own)
    _doubled_components(rows["bom.csv"], own)
    targets = _targets(found, known)
    for file in rows:
        _references(rows[file], targets, folder, own)
    problems.extend(_bearable(own))
    written = _written(folder)
    return Records(
        items=tuple(_item(row.value) for row in rows["items.csv"] if row.value),
        work_orders=tuple(_work_order(row.value, known.zone) for row in rows["work_orders.csv"] if row.value),
        lots=tuple(_lot(row.value, known.zone) for row in rows["lots.csv"] if row.value),
        sales_orders=tuple(_sales_order(row.value, known.zone) for row in rows["sales_orders.csv"] if row.value),
        components=tuple(_component(row.value) for row in rows["bom.csv"] if row.value),
        consumptions=tuple(_consumption(row.value) for row in rows["consumption.csv"] if row.value),
        as_of=max((at for _, at in written), default=None),
        exported=written,
    )


def _bearable(problems: list[Problem]) -> list[Problem]:
    """At most so many a file: one shifted column would fill a book."""
    shown: list[Problem] = []
    for file in MODELS:
        own = [problem for problem in problems if problem.file == file]
        shown += own[:MOST_PROBLEMS]
        if len(own) > MOST_PROBLEMS:
            right = "repair the first ones; often all have one cause"
            shown.append(Problem(file, own[MOST_PROBLEMS].line, "", "there are more from here on", right))
    return shown


def _duplicates(rows: Sequence[Row], column: str, problems: list[Problem]) -> None:
    first: dict[str, int] = {}
    for row in rows:
        own = row.cells[column]
        if own and own in first:
            again = f"'{own}' is there twice (first in line {first[own]})"
            problems.append(row.problem(column, again, "each id once"))
        first.setdefault(own, row.line)


@dataclass(frozen=True)
class _Target:
    """What a column points at; `ids` is None where the file is broken and says so itself."""

    kind: str
    file: str
    ids: Collection[str] | None


def _targets(found: Mapping[str, Sequence[Row] | None], known: Known) -> Mapping[str, _Target]:
    ids: dict[str, Collection[str] | None] = {}
    for file, column in OWN_ID.items():
        rows = found[file]
        ids[file] = None if rows is None else {row.cells[column] for row in rows}
    item = _Target("item", "items.csv", ids["items.csv"])
    return {
        "item": item,
        "parent": item,
        "component": item,
        "work_order": _Target("work order", "work_orders.csv", ids["work_orders.csv"]),
        "lot": _Target("lot", "lots.csv", ids["lots.csv"]),
        "sales_order": _Target("sales order", "sales_orders.csv", ids["sales_orders.csv"]),
        "line": _Target("line", "plant.yaml", known.lines),
        "producer": _Target("person", "plant.yaml", known.people),
    }


def _references(rows: Sequence[Row], targets: Mapping[str, _Target], folder: Path, problems: list[Problem]) -> None:
    """Every id that a row names must be described in its own file."""
    before, absent = len(problems), set[str]()
    for row in rows:
        for column, said in row.cells.items():
            target = targets.get(column)
            if target is None or not said or OWN_ID.get(row.file) == column:
                continue
            if target.ids is None:
                if target.file not in absent and not (folder / target.file).exists():
                    right = f"a file {target.file} with '{said}' in it"
                    problems.append(row.problem(column, f"there is no {target.file}", right))
                absent.add(target.file)
            elif said not in target.ids:
                what = f"no {target.kind} in {target.file} is called '{said}'"
                problems.append(row.problem(column, what, one_of(said, sorted(target.ids))))
                if len(problems) - before > MOST_PROBLEMS:
                    return


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
    return Item(row.item, row.description, row.uom, row.kind, row.aliases, row.allergens, row.cost)


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


def _lot(row: LotRow, zone: ZoneInfo) -> Lot:
    made = _moment(row.made_at, zone)
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
        made_at=made if isinstance(made, datetime) else None,
    )


def _sales_order(row: SalesOrderRow, zone: ZoneInfo) -> SalesOrder:
    due = _moment(row.due, zone) or row.due
    return SalesOrder(row.sales_order, row.customer, row.item, row.quantity, row.uom, due, row.tier)


def _component(row: ComponentRow) -> Component:
    return Component(row.parent, row.component, row.quantity_per)


def _consumption(row: ConsumptionRow) -> Consumption:
    return Consumption(row.lot, row.work_order, row.quantity)


def _moment(when: date | datetime | None, zone: ZoneInfo) -> date | datetime | None:
    """Dates stay dates; a time without an offset is the plant's wall clock and becomes an instant."""
    return instant(when, zone) if isinstance(when, datetime) else when


def _written(folder: Path) -> tuple[tuple[str, datetime], ...]:
    """When each file was written: the newest says how old the snapshot is (R58), and none hides an older one (R50)."""
    there = [(file.removesuffix(".csv"), folder / file) for file in CSV_FILES if (folder / file).exists()]
    return tuple((name, datetime.fromtimestamp(file.stat().st_mtime, UTC)) for name, file in there)
