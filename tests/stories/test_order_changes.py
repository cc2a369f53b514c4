"""A customer wants more, fewer, none or another day: ERP never gets a number that was only a difference (R41)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plantside import Plantside

# WO-10484 is 2,600 cs for Wednesday 18 November; it is Monday 16.


def booked(plant: Plantside) -> list[tuple[str, dict[str, Any]]]:
    """What ERP was told, without the words."""
    plant.passes(minutes=1)
    return [
        (s.posting.kind, {name: value for name, value in s.posting.body.items() if name != "text"})
        for s in plant.postings()
    ]


def wanted(plant: Plantside, said: str) -> None:
    """Karen reports it, Neil takes it and says that it is done."""
    plant.says("karen.doyle", said)
    plant.says("neil.abbott", "I take it")
    plant.rest_is_known()
    plant.says("neil.abbott", "done")


@pytest.mark.parametrize(
    "said",
    [
        "Hy-Dale wants 500 more on 10484",
        "Hy-Dale quiere 500 cajas más de la 10484",
        "Hy-Dale quer mais 500 caixas na 10484",
        "Hy-Dale will 500 Kisten mehr auf 10484",
        "Hy-Dale chce 500 kartonów więcej na 10484",
        "Hy-Dale veut 500 caisses de plus sur la 10484",
        "Hy-Dale ko 10484 pe 500 aur chahiye",
        "Hy-Dale को 10484 पर 500 और चाहिए",
    ],
)
def test_R41_more_of_an_order_is_read_back_as_the_whole_of_it(plant: Plantside, said: str) -> None:
    wanted(plant, said)

    asked = plant.hears_one("neil.abbott")
    assert "WO-10484: 2,600 cs → 3,100 cs. Right?" in asked
    assert booked(plant) == []
    assert plant.only_case().is_open

    plant.presses("neil.abbott", "book_order")

    assert booked(plant) == [("reschedule", {"work_order": "WO-10484", "new_quantity": 3100.0})]
    assert plant.only_case().status == "closed"
    plant.rest_is_known()


def test_R41_fewer_are_taken_off_and_a_yes_in_words_will_do(plant: Plantside) -> None:
    wanted(plant, "Hy-Dale wants 500 fewer on 10484")
    assert "2,600 cs → 2,100 cs" in plant.hears_one("neil.abbott")

    plant.says("neil.abbott", "yes")

    assert booked(plant) == [("reschedule", {"work_order": "WO-10484", "new_quantity": 2100.0})]
    plant.rest_is_known()


def test_R41_after_a_no_erp_gets_the_words_alone(plant: Plantside) -> None:
    wanted(plant, "Hy-Dale wants 500 more on 10484")
    plant.rest_is_known()

    plant.says("neil.abbott", "no")

    assert booked(plant) == [("reschedule", {"work_order": "WO-10484"})]
    assert plant.only_case().status == "closed"
    plant.rest_is_known()


def test_from_so_many_to_so_many_needs_no_question(plant: Plantside) -> None:
    wanted(plant, "Hy-Dale bumped 10484 from 2600 to 3200 cs, ship date unchanged")

    assert booked(plant) == [("reschedule", {"work_order": "WO-10484", "new_quantity": 3200.0})]
    plant.rest_is_known()


def test_R41_a_bare_number_is_read_back_too(plant: Plantside) -> None:
    """It may be the whole or the rest; whoever ends it sees what ERP would show."""
    wanted(plant, "Hy-Dale wants 3200 cs on 10484")

    assert "2,600 cs → 3,200 cs" in plant.hears_one("neil.abbott")
    assert booked(plant) == []
    plant.says("neil.abbott", "yes")
    assert booked(plant) == [("reschedule", {"work_order": "WO-10484", "new_quantity": 3200.0})]
    plant.rest_is_known()


def test_R41_a_cancelled_order_is_cancelled_and_not_made_as_big_as_it_was(plant: Plantside) -> None:
    wanted(plant, "Hy-Dale cancels all 2600 of 10484")

    assert "WO-10484: released → called off" in plant.hears_one("neil.abbott")
    plant.presses("neil.abbott", "book_order")

    assert booked(plant) == [("order_status", {"work_order": "WO-10484", "status": "cancelled"})]
    plant.rest_is_known()


def test_R41_a_number_that_is_not_the_orders_own_cancels_nothing(plant: Plantside) -> None:
    wanted(plant, "cancel all 2200 of 10484")

    assert booked(plant) == [("reschedule", {"work_order": "WO-10484"})]
    plant.rest_is_known()


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("Hy-Dale asks to move 10484 to Friday", "done"),
        ("Hy-Dale cannot take 10484 on Wednesday, they want another day", "done, Friday"),
        ("customer wants 10484 on 20 November, not Wednesday", "done"),
    ],
)
def test_R41_a_moved_day_reaches_erp_as_a_day(plant: Plantside, said: str, done: str) -> None:
    plant.says("karen.doyle", said)
    plant.says("neil.abbott", "I take it")
    plant.rest_is_known()

    plant.says("neil.abbott", done)

    assert "Wed 18 Nov → Fri 20 Nov" in plant.hears_one("neil.abbott")
    plant.presses("neil.abbott", "book_order")
    assert booked(plant) == [("reschedule", {"work_order": "WO-10484", "new_due": "2026-11-20"})]
    plant.rest_is_known()


def test_R33_an_older_read_back_books_nothing(plant: Plantside) -> None:
    wanted(plant, "Hy-Dale wants 500 more on 10484")
    old = plant.button("neil.abbott", "book_order")
    plant.says("neil.abbott", "no")
    plant.rest_is_known()

    plant.says("neil.abbott", "Yes, so", button=old)

    assert booked(plant) == [("reschedule", {"work_order": "WO-10484"})]
    plant.rest_is_known()
