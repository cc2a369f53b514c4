"""The queue of what ERP has not taken: why, since when; and another try, or a receipt typed in, for who may (R2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from bot import approving, by_hand, reconciling
from bot.views import unconfirmed
from bot.web.access import Caller, Looking, linecall
from bot.web.api import Short
from bot.web.errors import Declined, in_words
from bot.web.record import body_words
from bot.web.rendering import frame, page
from bot.web.sight import sight_of
from bot.web.words import age_words, kind_word, person_name, voice_for
from db import approvals, postings
from workflow.errors import Refused

if TYPE_CHECKING:
    from bot.app import App
    from bot.wording import Voice
    from workflow.case import PostingStatus
    from workflow.plant import Person

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Owed:
    """One posting of the queue, in words."""

    key: str
    case: str
    kind: str
    body: str  # what is to be booked: whoever books it by hand has to know
    state: str
    state_word: str
    age: str
    why: str
    tries: int
    owner: str
    asks: bool  # it waits for an approval


@routes.get("/postings")
def queue(request: Request, caller: Looking) -> HTMLResponse:
    """What is owed, oldest first."""
    app = linecall(request)
    voice = voice_for(app, caller.person)
    with app.database.read() as tx:
        owed = sight_of(app, caller).of_postings(tx, postings.unconfirmed(tx))
        asking = approvals.awaiting_approval(tx)
        found = reconciling.listed(tx) if _may(app, caller) else ()
    rows = [_owed(status, voice, asks=status.posting.key in asking) for status in unconfirmed(owed)]
    return page(
        request,
        "postings.html",
        frame(voice) | {"rows": rows, "may": _may(app, caller), "differs": [_differs(one, voice) for one in found]},
    )


@routes.post("/postings/retry", response_model=None)
def retry(request: Request, caller: Looking, key: Annotated[Short, Form()]) -> RedirectResponse:
    """Another try now; ERP is asked first whether it has it already."""
    app = linecall(request)
    person = _signed_in(app, caller)
    with in_words(app, person.id):
        if by_hand.try_again(app, key, person) is None:
            raise Declined(404, "unknown_posting", "Nobody owes this posting.")
    return RedirectResponse("/postings", 303)


@routes.post("/postings/book", response_model=None)
def book(
    request: Request,
    caller: Looking,
    key: Annotated[Short, Form()],
    receipt: Annotated[Short, Form()],
    looked: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Booked by hand: the document number that ERP gave, under the name of who is signed in."""
    app = linecall(request)
    person = _signed_in(app, caller)
    receipt = receipt.strip()
    if not receipt:
        raise Declined(422, "no_receipt", "Type in the document number that ERP gave.")
    with in_words(app, person.id):
        status = by_hand.book(app, key, receipt, person, looked=looked)
        if status is None:
            raise Declined(404, "unknown_posting", "Nobody owes this posting.")
        if status.receipt != receipt:
            raise Refused("book.confirmed", case=status.posting.case, receipt=status.receipt)
    return RedirectResponse("/postings", 303)


@routes.post("/postings/approve", response_model=None)
def approve(
    request: Request, caller: Looking, key: Annotated[Short, Form()], yes: Annotated[bool, Form()] = False
) -> RedirectResponse:
    """Whether ERP gets what is above its limit, by who is signed in (R51)."""
    app = linecall(request)
    person = _signed_in(app, caller)
    with in_words(app, person.id):
        if approving.answer(app, key, person, yes=yes) is None:
            raise Declined(404, "unknown_posting", "Nobody owes this posting.")
    return RedirectResponse("/postings", 303)


@routes.post("/postings/difference", response_model=None)
def looked_after(
    request: Request, caller: Looking, what: Annotated[Short, Form()], about: Annotated[Short, Form()]
) -> RedirectResponse:
    """One of what the night's comparison found is worked off, by who is signed in."""
    app = linecall(request)
    person = _signed_in(app, caller)
    if not by_hand.may_book(person):
        raise Declined(403, "not_your_role", "This is for a supervisor, or for a function that books.")
    reconciling.looked_after(app, what, about, person)
    return RedirectResponse("/postings", 303)


def _differs(one: reconciling.Difference, voice: Voice) -> dict[str, str]:
    words = voice.say(f"page.differs.{one.what}", ours=one.ours, erps=one.erps)
    return {"what": one.what, "about": one.about, "case": one.case, "words": words,
            "owner": person_name(voice.plant, one.owner)}  # fmt: skip


def _may(app: App, caller: Caller) -> bool:
    person = app.plant.person.get(caller.person or "")
    return person is not None and by_hand.may_book(person)


def _signed_in(app: App, caller: Caller) -> Person:
    person = app.plant.person.get(caller.person or "")
    if person is None:
        raise Declined(403, "not_your_role", "Booking by hand binds a person: sign in with your own link.")
    return person


def _owed(status: PostingStatus, voice: Voice, *, asks: bool) -> Owed:
    since = status.owed_since or voice.now
    return Owed(
        status.posting.key, status.posting.case, kind_word(status.posting, voice),
        ", ".join(body_words(status.posting.body, voice)), status.state,
        voice.say(f"page.erp.{status.state}"), age_words(voice.now - since, voice), (status.error or "")[:300],
        status.attempts, person_name(voice.plant, status.owner), asks,
    )  # fmt: skip
