"""The JSON API: messages in, conversations, cases, postings and figures out."""

from __future__ import annotations

import uuid
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, get_args

from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bot import approving, by_hand
from bot.answers.periods import shift_spans
from bot.views import iso, metrics_json, posting_json
from bot.web.access import Looking, actor, known_person, linecall, must_be
from bot.web.cases_api import HOW_MANY, instant
from bot.web.documents import FiguresOf, LineSaid, PostingOf, Stored
from bot.web.errors import Declined, in_words, refuses
from bot.web.sight import sight_of
from db import cases, conversations, postings
from db.figure_rows import Which
from db.measured import measured
from workflow.case import CONFIRMED, PostingState
from workflow.messages import Inbound
from workflow.metrics import metrics
from workflow.plant import production_day, production_day_span

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from workflow.case import PostingStatus

routes = APIRouter(prefix="/api")

MOST_TEXT = 4000  # characters of one message
MOST_POSTINGS = 500
LONGEST_ID = 18  # digits of an id
SAME_AGAIN = "a repeat of the same person under the same key is the same message"


def clean(text: Any) -> Any:
    """A text without what no floor writes and no database stores: control characters, halves of characters."""
    if not isinstance(text, str):
        return text
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    return "".join(c for c in whole if c >= " " or c in "\n\t")


Words = Annotated[str, BeforeValidator(clean)]
Short = Annotated[str, BeforeValidator(clean), Field(max_length=200)]
OfPlant = Annotated[str, Path(description="id of a person of plant.yaml")]
Keyed = Annotated[str, Path(description="the posting's key")]


class Message(BaseModel):
    """What a person says or presses."""

    model_config = ConfigDict(extra="forbid", strict=True)

    person: Short = Field(description="id of a person of plant.yaml")
    text: Words = Field("", description=f"at most {MOST_TEXT} characters")
    reply_to: Short | int | None = Field(None, description="id of the message that it answers")
    button: Short | None = Field(None, description="value of the pressed button")


class Booked(BaseModel):
    """A posting that a person has booked in ERP by hand."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    receipt: Short = Field(min_length=1, description="the document number that ERP gave")
    by: Short | None = Field(None, description="who booked it; not needed when signed in")
    looked: bool = Field(False, description="they have looked in ERP, and it is not there; asked for where ERP is away")


class Answered(BaseModel):
    """Somebody's answer to whether ERP gets a posting."""

    model_config = ConfigDict(extra="forbid", strict=True)

    yes: bool = Field(description="whether ERP gets it")
    by: Short | None = Field(None, description="who answers; not needed when signed in")


class Act(BaseModel):
    """Who acts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: Short | None = Field(None, description="who asks for it; not needed when signed in")


@routes.post(
    "/messages",
    status_code=202,
    response_model=Stored,
    responses=refuses(404, 413),
    summary="Say something, or press a button, as a person of the plant",
)
def say(
    request: Request,
    caller: Looking,
    message: Message,
    idempotency_key: Annotated[str | None, Header(max_length=200, description=SAME_AGAIN)] = None,
) -> dict[str, str]:
    """202 only after the message is stored; the answer appears in the person's conversation."""
    app = linecall(request)
    person = known_person(app, message.person)
    must_be(caller, person)
    text = message.text
    if not text.strip() and not message.button:
        raise Declined(422, "empty_text", "The message is empty: send a `text`, or the value of a `button`.")
    if len(text) > MOST_TEXT:
        raise Declined(413, "too_long", f"A message holds at most {MOST_TEXT} characters; this one has {len(text)}.")
    id_ = message_id(person.id, idempotency_key)
    reply_to = None if message.reply_to in (None, "") else str(message.reply_to)
    if reply_to is not None:
        with app.database.read() as tx:
            reply_to = answered(tx, person.id, reply_to)
    now = app.clock.now()
    app.receive(Inbound("web", id_, person.id, person.id, now, text, button=message.button or None, reply_to=reply_to))
    return {"id": id_}


@routes.get(
    "/conversations/{person}",
    response_model=list[LineSaid],
    responses=refuses(404),
    summary="What a person said and was told, oldest first",
)
def conversation(
    request: Request,
    caller: Looking,
    person: OfPlant,
    after: Annotated[int, Query(ge=0, description="only what came after this id")] = 0,
) -> list[dict[str, Any]]:
    """Needs to be that person, the API token, or the play mode."""
    app = linecall(request)
    who = known_person(app, person)
    must_be(caller, who)
    with app.database.read() as tx:
        lines = conversations.of(tx, who.id, after=after)
    return [
        {
            "id": line.id,
            "at": iso(line.at),
            "from": line.sender,
            "text": line.text,
            "buttons": [{"label": button.label, "value": button.value} for button in line.buttons],
            "case": line.case,
        }
        for line in lines
    ]


@routes.get("/postings", response_model=list[PostingOf], summary="What ERP is owed and what it has confirmed")
def list_postings(
    request: Request,
    caller: Looking,
    state: Annotated[PostingState | None, Query(description=", ".join(get_args(PostingState)))] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_POSTINGS, description=HOW_MANY)] = MOST_POSTINGS,
    before: Annotated[Short | None, Query(description="key of a posting: only what was owed before it")] = None,
) -> list[dict[str, Any]]:
    """The newest, in the order in which they were owed; of the exceptions that who asks may see.

    For older ones ask again with the first key as `before`.
    """
    app = linecall(request)
    sight = sight_of(app, caller)
    found: list[PostingStatus] = []
    with app.database.read() as tx:
        while len(found) < limit:
            part = postings.find(tx, state=state, limit=limit, before=before)
            found = sight.of_postings(tx, part) + found
            if len(part) < limit:
                break
            before = part[0].posting.key
    return [posting_json(status) for status in found[-limit:]]


@routes.post(
    "/postings/{key:path}/retry",
    response_model=PostingOf,
    responses=refuses(404, 409),
    summary="Try a failed or waiting posting again, now",
)
def retry_posting(request: Request, caller: Looking, key: Keyed, act: Act | None = None) -> dict[str, Any]:
    """ERP is asked first whether it has it already; nothing is posted twice."""
    app = linecall(request)
    by = app.plant.person[actor(app, caller, act.by if act else None)]
    with in_words(app, by.id):
        status = _owed(by_hand.try_again(app, key, by))
    if status.state in CONFIRMED:
        raise Declined(409, "confirmed", f"ERP has it already: its document is {status.receipt}.")
    return posting_json(status)


@routes.post(
    "/postings/{key:path}/book",
    response_model=PostingOf,
    responses=refuses(404, 409),
    summary="Say that a person has booked it in ERP by hand",
)
def book_posting(request: Request, caller: Looking, key: Keyed, booked: Booked) -> dict[str, Any]:
    """Confirms the posting with the document number that ERP gave, under that person's name.

    ERP is asked first: 409 `confirmed` where it has it already, with its own document; 409 `outcome_unknown` where it
    may have it and cannot be asked: look there, then send `looked`.
    """
    app = linecall(request)
    by = app.plant.person[actor(app, caller, booked.by)]
    with in_words(app, by.id):
        status = _owed(by_hand.book(app, key, booked.receipt, by, looked=booked.looked))
    if (status.state, status.receipt) != ("manual", booked.receipt):
        raise Declined(409, "confirmed", f"It is confirmed already: its document is {status.receipt}.")
    return posting_json(status)


@routes.post(
    "/postings/{key:path}/approve",
    response_model=PostingOf,
    responses=refuses(404, 409),
    summary="Approve a posting that is above its limit, or turn it down",
)
def approve_posting(request: Request, caller: Looking, key: Keyed, answered: Answered) -> dict[str, Any]:
    """ERP gets it once somebody of the functions that `approvals` names has approved it."""
    app = linecall(request)
    by = app.plant.person[actor(app, caller, answered.by)]
    with in_words(app, by.id):
        return posting_json(_owed(approving.answer(app, key, by, yes=answered.yes)))


@routes.get(
    "/metrics", response_model=FiguresOf, summary="The four figures: resolution, alignment, ERP posting lag, first pass"
)
def figures(
    request: Request,
    caller: Looking,
    from_: Annotated[
        str | None, Query(alias="from", description="ISO date or time; default: this production day")
    ] = None,
    to: Annotated[str | None, Query(description="ISO date or time; default: now")] = None,
) -> dict[str, Any]:
    """Of the exceptions captured in a period, with how many stand behind each figure."""
    app = linecall(request)
    now = app.clock.now()
    start = instant(app, "from", from_) or production_day_span(app.plant, production_day(app.plant, now))[0]
    end = instant(app, "to", to) or max(now, start)
    if end < start:
        raise Declined(422, "invalid", "`to` is before `from`.")
    sight = sight_of(app, caller)
    with app.database.read() as tx:
        if not sight.lines:
            return metrics_json(measured(tx, Which(start, end), shift_spans(app.plant, start, end)))
        found = [case for case in cases.find(tx, since=start, until=end) if sight.of(case)]
    return metrics_json(metrics(found, app.plant, start, end))


def message_id(person: str, key: str | None) -> str:
    """The message's own id; a repeat under the same key of the same person gets the same one (R23)."""
    if not key:
        return uuid.uuid4().hex
    return sha256(f"{person}\n{key}".encode()).hexdigest()[:32]


def answered(tx: Connection, person: str, id_: str) -> str | None:
    """What a reply answers: a line of one's own conversation, and of one that was told elsewhere, its case."""
    if not id_.isdecimal() or len(id_) > LONGEST_ID:
        return id_ if id_.startswith("case:") else None
    line = next(iter(conversations.of(tx, person, after=int(id_) - 1)), None)
    if line is None or line.id != int(id_):
        return None
    return id_ if line.channel == conversations.OURS else f"case:{line.case}" if line.case else None


def _owed(status: PostingStatus | None) -> PostingStatus:
    if status is None:
        raise Declined(404, "unknown_posting", "There is no posting of this key. /api/postings lists them.")
    return status
