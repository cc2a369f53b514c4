"""The built-in chat: what a person is told is read from the transcript by the page, so nothing has to be sent."""

from __future__ import annotations

import asyncio
import uuid

from integrations.media.shelf import Shelf
from workflow.errors import Rejected
from workflow.messages import Outbound, Sent
from workflow.ports import Receive, Traits


class WebChannel:
    """Messages come in through `/api/messages`; going out they are accepted here and stored by the outbox."""

    name = "web"
    traits = Traits(text=4096, buttons=8, button_text=40)

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf

    async def listen(self, receive: Receive) -> None:  # noqa: ARG002 - the web door receives
        """Wait until cancelled: the web door hands messages in."""
        await asyncio.Event().wait()

    async def send(self, message: Outbound) -> Sent:  # noqa: ARG002 - the transcript is the delivery
        """Accept; the page shows the transcript."""
        return Sent(uuid.uuid4().hex)

    async def fetch(self, reference: str) -> bytes:
        """A file that the web door has put on the shelf."""
        if self._shelf is None:
            raise Rejected("this channel has no files")
        return await asyncio.to_thread(self._shelf.get, reference)
