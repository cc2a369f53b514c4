"""What Telegram calls an update becomes what a person did: a text, a photo, a correction, a pressed button.

Fields: core.telegram.org/bots/api#update. Written against raw objects: a kind of update that comes with next month's
Bot API is passed over and never a reason to lose one that we know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.chat.gate import Unreadable, at, text_in
from workflow.messages import Inbound, Media, MediaKind

NAME = "telegram"
WANTED = ("message", "edited_message", "callback_query")  # all others are not even sent to us
MOST_FILE = 20 * 1024 * 1024  # bytes that a bot may fetch (MAX_DOWNLOAD_FILE_SIZE)
FILES: Mapping[str, MediaKind] = {
    "voice": "voice",
    "audio": "voice",
    "document": "document",
    "video": "document",
    "video_note": "document",
    "animation": "document",
    "sticker": "sticker",
}
SAYS = frozenset({"text", "caption", "photo", "location", "contact", "poll", "dice", "venue", *FILES})
A_MOMENT = timedelta(milliseconds=1)
PRESSED = "press:"  # how the message id of a pressed button begins; behind it stands Telegram's id of the press


def id_of(bot_id: str, chat: str, number: int) -> str:
    """The id of a message for us: each bot counts the messages of a private chat for itself, so its own id is in it."""
    return f"{bot_id}/{chat}:{number}" if bot_id else f"{chat}:{number}"


def number_of(message_id: str, bot_id: str, chat: str) -> int | None:
    """Telegram's number of a message in this chat; None where it is another chat's, or another bot's.

    Ids from before they named a bot are taken for ours.
    """
    place, _, number = message_id.rpartition(":")
    return int(number) if place in (chat, f"{bot_id}/{chat}") else None


def inbound(update: Mapping[str, Any], now: datetime, bot: str | None, bot_id: str) -> Inbound | None:
    """What a person did; None for what is not for us. Raises Unreadable for what Telegram would not send.

    `bot` is our user name there: in a group only what is addressed to us counts. `bot_id` is our number there.
    """
    for kind in WANTED:
        found = update.get(kind)
        if found is None:
            continue
        if not isinstance(found, Mapping):
            raise Unreadable(f"{kind} is no object")
        if kind == "callback_query":
            return _press(found, now, bot_id)
        return _message(found, bot, bot_id, edited=kind == "edited_message")
    return None


def _message(message: Mapping[str, Any], bot: str | None, bot_id: str, *, edited: bool) -> Inbound | None:
    sender, chat = message.get("from"), message.get("chat")
    # A channel or another bot is nobody; whoever writes as the group is told that we cannot know them (T13).
    masked = at(message, "sender_chat", "id") is not None and at(message, "sender_chat", "id") == at(chat, "id")
    hidden = at(sender, "is_bot") is True or message.get("sender_chat") is not None
    if sender is None or (hidden and not masked):
        return None
    if not SAYS & message.keys():
        return None  # somebody joined, a title was changed
    chat_id, id_ = _id(at(chat, "id")), message.get("message_id")
    text = text_in(message, "text") or text_in(message, "caption")
    among = text_in(message, "chat", "type") not in ("private", "")
    if among:
        addressed = _addressed(message, text, bot)
        if addressed is None:
            return None
        text = addressed
    text = re.sub(r"^(/[a-z]{1,32})@\w+", r"\1", text)
    our_id = id_of(bot_id, chat_id, _number(id_))
    replied = at(message, "reply_to_message", "message_id")
    topic = message.get("message_thread_id") if message.get("is_topic_message") is True else None
    if topic is not None and replied == topic:
        replied = None  # every message in a topic "answers" the one that opened it
    return Inbound(
        NAME,
        f"{our_id}:edit:{_number(message.get('edit_date', 0))}" if edited else our_id,
        chat_id if masked else _id(at(sender, "id")),
        f"{chat_id}/{_number(topic)}" if topic is not None else chat_id,
        # A correction comes after what it corrects, whichever is delivered first.
        _instant(message.get("edit_date", message.get("date"))) + A_MOMENT if edited else _instant(message.get("date")),
        text,
        reply_to=id_of(bot_id, chat_id, _number(replied)) if replied is not None else None,
        edits=our_id if edited else None,
        media=_media(message),
        among=among,
        forwarded=message.get("forward_origin") is not None,
        masked=masked,
    )


def _press(press: Mapping[str, Any], now: datetime, bot_id: str) -> Inbound | None:
    """A pressed button: when it was pressed Telegram does not say."""
    data = press.get("data")
    if not isinstance(data, str) or at(press, "from", "is_bot") is True:
        return None
    sender = _id(at(press, "from", "id"))
    chat, card = at(press, "message", "chat", "id"), at(press, "message", "message_id")
    topic = at(press, "message", "message_thread_id") if at(press, "message", "is_topic_message") is True else None
    among = chat is not None and text_in(press, "message", "chat", "type") not in ("private", "")
    id_ = press.get("id")
    if not isinstance(id_, str) or not 0 < len(id_) <= 64:
        raise Unreadable("a press without its id")
    place = _id(chat) if chat is not None else sender
    return Inbound(
        NAME,
        f"{PRESSED}{id_}",
        sender,
        f"{place}/{_number(topic)}" if topic is not None else place,
        now,
        button=data,
        reply_to=id_of(bot_id, place, _number(card)) if card is not None else None,
        among=among,
    )


def _media(message: Mapping[str, Any]) -> tuple[Media, ...]:
    found: list[Media] = []
    photos = message.get("photo")
    if isinstance(photos, list):
        fitting = [p for p in photos if isinstance(p, Mapping) and _size(p) <= MOST_FILE and text_in(p, "file_id")]
        if fitting:
            found.append(Media("photo", text_in(max(fitting, key=_size), "file_id")))
    found += [
        Media(kind, text_in(message, field, "file_id"))
        for field, kind in FILES.items()
        if text_in(message, field, "file_id") and not (field == "document" and "animation" in message)
    ]
    place = message.get("location")
    if isinstance(place, Mapping):
        found.append(Media("location", f"{place.get('latitude')},{place.get('longitude')}"))
    return tuple(found)


def _addressed(message: Mapping[str, Any], text: str, bot: str | None) -> str | None:
    """In a group: the text without our name where it is meant for us; None where people talk to one another."""
    if bot is None:
        return None
    named = re.compile(rf"@{re.escape(bot)}\b", re.IGNORECASE)
    command = re.match(r"/[a-z]{1,32}(@\w+)?(?=\s|$)", text)
    if command is not None:
        return text if command[1] is None or named.fullmatch(command[1]) else None
    if named.search(text):
        return named.sub("", text).strip(" ,:\n")
    answers_us = text_in(message, "reply_to_message", "from", "username").lower() == bot.lower()
    return text if answers_us else None


def _size(photo: Mapping[str, Any]) -> int:
    size = photo.get("file_size")
    return size if isinstance(size, int) else 0


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise Unreadable("an id that is no number")
    return value


def _id(value: Any) -> str:
    """An id of a person or a chat; those of groups are negative."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**53:
        raise Unreadable("an id that is no number")
    return str(value)


def _instant(value: Any) -> datetime:
    seconds = _number(value)
    if seconds > 253_000_000_000:
        raise Unreadable("a time beyond all calendars")
    return datetime.fromtimestamp(seconds, UTC)
