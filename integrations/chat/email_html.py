"""HTML becomes words in one pass, whatever its sender made of it.

The standard library's parser takes seconds for a few kilobytes of `<a b="` on the Python that is supported here, and
mails come from strangers. Each step looks at each character a fixed number of times.
"""

from __future__ import annotations

import re
from html import unescape

_TAG = re.compile(r"<(?:(/?)([a-z][a-z0-9]{0,15})\b|[!?/])[^<>]*+>", re.IGNORECASE | re.ASCII)
_ENDLESS = re.compile(r"&#\w{9,};?")  # no character has such a number, and Python refuses to read the longest
_BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3"})
_SILENT = frozenset({"script", "style", "head", "title", "blockquote"})


def words_of(html: str) -> str:
    """The text of a page, line by line, without what it quotes."""
    kept: list[str] = []
    hidden, depth, at = "", 0, 0
    shown = _without_comments(html)
    for tag in _TAG.finditer(shown):
        if not hidden:
            kept.append(_plain(shown[at : tag.start()]))
        at = tag.end()
        name, closes = (tag[2] or "").lower(), bool(tag[1])
        if hidden == name:
            depth += -1 if closes else int(name == "blockquote")  # the others hold none of their own
            hidden = name if depth else ""
        elif hidden in ("head", "title") and name == "body":
            hidden = ""
        elif not hidden and not closes and name in _SILENT:
            hidden, depth = name, 1
        if not hidden and name in _BREAKS:
            kept.append("\n")
    if not hidden:
        kept.append(_plain(shown[at:]))
    return "\n".join(line.strip() for line in "".join(kept).split("\n")).strip()


def _plain(piece: str) -> str:
    return re.sub(r"\s+", " ", unescape(_ENDLESS.sub("", piece)))


def _without_comments(html: str) -> str:
    first, *others = html.split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)
