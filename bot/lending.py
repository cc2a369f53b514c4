"""A picture of ours where a platform can fetch it: for a chat that takes addresses and no bytes.

It lies in the data folder under a name that nobody guesses, and is gone after a quarter of an hour.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.config import Config

LENT_FOR = 15 * 60  # seconds
_NAME = re.compile(r"[\w-]{32}\.png", re.ASCII)


def lender(config: Config) -> Callable[[bytes], str] | None:
    """Puts a PNG there and tells its address; None where nobody outside reaches us."""
    if config.public_url is None:
        return None
    base = config.public_url.rstrip("/")

    def lend(picture: bytes) -> str:
        folder = _folder(config)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in folder.iterdir():
            if time.time() - old.stat().st_mtime > LENT_FOR:
                old.unlink(missing_ok=True)
        name = f"{secrets.token_urlsafe(24)}.png"
        (folder / name).write_bytes(picture)
        return f"{base}/hooks/pictures/{name}"

    return lend


def lent(config: Config, name: str) -> Path | None:
    """The file of such a name; None where there is none, or none any more."""
    if _NAME.fullmatch(name) is None:
        return None
    file = _folder(config) / name
    try:
        return file if time.time() - file.stat().st_mtime <= LENT_FOR else None
    except OSError:
        return None


def _folder(config: Config) -> Path:
    return config.data / "lent"
