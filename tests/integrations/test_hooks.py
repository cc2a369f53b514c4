"""Whatever stands at a hook: every path of every chat that is called, forged and broken; none is named here.

A chat that gets a bench in `test_every_channel.py` is under these tests from then on, with every kind of request that
it brings. `LINECALL_TEST_HOOKS` says how many inputs a hook gets; the campaign gives it 100,000.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import sqlalchemy as sa
from structlog.testing import LogCapture

from bot.for_chats import ForChats
from db.tables import arrival, inbox
from tests.integrations import test_every_channel as every
from tests.web.door import OpenDoor
from workflow.ports import Asks, Hooked, Knock

# Its fixtures, whatever chats there are.
globals().update({name: getattr(every, name) for name in ("called", *every.CALLED)})
pytestmark = pytest.mark.slow

INPUTS = int(os.environ.get("LINECALL_TEST_HOOKS", "500"))
CANARIES = ("secretword", "15557654321", "xoxb-canary-of-nobody")  # a person's word, a number, a token
SECRET_WORDS = "release lot 6319-4A " + " +".join(CANARIES)
STRANGE: tuple[Any, ...] = (None, True, -1, 2**63, 1.5, "", "x", [], {}, [[]], {"id": "x"})
ODD = (b"", b"null", b"1e999", b'"x"', b"[]", b"{}", b"\xff", b'{"a":' * 80, b"a=1&a=2", b"%", b"payload=", b"\x00")
FIELDS = (b"=", b"From", b"Body=%ff", b"payload={", b"NumMedia=-1", b"MessageStatus=", b"MessageSid=1", b"ErrorCode=x")


@pytest.fixture
def door(tmp_path: Path, called: every.CalledBench, logged: LogCapture) -> Iterator[OpenDoor]:
    """A web door behind which this chat is connected."""
    plant = OpenDoor(tmp_path / "data", every.NOON, play=False)
    plant.app.channels = {"web": plant.app.channels["web"], called.channel.name: called.channel}
    if isinstance(called.channel, Asks):
        called.channel.ask(ForChats(plant.app))
    plant.app.loop.spawn = called.run  # type: ignore[method-assign] # what is said back goes out where its bench is
    yield plant
    plant.app.channels = {"web": plant.app.channels["web"]}
    plant.close()


def brought(door: OpenDoor, knock: Knock) -> int:
    """Bring a request as it is; the status that it is answered."""
    path = f"{knock.path}?{knock.query}" if knock.query else knock.path
    headers = {name.encode(): value.encode("latin-1", "replace") for name, value in knock.headers.items()}
    return door.someone.post(path, content=knock.body, headers=headers).status_code


def rows(door: OpenDoor) -> int:
    """How many things that came are kept: messages, and what became of ours."""
    with door.app.database.read() as tx:
        return sum(tx.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in (inbox, arrival))


def nothing_told(called: every.CalledBench, logged: LogCapture) -> None:
    """No word, number or token stands in the log."""
    told = str(logged.entries)
    assert [one for one in (*CANARIES, *called.secrets) if one in told] == []


def hooked(called: every.CalledBench) -> Hooked:
    assert isinstance(called.channel, Hooked)
    return called.channel


def test_what_is_forged_leaves_no_row_and_no_word(
    called: every.CalledBench, door: OpenDoor, logged: LogCapture
) -> None:
    chance = random.Random(7)
    genuine = called.knocks(SECRET_WORDS)
    proof = {kind: _proof(hooked(called), knock) for kind, knock in genuine.items()}
    assert all(proof.values()), "nothing of it is needed to prove it"
    for path in hooked(called).hooks:
        for n in range(INPUTS):
            kind = sorted(genuine)[n % len(genuine)]
            forged = replace(called.knocks(f"{SECRET_WORDS} {n}", proved=False)[kind], path=path)
            if n % 3:
                name = chance.choice(proof[kind])
                knock = called.knocks(SECRET_WORDS)[kind]
                forged = replace(_with(knock, name, _bent(knock.headers[name], chance)), path=path)
            assert brought(door, forged) in (401, 413), (kind, n)
    assert rows(door) == 0
    nothing_told(called, logged)
    for kind, knock in genuine.items():
        assert brought(door, knock) == 200, f"and the genuine {kind} is let in"
    assert rows(door) >= len(genuine) - 1, "all but a form that nobody was shown"
    nothing_told(called, logged)


def test_what_is_broken_is_answered_and_never_a_5xx(
    called: every.CalledBench, door: OpenDoor, logged: LogCapture
) -> None:
    chance, believed = random.Random(11), Counter[str]()
    kinds = sorted(called.knocks(""))
    for path in hooked(called).hooks:
        for n in range(INPUTS):
            kind = kinds[n // 3 % len(kinds)]
            knock = replace(called.knocks(SECRET_WORDS)[kind], path=path)
            broken = called.signs(replace(knock, body=_broken(knock.body, n, chance)))
            status = brought(door, broken)
            assert status < 500, (path, kind, n)
            believed[kind] += status == 200
        assert brought(door, replace(called.knock("x"), path=path, body=b"x" * 300_000)) == 413
    few = [kind for kind in kinds if believed[kind] <= INPUTS // 5 // len(kinds)]
    assert few == [], "what is broken was signed, and so it was read"
    nothing_told(called, logged)


def _proof(channel: Hooked, genuine: Knock) -> list[str]:
    """The headers without which nobody believes it."""
    return [
        name
        for name, value in genuine.headers.items()
        if not any(channel.proves(_with(genuine, name, other)) for other in (None, "x" * 256, f"{value}x", value[:-1]))
    ]


def _with(knock: Knock, name: str, value: str | None) -> Knock:
    headers = {n: v for n, v in knock.headers.items() if n != name}
    return replace(knock, headers=headers if value is None else {**headers, name: value})


def _bent(value: str, chance: random.Random) -> str:
    """A proof that is none: cut, longer, of another, of nobody."""
    at = chance.randrange(len(value))
    other = chr((ord(value[at]) - 32 + chance.randint(1, 90)) % 95 + 32)
    kinds = ("", value[:-1], f"{value}x", "x" * 256, f"{value[:at]}{other}{value[at + 1 :]}", "é" * len(value))
    return chance.choice(kinds).strip()


def _broken(body: bytes, n: int, chance: random.Random) -> bytes:
    """Other bytes, something else altogether, or one thing in it that is not what it was."""
    if n % 3 == 0:
        bytes_ = bytearray(body)
        for _ in range(chance.randint(1, 6)):
            bytes_[chance.randrange(len(bytes_))] = chance.randrange(256)
        return bytes(bytes_)
    if n % 3 == 1:
        return chance.choice(ODD) + b" " * (n % 500)
    form = dict(parse_qsl(body.decode(), keep_blank_values=True)) if body[:1] != b"{" else {}
    if body[:1] != b"{" and "payload" not in form:
        fields = body.split(b"&")
        fields[chance.randrange(len(fields))] = chance.choice(FIELDS)
        return b"&".join(fields)
    found = json.loads(form.get("payload") or body)
    inside = chance.choice([*_objects(found)])
    inside[chance.choice(sorted(inside))] = chance.choice(STRANGE)
    said = json.dumps(found)
    return urlencode({"payload": said}).encode() if form else said.encode()


def _objects(found: Any) -> Iterator[dict[str, Any]]:
    """Every object in it that has something, however deep."""
    if isinstance(found, dict) and found:
        yield found
    for value in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from _objects(value)
