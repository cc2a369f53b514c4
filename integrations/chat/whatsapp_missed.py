"""What Twilio did not bring, with the time at which it had it: it calls once, then its fallback, and then no more (W3).

Its webhooks do not say when something was written, so one that comes hours late would look new. What was looked up
before it has the true time, and the late one is a repeat by its MessageSid (R23).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from integrations.chat.gate import Unreadable
from integrations.chat.missed import LOOKS_BACK, OVERLAP, Looking
from integrations.chat.whatsapp_webhooks import MOST_MEDIA, NAME, inbound
from integrations.chat.whatsapp_wire import Wire
from workflow.ports import Receive

log = structlog.get_logger()

LEFT_TO_TWILIO = timedelta(seconds=60)  # webhook and fallback have 15 s each, and bring more: buttons, places, replies
MOST, PAGE = 2000, 500  # messages of one look, and of one answer; Twilio gives 1000 at most


class Missed(Looking):
    """Looks at what people wrote to our number, as Twilio keeps it."""

    channel = NAME

    def __init__(self, wire: Wire, sender: str) -> None:
        super().__init__()
        self._wire, self._sender = wire, sender
        self._since: datetime | None = None

    async def look(self, receive: Receive, now: datetime | None = None) -> None:
        """Everything since the last look that is old enough for Twilio to have given up; oldest first."""
        now = now or datetime.now(UTC)
        since = self._since or now - timedelta(seconds=LOOKS_BACK)
        found: list[tuple[datetime, Any]] = []
        # Twilio takes a day and no time here, and begins with the newest.
        day = f"{since:%Y-%m-%d}"
        async for one in await self._wire.twilio.messages.stream_async(
            to=self._sender, date_sent_after=day, limit=MOST, page_size=PAGE
        ):
            if one.direction != "inbound" or one.date_created is None:
                continue
            at = one.date_created.astimezone(UTC)
            if at < since:
                break
            if at <= now - LEFT_TO_TWILIO:
                found.append((at, one))
        for at, one in sorted(found, key=lambda pair: pair[0]):
            try:
                said = inbound({**_fields(one), **await self._files(one)}, at)
            except Unreadable:
                log.info("whatsapp.history_not_read")
                continue
            await receive(said)
        self._since = now - LEFT_TO_TWILIO - timedelta(seconds=OVERLAP)

    async def _files(self, one: Any) -> Mapping[str, str]:
        """The fields of a webhook that name its files."""
        if one.num_media in (None, "", "0", 0):
            return {}
        media = await self._wire.twilio.messages(one.sid).media.list_async(limit=MOST_MEDIA)
        fields = {"NumMedia": str(len(media))}
        where = f"https://api.twilio.com/2010-04-01/Accounts/{one.account_sid}/Messages/{one.sid}/Media"
        for n, file in enumerate(media):
            fields |= {f"MediaUrl{n}": f"{where}/{file.sid}", f"MediaContentType{n}": file.content_type}
        return fields


def _fields(one: Any) -> dict[str, str]:
    return {
        "From": one.from_ or "",
        "MessageSid": one.sid or "",
        "AccountSid": one.account_sid or "",
        "Body": one.body or "",
    }
