"""What Slack calls an event, an interaction or a command becomes what a person did.

Fields: docs.slack.dev/reference/events/message, /reference/interaction-payloads. Written against raw objects: what is
new next month is passed over and never a reason to lose what we know. A person is a user of one workspace: the same id
of another workspace is somebody else.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.chat.gate import Unreadable, at, text_in
from workflow.messages import Inbound, Media, MediaKind

NAME = "slack"
REPORT_SHORTCUT = "linecall_report"  # callback ids, as deploy/slack-manifest.yaml has them
FORM = "linecall_form"
MOST_FILE = 20 * 1024 * 1024  # bytes; a larger one is refused when it is fetched, and its sender is told
PLAIN = frozenset({"", "file_share", "me_message", "thread_broadcast"})  # subtypes that a person writes
SOUNDS = frozenset({"aac", "amr", "flac", "m4a", "mp3", "ogg", "opus", "wav"})  # file types, where no MIME type is told
_CONTROL = re.compile(r"<([^<>]*)>")
_TS = re.compile(r"\d{1,12}\.\d{1,9}", re.ASCII)
_ID = re.compile(r"[A-Z0-9]{2,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Us:
    """Who we are there, as `auth.test` says."""

    team: str
    user: str
    bot: str


def event(envelope: Mapping[str, Any], us: Us) -> tuple[Inbound, ...]:
    """What a person wrote; nothing for what is not for us. Raises Unreadable for what Slack would not send.

    A message that was deleted comes as itself once more, in case Slack dropped it, and then as deleted (R19).
    """
    found = envelope.get("event")
    if not isinstance(found, Mapping):
        raise Unreadable("an envelope without its event")
    teams = {text_in(envelope, "team_id"), *(text_in(one, "team_id") for one in _list(envelope.get("authorizations")))}
    if us.team not in teams:
        return ()  # another workspace's
    said: Inbound | None = None
    match text_in(found, "type"), text_in(found, "subtype"):
        case ("message", "message_deleted"):
            return _deleted(found, us, text_in(envelope, "team_id"))
        case ("message", "message_changed") if text_in(found, "message", "subtype") == "tombstone":
            return _deleted(found, us, text_in(envelope, "team_id"))  # there are answers in its thread
        case ("message", "message_changed"):
            said = _edited(found, us, text_in(envelope, "team_id"))
        case ("message" | "app_mention", subtype) if subtype in PLAIN:
            said = message(found, us, text_in(envelope, "team_id"))
    return (said,) if said is not None else ()


def message(found: Mapping[str, Any], us: Us, team: str) -> Inbound | None:
    """A message as an event or as the history has it; ours, other apps' and talk among people are None."""
    text, user, channel = text_in(found, "text"), text_in(found, "user"), _id(found.get("channel"))
    if not user or user in (us.user, "USLACKBOT") or found.get("bot_id") or found.get("app_id"):
        return None
    if text_in(found, "subtype") not in PLAIN:
        return None
    media = files(found)
    if not text.strip() and not media:
        return None
    direct = channel.startswith("D")
    ts, thread = _ts(found.get("ts")), found.get("thread_ts")
    root = _ts(thread) if thread is not None and thread != ts else None
    addressed = direct or f"<@{us.user}" in text or text_in(found, "type") == "app_mention"
    if not addressed and root is None:
        return None
    author = _address(user, text_in(found, "user_team") or text_in(found, "team") or team, us)
    return Inbound(
        NAME,
        id_of(channel, ts, root),
        author,
        author if direct else channel,
        instant(ts),
        plain(text, us),
        reply_to=id_of(channel, root) if root is not None else None,
        media=media,
        among=not direct,
        overheard=not addressed,
    )


def id_of(channel: str, ts: str, root: str | None = None) -> str:
    """The id of a message for us; one in a thread names the message that the thread hangs on, as answers to it must."""
    return f"{channel}:{ts}:{root}" if root else f"{channel}:{ts}"


def root_of(message_id: str) -> tuple[str, str]:
    """The conversation of a message, and the message on which its thread hangs or would hang."""
    channel, _, rest = message_id.partition(":")
    ts, _, root = rest.partition(":")
    return channel, root or ts


def pressed(payload: Mapping[str, Any], us: Us) -> Inbound | None:
    """A pressed button; None for one that carries nothing of ours."""
    actions = _list(payload.get("actions"))
    action = actions[0] if actions and isinstance(actions[0], Mapping) else {}
    value = text_in(action, "value")
    if not value or text_in(action, "type") != "button":
        return None
    sender = _sender(payload, us)
    pressed_at = _ts(action.get("action_ts"))
    channel = text_in(payload, "container", "channel_id")
    id_ = f"press:{sender}:{pressed_at}:{text_in(action, 'block_id')[:64]}:{text_in(action, 'action_id')[:64]}"
    among = bool(channel) and not channel.startswith("D")
    carried = _card(payload, channel)
    at_ = instant(pressed_at)
    return Inbound(NAME, id_, sender, channel if among else sender, at_, button=value, reply_to=carried, among=among)


def _card(payload: Mapping[str, Any], channel: str) -> str | None:
    """The message under which a button stood."""
    ts = text_in(payload, "container", "message_ts")
    root = text_in(payload, "container", "thread_ts") or text_in(payload, "message", "thread_ts")
    if not channel or not _TS.fullmatch(ts):
        return None
    return id_of(_id(channel), ts, _ts(root) if root and root != ts else None)


def reported(payload: Mapping[str, Any], us: Us, now: datetime) -> Inbound | None:
    """The message shortcut reports what somebody wrote; the words of another decide nothing (R41)."""
    if text_in(payload, "callback_id") != REPORT_SHORTCUT:
        return None
    found = payload.get("message")
    if not isinstance(found, Mapping):
        raise Unreadable("a message shortcut without its message")
    sender = _sender(payload, us)
    channel, ts = _id(at(payload, "channel", "id")), _ts(found.get("ts"))
    text = plain(text_in(found, "text"), us)
    id_, own = f"report:{channel}:{ts}:{sender}", found.get("user") == at(payload, "user", "id")
    return Inbound(NAME, id_, sender, sender, now, text, media=files(found), forwarded=not own)


def commanded(fields: Mapping[str, str], us: Us, now: datetime, commands: frozenset[str]) -> Inbound:
    """`/linecall filler 3 is down` reports; `/linecall open` is our command /open, `/linecall` alone asks for help."""
    team, user = fields.get("team_id", ""), _id(fields.get("user_id"))
    sender = _address(user, team, us)
    text = plain(fields.get("text", "").strip(), us)
    first, _, rest = text.partition(" ")
    if not text:
        text = "/help"
    elif (first.lower() in commands and not rest) or (first.lower() == "start" and " " not in rest.strip()):
        text = f"/{first.lower()} {rest}".strip()
    trigger = fields.get("trigger_id", "")
    if not 0 < len(trigger) <= 128:
        raise Unreadable("a command without its trigger")
    return Inbound(NAME, f"command:{trigger}", sender, sender, now, text)


def submitted(payload: Mapping[str, Any], us: Us, now: datetime) -> tuple[Inbound, dict[str, str]] | None:
    """A form that somebody sent, and what stands in its fields."""
    view = payload.get("view")
    if not isinstance(view, Mapping) or text_in(view, "callback_id") != FORM:
        return None
    sender = _sender(payload, us)
    filled: dict[str, str] = {}
    for name, elements in _mapping(at(view, "state", "values")).items():
        for element in _mapping(elements).values():
            chosen = text_in(element, "selected_option", "value") if isinstance(element, Mapping) else ""
            filled[str(name)] = (chosen or text_in(element, "value")).strip()
    token, _, rest = text_in(view, "private_metadata").partition(" ")
    conversation, _, carried = rest.partition(" ")
    if not token or len(filled) > 50:
        raise Unreadable("a form of nobody's")
    among = bool(conversation) and conversation != sender
    said = Inbound(
        NAME,
        f"form:{_id(view.get('id'))}",
        sender,
        conversation if among else sender,
        now,
        button=token,
        reply_to=carried or None,
        among=among,
        filled=filled,
    )
    return said, filled


def carried_by(token: str, press: Inbound) -> str:
    """What a form keeps of the press that opened it: its token, and where the answer belongs."""
    return f"{token} {press.conversation} {press.reply_to or ''}".rstrip()


def files(found: Mapping[str, Any]) -> tuple[Media, ...]:
    """The files of a message; their ids, never their addresses."""
    kept = []
    for file in _list(found.get("files")):
        id_, mime = text_in(file, "id"), text_in(file, "mimetype")
        if not _ID.fullmatch(id_):
            continue
        kind: MediaKind = "document"
        if mime.startswith("image/"):
            kind = "photo"
        elif mime.startswith("audio/") or text_in(file, "subtype") == "slack_audio" or _nameless_sound(file, mime):
            kind = "voice"
        kept.append(Media(kind, id_))
    return tuple(kept[:10])


def _nameless_sound(file: Mapping[str, Any], mime: str) -> bool:
    return mime in ("", "application/octet-stream") and text_in(file, "filetype") in SOUNDS


def plain(text: str, us: Us) -> str:
    """Text as people see it: Slack writes mentions, links and three characters in a notation of its own."""

    def seen(control: re.Match[str]) -> str:
        what, bar, label = control[1].partition("|")
        if what == f"@{us.user}":
            return ""
        if what.startswith(("@", "#")):
            return f"{what[0]}{label or what[1:]}"
        if what.startswith("!"):
            return label or f"@{what[1:].partition('^')[0]}"
        return label if bar else what.removeprefix("mailto:")

    addressed = re.search(rf"<@{re.escape(us.user)}(\|[^<>]*)?>", text) is not None
    text = html.unescape(_CONTROL.sub(seen, text))
    return text.strip(" ,:\n\u00a0") if addressed else text.strip()


def instant(ts: str) -> datetime:
    """When it was, by Slack's own id of a message: seconds since 1970, a point, and a count."""
    return datetime.fromtimestamp(int(ts.partition(".")[0]), UTC)


def _edited(found: Mapping[str, Any], us: Us, team: str) -> Inbound | None:
    after = found.get("message")
    if not isinstance(after, Mapping) or not isinstance(after.get("edited"), Mapping):
        return None  # Slack itself unfurled a link
    said = message({**after, "channel": found.get("channel")}, us, team)
    return corrected(said, text_in(after, "edited", "ts")) if said is not None else None


def _deleted(found: Mapping[str, Any], us: Us, team: str) -> tuple[Inbound, ...]:
    before = found.get("previous_message")
    if not isinstance(before, Mapping):
        return ()
    said = message({**before, "channel": found.get("channel")}, us, team)
    if said is None:
        return ()
    at_ = max(instant(_ts(found.get("ts"))), said.sent_at + timedelta(seconds=1))
    gone = replace(said, message_id=f"{said.message_id}:deleted", sent_at=at_, edits=said.message_id, deleted=True)
    return said, gone


def corrected(said: Inbound, edited: str) -> Inbound:
    """The same message as a correction of itself, said when it was corrected: so it is read after what it corrects."""
    return Inbound(
        NAME,
        f"{said.message_id}:edit:{_ts(edited)}",
        said.sender,
        said.conversation,
        max(instant(_ts(edited)), said.sent_at + timedelta(seconds=1)),
        said.text,
        reply_to=said.reply_to,
        edits=said.message_id,
        media=said.media,
        among=said.among,
        overheard=said.overheard,
    )


def _sender(payload: Mapping[str, Any], us: Us) -> str:
    team = text_in(payload, "user", "team_id") or text_in(payload, "team", "id")
    return _address(_id(at(payload, "user", "id")), team, us)


def _address(user: str, team: str, us: Us) -> str:
    """Our own people are known by their user id; somebody of a connected workspace is nobody of ours (S3)."""
    return _id(user) if team == us.team else f"{_id(team)}/{_id(user)}"


def _ts(value: Any) -> str:
    if not isinstance(value, str) or not _TS.fullmatch(value) or float(value) > 253_000_000_000:
        raise Unreadable("a time that is none")
    return value


def _id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Unreadable("an id that is none")
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
