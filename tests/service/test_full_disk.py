"""A disk that takes no more: 503 and never a false 2xx, and all is well again as soon as there is room (Q65)."""

from __future__ import annotations

import resource
import sqlite3
import time
from pathlib import Path

import pytest

from tests.service.process import Service

pytestmark = [pytest.mark.slow, pytest.mark.kill]


def test_where_the_file_may_not_grow_nothing_is_promised_that_is_not_kept(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    with service:
        before = service.say("maria.lopez", "labels low on 3", key="before")
        wal = tmp_path / "data" / "linecall.db-wal"
        # The kernel refuses every write behind this offset (EFBIG), as a full disk refuses it: by a failing write.
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (16 * 1024, resource.RLIM_INFINITY))
        assert wal.stat().st_size > 16 * 1024
        answers = [service.say("maria.lopez", "labels low on 3 " * 200, key=f"full-{n}") for n in range(20)]
        given = {answer.status_code for answer in answers}
        assert 503 in given
        assert given <= {202, 503}
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until = time.monotonic() + 60
        while (after := service.say("maria.lopez", "capper on line 1 is down", key="after")).status_code != 202:
            assert time.monotonic() < until, "it recovers by itself"
            time.sleep(0.5)
        _drained(service)
        kept = sqlite3.connect(f"file:{tmp_path / 'data' / 'linecall.db'}?mode=ro", uri=True)
        rows = [row[0] for row in kept.execute("SELECT message_id FROM inbox")]
        kept.close()
        promised = {one.json()["id"] for one in (before, *answers, after) if one.status_code == 202}
        assert sorted(rows) == sorted(promised), "what was answered 202 is kept, and nothing else"


def _drained(service: Service) -> None:
    """No round has died of it: everything that was taken is read and answered."""
    until = time.monotonic() + 60
    while (state := service.get("/ready"))["inbox_unhandled"] or state["outbox_due"]:
        assert time.monotonic() < until, state
        time.sleep(0.3)
