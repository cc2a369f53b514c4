"""Exceptions found again: by number, order, item, lot, machine, line, kind, words, or who reported them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from bot.web.access import Looking, linecall
from bot.web.rendering import frame, page
from bot.web.sight import sight_of
from bot.web.words import capital, clock, line_name, person_name, subject_of, type_word, voice_for
from db.searching import MOST_TERMS, Sought, Term, search
from workflow.reading import EXCEPTION_TYPES, ExceptionType

if TYPE_CHECKING:
    from bot.web.sight import Sight
    from bot.wording import Voice
    from workflow.case import Case

routes = APIRouter(include_in_schema=False)

MOST_SHOWN = 50
MOST_TYPED = 200  # characters
DAYS = {"week": 7, "month": 31, "year": 366}
Open = Literal["", "open", "over"]
Time = Literal["", "week", "month", "year"]


@dataclass(frozen=True, slots=True)
class Found:
    """One exception in the list."""

    number: str
    at: str
    line: str
    kind: str
    subject: str
    said: str
    reporter: str
    status: str
    state: str  # "stopped", "open", "over"


@routes.get("/search")
def search_page(
    request: Request,
    caller: Looking,
    q: Annotated[str, Query(max_length=MOST_TYPED)] = "",
    line: str = "",
    type: ExceptionType | Literal[""] = "",  # noqa: A002 - the contract's word
    state: Open = "",
    time: Time = "",
) -> HTMLResponse:
    """The newest that fit; nothing typed shows the newest of all."""
    app = linecall(request)
    voice, sight = voice_for(app, caller.person), sight_of(app, caller)
    sought = Sought(
        terms=terms_of(q, voice, sight),
        line=line if line in app.plant.line else None,
        type=type or None,
        is_open={"": None, "open": True, "over": False}[state],
        since=voice.now - timedelta(days=DAYS[time]) if time else None,
        within=sight.within,
    )
    with app.database.read() as tx:
        cases = search(tx, sought, MOST_SHOWN + 1)
    lines = [one for one in app.plant.lines if not sight.lines or one.id in sight.lines]
    facts = {
        "q": q, "line": line, "type": type, "state": state, "time": time,
        "found": [found_as_row(case, voice) for case in cases[:MOST_SHOWN]], "more": len(cases) > MOST_SHOWN,
        "lines": [(one.id, one.name) for one in lines],
        "kinds": [(name, capital(voice.say(f"type.{name}"))) for name in EXCEPTION_TYPES],
        "states": [(name, voice.say(f"page.search.{name}")) for name in ("open", "over")],
        "times": [(name, voice.say(f"page.search.{name}")) for name in DAYS],
        "everybody": not sight.lines,
    }  # fmt: skip
    return page(request, "search.html", frame(voice) | facts)


def terms_of(typed: str, voice: Voice, sight: Sight) -> tuple[Term, ...]:
    """What was typed as terms: a name of the plant that several words make ("line 3") is one of them.

    Who reported is looked for by whoever sees the whole plant; operators find by what was said and where.
    """
    plant, rest, terms = voice.plant, f" {' '.join(typed.split())} ".lower(), []
    names: dict[str, tuple[list[str], list[str]]] = {}
    for one in plant.lines:
        for name in (one.id, one.name, *one.aliases):
            names.setdefault(name.lower(), ([], []))[0].append(one.id)
    for asset in plant.asset.values():
        for name in (asset.name, *asset.aliases):
            names.setdefault(name.lower(), ([], []))[1].append(asset.id)
    for name in sorted((name for name in names if " " in name), key=len, reverse=True):
        if f" {name} " in rest:
            rest = rest.replace(f" {name} ", " ", 1)
            terms.append(Term(name, tuple(names[name][0]), tuple(names[name][1])))
    for word in rest.split():
        starting = [found for name, found in names.items() if any(p.startswith(word) for p in name.split())]
        exact = names.get(word, ([], []))
        terms.append(
            Term(
                word,
                lines=tuple(exact[0]),
                assets=tuple(dict.fromkeys(id_ for _, assets in starting for id_ in assets)),
                types=tuple(t for t in EXCEPTION_TYPES if voice.say(f"type.{t}").lower().startswith(word)),
                reporters=() if sight.lines else _people(word, voice),
            )
        )
    return tuple(terms[:MOST_TERMS])


def plain(words: str) -> str:
    """In small letters without accents: who looks for Maria means María too."""
    return "".join(c for c in unicodedata.normalize("NFKD", words) if not unicodedata.combining(c)).lower()


def _people(word: str, voice: Voice) -> tuple[str, ...]:
    parts = ((person.id, plain(person.name).split()) for person in voice.plant.people)
    return tuple(id_ for id_, names in parts if plain(word) in (id_, *names))


def found_as_row(case: Case, voice: Voice) -> Found:
    """One exception as a line of a list."""
    over = not case.is_open
    return Found(
        number=case.number,
        at=clock(voice, case.since, voice.now),
        line=line_name(voice.plant, case.line),
        kind=type_word(case, voice),
        subject=subject_of(case, voice),
        said=case.said,
        reporter=person_name(voice.plant, case.reporter),
        status=capital(voice.say(f"status.{case.status}")),
        state="over" if over else "stopped" if case.line_stopped else "open",
    )
