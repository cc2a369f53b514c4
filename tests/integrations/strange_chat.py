"""A chat of nobody's make, for what holds in every foreign chat: it keeps what arrived and fails on request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from integrations.chat.gate import Unreadable, json_object, same, text_in
from workflow.messages import Inbound, Outbound, Sent
from workflow.ports import Came, Finding, Knock, Receive, Traits

SECRET = "correct-horse-battery"


@dataclass
class StrangeChat:
    """A chat named `telegram`, so that the people of Riverside have addresses in it."""

    name: str = "telegram"
    traits: Traits = field(
        default_factory=lambda: Traits(text=300, parts=10, buttons=4, button_text=20, button_bytes=64, threads=True)
    )
    hooks: tuple[str, ...] = ("/hooks/telegram",)
    arrived: list[Outbound] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)  # what the next sends raise, in this order
    dead: dict[str, Exception] = field(default_factory=dict)  # what every send to an address raises
    acknowledged: list[str] = field(default_factory=list)

    async def listen(self, receive: Receive) -> None:
        await asyncio.Event().wait()

    async def send(self, message: Outbound) -> Sent:
        if message.to in self.dead:
            raise self.dead[message.to]
        if self.fails:
            raise self.fails.pop(0)
        self.arrived.append(message)
        return Sent(f"{message.to}:{len(self.arrived)}")

    async def stored(self, message: Inbound) -> None:
        self.acknowledged.append(message.message_id)

    async def examine(self) -> tuple[Finding, ...]:
        return (Finding("token", "valid"),)

    def proves(self, knock: Knock) -> bool:
        return same(knock.headers.get("x-secret", ""), SECRET)

    def read(self, knock: Knock) -> Came:
        found = json_object(knock.body)
        if "text" not in found:
            raise Unreadable("no text")
        sender = text_in(found, "from")
        id_, text, button = text_in(found, "id"), text_in(found, "text"), text_in(found, "button") or None
        return Came((Inbound(self.name, id_, sender, sender, knock.at, text, button=button),))

    def to(self, address: str) -> list[Outbound]:
        """What arrived at an address."""
        return [message for message in self.arrived if message.to == address]
