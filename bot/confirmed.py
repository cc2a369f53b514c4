"""Ids of a photo or a voice note are offered to their sender; confirmed, they become part of an exception."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.wording import language_for, word
from db import attachments, cases
from workflow import finishing, opening
from workflow.case import Case, Change, Offer
from workflow.plant import Person, Plant
from workflow.reading import Asks, Reading, ReportedException

if TYPE_CHECKING:
    from bot.desk import Desk
    from db.attachments import Attachment
    from workflow.routing import World

Found = Mapping[str, Any]  # "work_orders", "lots", "items", "assets": ids
ANSWERS: Mapping[Asks, str] = {"work_order": "work_orders", "lot": "lots", "item": "items", "asset": "assets"}
NOTHING = ReportedException()


def fresh(found: Found, case: Case | None) -> dict[str, list[str]]:
    """What an exception does not name yet; one that was only proposed from the records is named by nobody."""
    new: dict[str, list[str]] = {}
    for kind in ANSWERS.values():
        named = () if case is None or kind in case.inferred else getattr(case, kind)
        ids = [id_ for id_ in found.get(kind, ()) if id_ not in named]
        new |= {kind: ids} if ids else {}
    return new


def offer(desk: Desk, one: Attachment, found: Mapping[str, list[str]], name: str, case: Case | None = None) -> str:
    """Ask its sender whether these ids are right."""
    attachments.offered(desk.tx, one.id, found, case.number if case is not None else None, desk.world.now)
    offers = (Offer("seen", (str(one.id),)), Offer("not_seen", (str(one.id),)))
    facts = {"read": named(found, desk.me, desk.world.plant)} | ({"case": case.number} if case is not None else {})
    return desk.tell(name, offers, **facts)


def bind(desk: Desk, one: Attachment, case: Case, said: str) -> str:
    """Add them to an exception; where one answers its open question, it is the answer."""
    new = fresh(one.found, case)
    attachments.belongs(desk.tx, one.id, case.number)
    change = finishing.correct(case, _together(case, new, desk.world), desk.me, said, desk.world)
    # Nobody was told wrong: a photo that completes a report is no re-route (R10).
    change = replace(change, case=replace(change.case, rerouted=case.rerouted))
    asked = ANSWERS.get(case.asks) if case.status == "draft" and case.asks is not None else None
    if asked is not None and new.get(asked):
        change = Change(change.case, change.entries)
        change = change.then(opening.answer(change.case, new[asked][0], desk.me, desk.world))
    return desk.save(change)


def begin(desk: Desk, one: Attachment, said: str) -> str:
    """A new report of which nothing is known but these ids: its sender is asked what is wrong with them."""
    number = cases.next_number(desk.tx)
    reported = _naming(one.found)
    case = opening.new_case(number, reported, desk.me, said, one.at, desk.world)
    outcome = desk.save(opening.draft_case(case, opening.question_about("type", case, desk.world), desk.world))
    attachments.belongs(desk.tx, one.id, number)
    return outcome


def completed(desk: Desk, reading: Reading) -> Reading:
    """A report that tells what is wrong with the photo just confirmed: it is about the ids on it."""
    draft = desk.thread.case
    if reading.intent != "report" or len(reading.exceptions) != 1 or draft is None or draft.status != "draft":
        return reading
    one = attachments.confirmed_for(desk.tx, draft.number)
    if one is None or one.person != desk.me.id:
        return reading
    said = reading.exceptions[0]
    new = {kind: tuple(ids) for kind, ids in one.found.items() if kind in ANSWERS.values() and not getattr(said, kind)}
    if not _same_line(said, new.get("work_orders", ()), desk.world):
        new.pop("work_orders", None)
    asks = reading.ask.asks if reading.ask is not None else None
    answered = asks is not None and ANSWERS.get(asks) in new
    new.pop("assets", None)  # where it is, the words say
    return replace(reading, exceptions=(_naming(new, said),), ask=None if answered else reading.ask)


def named(found: Mapping[str, list[str]], person: Person, plant: Plant) -> str:
    """Ids in a row, as their sender says it: "WO-10482 and lot 6319-4A"."""
    language = language_for(person.language, plant)
    names = [
        *found.get("work_orders", ()),
        *(word(language, "media.lot", lot=lot) for lot in found.get("lots", ())),
        *found.get("items", ()),
        *(plant.asset[asset].name for asset in found.get("assets", ()) if asset in plant.asset),
    ]
    return (
        word(language, "media.and", first=", ".join(names[:-1]), last=names[-1]) if len(names) > 1 else "".join(names)
    )


def _together(case: Case, new: Mapping[str, Sequence[str]], world: World) -> ReportedException:
    ids = {kind: () if kind in case.inferred else getattr(case, kind) for kind in ANSWERS.values()}
    together = {kind: tuple(dict.fromkeys((*ids[kind], *new.get(kind, ())))) for kind in ids}
    here = tuple(a for a in together["assets"] if case.line in (None, world.plant.asset[a].line))
    return _naming(together | {"assets": here})


def _naming(ids: Found, said: ReportedException = NOTHING) -> ReportedException:
    """What was said, with these ids where it names none."""
    return replace(
        said,
        work_orders=said.work_orders or tuple(ids.get("work_orders", ())),
        lots=said.lots or tuple(ids.get("lots", ())),
        items=said.items or tuple(ids.get("items", ())),
        assets=said.assets or tuple(ids.get("assets", ())),
    )


def _same_line(said: ReportedException, orders: Sequence[str], world: World) -> bool:
    lines = {world.plant.asset[a].line for a in said.assets if a in world.plant.asset} | ({said.line} - {None})
    ordered = {world.records.work_order[o].line for o in orders if o in world.records.work_order}
    return not lines or ordered <= lines
