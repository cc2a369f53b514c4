"""What a mail says: its own words, without what it quotes; machines are not listened to."""

from __future__ import annotations

import pytest
from imap_tools import MailMessage
from structlog.testing import LogCapture

from integrations.chat.email import MOST_POISON, Email
from integrations.chat.email_html import words_of
from integrations.chat.email_reading import LITTLE, MOST_MAIL, own_words, read
from integrations.chat.gate import Unreadable
from tests.integrations.email.mails import (
    DENISE,
    MARIA,
    NOON,
    OURS,
    PROOF,
    SECRET,
    a_bounce,
    a_mail,
    came,
    wrote,
)
from tests.integrations.mail_servers import BOT
from workflow.messages import Arrival, Inbound


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


def test_R9_of_a_mail_that_is_too_large_the_headers_say_who_wrote_and_what_for() -> None:
    head = a_mail(text="", subject="filler 3 is down", In_Reply_To=OURS).as_bytes().partition(b"\n\n")[0] + b"\n\n"
    mail = MailMessage([(b"1 (UID 7 RFC822.SIZE %d BODY[HEADER] {%d}" % (MOST_MAIL + 1, len(head)), head), b")"])
    found = read(mail, "7", PROOF, NOON)
    assert isinstance(found, Inbound)
    assert (found.sender, found.text) == (MARIA, "filler 3 is down")
    assert [(one.kind, one.reference) for one in found.media] == [("document", "7/0")]


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
