"""A Slack of ours on loopback that is as strict as the original: its numbers, its scopes, its refusals, its ledger.

What the third party's emulator cannot send or refuse (buttons, forms, commands, floods, forgeries, limits of
blocks) goes through it. Numbers and wordings: docs.slack.dev/reference, and the constants of Slack's own SDK,
whose block models are its first check.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import WSMsgType, web

from tests.integrations.loopback import Bucket
from tests.integrations.strict_blocks import Refuses, check_blocks, check_view
from tests.loop_thread import LoopThread

TOKEN, APP_TOKEN = "xoxb-" + "test-token-of-nobody", "xapp-" + "test-token-of-nobody"
SECRET = "0123456789abcdef" * 2
TEAM, APP, BOT_USER, BOT = "T0RIVER", "A0LINE", "U0LINE", "B0LINE"
TRIGGER_LIVES = 3.0  # seconds
A_CHANNEL_AT_ONCE = 5  # about one a second goes to a channel; a short burst passes
SCOPE_OF: Mapping[str, tuple[str, ...]] = {  # as each method's page has it; one of them is enough
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.open": ("im:write",),
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "files.info": ("files:read",),
}
HISTORY = {"C": "channels:history", "G": "groups:history", "D": "im:history"}
READS = {"C": "channels:read", "G": "groups:read", "D": "im:read"}
GIVEN = (
    "app_mentions:read,channels:history,channels:read,chat:write,commands,files:read,files:write,groups:history,groups:read,"
    "im:history,im:write"
)


class StrictSlack:
    """`accepted` is every message that it took, `calls` every method that was called."""

    def __init__(self) -> None:
        self.accepted: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []  # what people wrote
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.whispered: list[dict[str, Any]] = []  # seen by one person alone
        self.views: list[dict[str, Any]] = []
        self.homes: dict[str, dict[str, Any]] = {}
        self.channels: dict[str, dict[str, Any]] = {"C0FLOOR": {"id": "C0FLOOR", "is_member": True}}
        self.dead: set[str] = set()
        self.floods: list[int] = []  # seconds that the next messages are told to wait
        self.reads_floods: list[int] = []  # the same of the next looks at a thread or a conversation
        self.breaks: list[str] = []  # how the next messages go wrong: "lost" before it was taken, "silent" after
        self.breaks_whispers = 0  # so many answers get lost after a message for one person alone was shown
        self.scopes = GIVEN
        self.files: dict[str, bytes] = {}
        self.slow_files = 0  # how often a new file is not ready yet when somebody looks
        self._wanted: dict[str, int] = {}  # files that were announced: their bytes
        self._waiting: dict[str, int] = {}  # files that are there and not ready
        self.acks: list[dict[str, Any]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.now: Callable[[], float] = time.time
        self.paced = False  # whether it keeps everybody to its pace, by its clock
        self.too_fast = 0  # messages that it refused for that
        self._pace: dict[str, Bucket] = {}
        self._direct: dict[str, str] = {}
        self._triggers: dict[str, float] = {}
        self._number = 0
        self._lock = threading.Lock()
        self._loop = LoopThread()
        self.url = ""

    def __enter__(self) -> StrictSlack:
        self._loop.start()

        async def begin() -> tuple[web.AppRunner, int]:
            app = web.Application(client_max_size=4 * 1024 * 1024)
            app.router.add_post("/api/{method}", self._called)
            app.router.add_get("/files/{id}", self._file)
            app.router.add_post("/upload/{id}", self._upload)
            app.router.add_get("/link", self._socket)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            return runner, runner.addresses[0][1]

        self._runner, port = self._loop.run(begin())
        self.url = f"http://127.0.0.1:{port}/api/"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.end(self._end())

    # what people do ---------------------------------------------------------------------------------------------------

    def message(self, user: str, text: str = "", channel: str | None = None, **more: Any) -> dict[str, Any]:
        """An event of a message, in the person's conversation with the app unless `channel` says otherwise."""
        where = channel or self.direct(user)
        ts = self.ts(more.pop("date", None))
        body = {"type": "message", "user": user, "text": text, "ts": ts, "channel": where, "team": TEAM, **more}
        body["channel_type"] = {"D": "im", "G": "group"}.get(where[0], "channel")
        self.said.append(body)
        return self.event(body)

    def edit(self, original: dict[str, Any], text: str) -> dict[str, Any]:
        """An event of an edited message."""
        was = original["event"]
        before = {key: was[key] for key in ("type", "user", "text", "ts", "team") if key in was}
        now = {**before, "text": text, "edited": {"user": was["user"], "ts": self.ts()}}
        for said in self.said:
            if said["ts"] == was["ts"]:
                said |= {"text": text, "edited": now["edited"]}
        event = {"type": "message", "subtype": "message_changed", "hidden": True, "channel": was["channel"]}
        return self.event({**event, "ts": self.ts(), "message": now, "previous_message": before})

    def deletion(self, original: dict[str, Any]) -> dict[str, Any]:
        """An event of a deleted message; one with answers in its thread leaves a stone with its name on it."""
        was = original["event"]
        kept = ("type", "user", "text", "ts", "team", "thread_ts", "files")
        before = {key: was[key] for key in kept if key in was}
        event = {"type": "message", "hidden": True, "channel": was["channel"], "previous_message": before}
        if any(one.get("thread_ts") == was["ts"] for one in (*self.accepted, *self.said)):
            stone = {"type": "message", "subtype": "tombstone", "text": "This message was deleted.", "hidden": True}
            stone |= {"user": "USLACKBOT", "ts": was["ts"], "thread_ts": was["ts"]}
            return self.event({**event, "subtype": "message_changed", "ts": self.ts(), "message": stone})
        self.said = [one for one in self.said if one["ts"] != was["ts"]]
        return self.event({**event, "subtype": "message_deleted", "ts": self.ts(), "deleted_ts": was["ts"]})

    def event(self, event: dict[str, Any], team: str = TEAM) -> dict[str, Any]:
        """The envelope of an event."""
        with self._lock:
            self._number += 1
            id_ = f"Ev{self._number:09d}"
        return {
            "token": "x", "team_id": team, "api_app_id": APP, "type": "event_callback", "event_id": id_,
            "event_time": int(time.time()), "event": event,
            "authorizations": [{"team_id": team, "user_id": BOT_USER, "is_bot": True}],
        }  # fmt: skip

    def press(self, user: str, value: str, team: str = TEAM) -> dict[str, Any]:
        """A pressed button."""
        shown = next((m for m in self.accepted if value in json.dumps(m["blocks"])), None)
        container = {"type": "message", "message_ts": shown["ts"] if shown else self.ts(), "is_ephemeral": False}
        container["channel_id"] = shown["channel"] if shown else self.direct(user)
        container |= {"thread_ts": shown["thread_ts"]} if shown and shown["thread_ts"] else {}
        action = {"type": "button", "action_id": "b0.0", "block_id": "row0", "value": value, "action_ts": self.ts()}
        return self._interaction("block_actions", user, team, container=container, actions=[action])

    def shortcut(self, user: str, original: dict[str, Any]) -> dict[str, Any]:
        """A message reported by somebody through the message shortcut."""
        event = original["event"]
        channel = {"id": event["channel"], "name": "floor"}
        more = {"callback_id": "linecall_report", "channel": channel, "message": event, "message_ts": event["ts"]}
        return self._interaction("message_action", user, TEAM, **more)

    def submission(self, user: str, view: dict[str, Any], **filled: str) -> dict[str, Any]:
        """A form, filled in; refuses what its fields do not allow, as the client does."""
        values: dict[str, Any] = {}
        for block in view["blocks"]:
            if block["type"] != "input":
                continue
            name, element, given = block["block_id"], block["element"], filled.pop(block["block_id"], "")
            assert given or block["optional"], f"{name} has to be filled in"
            if element["type"] == "static_select":
                option = next((o for o in element["options"] if o["value"] == given), None)
                assert option or not given, f"{name}: {given} is not offered"
                values[name] = {"v": {"type": "static_select", "selected_option": option}}
            else:
                values[name] = {"v": {"type": element["type"], "value": given or None}}
        assert not filled, f"no such fields: {filled}"
        return self._interaction("view_submission", user, TEAM, view={**view, "state": {"values": values}})

    def command(self, user: str, text: str, team: str = TEAM) -> dict[str, str]:
        """`/linecall text`."""
        return {
            "token": "x", "team_id": team, "team_domain": "river", "channel_id": "C0FLOOR", "user_id": user,
            "command": "/linecall", "text": text, "api_app_id": APP, "response_url": "https://hooks.slack.com/x",
            "trigger_id": self.trigger(),
        }  # fmt: skip

    def trigger(self) -> str:
        """A trigger for a form, good once and for three seconds."""
        with self._lock:
            self._number += 1
            trigger = f"{self._number}.13.abc{self._number:x}"
            self._triggers[trigger] = time.monotonic()
        return trigger

    def signed(self, payload: Any, at: float | None = None, secret: str = SECRET) -> tuple[dict[str, str], bytes]:
        """Headers and body of the request with which Slack brings it."""
        from slack_sdk.signature import SignatureVerifier

        if isinstance(payload, bytes):
            body, mime = payload, "application/json"
        elif "command" in payload:
            body, mime = urlencode(payload).encode(), "application/x-www-form-urlencoded"
        elif payload.get("type") in ("event_callback", "url_verification"):
            body, mime = json.dumps(payload).encode(), "application/json"
        else:
            body, mime = urlencode({"payload": json.dumps(payload)}).encode(), "application/x-www-form-urlencoded"
        stamp = str(int(at if at is not None else time.time()))
        try:
            signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
        except UnicodeDecodeError:  # the SDK's own cannot sign what is no text
            from integrations.chat.slack_proof import signed

            signature = signed(secret, stamp, body)
        return {
            "x-slack-request-timestamp": stamp, "x-slack-signature": str(signature), "content-type": mime,
        }, body  # fmt: skip

    def direct(self, user: str) -> str:
        """The conversation of a person with the app."""
        return self._direct.setdefault(user, f"D{user[1:]}")

    def to(self, where: str) -> list[dict[str, Any]]:
        """What a person, or a channel, got, with changes made to it in place."""
        channel = where if where in self.channels else self.direct(where)
        return [message for message in self.accepted if message["channel"] == channel]

    def ts(self, date: float | None = None) -> str:
        """The id of a message: its time, and a count that makes it unique."""
        with self._lock:
            self._number += 1
            return f"{int(date if date is not None else time.time())}.{self._number:06d}"

    def _interaction(self, kind: str, user: str, team: str, **more: Any) -> dict[str, Any]:
        who = {"id": user, "username": "somebody", "team_id": team}
        base = {"type": kind, "user": who, "team": {"id": team, "domain": "river"}, "api_app_id": APP, "token": "x"}
        return {**base, "trigger_id": self.trigger(), "response_url": "https://hooks.slack.com/x", **more}

    # Socket Mode ------------------------------------------------------------------------------------------------------

    def push(self, payload: Any, envelope: str | None = None) -> str:
        """Bring something through the newest socket; the id of its envelope."""
        kind = "slash_commands" if "command" in payload else "interactive"
        kind = "events_api" if payload.get("type") == "event_callback" else kind
        id_ = envelope or f"envelope-{self.ts()}"
        body = {"type": kind, "envelope_id": id_, "payload": payload, "accepts_response_payload": kind != "events_api"}
        self._soon(self.sockets[-1].send_json(body))
        return id_

    def cut(self) -> None:
        """Close every socket, as Slack does some times a day."""
        for socket in self.sockets:
            self._soon(socket.close())
        self.sockets = []

    def _soon(self, coroutine: Any) -> None:
        self._loop.run(coroutine)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": APP}})
        self.sockets.append(socket)
        async for heard in socket:
            if heard.type == WSMsgType.TEXT:
                self.acks.append(json.loads(heard.data))
        return socket

    async def _end(self) -> None:
        for socket in self.sockets:
            await socket.close()
        await self._runner.cleanup()

    # what apps call ---------------------------------------------------------------------------------------------------

    async def _called(self, request: web.Request) -> web.StreamResponse:
        method, body = request.match_info["method"], await request.read()
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        headers = {"x-oauth-scopes": self.scopes}
        try:
            answer = {"ok": True, **self._call(token, method, dict(parse_qsl(body.decode(), keep_blank_values=True)))}
            return web.json_response(answer, headers=headers)
        except Refuses as no:
            if no.after is not None:
                headers |= {"Retry-After": str(no.after)}
            return web.json_response({"ok": False, "error": no.error}, status=no.status, headers=headers)

    def _call(self, token: str, method: str, values: dict[str, Any]) -> dict[str, Any]:
        if method == "apps.connections.open":
            if token != APP_TOKEN:
                raise Refuses("invalid_auth")
            return {"url": f"{self.url.removesuffix('/api/').replace('http', 'ws', 1)}/link?ticket=t"}
        if token != TOKEN:
            raise Refuses("invalid_auth")
        do = getattr(self, f"_{method.replace('.', '_')}", None)
        if do is None:
            raise Refuses("unknown_method")
        needed = SCOPE_OF.get(method, ())
        if method in ("conversations.history", "conversations.replies"):
            needed = (HISTORY[values.get("channel", "C")[0]],)
            if self.reads_floods:
                raise Refuses("ratelimited", 429, self.reads_floods.pop(0))
        if method == "conversations.info":
            needed = (READS[values.get("channel", "C")[0]],)
        if needed and not set(needed) & set(self.scopes.split(",")):
            raise Refuses("missing_scope")
        self.calls.append((method, values))
        return do(values)

    def _auth_test(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"team": "Riverside", "team_id": TEAM, "user": "linecall", "user_id": BOT_USER, "bot_id": BOT}

    def _conversations_open(self, values: dict[str, Any]) -> dict[str, Any]:
        user = values["users"]
        if user in self.dead:
            raise Refuses("user_disabled")
        if not user.startswith(("U", "W")):
            raise Refuses("user_not_found")
        return {"channel": {"id": self.direct(user)}}

    def _conversations_info(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["channel"] not in self.channels:
            raise Refuses("channel_not_found")
        return {"channel": self.channels[values["channel"]]}

    def _chat_postMessage(self, values: dict[str, Any]) -> dict[str, Any]:
        channel = self._writable(values["channel"])
        blocks = self._checked(values)
        thread = values.get("thread_ts")
        if thread is not None and not any(m["ts"] == thread for m in (*self.accepted, *self.said)):
            raise Refuses("thread_not_found")
        if "metadata" in values:
            metadata = json.loads(values["metadata"])
            if set(metadata) != {"event_type", "event_payload"} or not isinstance(metadata["event_payload"], dict):
                raise Refuses("invalid_metadata_format")
        else:
            metadata = {}
        if self.paced:
            self._keeps_pace(channel)
        if self.floods:
            raise Refuses("ratelimited", 429, self.floods.pop(0))
        broken = self.breaks.pop(0) if self.breaks else ""
        if broken == "lost":
            raise Refuses("service_unavailable", 503)
        message = {
            "channel": channel, "ts": self.ts(), "text": values.get("text", ""), "blocks": blocks, "edits": 0,
            "metadata": metadata, "thread_ts": thread, "user": BOT_USER, "bot_id": BOT, "app_id": APP,
            "reply_broadcast": values.get("reply_broadcast"),
        }  # fmt: skip
        self.accepted.append(message)
        if broken == "silent":
            raise Refuses("", 504)
        return {"channel": channel, "ts": message["ts"], "message": message}

    def keeps_pace(self, now: Callable[[], float]) -> None:
        """From now on whoever comes too fast is refused, by this clock."""
        self.now, self.paced = now, True

    def _keeps_pace(self, channel: str) -> None:
        bucket = self._pace.setdefault(channel, Bucket(A_CHANNEL_AT_ONCE, 1.0))
        wait = bucket.wait(self.now())
        if wait > 0:
            self.too_fast += 1
            raise Refuses("ratelimited", 429, math.ceil(wait))
        bucket.took(self.now())

    def _chat_postEphemeral(self, values: dict[str, Any]) -> dict[str, Any]:
        channel, thread = self._writable(values["channel"]), values.get("thread_ts")
        if thread is not None and not any(m["ts"] == thread for m in (*self.accepted, *self.said)):
            raise Refuses("thread_not_found")
        if channel.startswith("D"):
            raise Refuses("user_not_in_channel")
        message = {"channel": channel, "user": values["user"], "thread_ts": thread, "ts": self.ts()}
        self.whispered.append({**message, "blocks": self._checked(values), "text": values.get("text", "")})
        if self.breaks_whispers:
            self.breaks_whispers -= 1
            raise Refuses("", 504)
        return {"message_ts": message["ts"]}

    def _chat_update(self, values: dict[str, Any]) -> dict[str, Any]:
        channel = self._writable(values["channel"])
        known = next((m for m in self.accepted if (m["channel"], m["ts"]) == (channel, values["ts"])), None)
        if known is None:
            raise Refuses("message_not_found")
        known |= {"blocks": self._checked(values), "text": values.get("text", ""), "edits": known["edits"] + 1}
        return {"channel": channel, "ts": values["ts"], "text": known["text"]}

    def _conversations_history(self, values: dict[str, Any]) -> dict[str, Any]:
        rows = [m for m in self._read(values) if m.get("thread_ts") in (None, m["ts"]) or m.get("reply_broadcast")]
        return self._page(sorted(rows, key=lambda m: m["ts"], reverse=True), values)

    def _conversations_replies(self, values: dict[str, Any]) -> dict[str, Any]:
        everything = [m for m in (*self.accepted, *self.said) if m["channel"] == values["channel"]]
        if not any(m["ts"] == values["ts"] for m in everything):
            raise Refuses("thread_not_found")
        rows = [m for m in self._read(values) if values["ts"] in (m["ts"], m.get("thread_ts"))]
        return self._page(sorted(rows, key=lambda m: m["ts"]), values)

    def _read(self, values: dict[str, Any]) -> list[dict[str, Any]]:
        whole = values.get("include_all_metadata") == "true"
        hidden = set() if whole else {"metadata"}
        found = [m for m in (*self.accepted, *self.said) if m["channel"] == values["channel"]]
        return [
            {k: v for k, v in m.items() if k not in hidden and v is not None}
            for m in found
            if m["ts"] >= values.get("oldest", "0")
        ]

    def _page(self, rows: list[dict[str, Any]], values: dict[str, Any]) -> dict[str, Any]:
        start, most = int(values.get("cursor") or 0), min(int(values.get("limit", 100)), 999)
        more = start + most < len(rows)
        return {
            "messages": rows[start : start + most],
            "has_more": more,
            "response_metadata": {"next_cursor": str(start + most) if more else ""},
        }

    def _files_info(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["file"] not in self.files:
            raise Refuses("file_not_found")
        id_ = values["file"]
        url = f"{self.url.removesuffix('api/')}files/{id_}"
        file = {"id": id_, "size": len(self.files[id_]), "url_private_download": url}
        self._waiting[id_] = self._waiting.get(id_, 0) - 1
        return {"file": file if self._waiting[id_] >= 0 else {**file, "mimetype": "image/png"}}

    def _files_getUploadURLExternal(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values["filename"] or not 0 < int(values["length"]) <= 1024 * 1024 * 1024:
            raise Refuses("invalid_arguments")
        file = f"F{len(self._wanted) + 1:09d}"
        self._wanted[file] = int(values["length"])
        return {"file_id": file, "upload_url": f"{self.url.removesuffix('api/')}upload/{file}"}

    def _files_completeUploadExternal(self, values: dict[str, Any]) -> dict[str, Any]:
        found = json.loads(values["files"])
        if not all(one["id"] in self.files for one in found):
            raise Refuses("file_not_found")
        self._waiting |= {one["id"]: self.slow_files for one in found}
        return {"files": [{"id": one["id"], "title": one["title"]} for one in found]}

    def _views_open(self, values: dict[str, Any]) -> dict[str, Any]:
        given = self._triggers.pop(values["trigger_id"], None)
        if given is None:
            raise Refuses("invalid_trigger_id")
        if time.monotonic() - given > TRIGGER_LIVES:
            raise Refuses("expired_trigger_id")
        view = json.loads(values["view"])
        check_view(view, "modal")
        view["id"] = f"V{len(self.views) + 1:08d}"
        self.views.append(view)
        return {"view": view}

    def _views_publish(self, values: dict[str, Any]) -> dict[str, Any]:
        view = json.loads(values["view"])
        check_view(view, "home")
        self.homes[values["user_id"]] = view
        return {"view": view}

    def _writable(self, channel: str) -> str:
        if channel.startswith("D"):
            user = next((u for u, d in self._direct.items() if d == channel), None)
            if user is None or user in self.dead:
                raise Refuses("channel_not_found")
        elif channel not in self.channels:
            raise Refuses("channel_not_found")
        elif not self.channels[channel].get("is_member"):
            raise Refuses("not_in_channel")
        elif self.channels[channel].get("is_archived"):
            raise Refuses("is_archived")
        return channel

    def _checked(self, values: dict[str, Any]) -> list[Any]:
        text = values.get("text", "")
        blocks = json.loads(values["blocks"]) if "blocks" in values else []
        if not text.strip() and not blocks:
            raise Refuses("no_text")
        if len(text) > 40_000:
            raise Refuses("msg_too_long")
        check_blocks(blocks, 50)
        shown = [block["slack_file"]["id"] for block in blocks if "slack_file" in block]
        if any(self._waiting.get(id_, 1) > 0 for id_ in shown):
            raise Refuses("invalid_blocks")  # unknown, or not ready yet
        return blocks  # type: ignore[no-any-return]

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        id_, content = request.match_info["id"], await request.read()
        if self._wanted.get(id_) != len(content):
            return web.Response(status=400)
        self.files[id_] = content
        return web.Response(text=f"OK - {len(content)}")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}" or "files:read" not in self.scopes:
            return web.Response(text="<!DOCTYPE html><html>Sign in</html>", content_type="text/html")
        return web.Response(body=self.files[request.match_info["id"]], content_type="image/jpeg")
