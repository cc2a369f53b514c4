"""The folder in which photos, voice notes and forms are kept, each under the hash of its content."""

from __future__ import annotations

import os
import re
import secrets
from hashlib import sha256
from pathlib import Path

from integrations.media.files import ENDINGS, Kept
from workflow.errors import Rejected

_NAME = re.compile(rf"[0-9a-f]{{64}}\.(?:{'|'.join(ENDINGS.values())})")


class Shelf:
    """Files by their names; a name is a hash and an ending, so that none leads out of the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, kept: Kept) -> str:
        """Keep a file, on the disk before this returns; returns its name. The same content is kept once."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / kept.name
        if path.exists():
            return kept.name
        fresh = self._folder / f".{kept.name}.{secrets.token_hex(4)}"
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(kept.data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        return kept.name

    def get(self, name: str) -> bytes:
        """A file's bytes; raises Rejected where there is none of that name, or where somebody has changed it."""
        if _NAME.fullmatch(name) is None:
            raise Rejected("this is not the name of a file that was kept")
        try:
            data = (self._folder / name).read_bytes()
        except OSError as error:
            raise Rejected("this file is not there any more") from error
        if sha256(data).hexdigest() != name.partition(".")[0]:
            raise Rejected("this file was changed on the disk")
        return data

    def take_away(self, name: str) -> None:
        """A file that nobody needs any more; one that is gone already is no matter."""
        if _NAME.fullmatch(name) is not None:
            (self._folder / name).unlink(missing_ok=True)
