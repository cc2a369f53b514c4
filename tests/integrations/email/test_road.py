"""The whole road of a mail, with Dovecot and a strict mail server; and what is not done by mail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from bot.proven import binds, decides
from bot.say import Press
from db import addresses, inbox, outbox
from integrations.chat.email import Email
from tests.integrations import examining
from tests.integrations.email.mails import (
    KAREN,
    MARIA,
    NOON,
    OURS,
    SECRET,
    Floor,
    a_bounce,
    a_mail,
)
from tests.integrations.mail_servers import BOT, PASSWORD, Dovecot, StrictPost, words
from tests.web.door import OpenDoor
from workflow.errors import Rejected, TryLater
from workflow.messages import Inbound, Outbound
from workflow.ports import Finding


@pytest.fixture
def floor(tmp_path: Path, logged: LogCapture) -> Iterator[Floor]:
    with StrictPost() as post, Dovecot() as dovecot:
        plant = Floor(tmp_path / "data", post, dovecot)
        yield plant
        plant.close()


@pytest.mark.slow
def test_an_answer_lands_in_the_case_and_a_number_picks(floor: Floor) -> None:
    floor.says("gary.lindqvist", "filler 3 jammed, line is down, 10482 standing")
    asked = floor.post.to(KAREN)[-1]
    assert "EX-1001" in words(asked)
    assert "1 On it" in words(asked)
    floor.answers(KAREN, "1")
    assert floor.only_case().task("customer_service").acknowledged_by == "karen.doyle"  # type: ignore[union-attr]
    floor.answers(KAREN, "customer is told, they wait until noon")
    assert any(
        line.text.startswith("customer is told") and line.case == "EX-1001" for line in floor.transcript("karen.doyle")
    )
    assert floor.post.to(KAREN)[-1]["References"] == asked["Message-ID"]
    assert all("Linecall" in flags for flags in floor.dovecot.flags())
    before = len(floor.transcript("karen.doyle"))
    floor.takes()
    assert len(floor.transcript("karen.doyle")) == before, "a mail is taken once"


@pytest.mark.slow
def test_R41_nothing_that_binds_the_plant_is_decided_by_mail(floor: Floor) -> None:
    floor.says("gary.lindqvist", "filler 3 jammed, line is down, 10482 standing")
    floor.answers(KAREN, "EX-1001 is fixed, close it")
    assert "more than" in words(floor.post.to(KAREN)[-1])
    assert floor.only_case().is_open
    floor.answers(KAREN, "release 600 cs of 6319-4A")
    assert "more than" in words(floor.post.to(KAREN)[-1])


@pytest.mark.slow
def test_who_only_has_the_address_is_kept_for_a_person_to_read_and_gets_no_answer(floor: Floor) -> None:
    floor.mails(a_mail(KAREN, "release everything"), a_mail("stranger@example.net", "hello"))
    assert floor.post.arrived == []
    assert floor.cases() == ()
    with floor.app.database.read() as tx:
        assert {one.message.sender for one in inbox.of_strangers(tx)} == {f"?{KAREN}", "?stranger@example.net"}
        assert outbox.unsent_count(tx) == 0


@pytest.mark.slow
def test_R56_a_bounce_moves_the_notice_to_the_page_and_marks_the_address(floor: Floor) -> None:
    floor.says("gary.lindqvist", "filler 3 jammed, line is down, 10482 standing")
    ours = floor.post.to(KAREN)[-1]
    floor.mails(a_bounce(ours["Message-ID"], KAREN))
    with floor.app.database.read() as tx:
        (dead,) = addresses.dead(tx)
        told = [one for one in outbox.of_case(tx, "EX-1001") if one.notice.to == "karen.doyle"]
    assert dead.address == KAREN
    floor.mails(a_mail(KAREN, "hello"))
    with floor.app.database.read() as tx:
        assert addresses.dead(tx) == (dead,), "whoever writes that address is not Karen yet"
    floor.mails(a_mail(KAREN, "I am back", In_Reply_To=ours["Message-ID"]))
    with floor.app.database.read() as tx:
        assert addresses.dead(tx) == ()
    assert [one.channel for one in told] == ["web"]


@pytest.mark.slow
def test_what_cannot_be_read_is_in_nobodys_way(floor: Floor, logged: LogCapture) -> None:
    poison = b"Subject: secret words\r\nFrom: a@b.example, c@d.example\r\nMessage-ID: <p@x>\r\n\r\nsecret words\r\n"
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(2_000))
    floor.mails(poison, b"\xff\xfe\x00 no mail at all\r\n", b"From: a@b.example\r\n" + nested, a_mail(KAREN, "hello"))
    with floor.app.database.read() as tx:
        assert inbox.poisoned_count(tx) == 0
        assert inbox.stranger_count(tx) == 1
    assert "secret words" not in str(logged.entries)


@pytest.mark.slow
def test_R9_who_sends_a_mail_that_is_too_large_is_told_so(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    floor.says("gary.lindqvist", "filler 3 jammed, line is down, 10482 standing")
    floor.settle()
    monkeypatch.setattr("integrations.chat.email_reading.MOST_MAIL", 50_000)
    ours = floor.post.to(KAREN)[-1]
    mail = a_mail(KAREN, "the customer's pictures", f"Re: {ours['Subject']}", In_Reply_To=ours["Message-ID"])
    mail.add_attachment(bytes(60_000), "image", "jpeg", filename="pallet.jpg")
    floor.mails(mail)
    floor.settle()
    assert "too large" in words(floor.post.to(KAREN)[-1])


@pytest.mark.slow
def test_it_listens_wakes_and_fetches(floor: Floor) -> None:
    import asyncio

    channel: Any = floor.app.channels["email"]
    got: list[Inbound] = []

    async def a_while() -> bytes:
        async def receive(one: Any) -> None:
            got.append(one)

        listening = asyncio.create_task(channel.listen(receive))
        await asyncio.sleep(0.5)
        mail = a_mail(KAREN, "see label")
        mail.add_attachment(b"\xff\xd8 label", "image", "jpeg", filename="label.jpg")
        await asyncio.to_thread(floor.dovecot.gets, mail)
        until = time.monotonic() + 20
        while not got and time.monotonic() < until:
            await asyncio.sleep(0.05)
        listening.cancel()
        await asyncio.wait([listening])
        while True:
            try:
                return bytes(await channel.fetch(got[0].media[0].reference))
            except TryLater:  # Dovecot says UNAVAILABLE for a moment on a machine under load
                assert time.monotonic() < until + 20

    assert floor.app.loop.run(a_while()) == b"\xff\xd8 label"
    with pytest.raises(Rejected):
        floor.app.loop.run(channel.fetch("9999/0"))
    findings = {one.what: one for one in floor.app.loop.run(channel.examine())}
    assert findings["mail out"].to_do == ""
    assert findings["mail in"].to_do == ""
    assert "LINECALL_EMAIL_AUTHSERV_ID" in findings["who writes"].to_do


def written(**more: Any) -> EmailMessage:
    channel = Email("smtp://127.0.0.1", None, BOT, SECRET, above=lambda language: "Write above")
    return channel.written(Outbound(MARIA, "EX-1001: filler 3\nsecond line", **more), NOON)


def test_a_mail_of_ours_is_marked_as_a_machines_and_belongs_to_its_thread() -> None:
    mail = written(thread=OURS, key="riverside:8:0")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["In-Reply-To"], mail["References"]) == (OURS, OURS)
    assert mail["Subject"] == "EX-1001: filler 3"
    assert mail["Message-ID"] == written(key="riverside:8:0")["Message-ID"]
    assert str(mail.get_content()).startswith("##- Write above -##")


@pytest.mark.parametrize("address", ["maria@example.com\r\nBcc: all@example.com", "a\nb@c.de", "\x00"])
def test_no_header_is_written_by_anybody_else(address: str) -> None:
    channel = Email("smtp://127.0.0.1", None, BOT, SECRET)
    try:
        mail = channel.written(Outbound(address, "EX-1"))
    except Rejected:
        return
    assert "Bcc" not in mail
    assert b"\nBcc" not in mail.as_bytes()


def test_R41_what_binds_is_taken_only_from_a_chat_that_is_there_and_proves(tmp_path: Path) -> None:
    plant = OpenDoor(tmp_path, play=True)
    at = plant.clock.now()
    assert decides(plant.app, Inbound("web", "1", "gary.lindqvist", "gary.lindqvist", at))
    assert not decides(plant.app, Inbound("email", "1", MARIA, MARIA, at)), "its chat is not connected any more"
    plant.close()
    assert all(binds(Press(act, ""), None, confirms=False) for act in ("accept_shift", "confirm", "resolve", "cancel"))
    assert not binds(Press("acknowledge", "EX-1001"), None, confirms=False)


@pytest.mark.slow
def test_doctor_asks_both_servers_and_names_who_has_no_address(floor: Floor) -> None:
    def examined(imap: str = floor.dovecot.url, sender: str = BOT) -> dict[str, Finding]:
        chat = Email(floor.post.url, imap, sender, SECRET)
        return examining.examined(chat, **{"maria.lopez": MARIA, "karen.doyle": KAREN})

    floor.post.unknown.add(KAREN)
    found = examined()
    assert found["mail out"].to_do == ""
    assert found["people"].how == "1 of 2 can be reached; not: karen.doyle (no such address)"
    assert found["mail in"].to_do == ""
    assert floor.post.arrived == [], "no mail leaves"
    assert "LINECALL_EMAIL_FROM" in examined(sender="somebody@else.example")["mail out"].to_do
    assert "folder" in examined(floor.dovecot.url.replace("INBOX", "Elsewhere"))["mail in"].how
    wrong = floor.dovecot.url.replace(f":{PASSWORD}@", ":wrong@")
    assert "refuses user or password" in examined(wrong)["mail in"].how
