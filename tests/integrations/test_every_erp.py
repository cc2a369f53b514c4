"""What every ERP adapter promises: booked once, found again, refused with a reason, and nothing lost meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.integrations.erp_contract import (
    BODIES,
    ERPS,
    ErpAround,
    ErpNextSystem,
    FlatFiles,
    OdooSystem,
    RealTryton,
    SapSystem,
    TakesBack,
    drive,
    other,
    posting,
)
from workflow.case import POSTING_KINDS, PostingKind
from workflow.errors import LinecallError, Rejected, TryLater

# What an ERP has no way back for, and why: docs/erp/. A person gets it, with these words.
CANNOT_TAKE_BACK: dict[str, tuple[PostingKind, ...]] = {"plant_folder": (), "tryton": ("order_status", "reschedule")}


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow) if name == "tryton" else name for name in ERPS])
def around(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ErpAround]:
    match request.param:
        case "tryton":
            yield RealTryton(request.getfixturevalue("tryton"))
        case "sap" | "odoo" | "erpnext" as name:
            system: Any = {"sap": SapSystem, "odoo": OdooSystem, "erpnext": ErpNextSystem}[name]()
            yield system
            system.close()
        case _:
            yield FlatFiles(tmp_path)


def test_the_contract_has_a_body_for_every_kind() -> None:
    assert set(BODIES) == set(POSTING_KINDS)


def test_it_has_a_name_and_says_what_it_can_book(around: ErpAround) -> None:
    assert around.erp.name in ERPS
    assert around.erp.kinds
    assert around.erp.kinds <= set(POSTING_KINDS)


@pytest.mark.parametrize("kind", POSTING_KINDS)
def test_a_kind_that_it_names_is_booked_once_with_a_receipt(around: ErpAround, kind: PostingKind) -> None:
    owed = posting(kind, **getattr(around, "instead", {}).get(kind, {}))
    if kind not in around.erp.kinds:
        with pytest.raises(Rejected):
            drive(around, owed)
        return
    receipt = drive(around, owed)

    assert receipt.number
    assert receipt.at.tzinfo is not None
    assert around.booked(owed.key) == 1


def test_nothing_is_found_that_was_never_posted(around: ErpAround) -> None:
    assert around.erp.find("riverside/EX-0/0/scrap/1") is None


def test_posted_twice_is_booked_once(around: ErpAround) -> None:
    """R47: the same key is the same fact, however often it is sent."""
    owed = posting("downtime")
    first = drive(around, owed)

    assert around.erp.post(owed).number == first.number
    assert drive(around, owed).number == first.number
    assert around.booked(owed.key) == 1


def test_two_workers_at_once_book_once(around: ErpAround) -> None:
    owed = posting("lot_hold")

    def attempt(_: int) -> None:
        with suppress(TryLater):
            around.erp.post(owed)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(attempt, range(8)))
    drive(around, owed)
    assert around.booked(owed.key) == 1


def test_a_lost_answer_is_found_out_and_nothing_is_booked_twice(around: ErpAround) -> None:
    owed = posting("scrap")
    around.loses_the_next_answer()

    drive(around, owed)

    assert around.booked(owed.key) == 1


def test_away_it_says_try_later_and_what_was_owed_is_booked_when_it_is_back(around: ErpAround) -> None:
    owed = [posting("downtime"), posting("lot_hold"), posting("note")]
    around.away(True)
    for one in owed:
        with pytest.raises(TryLater) as later:
            drive(around, one)
        assert later.value.why
        assert around.booked(one.key) == 0

    around.away(False)

    for one in owed:
        drive(around, one)
        assert around.booked(one.key) == 1


def test_a_restart_between_posting_and_answer_loses_nothing(around: ErpAround) -> None:
    owed = posting("lot_release")
    with suppress(TryLater):  # files are answered later, a server at once
        around.erp.post(owed)
    around.restart()

    receipt = drive(around, owed)
    around.restart()

    found = around.erp.find(owed.key)
    assert found is not None
    assert found.number == receipt.number
    assert around.booked(owed.key) == 1


@pytest.mark.parametrize(
    ("kind", "changed", "named"),
    [
        ("downtime", {"work_order": "WO-99999"}, "WO-99999"),
        ("lot_hold", {"lot": "9999-9Z"}, "9999-9Z"),
        ("goods_movement", {"item": "PK-0000"}, "PK-0000"),
        ("maintenance_notification", {"asset": "L9-XXX"}, "L9-XXX"),
        ("lot_hold", {"quantity": 999999.0}, "1350"),
        ("lot_release", {"lot": "6313-3B"}, "on hold"),
    ],
)
def test_what_it_does_not_know_is_refused_with_a_reason_for_a_person(
    around: ErpAround, kind: PostingKind, changed: dict[str, object], named: str
) -> None:
    """R50: shown to a person, never lost and never booked half."""
    owed = posting(kind, **changed)
    if kind not in around.erp.kinds:
        named = "has no document for"

    with pytest.raises(Rejected, match=named):
        drive(around, owed)

    assert around.booked(owed.key) == 0
    assert around.erp.find(owed.key) is None


def test_a_refused_posting_is_booked_after_its_cause_is_repaired(around: ErpAround) -> None:
    instead = getattr(around, "instead", {}).get("reschedule", {})
    owed = posting("reschedule", **instead, work_order="WO-77777")
    with pytest.raises(Rejected):
        drive(around, owed)
    with pytest.raises(Rejected):
        drive(around, owed)

    around.knows_order("WO-77777")

    assert drive(around, owed).number
    assert around.booked(owed.key) == 1


def test_one_key_with_other_content_is_refused_and_never_booked(around: ErpAround) -> None:
    owed = posting("scrap")
    drive(around, owed)

    with pytest.raises(Rejected):
        around.erp.post(other(owed, quantity=11.0))

    assert around.booked(owed.key) == 1


def test_parts_of_a_lot_are_booked_until_nothing_is_left_on_hold(around: ErpAround) -> None:
    """R42: of 2,800 on hold, so much is released, reworked and scrapped; not one more."""
    for kind, quantity in (("lot_release", 2000.0), ("lot_rework", 500.0), ("scrap", 300.0)):
        drive(around, posting(kind, quantity=quantity))  # type: ignore[arg-type]

    with pytest.raises(Rejected, match="on hold"):
        drive(around, posting("lot_release", quantity=1.0))


def test_a_reversal_takes_back_what_was_booked_and_only_once(around: ErpAround) -> None:
    """R45: a release can be withdrawn; the lot is on hold again."""
    released = posting("lot_release", quantity=2800.0)
    drive(around, released)
    back = replace(released, key=f"{released.key}/reversal", reverses=released.key)
    drive(around, back)
    assert around.booked(back.key) == 1

    drive(around, posting("lot_release", quantity=2800.0))

    with pytest.raises(Rejected, match="reversed"):
        drive(around, replace(back, key=f"{back.key}/again"))


@pytest.mark.parametrize("kind", [*POSTING_KINDS, "scrap of an order"])
def test_what_was_corrected_is_taken_back_and_booked_anew(around: ErpAround, kind: PostingKind) -> None:
    """R47: a correction is a reversal and a new posting; what an ERP cannot take back is a person's, with a reason."""
    of_order = {"work_order": "WO-10482", "quantity": 10.0, "uom": "cs"}
    first = posting("scrap") if kind == "scrap of an order" else posting(kind)  # type: ignore[comparison-overlap]
    first = replace(first, body=of_order) if kind == "scrap of an order" else first  # type: ignore[comparison-overlap]
    if first.kind not in around.erp.kinds:
        assert first.kind in POSTING_KINDS
        return
    back = replace(first, key=f"{first.key}/back", reverses=first.key)
    if around.erp.name not in CANNOT_TAKE_BACK:  # nobody has said yet what it can: it may refuse, and books no other
        with suppress(Rejected):
            drive(around, first)
            drive(around, back)
        assert around.booked(back.key) <= 1
        return
    drive(around, first)
    if first.kind in CANNOT_TAKE_BACK.get(around.erp.name, ()):
        with pytest.raises(Rejected, match="cannot take back"):
            drive(around, back)
        assert (around.booked(back.key), around.booked(first.key)) == (0, 1), "it stands as it was"
        return

    receipt = drive(around, back)

    assert cast(TakesBack, around).taken_back(first.kind, first.key)
    assert around.erp.post(back).number == receipt.number, "and only once"
    with pytest.raises(Rejected, match="reversed"):
        drive(around, replace(back, key=f"{first.key}/twice"))
    anew = replace(first, key=f"{first.key}/anew")
    drive(around, anew)
    assert (around.booked(back.key), around.booked(anew.key)) == (1, 1)


def test_records_come_as_one_snapshot_with_its_age(around: ErpAround) -> None:
    records = around.erp.records()

    assert records.work_order["WO-10482"].item == "FG-3010"
    running = records.running_on("L3")
    assert running is not None
    assert running.id == "WO-10482"
    assert records.as_of is not None
    assert records.as_of.tzinfo is not None
    assert around.erp.records() is records, "nothing has changed"


def test_records_that_make_no_sense_just_now_are_told_as_try_later(around: ErpAround) -> None:
    around.erp.records()
    around.records_broken()

    for _ in range(2):
        with pytest.raises(TryLater) as later:
            around.erp.records()
        assert later.value.why


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "a/../b", ".", "x" * 5000, "nul\x00", "plant/EX-1/0/~/ü%2F"])
def test_no_key_leads_out_of_the_adapter_or_makes_it_fall_over(around: ErpAround, key: str) -> None:
    owed = replace(posting("note"), key=key)
    with suppress(LinecallError):
        drive(around, owed)
        assert around.booked(key) == 1
