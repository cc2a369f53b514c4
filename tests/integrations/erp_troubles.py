"""What can go wrong between a posting and an ERP, played on each adapter; `test_erp_troubles.py` has the table of all.

`Scenes` has what is played alike on every adapter, and one class below for each of them what differs there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from integrations.erp.import_stand_in import ImportStandIn
from integrations.erp.posting_files import name_of, write_atomically
from integrations.erp.tryton import TrytonErp
from tests import erpnext_plant, odoo_plant
from tests.integrations.erp_contract import (
    FIRST,
    ErpNextSystem,
    FlatFiles,
    OdooSystem,
    RealTryton,
    SapSystem,
    changes_tryton,
    comes_later,
    drive,
    posting,
    stops,
)
from tests.integrations.faults import answers, timed_out
from tests.integrations.file_faults import FileFaults
from tests.sap_plant import PASSWORD, VISITOR
from tests.tryton_plant import ADMIN_PASSWORD, admin
from tests.tryton_server import DATABASE
from workflow.case import POSTING_KINDS, Posting
from workflow.errors import Away, Rejected, TryLater

Real = Callable[[httpx.Request], httpx.Response]


class Scenes:
    """Played alike everywhere: what goes wrong, and then it is booked once, or refused with nothing booked."""

    def __init__(self, around: Any) -> None:
        self.around = around

    def refused(self, one: Posting, why: str) -> None:
        """A person reads why, and nothing is booked."""
        with pytest.raises(Rejected, match=why):
            drive(self.around, one)
        assert self.around.booked(one.key) == 0
        assert self.around.erp.find(one.key) is None

    def booked(self, one: Posting) -> None:
        """It gets there, once."""
        drive(self.around, one)
        assert self.around.booked(one.key) == 1

    def replay(self) -> None:
        """R47: the same key is the same fact, however often it is sent, by whichever process."""
        one = posting("downtime")
        number = drive(self.around, one).number
        assert self.around.erp.post(one).number == number
        self.around.restart()
        assert self.around.erp.post(one).number == number
        assert self.around.booked(one.key) == 1

    def crash_at_any_call(self) -> None:
        for stop in stops(self.around, lambda call: posting("lot_release", quantity=1.0 + call / 8)):
            stop.happens()

    def lost_answer(self) -> None:
        one = posting("lot_hold", quantity=5.0)
        self.around.loses_the_next_answer()
        self.booked(one)

    def illegal_state(self) -> None:
        """An order that runs cannot be moved."""
        one = posting("reschedule", work_order="WO-10482", new_quantity=None, new_due="2026-11-30")
        self.refused(one, "before the start only")

    def short_stock(self) -> None:
        """Nothing is booked half, and nothing stays reserved for it."""
        self.refused(posting("lot_hold", quantity=99999.0), r"(?i)has [\d.]+ cs.*, not 99999")
        self.booked(posting("lot_hold", quantity=1.0))

    def unknown_order(self) -> None:
        """R50: it waits visibly, and is booked once ERP knows the order."""
        one = posting("reschedule", **getattr(self.around, "instead", {}).get("reschedule", {}), work_order="WO-77777")
        self.refused(one, "WO-77777")
        self.refused(one, "WO-77777")
        self.around.knows_order("WO-77777")
        self.booked(one)

    def a_kind_it_lacks(self) -> None:
        lacks = [kind for kind in POSTING_KINDS if kind not in self.around.erp.kinds]
        assert lacks, "or its cell says why there are none"
        for kind in lacks:
            self.refused(posting(kind), "has no document for")


class OverHttp(Scenes):
    """What is spoken to over HTTP can be busy, and can be silent."""

    def busy(self) -> None:
        """429: later, at the time that it names."""
        comes_later(self.around, answers(429, **{"Retry-After": "90"}))

    def absent(self) -> None:
        """503 and 502: later for all."""
        for status in (503, 502):
            comes_later(self.around, answers(status))

    def time_out(self) -> None:
        """Nobody there means later; no answer in time means that one looks before posting again."""
        comes_later(self.around, timed_out)
        self.around.wire.always(answers(504))
        with pytest.raises(TryLater) as later:
            self.around.erp.post(posting("lot_hold"))
        assert later.value.outcome_unknown

    def at_the_first(self, is_it: Callable[[httpx.Request], bool], do: Callable[[], None]) -> None:
        """Somebody else does something just before our request gets there."""

        def act(request: httpx.Request, real: Real) -> httpx.Response:
            if is_it(request):
                self.around.wire.always(None)
                do()
            return real(request)

        self.around.wire.always(act)

    def overtaken(self, one: Posting) -> None:
        """R50: whoever was faster is not overwritten; it is looked at again, and then booked."""
        with pytest.raises(TryLater, match="somebody else") as later:
            self.around.erp.post(one)
        assert not isinstance(later.value, Away), "others go on meanwhile"


class OnTryton(OverHttp):
    around: RealTryton

    def crash_at_any_call(self) -> None:
        for stop in stops(self.around, lambda call: posting("lot_release", quantity=1.0 + call / 8), changes_tryton):
            stop.happens()

    def stale_lock(self) -> None:
        desk = admin(self.around.tryton.url, DATABASE)
        (order,) = desk.search("production", [["state", "=", "draft"]], ["number"], limit=1)
        one = posting("reschedule", work_order=order["number"], new_quantity=None, new_due="2026-12-01")
        neil = lambda: desk.call("production", "write", [order["id"]], {"planned_date": date(2026, 12, 24)})  # noqa: E731
        self.at_the_first(lambda request: b"model.production.write" in request.content, neil)
        self.overtaken(one)
        self.booked(one)
        desk.close()

    def no_rights(self) -> None:
        desk = admin(self.around.tryton.url, DATABASE)
        employee = desk.search("company.employee", [], ["id"])[0]["id"]
        desk.create("res.user", {"name": "Visitor", "login": "visitor", "password": ADMIN_PASSWORD,
                                 "companies": [["add", [desk.context["company"]]]], "company": desk.context["company"],
                                 "employees": [["add", [employee]]], "employee": employee})  # fmt: skip
        desk.close()
        around, one = self.around, posting("lot_hold")
        visitor = TrytonErp(around.tryton.url, DATABASE, "visitor", ADMIN_PASSWORD, around.clock, transport=around.wire)
        with pytest.raises(Rejected, match="not allowed"):
            visitor.post(one)
        assert around.booked(one.key) == 0

    def expired_session(self) -> None:
        self.around.wire.at(6, answers(401))  # in the middle of it
        self.booked(posting("lot_hold", quantity=5.0))

    def unknown_field(self) -> None:
        with pytest.raises(Rejected, match="another version"):
            self.around.erp.rpc.search("production", [], ["number", "priority_of_the_moon"])

    def closed_period(self) -> None:
        desk = admin(self.around.tryton.url, DATABASE)
        period = desk.create("stock.period", {"date": date(2026, 11, 18), "company": desk.context["company"]})
        desk.call("stock.period", "close", [period])
        desk.close()
        one, later = posting("lot_hold", quantity=5.0), posting("lot_hold", quantity=6.0)
        later = replace(later, occurred_at=self.around.clock.at + timedelta(days=2))
        for held in (one, later):
            drive(self.around, held)
        assert self._effective(later)[0] == "2026-11-19"
        day, shipment = self._effective(one)
        assert day > "2026-11-18", "today"
        ((words,),) = self.around.tryton.sql("select message from ir_note where resource = ?",
                                             f"stock.shipment.internal,{shipment}")  # fmt: skip
        assert "happened 2026-11-17 14:00 UTC" in words

    def _effective(self, held: Posting) -> Any:
        query = "select effective_date, id from stock_shipment_internal where substr(reference, 1, ?) = ?"
        return self.around.tryton.sql(query, len(held.key) + 2, f"{held.key} #")[0]


class OnSap(OverHttp):
    around: SapSystem

    def stale_lock(self) -> None:
        one, order = posting("reschedule"), self.around.plant.order("WO-10483")

        def neil() -> None:
            order["OrderLongText"] = "Neil was here."
            self.around.plant.gateway.touch(order)

        self.at_the_first(lambda request: request.method == "PATCH", neil)
        self.overtaken(one)
        self.booked(one)
        assert "Neil was here." in order["OrderLongText"]

    def no_rights(self) -> None:
        visitor, one = self.around.as_user(VISITOR, PASSWORD), posting("lot_hold")
        with pytest.raises(Rejected, match=r"not authorized to post; see the roles in docs/erp/sap.md"):
            visitor.post(one)
        assert self.around.booked(one.key) == 0
        visitor.close()

    def expired_session(self) -> None:
        """Cookies and CSRF token are over just before it posts: they are fetched anew."""
        self.booked(posting("lot_hold", quantity=5.0))
        self.at_the_first(lambda request: request.method == "POST", self.around.plant.gateway.forget_sessions)
        one = posting("lot_hold", quantity=6.0)
        self.around.erp.post(one)
        assert self.around.booked(one.key) == 1

    def unknown_field(self) -> None:
        services = dict(self.around.plant.gateway.services)
        orders = services["API_PRODUCTION_ORDER_2_SRV"]
        header = orders.entities["A_ProductionOrder_2"]
        fields = {name: one for name, one in header.fields.items() if name != "OrderLongText"}
        entities = {**orders.entities, header.name: replace(header, fields=fields)}
        services["API_PRODUCTION_ORDER_2_SRV"] = replace(orders, entities=entities)
        self.around.plant.gateway.services = services
        with pytest.raises(Rejected, match="OrderLongText"):
            drive(self.around, posting("note"))

    def closed_period(self) -> None:
        self.around.clock.at = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)
        self.around.plant.open_from = date(2026, 12, 1)
        for one in (posting("lot_hold", quantity=5.0), posting("confirmation")):
            self.booked(one)
        (document,) = self.around.plant.rows("A_MaterialDocumentHeader")
        assert document["PostingDate"] == "/Date(1796169600000)/", "today"
        assert document["DocumentDate"] == "/Date(1794873600000)/", "when it really was"
        self.around.plant.open_from = date(2027, 1, 1)
        self.refused(posting("lot_hold", quantity=5.0), "Posting only possible in periods")


class OnOdoo(OverHttp):
    around: OdooSystem

    def stale_lock(self) -> None:
        """It has no versions; what it does say is that somebody is saving the same record."""
        one = posting("note")
        self.around.plant.locked.add(("mrp.production", self.around.plant.order("WO-10482")["id"]))
        self.overtaken(one)
        self.around.plant.locked.clear()
        self.booked(one)

    def no_rights(self) -> None:
        visitor, one = self.around.with_key(odoo_plant.VISITOR), posting("lot_hold")
        with pytest.raises(Rejected, match=r"not allowed to create 'stock\.picking'"):
            visitor.post(one)
        assert self.around.booked(one.key) == 0
        visitor.close()

    def expired_session(self) -> None:
        key_that_is_over(self.around, "LINECALL_ODOO_KEY")

    def unknown_field(self) -> None:
        del self.around.plant.fields["stock.picking"]["origin"]
        with pytest.raises(Rejected, match="another version"):
            drive(self.around, posting("lot_hold"))


class OnErpNext(OverHttp):
    around: ErpNextSystem

    def stale_lock(self) -> None:
        one = posting("reschedule", new_quantity=None, new_due="2026-11-21")
        self.around.plant.locked.add("WO-10483")
        self.overtaken(one)
        self.around.plant.locked.clear()
        self.booked(one)

    def no_rights(self) -> None:
        visitor, one = self.around.with_key(erpnext_plant.VISITOR), posting("lot_hold")
        with pytest.raises(Rejected, match="No permission for Stock Entry; see the roles"):
            visitor.post(one)
        assert self.around.booked(one.key) == 0
        visitor.close()

    def expired_session(self) -> None:
        key_that_is_over(self.around, "LINECALL_ERPNEXT_KEY")

    def unknown_field(self) -> None:
        del self.around.plant.fields["Stock Entry"]["remarks"]
        with pytest.raises(Rejected, match="another version"):
            drive(self.around, posting("lot_hold"))

    def closed_period(self) -> None:
        self.around.clock.at += timedelta(days=15)
        self.around.plant.frozen_until = date(2026, 11, 30)
        self.booked(posting("lot_hold", quantity=5.0))
        (entry,) = self.around.plant.docs["Stock Entry"].values()
        assert entry["posting_date"] == "2026-12-02"
        assert "happened 2026-11-17 14:00 UTC" in entry["remarks"]
        self.around.plant.frozen_until = date(2026, 12, 31)
        self.refused(posting("lot_hold", quantity=5.0), "frozen")


def key_that_is_over(around: Any, setting: str) -> None:
    """Every call carries a key: where it is over it is tried once, named, and the new one goes on."""
    keys, one = dict(around.plant.keys), posting("lot_hold", quantity=5.0)
    around.plant.keys.clear()
    around.wire.calls = 0
    for _ in range(5):
        with pytest.raises(Away, match=setting):
            around.erp.post(one)
    assert around.wire.calls == 1
    around.plant.keys.update(keys)
    around.restart()
    drive(around, one)
    assert around.booked(one.key) == 1


class OnFlatFiles(Scenes):
    """The import is somebody else's: what it refuses for reasons of its own comes as a file with the reason."""

    around: FlatFiles

    def crash_at_any_call(self) -> None:
        """At every write and move of a file, before it or after it in turn: ours, and the import's."""
        for kind in ("lot_release", "reversal", "refused"):
            for call in range(1, self._steps(kind) + 1):
                self._stopped(kind, call, before=(call + FIRST) % 2 == 0)

    def _owed(self, kind: str) -> Posting:
        if kind == "refused":
            return posting("lot_hold", lot="9999-9Z")
        one = posting("lot_release", quantity=1.0)
        if kind == "reversal":
            drive(self.around, one)
            return replace(one, key=f"{one.key}/back", reverses=one.key)
        return one

    def _steps(self, kind: str) -> int:
        one, faults = self._owed(kind), FileFaults()
        with faults:
            self._through(kind, one)
        assert faults.calls > 4, "or there is nothing in between"
        return faults.calls

    def _stopped(self, kind: str, call: int, *, before: bool) -> None:
        one = self._owed(kind)
        with FileFaults(call, before) as faults:
            self._through(kind, one)
        assert faults.pulled, f"{kind} {call}"
        self.around.restart()
        self.around.stand_in = ImportStandIn(self.around.postings, self.around.plant)  # whichever of the two died
        self._through(kind, one)
        assert self.around.booked(one.key) == int(kind != "refused"), f"{kind} {call}"

    def _through(self, kind: str, one: Posting) -> None:
        if kind != "refused":
            drive(self.around, one)
            return
        with pytest.raises(Rejected, match="9999-9Z"):
            drive(self.around, one)

    def import_refuses(self, one: Posting, why: str) -> None:
        """It takes the file and answers no; a person reads why, and what they repaired is laid out again."""
        with pytest.raises(TryLater):
            self.around.erp.post(one)
        name = name_of(one.key)
        (self.around.postings / "out" / f"{name}.json").unlink()
        write_atomically(self.around.postings / "in" / f"{name}.rejected.json", {"key": one.key, "reason": why})
        with pytest.raises(Rejected, match=why):
            drive(self.around, one)
        assert self.around.booked(one.key) == 0
        self.booked(one)

    def illegal_state(self) -> None:
        self.import_refuses(posting("reschedule"), "order is technically complete")

    def no_rights(self) -> None:
        self.import_refuses(posting("lot_hold"), "batch user may not post 344")

    def closed_period(self) -> None:
        self.import_refuses(posting("scrap"), "period 10/2026 is closed")

    def unknown_field(self) -> None:
        self.refused(posting("note", priority_of_the_moon="full"), "priority_of_the_moon")

    def time_out(self) -> None:
        """The import does not run: the file waits for it, and is never laid out twice."""
        one = posting("lot_hold", quantity=5.0)
        self.around.away(True)
        with pytest.raises(TryLater, match="waiting for the ERP import"):
            drive(self.around, one)
        assert len(list((self.around.postings / "out").glob("*.json"))) == 1
        self.around.away(False)
        self.booked(one)


SCENES: Mapping[str, type[Scenes]] = {"plant_folder": OnFlatFiles, "tryton": OnTryton, "sap": OnSap, "odoo": OnOdoo,
                                      "erpnext": OnErpNext}  # fmt: skip
