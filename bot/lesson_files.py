"""What was learnt, written so that a person can review it and move it into the plant folder or among the test cases."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import yaml

from db import cases
from db import lessons as stored

if TYPE_CHECKING:
    from bot.app import App
    from workflow.case import Case
    from workflow.lessons import Lesson
    from workflow.plant import Plant


def plant_snippet(app: App, lessons: Sequence[Lesson]) -> str:
    """The lines and machines of `plant.yaml` with their learnt aliases added; what belongs elsewhere is a comment."""
    learnt: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for lesson in lessons:
        learnt[lesson.what, lesson.ref].append(lesson.words)
    head = [
        f"# What people of {app.plant.name} call things, learnt from their answers and accepted.",
        "# In plant.yaml:",
    ]
    lines = _lines(app.folder.plant, learnt)
    body = yaml.safe_dump({"lines": lines}, allow_unicode=True, sort_keys=False, width=110) if lines else "lines: []\n"
    items = [
        f"# In items.csv, aliases of {ref}: {'|'.join(words)}"
        for (what, ref), words in learnt.items()
        if what == "item"
    ]
    others = [
        f"# Customer {ref} is called: {', '.join(words)}" for (what, ref), words in learnt.items() if what == "customer"
    ]
    return "\n".join([*head, body.rstrip(), *items, *others, ""])


def message_cases(app: App, lessons: Sequence[Lesson]) -> str:
    """Messages whose kind people told, one JSON object a line, as the message-cases contract writes them."""
    rows = []
    with app.database.read() as tx:
        for lesson in lessons:
            case = next((c for n in lesson.cases if (c := cases.get(tx, n)) is not None), None)
            if case is not None:
                rows.append(json.dumps(_as_case(app.plant, lesson, case), ensure_ascii=False))
    return "".join(f"{row}\n" for row in rows)


def note_export(app: App, lessons: Sequence[Lesson], by: str) -> None:
    """An export is part of a lesson's history (R61)."""
    with app.database.write() as tx:
        stored.exported(tx, [lesson.id for lesson in lessons], by, app.clock.now())


def _lines(plant: Plant, learnt: dict[tuple[str, str], list[str]]) -> list[dict[str, Any]]:
    out = []
    for line in plant.lines:
        of_line = learnt.get(("line", line.id), [])
        assets = [
            {"id": a.id, "name": a.name, "aliases": [*a.aliases, *learnt["asset", a.id]]}
            for a in line.assets
            if ("asset", a.id) in learnt
        ]
        if of_line or assets:
            aliases = {"aliases": [*line.aliases, *of_line]} if of_line else {}
            out.append({"id": line.id, "name": line.name} | aliases | ({"assets": assets} if assets else {}))
    return out


def _as_case(plant: Plant, lesson: Lesson, case: Case) -> dict[str, Any]:
    sender = plant.person.get(case.reporter)
    said = None if case.quantity is None else {"value": case.quantity.value, "uom": case.quantity.uom}
    orders = [] if "work_orders" in case.inferred else list(case.work_orders)
    return {
        "id": f"{plant.id}-lesson-{lesson.id}", "lang": sender.language if sender is not None else "",
        "sender": case.reporter, "sent_at": plant.local(case.captured_at).isoformat(timespec="seconds"),
        "text": case.said,
        "expect": {"intent": "report", "exceptions": [{
            "type": lesson.ref, "line": case.line, "assets": list(case.assets), "work_orders": orders,
            "items": list(case.items), "lots": list(case.lots), "quantity": said,
            "started_at": plant.local(case.occurred_at).isoformat(timespec="seconds") if case.occurred_at else None,
            "duration_min": case.duration_min, "line_stopped": case.line_stopped,
        }]},
    }  # fmt: skip
