"""Telegram: people report and answer where they already chat; by long polling, since plants sit behind firewalls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from telegram import InputFile
from telegram.error import BadRequest, Conflict, TelegramError

from integrations.chat.gate import any_same, as_it_came, at, json_object, secrets_in, text_in
from integrations.chat.pace import Pace
from integrations.chat.telegram_doctor import examined
from integrations.chat.telegram_updates import MOST_FILE, NAME, PRESSED, WANTED, id_of, inbound, number_of
from integrations.chat.telegram_wire import Wire, as_ours, is_same, keyboard, moved_to
from workflow.errors import Rejected, TooLarge
from workflow.messages import Inbound, Outbound, Sent
from workflow.ports import Came, Finding, Invitation, Knock, Rate, Reads, Receive, Traits

log = structlog.get_logger()

HOOK = "/hooks/telegram"
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the name of a header
HELD_OPEN = 25  # seconds of a long poll
SHORTEST_ROUND = 0.25  # seconds; a server that does not hold the request open is not asked without end
AFTER_CONFLICT = 10.0  # seconds; another program polls with our token


class Telegram:
    """The channel `telegram`; an address is a user's id there, a group's, or a group's with its topic: "-100123/5"."""

    name = NAME
    traits = Traits(
        text=4096, parts=4, buttons=8, button_text=40, button_bytes=64, caption=1024, edits=True, threads=True,
        silent=True,
        # In any second 30 to all, in any minute 20 to a group; about one a second to a chat, short bursts pass (T9).
        rates=(
            Rate(timedelta(seconds=1 / 25), 5),
            Rate(timedelta(seconds=1.05), 3, each=True),
            Rate(timedelta(seconds=60 / 16), 4, each=True, begins="-"),
        ),
    )  # fmt: skip
    hooks = (HOOK,)

    def __init__(
        self,
        token: str,
        *,
        base_url: str | None = None,
        secret: str | None = None,
        public_url: str | None = None,
        menu: Mapping[str, Mapping[str, str]] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._wire = Wire(token, base_url)
        self._bot_id = _number_in(token)
        self._secrets = secrets_in(secret)  # one is set: Telegram calls us; else we ask
        self._public_url = public_url
        self._menu = menu or {}  # language -> command -> what it does
        self._pace = pace or Pace(self.traits.rates)
        self._bot: str | None = None  # our user name there
        self._moved: dict[str, str] = {}  # groups that have become supergroups
        self._program: Reads | None = None

    def ask(self, program: Reads) -> None:
        """Whom to ask which groups and people there are."""
        self._program = program

    # in -------------------------------------------------------------------------------------------------------------

    async def listen(self, receive: Receive) -> None:
        """Until cancelled: ask for updates, or have Telegram call where a webhook secret is set."""
        await self._introduce()
        if not self._secrets:
            await self._wire.call("deleteWebhook")
            await self._poll(receive)
        elif self._public_url is not None:
            await self._wire.call(
                "setWebhook",
                url=f"{self._public_url.rstrip('/')}{HOOK}",
                secret_token=self._secrets[0],  # what is on its way still carries the old one
                allowed_updates=list(WANTED),
            )
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._wire.close()

    def proves(self, knock: Knock) -> bool:
        """Whether it carries the secret that we gave Telegram; it signs nothing, and repeats are known by their ids."""
        return any_same(knock.headers.get(SECRET_HEADER, ""), self._secrets)

    def read(self, knock: Knock) -> Came:
        """One update."""
        message = inbound(json_object(knock.body), knock.at, self._bot, self._bot_id)
        return Came((message,) if message is not None else ())

    async def stored(self, message: Inbound) -> None:
        """End the waiting circle on a pressed button; a press that is too old by now is none the worse."""
        if message.button is not None:
            await self._wire.call("answerCallbackQuery", callback_query_id=message.message_id.removeprefix(PRESSED))

    async def _poll(self, receive: Receive) -> None:
        """Ask for updates; what is confirmed to Telegram is stored here before (T6)."""
        offset: int | None = None
        while True:
            began = time.monotonic()
            try:
                updates = await self._wire.call(
                    "getUpdates",
                    wait=HELD_OPEN,
                    offset=offset,
                    timeout=HELD_OPEN,
                    limit=100,
                    allowed_updates=list(WANTED),
                )
            except Conflict:
                log.warning("telegram.another_program_polls")
                await asyncio.sleep(AFTER_CONFLICT)
                continue
            for update in updates if isinstance(updates, list) else ():
                await self._take(update, receive)
                offset = _id_of(update, offset)
            await asyncio.sleep(max(0.0, SHORTEST_ROUND - (time.monotonic() - began)) if not updates else 0)

    async def _take(self, update: Any, receive: Receive) -> None:
        now = datetime.now(UTC)
        try:
            message = inbound(update, now, self._bot, self._bot_id)
        except Exception as error:
            log.error("telegram.poison", error=type(error).__name__)  # noqa: TRY400 - its text may hold a message
            message = as_it_came(NAME, HOOK, update, now)
        if message is not None:
            await receive(message)

    async def _introduce(self) -> None:
        """Learn our own name, and give the chat its menu; a server without menus is none the worse for it."""
        self._bot = text_in({"me": await self._wire.call("getMe")}, "me", "username") or None
        for language, commands in self._menu.items():
            menu = [{"command": command, "description": what[:256]} for command, what in commands.items()]
            try:
                await self._wire.call("setMyCommands", commands=menu, language_code=language or None)
            except TelegramError as error:
                log.info("telegram.no_menu", error=type(error).__name__)
                return

    # out ------------------------------------------------------------------------------------------------------------

    async def send(self, message: Outbound) -> Sent:
        """One message, or a change of one that was sent."""
        chat, _, topic = message.to.partition("/")
        now_at = self._moved.get(chat, chat)
        try:
            sent = await self._sent(now_at, topic, message)
        except TelegramError as error:
            new = moved_to(error)
            if new is None:
                as_ours(error)
            self._moved[chat] = now_at = new
            try:
                sent = await self._sent(new, topic, replace(message, replaces=None, thread=None))
            except TelegramError as again:
                as_ours(again)
        return replace(sent, moved_to=f"{now_at}/{topic}" if topic else now_at) if now_at != chat else sent

    async def fetch(self, reference: str) -> bytes:
        """The bytes of a file that somebody sent; Telegram lets a bot have 20 MB."""
        try:
            file = await self._wire.call("getFile", file_id=reference)
            path, size = text_in({"file": file}, "file", "file_path"), at(file, "file_size")
            if not path or (isinstance(size, int) and size > MOST_FILE):
                raise TooLarge("the file is too large for Telegram")
            return await self._wire.file(path)
        except TelegramError as error:
            if "file is too big" in str(error).lower():
                raise TooLarge("the file is too large for Telegram") from None
            as_ours(error)

    async def invitation(self, token: str) -> Invitation:
        """The deep link that opens our chat and brings the token (core.telegram.org/bots/features#deep-linking)."""
        try:
            me = await self._wire.call("getMe")
        except TelegramError as error:
            as_ours(error)
        return Invitation(f"https://t.me/{text_in({'me': me}, 'me', 'username')}?start={token}")

    async def _sent(self, chat: str, topic: str, message: Outbound) -> Sent:
        markup = keyboard([(button.label, button.value) for button in message.buttons])
        if message.replaces is not None:
            id_ = number_of(message.replaces, self._bot_id, chat)
            if id_ is None:
                raise Rejected("it stands in another chat, or another bot has sent it")
            await self._pace.turn(chat)
            try:
                await self._wire.call(
                    "editMessageText",
                    chat_id=chat,
                    message_id=id_,
                    text=message.text,
                    reply_markup=markup,
                    link_preview_options={"is_disabled": True},
                )
            except BadRequest as error:
                if not is_same(error):
                    raise
            return Sent(message.replaces)
        reply = None
        replied = number_of(message.thread, self._bot_id, chat) if message.thread is not None else None
        if replied is not None:
            reply = {"message_id": replied, "allow_sending_without_reply": True}
        await self._pace.turn(chat)
        words: dict[str, Any] = {"text": message.text, "link_preview_options": {"is_disabled": True}}
        if message.picture is not None:
            words = {"caption": message.text, "photo": InputFile(message.picture, "linecall.png")}
        sent = await self._wire.call(
            "sendMessage" if message.picture is None else "sendPhoto",
            chat_id=chat,
            message_thread_id=int(topic) if topic else None,
            reply_markup=markup,
            reply_parameters=reply,
            disable_notification=True if message.quiet else None,
            **words,
        )
        return Sent(id_of(self._bot_id, chat, int(at(sent, "message_id"))))

    # how it is ------------------------------------------------------------------------------------------------------

    async def examine(self) -> tuple[Finding, ...]:
        """Token, webhook against polling, groups, menu, people: what `linecall doctor` says."""
        program, wanted = self._program, f"{self._public_url.rstrip('/')}{HOOK}" if self._public_url else None
        return await examined(
            self._wire,
            wanted,
            secrets=len(self._secrets),
            places=program.places(NAME) if program is not None else (),
            people=program.people(NAME) if program is not None else (),
        )


def _number_in(token: str) -> str:
    """Our number at Telegram, with which each token begins; "" for the token of a server that gives others."""
    number, colon, _ = token.partition(":")
    return number if colon and number.isascii() and number.isdecimal() else ""


def _id_of(update: Any, offset: int | None) -> int | None:
    """The next offset: behind this update, so that Telegram forgets it."""
    id_ = at(update, "update_id")
    return id_ + 1 if isinstance(id_, int) and not isinstance(id_, bool) else offset
