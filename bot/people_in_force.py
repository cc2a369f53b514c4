"""Who works here and with which powers: every change of `plant.yaml` in that is in the plant's own log (R61)."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import structlog

from bot.proving import keys_of
from db import log as chained
from db import settings
from db.connect import one_at_a_time
from workflow.case import LINECALL
from workflow.plant import Person

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()

IN_FORCE = "people_in_force"  # person -> powers; addresses as a keyed digest alone


def note_people(app: App) -> bool:
    """Compare with whoever was there before and write down what is new, gone or changed; whether anything was.

    Roles, lines, shifts and stand-ins are told; of addresses only that they changed, never which they are.
    """
    key = keys_of(app.config)[0]
    after = {person.id: _powers(person, key) for person in app.folder.plant.people}
    now = app.clock.now()
    with app.database.read() as tx:
        if settings.get(tx, IN_FORCE) == after:
            return False
    with app.database.write() as tx:
        one_at_a_time(tx, IN_FORCE)
        before: dict[str, Any] | None = settings.get(tx, IN_FORCE)
        if before == after:
            return False  # another process was faster
        settings.put(tx, IN_FORCE, after, now)
        if before is None:
            return False  # the first start: nobody was there before
        changed = {who: _difference(before[who], after[who]) for who in sorted(before.keys() & after.keys())}
        facts = {
            "added": {who: _told(after[who]) for who in sorted(after.keys() - before.keys())},
            "gone": {who: _told(before[who]) for who in sorted(before.keys() - after.keys())},
            "changed": {who: what for who, what in changed.items() if what},
        }
        chained.note(tx, now, LINECALL, "people_changed", facts)
    log.info("people.changed", added=len(facts["added"]), gone=len(facts["gone"]), changed=len(facts["changed"]))
    return True


def _powers(person: Person, key: bytes) -> dict[str, Any]:
    contacts = json.dumps(sorted(person.contacts.items())).encode()
    return {
        "roles": list(person.roles),
        "lines": list(person.lines),
        "shifts": list(person.shifts),
        "rotation": person.rotation.id if person.rotation is not None else None,
        "stand_ins": sorted({a.stand_in for a in person.absences if a.stand_in is not None}),
        **({"shared": True} if person.shared else {}),
        "contacts": hmac.new(key, contacts, hashlib.sha256).hexdigest()[:16],
    }


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: {"before": before.get(name), "after": value}
        for name, value in _told(after).items()
        if before.get(name) != value
    }
    return found | ({"contacts": "changed"} if before.get("contacts") != after["contacts"] else {})


def _told(powers: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in powers.items() if name != "contacts"}
