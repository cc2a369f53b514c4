"""What was so before a correction and what is so now, each side in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.wording import Voice


def difference(before: Mapping[str, Any], after: Mapping[str, Any], voice: Voice) -> tuple[str, str]:
    """What was linked wrong and what is right; what both have alike is not said again."""
    place = ("assets", "line")
    moved = any(before.get(name) != after.get(name) for name in place)
    changed = {n for n in ("work_orders", "lots", "items") if before.get(n) != after.get(n)}
    changed |= {*place} if moved else set()
    old, new = ({name: value for name, value in side.items() if name in changed} for side in (before, after))
    return _told_of(old, before, voice), _told_of(new, after, voice)


def _told_of(linked: Mapping[str, Any], side: Mapping[str, Any], voice: Voice) -> str:
    """Links, how it ended, and what becomes of an order, where that is what differs."""
    parts = [links(linked, voice)]
    if side.get("quantity") is not None:
        parts.append(voice.quantity(side["quantity"]))
    if side.get("due") is not None:
        parts.append(voice.due(side["due"]))
    if side.get("status") is not None:
        parts.append(voice.say(f"status.{side['status']}"))
    if side.get("minutes") is not None:
        parts.append(voice.minutes(side["minutes"]))
    if side.get("scrap") is not None:
        parts.append(f"{voice.quantity(side['scrap'])} {voice.say('kind.scrap')}")
    return ", ".join(part for part in parts if part)


def links(value: Any, voice: Voice) -> str:
    """Place, ids and items in a row."""
    items = (voice.item(i) for i in value.get("items") or ())
    ids = (*(value.get("work_orders") or ()), *(value.get("lots") or ()), *items)
    return ", ".join(part for part in (voice.place(value), *ids) if part)
