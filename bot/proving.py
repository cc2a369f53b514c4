"""The key that anchors the log, the newest anchor kept outside of the database, and words whose time is over."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bot.config import Config, WrongConfiguration
from db import anchors, erasing, settings
from db.connect import Stale
from db.verifying import Verified, verify

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()

KEY_FILE = "audit.key"
OUTSIDE = "audit.anchor"  # the newest anchor: a database that was put back to an older state gives itself away
WAITING = "erase_when_ended"  # people whose words are erased as soon as their last open exception has ended
TRIES = 5


def keys_of(config: Config) -> tuple[bytes, ...]:
    """The keys of the anchors: the first one signs, all of them are believed.

    From LINECALL_AUDIT_KEY, several with commas, the newest first; else a file of the data folder, made at first use
    and readable by its owner alone. Raises WrongConfiguration where others may read or write it.
    """
    if config.audit_key is not None:
        return tuple(part.strip().encode() for part in config.audit_key.get_secret_value().split(","))
    file = config.data / KEY_FILE
    if not file.exists():
        _write(file, secrets.token_hex(32))
    if file.stat().st_mode & 0o077:
        raise WrongConfiguration(f"{file}: others may read the key of the log; `chmod 600 {file}`")
    return tuple(line.encode() for line in file.read_text("utf-8").split() if line)


def how_the_log_is_proved(config: Config) -> tuple[str, str]:
    """How it is and what to do about it, for `linecall doctor`."""
    try:
        keys = keys_of(config)
    except WrongConfiguration as error:
        return "the key is open to others", str(error)
    where = "LINECALL_AUDIT_KEY" if config.audit_key is not None else str(config.data / KEY_FILE)
    todo = "" if config.audit_key is not None else "keep a copy elsewhere; `linecall verify-log` needs it"
    return f"key {anchors.fingerprint(keys[0])} from {where}", todo


def drop_anchor(app: App) -> int:
    """The round of each minute: an anchor over every log that has grown."""
    keys = keys_of(app.config)
    with app.database.write() as tx:
        made = anchors.drop(tx, keys[0], app.clock.now())
    if made is not None:
        _write(app.config.data / OUTSIDE, f"{made.number} {made.mac}\n")
    return 0


def checked(app: App) -> Verified:
    """Recompute every chain and anchor."""
    with app.database.read() as tx:
        return verify(tx, keys_of(app.config), _outside(app.config))


def erase(app: App, person: str, by: str) -> erasing.Erased:
    """Erase a person's words; what open exceptions still need is erased by the hourly round once they have ended."""
    known = app.plant.person.get(person)
    addresses = {("web", person), *(known.contacts.items() if known is not None else ())}
    for _ in range(TRIES):
        try:
            with app.database.write() as tx:
                erased = erasing.of_person(tx, person, addresses, app.clock.now(), by)
                waiting = {**(settings.get(tx, WAITING) or {}), person: by}
                if not erased.left:
                    del waiting[person]
                settings.put(tx, WAITING, waiting, app.clock.now())
        except Stale:
            continue
        break
    else:
        raise Stale("a case changed each time")
    _clear_away(app, erased)
    log.info("words.erased", quotes=erased.quotes, messages=erased.messages, left=len(erased.left))
    return erased


def expire(app: App) -> int:
    """The hourly round: words whose time is over (`retention` in rules.yaml), and erasings that had to wait."""
    with app.database.read() as tx:
        waiting: dict[str, str] = settings.get(tx, WAITING) or {}
    for person, by in waiting.items():
        erase(app, person, by)
    keep: timedelta | None = app.folder.rules.keep_words
    if keep is None:
        return 0
    try:
        with app.database.write() as tx:
            erased = erasing.older_than(tx, app.clock.now() - keep, app.clock.now())
    except Stale:
        return 0  # the next hour comes
    if erased != erasing.Erased():
        _clear_away(app, erased)
        log.info("words.expired", quotes=erased.quotes, messages=erased.messages, files=len(erased.files))
    return 0


def _clear_away(app: App, erased: erasing.Erased) -> None:
    for name in erased.files:
        app.shelf.take_away(name)
    app.database.scrub()


def _outside(config: Config) -> tuple[int, str] | None:
    try:
        number, mac = (config.data / OUTSIDE).read_text("utf-8").split()
        return int(number), mac
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise WrongConfiguration(f"{config.data / OUTSIDE}: holds no number and mac of an anchor") from error


def _write(file: Path, text: str) -> None:
    """Readable by its owner alone, whole or not at all."""
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
