"""The process that opens foreign pictures: apart from everything else, with little memory, no files and no secrets.

It is started by `integrations/media/eyes.py`. A request is one line of JSON and the bytes of a file; the answer is
one line of JSON. What it cannot open it says; whatever goes wrong beyond that ends this process and nothing else.
"""

from __future__ import annotations

import io
import json
import os
import resource
import select
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 64_000_000
MOST_PAGES = 3  # of a scanned form
PAGE_SIDE = 2400  # pixels of a page's longer side
IDLE_SECONDS = 300
LONGEST_TEXT = 2000  # characters of one code or line


def main(memory: int) -> None:
    """Answer requests until the other side closes, or has asked nothing for long: the models hold much memory."""
    requests, answers = _apart()
    _bound(memory)
    while select.select([requests], [], [], IDLE_SECONDS)[0] and (line := requests.readline()):
        asked = json.loads(line)
        data = requests.read(asked["bytes"])
        try:
            found = _look(data, asked["mime"], asked["want"])
            said: dict[str, object] = {"found": [text[:LONGEST_TEXT] for text in found]}
        except MemoryError:
            raise
        except Exception as error:
            said = {"unreadable": type(error).__name__}
        answers.write(json.dumps(said).encode() + b"\n")
        answers.flush()


def _apart() -> tuple[BinaryIO, BinaryIO]:
    """Our two pipes; what libraries print goes nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return requests, answers


def _bound(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)  # the desk comes first


def _look(data: bytes, mime: str, want: str) -> tuple[str, ...]:
    from integrations.media.barcodes import codes_on
    from integrations.media.printed_text import lines_on

    on = codes_on if want == "codes" else lines_on
    return tuple(text for picture in _pictures(data, mime) for text in on(picture))


def _pictures(data: bytes, mime: str) -> Iterator[Image]:
    if mime == "application/pdf":
        yield from _pages(data)
        return
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(data), formats=[mime.partition("/")[2].upper()]) as picture:
            picture.draft("RGB", (PAGE_SIDE, PAGE_SIDE))  # a large JPEG is opened at a half or a quarter at once
            picture.load()
            flat = picture.convert("RGBA") if picture.has_transparency_data else picture.convert("RGB")
    if flat.mode == "RGBA":
        paper = Image.new("RGB", flat.size, "white")
        paper.paste(flat, mask=flat.getchannel("A"))
        flat = paper
    yield ImageOps.exif_transpose(flat)


def _pages(data: bytes) -> Iterator[Image]:
    import pypdfium2

    with pypdfium2.PdfDocument(data) as document:
        for number in range(min(len(document), MOST_PAGES)):
            page = document[number]
            scale = min(PAGE_SIDE / max(*page.get_size(), 1), 4)
            yield page.render(scale=scale).to_pil()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, BrokenPipeError):
        main(int(sys.argv[1]))
