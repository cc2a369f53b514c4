"""A text that is longer than one message of a chat becomes several, cut where a reader would take a breath.

No cut falls into a number, a lot, a quantity or a word: "120 kg" and "10482" stay whole.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.messages import Button, Outbound
    from workflow.ports import Traits

_ENDS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?。।…])[\"”’)]?\s+"),
    re.compile(r"(?<=[,;:])\s+(?!\d)"),
)
_SPACE = re.compile(r"\s+")


def length(text: str) -> int:
    """As platforms count: in UTF-16 units, so an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(text: str, most: int) -> tuple[str, ...]:
    """The text in messages of at most `most` UTF-16 units each; nothing is left out but space at the cuts."""
    parts: list[str] = []
    rest = text.strip()
    while length(rest) > most:
        at = _cut_before(rest, _reach(rest, most))
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return (*parts, rest) if rest else tuple(parts)


def _reach(text: str, most: int) -> int:
    """How many characters of the text fit."""
    units = 0
    for n, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1
        if units > most:
            return n
    return len(text)


def _cut_before(text: str, reach: int) -> int:
    """The best place among the first `reach` characters: the end of a paragraph, a line, a sentence, a word."""
    for end in _ENDS:
        found = [m.end() for m in end.finditer(text, 0, reach + 1) if m.start() <= reach and m.end() <= reach + 1]
        if found and found[-1] >= reach // 4:
            return found[-1]
    spaces = [m for m in _SPACE.finditer(text, 0, reach + 1) if m.start() > 0]
    between_words = [m.end() for m in spaces if not _holds_together(text, m)]
    if between_words:
        return between_words[-1]
    if spaces:
        return spaces[-1].end()
    return _whole_character(text, reach)


def _holds_together(text: str, gap: re.Match[str]) -> bool:
    """Whether a number stands on either side of a gap: what belongs to it may be on the other."""
    before = text[: gap.start()].rpartition(" ")[2]
    after = re.match(r"\S*", text[gap.end() :])
    return any(c.isdigit() for c in before) or (after is not None and any(c.isdigit() for c in after[0]))


def _whole_character(text: str, reach: int) -> int:
    """Not before an accent or inside a joined emoji, where one long word has to be cut."""
    at = max(1, reach)
    while at > max(1, reach - 16) and (
        unicodedata.combining(text[at]) or text[at] in "\u200d\ufe0f" or text[at - 1] == "\u200d"
    ):
        at -= 1
    return at


def parts(whole: Outbound, buttons: tuple[Button, ...], traits: Traits) -> tuple[Outbound, ...]:
    """One message, or several: a picture with the first, the buttons under the last."""
    picture = whole.picture if traits.caption else None
    texts = split(whole.text, traits.text) or (whole.text,)
    if picture is not None and length(texts[0]) > traits.caption:
        beside = split(whole.text, traits.caption)[0]
        texts = (beside, *split(whole.text.strip().removeprefix(beside), traits.text))
    several = [replace(whole, text=text, picture=None, key=f"{whole.key}:{n}") for n, text in enumerate(texts)]
    several[0] = replace(several[0], picture=picture)
    return (*several[:-1], replace(several[-1], buttons=buttons))
