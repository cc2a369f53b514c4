"""Logs hold ids, never what people wrote, who they are, or how they are reached (I8)."""

from __future__ import annotations

import json

from structlog.testing import LogCapture

from tests.plantside import Plantside


def test_I8_a_whole_exception_leaves_no_text_name_or_number_in_the_log(plant: Plantside, logged: LogCapture) -> None:
    plant.erp.away = True
    plant.says("maria.lopez", "filler on 3 is down since 5:50, CANARY-WORDS, 10482 standing still")
    plant.passes(minutes=12)
    plant.says("gary.lindqvist", "fixed it, CANARY-FIX, down 20 min")
    plant.passes(minutes=3)
    plant.erp.away = False
    plant.passes(minutes=10)
    plant.rest_is_known()

    assert logged.entries, "something must have been logged for this to mean anything"
    everything = json.dumps(logged.entries, default=str)
    for person in plant.app.plant.people:
        assert person.name not in everything
        assert person.first_name not in everything
        for address in person.contacts.values():
            assert str(address) not in everything
    assert "CANARY" not in everything
