"""Two weeks of Riverside Bottling in a line a case, for questions: each number can be added up by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from db import cases
from db.connect import Database
from tests.conftest import RIVERSIDE
from workflow.case import Case, Change, Entry, Held, Task
from workflow.plant import Role

CHICAGO = ZoneInfo("America/Chicago")
FURTHER: tuple[tuple[Role, str], ...] = (
    ("customer_service", "karen.doyle"), ("planner", "neil.abbott"), ("materials", "bobby.tran"),
)  # fmt: skip
GUESTS = """
  - {id: juergen.weiss, name: Jürgen Weiß, roles: [manager], language: de}
  - {id: agnieszka.nowak, name: Agnieszka Nowak, roles: [manager], language: pl}
  - {id: ravi.sharma, name: Ravi Sharma, roles: [manager], language: hi}
  - {id: camille.durand, name: Camille Durand, roles: [manager], language: fr}
  - {id: meera.joshi, name: Meera Joshi, roles: [manager], language: hi-Deva}
"""
# number, day of November and time (the plant's clock), kind, line, machine; minutes until the event was told, until all
# had taken it, until solved, until closed in ERP (each from the report, "-" for not yet); what fixed it; marks:
# o order 10482, e escalated, r re-routed, s line stopped, h hold of a lot, q late (past its first reminder)
ROWS = """
1  9 06:30  machine_breakdown L3 L3-FIL 0  5  40  45 Gary.Lindqvist  new.seal          s
2  9 15:00  machine_breakdown L3 L3-FIL 10 4  30  32 paulo.teixeira  star.wheel.timed  s
3  10 07:15 machine_breakdown L1 L1-LAB 0  20 60  70 anita.rao       sensor.cleaned    se
4  10 23:30 machine_breakdown L3 L3-FIL 0  6  25  26 chuy.ramirez    reset             s
5  11 02:00 material_shortage L2 -      0  10 50  90 ze.nunes        cartons.brought   -
6  11 10:00 changeover_overrun L4 -     0  3  20  21 denise.palmer   gripper.changed   s
7  12 12:00 machine_breakdown L3 L3-CAP 0  8  35  36 gary.lindqvist  chuck.replaced    sr
8  13 13:00 machine_breakdown L2 L2-SEA 5  7  90  95 anita.rao       seaming.roll      s
9  16 06:10 machine_breakdown L3 L3-FIL 0  4  20  22 gary.lindqvist  cap.chute.jam     s
10 16 14:30 machine_breakdown L1 L1-LAB 0  9  45  60 paulo.teixeira  glue.roller       s
11 17 09:00 machine_breakdown L3 L3-FIL 0  3  30  33 gary.lindqvist  filler.valve.4    s
12 17 10:00 material_shortage L2 -      0  6  25  30 bobby.tran      cartons.brought   -
13 17 23:00 machine_breakdown L4 L4-ROB 0  5  15  17 chuy.ramirez    gripper.hose      s
14 18 01:30 machine_breakdown L3 L3-LAB 0  12 40  44 chuy.ramirez    label.web         se
15 18 08:00 machine_breakdown L3 L3-FIL 0  4  -   -  gary.lindqvist  -                 so
16 18 08:30 quality_hold      L1 -      0  -  -   -  tamika.jones    -                 h
17 18 09:15 machine_breakdown L3 L3-PAL 0  -  -   -  anita.rao       -                 q
18 18 09:40 material_shortage L2 -      0  5  15  -  bobby.tran      cartons.brought   -
"""


def plant_with_guests(folder: Path) -> Path:
    """Riverside with five managers more, who read German, Polish, Hindi in both letters, and French."""
    for file in RIVERSIDE.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with (folder / "plant.yaml").open("a", encoding="utf-8") as out:
        out.write(GUESTS)
    return folder


def the_cases() -> Iterator[Case]:
    """What happened, as the records keep it."""
    for row in ROWS.split("\n"):
        if not row.strip():
            continue
        n, day, clock, kind, line, asset, told, taken, solved, closed, who, what, marks = row.split()
        hour, minute = map(int, clock.split(":"))
        captured = datetime(2026, 11, int(day), hour, minute, tzinfo=CHICAGO)
        after = [captured + timedelta(minutes=int(m)) if m != "-" else None for m in (taken, solved, closed)]
        acknowledged, resolved, over = after
        who = who.lower()
        task = Task(
            {"quality_hold": "quality", "material_shortage": "materials", "changeover_overrun": "supervisor"}.get(
                kind, "maintenance"
            ),
            captured,
            owner=who,
            told=(who,),
            acknowledged_at=acknowledged,
            acknowledged_by=who if acknowledged else None,
            done_at=resolved,
            done_by=who if resolved else None,
            step=1 if "q" in marks else 0,
            escalated="e" in marks,
            why="who repairs",
        )
        # Whom time makes concerned by what is open has done their part: no later round asks anybody further.
        concerned = FURTHER if "o" in marks else FURTHER[:1] if "h" in marks else ()
        others = tuple(
            Task(role, captured, owner=one, acknowledged_at=when, acknowledged_by=one, done_at=when, done_by=one)
            for role, one in concerned
            for when in (acknowledged or captured,)
        )
        yield Case(
            f"EX-{2000 + int(n)}",
            "riverside",
            captured,
            "maria.lopez" if line == "L3" else "luis.ortega",
            said="it stands",
            type=kind,  # type: ignore[arg-type]
            line=line,
            assets=(asset,) if asset != "-" else (),
            work_orders=("WO-10482",) if "o" in marks else (),
            lots=("6320-1A",) if "h" in marks else (),
            held=(Held("6320-1A", 610.0, "cs", 400.0),) if "h" in marks else (),
            occurred_at=captured - timedelta(minutes=int(told)),
            line_stopped=True if "s" in marks else None,
            tasks=(task, *others),
            opened_at=captured,
            resolved_at=resolved,
            resolved_by=who if resolved else None,
            resolution=what.replace(".", " ") if resolved else "",
            closed_at=over,
            posted_at=over,
            rerouted=int("r" in marks),
        )


def remember(database: Database, found: Iterator[Case]) -> tuple[Case, ...]:
    """Put cases into the records."""
    with database.write() as tx:
        return tuple(
            cases.save(tx, Change(case, (Entry(case.captured_at, case.reporter, "reported"),)), case.captured_at)
            for case in found
        )
