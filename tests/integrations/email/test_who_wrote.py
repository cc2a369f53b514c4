"""Who wrote a mail: nobody is believed for an address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from imap_tools import MailMessage

from integrations.chat.email_proof import answered, disowned, message_id, vouched_for
from integrations.chat.email_reading import Proof, read
from tests.integrations.email.mails import (
    DENISE,
    MARIA,
    NOON,
    OURS,
    PROOF,
    SECRET,
    VOUCHED,
    a_mail,
    wrote,
)
from workflow.messages import Inbound


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
