"""What a file that somebody sent really is, told by its bytes and never by its name; only the picture itself is kept.

Nothing is decoded here: the size of a picture is read from its header, so that one which would fill the memory is
refused before anybody opens it. Where a photo was taken, with which phone and by whom is dropped, and so is all that
was put behind the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from integrations.media.still_pictures import jpeg, png, webp

Kind = Literal["photo", "voice", "document"]
Why = Literal["empty", "too_large", "unknown", "heic", "broken", "too_many_pixels", "moving"]

MOST_BYTES = 12 * 1024 * 1024  # of one file: a phone's photo has 3 to 8 MB, a voice note of ten minutes 2 to 10
MOST_PIXELS = 64_000_000  # 50,000 x 50,000 in a few bytes of PNG would be 7 GB
MOST_SIDE = 30_000

ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "audio/ogg": "ogg",
    "audio/webm": "webm",
    "audio/mp4": "m4a",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/amr": "amr",
}
_STILL = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})
_SOUND = frozenset({b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"3gp4", b"3gp5"})


class NotTaken(Exception):
    """A file that is not kept; `why` is the name of the reason, for the words."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it is kept: named by its content, so that no name from outside ever reaches the disk."""

    data: bytes
    mime: str
    kind: Kind

    @property
    def name(self) -> str:
        """`<hash>.<ending>`."""
        return f"{sha256(self.data).hexdigest()}.{ENDINGS[self.mime]}"


def taken(data: bytes) -> Kept:
    """The file with nothing but its picture or sound in it; raises NotTaken."""
    if not data:
        raise NotTaken("empty")
    if len(data) > MOST_BYTES:
        raise NotTaken("too_large")
    mime = sniffed(data)
    if mime.startswith("image/"):
        return Kept(_picture(data, mime), mime, "photo")
    return Kept(data, mime, "document" if mime == "application/pdf" else "voice")


def sniffed(data: bytes) -> str:
    """The type of a file by its first bytes; raises NotTaken for everything that we do not take."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"RIFF") and data[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if data[8:12] == b"WEBP" else "audio/wav"
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith(b"OggS"):
        return "audio/ogg"
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "audio/webm"
    if data[4:8] == b"ftyp":
        if data[8:12] in _STILL:
            raise NotTaken("heic")
        if data[8:12] in _SOUND:
            return "audio/mp4"
    if data.startswith(b"#!AMR"):
        return "audio/amr"
    if data.startswith(b"ID3") or (data[0] == 0xFF and data[1:2] in (b"\xfb", b"\xf3", b"\xf2")):
        return "audio/mpeg"
    raise NotTaken("unknown")


def _picture(data: bytes, mime: str) -> bytes:
    strip = {"image/jpeg": jpeg, "image/png": png, "image/webp": webp}[mime]
    try:
        still = strip(data)
    except (ValueError, IndexError) as error:
        raise NotTaken("moving" if str(error) == "moving" else "broken") from error
    if max(still.width, still.height) > MOST_SIDE or still.width * still.height > MOST_PIXELS:
        raise NotTaken("too_many_pixels")
    return still.data
