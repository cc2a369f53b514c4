"""A third party's emulator of Slack as a process of its own, unmodified; people write and press through it.

It keeps people, channels, threads and forms, and sends events. It has no Socket Mode and sends no interactions and
no commands: `slack_emulator.mjs` adds the socket, and what people press and fill in is put on it as Slack's
own payloads. It checks no blocks: the strict fake does.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx

from tests.emulators import EMULATE, Emulator, free_port, node, npm_packages
from tests.integrations.strict_slack import APP_TOKEN, TOKEN

WHAT = "the emulator of Slack"
GLUE = Path(__file__).with_suffix(".mjs")
BOT_USER, BOT, APP = "U00000BOT1", "B00000BOT1", "A000000001"


class SlackEmulator(Emulator):
    """`emulate` on loopback, with these people in its workspace."""

    def __init__(self, *people: str) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"  # as its own links to files say
        bot = {"app_id": APP, "bot_id": BOT, "bot_user_id": BOT_USER}
        seed = {
            "strict_scopes": False,
            "users": [{"name": name, "real_name": name} for name in people],
            "channels": [{"name": "quality"}],
            "bots": [{"name": "linecall"}],
            "oauth_apps": [
                {"client_id": "1.2", "client_secret": "x", "name": "Linecall", "redirect_uris": [],
                 "scopes": ["chat:write"], "bot_name": "linecall", **bot}
            ],
            "tokens": [
                {"token": TOKEN, "type": "bot", "user_id": BOT_USER, **bot},
                *({"token": f"xoxp-{name}", "type": "user", "user": name} for name in people),
            ],
        }  # fmt: skip
        modules = npm_packages(WHAT, **EMULATE)
        command = [node(22, WHAT), str(GLUE), str(modules), str(self.port), json.dumps({"slack": seed})]
        super().__init__(WHAT, command, lambda: httpx.get(f"{self.url}/_connected", timeout=2).raise_for_status())

    def id_of(self, person: str) -> str:
        """A person's user id there."""
        return str(self.calls(person, "auth.test")["user_id"])

    def channel(self, name: str = "quality") -> str:
        """The id of a channel."""
        found = self._bot("conversations.list")["channels"]
        return str(next(one["id"] for one in found if one["name"] == name))

    def view(self) -> dict[str, Any] | None:
        """The form that was opened last."""
        opened = [one for one in httpx.get(f"{self.url}/_views", timeout=5).json() if one["type"] == "modal"]
        return {**opened[-1], "id": opened[-1]["view_id"]} if opened else None

    def connected(self) -> bool:
        """Whether somebody holds a socket."""
        return bool(httpx.get(f"{self.url}/_connected", timeout=5).json())

    def writes(self, person: str, text: str, channel: str | None = None, thread: str | None = None) -> str:
        """A person writes, to the app unless a channel is named; returns the id of what they wrote."""
        where = channel or self.direct(person)
        values = {"channel": where, "text": text} | ({"thread_ts": thread} if thread else {})
        return str(self.calls(person, "chat.postMessage", **values)["ts"])

    def uploads(self, person: str, name: str, content: bytes) -> None:
        """A person sends a file to the app, in the three steps that Slack's own programs take."""
        there = self.calls(person, "files.getUploadURLExternal", filename=name, length=str(len(content)))
        httpx.post(there["upload_url"], content=content, timeout=10).raise_for_status()
        files = json.dumps([{"id": there["file_id"], "title": name}])
        self.calls(person, "files.completeUploadExternal", files=files, channel_id=self.direct(person))

    def presses(self, person: str, value: str, message: dict[str, Any], channel: str) -> None:
        """A person presses a button."""
        now = f"{time.time():.6f}"
        action = {"type": "button", "action_id": "b0.0", "block_id": "row0", "value": value, "action_ts": now}
        container = {"type": "message", "message_ts": message["ts"], "channel_id": channel}
        container |= {"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}
        self._push("interactive", self._interaction(person, "block_actions", actions=[action], container=container))

    def sends(self, person: str, view: dict[str, Any], **filled: str) -> None:
        """A person sends a form."""
        values: dict[str, Any] = {}
        for block in view["blocks"]:
            if block["type"] == "input":
                given = filled.pop(block["block_id"], None)
                values[block["block_id"]] = {"v": {"type": block["element"]["type"], "value": given}}
        assert not filled
        sent = {**view, "state": {"values": values}}
        self._push("interactive", self._interaction(person, "view_submission", view=sent))

    def command(self, person: str, text: str) -> None:
        """A person types `/linecall text`."""
        more = {"command": "/linecall", "text": text, "user_id": self.id_of(person), "team_id": self.team()}
        self._push("slash_commands", {**more, "trigger_id": self._trigger(person), "channel_id": self.channel()})

    def shown(self, person: str) -> list[dict[str, Any]]:
        """What stands in a person's conversation with the app, threads included, oldest first."""
        return [m for m in self.read(self.direct(person)) if m["user"] == BOT_USER]

    def read(self, channel: str) -> list[dict[str, Any]]:
        """Every message of a channel, threads included, oldest first."""
        tops = self._bot("conversations.history", channel=channel, limit="200")["messages"]
        everything = {m["ts"]: m for m in tops}
        for top in tops:
            replies = self._bot("conversations.replies", channel=channel, ts=top["ts"], limit="200")
            everything |= {m["ts"]: m for m in replies["messages"]}
        return [everything[ts] for ts in sorted(everything)]

    def direct(self, person: str) -> str:
        """The conversation of a person with the app."""
        return str(self.calls(person, "conversations.open", users=BOT_USER)["channel"]["id"])

    def team(self) -> str:
        """The workspace."""
        return str(self._bot("auth.test")["team_id"])

    def calls(self, person: str, method: str, **values: str) -> Any:
        """Call a method as a person."""
        return self._call(f"xoxp-{person}", method, values)

    def _bot(self, method: str, **values: str) -> Any:
        return self._call(TOKEN, method, values)

    def _call(self, token: str, method: str, values: dict[str, str]) -> Any:
        answer = httpx.post(
            f"{self.url}/api/{method}", data=values, headers={"Authorization": f"Bearer {token}"}, timeout=10
        ).json()
        assert answer["ok"], f"{method}: {answer}"
        return answer

    def _interaction(self, person: str, kind: str, **more: Any) -> dict[str, Any]:
        team = self.team()
        who = {"id": self.id_of(person), "team_id": team}
        base = {"type": kind, "user": who, "team": {"id": team}, "api_app_id": APP}
        return {**base, "trigger_id": self._trigger(person), **more}

    def _trigger(self, person: str) -> str:
        return str(self._bot("views.generateTriggerId", user_id=self.id_of(person))["trigger_id"])

    def _push(self, kind: str, payload: dict[str, Any]) -> None:
        httpx.post(f"{self.url}/_push/{kind}", json=payload, timeout=10).raise_for_status()


__all__ = ["APP_TOKEN", "SlackEmulator"]
