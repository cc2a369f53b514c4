"""Whom a message in the chat of a function asks: what everybody reads nobody takes for theirs unless named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.reach import Way, all_ways, way_to_several

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from workflow.case import Case

ASKS = frozenset({"card", "call"})  # the card of an exception, and what rings under it


def called(app: App, tx: Connection, name: str, to: str, case: Case | None) -> tuple[str, ...]:
    """The addresses, in that chat, of those whose answer is waited for there; nobody where nothing is asked.

    `to` is the chat as the recipient of a notice. Only who was asked and has not answered is called: whoever took it
    or passed it on is left alone (R37).
    """
    way = way_to_several(to)
    chat = app.plant.chat_at.get(way) if way is not None else None
    if way is None or chat is None or case is None or not case.is_open or name not in ASKS:
        return ()
    waiting = [t for t in case.tasks if t.waits_for_acknowledgement and (not chat.roles or t.role in chat.roles)]
    asked = dict.fromkeys(p for t in waiting for p in (t.owner, *t.told) if p is not None and p not in t.declined)
    people = [app.plant.person[one] for one in asked if one in app.plant.person]
    theirs: list[Way] = [one for person in people for one in all_ways(app, tx, person) if one.channel == way.channel]
    return tuple(dict.fromkeys(one.address for one in theirs))
