"""A picture in a message of ours: put at Slack first, then shown in the message, so that its key finds them both.

Slack opens a file in its own time and refuses a message that shows one too early (docs.slack.dev, slack_file); what is
not ready soon is left out, since the words beside it say the same.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from integrations.chat.gate import text_in
from integrations.chat.slack_wire import Wire, reason
from workflow.errors import TryLater

log = structlog.get_logger()

READY_WITHIN = 4.0  # seconds; a send has twelve in all
LOOKS_EVERY = 0.4  # seconds
NAME = "linecall.png"


async def put(wire: Wire, picture: bytes) -> str | None:
    """The id of a picture that is at Slack now, seen by nobody yet; None where Slack does not take it or is slow."""
    try:
        begun = await wire.call("files.getUploadURLExternal", filename=NAME, length=len(picture))
        file = text_in(begun, "file_id")
        await wire.upload(text_in(begun, "upload_url"), picture)
        await wire.call("files.completeUploadExternal", files=[{"id": file, "title": NAME}])
        async with asyncio.timeout(READY_WITHIN):
            while not text_in(await wire.call("files.info", file=file), "file", "mimetype"):
                await asyncio.sleep(LOOKS_EVERY)
    except Exception as error:
        log.warning("slack.no_picture", error=type(error).__name__, said=reason(error)[:60])
        return None
    return file


def block(file: str, words: str) -> dict[str, Any]:
    """It as a block of a message; `words` for whoever cannot see it."""
    return {"type": "image", "block_id": "picture", "slack_file": {"id": file}, "alt_text": words[:2000]}


def not_ready(error: BaseException) -> bool:
    """Whether a message was refused for its blocks: then it goes without its picture."""
    return not isinstance(error, TryLater) and reason(error) == "invalid_blocks"
