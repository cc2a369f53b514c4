"""2xx only after the disk has it: the kernel's own account of what the service asked for, and in which order (Q01)."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.service.process import Service
from tests.services import missing

pytestmark = [pytest.mark.slow, pytest.mark.kill]

TOKEN, SECRET = "a-token-of-a-test-only", "a-secret-of-a-test-only"
CALLS = "fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg,recvfrom,read"
_LINE = re.compile(r"^(\d+)\s+(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)$")


class Account:
    """What strace wrote down: every call when it was complete, in the order of completion."""

    def __init__(self, file: Path) -> None:
        self.calls: list[tuple[str, str]] = []  # name and arguments
        begun: dict[str, str] = {}
        for line in file.read_text(errors="replace").splitlines():
            if (found := _LINE.match(line)) is None:
                continue
            pid, name, rest = found.groups()
            if rest.endswith("<unfinished ...>"):
                begun[pid] = rest.removesuffix("<unfinished ...>")
            else:
                self.calls.append((name, begun.pop(pid, "") + rest if " resumed>" in line else rest))

    def first(self, after: int, names: str, *parts: str) -> int:
        """Where the first such call stands behind another; fails where there is none."""
        for n in range(after, len(self.calls)):
            name, said = self.calls[n]
            if re.fullmatch(names, name) and all(part in said for part in parts):
                return n
        raise AssertionError(f"no {names} with {parts} after {after} of {len(self.calls)} calls")


@pytest.fixture
def watched(tmp_path: Path, database_url: str | None) -> Iterator[tuple[Service, Path, bool]]:
    """The service under strace, with the API, a photo and Telegram's hook as ways in."""
    strace = shutil.which("strace") or missing("strace (Debian: apt-get install strace)")
    file = tmp_path / "calls"
    environment = {"LINECALL_DATABASE_URL": database_url} if database_url else {}
    service = Service(
        tmp_path / "data",
        under=(strace, "-D", "-f", "-s", "70000", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(file)),
        LINECALL_PLAY="0",
        LINECALL_API_TOKEN=TOKEN,
        LINECALL_TELEGRAM_TOKEN="1:AAAAAAAA",
        LINECALL_TELEGRAM_BASE_URL="http://127.0.0.1:9",  # nobody is there: we are called, we do not ask
        LINECALL_TELEGRAM_WEBHOOK_SECRET=SECRET,
        LINECALL_PUBLIC_URL="http://127.0.0.1",
        **environment,
    )
    with service:
        yield service, file, database_url is not None


def test_every_2xx_follows_the_commit_that_it_promises(watched: tuple[Service, Path, bool]) -> None:
    service, file, on_postgresql = watched
    marks = []
    for n in range(5):
        mark = f"mark-api-{n}-end"
        said = {"person": "maria.lopez", "text": f"{mark} labels low on 3"}
        answer = httpx.post(
            f"{service.url}/api/messages", json=said, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60
        )
        assert answer.status_code == 202, answer.text
        marks.append((mark, "202"))
    for n in range(5):
        mark = f"mark-hook-{n}-end"
        sender = {"id": 70101, "is_bot": False, "first_name": "D"}
        message = {"message_id": n + 1, "date": int(time.time()), "chat": {"id": 70101, "type": "private"},
                   "from": sender, "text": f"{mark} labels low on 1"}  # fmt: skip
        answer = httpx.post(
            f"{service.url}/hooks/telegram",
            content=json.dumps({"update_id": n + 1, "message": message}),
            headers={"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        marks.append((mark, "200"))
    service.stop()
    account = Account(file)
    for mark, status in marks:
        came = account.first(0, "recvfrom|read", mark)
        if on_postgresql:
            row = account.first(came, "sendto|write", mark, "INSERT INTO inbox")
            commit = account.first(row, "sendto|write", "COMMIT")
            kept = account.first(commit, "recvfrom|read", "COMMIT")
        else:
            row = account.first(came, "pwrite64", mark)
            kept = account.first(row, "fdatasync|fsync", account.calls[row][1].split(",")[0], "= 0")
        answered = account.first(came, "sendto|write|writev|sendmsg", f"HTTP/1.1 {status}")
        assert came < row < kept < answered, f"{mark}: answered before the disk had it"
