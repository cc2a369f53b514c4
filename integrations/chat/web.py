"""The built-in chat: what a person is told is read from the transcript by the page, so nothing has to be sent."""

from __future__ import annotations

import asyncio
import uuid

from workflow.messages import Outbound, Sent
from workflow.ports import Receive, Traits


class WebChannel:
    """Messages come in through `/api/messages`; going out they are accepted here and stored by the outbox."""

    name = "web"
    traits = Traits(text=4096, buttons=8, button_text=40)

    async def listen(self, receive: Receive) -> None:  # noqa: ARG002 - the web door receives
        """Wait until cancelled: the web door hands messages in."""
        await asyncio.Event().wait()

    async def send(self, message: Outbound) -> Sent:  # noqa: ARG002 - the transcript is the delivery
        """Accept; the page shows the transcript."""
        return Sent(uuid.uuid4().hex)
