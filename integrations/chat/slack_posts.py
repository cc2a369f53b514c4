"""What we post in Slack: once, in the thread where it belongs, and to one person alone where it concerns nobody else.

Slack has no idempotent post (S13): every message carries our key as metadata, and a repeat looks for it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from integrations.chat import slack_blocks as blocks
from integrations.chat import slack_pictures as pictures
from integrations.chat.gate import text_in
from integrations.chat.pace import Pace
from integrations.chat.slack_events import id_of, root_of
from integrations.chat.slack_wire import Wire, as_ours
from workflow.errors import TryLater
from workflow.messages import Outbound, Sent

LOOKS_BACK = 24 * 3600  # seconds in which an earlier attempt is looked for
MOST_PAGES = 5
NOTICE = "linecall_notice"  # the type of the metadata that every message of ours carries


class Posts:
    """Posting under one token, at the pace that Slack allows."""

    def __init__(self, wire: Wire, pace: Pace) -> None:
        self._wire, self._pace = wire, pace
        self._direct: dict[str, str] = {}  # user id -> our conversation with them

    async def post(self, message: Outbound) -> Sent:
        """Post, change, or find what an earlier attempt has posted; raises the errors of the SDK."""
        named = (message.asker,) if message.asker is not None else blocks.people(message.calls)
        shown: dict[str, Any] = {
            "text": blocks.notification(message.text, named),
            "blocks": blocks.message(message.text, message.buttons, named),
        }
        if message.replaces is not None:
            channel, ts, *_ = message.replaces.split(":")
            await self._pace.turn(channel)
            await self._wire.call("chat.update", channel=channel, ts=ts, **shown)
            return Sent(message.replaces)
        channel = await self._conversation(message.to)
        thread = None
        if message.thread is not None and message.thread.startswith(f"{channel}:"):
            thread = root_of(message.thread)[1]
        alone = None if message.buttons or message.case or message.picture else message.asker
        if alone is not None:
            return await self._whispered(channel, thread, alone, message)
        if message.repeat and message.key:
            earlier = await self._earlier(channel, thread, message.key)
            if earlier is not None:
                return earlier
        await self._pace.turn(channel)
        values: dict[str, Any] = {
            "channel": channel,
            "thread_ts": thread,
            "reply_broadcast": True if thread is not None and _must_be_seen(message, channel) else None,
            "metadata": {"event_type": NOTICE, "event_payload": {"key": message.key}} if message.key else None,
            "unfurl_links": False,
            "unfurl_media": False,
            **shown,
        }
        sent = await self._with_picture(message, values) or await self._wire.call("chat.postMessage", **values)
        return Sent(id_of(text_in(sent, "channel") or channel, text_in(sent, "ts"), thread))

    async def _with_picture(self, message: Outbound, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Post it with its picture; None where it has none, or Slack does not show it: then the words alone go."""
        file = await pictures.put(self._wire, message.picture) if message.picture is not None else None
        if file is None:
            return None
        words = values["blocks"]
        shown = {**values, "blocks": [words[0], pictures.block(file, message.text), *words[1:]]}
        try:
            return await self._wire.call("chat.postMessage", **shown)
        except Exception as error:
            if pictures.not_ready(error):
                return None
            raise

    async def _whispered(self, channel: str, thread: str | None, to: str, message: Outbound) -> Sent:
        """What concerns nobody but whoever asked, shown to them alone; it is gone when they reload, as Slack does it.

        Slack keeps no trace of it that could be looked for, so after a lost answer they may be shown it twice: that
        is better than once to everybody.
        """
        await self._pace.turn(channel)
        shown = {"text": blocks.notification(message.text), "blocks": blocks.message(message.text, ())}
        in_thread = thread if message.thread is not None and message.thread.count(":") > 1 else None
        sent = await self._wire.call("chat.postEphemeral", channel=channel, user=to, thread_ts=in_thread, **shown)
        return Sent(id_of(channel, text_in(sent, "message_ts"), in_thread))

    async def _conversation(self, to: str) -> str:
        """Where an address is spoken to: a channel is one, a person has one with us."""
        if to.startswith(("C", "G", "D")):
            return to
        if to not in self._direct:
            opened = await self._wire.call("conversations.open", users=to)
            self._direct[to] = text_in(opened, "channel", "id")
        return self._direct[to]

    async def _earlier(self, channel: str, thread: str | None, key: str) -> Sent | None:
        """The message of an earlier attempt, by the key that its metadata carries; None where there is none."""
        method = "conversations.history" if thread is None else "conversations.replies"
        since = f"{datetime.now(UTC).timestamp() - LOOKS_BACK:.6f}"
        cursor: str | None = None
        try:
            for _ in range(MOST_PAGES):
                page = await self._wire.call(
                    method,
                    channel=channel,
                    ts=thread,
                    oldest=since,
                    limit=200,
                    cursor=cursor,
                    include_all_metadata=True,
                )
                for one in page.get("messages") or ():
                    if text_in(one, "metadata", "event_payload", "key") == key:
                        return Sent(id_of(channel, text_in(one, "ts"), thread))
                cursor = text_in(page, "response_metadata", "next_cursor") or None
                if cursor is None:
                    break
        except Exception as error:
            with suppress(TryLater):
                as_ours(error)
            raise TryLater("Slack does not say whether it has arrived", outcome_unknown=True) from None
        return None


def _must_be_seen(message: Outbound, channel: str) -> bool:
    """Whether a reply in a thread appears in the conversation too: a thread is easily missed by who has to act."""
    if message.quiet or message.asker is not None:
        return False
    return bool(message.buttons) or not channel.startswith("D")
