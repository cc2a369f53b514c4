"""What `linecall doctor` says of a chat, asked as the command asks it."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import Mock

from workflow.ports import Finding


def examined(channel: Any, *, places: tuple[str, ...] = (), **people: str) -> dict[str, Finding]:
    """Its findings by name, in a plant with these places, and these people at these addresses."""
    channel.ask(Mock(places=lambda _: places, people=lambda _: tuple(people.items())))

    async def look() -> tuple[Finding, ...]:
        try:
            return tuple(await channel.examine())
        finally:
            if hasattr(channel, "close"):
                await channel.close()

    return {one.what: one for one in asyncio.run(look())}
