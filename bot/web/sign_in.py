"""Who sits at the browser: a one-time link for a person, a signed cookie afterwards."""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from itsdangerous import BadSignature, URLSafeTimedSerializer

from bot.key import key_of
from db import members

if TYPE_CHECKING:
    from bot.app import App
    from bot.config import Config

LINK_SECONDS = 10 * 60
SESSION_SECONDS = 30 * 24 * 3600  # a phone that hangs at a machine should not have to sign in each shift
COOKIE = "linecall"


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie proves: that this browser is a person's, or that somebody entered the API token here."""

    kind: Literal["person", "token"]
    person: str | None = None
    turn: int = 0  # of this person's sessions: `linecall revoke` begins another, and the earlier ones are over


def issue_link(app: App, person: str) -> str:
    """A link that signs this person in, once, within ten minutes; KeyError for somebody the plant does not know.

    An unused link is a small file in the data folder: taking it away is what uses it, so that of two presses one wins.
    """
    known = app.plant.person[person]
    folder = _links(app.config)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > LINK_SECONDS:
            old.unlink(missing_ok=True)
    link = secrets.token_urlsafe(16)
    (folder / link).touch(mode=0o600, exist_ok=False)
    token = _signer(app.config, "link").dumps([link, known.id, _turn(app, known.id)])
    return f"{base_url(app.config)}/sign-in?token={token}"


def take_link(app: App, token: str) -> Session | None:
    """The session of the person whom a link signs in, and the link is used up; None for a false, old or used one."""
    try:
        link, person, turn = _signer(app.config, "link").loads(token, max_age=LINK_SECONDS)
    except (BadSignature, ValueError, TypeError):
        return None
    if not isinstance(person, str) or person not in app.plant.person or not isinstance(link, str):
        return None
    if turn != _turn(app, person):
        return None
    try:
        (_links(app.config) / link).unlink()
    except OSError:
        return None
    return Session("person", person, turn)


def session_cookie(config: Config, session: Session) -> str:
    """The signed value of a session's cookie; one made from the API token ends when that token is changed."""
    proof = _fingerprint(config) if session.kind == "token" else ""
    return _signer(config, "session").dumps([session.kind, session.person, proof, session.turn])


def read_session(app: App, cookie: str | None) -> Session | None:
    """The session of a cookie; None where it is false, too old, revoked, of nobody here or of an older API token."""
    if not cookie:
        return None
    try:
        kind, person, proof, *turns = _signer(app.config, "session").loads(cookie, max_age=SESSION_SECONDS)
        turn = turns[0] if turns else 0
    except (BadSignature, ValueError, TypeError):
        return None
    match kind, person:
        case "person", str() if person in app.plant.person and turn == _turn(app, person):
            return Session("person", person, turn)
        case "token", None if app.config.api_token and hmac.compare_digest(str(proof), _fingerprint(app.config)):
            return Session("token")
    return None


def base_url(config: Config) -> str:
    """The address under which people reach the pages."""
    if config.public_url:
        return config.public_url.rstrip("/")
    host = "localhost" if config.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else config.host  # noqa: S104 - compared
    return f"http://{host}:{config.port}"


def _turn(app: App, person: str) -> int:
    with app.database.read() as tx:
        return members.turn(tx, person)


def _links(config: Config) -> Path:
    return config.data / "sign-in"


def _signer(config: Config, purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(key_of(config), salt=f"linecall.{purpose}", signer_kwargs={"digest_method": sha256})


def _fingerprint(config: Config) -> str:
    token = config.api_token.get_secret_value() if config.api_token else ""
    return sha256(f"linecall.token:{token}".encode()).hexdigest()[:32]
