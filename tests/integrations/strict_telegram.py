"""A Telegram of ours on loopback that is as strict as the original: its numbers, its refusals, its ledger.

What the third party's emulator cannot send (photos, voice, edits, groups, floods, forgeries) goes through it. Numbers
and wordings: core.telegram.org/bots/api, and the server's own source (Client.cpp).
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl

from tests.integrations.loopback import Bucket, Lately, Loopback

TOKEN = "123456:" + "test-token-of-nobody"
BOT, BOT_ID = "riverside_bot", "123456"
MOST_UNITS, MOST_CAPTION, MOST_DATA, MOST_PHOTO = 4096, 1024, 64, 10 * 1024 * 1024
A_SECOND, A_GROUPS_MINUTE = 30, 20  # messages that it takes in any second, and in any minute for one group
A_CHAT_AT_ONCE = 4  # about one a second to a chat; a short burst passes
PRESS_LIVES = 150.0  # seconds in which a pressed button can be answered


class Refuses(Exception):
    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


class StrictTelegram(Loopback):
    """`accepted` is every message that it took, `calls` every method that was called."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.accepted: list[dict[str, Any]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.blocked: set[str] = set()
        self.floods: list[int] = []  # seconds that the next messages are told to wait
        self.breaks: list[str] = []  # how the next messages go wrong: "lost" before it was taken, "silent" after
        self.moved: dict[str, int] = {}
        self.files: dict[str, bytes] = {}
        self.menu: list[Any] = []
        self.webhook = ""
        self.webhook_error: tuple[str, int] | None = None  # what it says of the last call, and when that was
        self.groups: dict[str, str] = {}  # what the bot is in groups
        self.strangers: set[str] = set()  # who never pressed Start
        self.reads_all = False  # privacy mode is off
        self.confirmed = 0
        self._updates: list[dict[str, Any]] = []
        self._polling = 0
        self._number = 0
        self._lock = threading.Lock()
        self._news = threading.Condition(self._lock)
        self._presses: dict[str, float] = {}  # when they were pressed
        self.now: Callable[[], float] = time.time
        self.paced = False  # whether it keeps everybody to its pace, by its clock
        self.too_fast = 0  # messages that it refused for that
        self._pace: dict[str, Lately | Bucket] = {}
        super().__init__(_handler(self))

    # what people do ---------------------------------------------------------------------------------------------------

    def message(self, sender: int, text: str = "", **more: Any) -> dict[str, Any]:
        """An update with a message of a person in their private chat, unless `chat` says otherwise."""
        self._number += 1
        body: dict[str, Any] = {
            "message_id": self._number,
            "date": more.pop("date", int(time.time())),
            "from": {"id": sender, "is_bot": False, "first_name": "Somebody"},
            "chat": {"id": sender, "type": "private"},
        }
        return {"update_id": 10_000 + self._number, "message": body | ({"text": text} if text else {}) | more}

    def press(self, sender: int, data: str, message_id: int = 1) -> dict[str, Any]:
        """An update with a pressed button."""
        self._number += 1
        self._presses[f"press-{self._number}"] = self.now()
        press = {
            "id": f"press-{self._number}",
            "from": {"id": sender, "is_bot": False, "first_name": "Somebody"},
            "message": {"message_id": message_id, "date": 1, "chat": {"id": sender, "type": "private"}},
            "chat_instance": "1",
            "data": data,
        }
        return {"update_id": 10_000 + self._number, "callback_query": press}

    def bring(self, *updates: Any) -> None:
        """Give updates to whoever polls."""
        with self._news:
            self._updates += updates
            self._news.notify_all()

    def to(self, chat: int | str) -> list[dict[str, Any]]:
        """What a chat got, with changes made to it in place."""
        return [message for message in self.accepted if message["chat_id"] == str(chat)]

    # what bots call ---------------------------------------------------------------------------------------------------

    def call(self, token: str, method: str, values: dict[str, Any]) -> Any:
        if ":" not in token:
            raise Refuses(404, "Not Found")
        if token != self.token:
            raise Refuses(401, "Unauthorized")
        do = getattr(self, f"_{method}", None)
        if do is None:
            raise Refuses(404, "Not Found")
        self.calls.append((method, values))
        return do(values)

    def _getMe(self, _: dict[str, Any]) -> Any:
        me = {"id": 123456, "is_bot": True, "first_name": "Riverside", "username": BOT}
        return me | {"can_join_groups": True, "can_read_all_group_messages": self.reads_all}

    def _setWebhook(self, values: dict[str, Any]) -> Any:
        if not str(values.get("url", "")).startswith("https://"):
            raise Refuses(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = values["url"]
        return True

    def _deleteWebhook(self, _: dict[str, Any]) -> Any:
        self.webhook = ""
        return True

    def _getWebhookInfo(self, _: dict[str, Any]) -> Any:
        error = self.webhook_error
        last = {"last_error_message": error[0], "last_error_date": error[1]} if error is not None else {}
        waiting = {"has_custom_certificate": False, "pending_update_count": len(self._updates)}
        return {"url": self.webhook, **waiting, **last}

    def _getChat(self, values: dict[str, Any]) -> Any:
        chat = str(values["chat_id"])
        if chat in self.strangers or not chat.lstrip("-").isdigit():
            raise Refuses(400, "Bad Request: chat not found")
        return {"id": int(chat), "type": "private", "accent_color_id": 1, "max_reaction_count": 11}

    def _getChatMember(self, values: dict[str, Any]) -> Any:
        chat = str(values["chat_id"])
        if chat not in self.groups:
            raise Refuses(400, "Bad Request: chat not found")
        if self.groups[chat] == "kicked":
            raise Refuses(403, "Forbidden: bot was kicked from the supergroup chat")
        return {"status": self.groups[chat], "user": {"id": int(values["user_id"]), "is_bot": True}}

    def _setMyCommands(self, values: dict[str, Any]) -> Any:
        for one in values["commands"]:
            assert 1 <= len(one["command"]) <= 32
            assert one["command"].islower()
            if not 1 <= len(one["description"]) <= 256:
                raise Refuses(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        if len(values.get("language_code", "")) not in (0, 2):
            raise Refuses(400, "Bad Request: invalid language code specified")
        self.menu = values["commands"]
        return True

    def _getMyCommands(self, _: dict[str, Any]) -> Any:
        return self.menu

    def _getUpdates(self, values: dict[str, Any]) -> Any:
        if self.webhook:
            raise Refuses(409, "Conflict: can't use getUpdates method while webhook is active")
        with self._news:
            if self._polling:
                raise Refuses(409, "Conflict: terminated by other getUpdates request")
            self._polling += 1
            try:
                offset = int(values.get("offset") or 0)
                self._updates = [u for u in self._updates if _id(u) >= offset]
                self.confirmed = max(self.confirmed, offset)
                if not self._updates:
                    self._news.wait(min(float(values.get("timeout", 0)), 0.3))
                return self._updates[: int(values.get("limit", 100))]
            finally:
                self._polling -= 1

    def _sendPhoto(self, values: dict[str, Any]) -> Any:
        photo = values["photo"]
        if not photo.startswith(b"\x89PNG\r\n\x1a\n") or len(photo) > MOST_PHOTO:
            raise Refuses(400, "Bad Request: IMAGE_PROCESS_FAILED")
        if _units(values.get("caption", "")) > MOST_CAPTION:
            raise Refuses(400, "Bad Request: message caption is too long")
        return self._sendMessage({**values, "text": values.get("caption", "")})

    def _sendMessage(self, values: dict[str, Any]) -> Any:
        chat = str(values["chat_id"])
        if chat in self.moved:
            raise Refuses(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=self.moved[chat])
        self._check(chat, values)
        if self.paced:
            self._keeps_pace(chat)
        if self.floods:
            seconds = self.floods.pop(0)
            raise Refuses(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        broken = self.breaks.pop(0) if self.breaks else ""
        if broken == "lost":
            raise Refuses(502, "Bad Gateway")
        with self._lock:
            self._number += 1
            self.accepted.append(
                {**values, "chat_id": chat, "message_id": self._number, "edits": 0, "sent": values["text"]}
            )
        if broken == "silent":
            raise Refuses(504, "Gateway Timeout")
        return {"message_id": self._number, "date": 1, "chat": {"id": int(chat), "type": "private"}}

    def keeps_pace(self, now: Callable[[], float]) -> None:
        """From now on whoever comes too fast is refused, by this clock."""
        self.now, self.paced = now, True

    def _keeps_pace(self, chat: str) -> None:
        limits: dict[str, Lately | Bucket] = {"all": Lately(A_SECOND, 1.0), chat: Bucket(A_CHAT_AT_ONCE, 1.0)}
        if chat.startswith("-"):
            limits[f"group {chat}"] = Lately(A_GROUPS_MINUTE, 60.0)
        with self._lock:
            counted = [self._pace.setdefault(name, limit) for name, limit in limits.items()]
            wait = max(one.wait(self.now()) for one in counted)
            if wait > 0:
                self.too_fast += 1
                seconds = math.ceil(wait)
                raise Refuses(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
            for one in counted:
                one.took(self.now())

    def _editMessageText(self, values: dict[str, Any]) -> Any:
        chat = str(values["chat_id"])
        self._check(chat, values)
        known = next((m for m in self.to(chat) if m["message_id"] == int(values["message_id"])), None)
        if known is None:
            raise Refuses(400, "Bad Request: message to edit not found")
        if (known["text"], known.get("reply_markup")) == (values["text"], values.get("reply_markup")):
            raise Refuses(400, "Bad Request: message is not modified: specified new message content is the same")
        known |= {"text": values["text"], "reply_markup": values.get("reply_markup"), "edits": known["edits"] + 1}
        return known

    def _answerCallbackQuery(self, values: dict[str, Any]) -> Any:
        pressed_at = self._presses.get(values["callback_query_id"])
        if pressed_at is None or self.now() - pressed_at > PRESS_LIVES:
            raise Refuses(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        return True

    def _getFile(self, values: dict[str, Any]) -> Any:
        if values["file_id"] not in self.files:
            raise Refuses(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        size = len(self.files[values["file_id"]])
        if size > 20 * 1024 * 1024:
            raise Refuses(400, "Bad Request: file is too big")
        return {"file_id": values["file_id"], "file_size": size, "file_path": f"photos/{values['file_id']}"}

    def _check(self, chat: str, values: dict[str, Any]) -> None:
        if chat in self.blocked:
            raise Refuses(403, "Forbidden: bot was blocked by the user")
        if not chat.lstrip("-").isdigit():
            raise Refuses(400, "Bad Request: chat not found")
        text = values.get("text", "")
        if not text.strip():
            raise Refuses(400, "Bad Request: message text is empty")
        if _units(text) > MOST_UNITS:
            raise Refuses(400, "Bad Request: message is too long")
        for row in (values.get("reply_markup") or {}).get("inline_keyboard", []):
            for button in row:
                if not 1 <= len(button["callback_data"].encode()) <= MOST_DATA:
                    raise Refuses(400, "Bad Request: BUTTON_DATA_INVALID")
                if not button["text"]:
                    raise Refuses(400, "Bad Request: BUTTON_TEXT_INVALID")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _id(update: Any) -> int:
    return int(update["update_id"]) if isinstance(update, dict) and "update_id" in update else 0


def _handler(telegram: StrictTelegram) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _, _, _, _, file = self.path.split("/", 4)
            if f"/file/bot{telegram.token}/" not in self.path:
                self._answer(404, b"{}")
                return
            self._answer(200, telegram.files[file.removeprefix("photos/").rpartition("/")[2]])

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token, _, method = self.path.removeprefix("/bot").partition("/")
            try:
                answer = {
                    "ok": True,
                    "result": telegram.call(token, method, _values(body, self.headers.get("Content-Type", ""))),
                }
                code = 200
            except Refuses as no:
                answer = {"ok": False, "error_code": no.code, "description": no.description}
                answer |= {"parameters": no.parameters} if no.parameters else {}
                code = no.code
            self._answer(code, json.dumps(answer).encode())

        def _answer(self, code: int, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler


def _part(part: Any) -> Any:
    content = part.get_payload(decode=True)
    return content if part.get_filename() else content.decode()


def _values(body: bytes, kind: str) -> dict[str, Any]:
    found: dict[str, Any]
    if kind.startswith("multipart/form-data"):
        whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=policy.HTTP)
        found = {str(part.get_param("name", header="content-disposition")): _part(part) for part in whole.iter_parts()}
    else:
        found = dict(parse_qsl(body.decode(), keep_blank_values=True))
    for name in ("reply_markup", "reply_parameters", "commands", "allowed_updates", "link_preview_options"):
        if name in found:
            found[name] = json.loads(found[name])
    return found
