"""The figures and the queue in a real browser: on a phone, in the dark, and a posting booked by hand by clicking."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.web import issue_link
from tests.stories.past_weeks import remember, the_cases
from tests.web.door import OpenDoor
from tests.web.test_browser import PATIENCE_MS, Seat
from tests.web.test_figures_page import _said
from workflow.errors import Rejected

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from workflow.case import Posting
    from workflow.ports import Receipt

pytestmark = pytest.mark.browser


def test_the_figures_fit_a_phone_and_their_pictures_are_drawn(browser: Browser, door: OpenDoor) -> None:
    from playwright.sync_api import expect

    door.clock.turn_to(datetime(2026, 11, 18, 16, 0, tzinfo=UTC))
    remember(door.app.database, (case for case in the_cases() if case.closed_at is not None))
    with door.running() as url:
        hand = Seat(browser, url, width=390, height=844)
        page = hand.opens("/figures?period=this_month")
        for drawn in page.locator("img.drawn").all():
            drawn.scroll_into_view_if_needed()
            expect(drawn).to_have_js_property("complete", True, timeout=PATIENCE_MS)
            assert drawn.evaluate("e => e.naturalWidth") == 1080
            assert drawn.get_attribute("alt")
        expect(page.locator(".values")).to_have_count(2)
        for numbers in page.locator(".values").all():
            numbers.locator("summary").click()
            expect(numbers.locator("tbody tr").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for link in page.locator(".periods a").all():
            box = link.bounding_box()
            assert box is not None
            assert box["height"] >= 44
        page.locator(".periods a", has_text="Last week").click()
        expect(page.locator(".periods a[aria-current]")).to_have_text("Last week")
        hand.context.close()
        assert hand.complaints == []


def test_R2_what_erp_has_not_taken_is_booked_by_hand_by_who_is_signed_in(browser: Browser, door: OpenDoor) -> None:
    from playwright.sync_api import expect

    door.erp.away = True
    with door.running(erp=False) as url:
        seat = Seat(browser, url)
        door.app.receive(_said(door, "luis.ortega", "seamer on 2 jammed, line is down"))
        board = seat.opens("/board")
        expect(board.locator(".row")).to_have_count(1, timeout=PATIENCE_MS)
        door.app.receive(_said(door, "gary.lindqvist", "fixed, new roll, down 10 min"))
        expect(board.locator("#erp ul li")).not_to_have_count(0, timeout=PATIENCE_MS)

        board.locator("#erp-title a").click()
        expect(board.locator("main")).to_contain_text("sign in with your own link")
        expect(board.locator("main form")).to_have_count(0)

        link = issue_link(door.app, "denise.palmer").partition("/sign-in")[2]
        board.goto(f"{url}/sign-in{link}")
        board.get_by_role("button").first.click()
        expect(board).to_have_url(re.compile("/chat"))
        board.goto(f"{url}/postings")
        before = board.locator("main section").count()
        board.get_by_role("button", name="Try again").first.click()
        expect(board.locator("h1")).to_have_text("Not in ERP yet")
        board.get_by_label("Document").first.fill("DOC-77")
        board.get_by_role("button", name="Booked by hand").first.click()
        expect(board.locator("main section:has(form)")).to_have_count(before - 1)
        expect(board).to_have_url(re.compile("/postings$"))
        seat.context.close()
        assert seat.complaints == []


def test_R2_what_erp_refused_leaves_the_queue_once_erp_takes_it_and_somebody_tries_it_again(
    browser: Browser, door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from playwright.sync_api import expect

    closed = "the period is closed"
    takes = door.app.erp.post

    def refuses(posting: Posting) -> Receipt:
        if closed:
            raise Rejected(closed)
        return takes(posting)

    monkeypatch.setattr(door.app.erp, "post", refuses)
    with door.running() as url:
        seat = Seat(browser, url)
        door.app.receive(_said(door, "luis.ortega", "seamer on 2 jammed, line is down"))
        board = seat.opens("/board")
        expect(board.locator(".row")).to_have_count(1, timeout=PATIENCE_MS)
        door.app.receive(_said(door, "gary.lindqvist", "fixed, new roll, down 10 min"))
        expect(board.locator("#erp .badge.failed").first).to_be_visible(timeout=PATIENCE_MS)

        queue = seat.opens("/sign-in" + issue_link(door.app, "denise.palmer").partition("/sign-in")[2])
        queue.get_by_role("button").first.click()
        expect(queue).to_have_url(re.compile("/chat"))
        queue.goto(f"{url}/postings")
        owed = queue.locator("section.owed").count()
        assert owed
        expect(queue.locator("section.owed").first).to_contain_text(closed)
        queue.get_by_role("button", name="Try again").first.click()
        expect(queue.locator("section.owed")).to_have_count(owed)
        expect(board.locator("#erp .badge.failed")).to_have_count(owed, timeout=PATIENCE_MS)

        closed = ""
        while owed:
            queue.goto(f"{url}/postings")
            expect(queue.locator("section.owed")).to_have_count(owed)
            queue.get_by_role("button", name="Try again").first.click()
            owed -= 1
            expect(board.locator("#erp ul li")).to_have_count(owed, timeout=PATIENCE_MS)
        queue.goto(f"{url}/postings")
        expect(queue.locator("main")).to_contain_text("ERP has everything")
        expect(board.locator("#closed-EX-1001")).to_be_visible(timeout=PATIENCE_MS)
        seat.context.close()
        assert seat.complaints == []
