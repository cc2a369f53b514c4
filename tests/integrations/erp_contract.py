"""What a test needs around an ERP adapter: the foreign system behind it, which can be unplugged and looked into.

A new adapter plugs in with one class like `FlatFiles` and one line in `ERPS`; `test_every_erp.py` then holds it to the
same promises as all others.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Protocol

import httpx
import pytest

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
from tests.integrations.faults import Act, Faulty, PulledPlug, answers, lost_answer, plug_after, plug_before
from tests.sap_contract import Service, contract
from tests.sap_gateway import serving
from tests.sap_plant import PASSWORD, PLANT, REWORK, USER, SapPlant, add_order
from tests.tryton_plant import admin, new_order
from tests.tryton_server import DATABASE, Tryton
from workflow.case import Posting, PostingKind
from workflow.errors import Away, TryLater
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
    """A posting of its own case, as the sample plant would owe it; what is None is left out."""
    number = f"EX-{next(CASES)}"
    body = {name: value for name, value in {**BODIES[kind], **changed}.items() if value is not None}
    return Posting(f"riverside/{number}/0/{kind}/1", kind, number, body, TUESDAY)


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

    def taken_back(self, kind: PostingKind, key: str) -> bool: ...  # its own books count that posting no more, once

    def records_broken(self) -> None: ...  # what it says about its records makes no sense just now


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
        return sum(entry["reverses"] == key and entry["kind"] == kind for entry in self.stand_in.ledger()) == 1

    def knows_order(self, work_order: str) -> None:
        with (self.plant / "work_orders.csv").open("a", encoding="utf-8") as file:
            file.write(f"{work_order},FG-1010,L1,100,cs,planned,,,,,,,\n")

    def records_broken(self) -> None:
        (self.plant / "lots.csv").write_text("lot,item\nhalf a fi", encoding="utf-8")


def changes_tryton(request: httpx.Request) -> bool:
    """Whether a call changes anything over there: its method says so."""
    method = str(json.loads(request.content).get("method", ""))
    return method.rpartition(".")[2] not in ("search_read", "search_count", "read", "login", "get_preferences")


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
            return bool(shipped == 1)
        booked = self.tryton.sql(
            "select message from ir_note where substr(message, 1, ?) = ?"
            " and message like '% booked' || char(10) || '%'",
            len(key) + 11, f"linecall:{key} #",
        )  # fmt: skip
        if not booked:
            return False
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


class OverHttp:
    """A strict opposite of ours on loopback; what goes wrong goes wrong between us and it."""

    erp: Erp
    clock: StandingClock
    instead: ClassVar[Mapping[PostingKind, Mapping[str, Any]]] = {}  # where its kinds differ
    reads: Callable[[httpx.Request], bool] = staticmethod(lambda request: request.method == "GET")

    def __init__(self, plant: Any, gateway: Any = None) -> None:
        self.wire, self._open, self.plant = Faulty(), ExitStack(), plant
        self.url: str = self._open.enter_context(serving(gateway or plant)).url
        self._open.callback(self.wire.close)
        self.restart()

    def restart(self) -> None:
        raise NotImplementedError

    def knows_order(self, work_order: str) -> None:
        raise NotImplementedError

    def taken_back(self, kind: PostingKind, key: str) -> bool:
        raise NotImplementedError

    def stock(self) -> dict[str, float]:
        """How much lies where, by its own tables; what left the plant is not in it."""
        raise NotImplementedError

    def loose_ends(self) -> list[Any]:
        """What an attempt left half done."""
        return []

    def away(self, is_away: bool) -> None:
        self.wire.away = is_away

    def works(self) -> None:
        self.clock.at += timedelta(minutes=1)

    def loses_the_next_answer(self) -> None:
        def lose(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
            if self.reads(request):
                return real(request)
            self.wire.always(None)
            return lost_answer(request, real)

        self.wire.always(lose)

    def booked(self, key: str) -> int:
        return int(self.plant.standing(mark_of(key)))

    def records_broken(self) -> None:
        self.wire.always(answers(200, "<html>the proxy is being repaired</html>"))

    def close(self) -> None:
        self._open.close()


class SapSystem(OverHttp):
    """A strict SAP Gateway, with this schema."""

    setup = Setup(PLANT, frozenset({"L1", "L2", "L3", "L4"}), REWORK, cost_center="4711")
    plant: SapPlant

    def __init__(self, services: Mapping[str, Service] | None = None) -> None:
        self.clock = StandingClock()
        plant = SapPlant(RIVERSIDE, services or contract(), self.clock.now)
        super().__init__(plant, plant.gateway)

    def restart(self) -> None:
        self.erp: SapErp = self.as_user(USER, PASSWORD)

    def as_user(self, user: str, password: str, **more: Any) -> SapErp:
        return SapErp(Sap(self.url, user, password, transport=self.wire, **more), self.setup, self.clock)

    def booked(self, key: str) -> int:
        """Documents of this key that stand, read from the system's own tables."""
        mark, rows = mark_of(key), self.plant.rows
        lines = [line for row in rows("A_ProductionOrder_2") for line in str(row["OrderLongText"]).splitlines()
                 if line.startswith(f"LINECALL {mark} ")]  # fmt: skip
        return (
            len(self.plant.standing(mark))
            + sum(row["ExternalSystemConfirmation"] == guid_of(key) for row in rows("ProdnOrdConf2"))
            + sum(row["MaintNotifExtReferenceNumber"] == mark for row in rows("MaintenanceNotification"))
            + sum(str(row["MaintNotificationLongText"]).count(f"LINECALL {mark} ")
                  for row in rows("MaintenanceNotification"))
            + sum(str(row["DefectText"]).startswith(mark[:12]) for row in rows("A_Defect"))
            + sum(row["PhysInventoryReferenceNumber"] == mark for row in rows("A_PhysInventoryDocHeader"))
            + sum(" begun " not in line for line in lines)
        )  # fmt: skip

    def taken_back(self, kind: PostingKind, key: str) -> bool:
        """A document in the other direction, a cancelled confirmation, a machine that was not down, words; once."""
        mark, rows = mark_of(key), self.plant.rows
        goods = [row for row in rows("A_MaterialDocumentHeader")
                 if row["MaterialDocumentHeaderText"] == f"reverses {mark}"]  # fmt: skip
        cancelled = [row for row in rows("ProdnOrdConf2")
                     if row["ExternalSystemConfirmation"] == guid_of(key) and row["IsReversed"]]  # fmt: skip
        not_down = [row for row in rows("MaintenanceNotification") if row["MaintNotifExtReferenceNumber"] == mark
                    and not row["MaintenanceObjectIsDown"] and not row["MaintObjectDowntimeDuration"]]  # fmt: skip
        counted = [row for row in rows("A_PhysInventoryDocHeader")
                   if str(row["PhysicalInventoryDocumentDesc"]).startswith(f"reverses {mark} ")]  # fmt: skip
        words = [row for row in rows("A_ProductionOrder_2") if f" reverses {mark}\n" in str(row["OrderLongText"])]
        found = {"downtime": not_down, "stock_adjustment": counted, "note": words,
                 "confirmation": cancelled}.get(kind, goods or cancelled)  # fmt: skip
        return len(found) == 1

    def stock(self) -> dict[str, float]:
        keys = ("Material", "Batch", "StorageLocation", "InventoryStockType")
        rows = self.plant.rows("A_MatlStkInAcctMod")
        return {" ".join(row[name] for name in keys): float(row["MatlWrhsStkQtyInMatlBaseUnit"]) for row in rows}

    def knows_order(self, work_order: str) -> None:
        add_order(self.plant, work_order, "FG-1010", "L1", 100.0)


class OdooSystem(OverHttp):
    """An Odoo of our own."""

    plant: odoo_plant.OdooPlant
    reads = staticmethod(lambda request: request.url.path.rpartition("/")[2] in ("search_read", "read"))

    def __init__(self) -> None:
        self.clock = StandingClock()
        super().__init__(odoo_plant.OdooPlant(RIVERSIDE, self.clock.now))

    def restart(self) -> None:
        self.erp: OdooErp = self.with_key(odoo_plant.KEY)

    def with_key(self, key: str) -> OdooErp:
        return OdooErp(Odoo(self.url, odoo_plant.DATABASE, key, self.wire), self.clock)

    def taken_back(self, kind: PostingKind, key: str) -> bool:
        """A transfer back, time that ends when it began, a cancelled request, words; once."""
        mark, rows = mark_of(key), self.plant.rows
        moved = [row for row in rows["stock.picking"].values()
                 if row["state"] == "done" and str(row["origin"]).endswith(f" reverses {mark}")]  # fmt: skip
        no_time = [row for row in rows["mrp.workcenter.productivity"].values()
                   if f"LINECALL {mark} " in row["description"] and row["date_end"] == row["date_start"]]  # fmt: skip
        archived = [row for row in rows["maintenance.request"].values()
                    if f"LINECALL {mark} " in row["description"] and row.get("archive")]  # fmt: skip
        words = [row for row in rows["mail.message"].values() if f" reverses {mark} " in row["body"]]
        found = {"downtime": no_time, "confirmation": no_time, "maintenance_notification": archived,
                 "note": words}.get(kind, moved)  # fmt: skip
        return len(found) == 1

    def stock(self) -> dict[str, float]:
        rows, places = self.plant.rows["stock.quant"].values(), self.plant.rows["stock.location"]
        return {f"{row['lot_id']} {row['location_id']}": float(row["quantity"]) for row in rows
                if places[row["location_id"]]["usage"] == "internal"}  # fmt: skip

    def loose_ends(self) -> list[Any]:
        return [row for row in self.plant.rows["stock.quant"].values() if row["reserved_quantity"]]

    def knows_order(self, work_order: str) -> None:
        codes = {row["default_code"]: row["id"] for row in self.plant.rows["product.product"].values()}
        centers = {row["code"]: row["id"] for row in self.plant.rows["mrp.workcenter"].values()}
        odoo_plant.add_order(self.plant, work_order, codes["FG-1010"], centers["L1"], 100.0)


class ErpNextSystem(OverHttp):
    """An ERPNext of our own."""

    setup = ErpNextSetup(erpnext_plant.COMPANY, erpnext_plant.EMPLOYEE, frozenset({"L1", "L2", "L3", "L4"}))
    plant: erpnext_plant.ErpNextPlant
    # A submitted order keeps its quantity.
    instead: ClassVar[Mapping[PostingKind, Mapping[str, Any]]] = {
        "reschedule": {"new_quantity": None, "new_due": "2026-11-20"}
    }

    def __init__(self) -> None:
        self.clock = StandingClock()
        super().__init__(erpnext_plant.ErpNextPlant(RIVERSIDE, self.clock.now))

    def restart(self) -> None:
        self.erp: ErpNextErp = self.with_key(erpnext_plant.KEY)

    def with_key(self, key: str) -> ErpNextErp:
        return ErpNextErp(ErpNext(self.url, key, self.wire), self.setup, self.clock)

    def taken_back(self, kind: PostingKind, key: str) -> bool:
        """A submitted entry back, a downtime that ends when it began, a comment; once."""
        mark, docs = mark_of(key), self.plant.docs
        moved = [doc for doc in docs["Stock Entry"].values()
                 if doc["docstatus"] == 1 and f" reverses {mark} " in doc["remarks"]]  # fmt: skip
        no_time = [doc for doc in docs["Downtime Entry"].values()
                   if f"LINECALL {mark} " in doc["more_details"] and doc["to_time"] == doc["from_time"]]  # fmt: skip
        words = [doc for doc in docs["Comment"].values() if f" reverses {mark} " in doc["content"]]
        return len({"downtime": no_time, "note": words}.get(kind, moved)) == 1

    def stock(self) -> dict[str, float]:
        return dict(self.plant.stock)

    def loose_ends(self) -> list[Any]:
        return [doc for doc in self.plant.docs["Stock Entry"].values() if doc["docstatus"] == 0]

    def knows_order(self, work_order: str) -> None:
        erpnext_plant.add_order(self.plant, work_order, "FG-1010", "L1", 100.0)


OVER_HTTP: Mapping[str, Callable[[], OverHttp]] = {"sap": SapSystem, "odoo": OdooSystem, "erpnext": ErpNextSystem}
ERPS: tuple[str, ...] = ("plant_folder", "tryton", *OVER_HTTP)
SLOW = [pytest.param(name, marks=pytest.mark.slow) if name == "tryton" else name for name in ERPS]


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


def comes_later(around: Any, answer: Act) -> None:
    """A busy or absent system means later for all, at its own time, and the posting is booked once it answers."""
    one = posting("lot_hold", quantity=1.0)
    around.wire.always(answer)
    with pytest.raises(Away) as away:
        around.erp.post(one)
    if "429" in away.value.why:
        assert away.value.after == timedelta(seconds=90)
    around.wire.always(None)
    assert around.booked(one.key) == 0
    drive(around, one)


GO_WRONG = (plug_before, plug_after, lost_answer)
FIRST = int(os.environ.get("LINECALL_TEST_SEED", "0"))  # other seeds deal the three ways out differently


@dataclass(frozen=True)
class Stop:
    """One posting, and the call of it at which our plug is pulled before or after, or the answer is lost."""

    around: Any  # an ErpAround with a wire
    owed: Posting
    call: int
    calls: int
    ways: tuple[Act, ...]

    def happens(self) -> Receipt:
        """It goes wrong there, and is driven to its end after that: booked once, and found."""
        wire = self.around.wire
        wire.at(self.call, self.ways[(self.call + FIRST) % len(self.ways)])
        try:
            self.around.erp.post(self.owed)
        except PulledPlug:
            wire.always(None)
            self.around.restart()
        except TryLater:
            pass  # the answer was lost
        wire.always(None)
        receipt = drive(self.around, self.owed)
        assert self.around.booked(self.owed.key) == 1, str(self)
        found = self.around.erp.find(self.owed.key)
        assert found is not None, str(self)
        assert found.number == receipt.number, str(self)
        return receipt

    def __str__(self) -> str:
        return f"stopped at call {self.call} of {self.calls}"


def stops(
    around: Any, owed: Callable[[int], Posting], writes: Callable[[httpx.Request], bool] | None = None
) -> Iterator[Stop]:
    """Each call that a posting takes, with a posting of its own; `owed` makes the one for a call (0: undisturbed).

    With `writes` only the calls that change something over there: whoever dies while reading leaves behind what the
    last such call did, and a new process asks for more names than the old one, which moves the numbers of all calls.
    """
    clean = owed(0)
    around.wire.calls, around.wire.counts = 0, writes or (lambda _: True)
    around.erp.post(clean)
    calls, ways = around.wire.calls, GO_WRONG if writes is None else (plug_after, lost_answer)
    assert calls > (writes is None), "or there is nothing in between"
    for call in range(1, calls + 1):
        around.wire.counts = lambda _: True
        one = owed(call)
        around.wire.counts = writes or around.wire.counts
        yield Stop(around, one, call, calls, ways)
    around.wire.counts = lambda _: True


def other(owed: Posting, **changed: Any) -> Posting:
    """The same key with other content: what must never be booked."""
    return replace(owed, body={**owed.body, **changed})
