"""Printed text on a picture, line by line, with models that come in the package: no network, no download."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_SIDE = 1600  # pixels: an A4 sheet at 140 dpi; more costs time and memory and reads no better
SURE = 0.6  # a line that is read with less is rather a smudge
MOST_LINES = 200
THREADS = 2


def lines_on(picture: Image) -> tuple[str, ...]:
    """The lines of text, as far as they could be read."""
    smaller = picture.convert("RGB")
    smaller.thumbnail((LONG_SIDE, LONG_SIDE))
    found = _reader()(smaller, text_score=SURE)
    return tuple(text.strip() for text in (found.txts or ()) if text.strip())[:MOST_LINES]


@cache
def _reader() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": THREADS})
