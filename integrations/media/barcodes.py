"""Barcodes and QR codes on a picture: the surest thing that a label or a traveller says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_SIDE = 2400  # pixels; a code that fills a tenth of a phone's photo still has enough of them
MOST_CODES = 20


def codes_on(picture: Image) -> tuple[str, ...]:
    """What the codes of a picture carry, as text, each once."""
    import zxingcpp

    smaller = picture.convert("L")
    smaller.thumbnail((LONG_SIDE, LONG_SIDE))
    found = (code.text.strip() for code in zxingcpp.read_barcodes(smaller) if code.valid)
    return tuple(dict.fromkeys(text for text in found if text))[:MOST_CODES]
