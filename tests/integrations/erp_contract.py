"""What a test needs around an ERP adapter: the foreign system behind it, which can be unplugged and looked into.

A new adapter plugs in with one class like `FlatFiles` and one line in `ERPS`; `test_every_erp.py` then holds it to the
same promises as all others.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx

from integrations.erp.erpnext import ErpNextErp
from integrations.erp.erpnext_books import Setup as ErpNextSetup
from integrations.erp.erpnext_rest import ErpNext
from integrations.erp.import_stand_in import ImportStandIn
from integrations.erp.marks import guid_of, mark_of
from integrations.erp.odoo import OdooErp
from integrations.erp.odoo_rpc import Odoo
from integrations.erp.plant_folder import PlantFolderErp
from integrations.erp.sap import SapErp
from integrations.erp.sap_books import Setup
from integrations.erp.sap_odata import Sap
from integrations.erp.tryton import TrytonErp
from tests import erpnext_plant, odoo_plant
from tests.integrations.faults import Faulty, answers, lost_answer
from tests.sap_contract import Service, contract
from tests.sap_gateway import serving
from tests.sap_plant import PASSWORD, PLANT, REWORK, USER, SapPlant, add_order
from tests.tryton_plant import admin, new_order
from tests.tryton_server import DATABASE, Tryton
from workflow.case import Posting, PostingKind
from workflow.errors import TryLater
from workflow.ports import Erp, Receipt

RIVERSIDE = Path("fixtures/plants/riverside")
TUESDAY = datetime(2026, 11, 17, 14, 0, tzinfo=UTC)

BODIES: Mapping[PostingKind, Mapping[str, Any]] = {
    "downtime": {
        "asset": "L3-FIL",
        "line": "L3",
        "work_order": "WO-10482",
        "start": "2026-11-17T13:00:00+00:00",
        "end": "2026-11-17T13:40:00+00:00",
        "minutes": 40.0,
        "reason": "cap jam cleared",
    },
    "confirmation": {"work_order": "WO-10476", "line": "L2", "minutes": 25.0, "text": "guide rails"},
    "lot_hold": {"lot": "6320-3A", "quantity": 1350.0, "uom": "cs", "reason": "caps leak"},
    "lot_release": {
        "lot": "6315-3A",
        "quantity": 60.0,
        "uom": "cs",
        "decision": "release",
        "decided_by": "tamika.jones",
    },
    "lot_rework": {"lot": "6315-3A", "quantity": 30.0, "uom": "cs", "decided_by": "tamika.jones", "reason": "relabel"},
    "scrap": {"lot": "6315-3A", "quantity": 10.0, "uom": "cs", "decision": "scrap", "decided_by": "tamika.jones"},
    "deviation": {"lot": "6315-3A", "item": "FG-3040", "text": "label skew"},
    "reschedule": {"work_order": "WO-10483", "text": "500 more", "new_quantity": 3000.0},
    "order_status": {"work_order": "WO-10460", "status": "released"},
    "stock_adjustment": {"item": "PK-5310", "lot": "CAN-4471", "quantity": 1200.0, "uom": "ea"},
    "goods_movement": {"item": "PK-5330", "quantity": 40000.0, "uom": "ea", "to_line": "L2", "reason": "ends"},
    "maintenance_notification": {"asset": "L3-FIL", "line": "L3", "text": "valve 14 drips again"},
    "cost": {"text": "overtime", "amount": 420.0, "currency": "USD"},
    "note": {"text": "checked with the customer", "work_order": "WO-10482"},
}
CASES = iter(range(1, 10_000))


def posting(kind: PostingKind, **changed: Any) -> Posting:
    """A posting of its own case, as the sample plant would owe it."""
    number = f"EX-{next(CASES)}"
    return Posting(f"riverside/{number}/0/{kind}/1", kind, number, {**BODIES[kind], **changed}, TUESDAY)


class StandingClock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.at = TUESDAY

    def now(self) -> datetime:
        return self.at


class ErpAround(Protocol):
    """An adapter together with the foreign system behind it."""

    erp: Erp
    # instead: Mapping[PostingKind, Mapping[str, Any]], where it lacks what the common body of a kind asks for

    def away(self, is_away: bool) -> None: ...  # it takes nothing and answers nothing

    def works(self) -> None: ...  # it does what it does between two of our attempts

    def loses_the_next_answer(self) -> None: ...  # it books, and we never hear of it

    def booked(self, key: str) -> int: ...  # how often it really accepted this key

    def knows_order(self, work_order: str) -> None: ...  # master data appears that was missing

    def restart(self) -> None: ...  # our program starts again: a new adapter, the same foreign system

    def records_broken(self) -> None: ...  # what it says about its records makes no sense just now


class TakesBack(ErpAround, Protocol):
    """One of which a test knows how it looks when something was taken back."""

    def taken_back(self, kind: PostingKind, key: str) -> bool: ...  # its own books count that posting no more


class FlatFiles:
    """The plant folder and the stand-in for the ERP's import."""

    def __init__(self, folder: Path) -> None:
        self.plant, self.postings, self.clock = folder / "plant", folder / "erp", StandingClock()
        shutil.copytree(RIVERSIDE, self.plant)
        self.stand_in = ImportStandIn(self.postings, self.plant)
        self._lost = False
        self.restart()

    def restart(self) -> None:
        self.erp = PlantFolderErp(self.plant, self.postings, self.clock)

    def away(self, is_away: bool) -> None:
        self.stand_in.away = is_away

    def works(self) -> None:
        self.clock.at += timedelta(minutes=1)
        if self.stand_in.take_in(self.clock.now()) and self._lost:
            self._lost = False
            for answer in (self.postings / "in").iterdir():
                answer.unlink()

    def loses_the_next_answer(self) -> None:
        self._lost = True

    def booked(self, key: str) -> int:
        return sum(entry["key"] == key for entry in self.stand_in.ledger())

    def taken_back(self, kind: PostingKind, key: str) -> bool:
        return any(entry["reverses"] == key and entry["kind"] == kind for entry in self.stand_in.ledger())

    def knows_order(self, work_order: str) -> None:
        with (self.plant / "work_orders.csv").open("a", encoding="utf-8") as file:
            file.write(f"{work_order},FG-1010,L1,100,cs,planned,,,,,,,\n")

    def records_broken(self) -> None:
        (self.plant / "lots.csv").write_text("lot,item\nhalf a fi", encoding="utf-8")


class RealTryton:
    """A real Tryton on loopback; what goes wrong goes wrong between us and it."""

    def __init__(self, tryton: Tryton) -> None:
        self.tryton, self.clock, self.wire = tryton, StandingClock(), Faulty()
        tryton.reset()
        self.restart()

    def restart(self) -> None:
        self.erp = TrytonErp(
            self.tryton.url, DATABASE, self.tryton.user, self.tryton.password, self.clock, transport=self.wire
        )

    def away(self, is_away: bool) -> None:
        self.wire.away = is_away

    def works(self) -> None:
        self.clock.at += timedelta(minutes=1)

    def loses_the_next_answer(self) -> None:
        self.erp.records()  # signed in, so that the answer lost is one of the posting's
        self.wire.at(4, lost_answer)

    def booked(self, key: str) -> int:
        """Done shipments and finished notes of this key, by SQL."""
        ((shipments,),) = self.tryton.sql(
            "select count(*) from stock_shipment_internal where state = 'done' and substr(reference, 1, ?) = ?",
            len(key) + 2, f"{key} #",
        )  # fmt: skip
        ((notes,),) = self.tryton.sql(
            "select count(*) from ir_note where substr(message, 1, ?) = ?"
            " and message like '% booked' || char(10) || '%'",
            len(key) + 11, f"linecall:{key} #",
        )  # fmt: skip
        return int(shipments) + int(notes)

    def taken_back(self, kind: PostingKind, key: str) -> bool:
        """By SQL: a shipment back, no cycle left, a cancelled output, a closed alert, words; by the kind."""
        ((shipped,),) = self.tryton.sql(
            "select count(*) from stock_shipment_internal where state = 'done' and reference like ?",
            f"% reverses {key}",
        )
        if shipped:
            return True
        booked = self.tryton.sql(
            "select message from ir_note where substr(message, 1, ?) = ?"
            " and message like '% booked' || char(10) || '%'",
            len(key) + 11, f"linecall:{key} #",
        )  # fmt: skip
        on = str(booked[0][0]).split("\n")[1].removeprefix("on ")
        record = int(on.split(",")[1])
        match kind:
            case "downtime" | "confirmation":
                return self.tryton.sql("select count(*) from production_work_cycle where work = ?", record) == [(0,)]
            case "scrap":
                return self.tryton.sql("select state from stock_move where id = ?", record) == [("cancelled",)]
            case "deviation" if on.startswith("quality.inspection"):
                states = self.tryton.sql("select state from quality_alert where origin = ?", on)
                return bool(states) and all(state == ("resolved",) for state in states)
        words = self.tryton.sql("select count(*) from ir_note where resource = ? and message like ?", on,
                                f"%takes back {key}%")  # fmt: skip
        return words == [(1,)]

    def knows_order(self, work_order: str) -> None:
        desk = admin(self.tryton.url, DATABASE)
        new_order(desk, work_order, "FG-1010", "L1", 100.0)
        desk.close()

    def records_broken(self) -> None:
        self.wire.always(answers(200, "<html>the proxy is being repaired</html>"))


class SapSystem:
    """A strict SAP Gateway on loopback, with this schema; what goes wrong goes wrong between us and it."""

    setup = Setup(PLANT, frozenset({"L1", "L2", "L3", "L4"}), REWORK, cost_center="4711")

    def __init__(self, services: Mapping[str, Service] | None = None) -> None:
        self.clock, self.wire, self._open = StandingClock(), Faulty(), ExitStack()
        self.plant = SapPlant(RIVERSIDE, services or contract(), self.clock.now)
        self.url = self._open.enter_context(serving(self.plant.gateway)).url
        self._open.callback(self.wire.close)
        self.restart()

    def restart(self) -> None:
        self.erp = self.as_user(USER, PASSWORD)

    def as_user(self, user: str, password: str, **more: Any) -> SapErp:
        return SapErp(Sap(self.url, user, password, transport=self.wire, **more), self.setup, self.clock)

    def away(self, is_away: bool) -> None:
        self.wire.away = is_away

    def works(self) -> None:
        self.clock.at += timedelta(minutes=1)

    def loses_the_next_answer(self) -> None:
        def lose(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
            if request.method == "GET":
                return real(request)
            self.wire.always(None)
            return lost_answer(request, real)

        self.wire.always(lose)

    def booked(self, key: str) -> int:
        """Documents of this key that stand, read from the system's own tables."""
        mark, rows = mark_of(key), self.plant.rows
        texts = sum(str(row["OrderLongText"]).count(f"LINECALL {mark} ") for row in rows("A_ProductionOrder_2"))
        begun = sum(
            1 for row in rows("A_ProductionOrder_2") for line in str(row["OrderLongText"]).splitlines()
            if line.startswith(f"LINECALL {mark} ") and " begun " in line
        )  # fmt: skip
        return (
            len(self.plant.standing(mark))
            + sum(row["ExternalSystemConfirmation"] == guid_of(key) for row in rows("ProdnOrdConf2"))
            + sum(row["MaintNotifExtReferenceNumber"] == mark for row in rows("MaintenanceNotification"))
            + sum(str(row["DefectText"]).startswith(mark[:12]) for row in rows("A_Defect"))
            + sum(row["PhysInventoryReferenceNumber"] == mark for row in rows("A_PhysInventoryDocHeader"))
            + texts
            - begun
        )

    def knows_order(self, work_order: str) -> None:
        add_order(self.plant, work_order, "FG-1010", "L1", 100.0)

    def records_broken(self) -> None:
        self.wire.always(answers(200, "<html>the proxy is being repaired</html>"))

    def close(self) -> None:
        self._open.close()


class OdooSystem:
    """An Odoo of our own on loopback; what goes wrong goes wrong between us and it."""

    def __init__(self) -> None:
        self.clock, self.wire, self._open = StandingClock(), Faulty(), ExitStack()
        self.plant = odoo_plant.OdooPlant(RIVERSIDE, self.clock.now)
        self.url = self._open.enter_context(serving(self.plant)).url
        self._open.callback(self.wire.close)
        self.restart()

    def restart(self) -> None:
        self.erp = self.with_key(odoo_plant.KEY)

    def with_key(self, key: str) -> OdooErp:
        return OdooErp(Odoo(self.url, odoo_plant.DATABASE, key, self.wire), self.clock)

    def away(self, is_away: bool) -> None:
        self.wire.away = is_away

    def works(self) -> None:
        self.clock.at += timedelta(minutes=1)

    def loses_the_next_answer(self) -> None:
        def lose(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
            if request.url.path.rpartition("/")[2] in ("search_read", "read"):
                return real(request)
            self.wire.always(None)
            return lost_answer(request, real)

        self.wire.always(lose)

    def booked(self, key: str) -> int:
        return self.plant.standing(mark_of(key))

    def knows_order(self, work_order: str) -> None:
        codes = {row["default_code"]: row["id"] for row in self.plant.rows["product.product"].values()}
        centers = {row["code"]: row["id"] for row in self.plant.rows["mrp.workcenter"].values()}
        odoo_plant.add_order(self.plant, work_order, codes["FG-1010"], centers["L1"], 100.0)

    def records_broken(self) -> None:
        self.wire.always(answers(200, "<html>the proxy is being repaired</html>"))

    def close(self) -> None:
        self._open.close()


class ErpNextSystem:
    """An ERPNext of our own on loopback; what goes wrong goes wrong between us and it."""

    setup = ErpNextSetup(erpnext_plant.COMPANY, erpnext_plant.EMPLOYEE, frozenset({"L1", "L2", "L3", "L4"}))

    def __init__(self) -> None:
        self.clock, self.wire, self._open = StandingClock(), Faulty(), ExitStack()
        # A submitted order keeps its quantity.
        self.instead = {"reschedule": {"new_quantity": None, "new_due": "2026-11-20"}}
        self.plant = erpnext_plant.ErpNextPlant(RIVERSIDE, self.clock.now)
        self.url = self._open.enter_context(serving(self.plant)).url
        self._open.callback(self.wire.close)
        self.restart()

    def restart(self) -> None:
        self.erp = self.with_key(erpnext_plant.KEY)

    def with_key(self, key: str) -> ErpNextErp:
        return ErpNextErp(ErpNext(self.url, key, self.wire), self.setup, self.clock)

    def away(self, is_away: bool) -> None:
        self.wire.away = is_away

    def works(self) -> None:
        self.clock.at += timedelta(minutes=1)

    def loses_the_next_answer(self) -> None:
        def lose(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
            if request.method == "GET":
                return real(request)
            self.wire.always(None)
            return lost_answer(request, real)

        self.wire.always(lose)

    def booked(self, key: str) -> int:
        return self.plant.standing(mark_of(key))

    def knows_order(self, work_order: str) -> None:
        erpnext_plant.add_order(self.plant, work_order, "FG-1010", "L1", 100.0)

    def records_broken(self) -> None:
        self.wire.always(answers(200, "<html>the proxy is being repaired</html>"))

    def close(self) -> None:
        self._open.close()


# name -> the name of a fixture that gives an ErpAround
ERPS: tuple[str, ...] = ("plant_folder", "tryton", "sap", "odoo", "erpnext")


def drive(around: ErpAround, owed: Posting, attempts: int = 20) -> Receipt:
    """What the posting round does: look, post, and come back later; Rejected goes through, TryLater at the end too."""
    for attempt in range(attempts):
        try:
            return around.erp.find(owed.key) or around.erp.post(owed)
        except TryLater:
            if attempt == attempts - 1:
                raise
            around.works()
    raise AssertionError("never reached")


def other(owed: Posting, **changed: Any) -> Posting:
    """The same key with other content: what must never be booked."""
    return replace(owed, body={**owed.body, **changed})
