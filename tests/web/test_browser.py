"""The pages in a real browser: a breakdown from the first word to closed, by clicking, on live pages."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.web.door import BREAKDOWN, OpenDoor
from workflow.messages import Inbound

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

pytestmark = pytest.mark.browser

MARIA, GARY = "maria.lopez", "gary.lindqvist"
PATIENCE_MS = 20_000


class Seat:
    """A browser window in front of the running service, which fails the test on any script error."""

    def __init__(self, browser: Browser, url: str, width: int = 1440, height: int = 900) -> None:
        self.url = url
        self.context = browser.new_context(viewport={"width": width, "height": height})
        self.context.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []

    def opens(self, path: str) -> Page:
        """One more page."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hears)
        page.goto(self.url + path)
        return page

    def _hears(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)


@pytest.fixture
def service(door: OpenDoor) -> Iterator[str]:
    """The running service's address."""
    with door.running() as url:
        yield url


@pytest.fixture
def seat(browser: Browser, service: str) -> Iterator[Seat]:
    """Somebody at a desk."""
    somebody = Seat(browser, service)
    yield somebody
    somebody.context.close()
    assert somebody.complaints == []


def phone_of(page: Page, person: str) -> Locator:
    """One person's column."""
    return page.locator(f'.column[data-person="{person}"]')


def types(page: Page, person: str, text: str) -> None:
    """Write as a person and press Enter."""
    box = phone_of(page, person).locator("textarea")
    box.fill(text)
    box.press("Enter")


def heard(page: Page, person: str) -> Locator:
    """What a person was told."""
    return phone_of(page, person).locator(".messages .theirs")


def test_a_breakdown_is_reported_taken_and_repaired_by_clicking(seat: Seat) -> None:
    from playwright.sync_api import expect

    board = seat.opens("/board")
    expect(board.locator("#calm")).to_be_visible()
    chat = seat.opens(f"/chat?with={MARIA}&with={GARY}")

    types(chat, MARIA, BREAKDOWN)
    expect(heard(chat, MARIA).first.locator(".chip")).to_have_text(re.compile(r"EX-\d+"), timeout=PATIENCE_MS)
    number = heard(chat, MARIA).first.locator(".chip").inner_text()
    row = board.locator(f"#row-{number}")
    expect(row).to_contain_text("Nobody yet", timeout=PATIENCE_MS)
    expect(row).to_have_class(re.compile("stopped"))

    offer = heard(chat, GARY).locator(".offer").first
    offer.click()
    expect(phone_of(chat, GARY).locator(".offer.pressed")).to_be_visible(timeout=PATIENCE_MS)
    expect(row).to_contain_text("Gary Lindqvist", timeout=PATIENCE_MS)
    expect(row).not_to_contain_text(re.compile(r"^\s*\?\s*Nobody yet"))

    solve = phone_of(chat, GARY).locator('.offer[data-button*="resolve"]').last
    solve.click()
    expect(row).to_have_count(0, timeout=PATIENCE_MS)
    expect(board.locator(f"#closed-{number}")).to_be_visible(timeout=PATIENCE_MS)

    heard(chat, MARIA).last.locator(".chip").click()
    expect(chat.locator("h1")).to_contain_text(number)
    expect(chat.locator(".road .past")).to_have_count(5)


def test_a_screen_at_a_line_stays_live_and_at_its_line(seat: Seat, door: OpenDoor) -> None:
    from playwright.sync_api import expect

    board, screen = seat.opens("/board"), seat.opens("/?line=L2")
    expect(screen.locator("#calm")).to_be_visible()
    door.app.receive(_said(door, MARIA, BREAKDOWN))
    expect(board.locator(".row")).to_have_count(1, timeout=PATIENCE_MS)
    door.app.receive(_said(door, "luis.ortega", "seamer on 2 jammed, line is down"))
    expect(board.locator(".of-line .row")).to_have_count(2, timeout=PATIENCE_MS)
    expect(screen.locator(".row")).to_have_count(1, timeout=PATIENCE_MS)
    expect(screen.locator(".row")).to_contain_text("jammed")
    screen.locator("#tally a").click()
    expect(screen.locator(".row")).to_have_count(2)
    screen.locator(".row a.line", has_text="L3").click()
    expect(screen.locator(".row")).to_have_count(1)
    expect(screen.locator(".row")).to_contain_text("Filler 3")


def test_words_are_shown_at_once_and_only_once(seat: Seat) -> None:
    from playwright.sync_api import expect

    chat = seat.opens(f"/chat?with={MARIA}")
    types(chat, MARIA, "thanks everybody")

    expect(phone_of(chat, MARIA).locator(".messages .mine")).to_have_text(re.compile("thanks everybody"))
    expect(phone_of(chat, MARIA).locator(".pending .mine")).to_have_count(0, timeout=PATIENCE_MS)


def test_a_half_written_message_and_its_focus_survive_the_others_news(seat: Seat) -> None:
    from playwright.sync_api import expect

    chat = seat.opens(f"/chat?with={MARIA}&with={GARY}")
    box = phone_of(chat, GARY).locator("textarea")
    types(chat, MARIA, BREAKDOWN)
    box.fill("on my w")
    box.focus()

    expect(heard(chat, GARY).first).to_be_visible(timeout=PATIENCE_MS)

    expect(box).to_have_value("on my w")
    expect(box).to_be_focused()


def test_the_newest_message_is_in_view_while_one_reads_along_and_announced_while_one_does_not(
    seat: Seat, door: OpenDoor
) -> None:
    from playwright.sync_api import expect

    for n in range(12):
        door.app.receive(_said(door, MARIA, f"what is open? {n}"))
    chat = seat.opens(f"/chat?with={MARIA}")
    expect(heard(chat, MARIA)).to_have_count(12, timeout=PATIENCE_MS)
    expect(heard(chat, MARIA).last).to_be_in_viewport()

    phone_of(chat, MARIA).locator(".scroll").evaluate("e => e.scrollTop = 0")
    door.app.receive(_said(door, MARIA, "what is open now?"))
    newer = phone_of(chat, MARIA).locator(".newer")
    expect(newer).to_be_visible(timeout=PATIENCE_MS)
    newer.click()

    expect(heard(chat, MARIA).last).to_be_in_viewport()


def test_people_are_added_exchanged_and_closed_and_the_address_remembers_it(seat: Seat) -> None:
    from playwright.sync_api import expect

    chat = seat.opens(f"/chat?with={MARIA}&with={GARY}")
    phone_of(chat, MARIA).locator("select").select_option("tamika.jones")
    expect(phone_of(chat, "tamika.jones")).to_be_visible()
    phone_of(chat, GARY).locator(".close").click()
    chat.locator("#add").click()
    expect(chat.locator(".column")).to_have_count(2)

    expect(chat).to_have_url(re.compile(r"with=tamika\.jones&with=[a-z.]+$"))
    chat.reload()
    expect(chat.locator(".column")).to_have_count(2)
    expect(phone_of(chat, "tamika.jones")).to_be_visible()


def test_what_could_not_be_sent_stays_in_the_box_and_says_why(seat: Seat) -> None:
    from playwright.sync_api import expect

    chat = seat.opens(f"/chat?with={MARIA}")
    chat.route("**/api/messages", lambda route: route.fulfill(status=413, json={"error": "x", "message": "Too long."}))
    types(chat, MARIA, BREAKDOWN)

    expect(phone_of(chat, MARIA).locator(".composer .problem")).to_have_text("Too long.")
    expect(phone_of(chat, MARIA).locator("textarea")).to_have_value(BREAKDOWN)
    expect(phone_of(chat, MARIA).locator(".pending .mine")).to_have_count(0)
    seat.complaints.clear()


def test_on_a_phone_one_conversation_is_shown_and_the_others_are_a_touch_away(browser: Browser, service: str) -> None:
    from playwright.sync_api import expect

    hand = Seat(browser, service, width=390, height=844)
    chat = hand.opens(f"/chat?with={MARIA}&with={GARY}")
    expect(phone_of(chat, MARIA)).to_be_visible()
    expect(phone_of(chat, GARY)).to_be_hidden()

    types(chat, MARIA, BREAKDOWN)
    waiting = chat.locator("#switch .unread")
    expect(waiting).to_have_text("Gary", timeout=PATIENCE_MS)
    waiting.click()

    expect(phone_of(chat, GARY)).to_be_visible()
    expect(phone_of(chat, MARIA)).to_be_hidden()
    expect(heard(chat, GARY).first).to_be_visible()
    assert chat.evaluate("document.documentElement.scrollWidth") <= 390
    hand.context.close()
    assert hand.complaints == []


def test_the_board_says_when_it_is_not_live_and_comes_back_by_itself(seat: Seat) -> None:
    from playwright.sync_api import expect

    board = seat.opens("/board")
    expect(board.locator("#live")).to_have_text("live")

    seat.context.set_offline(True)
    board.evaluate("window.dispatchEvent(new Event('online'))")  # the stream notices at once, not at its next beat
    expect(board.locator("#live")).to_have_text(re.compile(r"not live since \d\d:\d\d"), timeout=PATIENCE_MS)
    seat.context.set_offline(False)

    expect(board.locator("#live")).to_have_text("live", timeout=PATIENCE_MS)
    seat.complaints.clear()


def test_everything_that_one_presses_on_a_phone_is_large_enough_for_a_glove(
    browser: Browser, service: str, door: OpenDoor
) -> None:
    from playwright.sync_api import expect

    hand = Seat(browser, service, width=390, height=844)
    chat = hand.opens(f"/chat?with={GARY}")
    door.app.receive(_said(door, MARIA, BREAKDOWN))
    expect(heard(chat, GARY).locator(".offer").first).to_be_visible(timeout=PATIENCE_MS)

    for element in chat.locator(".offer, .send, textarea, .close, #switch button").all():
        box = element.bounding_box()
        assert box is not None
        assert box["height"] >= 44, element.evaluate("e => e.outerHTML")
    hand.context.close()


def _said(door: OpenDoor, person: str, text: str) -> Inbound:
    return Inbound("web", uuid.uuid4().hex, person, person, door.clock.now(), text)
