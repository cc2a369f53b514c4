"""What every ERP adapter promises: booked once, found again, refused with a reason, and nothing lost meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.erp_contract import (
    BODIES,
    ERPS,
    OVER_HTTP,
    SLOW,
    ErpAround,
    FlatFiles,
    RealTryton,
    drive,
    other,
    posting,
)
from workflow.case import POSTING_KINDS, Posting, PostingKind
from workflow.errors import LinecallError, Rejected, TryLater

# What an ERP has no way back for, and why: docs/erp/. A person gets it, with these words.
CANNOT_TAKE_BACK: dict[str, tuple[PostingKind, ...]] = {
    "plant_folder": (),
    "tryton": ("order_status", "reschedule"),
    "sap": ("order_status", "reschedule", "deviation", "maintenance_notification"),
    "odoo": ("order_status", "reschedule"),
    "erpnext": ("order_status", "reschedule"),
}
OF_ORDER = {"work_order": "WO-10482", "quantity": 10.0, "uom": "cs"}  # scrap that never became a lot
WAYS: tuple[tuple[PostingKind, Mapping[str, Any] | None], ...] = (
    *((kind, None) for kind in POSTING_KINDS),
    ("scrap", OF_ORDER),
)


@pytest.fixture(params=SLOW)
def around(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ErpAround]:
    match request.param:
        case "tryton":
            yield RealTryton(request.getfixturevalue("tryton"))
        case "plant_folder":
            yield FlatFiles(tmp_path)
        case name:
            with closing(OVER_HTTP[name]()) as system:
                yield system


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


def test_two_workers_at_once_book_once(around: ErpAround) -> None:
    owed = posting("lot_hold")

    def attempt(_: int) -> None:
        with suppress(TryLater):
            around.erp.post(owed)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(attempt, range(8)))
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
        ("lot_hold", {"lot": "9999-9Z"}, "9999-9Z"),
        ("goods_movement", {"item": "PK-0000"}, "PK-0000"),
        ("maintenance_notification", {"asset": "L9-XXX"}, "L9-XXX"),
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


def booked_first(
    around: ErpAround, kind: PostingKind, body: Mapping[str, Any] | None
) -> tuple[Posting, Posting] | None:
    """What was booked, and what takes it back; None where this ERP books no such thing."""
    first = posting(kind, **getattr(around, "instead", {}).get(kind, {}))
    first = replace(first, body={**(body or first.body)})
    if kind not in around.erp.kinds:
        return None
    try:
        drive(around, first)
    except Rejected:
        assert body is OF_ORDER, "it names the kind, so it books it"
        return None
    return first, replace(first, key=f"{first.key}/back", reverses=first.key)


@pytest.mark.parametrize(("kind", "body"), WAYS)
def test_what_was_corrected_is_taken_back_and_booked_anew(
    around: ErpAround, kind: PostingKind, body: Mapping[str, Any] | None
) -> None:
    """R47: a correction is a reversal and a new posting; what an ERP cannot take back is a person's, with a reason."""
    pair = booked_first(around, kind, body)
    if pair is None:
        return
    first, back = pair
    if first.kind in CANNOT_TAKE_BACK[around.erp.name]:
        with pytest.raises(Rejected, match="cannot take back"):
            drive(around, back)
        assert (around.booked(back.key), around.booked(first.key)) == (0, 1), "it stands as it was"
        return

    receipt = drive(around, back)

    assert around.taken_back(first.kind, first.key)
    around.restart()
    found = around.erp.find(back.key)
    assert found is not None, "it is read back"
    assert found.number == receipt.number
    assert around.erp.post(back).number == receipt.number, "and only once"
    with pytest.raises(Rejected, match="reversed"):
        drive(around, replace(back, key=f"{first.key}/twice"))
    anew = replace(first, key=f"{first.key}/anew")
    drive(around, anew)
    assert (around.booked(back.key), around.booked(anew.key)) == (1, 1)
    assert around.taken_back(first.kind, first.key), "once, and not the new one with it"
    assert not around.taken_back(first.kind, anew.key)


@pytest.mark.parametrize(("kind", "body"), WAYS)
def test_a_reversal_whose_answer_was_lost_is_made_once(
    around: ErpAround, kind: PostingKind, body: Mapping[str, Any] | None
) -> None:
    pair = booked_first(around, kind, body)
    if pair is None or kind in CANNOT_TAKE_BACK[around.erp.name]:
        return
    first, back = pair
    around.loses_the_next_answer()

    drive(around, back)

    assert around.taken_back(first.kind, first.key)
    assert around.booked(back.key) == 1
    assert around.erp.find(back.key) is not None


def test_what_was_never_booked_is_not_taken_back(around: ErpAround) -> None:
    kinds: tuple[PostingKind, ...] = ("lot_hold", "downtime", "note")
    for kind in kinds:
        first = posting(kind)
        back = replace(first, key=f"{first.key}/back", reverses=first.key)
        with pytest.raises(Rejected, match=r"nothing is booked under|reversed"):
            drive(around, back)
        assert around.booked(back.key) == 0


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
