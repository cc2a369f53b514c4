"""A plant folder is read as a whole, and everything that is wrong with it is said in one go, with the place."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from bot.commands import check
from integrations.plant_folder import (
    PlantFolderProblems,
    Problem,
    default_rules,
    read_plant_folder,
    read_records,
    warnings_of,
)
from workflow.plant import on_shift

RIVERSIDE = Path("fixtures/plants/riverside")

SMALL = """\
name: São José Nº 2
timezone: America/Sao_Paulo
languages: [pt, en]
shifts:
  - {id: day, start: 06:00, end: "18:00"}
lines:
  - id: L1
    name: Linha 1
    assets:
      - id: L1-FIL
        name: Enchedora
        planned_stops:
          - {start: 2026-11-19T06:00, end: 2026-11-19T08:00, reason: CIP}
people:
  - id: ana.lima
    name: Ana Lima
    roles: [operator, supervisor]
    shifts: [day]
    contacts: {whatsapp: "+5511999990001", telegram: 70100}
    absences:
      - {from: 2026-12-24, to: 2026-12-26, stand_in: no}
  - id: no
    name: Nils Olsen
    roles: [manager]
    language: no
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "riverside"
    shutil.copytree(RIVERSIDE, copy)
    return copy


def problems_of(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(PlantFolderProblems) as told:
        read_plant_folder(folder)
    return told.value.problems


def write(folder: Path, file: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / file).write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Fault:
    """One mistake that a plant makes in its files, and what it must be told."""

    mistake: str
    file: str
    old: str  # the first of these in the file ...
    new: str  # ... becomes this; the problem is in its first line, plus `further`
    key: str
    wrong: str
    right: str
    further: int = 0

    def __str__(self) -> str:
        return self.mistake


PLANT, RULES, ORDERS, LOTS, ITEMS, SALES, BOM = (
    "plant.yaml",
    "rules.yaml",
    "work_orders.csv",
    "lots.csv",
    "items.csv",
    "sales_orders.csv",
    "bom.csv",
)
FAULTS = [Fault(**fault) for fault in yaml.safe_load(Path(__file__).with_name("plant_faults.yaml").read_text("utf-8"))]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_mistake_is_named_with_its_file_its_line_its_key_and_what_would_be_right(folder: Path, fault: Fault) -> None:
    file = folder / fault.file
    text = file.read_text(encoding="utf-8")
    assert fault.old in text, "the mistake must change something"
    at = text.index(fault.old)
    file.write_text(text[:at] + fault.new + text[at + len(fault.old) :], encoding="utf-8")
    line = text.count("\n", 0, at) + 1 + fault.further

    found = problems_of(folder)

    told = [problem for problem in found if problem.file == fault.file and problem.key == fault.key]
    if fault.wrong.startswith("is not"):  # a file that cannot be parsed is named where the parser stumbled
        assert told
        assert all(problem.line and problem.line >= 1 for problem in told)
    else:
        assert [problem.line for problem in told] == [line]
    assert fault.wrong in told[0].wrong
    assert fault.right in told[0].right


def test_all_problems_of_all_files_are_told_in_one_go(folder: Path) -> None:
    made = {"a time zone that is none", "a status that is none", "a lot made by an unknown order", "an open quote"}
    for fault in (fault for fault in FAULTS if fault.mistake in made):
        file = folder / fault.file
        file.write_text(file.read_text(encoding="utf-8").replace(fault.old, fault.new, 1), encoding="utf-8")

    found = problems_of(folder)

    assert {problem.file for problem in found} == {PLANT, ORDERS, LOTS, ITEMS}
    assert [problem.file for problem in found] == sorted(problem.file for problem in found)


def test_one_mistake_does_not_lead_to_ten_messages(folder: Path) -> None:
    """A broken line still has its id, so that nobody who works there is said to work nowhere."""
    text = (folder / PLANT).read_text(encoding="utf-8")
    write(folder, PLANT, text.replace("name: Line 3\n", "nmae: Line 3\n"))

    assert {problem.key for problem in problems_of(folder)} == {"lines[L3].nmae", "lines[L3].name"}


def test_a_small_folder_takes_its_defaults(tmp_path: Path) -> None:
    write(tmp_path / "small", PLANT, SMALL)

    found = read_plant_folder(tmp_path / "small")

    assert found.plant.id == "sao-jose-no-2"
    assert found.rules == default_rules()
    assert found.records.work_orders == ()
    ana, nils = found.plant.people
    assert ana.language == "pt", "the plant's first language"
    assert ana.contacts == {"whatsapp": "+5511999990001", "telegram": "70100"}
    assert ana.absences[0].start == date(2026, 12, 24)
    stop = found.plant.asset["L1-FIL"].planned_stops[0]
    assert stop.start == datetime(2026, 11, 19, 9, tzinfo=UTC), "the plant's wall clock becomes an instant"
    assert (nils.id, nils.language) == ("no", "no"), "Norwegian is no boolean"
    assert found.plant.shifts[0].start.isoformat() == "06:00:00", "06:00 is no number"


def test_the_sample_plant_is_clean_and_covers_every_shift() -> None:
    found = read_plant_folder(RIVERSIDE)

    assert warnings_of(found) == ()
    assert found.plant.id == "riverside"
    assert {"tree nuts", "gluten", "milk", "soy"} <= {a for item in found.records.items for a in item.allergens}
    running = {line: found.records.running_on(line) for line in found.plant.line}
    assert all(running.values()), "every line runs an order, so that one can be proposed (R12)"
    assert all(lot.producer for lot in found.records.lots if lot.work_order), "who made a lot may not release it (R40)"


def test_the_sample_plant_holds_everything_that_its_message_cases_speak_of() -> None:
    folder = read_plant_folder(RIVERSIDE)
    cases = sorted(Path("fixtures").glob("cases/riverside*.jsonl"))
    assert cases, "they are part of the repository"
    expected = [json.loads(line) for file in cases for line in file.read_text(encoding="utf-8").splitlines()]
    exceptions = [e for case in expected for e in case["expect"]["exceptions"]]
    assert {a for e in exceptions for a in e["assets"]} <= set(folder.plant.asset)
    assert {o for e in exceptions for o in e["work_orders"]} <= set(folder.records.work_order)
    assert {i for e in exceptions for i in e["items"]} <= set(folder.records.item)
    assert {lot for e in exceptions for lot in e["lots"]} <= set(folder.records.lot)
    assert {case["sender"] for case in expected} <= set(folder.plant.person)


def test_a_stand_in_takes_the_place_of_who_is_absent() -> None:
    plant = read_plant_folder(RIVERSIDE).plant

    on_friday = on_shift(plant, "maintenance", datetime(2026, 11, 20, 15, tzinfo=UTC))

    assert [person.id for person in on_friday] == ["anita.rao"]


def test_with_a_live_erp_the_csv_files_are_not_read(folder: Path) -> None:
    write(folder, ORDERS, "nonsense")

    found = read_plant_folder(folder, with_records=False)

    assert found.records.work_orders == ()


def test_an_absent_file_is_named_once_where_it_is_needed(folder: Path) -> None:
    (folder / ITEMS).unlink()

    told = [problem for problem in problems_of(folder) if "there is no items.csv" in problem.wrong]

    assert {problem.file for problem in told} == {ORDERS, LOTS, SALES, BOM}
    assert len(told) == 4


def test_a_folder_without_bills_of_material_is_a_plant_all_the_same(folder: Path) -> None:
    (folder / BOM).unlink()

    assert read_plant_folder(folder).records.components == ()


def test_a_broken_header_is_one_problem_and_not_a_hundred(folder: Path) -> None:
    text = (folder / ITEMS).read_text(encoding="utf-8")
    write(folder, ITEMS, text.replace("item,description", "item;description", 1))

    assert {problem.file for problem in problems_of(folder)} == {ITEMS}


def test_a_shifted_column_does_not_fill_a_book(folder: Path) -> None:
    rows = "".join(f"X-{n},X,minus,cs,available\n" for n in range(5000))
    write(folder, LOTS, "lot,item,quantity,uom,status\n" + rows)

    found = problems_of(folder)

    assert len(found) < 120
    assert "there are more from here on" in {problem.wrong for problem in found}


def test_semicolons_byte_order_marks_and_windows_line_ends(folder: Path) -> None:
    text = (folder / ITEMS).read_text(encoding="utf-8")
    (folder / ITEMS).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert len(read_plant_folder(folder).records.items) == 53

    write(folder, ITEMS, text.replace(",", ";"))
    assert "not separated by commas" in problems_of(folder)[0].wrong


HOSTILE: dict[str, Callable[[], bytes]] = {
    "not UTF-8": lambda: SMALL.encode("latin-1"),
    "too large": lambda: SMALL.encode() + b"#" * 300_000,
    "nested": lambda: b"name: " + b"[" * 50_000,
    "more than": lambda: b"name: " + b"{a: " * 50_000,
    "too many values": lambda: _billion_laughs(),
    "not YAML": lambda: b"name: \x00\x01",
    "holds no keys": lambda: b"just words",
    "not YAML: ": lambda: SMALL.encode() + b"\n---\nname: another\n",
    "is missing": lambda: b"",
    "a key is a list": lambda: b"[a, b]: c",
}


def _billion_laughs() -> bytes:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "\n".join(rows).encode()


@pytest.mark.parametrize(("wrong", "content"), HOSTILE.items(), ids=list(HOSTILE))
def test_a_hostile_file_is_one_clear_problem_and_never_a_crash(
    tmp_path: Path, wrong: str, content: Callable[[], bytes]
) -> None:
    (tmp_path / PLANT).write_bytes(content())

    told = problems_of(tmp_path)

    assert any(wrong in problem.wrong for problem in told), told


def test_an_alias_that_contains_itself_is_refused(tmp_path: Path) -> None:
    write(tmp_path, PLANT, "name: &me [*me]\n")

    assert problems_of(tmp_path)


def test_a_missing_folder_or_file_says_what_it_looked_for(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "nowhere")[0].wrong == "is no folder"
    write(tmp_path, "plant.yml", SMALL)
    assert "plant.yml, rename it" in problems_of(tmp_path)[0].right


def test_records_alone_are_checked_against_the_plant(folder: Path) -> None:
    assert len(read_records(folder).work_orders) == 44
    text = (folder / ORDERS).read_text(encoding="utf-8")
    write(folder, ORDERS, text.replace(",L1,", ",L17,", 1))
    with pytest.raises(PlantFolderProblems, match="no line in plant"):
        read_records(folder)


def test_a_snapshot_is_as_old_as_its_newest_file(folder: Path) -> None:
    for file in folder.glob("*.csv"):
        os.utime(file, (1_700_000_000, 1_700_000_000))
    os.utime(folder / LOTS, (1_700_000_600, 1_700_000_600))

    assert read_records(folder).as_of == datetime.fromtimestamp(1_700_000_600, UTC)


def test_a_plant_hears_before_the_first_night_who_is_missing(folder: Path) -> None:
    text = (folder / PLANT).read_text(encoding="utf-8")
    write(folder, PLANT, "".join(line for line in text.splitlines(True) if "isabel.cordero, name" not in line
                                 and "tamika.jones" not in line))  # fmt: skip
    write(folder, "work_order.csv", "")
    text = (folder / PLANT).read_text(encoding="utf-8")
    write(folder, PLANT, text.replace("aliases: [depal,", "aliases: [rinser,", 1))

    told = [warned.what + " | " + warned.consider for warned in warnings_of(read_plant_folder(folder))]

    assert any("no quality on shift night" in what for what in told)
    assert any("no quality on shift day" in what for what in told)
    assert any("work_orders.csv, if that was meant" in what for what in told)
    assert any("L1-DEP and L1-RIN of L1 are both called 'rinser'" in what for what in told)


def test_what_is_limited_by_worth_and_has_no_cost_is_told(folder: Path) -> None:
    write(folder, RULES, "decisions: {scrap: {roles: [quality], worth: 500 USD, above: [manager]}}\n")
    told = [warned.what for warned in warnings_of(read_plant_folder(folder))]
    assert any("no cost of " in what and "limit scrap by worth" in what for what in told)


def test_who_took_some_of_a_lot_is_read_and_checked(folder: Path) -> None:
    write(folder, "consumption.csv", "lot,work_order,quantity\nCAP-88213,WO-10482,32400\nCAP-88213,WO-10459,\n")
    found = read_records(folder)
    assert found.eaten_by == {"CAP-88213": ["WO-10482", "WO-10459"]}
    write(folder, "consumption.csv", "lot,work_order\nCAP-88214,WO-10482\nCAP-88213,WO-1048\n")
    with pytest.raises(PlantFolderProblems) as told:
        read_records(folder)
    assert [(p.file, p.line, p.key) for p in told.value.problems] == [
        ("consumption.csv", 2, "lot"), ("consumption.csv", 3, "work_order")
    ]  # fmt: skip


@pytest.fixture
def linecall() -> Callable[..., tuple[int, str]]:
    app = typer.Typer()
    app.callback()(lambda: None)
    check.register(app)

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.stdout

    return run


def test_check_says_what_it_found(linecall: Callable[..., tuple[int, str]]) -> None:
    status, said = linecall("check", str(RIVERSIDE))

    assert status == 0
    for words in ("Riverside Bottling", "L3 (6 assets)", "4 running", "10 operator", "own: no concession", "Ready"):
        assert words in said


def test_check_shows_every_problem_and_fails(folder: Path, linecall: Callable[..., tuple[int, str]]) -> None:
    text = (folder / PLANT).read_text(encoding="utf-8")
    write(folder, PLANT, text.replace("roles: [safety]", "roles: [saftey]"))

    status, said = linecall("check", str(folder))
    assert status == 1
    assert "people[omar.haddad].roles[1]" in said
    assert "3 problems" in said

    status, said = linecall("check", str(folder), "--json")
    assert status == 1
    told = json.loads(said)
    assert told["ok"] is False
    assert set(told["problems"][0]) == {"file", "line", "key", "wrong", "right"}


def test_check_as_json_counts_what_is_there(linecall: Callable[..., tuple[int, str]]) -> None:
    status, said = linecall("check", str(RIVERSIDE), "--json")

    told = json.loads(said)
    assert status == 0
    assert (told["ok"], told["assets"], told["people_by_role"]["operator"]) == (True, 23, 10)
    assert told["warnings"] == []


ODD: tuple[Any, ...] = (
    *(
        "",
        " ",
        "|",
        "0",
        "-1",
        "1e999",
        "nan",
        "0001-01-01T00:00",
        "9999-12-31",
        "9" * 400,
        "x" * 600,
        "2026-13-45",
        "../..",
        "\u2603",
        "true",
        "L1",
    ),
    *([], {}, [[]], [None], ["a", "a"], {"a": "b"}, {"": ""}, {"id": ["a"]}, [{"id": {}}], {"5m": None}, None),
)


@pytest.mark.slow
@pytest.mark.parametrize("file", [PLANT, RULES])
def test_whatever_stands_at_any_key_it_is_a_plant_or_problems_and_never_a_crash(tmp_path: Path, file: str) -> None:
    text = {PLANT: SMALL, RULES: (RIVERSIDE / RULES).read_text(encoding="utf-8")}
    good = {name: yaml.load(words, Loader=yaml.BaseLoader) for name, words in text.items()}
    write(tmp_path, PLANT, SMALL)
    told = 0
    for place in places(good[file]):
        odd = ODD[told % len(ODD)] if file == RULES else None
        for value in ODD if odd is None else (odd,):
            write(tmp_path, file, json.dumps(with_at(good[file], place, value)))
            with suppress(PlantFolderProblems):
                warnings_of(read_plant_folder(tmp_path))
            told += 1
    assert told > 50


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    for step in steps:
        yield (*place, step)
        yield from places(value[step], (*place, step))


def with_at(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    changed = copy(value)
    changed[place[0]] = with_at(value[place[0]], place[1:], new)
    return changed
