"""The whole program on a real Tryton: the demo's recorded shift, read back line by line by SQL."""

from __future__ import annotations

import io
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.by_hand import book
from bot.config import Config
from bot.demo import Demo, read_shift
from db import cases, postings
from integrations.erp.guarded import Guarded
from integrations.erp.tryton import TrytonErp
from tests.integrations.faults import Faulty
from tests.service.process import RIVERSIDE, ROOT
from tests.tryton_server import DATABASE, Tryton
from workflow.case import SETTLED

pytestmark = pytest.mark.slow

SHIFT = ROOT / "fixtures" / "demo" / "day-shift.yaml"


def quantities(tryton: Tryton, key: str) -> list[tuple[Any, ...]]:
    """The done moves of the shipments of a key: lot, from, to, how much."""
    return tryton.sql(
        "select lot.number, source.code, goal.code, sum(move.quantity) from stock_move move"
        " join stock_shipment_internal shipment on move.shipment = 'stock.shipment.internal,' || shipment.id"
        " join stock_lot lot on lot.id = move.lot join stock_location goal on goal.id = move.to_location"
        " join stock_location source on source.id = move.from_location"
        " where move.state = 'done' and substr(shipment.reference, 1, ?) = ? group by 1, 3",
        len(key) + 2, f"{key} #",
    )  # fmt: skip


def test_the_recorded_shift_is_in_tryton_line_by_line(
    tryton: Tryton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every posting of the demo's shift: booked and read back by SQL, or with a person and a reason."""
    tryton.reset()
    wire = Faulty()
    config = Config(plant=RIVERSIDE, data=tmp_path / "data", play=True)
    demo = Demo(config, read_shift(SHIFT), Console(file=io.StringIO(), width=200))
    app, clock = demo.plant.app, demo.plant.clock
    app.erp = Guarded(TrytonErp(tryton.url, DATABASE, tryton.user, tryton.password, clock, app.plant.zone, wire), clock)

    class Plug:
        """The shift's "ERP is away" pulls Tryton's plug."""

        away = property(lambda _: wire.away, lambda _, is_away: setattr(wire, "away", is_away))

        def take_in(self, now: datetime) -> int:
            return 0

    demo.plant.erp = Plug()  # type: ignore[assignment]
    assert app.refresh_records()
    monkeypatch.setattr(app, "refresh_records", lambda: False)  # once a shift will do: it is asked each plant minute
    demo.play()
    with app.database.read() as tx:
        owed = postings.find(tx)
        found = cases.find(tx)
    states = Counter((s.posting.kind, s.state) for s in owed)
    assert {kind for (kind, state) in states if state == "failed"} == {"maintenance_notification", "goods_movement"}
    assert sum(n for (_, state), n in states.items() if state == "posted") == 12
    moves = [s for s in owed if s.posting.body.get("lot") == "6319-4A" and s.posting.kind != "deviation"]
    total = moves[0].posting.body["quantity"]
    expected = [("lot_hold", None, "QHOLD", total), ("lot_release", "QHOLD", "STO", 600.0),
                ("lot_rework", "QHOLD", "REWORK", 150.0), ("scrap", "QHOLD", "SCRAP", total - 750.0),
                ("lot_rework", "REWORK", "QHOLD", 150.0), ("lot_release", "QHOLD", "STO", 150.0)]  # fmt: skip
    for status, (kind, source, goal, quantity) in zip(moves, expected, strict=True):
        assert status.posting.kind == kind
        ((lot, start, end, moved),) = quantities(tryton, status.posting.key)
        assert (lot, end, moved) == ("6319-4A", goal, quantity), kind
        assert source in (None, start)
    for status in owed:
        ((registered,),) = tryton.sql(
            "select count(*) from ir_note where substr(message, 1, ?) = ?"
            " and message like '% booked' || char(10) || '%'",
            len(status.posting.key) + 11, f"linecall:{status.posting.key} #")  # fmt: skip
        shipped = len(quantities(tryton, status.posting.key))
        booked = status.state in ("posted", "reversed")  # what was reworked came back: both ways are there
        assert registered + shipped == booked, status.posting.key
        assert booked or (status.state == "failed" and status.owner and status.error), status
    minutes = {s.posting.key: s.posting.body["minutes"] for s in owed if s.posting.kind == "downtime"}
    booked_minutes = tryton.sql("select duration from production_work_cycle where state = 'done'")
    done = [minutes[s.posting.key] for s in owed if s.posting.kind == "downtime" and s.state == "posted"]
    assert sorted(_minutes(d) for (d,) in booked_minutes) == sorted(done)
    # What Tryton has no document for is booked by hand by whoever it was given to; then everything is closed.
    for status in owed:
        if status.state == "failed":
            by = app.plant.person[status.owner or "denise.palmer"]
            book(app, status.posting.key, f"BY-HAND-{status.posting.key[-1]}", by)
    with app.database.read() as tx:
        assert all(s.state in SETTLED for s in postings.find(tx))
        assert {c.number for c in cases.find(tx) if c.status == "resolved"} == set()
    assert len(found) > 5
    demo.close()


def _minutes(duration: Any) -> float:
    """SQLite keeps a span of time as seconds."""
    return round(float(duration) / 60, 3)
