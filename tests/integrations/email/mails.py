"""Mails as people, servers and strangers write them, and Riverside with a mailbox."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import make_msgid
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.services import missing

if find_spec("imap_tools") is None:
    missing("imap-tools (pip install linecall[email])")

from imap_tools import MailMessage

from integrations.chat.email_proof import message_id
from integrations.chat.email_reading import Proof, read
from tests.integrations.mail_servers import BOT, Dovecot, StrictPost, patiently, words
from tests.web.door import OpenDoor
from workflow.case import Case
from workflow.messages import Arrival, Inbound

SECRET = b"k" * 32
MARIA, DENISE, KAREN = "maria@example.com", "denise@example.com", "karen@example.com"
NOON = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)
PROOF = Proof(SECRET, "mx.riverside.example")
VOUCHED = "mx.riverside.example; spf=pass smtp.mailfrom=example.com; dkim=pass (2048-bit key) header.d=example.com"
OURS = message_id(SECRET, "riverside:7:0", MARIA, "riverside.example", NOON)


def a_mail(
    sender: str = MARIA, text: str = "filler 3 is down", subject: str = "line 3", **headers: str
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, BOT, subject
    mail["Date"] = "Mon, 16 Nov 2026 11:59:00 -0600"
    if "Message_ID" not in headers:
        mail["Message-ID"] = make_msgid(domain="example.com")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def came(mail: EmailMessage) -> Inbound | Arrival | None:
    return read(MailMessage.from_bytes(mail.as_bytes()), "7", PROOF, NOON)


def wrote(mail: EmailMessage) -> Inbound:
    found = came(mail)
    assert isinstance(found, Inbound)
    return found


def a_bounce(about: str, recipient: str = MARIA, action: str = "failed", status: str = "5.1.1") -> EmailMessage:
    raw = (
        f"From: MAILER-DAEMON@mx.riverside.example\r\nTo: {BOT}\r\nSubject: Undelivered\r\nReturn-Path: <>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\nMIME-Version: 1.0\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.riverside.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\nSubject: EX-1\r\n--b--\r\n"
    )
    from email import message_from_string, policy

    mail = message_from_string(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


class Floor(OpenDoor):
    """Riverside, whose office reads mail; the mailbox is taken from Dovecot whenever somebody wrote."""

    def __init__(self, data: Path, post: StrictPost, dovecot: Dovecot) -> None:
        super().__init__(data, play=False, smtp_url=post.url, imap_url=dovecot.url, email_from=BOT)
        self.post, self.dovecot = post, dovecot

    def mails(self, *mails: EmailMessage | bytes) -> None:
        """Mails arrive, and the program works until it has nothing left to do."""
        for mail in mails:
            self.dovecot.gets(mail)
        self.takes()

    def takes(self) -> None:
        """What is new in the mailbox is taken."""
        channel: Any = self.app.channels["email"]

        async def receive(one: Any) -> None:
            import asyncio

            await asyncio.to_thread(self.app.arrived if isinstance(one, Arrival) else self.app.receive, one)

        async def once() -> None:

            mailbox = patiently(channel._unopened, channel._log_in)
            await channel._take_new(mailbox, receive)
            mailbox.logout()

        self.app.loop.run(once())
        self.settle()

    def answers(self, person: str, text: str, n: int = -1) -> None:
        """Somebody answers a mail of ours."""
        ours = self.post.to(person)[n]
        self.mails(
            a_mail(person, f"{text}\n\n> {words(ours)}", f"Re: {ours['Subject']}", In_Reply_To=ours["Message-ID"])
        )

    def only_case(self) -> Case:
        """The one exception."""
        (case,) = self.cases()
        return case
