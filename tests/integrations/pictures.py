"""Pictures as a phone on the floor takes them, made by the tests themselves: labels, travellers, and bad ones."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageFont


def code(text: str, kind: Any = zxingcpp.BarcodeFormat.Code128, scale: int = 4) -> Image.Image:
    """A barcode or QR code with its quiet zone."""
    made = zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(text, kind), scale=scale)
    return Image.fromarray(np.array(made)).convert("RGB")


def sheet(*lines: str, codes: tuple[Image.Image, ...] = (), size: tuple[int, int] = (1240, 1754)) -> Image.Image:
    """A printed traveller: lines of text, codes below them."""
    paper = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(44)
    for n, line in enumerate(lines):
        draw.text((100, 120 + n * 110), line, fill="black", font=font)
    below = 160 + len(lines) * 110
    for one in codes:
        paper.paste(one, (120, below))
        below += one.height + 60
    return paper


def photographed(paper: Image.Image, *, degrees: float = 6, blur: float = 2, noise: float = 10) -> Image.Image:
    """The same in a phone's hands: larger, turned, blurred, noisy, on a bench."""
    larger = paper.resize((paper.width * 2, paper.height * 2))
    turned = larger.rotate(degrees, expand=True, fillcolor=(120, 110, 100)).filter(ImageFilter.GaussianBlur(blur))
    grain = np.random.default_rng(7).normal(0, noise, (turned.height, turned.width, 1))
    return Image.fromarray((np.asarray(turned).astype("float32") + grain).clip(0, 255).astype("uint8"))


def as_file(picture: Image.Image, kind: str = "JPEG", **more: Any) -> bytes:
    """The bytes of a picture."""
    out = io.BytesIO()
    picture.save(out, kind, **({"quality": 60} if kind == "JPEG" else {}), **more)
    return out.getvalue()


def blank() -> bytes:
    """A photo of nothing."""
    return as_file(Image.new("RGB", (320, 240), "grey"))


def huge_png() -> bytes:
    """A PNG of 50,000 x 50,000 pixels in a hundred bytes: 7 GB for whoever opens it."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, body) for name, body in parts)


def png_chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def moving() -> bytes:
    """A WebP of two frames."""
    black, red = Image.new("RGB", (9, 9)), Image.new("RGB", (9, 9), "red")
    return as_file(black, "WEBP", save_all=True, append_images=[red])


def a_voice_note() -> bytes:
    """The beginning of an Ogg file; who listens to it in the tests hears what the test says."""
    return b"OggS\0\2" + bytes(22) + b"OpusHead" + bytes(64)
