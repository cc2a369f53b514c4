"""Whatever stands at a hook: every path of every chat that is called, forged and broken; none is named here.

A chat that gets a bench in `test_every_channel.py` is under these tests from then on. `LINECALL_TEST_HOOKS` says how
many inputs a hook gets; the campaign gives it 100,000.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from db import inbox
from tests.integrations import test_every_channel as every
from tests.web.door import OpenDoor
from workflow.ports import Hooked, Knock

# Its fixtures, whatever chats there are.
globals().update({name: getattr(every, name) for name in ("called", *every.CALLED)})
pytestmark = pytest.mark.slow

INPUTS = int(os.environ.get("LINECALL_TEST_HOOKS", "500"))
SECRET_WORDS = "release lot 6319-4A secretword"
STRANGE: tuple[Any, ...] = (None, True, -1, 2**63, 1.5, "", "x", [], {}, [[]], {"id": "x"})
ODD = (b"", b"null", b"1e999", b'"x"', b"[]", b"{}", b"\xff", b'{"a":' * 80, b"a=1&a=2", b"%", b"payload=", b"\x00")


@pytest.fixture
def door(tmp_path: Path, called: every.CalledBench, logged: LogCapture) -> Iterator[OpenDoor]:
    """A web door behind which this chat is connected."""
    plant = OpenDoor(tmp_path / "data", every.NOON, play=False)
    plant.app.channels = {"web": plant.app.channels["web"], called.channel.name: called.channel}
    yield plant
    plant.app.channels = {"web": plant.app.channels["web"]}
    plant.close()


def brought(door: OpenDoor, knock: Knock) -> int:
    """Bring a request as it is; the status that it is answered."""
    path = f"{knock.path}?{knock.query}" if knock.query else knock.path
    headers = {name.encode(): value.encode("latin-1", "replace") for name, value in knock.headers.items()}
    return door.someone.post(path, content=knock.body, headers=headers).status_code


def hooked(called: every.CalledBench) -> Hooked:
    assert isinstance(called.channel, Hooked)
    return called.channel


def test_what_is_forged_leaves_no_row_and_no_word(
    called: every.CalledBench, door: OpenDoor, logged: LogCapture
) -> None:
    chance = random.Random(7)
    genuine = called.knock(SECRET_WORDS)
    proves = hooked(called).proves
    proof = [
        name
        for name, value in genuine.headers.items()
        if not any(proves(_with(genuine, name, other)) for other in (None, "x" * 256, f"{value}x", value[:-1]))
    ]
    assert proof, "nothing of it is needed to prove it"
    for path in hooked(called).hooks:
        for n in range(INPUTS):
            forged = replace(called.knock(f"{SECRET_WORDS} {n}", proved=False), path=path)
            if n % 3:
                name = chance.choice(proof)
                forged = replace(
                    _with(called.knock(SECRET_WORDS), name, _bent(genuine.headers[name], chance)), path=path
                )
            assert brought(door, forged) in (401, 413), n
    with door.app.database.read() as tx:
        assert inbox.get(tx, 1) is None
    assert "secretword" not in str(logged.entries)
    assert brought(door, genuine) == 200, "and the genuine one is let in"
    with door.app.database.read() as tx:
        assert inbox.get(tx, 1) is not None


def test_what_is_broken_is_answered_and_never_a_5xx(
    called: every.CalledBench, door: OpenDoor, logged: LogCapture
) -> None:
    chance, believed = random.Random(11), 0
    for path in hooked(called).hooks:
        for n in range(INPUTS):
            knock = replace(called.knock(SECRET_WORDS), path=path)
            broken = called.signs(replace(knock, body=_broken(knock.body, n, chance)))
            status = brought(door, broken)
            assert status < 500, (path, n)
            believed += status == 200
        assert brought(door, replace(called.knock("x"), path=path, body=b"x" * 300_000)) == 413
    assert believed > INPUTS // 4, "what is broken was signed, and so it was read"
    assert "secretword" not in str(logged.entries)


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
    if n % 3 == 0:
        bytes_ = bytearray(body)
        for _ in range(chance.randint(1, 6)):
            bytes_[chance.randrange(len(bytes_))] = chance.randrange(256)
        return bytes(bytes_)
    if n % 3 == 1:
        return chance.choice(ODD) + b" " * (n % 500)
    try:
        found = json.loads(body)
    except ValueError:
        fields = body.split(b"&")
        fields[chance.randrange(len(fields))] = chance.choice(
            (b"=", b"From", b"Body=%ff", b"payload={", b"NumMedia=-1")
        )
        return b"&".join(fields)
    inside = chance.choice([found, *(value for value in found.values() if isinstance(value, dict))])
    inside[chance.choice(sorted(inside))] = chance.choice(STRANGE)
    return json.dumps(found).encode()
