"""The way for a photo, a voice note or a form to arrive on the chat page, and for its sender to see it again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, File, Form, Header, Path, Query, Request, Response, UploadFile

from bot.drawing import PICTURED, drawn
from bot.web.access import Looking, caller_of, known_person, linecall, must_be
from bot.web.api import MOST_TEXT, SAME_AGAIN, OfPlant, Short, Words, answered, message_id
from bot.web.documents import FILE, Stored
from bot.web.errors import Declined, refuses
from bot.web.sight import sight_of
from bot.wording import Voice, language_for
from db import attachments, cases, conversations
from integrations.media.files import MOST_BYTES, Kept, NotTaken, taken
from workflow.errors import Rejected
from workflow.messages import Inbound, Media

if TYPE_CHECKING:
    from starlette.types import Scope

routes = APIRouter(prefix="/api")

PATH = "/api/messages/media"
ROUND_IT = 64 * 1024  # bytes of a form around its file
LATELY, MOST_LATELY = timedelta(minutes=10), 30  # files of one person: a phone that hangs does not fill the disk
WHY = {
    "empty": (422, "The file is empty."),
    "too_large": (413, f"A file holds at most {MOST_BYTES // 1024 // 1024} MB. Send a smaller one."),
    "too_many_pixels": (413, "This picture has too many pixels. Send a smaller one."),
    "unknown": (415, "This is no photo (JPEG, PNG, WebP), no voice note and no PDF."),
    "heic": (415, "This phone sends HEIC. Set its camera to “most compatible”, or send a screenshot of the photo."),
    "moving": (415, "This picture moves. Send a photo that stands still."),
    "broken": (422, "The file is not whole. Please send it again."),
}


@routes.post(
    "/messages/media",
    status_code=202,
    response_model=Stored,
    responses=refuses(404, 413, 415, 429),
    summary="Send a photo, a voice note or a scanned form as a person",
)
def send(
    request: Request,
    caller: Looking,
    person: Annotated[Short, Form(description="id of a person of plant.yaml")],
    file: Annotated[UploadFile, File(description="JPEG, PNG, WebP, PDF or a voice note; its name is not looked at")],
    text: Annotated[Words, Form(description="what goes with it")] = "",
    reply_to: Annotated[Short | None, Form(description="id of the message that it answers")] = None,
    idempotency_key: Annotated[str | None, Header(max_length=200, description=SAME_AGAIN)] = None,
) -> dict[str, str]:
    """202 only after file and message are stored; what could be read appears in the person's conversation."""
    app = linecall(request)
    who = known_person(app, person)
    must_be(caller, who)
    if len(text) > MOST_TEXT:
        raise Declined(413, "too_long", f"A message holds at most {MOST_TEXT} characters; this one has {len(text)}.")
    now = app.clock.now()
    with app.database.read() as tx:
        if attachments.sent_since(tx, who.id, now - LATELY) >= MOST_LATELY:
            raise Declined(429, "too_many", f"{MOST_LATELY} files in ten minutes are enough. Please wait a little.")
        replies = answered(tx, who.id, reply_to) if reply_to else None
    kept = _kept(file.file.read(MOST_BYTES + 1))
    media = Media(kept.kind, app.shelf.put(kept))
    id_ = message_id(who.id, idempotency_key)
    app.receive(Inbound("web", id_, who.id, who.id, now, text.strip(), reply_to=replies, media=(media,)))
    return {"id": id_}


@routes.get(
    "/attachments/{number}",
    summary="A photo, voice note or form as it was sent",
    response_class=Response,
    responses={200: {"content": {"*/*": FILE}}, **refuses(404, 410)},
)
def attachment(
    request: Request, caller: Looking, number: Annotated[int, Path(description="as the page of its exception links it")]
) -> Response:
    """For its sender, and for whoever may hear of the exception that it belongs to (`bot/web/sight.py`)."""
    app = linecall(request)
    with app.database.read() as tx:
        one = attachments.get(tx, number)
        case = cases.get(tx, one.case) if one is not None and one.case is not None else None
    if one is None or one.file is None or not (caller.may_be(one.person) or sight_of(app, caller).of(case)):
        raise Declined(404, "unknown_attachment", "There is no such file, or it is not for you.")
    try:
        data = app.shelf.get(one.file)
    except Rejected as no:
        raise Declined(410, "gone", "This file is not there any more.") from no
    picture = (one.mime or "").startswith("image/")
    headers = {
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline"
        if picture
        else f'attachment; filename="{one.kind}-{one.id}.{one.file.rpartition(".")[2]}"',
        "Cache-Control": "private, max-age=86400, immutable",
    }
    return Response(data, media_type=one.mime, headers=headers)


@routes.get(
    "/people/{person}/lines/{number}/picture.png",
    summary="The picture beside an answer",
    response_class=Response,
    responses={200: {"content": {"image/png": FILE}}, **refuses(404)},
)
def picture(
    request: Request,
    caller: Looking,
    person: OfPlant,
    number: Annotated[int, Path(description="id of the line of the conversation")],
    dark: Annotated[bool, Query(description="for a dark page")] = False,
) -> Response:
    """Drawn from the facts of the answer, in its reader's language; for whoever may read that conversation."""
    app = linecall(request)
    if not caller.may_be(person) or person not in app.plant.person:
        raise Declined(404, "unknown_picture", "There is no such picture, or it is not for you.")
    with app.database.read() as tx:
        told = conversations.pictured(tx, person, [number], PICTURED).get(number)
    reader = app.plant.person[person]
    data = None
    if told is not None:
        voice = Voice(language_for(reader.language, app.plant), app.plant, app.records, told.created_at)
        data = drawn(told.notice, voice, dark=dark)
    if data is None:
        raise Declined(404, "unknown_picture", "There is no such picture, or it is not for you.")
    return Response(data, media_type="image/png", headers={"Cache-Control": "private, max-age=86400, immutable"})


def _kept(data: bytes) -> Kept:
    try:
        return taken(data)
    except NotTaken as no:
        status, why = WHY[no.why]
        raise Declined(status, no.why, why) from no


def most_bytes(scope: Scope) -> int | None:
    """What a request may bring that carries a file, from somebody who may speak here; None: as much as any other.

    It is asked before the body is read: a stranger cannot make this service hold twelve megabytes.
    """
    if scope["path"] != PATH:
        return None
    try:
        return MOST_BYTES + ROUND_IT if caller_of(Request(scope)).may_look else None
    except Declined:
        return None
