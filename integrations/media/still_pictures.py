"""JPEG, PNG and WebP taken apart without decoding them: their size, and the bytes that are the picture and no more."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MOST_SCANS = 64  # of a progressive JPEG: each is one more pass over the whole picture

_SOF = frozenset({0xC0, 0xC1, 0xC2})  # what cameras and browsers write; the rest no decoder at hand reads
_TABLES = frozenset({0xC4, 0xDB, 0xDD})
_NEXT_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])", re.DOTALL)  # neither a stuffed zero nor a restart
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"IDAT", b"IEND"})


@dataclass(frozen=True, slots=True)
class Still:
    """A picture that does not move, and its size as its header states it."""

    data: bytes
    width: int
    height: int


def jpeg(data: bytes) -> Still:
    """A JPEG with its tables and scans alone, and which way up it is; raises ValueError for a broken one."""
    kept = [b"\xff\xd8"]
    size: tuple[int, int] | None = None
    upright = 1
    at, scans = 2, 0
    while True:
        if data[at] != 0xFF:
            raise ValueError("no marker")
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == 0xD9:
            break
        length = int.from_bytes(data[at : at + 2], "big")
        segment = data[at : at + length]
        if length < 2 or len(segment) != length:
            raise ValueError("cut off")
        whole = bytes((0xFF, marker)) + segment
        at += length
        if marker in _SOF:
            if size is not None:
                raise ValueError("two pictures in one")
            size = int.from_bytes(segment[5:7], "big"), int.from_bytes(segment[3:5], "big")
            kept.append(whole)
        elif marker == 0xDA:
            scans += 1
            follows = _NEXT_MARKER.search(data, at)
            if follows is None or size is None or scans > MOST_SCANS:
                raise ValueError("cut off")
            kept.append(whole + data[at : follows.start()])
            at = follows.start()
        elif marker in _TABLES:
            kept.append(whole)
        elif marker == 0xE1 and segment[2:8] == b"Exif\0\0":
            upright = _orientation(segment[8:])
        elif marker == 0xEE and segment[2:7] == b"Adobe":
            kept.append(whole[:16])  # how its colours are meant
        elif not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            raise ValueError("not a picture of a camera")
    if size is None or not scans or 0 in size:
        raise ValueError("no picture in it")
    if upright != 1:
        kept.insert(1, _only_orientation(upright))
    return Still(b"".join((*kept, b"\xff\xd9")), *size)


def png(data: bytes) -> Still:
    """A PNG with the chunks that are the picture; raises ValueError for a broken one."""
    kept = [data[:8]]
    size: tuple[int, int] | None = None
    pixels = False
    for name, body, whole in _png_chunks(data):
        if (name == b"IHDR") != (size is None):
            raise ValueError("the header is not where it belongs")
        if name == b"IHDR":
            if len(body) != 13:
                raise ValueError("no header")
            size = struct.unpack(">II", body[:8])
        pixels |= name == b"IDAT"
        if name in _PNG_KEPT:
            kept.append(whole)
        elif name[:1].isupper():
            raise ValueError("a part that nobody knows")
        if name == b"IEND":
            break
    else:
        raise ValueError("cut off")
    if size is None or 0 in size or not pixels:
        raise ValueError("no picture in it")
    return Still(b"".join(kept), *size)


def webp(data: bytes) -> Still:
    """A WebP with its picture alone; raises ValueError for a broken one, "moving" for an animation."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise ValueError("cut off")
    kept: list[bytes] = []
    sizes: list[tuple[int, int]] = []
    at = 12
    while at + 8 <= end:
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + length]
        if len(body) != length:
            raise ValueError("cut off")
        at += 8 + length + length % 2
        if name in (b"ANIM", b"ANMF"):
            raise ValueError("moving")
        if name == b"VP8X":
            sizes.append((1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")))
            body = bytes((body[0] & 0x10,)) + body[1:10]  # says that it may be see-through, and nothing else
        elif name == b"VP8 ":
            if body[3:6] != b"\x9d\x01\x2a":
                raise ValueError("no picture in it")
            wide, high = struct.unpack("<HH", body[6:10])
            sizes.append((wide & 0x3FFF, high & 0x3FFF))
        elif name == b"VP8L":
            if body[:1] != b"\x2f":
                raise ValueError("no picture in it")
            bits = int.from_bytes(body[1:5], "little")
            sizes.append((1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF)))
        elif name != b"ALPH":
            continue
        kept.append(name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2))
    if not any(part[:4] in (b"VP8 ", b"VP8L") for part in kept) or any(0 in size for size in sizes):
        raise ValueError("no picture in it")
    inside = b"WEBP" + b"".join(kept)
    wide, high = max(sizes, key=lambda size: size[0] * size[1])
    return Still(b"RIFF" + len(inside).to_bytes(4, "little") + inside, wide, high)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        whole = data[at : at + 12 + length]
        if len(whole) != 12 + length or zlib.crc32(whole[4:-4]) != int.from_bytes(whole[-4:], "big"):
            raise ValueError("cut off")
        yield whole[4:8], whole[8:-4], whole
        at += len(whole)


def _orientation(tiff: bytes) -> int:
    """Which way up a photo is (1 to 8), the one thing in EXIF that the picture needs; 1 where it cannot be told."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    try:
        if order is None:
            return 1
        start = struct.unpack_from(f"{order}I", tiff, 4)[0]
        for n in range(min(struct.unpack_from(f"{order}H", tiff, start)[0], 64)):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * n)
            if (tag, kind, count) == (0x0112, 3, 1):
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _only_orientation(upright: int) -> bytes:
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, upright, 0, 0)
    exif = b"Exif\0\0" + tiff
    return b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
