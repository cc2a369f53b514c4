"""What was told at the end was not so, or did not hold: ERP gets a reversal and a new posting, and counts once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import partial

import pytest

from bot.by_hand import book
from db import cases, downtimes
from tests.plantside import Plantside
from workflow import finishing
from workflow.case import PostingStatus
from workflow.metrics import minutes_down
from workflow.reading import Resolution

FILLER_DOWN = "filler on 3 jammed, line is down, 10482 standing still"


def fixed(plant: Plantside, said: str = "running again, loose cable, 40 min, scrap 10 cs") -> str:
    """A breakdown of the filler that Gary has ended, not yet with ERP's answer."""
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", said)
    plant.rest_is_known()
    return plant.only_case().number


def in_erp(plant: Plantside, kind: str, what: str = "minutes") -> float:
    """What the ERP's own ledger adds up to: what was booked, without what was taken back."""
    found: defaultdict[str, float] = defaultdict(float)
    for entry in plant.erp.ledger():
        if entry["kind"] == kind:
            found[entry["case"]] += float(entry["body"][what]) * (-1 if entry["reverses"] else 1)
    return sum(found.values())


def of(plant: Plantside, kind: str) -> list[PostingStatus]:
    """The postings of a kind, in their order."""
    return [s for s in plant.postings() if s.posting.kind == kind]


def test_R47_a_corrected_end_is_taken_back_in_erp_and_booked_anew(plant: Plantside) -> None:
    number = fixed(plant)
    plant.passes(minutes=2)
    assert plant.only_case().status == "closed"
    plant.rest_is_known()

    plant.says("gary.lindqvist", f"{number} correction: 60 min, 12 cs scrap")
    asked = plant.hears_one("gary.lindqvist")
    assert "40 min" in asked
    assert "60 min" in asked
    assert in_erp(plant, "downtime") == 40, "read back, and nothing done yet"
    plant.presses("gary.lindqvist", "restate")
    assert plant.only_case().status == "resolved", "resolved is not closed"
    assert "60 min" in plant.hears("gary.lindqvist")[0]
    assert "60 min" in plant.hears("maria.lopez")[0]
    plant.passes(minutes=3)

    assert (in_erp(plant, "downtime"), in_erp(plant, "scrap", "quantity")) == (60, 12)
    assert [(s.state, s.posting.reverses is not None) for s in of(plant, "downtime")] == [
        ("reversed", False), ("posted", True), ("posted", False)]  # fmt: skip
    assert len({s.posting.key for s in plant.postings()}) == len(plant.postings()) == 7, "each under a key of its own"
    assert len(of(plant, "maintenance_notification")) == 1, "what was right stays booked"
    case = plant.only_case()
    assert (case.status, case.downtime_min) == ("closed", 60)
    assert [line for line in plant.log(number) if line in ("restated", "took_back", "closed")] == [
        "closed", "restated", "took_back", "took_back", "closed"]  # fmt: skip
    plant.rest_is_known()


def test_R47_what_erp_has_not_got_yet_is_corrected_without_booking_it(plant: Plantside) -> None:
    """The scrap waits behind a posting that ERP does not answer; corrected meanwhile, it never gets out wrong."""
    plant.erp.away = True
    number = fixed(plant, "running again, 40 min, scrap 10 cs")
    assert [s.attempts for s in of(plant, "scrap")] == [0], "the downtime is before it, and ERP does not answer"
    plant.says("gary.lindqvist", f"{number} correction: scrap 12 cs")
    plant.presses("gary.lindqvist", "restate")
    plant.erp.away = False
    plant.passes(minutes=15)

    assert [s.state for s in of(plant, "scrap")] == ["reversed", "reversed", "posted"]
    assert [e["body"]["quantity"] for e in plant.erp.ledger() if e["kind"] == "scrap"] == [12], (
        "one document, not three"
    )
    assert "never_booked" in plant.log(number)
    assert plant.only_case().status == "closed"
    plant.rest_is_known()


def test_R33_a_correction_that_was_read_back_before_another_one_counts_no_more(plant: Plantside) -> None:
    number = fixed(plant)
    plant.passes(minutes=2)
    plant.says("gary.lindqvist", f"{number} correction: 60 min")
    old = plant.button("gary.lindqvist", "restate")
    plant.says("denise.palmer", f"{number} correction: 55 min")
    plant.presses("denise.palmer", "restate")
    plant.passes(minutes=3)

    plant.says("gary.lindqvist", "Correct it", button=old)

    plant.passes(minutes=3)
    assert in_erp(plant, "downtime") == 55
    plant.rest_is_known()


def test_whoever_has_no_part_in_it_corrects_nothing(plant: Plantside) -> None:
    number = fixed(plant)
    plant.passes(minutes=2)
    plant.rest_is_known()

    plant.says("bri.kowalski", f"{number} correction: 5 min")
    plant.presses("bri.kowalski", "restate")

    plant.passes(minutes=3)
    assert in_erp(plant, "downtime") == 40
    assert plant.only_case().status == "closed"
    plant.rest_is_known()


def test_R4_R47_reopened_the_time_is_taken_back_and_the_whole_of_it_is_booked_at_the_end(plant: Plantside) -> None:
    fixed(plant, "running again, loose cable, 10 min, scrap 10 cs")
    plant.passes(minutes=20)
    assert in_erp(plant, "downtime") == 10
    plant.rest_is_known()

    plant.says("maria.lopez", FILLER_DOWN)
    plant.passes(minutes=15)
    assert in_erp(plant, "downtime") == 0, "the fix did not hold, so that time was not the end of it"
    assert in_erp(plant, "scrap", "quantity") == 10, "what is scrapped stays scrapped"
    plant.says("gary.lindqvist", "running again, new cable, scrap 3 cs")
    plant.passes(minutes=3)

    case = plant.only_case()
    assert (case.status, case.downtime_min) == ("closed", 25)
    assert in_erp(plant, "downtime") == 25, "both times, and not the minutes in which it ran"
    assert in_erp(plant, "scrap", "quantity") == 13
    plant.rest_is_known()


def test_R47_what_was_booked_by_hand_is_taken_back_by_hand_and_nothing_is_booked_anew_before(plant: Plantside) -> None:
    plant.erp.away = True
    number = fixed(plant, "running again, 40 min")
    key = of(plant, "downtime")[0].posting.key
    denise = plant.app.plant.person["denise.palmer"]
    book(plant.app, key, "4900012", denise, looked=True)
    for file in (plant.app.config.data / "erp" / "out").glob("*downtime*"):
        file.unlink()
    plant.erp.away = False
    plant.passes(minutes=10)
    plant.says("gary.lindqvist", f"{number} correction: 60 min")
    plant.presses("gary.lindqvist", "restate")
    plant.passes(minutes=5)

    _, back, anew = of(plant, "downtime")
    assert (back.state, back.owner is not None) == ("failed", True)
    assert "4900012" in str(back.error)
    assert anew.state == "waiting", "ERP would count it twice"
    assert in_erp(plant, "downtime") == 0
    book(plant.app, back.posting.key, "4900013", denise)
    plant.passes(minutes=5)

    assert [s.state for s in of(plant, "downtime")] == ["reversed", "manual", "posted"]
    assert in_erp(plant, "downtime") == 60
    assert plant.only_case().status == "closed"
    plant.rest_is_known()


def test_R49_two_stops_of_one_machine_are_not_counted_twice(plant: Plantside) -> None:
    """It stood from six to ten past; later somebody says that it had stood since five past, for half an hour."""
    fixed(plant, "running again, loose cable, 10 min")
    plant.passes(hours=6)
    plant.rest_is_known()
    plant.says("joana.ferreira", "filler on 3 was down since 6:05, 10482 standing still")
    plant.says("gary.lindqvist", "running again, 30 min")
    plant.passes(minutes=3)

    first, second = plant.cases()
    assert (second.since - first.since).total_seconds() == 300, "the premise: they overlap by five minutes"
    assert (first.downtime_min, second.downtime_min) == (10, 30), "what was said stays on the record"
    assert in_erp(plant, "downtime") == 35
    assert sum(minutes_down(case) or 0 for case in plant.cases()) == 35, "the figures say what ERP says"
    plant.rest_is_known()


@pytest.mark.parametrize("line_first", [True, False])
def test_R49_a_stop_of_the_line_and_one_of_its_machine_in_the_same_hour_count_once(
    plant: Plantside, line_first: bool
) -> None:
    """The line stands from six for an hour; the filler that stood in it from ten past for half an hour adds nothing."""
    plant.passes(hours=1, minutes=5)
    reports = [("line 3 is down since 6:00", 60.0), ("filler on 3 was down since 6:10, jammed", 30.0)]
    for said, minutes in reports if line_first else reversed(reports):
        plant.says("maria.lopez", said)
        (case,) = [one for one in plant.cases() if one.is_open]
        assert case.type == "machine_breakdown"
        assert bool(case.assets) == ("filler" in said), "the premise: one names the line, the other its machine"
        with plant.app.database.write() as tx:
            world = replace(plant.app.world(), stood=partial(downtimes.beside, tx))
            gary = world.plant.person["gary.lindqvist"]
            cases.save(tx, finishing.resolve(case, gary, Resolution("fixed", minutes), world), plant.clock.now())
        plant.passes(minutes=3)

    assert in_erp(plant, "downtime") == 60
    assert sum(minutes_down(case) or 0 for case in plant.cases()) == 60, "the figures say what ERP says"
    plant.rest_is_known()
