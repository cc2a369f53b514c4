"""What hurried people write: odd amounts and times, spoken ids, material that is there, strange things in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from integrations.plant_folder import read_plant_folder
from tests.nlp.world import read, reader
from workflow.messages import Inbound
from workflow.reading import Asked, Context, Disposition, Quantity, ReportedException

HELD = ReportedException("quality_hold", lots=("PX-2611",), items=("FP-300",), quantity=Quantity(3000, "pcs"))
MISSING = ReportedException("material_shortage", "PHA", items=("PK-30",), work_orders=("MO-450012391",))
DOWN = ReportedException("machine_breakdown", "BAK", ("BAK-SLI",))


@pytest.mark.parametrize(
    ("words", "sender", "quantity"),
    [
        ("we need a pallet and a half of rye flour", "ann.bell", Quantity(1.5, "pallets")),
        ("need half a pallet of rye flour", "ann.bell", Quantity(0.5, "pallets")),
        ("half a dozen cases of rye with burnt bottoms, put aside", "ann.bell", Quantity(6, "cs")),
        ("three dozen cases of rolls are squashed, hold them", "ann.bell", Quantity(36, "cs")),
        ("es fehlen zwei Komma fünf Tonnen Stahlcoil", "karl.moser", Quantity(2.5, "t")),
        ("potrzeba dwie i pół palety kartoników", "ewa.lis", Quantity(2.5, "pallets")),
        ("nos falta palé y medio de harina de centeno", "luz.mora", Quantity(1.5, "pallets")),
        ("faltan dos mil quinientos kilos de harina de centeno", "luz.mora", Quantity(2500, "kg")),
        ("falta meia dúzia de rolos de folha de blister", "rui.dias", Quantity(6, "roll")),
        ("il me faut une palette et demie de farine de seigle", "lea.roux", Quantity(1.5, "pallets")),
    ],
)
def test_halves_dozens_and_spoken_decimals_are_counted(words: str, sender: str, quantity: Quantity) -> None:
    assert read(words, sender).exceptions[0].quantity == quantity


@pytest.mark.parametrize(
    ("words", "started"),
    [
        ("mixer stopped ten minutes after nine", datetime(2026, 11, 18, 8, 10, tzinfo=UTC)),
        ("slicer off since oh nine fifteen", datetime(2026, 11, 18, 8, 15, tzinfo=UTC)),
        ("slicer out since 0915 hours", datetime(2026, 11, 18, 8, 15, tzinfo=UTC)),
        ("bagger went down just gone ten", datetime(2026, 11, 18, 9, 0, tzinfo=UTC)),
    ],
)
def test_a_beginning_is_heard_however_the_hour_is_said(words: str, started: datetime) -> None:
    assert read(words).exceptions[0].started_at == started


def test_half_past_is_of_the_hour_that_was_said_before() -> None:
    reading = read("part lands quarter past one, should be going by half past", "sam.field", thread=DOWN)
    assert reading.eta_min == pytest.approx(188, abs=1)


def test_an_hour_and_the_people_behind_it_are_two_things() -> None:
    missing = read("ab 10 Uhr 2 Mann zu wenig", "karl.moser").exceptions[0]
    assert missing.quantity == Quantity(2, "people")
    assert missing.started_at == datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "sender"),
    [
        ("the cartons for 391 are ready", "mona.berg"),
        ("rye flour for 371 is staged", "mona.berg"),
        ("foil just arrived", "mona.berg"),
        ("los estuches para la 391 ya están listos", "mona.berg"),
        ("391 ke cartons ready hai", "mona.berg"),
    ],
)
def test_material_that_is_there_is_no_shortage(words: str, sender: str) -> None:
    assert read(words, sender).intent == "chatter"
    assert read(words, sender, thread=MISSING).intent == "resolve"


@pytest.mark.parametrize("words", ["the cartons for 391 are not ready", "cartons for 391 still not here"])
def test_material_that_is_not_there_yet_is_one(words: str) -> None:
    assert read(words, "ewa.lis").exceptions[0].type == "material_shortage"


@pytest.mark.parametrize(
    ("words", "sender"),
    [
        ("found glass on the line", "ann.bell"),
        ("theres metal shavings in the mixer bowl", "ann.bell"),
        ("slicer blade has snapped piece missing", "ann.bell"),
        ("Metallspäne im Kneter", "ann.bell"),
        ("szkło na linii", "ewa.lis"),
        ("encontré rebaba de metal en la tina de la amasadora", "luz.mora"),
    ],
)
def test_what_does_not_belong_in_food_holds_it(words: str, sender: str) -> None:
    reading = read(words, sender)
    assert reading.exceptions[0].type == "quality_hold"
    assert reading.urgent


@pytest.mark.parametrize("words", ["whats running next", "what comes after this one", "was läuft als nächstes"])
def test_what_runs_next_is_asked_of_the_order_of_work(words: str) -> None:
    query = read(words, "paul.gray").query
    assert query is not None
    assert query.about == "priorities"


@pytest.mark.parametrize("words", ["hows it going", "how are we doing", "hows the day looking", "wie läufts"])
def test_how_it_goes_is_asked_of_the_shift_and_of_a_line_where_one_is_named(words: str) -> None:
    query = read(words, "vera.stone").query
    assert query is not None
    assert query.about == "summary"


def test_half_of_what_is_held_is_counted() -> None:
    decided = read("half of it can go out, bin the other half", "nina.holt", thread=HELD).disposition
    half = Quantity(1500, "pcs")
    assert decided == (Disposition("release", "PX-2611", half), Disposition("scrap", "PX-2611", half))


def test_what_is_not_to_be_scrapped_is_not() -> None:
    decided = read("Don't scrap them. Whole lot goes to rework.", "nina.holt", thread=HELD).disposition
    assert decided == (Disposition("rework", "PX-2611", None),)


def test_a_release_on_a_condition_keeps_the_lot() -> None:
    decided = read("If, and only if, the second set is clean, PX-2611 can go.", "nina.holt", thread=HELD).disposition
    assert decided == (Disposition("keep_on_hold", "PX-2611", None),)


def test_the_number_of_a_deviation_counts_nothing() -> None:
    decided = read("PX-2611: taken under deviation 118, use as is", "nina.holt", thread=HELD).disposition
    assert decided == (Disposition("use_as_is", "PX-2611", None),)


def test_whoever_stops_a_lot_that_is_free_reports_it() -> None:
    reading = read("PX-2612 stays here, wrong leaflet in the carton. nobody ships it", "nina.holt")
    assert (reading.intent, reading.exceptions[0].lots) == ("report", ("PX-2612",))


@pytest.mark.parametrize("words", ["oven temp 391 and climbing, wont come down", "oven shows alarm 391"])
def test_what_an_instrument_shows_is_no_order(words: str) -> None:
    assert read(words).exceptions[0].work_orders == ()


def test_an_order_may_be_said_behind_how_much_more_is_wanted() -> None:
    change = read("o cliente quer mais 200 da 383", "cleo.park").exceptions[0]
    assert (change.work_orders, change.quantity) == (("MO-450012383",), Quantity(200, "pcs"))


def test_the_ending_of_an_order_may_be_spoken() -> None:
    asked = Asked("work_order", ReportedException("quality_hold", "PHA"), ())
    assert read("końcówka trzysta dziewięćdziesiąt jeden", "ewa.lis", question=asked).answer == "MO-450012391"


def test_an_id_may_be_spelled_and_marks_may_be_spoken() -> None:
    reading = read(
        "lote pe equis dos mil seiscientos doce coma trescientas cajas con el texto borroso punto", "luz.mora"
    )
    assert reading.exceptions[0].lots == ("PX-2612",)


def test_none_of_what_is_made_is_no_missing_material() -> None:
    stands = read("Presse klemmt, es kommt kein linkes Seitenteil mehr raus", "karl.moser")
    assert [e.type for e in stands.exceptions] == ["machine_breakdown"]


def test_all_lots_of_a_day_are_asked_about_and_the_day_counts_nothing() -> None:
    riverside = read_plant_folder(Path(__file__).parents[2] / "fixtures" / "plants" / "riverside")
    quality = riverside.plant.person["tamika.jones"]
    at = datetime(2026, 11, 16, 20, 22, tzinfo=UTC)
    message = Inbound("web", "m-1", quality.id, quality.id, at, "hold everything from 6319")
    reading = reader().read(message, Context(quality, riverside.plant, riverside.records, at))
    assert (reading.intent, reading.exceptions[0].type, reading.exceptions[0].quantity) == (
        "report",
        "quality_hold",
        None,
    )
    assert reading.ask is not None
    assert reading.ask.asks == "lot"
    assert all(str(lot).startswith("6319-") for lot in reading.ask.options)
