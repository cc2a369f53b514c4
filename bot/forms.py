"""Forms for what is many words: a decision in parts, an end with its figures, a hand-over; none of them decides.

A form is made from the exception as it stands, checked by the very act that it asks for, and read again against the
exception as it stands then; so a form that lay open for an hour is worth no more than a late word (R33).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot import order_changes
from bot.facts import as_words
from bot.wording import Voice
from db import conversations
from workflow import answering, finishing, holding
from workflow.errors import Refused
from workflow.plant import ROLES, on_shift
from workflow.ports import Field, Form
from workflow.reading import DECISIONS, Disposition, Quantity, Resolution

if TYPE_CHECKING:
    from bot.desk import Desk
    from bot.say import Press
    from workflow.case import Case, Change
    from workflow.plant import Person
    from workflow.routing import World

ACTS = frozenset({"decide", "resolve", "decline"})
NOBODY = "-"  # "not mine, and I do not know whose"
MOST_LOTS = 4
MOST_CHOICES = 40


class Wrong(Exception):
    """A field that cannot be read: its name, and the name of the text that says so."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field, self.text = field, text


@dataclass(frozen=True, slots=True)
class _Part:
    """One field of a decision: so much of this lot."""

    name: str
    decision: str
    lot: str
    uom: str
    remaining: float


def form_of(press: Press, case: Case, me: Person, world: World, voice: Voice, token: str) -> Form | None:
    """The form of an act for one person; None where the press is an answer by itself."""
    if press.act not in ACTS or not case.is_open or case.status == "draft":
        return None
    fields: tuple[Field, ...] = ()
    intro = ""
    match press.act:
        case "decide":
            fields = tuple(
                Field(
                    part.name,
                    voice.say(
                        "form.decide.part",
                        decision=voice.say(f"decision.{part.decision}"),
                        lot=part.lot,
                        left=voice.quantity({"value": part.remaining, "uom": part.uom}),
                    ),
                    "number",
                    optional=True,
                )
                for part in _parts(case, me, world)
            )
            if not fields:
                return None  # who may decide nothing is told so by the press itself
            fields = (*fields, Field("reason", voice.say("form.decide.reason"), "lines"))
            intro = voice.say("form.decide.intro")
        case "resolve":
            if case.held:
                return None
            fields = (
                Field("what", voice.say("form.resolve.what"), "lines"),
                Field("minutes", voice.say("form.resolve.minutes"), "number", optional=True),
            )
            uom = _unit(case, world)
            if uom is not None:
                fields = (*fields, Field("scrap", voice.say("form.resolve.scrap", uom=uom), "number", optional=True))
        case "decline":
            fields = (
                Field("to", voice.say("form.pass_on.to"), "choice", tuple(_whose(press, me, world, voice)), NOBODY),
                Field("reason", voice.say("form.pass_on.reason"), optional=True),
            )
    title = voice.say({"decide": "button.decide", "resolve": "button.resolve"}.get(press.act, "button.decline"))
    return Form(f"{case.number}: {title}", fields, voice.say("form.send"), voice.say("form.back"), token, intro)


def wrong_with(
    press: Press, case: Case, me: Person, filled: Mapping[str, str], world: World, voice: Voice
) -> Mapping[str, str]:
    """What is wrong with a filled form, by its fields; the act itself is tried, and nothing of it is kept."""
    try:
        submitted(press, case, me, filled, world)
    except Wrong as wrong:
        return {wrong.field: voice.say(wrong.text)}
    except Refused as no:
        blamed = next((name for name in filled if "." in name and filled[name]), next(iter(filled), ""))
        return {blamed: voice.say(f"refused.{no.name}", **as_words(no.facts, voice))}
    return {}


def submitted(press: Press, case: Case, me: Person, filled: Mapping[str, str], world: World) -> Change:
    """The act that a filled form asks for; raises Refused as the act does, and Wrong for what is no number."""
    match press.act:
        case "decide":
            said = []
            for part in _parts(case, me, world):
                much = _number(filled, part.name)
                if much:
                    said.append(Disposition(part.decision, part.lot, Quantity(much, part.uom)))  # type: ignore[arg-type]
            if not said:
                raise Wrong(next((name for name in filled if "." in name), "reason"), "form.decide.empty")
            return holding.propose(case, said, me, filled.get("reason", ""), world)
        case "resolve":
            return finishing.resolve(case, me, _outcome(case, filled, world), world)
    to, said_why = filled.get("to", NOBODY), filled.get("reason", "")
    if to in ("", NOBODY):
        return answering.decline(case, me, said_why, world, press.args[0] if press.args else None)
    return answering.reassign(case, me, to, said_why, world)


def taken(desk: Desk, press: Press, case: Case) -> str:
    """A form that came in: its act, on the exception as it stands now."""
    assert desk.message.filled is not None
    try:
        if press.act == "resolve":
            return order_changes.ended(desk, case, _outcome(case, desk.message.filled, desk.world))
        change = submitted(press, case, desk.me, desk.message.filled, desk.world)
    except Wrong:
        return desk.tell("not_understood", said="")
    if press.act == "decide":
        conversations.ask(desk.tx, desk.me.id, case.number, "confirm", ("yes", "no"), desk.world.now)
    return desk.save(change)


def _parts(case: Case, me: Person, world: World) -> Iterator[_Part]:
    """Each lot that is on hold, with each decision about it that this person's functions may take (R40)."""
    open_lots = [held for held in case.held if held.remaining > 0][:MOST_LOTS]
    for n, held in enumerate(open_lots):
        for decision in DECISIONS:
            authority = world.rules.decisions.get(decision)
            if decision == "keep_on_hold" or authority is None:
                continue
            if {*authority.roles, *authority.above}.intersection(me.roles):
                yield _Part(f"{n}.{decision}", decision, held.lot, held.uom, held.remaining)


def _outcome(case: Case, filled: Mapping[str, str], world: World) -> Resolution:
    scrap, uom = _number(filled, "scrap"), _unit(case, world)
    wasted = Quantity(scrap, uom) if scrap and uom is not None else None
    return Resolution(filled.get("what", ""), _number(filled, "minutes"), wasted)


def _whose(press: Press, me: Person, world: World, voice: Voice) -> Iterator[tuple[str, str]]:
    """Nobody one knows of, the other functions that are there now, and the others of one's own."""
    yield NOBODY, voice.say("form.pass_on.nobody")
    mine = press.args[0] if press.args else None
    there: dict[str, tuple[Person, ...]] = {role: on_shift(world.plant, role, world.now) for role in ROLES}
    choices = [(role, voice.say(f"role.{role}")) for role, people in there.items() if people and role != mine]
    choices += [(p.id, p.name) for p in there.get(mine or "", ()) if p.id != me.id]
    yield from choices[: MOST_CHOICES - 1]


def _unit(case: Case, world: World) -> str | None:
    orders = [world.records.work_order[o] for o in case.work_orders if o in world.records.work_order]
    return orders[0].uom if orders else None


def _number(filled: Mapping[str, str], name: str) -> float | None:
    written = filled.get(name, "").replace(" ", "").replace(",", ".")
    if not written:
        return None
    try:
        value = float(written)
    except ValueError:
        raise Wrong(name, "form.number") from None
    if not math.isfinite(value) or not 0 <= value < 1e12:
        raise Wrong(name, "form.number")
    return value
