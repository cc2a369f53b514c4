"""The exceptions behind the last number that somebody was told, ten at a time: the answer to "list" (R57)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.answers import lists
from bot.answers.behind import listing_of, numbers
from bot.reach import several
from db import cases, outbox
from workflow.case import Notice

if TYPE_CHECKING:
    from bot.desk import Desk

AT_ONCE = 10
REMEMBERED = timedelta(hours=8)  # of this shift
LOOKED_AT = 50  # notices


def listed(desk: Desk) -> Notice:
    """The notice that lists them; said again, it goes on where it ended, and after the last from the beginning."""
    me = desk.me.id
    to = [me, *([several(desk.where.channel, desk.where.conversation)] if desk.where is not None else [])]
    told = outbox.told_last(desk.tx, to, desk.world.now - REMEMBERED, LOOKED_AT)
    last = next((one for one in told if "listing" in one.facts), None)
    if last is None:
        return Notice(me, "answer.no_list")
    behind: dict[str, Any] = last.facts["listing"]
    found = numbers(desk.tx, listing_of(behind["query"]), desk.me, desk.world)
    first = behind.get("from") or 0
    shown = found[first : first + AT_ONCE] or found[:AT_ONCE]
    first = first if first < len(found) else 0
    known = {case.number: case for case in cases.of(desk.tx, shown)}
    items = [lists.item(known[number], desk.world) for number in shown if number in known]
    over = first + len(shown) >= len(found)
    part = {} if len(shown) == len(found) else {"first_n": first + 1, "last_n": first + len(shown)}
    leads = {"query": behind["query"], "named": True, "from": None if over else first + AT_ONCE}
    return Notice(me, "answer.list", {"exceptions": len(found), "items": items, "listing": leads, **part})
