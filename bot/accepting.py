"""What was proposed is accepted or declined by a press; it counts over `rules.yaml` and can be taken back (R61)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from bot import lessons
from bot.say import Press
from db import first_goes, settings
from db import lessons as stored
from db import log as chained
from db.connect import one_at_a_time
from workflow.errors import LinecallError, Refused
from workflow.improving import Accepted, Proposal, Taught, may_decide, proposals
from workflow.plant import Person
from workflow.routing import World
from workflow.rules import Rules

if TYPE_CHECKING:
    from bot.desk import Desk

ACCEPTED = "rules_accepted"  # [{"kind", "rule", "before", "after", "by", "at"}], the oldest first
DECLINED = "rules_declined"  # {key: when}
NOT_AGAIN = timedelta(days=30)  # in which what was declined is not proposed anew
TRIES, NAMES = ("accept_try", "decline_try"), ("accept_name", "decline_name")
ACTS = frozenset((*TRIES, *NAMES))
LONGEST = 18  # digits of a number


def accepted_of(tx: Connection) -> tuple[Accepted, ...]:
    """What counts over the file, in the order in which it was accepted."""
    return as_accepted(settings.get(tx, ACCEPTED) or ())


def as_accepted(rows: Sequence[Mapping[str, Any]]) -> tuple[Accepted, ...]:
    """The same from its JSON."""
    return tuple(Accepted(**{**row, "at": datetime.fromisoformat(row["at"])}) for row in rows)


def still_open(tx: Connection, found: Sequence[Proposal], now: datetime) -> tuple[Proposal, ...]:
    """Those that nobody declined lately."""
    declined = settings.get(tx, DECLINED) or {}
    return tuple(p for p in found if p.key not in declined or datetime.fromisoformat(declined[p.key]) < now - NOT_AGAIN)


def tried_on(tx: Connection, taught: Taught, since: datetime, until: datetime, rules: Rules) -> tuple[Proposal, ...]:
    """What exceptions of a period propose, each proposal tried on them."""
    of = frozenset(taught.cases)
    return proposals(taught, rules, lambda change, new: first_goes.tried(tx, since, until, of, change, new, rules))


def decide(
    tx: Connection, key: str, since: datetime, until: datetime, by: Person, world: World, *, yes: bool
) -> Proposal:
    """Accept or decline what was proposed from the exceptions of a period; it is tried on them once more.

    Raises Refused: `improve.not_yours`, or `improve.gone` where these exceptions, or the rules by now, no longer
    propose just that.
    """
    if not may_decide(by):
        raise Refused("improve.not_yours")
    one_at_a_time(tx, ACCEPTED)
    taught = first_goes.taught(tx, since, until)
    found = tried_on(tx, taught, since, until, world.rules)
    one = next((p for p in still_open(tx, found, world.now) if p.key == key), None)
    if one is None:
        raise Refused("improve.gone")
    said = {"kind": one.kind, "rule": one.rule, "before": one.before, "after": one.after}
    if yes:
        rows = [*(settings.get(tx, ACCEPTED) or ()), said | {"by": by.id, "at": world.now.isoformat()}]
        settings.put(tx, ACCEPTED, rows, world.now)
    else:
        settings.put(tx, DECLINED, (settings.get(tx, DECLINED) or {}) | {key: world.now.isoformat()}, world.now)
    chained.note(
        tx, world.now, by.id, "proposal_accepted" if yes else "proposal_declined", said | {"of": len(taught.cases)}
    )
    return one


def take_back(tx: Connection, key: str, by: Person, now: datetime) -> None:
    """What was accepted counts no more, from now on; raises Refused as `decide` does."""
    if not may_decide(by):
        raise Refused("improve.not_yours")
    one_at_a_time(tx, ACCEPTED)
    known = accepted_of(tx)
    gone = next((one for one in reversed(known) if one.key == key), None)
    if gone is None:
        raise Refused("improve.gone")
    rows = [row for row, one in zip(settings.get(tx, ACCEPTED), known, strict=True) if one is not gone]
    settings.put(tx, ACCEPTED, rows, now)
    chained.note(tx, now, by.id, "proposal_taken_back", {"kind": gone.kind, "rule": gone.rule, "after": gone.after})


def pressed(desk: Desk, press: Press) -> str:
    """A press under "what should we improve?"."""
    yes = press.act.startswith("accept")
    numbers = [arg for arg in press.args if arg.isdecimal() and len(arg) <= LONGEST]
    if press.act in NAMES and len(press.args) == len(numbers) == 1:
        return _name(desk, int(numbers[0]), yes=yes)
    if press.act not in TRIES or len(press.args) != 3 or len(numbers) < 2:
        return desk.tell("late_press_unknown")
    since, until = (datetime.fromtimestamp(int(n) * 60, UTC) for n in press.args[1:])
    one = decide(desk.tx, press.args[0], since, until, desk.me, desk.world, yes=yes)
    name = "improve.accepted" if yes else "improve.declined"
    return desk.tell(name, rule=one.rule, was=one.before, be=one.after)


def _name(desk: Desk, number: int, *, yes: bool) -> str:
    world = desk.world
    one = stored.get(desk.tx, world.plant.id, number)
    if one is None or one.state != "proposed":
        raise Refused("improve.gone")
    try:
        lessons.allowed(one, desk.me, world.plant, world.records, accepts=yes)
    except LinecallError as no:
        raise Refused("improve.not_yours") from no
    (stored.accept if yes else stored.forget)(desk.tx, number, desk.me.id, world.now)
    return desk.tell("improve.name_accepted" if yes else "improve.name_declined", words=one.words)
