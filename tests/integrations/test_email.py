"""E-mail: an answer lands in its exception, nobody is believed for an address, and machines are not answered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import make_msgid
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from tests.services import missing

if find_spec("imap_tools") is None:
    missing("imap-tools (pip install linecall[email])")

from imap_tools import MailMessage

from bot.proven import binds, decides
from bot.say import Press
from db import addresses, inbox, outbox
from integrations.chat.email import MOST_POISON, Email
from integrations.chat.email_html import words_of
from integrations.chat.email_proof import answered, disowned, message_id, vouched_for
from integrations.chat.email_reading import LITTLE, Proof, own_words, read
from integrations.chat.gate import Unreadable
from tests.integrations.mail_servers import BOT, Dovecot, StrictPost, patiently, words
from tests.web.door import OpenDoor
from workflow.case import Case
from workflow.errors import Rejected, TryLater
from workflow.messages import Arrival, Inbound, Outbound

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


# who it is -----------------------------------------------------------------------------------------------------------


def test_an_answer_to_a_mail_of_ours_proves_who_got_it() -> None:
    found = wrote(a_mail(In_Reply_To=OURS, References=f"<a@b> {OURS}"))
    assert (found.sender, found.reply_to) == (MARIA, OURS)
    assert found.sent_at == datetime(2026, 11, 16, 17, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sender", "ids"),
    [
        (MARIA, ""),
        (DENISE, OURS),  # forwarded: it was Maria's mail
        (MARIA, OURS.replace("lc.", "lc.0")),
        (MARIA, OURS[:-24] + "A" + OURS[-23:]),
        (MARIA, "<lc." + "0" * 24 + ".20773." + "A" * 20 + "@riverside.example>"),
    ],
)
def test_without_it_an_address_is_nobody(sender: str, ids: str) -> None:
    found = wrote(a_mail(sender, In_Reply_To=ids or "<x@y>"))
    assert found.sender == f"?{sender}"
    assert found.reply_to is None


def test_the_mail_of_a_stranger_takes_the_place_of_nobodys() -> None:
    theirs, hers = a_mail(Message_ID="<1@example.com>"), a_mail(Message_ID="<1@example.com>", In_Reply_To=OURS)
    assert wrote(hers).message_id == "<1@example.com>"
    assert wrote(theirs).message_id == "?<1@example.com>"
    assert wrote(theirs).conversation == f"?{MARIA}"


def test_an_old_mail_of_ours_proves_nobody_any_more_and_its_day_cannot_be_changed() -> None:
    for days, good in ((0, True), (14, True), (15, False), (400, False)):
        assert (answered(SECRET, [OURS], MARIA, NOON + timedelta(days=days)) == OURS) is good, days
    later = message_id(SECRET, "riverside:7:0", MARIA, "riverside.example", NOON + timedelta(days=10))
    assert later != OURS
    redated = ".".join([*OURS.split(".")[:2], later.split(".")[2], *OURS.split(".")[3:]])
    assert answered(SECRET, [redated], MARIA, NOON) is None


def test_an_answer_that_our_own_server_disowns_proves_nobody() -> None:
    failed = "mx.riverside.example; dkim=none; dmarc=fail (p=none) header.from=example.com"
    assert wrote(a_mail(In_Reply_To=OURS, Authentication_Results=failed)).sender == f"?{MARIA}"
    foreign = failed.replace("mx.riverside", "mx.elsewhere")
    assert wrote(a_mail(In_Reply_To=OURS, Authentication_Results=foreign)).sender == MARIA
    nobody = Proof(SECRET, None)
    mail = MailMessage.from_bytes(a_mail(In_Reply_To=OURS, Authentication_Results=failed).as_bytes())
    found = read(mail, "7", nobody, NOON)
    assert isinstance(found, Inbound)
    assert found.sender == MARIA, "the plant has not said which server is its own"


def test_our_own_mail_server_may_vouch_for_a_sender_and_nobody_else() -> None:
    assert vouched_for([VOUCHED], "mx.riverside.example", MARIA)
    assert vouched_for(["mx.riverside.example 1; dmarc=pass header.from=example.com"], "MX.riverside.example", MARIA)
    for results in (
        [],
        ["mx.evil.example; dkim=pass header.d=example.com"],
        ["mx.evil.example; dkim=pass header.d=example.com", VOUCHED],
        ["mx.riverside.example; dkim=fail header.d=example.com"],
        ["mx.riverside.example; dkim=pass header.d=evil.example"],
        ["mx.riverside.example; dkim=pass header.d=com"],
        ["mx.riverside.example; spf=pass smtp.mailfrom=example.com"],
        ["mx.riverside.example; dkim=none (dkim=pass header.d=example.com)"],
        ["mx.riverside.example; dkim=pass header.d=notexample.com"],
    ):
        assert not vouched_for(results, "mx.riverside.example", MARIA), results
    assert not vouched_for([VOUCHED], None, MARIA)


@pytest.mark.parametrize(
    "results",
    [
        # What the servers of the sender of evil.example truthfully lead to, where names are searched for anywhere.
        "spf=pass smtp.mailfrom=dkim=pass/header.d=example.com@evil.example; dkim=none",
        "dkim=pass header.d=evil.example header.i=example.com@evil.example header.s=s1",
        "dkim=pass header.i=example.com@evil.example; spf=pass smtp.mailfrom=evil.example; "
        "dmarc=fail header.from=example.com",
        'dkim=fail reason="dkim=pass" header.d=example.com',
        'spf=pass smtp.mailfrom="dmarc=pass header.from=example.com"@evil.example',
        'spf=pass smtp.mailfrom="a;dkim=pass header.d=example.com"@evil.example',
        'spf=pass smtp.mailfrom="a\\"; dkim=pass header.d=example.com "@evil.example; dkim=none',
        "spf=pass (of a; dkim=pass header.d=example.com) smtp.mailfrom=evil.example",
        "spf=pass (a (b) \\) ; dkim=pass header.d=example.com) smtp.mailfrom=evil.example",
        "dkim=pass header.d=example.com@evil.example",
        "dkim=pass header.d=example.com/evil.example",
        "dkim=pass header.d=evil.example header.d=example.com",
        "dkim=pass header.from=example.com",
        "dkim=pass header.i=@example.com",
        "dmarc=pass header.d=example.com",
        "dmarc=pass header.from=com",
        "dmarc=pass header.from=mail.example.com",
        "dkim=passed header.d=example.com",
        "x dkim=pass header.d=example.com",
        "x-dkim=pass header.d=example.com",
        "dkim=pass header.d=example.com; dmarc=permerror header.from=example.com",
        "dkim=pass header.d=example.com; dmarc/1=fail header.from=example.com",
        "dkim=pass header.d=example.com; dmarc fail",
        'dkim=pass header.d=example.com; spf=none smtp.mailfrom="open',
        "dkim=pass header.d=example.com; spf=none (open",
        "dkim=pass header.d=example.com; spf=none smtp.mailfrom=a) b",
        "dkim=pass header.d=example.com" + " x=y" * 10_000,
        "none",
        "",
    ],
)
def test_nobody_is_vouched_for_by_what_a_sender_can_have_written_there(results: str) -> None:
    assert not vouched_for([f"mx.riverside.example; {results}"], "mx.riverside.example", MARIA)


@pytest.mark.parametrize(
    "results",
    [
        "dkim = pass (2048-bit; key) header.d = example.com",
        'dkim=pass reason="good (really); signature" header.d="example.com" header.b=Ab+/12==',
        "spf=pass smtp.mailfrom=bounce+maria=example.com@lists.example; dkim/1=pass header.d=Example.Com.",
        "dmarc=pass(p=REJECT,sp=none) action=none header.from=example.com",
        "spf=fail smtp.mailfrom=; dkim=fail header.d=evil.example; dkim=pass header.d=example.com; dmarc=none",
    ],
)
def test_what_servers_write_about_a_good_mail_is_understood(results: str) -> None:
    assert vouched_for([f"mx.riverside.example; {results}"], "mx.riverside.example", MARIA)


def test_a_lower_word_of_our_server_takes_away_and_gives_nothing() -> None:
    fails = "mx.riverside.example; dmarc=fail header.from=example.com"
    assert not vouched_for([VOUCHED, fails], "mx.riverside.example", MARIA)
    assert not vouched_for(["mx.riverside.example; dkim=none", VOUCHED], "mx.riverside.example", MARIA)
    assert disowned(["mx.elsewhere.example; x=y", fails], "mx.riverside.example")
    assert not disowned([fails], None)


def test_a_seal_is_good_for_one_address_and_comes_from_us() -> None:
    assert answered(SECRET, [OURS], "Maria@Example.com", NOON) == OURS
    assert answered(b"another" * 5, [OURS], MARIA, NOON) is None

    def of(key: str) -> str:
        return message_id(SECRET, key, MARIA, "x", NOON)

    assert of("k") == of("k"), "a repeat is the same mail"
    assert of("") != of("")


@pytest.mark.parametrize("sender", ["", "maria@example.com, denise@example.com", "not an address", "a@b\r\nc"])
def test_a_mail_from_nobody_or_from_two_is_refused(sender: str) -> None:
    mail = a_mail().as_bytes().replace(b"From: maria@example.com", b"From: " + sender.encode().replace(b"\r\n", b" "))
    with pytest.raises(Exception):  # noqa: B017 - whatever is raised is poison
        read(MailMessage.from_bytes(mail + b""), "7", PROOF, NOON)


# what it says --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "on it, 20 min\n\nOn Mon, 16 Nov 2026 at 12:00, Linecall <linecall@riverside.example> wrote:\n> EX-1001: down",
        "on it, 20 min\n\nAm Mo., 16. Nov. 2026 um 12:00 Uhr schrieb Linecall\n<linecall@riverside.example>:\n\n> EX-1",
        "on it, 20 min\n\n> ##- Write above this line -##\n> EX-1001",
        "on it, 20 min\n-- \nGary Lindqvist\nMaintenance, ext. 4711",
        "on it, 20 min\n\nSent from my iPhone",
        "on it, 20 min\r\n\r\n-----Original Message-----\r\nFrom: Linecall\r\nEX-1001 10482",
        "on it, 20 min\n\n________________________________\nVon: Linecall <linecall@riverside.example>\nGesendet: …",
        "on it, 20 min\n\nLe lun. 16 nov. 2026 à 12:00, Linecall <l@r.example> a écrit :\n> EX",
        "on it, 20 min\n\nW dniu 16.11.2026 o 12:00, Linecall pisze:\n> EX",
        "on it, 20 min\n\nFrom: Linecall <linecall@riverside.example>\nSent: Monday",
    ],
)
def test_what_was_quoted_and_signed_is_left_out(text: str) -> None:
    assert own_words(text) == "on it, 20 min"


def test_what_only_looks_like_a_quotation_stays() -> None:
    said = "On line 3 the filler is down: 10482 stands\nfrom 6 am on\n5 > 3 boxes"
    assert own_words(said) == said


def test_html_alone_is_read_and_the_subject_where_there_is_nothing_else() -> None:
    mail = a_mail()
    mail.set_content("<html><style>p{}</style><p>filler 3 is <b>down</b></p><blockquote>EX-1</blockquote>", "html")
    assert wrote(mail).text == "filler 3 is down"
    assert wrote(a_mail(text="\n", subject="filler 3 is down")).text == "filler 3 is down"
    assert wrote(a_mail(text="\n", subject="Re: EX-1001")).text == ""


def test_html_is_read_as_its_sender_sees_it() -> None:
    page = (
        "<!DOCTYPE html><html><head><title>x</title><style>p{}</style></head><body class='a'>"
        "<!--[if mso]><p>Outlook only</p><![endif]--><p>Line&nbsp;3:\n 5 &lt; 6,<b>filler</b> <i>down</i></p>"
        "<script>if (a<b) go('<p>')</script><blockquote>EX-1<blockquote>older</blockquote>EX-2</blockquote>"
        f"<img src='data:image/png;base64,{'A' * 5000}'>10482<br>stands</body></html>"
    )
    assert words_of(page) == "Line 3: 5 < 6,filler down\n10482\nstands"


@pytest.mark.parametrize(
    "piece",
    ['<a b="', "<a", "<!--", "<", "</", "<!", "<?", "<![CDATA[", "<script>", "<p>", "&", "&#9", "&aaaa", "-->", " "],
)
def test_whatever_tags_a_stranger_piles_up_the_words_before_them_are_there(piece: str) -> None:
    found = words_of("<p>filler 3 is <b>down</b></p>" + piece * (200_000 // len(piece)))
    assert found.startswith("filler 3 is down")
    assert words_of("&#" + "9" * 200_000 + "; filler 3").endswith("filler 3")


def test_of_what_nobody_proved_a_few_lines_are_kept() -> None:
    many = "filler 3 is down\n" * 2_000
    assert len(wrote(a_mail(text=many)).text) <= LITTLE
    assert len(wrote(a_mail(text=many, In_Reply_To=OURS)).text) > LITTLE
    page = a_mail()
    page.set_content(f"<style>{'x' * 5_000}</style><p>hello</p>" + '<a b="' * 30_000, "html")
    assert wrote(page).text.startswith("hello")
    assert len(wrote(page).text) <= LITTLE


def test_headers_without_an_end_are_not_taken_apart() -> None:
    raw = b"From: maria@example.com\r\nMessage-ID: <1@x.example>\r\nSubject: " + b"=?a?q?" * 20_000 + b"\r\n\r\n"
    found = read(MailMessage.from_bytes(raw), "7", PROOF, NOON)
    assert isinstance(found, Inbound)
    assert found.text == ""
    with pytest.raises(Unreadable):
        read(MailMessage.from_bytes(b"From: " + b"maria@example.com, " * 9_000 + b"\r\n\r\nx"), "7", PROOF, NOON)


def unreadable(**headers: str) -> bytes:
    """A mail without words, whose subject says that it is base64 and is not."""
    head = {"From": MARIA, "Message-ID": "<1@example.com>", "Subject": "=?utf-8?B?abcde?=", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return (lines + "Content-Type: application/pdf\r\n\r\n" + "words " * 50_000).encode()


def test_what_cannot_be_read_is_kept_in_part_and_only_of_whom_is_known(logged: LogCapture) -> None:
    channel = Email("smtp://127.0.0.1", None, BOT, SECRET, our_server="mx.riverside.example")
    hers = channel._what_it_is(MailMessage.from_bytes(unreadable(**{"In-Reply-To": OURS})), "7", NOON)
    assert isinstance(hers, Inbound)
    assert hers.raw is not None
    assert "words words" in hers.raw
    assert MOST_POISON < len(hers.raw) < 2 * MOST_POISON
    assert channel._what_it_is(MailMessage.from_bytes(unreadable()), "7", NOON) is None
    assert channel._what_it_is(MailMessage.from_bytes(b"From: a@b.example, c@d.example\r\n\r\nx"), "7", NOON) is None
    assert [one["event"] for one in logged.entries] == ["email.poison", "email.passed_over", "email.passed_over"]
    assert "words" not in str(logged.entries)


def test_photos_and_forms_come_along_and_logos_do_not() -> None:
    mail = a_mail()
    mail.add_attachment(b"\xff\xd8" + b"x" * 30_000, "image", "jpeg", filename="label.jpg")
    mail.add_attachment(b"%PDF-1", "application", "pdf", filename="form.pdf")
    mail.add_attachment(b"logo", "image", "png", disposition="inline", cid="<logo>")
    assert [(one.kind, one.reference) for one in wrote(mail).media] == [("photo", "7/0"), ("document", "7/1")]


@pytest.mark.parametrize(
    "header",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; type=x"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.example.com>"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
    ],
)
def test_no_machine_is_listened_to(header: dict[str, str]) -> None:
    assert came(a_mail(In_Reply_To=OURS, **header)) is None
    assert came(a_mail(Auto_Submitted="no")) is not None


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


def test_R56_a_bounce_of_ours_marks_the_address_and_a_made_up_one_nothing() -> None:
    found = came(a_bounce(OURS))
    assert isinstance(found, Arrival)
    assert (found.message_id, found.state, found.dead) == (OURS, "failed", MARIA)
    full = came(a_bounce(OURS, status="5.2.2"))
    assert isinstance(full, Arrival)
    assert full.dead == "", "a full mailbox is not a dead one"
    assert came(a_bounce(OURS, action="delayed")) is None
    assert came(a_bounce("<lc.0.0@x>")) is None
    assert came(a_bounce(OURS, DENISE)) is None


# the way out ---------------------------------------------------------------------------------------------------------


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


# what is not done by mail --------------------------------------------------------------------------------------------


def test_R41_what_binds_is_taken_only_from_a_chat_that_is_there_and_proves(tmp_path: Path) -> None:
    plant = OpenDoor(tmp_path, play=True)
    at = plant.clock.now()
    assert decides(plant.app, Inbound("web", "1", "gary.lindqvist", "gary.lindqvist", at))
    assert not decides(plant.app, Inbound("email", "1", MARIA, MARIA, at)), "its chat is not connected any more"
    plant.close()
    assert all(binds(Press(act, ""), None, confirms=False) for act in ("accept_shift", "confirm", "resolve", "cancel"))
    assert not binds(Press("acknowledge", "EX-1001"), None, confirms=False)


# the whole road, with Dovecot and a strict mail server ---------------------------------------------------------------


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
