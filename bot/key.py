"""The key of this installation: it seals what goes out to browsers and chats, so that nobody else's comes back."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.config import Config

KEY_BYTES = 32


def key_of(config: Config) -> bytes:
    """The key of this installation, made once and readable by the service alone.

    It is written aside and linked into place: of two processes that start at once, both use the one that won.
    """
    path = config.data / "web.key"
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise OSError(f"{path} is damaged: delete it, and everybody signs in again")
    return key
