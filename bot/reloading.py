"""New rules take effect without a restart, for what happens from then on; wrong ones change nothing (R29, R36, R61)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from bot.accepting import ACCEPTED, as_accepted
from db import log as chained
from db import settings
from db.connect import one_at_a_time
from integrations.plant_folder import PlantFolderProblems, read_rules_text, rules_text
from workflow.case import LINECALL
from workflow.improving import with_accepted
from workflow.routing import Superseded

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App

log = structlog.get_logger()

IN_FORCE = "rules_in_force"  # {"version", "text", "accepted"}
EARLIER = "rules_earlier"  # [{"until", "text", "accepted"}], the oldest first
KEPT = 20  # earlier rules: an exception that is older than twenty edits goes by the oldest of them


def reload_rules(app: App) -> int:
    """Look at `rules.yaml` and what was accepted over it; what is new counts from now on. Returns 0: no round follows.

    An open exception keeps the rules under which it was opened, across restarts too, so their texts are kept. Who may
    decide is asked when one decides: a right that is taken away is gone at once. A file with mistakes is told once,
    with line and key, and the rules in force serve on.
    """
    try:
        text = rules_text(app.folder.folder)
        of_file = read_rules_text(text, app.plant)
    except PlantFolderProblems as error:
        app.rules_refused = refused("rules.refused", error, app.rules_refused)
        return 0
    app.rules_refused = []
    with app.database.read() as tx:
        known: dict[str, Any] | None = settings.get(tx, IN_FORCE)
        accepted = settings.get(tx, ACCEPTED) or []
    rules = with_accepted(of_file, as_accepted(accepted))
    if known is None or known["version"] != rules.version:
        with app.database.write() as tx:
            _exchanged(tx, rules.version, text, accepted, app.clock.now())
        log.info("rules.taken", version=rules.version)
    elif rules.version == app.folder.rules.version and app.earlier_rules_read:
        return 0
    app.folder = replace(app.folder, rules=rules)
    with app.database.read() as tx:
        app.earlier_rules = _earlier(settings.get(tx, EARLIER) or [])
    app.earlier_rules_read = True
    return 0


def refused(event: str, error: PlantFolderProblems, before: list[dict[str, object]]) -> list[dict[str, object]]:
    """Where a file is wrong that does not count: told in the service's log once, line and key alone.

    What stands there and why it is wrong is for whoever may see the page: it can be somebody's phone number.
    """
    wrong: list[dict[str, object]] = [
        {"file": p.file, "line": p.line, "key": p.key, "why": p.wrong, "right": p.right} for p in error.problems
    ]
    if wrong != before:
        log.warning(event, problems=[{"line": one["line"], "key": one["key"]} for one in wrong])
    return wrong


def _exchanged(tx: Connection, version: str, text: str | None, accepted: list[dict[str, Any]], now: datetime) -> None:
    """Write down that other rules count; of two workers that see the new file the first one does."""
    one_at_a_time(tx, IN_FORCE)
    before: dict[str, Any] | None = settings.get(tx, IN_FORCE)
    if before is not None and before["version"] == version:
        return
    if before is not None:
        earlier = [*(settings.get(tx, EARLIER) or []), {**before, "until": now.isoformat()}]
        settings.put(tx, EARLIER, earlier[-KEPT:], now)
    settings.put(tx, IN_FORCE, {"version": version, "text": text, "accepted": accepted}, now)
    chained.note(tx, now, LINECALL, "rules_changed", {"before": before and before["version"], "after": version})


def _earlier(rows: list[dict[str, Any]]) -> tuple[Superseded, ...]:
    """Earlier rules from their texts, whatever lines are gone since then; what cannot be read is left out, and told."""
    found = []
    for row in rows:
        try:
            rules = with_accepted(read_rules_text(row["text"], None), as_accepted(row.get("accepted") or ()))
            found.append(Superseded(datetime.fromisoformat(row["until"]), rules))
        except PlantFolderProblems:
            log.warning("rules.earlier_unreadable", until=row["until"])
    return tuple(found)
