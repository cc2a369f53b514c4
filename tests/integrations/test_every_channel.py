"""One contract that every chat keeps: whoever adds one adds a fixture here, and changes no test.

A `Bench` is the channel and the far end of it: what the platform would bring for something that a person does, and
what arrived there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import uuid4

import pytest

from bot import fitting
from integrations.chat.web import WebChannel
from tests.integrations import strict_blocks
from tests.integrations.strict_slack import SECRET, StrictSlack
from tests.integrations.strict_slack import TOKEN as SLACK_TOKEN
from tests.integrations.strict_telegram import BOT, TOKEN, StrictTelegram
from tests.services import missing
from workflow.errors import Rejected, TryLater, Unreachable
from workflow.messages import Button, Inbound, Outbound
from workflow.ports import Came, Channel, Examined, Finding, Hooked, Knock

if TYPE_CHECKING:
    from tests.integrations.mail_servers import StrictPost
    from tests.integrations.strict_twilio import StrictTwilio

T = TypeVar("T")
NOON = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(200)


class Bench(Protocol):
    """A chat and its far end, for one person."""

    channel: Channel
    person: str  # their address

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T: ...
    def shown(self) -> list[tuple[str, tuple[Button, ...]]]: ...  # what the person got
    def pictures(self) -> list[bytes | None]: ...  # the picture of each of these messages
    def refuses(self, how: str) -> None: ...  # "busy", "dead" or "silent", for the next message


class CalledBench(Bench, Protocol):
    """One whose platform calls us."""

    secrets: tuple[str, ...]  # what proves it, and what must not be told of its person: never in a log

    def knock(self, text: str, *, proved: bool = True, button: str | None = None) -> Knock: ...
    def knocks(self, text: str, *, proved: bool = True) -> dict[str, Knock]: ...  # one of each kind that it brings
    def signs(self, knock: Knock) -> Knock: ...  # the proof of these very bytes, where its platform makes one


class WebBench:
    """Our own chat: the transcript is the delivery, so nothing can refuse."""

    person = "maria.lopez"

    def __init__(self) -> None:
        self.channel = WebChannel()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(coroutine)


class TelegramBench:
    """Telegram by a webhook, on the strict fake."""

    person = "70106"
    secret = "correct-horse-battery"
    secrets = (TOKEN, secret)

    def __init__(self, telegram: StrictTelegram) -> None:
        try:
            from integrations.chat.pace import Pace
            from integrations.chat.telegram import Telegram
        except ImportError:
            missing("python-telegram-bot (pip install linecall[telegram])")
        self.telegram = telegram
        self.channel = Telegram(TOKEN, base_url=telegram.url, secret=self.secret, pace=Pace(()))
        self.channel._bot = BOT
        self.loop = asyncio.new_event_loop()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    def signs(self, knock: Knock) -> Knock:
        """Its secret says nothing of a body."""
        return knock

    def knock(self, text: str, *, proved: bool = True, button: str | None = None) -> Knock:
        import json

        person = int(self.person)
        update = self.telegram.press(person, button) if button else self.telegram.message(person, text)
        headers = {"x-telegram-bot-api-secret-token": self.secret if proved else "wrong"}
        return Knock("/hooks/telegram", "", headers, json.dumps(update).encode(), NOON)

    def knocks(self, text: str, *, proved: bool = True) -> dict[str, Knock]:
        """Words, words written anew, a photo with words, and a press under a message that quotes them."""
        import json

        said, press = self.telegram.message(int(self.person), text), self.telegram.press(int(self.person), text[:64])
        press["callback_query"]["message"] |= {"text": text}
        photo = {"photo": [{"file_id": "L", "file_size": 99}], "caption": text}
        anew = {**said["message"], "edit_date": 9}
        brought = {
            "message": said,
            "edited_message": {"update_id": said["update_id"] + 1, "edited_message": anew},
            "photo": self.telegram.message(int(self.person), **photo),
            "callback_query": press,
        }
        blank = self.knock("", proved=proved)
        return {kind: replace(blank, body=json.dumps(update).encode()) for kind, update in brought.items()}

    def shown(self) -> list[tuple[str, tuple[Button, ...]]]:
        def buttons(message: dict[str, Any]) -> tuple[Button, ...]:
            rows = (message.get("reply_markup") or {}).get("inline_keyboard", [])
            return tuple(Button(b["text"], b["callback_data"]) for row in rows for b in row)

        return [(message["text"], buttons(message)) for message in self.telegram.to(self.person)]

    def pictures(self) -> list[bytes | None]:
        return [message.get("photo") for message in self.telegram.to(self.person)]

    def refuses(self, how: str) -> None:
        if how == "dead":
            self.telegram.blocked.add(self.person)
        elif how == "busy":
            self.telegram.floods.append(7)
        else:
            self.telegram.breaks.append("silent")

    def close(self) -> None:
        self.loop.run_until_complete(self.channel.close())
        self.loop.close()


class WhatsAppBench:
    """WhatsApp through a strict fake of Twilio."""

    person = "+15550106"
    secrets = ("a-token-of-nobody", "15550106")

    def __init__(self, twilio: StrictTwilio) -> None:
        from integrations.chat.whatsapp import WhatsApp
        from tests.integrations.strict_twilio import ACCOUNT, NUMBER, PUBLIC
        from tests.integrations.strict_twilio import TOKEN as KEY

        self.twilio = twilio
        twilio.wrote(self.person)  # the 24 hours have begun
        self.channel = WhatsApp(ACCOUNT, KEY, NUMBER, base_url=twilio.url, public_url=PUBLIC, lend=self._lend)
        self.loop = asyncio.new_event_loop()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    def _lend(self, picture: bytes) -> str:
        from tests.integrations.strict_twilio import PUBLIC

        address = f"{PUBLIC}/hooks/pictures/{len(self.twilio.lent)}.png"
        self.twilio.lent[address] = picture
        return address

    def knock(self, text: str, *, proved: bool = True, button: str | None = None) -> Knock:
        knock = self.twilio.pressed(self.person, "On it", button) if button else self.twilio.wrote(self.person, text)
        return knock if proved else replace(knock, body=knock.body.replace(b"Body=", b"Body=x"))

    def knocks(self, text: str, *, proved: bool = True) -> dict[str, Knock]:
        """Words, a tapped button, a file, and what became of a message of ours."""
        from tests.integrations.strict_twilio import ACCOUNT, NUMBER

        sid = f"SM{uuid4().hex}"
        file = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM{'a' * 32}/Media/ME{'b' * 32}"
        ours = {"sid": sid, "To": f"whatsapp:{self.person}", "From": f"whatsapp:{NUMBER}"}
        brought = {
            "message": self.twilio.wrote(self.person, text),
            "button": self.twilio.pressed(self.person, text, text, sid),
            "file": self.twilio.wrote(self.person, text, NumMedia="1", MediaUrl0=file, MediaContentType0="image/jpeg"),
            "status": self.twilio.becomes(ours, "failed", 63016),
        }
        if proved:
            return brought
        return {kind: replace(knock, body=knock.body + b"&Forged=1") for kind, knock in brought.items()}

    def signs(self, knock: Knock) -> Knock:
        """As Twilio would sign this body; what is no form, nobody can sign."""
        from integrations.chat.gate import Unreadable, form
        from integrations.chat.whatsapp_webhooks import SIGNATURE

        try:
            fields = dict(form(knock.body))
        except Unreadable:
            return knock
        proof = self.twilio.signs(knock.path, fields, query=knock.query).headers[SIGNATURE]
        return replace(knock, headers={**knock.headers, SIGNATURE: proof})

    def shown(self) -> list[tuple[str, tuple[Button, ...]]]:
        shown = self.twilio.shown(self.person)
        return [(m["text"], tuple(Button(label, value) for label, value in m["buttons"])) for m in shown]

    def pictures(self) -> list[bytes | None]:
        return [message["picture"] for message in self.twilio.shown(self.person)]

    def refuses(self, how: str) -> None:
        if how == "dead":
            self.twilio.opted_out.add(self.person)
        elif how == "busy":
            self.twilio.floods.append(7)
        else:
            self.twilio.breaks.append("silent")

    def close(self) -> None:
        self.loop.run_until_complete(self.channel.close())
        self.loop.close()


class SlackBench:
    """Slack by signed HTTP requests, on the strict fake."""

    person = "U0106"
    secrets = (SLACK_TOKEN, SECRET)

    def __init__(self, slack: StrictSlack) -> None:
        try:
            from integrations.chat.pace import Pace
            from integrations.chat.slack import Slack
        except ImportError:
            missing("slack-bolt (pip install linecall[slack])")
        self.slack = slack
        self.channel = Slack(SLACK_TOKEN, secret=SECRET, base_url=slack.url, pace=Pace(()))
        self.loop = asyncio.new_event_loop()
        self.run(self.channel._who_are_we())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    def knock(self, text: str, *, proved: bool = True, button: str | None = None) -> Knock:
        payload = self.slack.press(self.person, button) if button else self.slack.message(self.person, text)
        return self._brings(payload, proved)

    def _brings(self, payload: Any, proved: bool) -> Knock:
        headers, body = self.slack.signed(payload, NOON.timestamp(), SECRET if proved else SECRET[::-1])
        return Knock("/hooks/slack", "", headers, body, NOON)

    def knocks(self, text: str, *, proved: bool = True) -> dict[str, Knock]:
        """Words, words written anew, a pressed button, a form, a message shortcut and a command."""
        said = self.slack.message(self.person, text)
        view = {"id": f"V{self.slack.trigger()[:-9]}1", "callback_id": "linecall_form", "private_metadata": "1.x D1"}
        field = {"type": "input", "block_id": "reason", "optional": True, "element": {"type": "plain_text_input"}}
        payloads = {
            "message": said,
            "message_changed": self.slack.edit(said, f"{text} again"),
            "block_actions": self.slack.press(self.person, text),
            "view_submission": self.slack.submission(self.person, {**view, "blocks": [field]}, reason=text),
            "message_action": self.slack.shortcut(self.person, said),
            "slash": self.slack.command(self.person, text),
        }
        return {kind: self._brings(payload, proved) for kind, payload in payloads.items()}

    def signs(self, knock: Knock) -> Knock:
        """As Slack would sign this body."""
        from integrations.chat.slack_proof import SIGNATURE, STAMP, signed

        return replace(knock, headers={**knock.headers, SIGNATURE: signed(SECRET, knock.headers[STAMP], knock.body)})

    def shown(self) -> list[tuple[str, tuple[Button, ...]]]:
        return [
            (strict_blocks.shown(m["blocks"]), tuple(Button(*b) for b in strict_blocks.buttons(m["blocks"])))
            for m in self.slack.to(self.person)
        ]

    def pictures(self) -> list[bytes | None]:
        shown = [strict_blocks.files(message["blocks"]) for message in self.slack.to(self.person)]
        return [self.slack.files[files[0]] if files else None for files in shown]

    def refuses(self, how: str) -> None:
        if how == "dead":
            self.slack.dead.add(self.person)
        elif how == "busy":
            self.slack.floods.append(7)
        else:
            self.slack.breaks.append("silent")

    def close(self) -> None:
        self.loop.run_until_complete(self.channel.close())
        self.loop.close()


class EmailBench:
    """E-mail through a strict mail server; what comes in has tests of its own, with Dovecot (integrations/email)."""

    person = "maria@example.com"

    def __init__(self, post: StrictPost) -> None:
        from integrations.chat.email import Email
        from tests.integrations.mail_servers import BOT as OURS

        self.post = post
        self.channel = Email(post.url, None, OURS, b"k" * 32, above=lambda _: "Write your answer above this line")

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(coroutine)

    def shown(self) -> list[tuple[str, tuple[Button, ...]]]:
        from tests.integrations.mail_servers import words

        return [(words(mail), ()) for mail in self.post.to(self.person)]

    def pictures(self) -> list[bytes | None]:
        found = [list(mail.iter_attachments()) for mail in self.post.to(self.person)]
        return [attached[0].get_payload(decode=True) if attached else None for attached in found]

    def refuses(self, how: str) -> None:
        if how == "dead":
            self.post.unknown.add(self.person)
        else:
            self.post.breaks.append(how)


@pytest.fixture
def web() -> WebBench:
    return WebBench()


@pytest.fixture
def telegram() -> Iterator[TelegramBench]:
    with StrictTelegram() as server:
        bench = TelegramBench(server)
        yield bench
        bench.close()


@pytest.fixture
def whatsapp() -> Iterator[WhatsAppBench]:
    if find_spec("twilio") is None:
        missing("twilio (pip install linecall[whatsapp])")
    from tests.integrations.strict_twilio import StrictTwilio

    with StrictTwilio() as server:
        bench = WhatsAppBench(server)
        yield bench
        bench.close()


@pytest.fixture
def slack() -> Iterator[SlackBench]:
    with StrictSlack() as server:
        bench = SlackBench(server)
        yield bench
        bench.close()


@pytest.fixture
def email() -> Iterator[EmailBench]:
    if find_spec("imap_tools") is None:
        missing("imap-tools (pip install linecall[email])")
    from tests.integrations.mail_servers import StrictPost

    with StrictPost() as server:
        yield EmailBench(server)


CALLED = ["telegram", "slack", "whatsapp"]  # a chat whose platform calls us is added here, with a fixture of its name
FOREIGN = [*CALLED, "email"]  # and one that we ask here


@pytest.fixture(params=["web", *FOREIGN])
def any_chat(request: pytest.FixtureRequest) -> Bench:
    """Each chat in turn."""
    bench: Bench = request.getfixturevalue(request.param)
    return bench


@pytest.fixture(params=CALLED)
def called(request: pytest.FixtureRequest) -> CalledBench:
    """Each foreign chat that calls us, in turn."""
    bench: CalledBench = request.getfixturevalue(request.param)
    return bench


@pytest.fixture(params=FOREIGN)
def chat(request: pytest.FixtureRequest) -> Bench:
    """Each foreign chat in turn."""
    bench: Bench = request.getfixturevalue(request.param)
    return bench


def test_it_says_what_it_can_do(any_chat: Bench) -> None:
    traits = any_chat.channel.traits
    assert traits.text >= 160
    assert traits.parts >= 1
    assert traits.buttons + traits.numbered >= 1
    assert traits.button_text >= 12
    assert traits.button_bytes is None or traits.button_bytes >= 30, "a sealed token fits"


def test_what_is_sent_has_an_id_of_its_own(any_chat: Bench) -> None:
    sent = [any_chat.run(any_chat.channel.send(Outbound(any_chat.person, f"EX-{n}"))).message_id for n in range(3)]
    assert len(set(sent)) == 3
    assert all(sent)


def test_the_longest_text_and_the_most_buttons_arrive_whole(chat: Bench) -> None:
    traits = chat.channel.traits
    text = ("🛑 10482 & <b>*_`x`_*</b> " * 2000)[: traits.text // 2]
    text = next(part for part in fitting.split(text, traits.text))
    value = "f" * min(30, traits.button_bytes or 30)
    buttons = tuple(Button(f"{n}{'ä' * (traits.button_text - 1)}", f"{value[:-1]}{n}") for n in range(traits.buttons))
    chat.run(chat.channel.send(Outbound(chat.person, text, buttons)))
    assert chat.shown() == [(text, buttons)], "nothing was cut, and no markup of a person's words was taken for ours"


def test_a_picture_arrives_with_its_words(chat: Bench) -> None:
    words = "Causes this week 🛑 10482 & <b>" + "x" * (min(chat.channel.traits.caption, 1024) - 31)
    assert fitting.length(words) == min(chat.channel.traits.caption, 1024)
    chat.run(chat.channel.send(Outbound(chat.person, words, picture=PICTURE)))
    chat.run(chat.channel.send(Outbound(chat.person, "EX-1")))
    assert chat.shown() == [(words, ()), ("EX-1", ())]
    assert chat.pictures() == [PICTURE, None]


def test_buttons_come_whether_or_not_a_picture_can_stand_above_them(chat: Bench) -> None:
    buttons = (Button("On it", "1f.seal"),) if chat.channel.traits.buttons else ()
    chat.run(chat.channel.send(Outbound(chat.person, "EX-1", buttons, picture=PICTURE)))
    assert chat.shown() == [("EX-1", buttons)]


def test_a_message_comes_in_with_all_that_the_desk_needs(called: CalledBench) -> None:
    assert isinstance(called.channel, Hooked)
    knock = called.knock("filler 3 is down")
    assert knock.path in called.channel.hooks
    assert called.channel.proves(knock)
    (message,) = called.channel.read(knock).messages
    assert (message.channel, message.sender, message.text) == (called.channel.name, called.person, "filler 3 is down")
    assert message.message_id
    assert message.sent_at.tzinfo is not None
    (again,) = called.channel.read(knock).messages
    assert again.message_id == message.message_id, "a repeat is recognised by its id"


def test_a_pressed_button_brings_back_what_it_carried(called: CalledBench) -> None:
    assert isinstance(called.channel, Hooked)
    (press,) = called.channel.read(called.knock("", button="1f.seal-of-ours_-AB")).messages
    assert press.button == "1f.seal-of-ours_-AB"
    assert press.sender == called.person


def test_who_does_not_prove_it_is_not_believed(called: CalledBench) -> None:
    assert isinstance(called.channel, Hooked)
    proved = called.knock("release it")
    odd = [{}, dict.fromkeys(proved.headers, ""), dict.fromkeys(proved.headers, "\udcff")]
    for forged in (called.knock("release it", proved=False), *(replace(proved, headers=headers) for headers in odd)):
        assert called.channel.proves(forged) is False


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[[[[", b"{" * 500, b'{"a": 1, "a": 2}', b"a=1&a=2", b"0"])
def test_what_no_platform_sends_is_refused_whole_or_passed_over(called: CalledBench, body: bytes) -> None:
    assert isinstance(called.channel, Hooked)
    knock = replace(called.knock("x"), body=body)
    came = Came()
    with suppress(Exception):  # whatever is raised is poison: kept and shown, and no act
        came = called.channel.read(knock)
    assert came.messages == ()


def test_a_busy_platform_is_tried_later_when_it_says(chat: Bench) -> None:
    chat.refuses("busy")
    with pytest.raises(TryLater) as no:
        chat.run(chat.channel.send(Outbound(chat.person, "EX-1")))
    assert no.value.after is not None
    assert no.value.after.total_seconds() >= 7
    assert not no.value.outcome_unknown
    assert chat.shown() == []
    chat.run(chat.channel.send(Outbound(chat.person, "EX-1")))
    assert len(chat.shown()) == 1


def test_an_answer_that_does_not_come_may_mean_that_it_arrived(chat: Bench) -> None:
    chat.refuses("silent")
    with pytest.raises(TryLater) as no:
        chat.run(chat.channel.send(Outbound(chat.person, "EX-1", key="riverside:1:0")))
    assert no.value.outcome_unknown
    chat.run(chat.channel.send(Outbound(chat.person, "EX-1", key="riverside:1:0", repeat=True)))
    assert len(chat.shown()) == (1 if chat.channel.traits.finds_sent else 2)


def test_a_dead_address_is_told_from_a_refused_message(chat: Bench) -> None:
    with pytest.raises(Rejected) as no:
        chat.run(chat.channel.send(Outbound(chat.person, " ")))
    assert not isinstance(no.value, Unreachable)
    chat.refuses("dead")
    with pytest.raises(Unreachable):
        chat.run(chat.channel.send(Outbound(chat.person, "EX-1")))


def test_it_changes_what_it_sent_or_refuses_to(chat: Bench) -> None:
    card = chat.run(chat.channel.send(Outbound(chat.person, "EX-1: open")))
    change = Outbound(chat.person, "EX-1: over", replaces=card.message_id)
    if not chat.channel.traits.edits:
        with pytest.raises(Rejected):
            chat.run(chat.channel.send(change))
        assert [text for text, _ in chat.shown()] == ["EX-1: open"], "and nobody is told it as if it were new"
        return
    for _ in range(2):
        assert chat.run(chat.channel.send(change)) == card
    assert [text for text, _ in chat.shown()] == ["EX-1: over"]


def test_the_doctor_is_told_how_it_is(chat: Bench) -> None:
    assert isinstance(chat.channel, Examined)
    findings = chat.run(chat.channel.examine())
    assert findings
    assert all(isinstance(found, Finding) and found.what and found.how for found in findings)


def test_it_listens_until_it_is_cancelled(any_chat: Bench) -> None:
    async def a_while() -> None:
        async def receive(message: Inbound) -> None:
            raise AssertionError(f"nobody wrote: {message.message_id}")

        listening = asyncio.create_task(any_chat.channel.listen(receive))
        await asyncio.sleep(0.2)
        assert not listening.done()
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening

    any_chat.run(a_while())
