"""Postings as files: their format, what a careless or crashed import may leave behind, and its strict stand-in."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.erp.import_stand_in import ImportStandIn
from integrations.erp.plant_folder import PlantFolderErp
from integrations.erp.posting_bodies import BODIES as BODY_MODELS
from integrations.erp.posting_bodies import why_not
from integrations.erp.posting_files import key_of, name_of
from integrations.plant_folder import read_plant_folder, read_records
from tests.integrations.erp_contract import BODIES, RIVERSIDE, TUESDAY, FlatFiles, StandingClock, drive, other, posting
from workflow.case import POSTING_KINDS, Case, Held, Part, Posting, PostingKind, Proposal
from workflow.errors import Rejected, TryLater
from workflow.posting import decision_postings, hold_postings, resolution_postings
from workflow.reading import DECISIONS, EXCEPTION_TYPES, Quantity

PAGE = Path("docs/plant-folder.md").read_text(encoding="utf-8")


@pytest.fixture
def files(tmp_path: Path) -> FlatFiles:
    return FlatFiles(tmp_path)


def lay_out(files: FlatFiles, owed: Posting) -> str:
    """Post it and get the name under which it waits."""
    with pytest.raises(TryLater):
        files.erp.post(owed)
    return name_of(owed.key)


def answer(files: FlatFiles, name: str, content: bytes | dict[str, Any]) -> None:
    folder = files.postings / "in"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())


def test_a_posting_is_one_file_with_everything_that_an_import_needs(files: FlatFiles) -> None:
    owed = Posting("riverside/EX-7/1/scrap/2", "scrap", "EX-7", BODIES["scrap"], datetime(2026, 11, 17, 13, tzinfo=UTC))

    lay_out(files, owed)

    (file,) = (files.postings / "out").iterdir()
    assert file.name == "riverside~EX-7~1~scrap~2.json"
    assert json.loads(file.read_text(encoding="utf-8")) == {
        "format": "linecall-posting/1",
        "key": "riverside/EX-7/1/scrap/2",
        "plant": "riverside",
        "case": "EX-7",
        "kind": "scrap",
        "occurred_at": "2026-11-17T13:00:00Z",
        "written_at": "2026-11-17T14:00:00Z",
        "reverses": None,
        "body": dict(BODIES["scrap"]),
    }


def test_the_page_shows_the_files_as_they_are(files: FlatFiles) -> None:
    for words in ("riverside~EX-7~1~scrap~2.json", "linecall-posting/1", ".accepted.json", ".rejected.json", "taken/"):
        assert words in PAGE
    for kind, model in BODY_MODELS.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{kind}` |"))
        for field in model.model_fields:
            assert f"{field}" in row, f"{kind}: {field} is not explained"


@given(st.text(min_size=1, max_size=40))
def test_every_key_has_one_file_name_and_comes_back_from_it(key: str) -> None:
    try:
        name = name_of(key)
    except (ValueError, UnicodeEncodeError):
        return
    assert key_of(name) == key
    assert "/" not in name
    assert "\x00" not in name


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"key": "riverside/EX-',
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"receipt": "DOC-1"}',
        b'{"key": "%KEY%"}',
        b'{"key": "%KEY%", "receipt": ""}',
        b'{"key": "%KEY%", "receipt": {}}',
        b'{"key": "%KEY%", "receipt": "DOC-1", "at": "yesterday"}',
        b"[" * 100_000,
        b" " * 2_000_000,
    ],
    ids=lambda content: content[:40].decode("latin-1"),
)
def test_half_an_answer_is_no_answer_and_never_a_crash(files: FlatFiles, content: bytes) -> None:
    owed = posting("downtime")
    name = lay_out(files, owed)
    answer(files, f"{name}.accepted.json", content.replace(b"%KEY%", owed.key.encode()))

    for attempt in (lambda: files.erp.find(owed.key), lambda: files.erp.post(owed)):
        with pytest.raises(TryLater) as later:
            attempt()
        assert name in later.value.why

    answer(files, f"{name}.accepted.json", {"key": owed.key, "receipt": 4900012345, "sap_client": "100"})
    receipt = files.erp.find(owed.key)
    assert receipt is not None
    assert receipt.number == "4900012345", "a number is taken as it stands, and other fields are the import's own"


def test_an_answer_about_another_posting_goes_before_a_person(files: FlatFiles) -> None:
    owed = posting("downtime")
    name = lay_out(files, owed)
    answer(files, f"{name}.accepted.json", {"key": "riverside/EX-1/0/scrap/1", "receipt": "DOC-1"})

    with pytest.raises(Rejected, match="another posting"):
        files.erp.find(owed.key)


def test_a_refusal_without_a_reason_is_a_refusal(files: FlatFiles) -> None:
    owed = posting("downtime")
    name = lay_out(files, owed)
    answer(files, f"{name}.rejected.json", {"key": owed.key})

    with pytest.raises(Rejected, match="without a reason"):
        files.erp.post(owed)


def test_a_file_that_somebody_edited_is_not_trusted(files: FlatFiles) -> None:
    owed = posting("scrap")
    name = lay_out(files, owed)
    file = files.postings / "out" / f"{name}.json"
    file.write_text(file.read_text(encoding="utf-8").replace("10.0", "1000.0"), encoding="utf-8")

    with pytest.raises(Rejected, match="something else"):
        files.erp.post(owed)


def test_waiting_gets_more_patient(files: FlatFiles) -> None:
    owed = posting("note")
    waits = []
    for _ in range(4):
        with pytest.raises(TryLater) as later:
            files.erp.post(owed)
        waits.append(later.value.after)
        files.clock.at += timedelta(seconds=40)
    assert waits == [timedelta(seconds=2), timedelta(seconds=20), timedelta(seconds=40), timedelta(seconds=60)]


def test_a_half_written_file_of_a_crashed_program_is_never_seen_by_the_import(files: FlatFiles) -> None:
    out = files.postings / "out"
    out.mkdir(parents=True)
    (out / ".tmpabc.tmp").write_text('{"format": "linecall-', encoding="utf-8")
    (out / ".hidden.json").write_text("{", encoding="utf-8")

    assert files.stand_in.take_in(TUESDAY) == 0
    assert files.stand_in.ledger() == []


def test_a_full_disk_is_told_and_tried_again(files: FlatFiles) -> None:
    files.postings.mkdir()
    (files.postings / "out").write_text("a file where the folder should be", encoding="utf-8")
    owed = posting("note")

    with pytest.raises((TryLater, Rejected)):
        files.erp.post(owed)

    (files.postings / "out").unlink()
    drive(files, owed)
    assert files.booked(owed.key) == 1


def test_without_answers_the_written_file_is_the_booking(tmp_path: Path) -> None:
    clock = StandingClock()
    erp = PlantFolderErp(RIVERSIDE, tmp_path, clock, confirm="written")
    owed = posting("downtime")
    assert erp.find(owed.key) is None

    receipt = erp.post(owed)
    clock.at += timedelta(hours=1)

    assert receipt.number == f"{name_of(owed.key)}.json"
    assert erp.post(owed) == receipt
    assert PlantFolderErp(RIVERSIDE, tmp_path, clock, confirm="written").find(owed.key) == receipt
    with pytest.raises(Rejected):
        erp.post(other(owed, minutes=41.0))


def test_records_are_read_anew_only_when_a_file_changed(files: FlatFiles) -> None:
    before = files.erp.records()
    assert files.erp.records() is before

    files.knows_order("WO-88888")

    assert "WO-88888" in files.erp.records().work_order


def test_while_a_file_is_broken_the_last_good_records_serve_on(files: FlatFiles) -> None:
    good = files.erp.records()
    lots = (files.plant / "lots.csv").read_text(encoding="utf-8")
    files.records_broken()

    with pytest.raises(TryLater, match=r"lots.csv:1: .*column"):
        files.erp.records()
    assert files.erp.last_good is good

    (files.plant / "lots.csv").write_text(lots, encoding="utf-8")
    assert files.erp.records().lots == good.lots


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("cheque", {}, "unknown kind 'cheque'"),
        ("lot_hold", {"lot": "6320-3A", "quantity": 5.0}, "the field 'uom' is missing"),
        ("lot_hold", {**BODIES["lot_hold"], "colour": "red"}, "the field 'colour' is unknown"),
        ("lot_hold", {**BODIES["lot_hold"], "quantity": -1.0}, "greater than 0"),
        ("lot_hold", {**BODIES["lot_hold"], "uom": "pallets"}, "is kept in cs, not in pallets"),
        ("lot_hold", {**BODIES["lot_hold"], "item": "FG-1010"}, "is of item FG-3010"),
        ("lot_hold", {**BODIES["lot_hold"], "quantity": 1351.0}, "has 1350 cs, not 1351"),
        ("lot_release", {"lot": "6320-3A", "quantity": 1.0, "uom": "cs"}, "only 0 cs are on hold"),
        ("scrap", {"quantity": 1.0, "uom": "cs"}, "names none of lot, work_order"),
        ("stock_adjustment", {"item": "PK-0", "quantity": 1.0, "uom": "ea"}, "unknown item PK-0"),
        ("goods_movement", {"item": "PK-5330", "to_line": "L9"}, "unknown line L9"),
        ("order_status", {"work_order": "WO-10460", "status": "sleeping"}, "status: Input should be"),
    ],
)
def test_the_stand_in_refuses_what_a_real_import_refuses(
    files: FlatFiles, kind: PostingKind, body: dict[str, Any], reason: str
) -> None:
    owed = Posting(f"riverside/EX-1/0/{kind}/1", kind, "EX-1", body, TUESDAY)

    with pytest.raises(Rejected) as refused:
        drive(files, owed)

    assert reason in refused.value.why
    assert files.stand_in.ledger() == []


def test_the_stand_in_answers_a_file_that_comes_twice_with_the_same_receipt(files: FlatFiles) -> None:
    owed = posting("note")
    receipt = drive(files, owed)
    name = name_of(owed.key)
    (files.postings / "taken" / f"{name}.json").rename(files.postings / "out" / f"{name}.json")
    (files.postings / "in" / f"{name}.accepted.json").unlink()

    assert files.stand_in.take_in(TUESDAY) == 1

    found = files.erp.find(owed.key)
    assert found is not None
    assert found.number == receipt.number
    assert files.booked(owed.key) == 1


def test_the_stand_in_takes_files_in_the_order_in_which_they_were_written(files: FlatFiles) -> None:
    first = posting("lot_hold", quantity=100.0)
    second = posting("lot_release", lot="6320-3A", quantity=100.0)
    lay_out(files, first)
    files.clock.at += timedelta(seconds=1)
    lay_out(files, second)

    files.stand_in.take_in(files.clock.now())

    assert [entry["kind"] for entry in files.stand_in.ledger()] == ["lot_hold", "lot_release"]


def test_what_is_no_posting_is_refused_by_its_file_name(files: FlatFiles) -> None:
    out = files.postings / "out"
    out.mkdir(parents=True)
    (out / "riverside~EX-1~0~note~1.json").write_text("hello", encoding="utf-8")

    assert files.stand_in.take_in(TUESDAY) == 1

    (told,) = (files.postings / "in").iterdir()
    assert told.name == "riverside~EX-1~0~note~1.rejected.json"
    assert "not JSON" in json.loads(told.read_text(encoding="utf-8"))["reason"]
    assert list(out.iterdir()) == []


def test_a_ledger_torn_by_a_crash_goes_on_where_it_was(files: FlatFiles) -> None:
    drive(files, posting("lot_hold", quantity=1350.0))
    ledger = files.postings / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes() + b'{"key": "riverside/EX')

    files.stand_in = ImportStandIn(files.postings, files.plant)
    drive(files, posting("lot_release", lot="6320-3A", quantity=1350.0))

    assert [entry["receipt"] for entry in files.stand_in.ledger()] == ["DOC-000001", "DOC-000002"]


def test_a_stand_in_whose_plant_is_broken_answers_nothing(files: FlatFiles) -> None:
    lay_out(files, posting("note"))
    files.records_broken()

    assert files.stand_in.take_in(TUESDAY) == 0


def test_every_kind_has_a_body_and_the_samples_fit_them() -> None:
    assert set(BODY_MODELS) == set(POSTING_KINDS)
    for kind, body in BODIES.items():
        assert why_not(kind, body) is None


def test_what_a_plant_owes_by_its_rules_fits_the_bodies_that_an_import_knows() -> None:
    case = Case(
        "EX-1", "riverside", TUESDAY, "maria.lopez", "caps leak", line="L3", assets=("L3-CAP",), lots=("6320-3A",)
    )
    case = replace(case, work_orders=("WO-10482",), items=("PK-5210",), quantity=Quantity(500, "ea"), duration_min=25)
    case = replace(case, resolved_at=TUESDAY + timedelta(minutes=40), scrap=Quantity(12, "cs"))
    records = read_records(RIVERSIDE)
    parts = tuple(Part(decision, "6320-3A", 10, "cs") for decision in DECISIONS)
    owed = list(hold_postings(case, (Held("6320-3A", 1350, "cs", 1350),)))
    owed += decision_postings(case, Proposal(parts, "tamika.jones", TUESDAY, "checked"), records)
    for type_ in EXCEPTION_TYPES:
        for by_planner in (True, False):
            owed += resolution_postings(replace(case, type=type_), by_planner=by_planner)

    assert {one.kind for one in owed} > {"downtime", "lot_hold", "reschedule", "stock_adjustment", "confirmation"}
    assert {(one.kind, reason) for one in owed if (reason := why_not(one.kind, one.body))} == set()


def test_the_plant_of_the_page_is_a_valid_one(tmp_path: Path) -> None:
    example = re.search(r"## plant.yaml\n\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    (tmp_path / "plant.yaml").write_text(example[1], encoding="utf-8")

    assert read_plant_folder(tmp_path).plant.closed_on(date(2026, 11, 26)), "Thanksgiving, from `holidays: US`"
