"""Who is there now, over which chats they are reached, when they were last heard of, and whom nothing reaches (R56)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from bot.reach import OURS, all_ways
from bot.web.access import Looking, linecall, sees_people
from bot.web.errors import Declined
from bot.web.reasons import reason
from bot.web.rendering import frame, page
from bot.web.words import age_words, capital, clock, line_name, person_name, role_word, voice_for
from db import addresses, cases, inbox
from workflow.plant import ROLES, is_on_shift, production_day, shifts_at

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from bot.wording import Voice
    from db.addresses import Known
    from workflow.plant import Person

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Way:
    """One chat of a person; `since` is set where nothing arrives there any more."""

    name: str
    since: str
    why: str


@dataclass(frozen=True, slots=True)
class Somebody:
    """One person's line."""

    name: str
    about: str  # lines, and the other functions
    present: bool
    hours: str  # until when they are there, or why not
    ways: tuple[Way, ...]
    cut_off: bool  # there, and every foreign chat of theirs is dead
    seen: str
    has: int  # open tasks in their hands


@dataclass(frozen=True, slots=True)
class Group:
    """The people of one function, those who are there first."""

    role: str
    present: int
    people: tuple[Somebody, ...]


@routes.get("/people")
def people_page(request: Request, caller: Looking) -> HTMLResponse:
    """For supervisors and managers, and for a screen that has the plant's own key; nobody is ranked (R57)."""
    app = linecall(request)
    voice = voice_for(app, caller.person)
    if not sees_people(app, caller):
        raise Declined(403, "not_your_role", voice.say("page.people.not_yours"))
    with app.database.read() as tx:
        dead = {(one.channel, one.address): one for one in addresses.dead(tx)}
        has = Counter(
            task.acknowledged_by
            for case in cases.open_cases(tx)
            for task in case.tasks
            if task.live and task.acknowledged_at is not None
        )
        everybody = {p.id: _somebody(app, tx, p, dead, has[p.id], voice) for p in app.plant.people}
    groups = []
    for role in (*ROLES, None):
        of_role = [everybody[p.id] for p in app.plant.people if (p.roles[0] if p.roles else None) == role]
        of_role.sort(key=lambda one: (not one.present, one.name))
        if of_role:
            name = role_word(role, voice) if role else capital(voice.say("page.phone.no_function"))
            groups.append(Group(name, sum(one.present for one in of_role), tuple(of_role)))
    facts = {
        "groups": groups,
        "refused": app.plant_refused if caller.person is not None else [],
        "present": sum(group.present for group in groups),
        "cut_off": sum(one.cut_off for one in everybody.values()),
        "shifts": ", ".join(
            f"{span.shift} {clock(voice, span.start)} – {clock(voice, span.end)}"
            for span in shifts_at(app.plant, voice.now)
        ),
    }
    return page(request, "people.html", frame(voice) | facts)


def _somebody(
    app: App, tx: Connection, person: Person, dead: dict[tuple[str, str], Known], has: int, voice: Voice
) -> Somebody:
    present = is_on_shift(app.plant, person, voice.now)
    possible = all_ways(app, tx, person)
    ways = []
    for way in possible:
        lost = dead.get((way.channel, way.address))
        since = clock(voice, lost.unreachable_at, voice.now) if lost is not None else ""
        ways.append(Way(capital(way.channel), since, reason(lost.unreachable_why, voice) if lost is not None else ""))
    wrote = (inbox.last_from(tx, *place) for place in (*possible, (OURS, person.id)))
    seen = max((at for at in wrote if at is not None), default=None)
    others = [role_word(role, voice) for role in person.roles[1:]]
    lines = [line_name(app.plant, line) for line in person.lines]
    return Somebody(
        name=person.name,
        about=" · ".join(part for part in (", ".join(others), ", ".join(lines)) if part),
        present=present,
        hours=_hours(person, present, voice),
        ways=tuple(ways),
        cut_off=present and bool(ways) and all(way.since for way in ways),
        seen=voice.say("page.people.wrote", age=age_words(voice.now - seen, voice)) if seen else "",
        has=has,
    )


def _hours(person: Person, present: bool, voice: Voice) -> str:
    plant, now = voice.plant, voice.now
    today = production_day(plant, now)
    away = next((one for one in person.absences if one.start <= today <= one.end), None)
    if away is not None and not present:
        end = voice.day(away.end)
        return voice.say("page.people.away", until=end, who=person_name(plant, away.stand_in) if away.stand_in else "")
    if not present:
        return voice.say("page.phone.off_shift")
    if person.always_reachable:
        return voice.say("page.people.any_time")
    ends = [span.end for span in shifts_at(plant, now) if person.works(span)]
    return voice.say("page.people.until", at=clock(voice, max(ends))) if ends else voice.say("page.people.stands_in")
