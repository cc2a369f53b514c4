"""Takes the pictures of a hold on three phones, in each chat: what the operator, the supervisor and quality see there.

    python -m tools.chat_pictures [FOLDER]

The messages are those of the real program on the sample plant, as each chat's adapter sent them to the strict fake of
the tests, cards as they stand at the end; the page around them is our own drawing and no vendor's. Needs Chromium.
"""

from __future__ import annotations

import html
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from playwright.sync_api import sync_playwright

from tests.integrations import strict_blocks
from tests.integrations.slack.floor import Floor as SlackFloor
from tests.integrations.strict_slack import StrictSlack
from tests.integrations.strict_telegram import StrictTelegram
from tests.integrations.strict_twilio import StrictTwilio
from tests.integrations.telegram.floor import SECRET
from tests.integrations.telegram.floor import Floor as TelegramFloor
from tests.integrations.whatsapp.floor import Floor as WhatsAppFloor
from tests.web.door import OpenDoor

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PEOPLE = {"operator": "joana.ferreira", "supervisor": "hector.salinas", "quality": "renata.alves"}  # of the late shift
LATE_SHIFT = 8 * 60 + 20  # minutes after the morning on which the plant begins
LAST = 9  # messages on a picture
STYLE = """
body { margin: 0; font: 15px/1.4 "DejaVu Sans", sans-serif; background: #d9e2d5; color: #1c1f1a; }
main { width: 400px; padding: 0 14px 18px; }
h1 { font-size: 16px; margin: 0 -14px 14px; padding: 12px 16px; background: #31503f; color: #fff; }
h1 small { display: block; font-weight: normal; font-size: 12px; color: #cfe0d5; }
article { max-width: 340px; margin: 0 0 10px; }
article p { margin: 0; padding: 9px 12px; border-radius: 12px; background: #fff; white-space: pre-wrap; }
article.mine { margin-left: auto; } article.mine p { background: #cdeab8; }
article.card p { border-left: 4px solid #31503f; }
nav { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 6px; }
nav b { flex: 1 1 40%; text-align: center; padding: 9px 6px; border-radius: 10px; background: #fffb;
  color: #24503a; }
small.note { display: block; padding: 3px 12px 0; color: #56604f; font-size: 12px; }
"""


@dataclass(frozen=True)
class Seen:
    """One message as its reader sees it."""

    text: str
    buttons: tuple[str, ...] = ()
    card: bool = False
    mine: bool = False


class Chat(Protocol):
    """A chat at the plant, for whoever has an address there."""

    floor: OpenDoor

    def says(self, address: str, text: str) -> None:
        """Somebody writes."""
        ...

    def presses(self, address: str, label: str) -> None:
        """Somebody presses the newest button of that label."""
        ...

    def shown(self, address: str) -> list[Seen]:
        """What somebody was sent, oldest first."""
        ...


class OnTelegram:
    """On the strict fake of Telegram."""

    def __init__(self, data: Path, telegram: StrictTelegram) -> None:
        self.floor = TelegramFloor(data, telegram, telegram_webhook_secret=SECRET)

    def says(self, address: str, text: str) -> None:
        """Somebody writes."""
        self.floor.texts(int(address), text)

    def presses(self, address: str, label: str) -> None:
        """Somebody presses the newest button of that label."""
        floor = self.floor
        floor.knocks_with(floor.telegram.press(int(address), floor.data(int(address), label)))
        floor.settle()

    def shown(self, address: str) -> list[Seen]:
        """What somebody was sent, oldest first."""

        def labels(message: dict[str, dict[str, list[list[dict[str, str]]]]]) -> tuple[str, ...]:
            rows = (message.get("reply_markup") or {}).get("inline_keyboard", [])
            return tuple(button["text"] for row in rows for button in row)

        return [Seen(m["text"], labels(m), m["edits"] > 0) for m in self.floor.telegram.to(address)]


class OnWhatsApp:
    """On the strict fake of Twilio."""

    def __init__(self, data: Path, twilio: StrictTwilio) -> None:
        self.floor = WhatsAppFloor(data, twilio)

    def says(self, address: str, text: str) -> None:
        """Somebody writes."""
        self.floor.texts(address, text)

    def presses(self, address: str, label: str) -> None:
        """Somebody presses the newest button of that label."""
        self.floor.presses(address, label)

    def shown(self, address: str) -> list[Seen]:
        """What somebody was sent, oldest first."""
        shown = self.floor.twilio.shown(address)
        return [Seen(m["text"], tuple(label for label, _ in m["buttons"])) for m in shown]


class OnSlack:
    """On the strict fake of Slack."""

    def __init__(self, data: Path, slack: StrictSlack) -> None:
        self.floor = SlackFloor(data, slack)

    def says(self, address: str, text: str) -> None:
        """Somebody writes."""
        self.floor.texts(address, text)

    def presses(self, address: str, label: str) -> None:
        """Somebody presses the newest button of that label."""
        self.floor.presses(address, label)

    def shown(self, address: str) -> list[Seen]:
        """What somebody was sent, oldest first."""
        return [
            Seen(
                strict_blocks.shown(m["blocks"]),
                tuple(label for label, _ in strict_blocks.buttons(m["blocks"])),
                m["edits"] > 0,
            )
            for m in self.floor.slack.to(address)
        ]


@dataclass
class Phone:
    """What one person wrote and what they were sent, in the order in which it happened."""

    chat: Chat
    address: str
    lines: list[tuple[int, str]] = field(default_factory=list)  # after how many messages which words were said

    def said(self, text: str) -> None:
        """Remember what was written here, and after what."""
        self.lines.append((len(self.chat.shown(self.address)), text))

    def page(self, name: str) -> str:
        """The conversation as a page of our own."""
        theirs = self.chat.shown(self.address)
        seen: list[Seen] = []
        for n, message in enumerate(theirs):
            seen += [Seen(text, mine=True) for after, text in self.lines if after == n]
            seen.append(message)
        seen += [Seen(text, mine=True) for after, text in self.lines if after >= len(theirs)]
        head = f"<h1>Riverside Linecall<small>{html.escape(name)}</small></h1>"
        shown = "".join(_drawn(one) for one in seen[-LAST:])
        return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><main>{head}{shown}</main>"


def _drawn(one: Seen) -> str:
    kind = " class=mine" if one.mine else " class=card" if one.card else ""
    buttons = "".join(f"<b>{html.escape(label)}</b>" for label in one.buttons)
    note = "<small class=note>live card</small>" if one.card else ""
    return f"<article{kind}><p>{html.escape(one.text)}</p><nav>{buttons}</nav>{note}</article>"


def play(chat: Chat) -> dict[str, Phone]:
    """A hold: reported, taken, decided in parts, booked; the phone of each person who has one in this chat."""
    people, name = chat.floor.app.plant.person, next(n for n in chat.floor.app.channels if n != "web")
    phones = {role: Phone(chat, people[id_].contacts.get(name, "")) for role, id_ in PEOPLE.items()}

    def says(role: str, text: str) -> None:
        if phones[role].address:
            phones[role].said(text)
            chat.says(phones[role].address, text)
        else:
            chat.floor.says(PEOPLE[role], text)  # on our own page
        chat.floor.passes(seconds=20)

    chat.floor.passes(minutes=LATE_SHIFT)
    if name == "whatsapp":  # outside of 24 hours WhatsApp carries approved templates alone
        for phone in phones.values():
            phone.said("oi")
            chat.says(phone.address, "oi")
    says("operator", "segura o lote 6319-4A, as tampas não estão vedando, linha 3")
    quality = phones["quality"]
    label = next(one.buttons[0] for one in reversed(chat.shown(quality.address)) if one.buttons)
    quality.said(label)
    chat.presses(quality.address, label)
    chat.floor.passes(seconds=20)
    says("quality", "6319-4A: liberar 600 cs, retrabalhar 150 cs")
    says("quality", "sim")
    chat.floor.passes(minutes=2)
    says("supervisor", "¿qué está abierto?")
    return {role: phone for role, phone in phones.items() if phone.address}


@contextmanager
def chats() -> Iterator[dict[str, Chat]]:
    """Each chat, by how its pictures begin."""
    with ExitStack() as open_now:
        data = Path(open_now.enter_context(tempfile.TemporaryDirectory()))
        found: dict[str, Chat] = {
            "chat": OnTelegram(data / "telegram", open_now.enter_context(StrictTelegram())),
            "chat-whatsapp": OnWhatsApp(data / "whatsapp", open_now.enter_context(StrictTwilio())),
            "chat-slack": OnSlack(data / "slack", open_now.enter_context(StrictSlack())),
        }
        yield found
        for chat in found.values():
            chat.floor.close()


def main() -> None:
    """Play, draw, photograph."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    with chats() as found:
        pages = {
            f"{begins}-{role}": phone.page(chat.floor.app.plant.person[PEOPLE[role]].first_name)
            for begins, chat in found.items()
            for role, phone in play(chat).items()
        }
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("There is no Chromium here (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 428, "height": 300}, device_scale_factor=2)
        for name, content in pages.items():
            page.set_content(content)
            page.locator("main").screenshot(path=folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
