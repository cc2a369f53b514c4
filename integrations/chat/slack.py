"""Slack: people report, answer and decide where they already talk; by Socket Mode, so that nothing has to reach us."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from integrations.chat import slack_blocks as blocks
from integrations.chat.gate import Unreadable, any_same, as_it_came, at, form, json_object, recent, secrets_in, text_in
from integrations.chat.pace import Pace
from integrations.chat.slack_doctor import examined
from integrations.chat.slack_events import (
    FORM,
    MOST_FILE,
    NAME,
    Us,
    carried_by,
    commanded,
    event,
    pressed,
    reported,
    submitted,
)
from integrations.chat.slack_missed import Missed, Where
from integrations.chat.slack_posts import Posts
from integrations.chat.slack_proof import SIGNATURE, STAMP, signed
from integrations.chat.slack_socket import Socket
from integrations.chat.slack_wire import Wire, as_ours
from workflow.errors import Rejected, TryLater, Unreachable
from workflow.messages import Inbound, Outbound, Sent
from workflow.ports import Came, Finding, Form, Invitation, Knock, Rate, Reads, Receive, Reply, Traits

log = structlog.get_logger()

HOOK = "/hooks/slack"
TAKEN = "✓"  # what a slash command is answered with; the answer itself comes as a message


class Slack:
    """The channel `slack`; an address is a user id of our workspace, or the id of a channel there."""

    name = NAME
    traits = Traits(
        text=3000, parts=4, buttons=10, button_text=75, button_bytes=2000, caption=3000, edits=True, threads=True,
        finds_sent=True,
        # About one post a second in a channel; short bursts pass (S8).
        rates=(Rate(timedelta(seconds=1 / 20), 20), Rate(timedelta(seconds=1.05), 4, each=True)),
    )  # fmt: skip
    hooks = (HOOK,)

    def __init__(
        self,
        token: str,
        *,
        app_token: str | None = None,
        secret: str | None = None,
        base_url: str | None = None,
        public_url: str | None = None,
        commands: tuple[str, ...] = (),
        pace: Pace | None = None,
    ) -> None:
        self._access = token, base_url
        self._wire = Wire(token, base_url)
        self._app_token = app_token  # set: Socket Mode; else Slack calls us
        self._secrets = secrets_in(secret)
        self._door = f"{public_url.rstrip('/')}{HOOK}" if public_url else None
        self._commands = frozenset(commands)
        self._posts = Posts(self._wire, pace or Pace(self.traits.rates))
        self._us: Us | None = None
        self._asking = threading.Lock()
        self._program: Reads | None = None
        self._look_soon: Callable[[], object] = lambda: None  # whoever takes hooks and does not listen has none

    def ask(self, program: Reads) -> None:
        """Whom to ask for forms, pages and open threads."""
        self._program = program

    # in -------------------------------------------------------------------------------------------------------------

    async def listen(self, receive: Receive) -> None:
        """Until cancelled: hold a socket where an app token is set, else have Slack call; and look what was missed."""
        await self._who_are_we()
        missed, loop = Missed(self._wire, self._us_now, self._where), asyncio.get_running_loop()
        self._look_soon = lambda: loop.call_soon_threadsafe(missed.look_soon)
        looking = asyncio.create_task(missed.look_on(receive))
        try:
            if self._app_token is None:
                await asyncio.Event().wait()
                return
            url = await self._wire.socket_url(self._app_token)

            async def take(kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
                return await self._from_the_socket(kind, payload, receive)

            await Socket(self._app_token, self._wire.base_url, take).listen(url, missed.look_soon)
        finally:
            looking.cancel()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._wire.close()

    def proves(self, knock: Knock) -> bool:
        """Whether Slack signed these very bytes, lately (S1)."""
        stamp = knock.headers.get(STAMP, "")
        if not recent(stamp, knock.at):
            return False
        return any_same(knock.headers.get(SIGNATURE, ""), (signed(one, stamp, knock.body) for one in self._secrets))

    def read(self, knock: Knock) -> Came:
        """An event, an interaction or a slash command."""
        if knock.headers.get("content-type", "").startswith("application/json") or knock.body.lstrip()[:1] in b"{[":
            envelope = json_object(knock.body)
            if envelope.get("type") == "url_verification":
                return Came(reply=Reply(200, text_in(envelope, "challenge")))
            return self._came("events_api", envelope, knock.at)
        fields = form(knock.body)
        if "payload" in fields:
            return self._came("interactive", json_object(fields["payload"].encode()), knock.at)
        if "command" in fields:
            return self._came("slash_commands", fields, knock.at)
        if fields.get("ssl_check") == "1":
            return Came()  # Slack looks whether our certificate is in order, and wants a 200
        raise Unreadable("neither an event, nor an interaction, nor a command")

    def _came(self, kind: str, payload: Mapping[str, Any], now: datetime) -> Came:
        us = self._us_now()
        message: Inbound | None = None
        if kind == "slash_commands":
            said = commanded({k: v for k, v in payload.items() if isinstance(v, str)}, us, now, self._commands)
            return Came((said,), Reply(200, json.dumps({"response_type": "ephemeral", "text": TAKEN}), JSON))
        if kind == "events_api":
            if payload.get("type") == "app_rate_limited":
                self._look_soon()  # for a minute Slack drops what is too much for it, and says only so
                return Came()
            if text_in(payload, "event", "type") == "app_home_opened":
                return Came(then=lambda: self._show_home(text_in(payload, "event", "user")))
            return Came(event(payload, us))
        match text_in(payload, "type"):
            case "block_actions":
                message = pressed(payload, us)
                wanted = self._form(message)
                if wanted is not None and message is not None:
                    view = blocks.modal(wanted, FORM, carried_by(wanted.token, message))
                    return Came(then=lambda: self._open(view, text_in(payload, "trigger_id")))
            case "message_action":
                message = reported(payload, us, now)
            case "view_submission":
                return self._submitted(payload, us, now)
        return Came((message,) if message is not None else ())

    def _form(self, press: Inbound | None) -> Form | None:
        if press is None or press.button is None or self._program is None:
            return None
        return self._program.form(NAME, press.conversation, press.sender, press.button)

    def _submitted(self, payload: Mapping[str, Any], us: Us, now: datetime) -> Came:
        """What is wrong with a form is said in the form; only a right one is a message (S15)."""
        found = submitted(payload, us, now)
        if found is None:
            return Came()
        message, filled = found
        wrong: Mapping[str, str] = {}
        if self._program is not None:
            wrong = self._program.check(NAME, message.conversation, message.sender, message.button or "", filled)
        if wrong:
            answer = {"response_action": "errors", "errors": dict(wrong)}
            return Came(reply=Reply(200, json.dumps(answer, ensure_ascii=False), JSON))
        return Came((message,))

    async def _from_the_socket(
        self, kind: str, payload: Mapping[str, Any], receive: Receive
    ) -> Mapping[str, Any] | None:
        """Store what an envelope brought; what it is answered. Whatever is raised leaves it unanswered."""
        now = datetime.now(UTC)
        try:
            came = await asyncio.to_thread(self._came, kind, payload, now)
        except TryLater:
            raise
        except Exception as error:
            log.error("slack.poison", error=type(error).__name__)  # noqa: TRY400 - its text may hold a message
            await receive(as_it_came(NAME, HOOK, dict(payload), now))
            return None
        for message in came.messages:
            await receive(message)
        if came.then is not None:
            _spawned(came.then())
        return json.loads(came.reply.body) if came.reply.mime == JSON else None

    async def _open(self, view: Mapping[str, Any], trigger: str) -> None:
        """A trigger lives three seconds, so nothing comes before this (S14); a late one costs the person a press."""
        try:
            await self._wire.call("views.open", trigger_id=trigger, view=view)
        except Exception as error:
            log.warning("slack.form_not_shown", error=type(error).__name__)

    async def _show_home(self, user: str) -> None:
        page = await asyncio.to_thread(self._program.page, NAME, user) if self._program is not None else None
        if page is None:
            return
        try:
            await self._wire.call("views.publish", user_id=user, view=blocks.home(page.text, page.buttons))
        except Exception as error:
            log.info("slack.home_not_shown", error=type(error).__name__)

    async def _who_are_we(self, wire: Wire | None = None) -> None:
        try:
            me = await (wire or self._wire).call("auth.test")
        except Exception as error:
            as_ours(error)
        self._us = Us(text_in(me, "team_id"), text_in(me, "user_id"), text_in(me, "bot_id"))

    def _us_now(self) -> Us:
        """Who we are, asked in this plain thread where nobody has yet: a process may take hooks and never listen.

        Raises TryLater where Slack does not say.
        """
        with self._asking:
            if self._us is None:
                asyncio.run(self._ask_who_we_are())
        assert self._us is not None  # noqa: S101 - else it was raised
        return self._us

    async def _ask_who_we_are(self) -> None:
        wire = Wire(*self._access)  # connections belong to one loop
        try:
            await self._who_are_we(wire)
        except Rejected as no:
            raise TryLater(no.why) from no
        finally:
            await wire.close()

    def _where(self) -> Where:
        program = self._program
        if program is None:
            return Where()
        people = tuple(address for _, address in program.people(NAME))
        return Where(program.threads(NAME), program.places(NAME), people)

    # out ------------------------------------------------------------------------------------------------------------

    async def send(self, message: Outbound) -> Sent:
        """One message, or a change of one that was sent; a repeat looks first for the earlier one (S13)."""
        if "/" in message.to:
            raise Unreachable("belongs to another workspace")
        try:
            return await self._posts.post(message)
        except Exception as error:
            as_ours(error)

    async def fetch(self, reference: str) -> bytes:
        """The bytes of a file that somebody sent."""
        try:
            file = (await self._wire.call("files.info", file=reference)).get("file")
            url = text_in({"f": file}, "f", "url_private_download") or text_in({"f": file}, "f", "url_private")
            return await self._wire.file(url, MOST_FILE, at(file, "size"))
        except Exception as error:
            as_ours(error)

    async def invitation(self, token: str) -> Invitation:
        """The link that opens our conversation, and the line to write there: no link of Slack's brings words along.

        docs.slack.dev/interactivity/deep-linking; the id of the app stands in its own token alone.
        """
        if self._us is None:
            await self._who_are_we()
        us = self._us
        assert us is not None  # noqa: S101 - else it was raised
        app = _APP.match(self._app_token or "")
        link = f"slack://user?team={us.team}&id={us.user}"
        if app is not None:
            link = f"https://slack.com/app_redirect?app={app[1]}&team={us.team}"
        return Invitation(link, f"/linecall start {token}")

    async def examine(self) -> tuple[Finding, ...]:
        """How the token, the scopes, the socket and the channels are."""
        program = self._program
        places = program.places(NAME) if program is not None else ()
        people = program.people(NAME) if program is not None else ()
        return await examined(self._wire, self._app_token, self._secrets, self._door, places, people)


JSON = "application/json"
_APP = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-", re.ASCII)
_running: set[asyncio.Task[None]] = set()


def _spawned(coroutine: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(coroutine)
    _running.add(task)
    task.add_done_callback(_running.discard)
