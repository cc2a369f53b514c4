"""Who a request comes from, what they may see, and as whom they may speak."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from bot.web.door import LOCAL_NAMES, host_name
from bot.web.errors import Declined
from bot.web.sign_in import COOKIE, read_session

if TYPE_CHECKING:
    from bot.app import App
    from workflow.plant import Person

BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="LINECALL_API_TOKEN of this service")
LEADS = frozenset({"supervisor", "manager"})
PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "cf-connecting-ip")  # then "from this machine" means nothing


def linecall(request: Request) -> App:
    """The program behind the door."""
    app: App = request.app.state.linecall
    return app


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request has proved about itself."""

    token: bool = False  # knows the API token: an integration of the plant, or a browser where it was entered
    person: str | None = None  # signed in by a one-time link
    local: bool = False  # on this machine, where no token is set
    play: bool = False  # anyone who may look may also play any person

    @property
    def may_look(self) -> bool:
        """May read the board, the cases and the figures."""
        return self.token or self.local or self.person is not None

    def may_be(self, person: str) -> bool:
        """May speak as this person and read their conversation."""
        return self.token or (self.may_look and self.play) or self.person == person


def caller_of(request: Request) -> Caller:
    """What this request proves; a wrong token is refused and never treated as none at all."""
    app = linecall(request)
    play = app.config.play
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        if app.config.api_token is None:
            raise Declined(401, "wrong_token", "This service was started without LINECALL_API_TOKEN: send no token.")
        if not is_token(app, given.strip()):
            raise Declined(401, "wrong_token", "This is not the LINECALL_API_TOKEN of this service.")
        return Caller(token=True, play=play)
    session = read_session(app, request.cookies.get(COOKIE))
    local = app.config.api_token is None and _from_this_machine(request)
    if session is None:
        return Caller(local=local, play=play)
    return Caller(token=session.kind == "token", person=session.person, local=local, play=play)


def is_token(app: App, given: str) -> bool:
    """Whether this is the API token of this service; takes as long for a wrong one as for the right one."""
    token = app.config.api_token
    return token is not None and hmac.compare_digest(
        given.encode("utf-8", "replace"), token.get_secret_value().encode("utf-8")
    )


def may_look(request: Request, _: Annotated[object, Security(BEARER)] = None) -> Caller:
    """The caller, who may read; 401 where a token or a sign-in is needed, 403 where only this machine may."""
    caller = caller_of(request)
    if caller.may_look:
        request.state.sees_people = sees_people(linecall(request), caller)  # so that no page leads to a closed door
        return caller
    if linecall(request).config.api_token is not None:
        raise Declined(
            401, "token_needed", "Send the API token as `Authorization: Bearer …`, or sign in at /sign-in with it."
        )
    raise Declined(
        403,
        "this_machine_only",
        "Without LINECALL_API_TOKEN this service answers on its own machine only. Set it and start again, "
        "or sign in with a link from `linecall sign-in PERSON`.",
    )


def sees_people(app: App, caller: Caller) -> bool:
    """Whether this caller may know who is there and how they are reached: who leads, and the plant's own screens."""
    if caller.person is None:
        return caller.token or caller.local
    person = app.plant.person.get(caller.person)
    return person is not None and bool(LEADS & {*person.roles})


def known_person(app: App, person: str) -> Person:
    """A person of the plant, else 404 with what would be right."""
    known = app.plant.person.get(person)
    if known is None:
        raise Declined(404, "unknown_person", "Nobody in plant.yaml has this id. An id looks like `maria.lopez`.")
    return known


def must_be(caller: Caller, person: Person) -> None:
    """Refuse whoever may not speak as this person, and say how they can."""
    if not caller.may_be(person.id):
        raise Declined(
            403,
            "not_you",
            f"Who may speak as {person.id} is decided by sign-in: `linecall sign-in {person.id}` prints a link. "
            "Programs send the LINECALL_API_TOKEN; LINECALL_PLAY=1 lets anyone at this page play any person.",
        )


def actor(app: App, caller: Caller, named: str | None) -> str:
    """The named person who takes an act that binds: who is signed in, or whom a token or the play mode names."""
    if named is None and caller.person is not None:
        return caller.person
    if named is None:
        raise Declined(422, "who", 'Say who does this: add "by" with the id of a person.')
    person = known_person(app, named)
    must_be(caller, person)
    return person.id


def _from_this_machine(request: Request) -> bool:
    if (
        any(name in request.headers for name in PROXIED)
        or host_name(request.headers.get("host", "")) not in LOCAL_NAMES
    ):
        return False
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


Looking = Annotated[Caller, Depends(may_look)]
