"""One message's parts over one chat, in order and at that chat's pace."""

from __future__ import annotations

import asyncio

from workflow.errors import NotYet, TryLater
from workflow.messages import Outbound, Sent
from workflow.ports import Channel

SEND_WITHIN = 12.0  # seconds for one message; a notice of several parts has to end before its lease does


async def send_parts(channel: Channel, parts: tuple[Outbound, ...]) -> tuple[Sent, ...]:
    """Send every part; raises what the chat raises, and TryLater with an unknown outcome once a part has arrived."""
    sent: list[Sent] = []
    for part in parts:
        try:
            sent.append(await asyncio.wait_for(_at_its_pace(channel, part, first=not sent), SEND_WITHIN))
        except TimeoutError:
            raise TryLater("no answer in time", outcome_unknown=True) from None
        except TryLater as later:
            if sent:  # the first parts have arrived
                raise TryLater(later.why, later.after, outcome_unknown=True) from later
            raise
    return tuple(sent)


async def _at_its_pace(channel: Channel, part: Outbound, *, first: bool) -> Sent:
    """Send one part; whoever has begun to tell something waits for the turn of the rest."""
    while True:
        try:
            return await channel.send(part)
        except NotYet as later:
            if first:
                raise
            await asyncio.sleep(later.after.total_seconds() if later.after else 1.0)
