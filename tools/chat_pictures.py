"""Takes the pictures of a hold on three phones: what the operator, the supervisor and quality see in their chat.

    python -m tools.chat_pictures [FOLDER]

The messages are those of the real program on the sample plant, as Telegram's adapter sent them to the strict fake of
the tests, cards as they stand at the end; the page around them is our own drawing and no vendor's. Needs Chromium.
"""

from __future__ import annotations

import html
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.integrations.strict_telegram import StrictTelegram
from tests.integrations.test_telegram import SECRET, Floor

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
OPERATOR, SUPERVISOR, QUALITY = 70107, 70112, 70119  # Joana, Héctor and Renata of the late shift
PHONES = {
    "chat-operator": (OPERATOR, "Joana"),
    "chat-supervisor": (SUPERVISOR, "Héctor"),
    "chat-quality": (QUALITY, "Renata"),
}
LATE_SHIFT = 8 * 60 + 20  # minutes after the morning on which the plant begins
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


class Phone:
    """What one person wrote and what they were sent, in the order in which it happened."""

    def __init__(self, telegram: StrictTelegram, person: int) -> None:
        self.telegram, self.person = telegram, person
        self.lines: list[tuple[int, str]] = []  # after how many messages of the program which words were said

    def said(self, text: str) -> None:
        """Remember what was written here, and after what."""
        self.lines.append((len(self.telegram.to(self.person)), text))

    def page(self, name: str) -> str:
        """The conversation as a page of our own."""
        shown: list[str] = []
        for n, message in enumerate(self.telegram.to(self.person)):
            shown += [_mine(text) for after, text in self.lines if after == n]
            shown.append(_theirs(message))
        shown += [_mine(text) for after, text in self.lines if after >= len(self.telegram.to(self.person))]
        head = f"<h1>Riverside Linecall<small>{html.escape(name)}</small></h1>"
        return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><main>{head}{''.join(shown[-9:])}</main>"


def _mine(text: str) -> str:
    return f'<article class="mine"><p>{html.escape(text)}</p></article>'


def _theirs(message: dict[str, Any]) -> str:
    rows = (message.get("reply_markup") or {}).get("inline_keyboard", [])
    buttons = "".join(f"<b>{html.escape(b['text'])}</b>" for row in rows for b in row)
    card = " class=card" if message["edits"] else ""
    note = "<small class=note>live card</small>" if message["edits"] else ""
    return f"<article{card}><p>{html.escape(message['text'])}</p><nav>{buttons}</nav>{note}</article>"


def play(floor: Floor, phones: dict[int, Phone]) -> None:
    """A hold: reported, taken, decided in parts, booked."""

    def says(person: int, text: str) -> None:
        phones[person].said(text)
        floor.texts(person, text)
        floor.passes(seconds=20)

    def presses(person: int, label: str) -> None:
        phones[person].said(label)
        floor.knocks_with(floor.telegram.press(person, floor.data(person, label)))
        floor.settle()
        floor.passes(seconds=20)

    floor.passes(minutes=LATE_SHIFT)
    says(OPERATOR, "segura o lote 6319-4A, as tampas não estão vedando, linha 3")
    presses(QUALITY, floor_label(floor, QUALITY))
    says(QUALITY, "6319-4A: liberar 600 cs, retrabalhar 150 cs")
    says(QUALITY, "sim")
    floor.passes(minutes=2)
    says(SUPERVISOR, "¿qué está abierto?")


def floor_label(floor: Floor, person: int) -> str:
    """The first button that this person was shown."""
    rows = [m["reply_markup"]["inline_keyboard"] for m in floor.telegram.to(person) if m.get("reply_markup")]
    return str(rows[-1][0][0]["text"])


def main() -> None:
    """Play, draw, photograph."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    with tempfile.TemporaryDirectory() as data, StrictTelegram() as telegram:
        floor = Floor(Path(data) / "data", telegram, telegram_webhook_secret=SECRET)
        phones = {person: Phone(telegram, person) for person, _ in PHONES.values()}
        play(floor, phones)
        pages = {name: phones[person].page(who) for name, (person, who) in PHONES.items()}
        floor.close()
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
