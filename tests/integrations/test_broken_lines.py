"""Lines that break at the worst moment, between us and real parts: database, mail server, chat, ERP.

`LINECALL_TEST_LINES` says how often a line breaks, `LINECALL_TEST_SEED` by which dice.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from structlog.testing import LogCapture

from db import outbox
from integrations.erp.sap import SapErp
from integrations.erp.sap_odata import Sap
from tests.integrations.erp_contract import SapSystem, posting
from tests.integrations.strange_floor import FILLER_DOWN, MARIA
from tests.integrations.strange_floor import Floor as StrangeFloor
from tests.lines import ACTS, Line
from tests.sap_plant import PASSWORD, USER
from workflow.errors import TryLater

pytestmark = pytest.mark.slow
TIMES = int(os.environ.get("LINECALL_TEST_LINES", "40"))
SEED = int(os.environ.get("LINECALL_TEST_SEED", "83"))
PATIENCE = 30  # how often a platform brings a message again, or a round is tried


@pytest.mark.postgresql
def test_Q01_a_database_that_is_lost_at_the_commit_makes_no_promise_false(
    tmp_path: Path, postgresql_url: str, logged: LogCapture
) -> None:
    dice, statuses = random.Random(SEED), Counter[int]()
    with Line(postgresql_url) as line:
        floor = StrangeFloor(tmp_path / "data", database_url=line.url)
        with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as beside:

            def rows(id_: str) -> int:
                found = beside.execute("SELECT count(*) FROM inbox WHERE message_id = %s", [id_]).fetchone()
                return int(found[0]) if found is not None else 0

            for n in range(TIMES):
                line.rolls(b"COMMIT", dice)
                for _ in range(PATIENCE):
                    status = bring(floor, f"m-{n}")
                    statuses[status] += 1
                    assert status in (200, 503), (SEED, n)
                    assert status == 503 or rows(f"m-{n}") == 1, f"a promise without a row (seed {SEED}, {n})"
                    if status == 200:
                        break
                line.mends()
                assert rows(f"m-{n}") == 1, (SEED, n)
            floor.settle()
            assert beside.execute("SELECT count(*) FROM inbox WHERE handled_at IS NULL").fetchone() == (0,)
        assert set(line.done) == set(ACTS), line.done
        assert statuses[503] > 0, "some commits were in doubt, or this says nothing"

        line.is_cut()
        assert bring(floor, "while it is away") == 503
        line.mends()
        assert bring(floor, "while it is away") == 200, "and it recovers by itself"
        floor.settle()
        floor.close()


def bring(floor: StrangeFloor, id_: str) -> int:
    """A platform brings a message; the status that it is answered."""
    from tests.integrations.strange_chat import SECRET

    body = {"from": MARIA, "text": "what is open?", "id": id_, "button": ""}
    return floor.someone.post("/hooks/telegram", json=body, headers={"X-Secret": SECRET}).status_code


def test_R56_a_mail_whose_receipt_got_lost_comes_again_and_says_so(tmp_path: Path, logged: LogCapture) -> None:
    from tests.integrations.mail_servers import BOT, StrictPost
    from tests.web.door import OpenDoor

    with StrictPost() as post, Line(post.url) as line:
        plant = OpenDoor(tmp_path / "data", play=False, smtp_url=line.url, email_from=BOT)
        line.breaks(b"\r\n.\r\n", "lost")
        plant.says("gary.lindqvist", FILLER_DOWN)
        plant.passes(minutes=3)
        again = [mail for mail in post.arrived if "You may have this already" in mail.get_content()]
        assert len(again) == 1, "taken, and we never heard of it"
        first = [mail["To"] for mail in post.arrived].index(again[0]["To"])
        assert "You may have this already" not in post.arrived[first].get_content()
        with plant.app.database.read() as tx:
            assert outbox.unsent_count(tx) == 0
        plant.close()


def test_R23_a_chat_that_breaks_off_loses_nothing_and_marks_what_may_be_there(
    tmp_path: Path, logged: LogCapture
) -> None:
    from tests.integrations.strict_telegram import StrictTelegram
    from tests.integrations.telegram.floor import GARY, MARIA, SECRET, Floor

    dice = random.Random(SEED)
    with StrictTelegram() as telegram, Line(telegram.url) as line:
        floor = Floor(tmp_path / "data", telegram, telegram_base_url=line.url, telegram_webhook_secret=SECRET)
        floor.texts(MARIA, FILLER_DOWN)
        for n in range(TIMES):
            line.rolls(b"/sendMessage", dice, 0.7)
            floor.texts(GARY, f"note number {n}: waiting for the fitter")
            floor.passes(minutes=3)
        line.mends()
        floor.passes(minutes=10)
        with floor.app.database.read() as tx:
            assert outbox.unsent_count(tx) == 0
        marks = ("You may have this already:\n", "Puede que ya tengas esto:\n")
        assert line.done["lost"] + line.done["half"] > 0
        marked = [m for m in telegram.accepted if m["sent"].startswith(marks)]
        assert len(marked) >= 1, line.done
        assert len(marked) <= line.done["lost"] + line.done["half"] + line.done["slow"], "only what was in doubt"
        floor.close()


def test_R47_an_erp_that_breaks_off_has_each_posting_once() -> None:
    dice, system = random.Random(SEED), SapSystem()
    with Line(system.url) as line:
        erp = SapErp(Sap(line.url, USER, PASSWORD), system.setup, system.clock)
        for n in range(TIMES):
            owed = posting("note" if n % 2 else "downtime")
            owed = replace(owed, body={name: value for name, value in owed.body.items() if value is not None})
            for at in (b"POST /", b"PATCH /", b"GET /"):
                line.rolls(at, dice, 0.5)
            receipt = None
            for _ in range(PATIENCE):
                try:
                    receipt = erp.find(owed.key) or erp.post(owed)
                    break
                except TryLater:
                    system.works()
            line.mends()
            assert receipt is not None, (SEED, n)
            assert system.booked(owed.key) == 1, (SEED, n)
        assert set(line.done) == set(ACTS), line.done
        erp.close()
    system.close()
