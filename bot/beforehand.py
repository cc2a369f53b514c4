"""What is asked of others before the transaction of a message begins: other plants, a model for a summary."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot import summing_up
from bot.answers.elsewhere import asked_of_several
from bot.incoming import Incoming
from workflow.reading import Reading

if TYPE_CHECKING:
    from bot.app import App


def asked_of_others(app: App, incoming: Incoming, reading: Reading, before: Incoming | None) -> Incoming:
    """The message with what others say to it; `before` is the same message, taken up again: nobody is asked twice."""
    if before is not None:
        return replace(incoming, elsewhere=before.elsewhere, summed=before.summed)
    elsewhere = asked_of_several(app, incoming.message, incoming.person)
    summed = summing_up.beforehand(app, incoming, reading) if elsewhere is None else None
    return replace(incoming, elsewhere=elsewhere, summed=summed)
