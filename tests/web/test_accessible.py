"""Every page for everybody: what axe-core finds, light and dark, wide and narrow; and the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import pytest

from bot.web import issue_link
from tests.stories.past_weeks import plant_with_guests, remember, the_cases
from tests.stories.test_improving import STOPS
from tests.stories.test_several_plants import GROUP, MOLINO, at_the_mill
from tests.web.door import BREAKDOWN, OpenDoor
from tests.web.test_browser import PATIENCE_MS
from workflow.messages import Inbound

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
PAGES = (
    "/chat?with=maria.lopez&with=gary.lindqvist", "/board", "/cases/EX-1001", "/cases/EX-1003",
    "/figures?period=this_month", "/cases?period=this_month&by=line",
    "/search?q=line+3", "/rules", "/people", "/postings", "/left-over", "/improve",
    "/docs", "/sign-in", "/nowhere",
)  # fmt: skip
SIGNED_IN = (  # what only whoever leads sees: proposals, several plants, what strangers wrote
    "/improve", "/figures?period=this_month", "/left-over", "/rules", "/postings", "/people", "/cases/EX-1001",
)  # fmt: skip
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Riverside with everything on its pages at once: open, taken, late, held, solved and not booked, closed."""
    door = OpenDoor(tmp_path_factory.mktemp("plant") / "data")
    before = door.clock.now()
    remember(door.app.database, (c for c in the_cases() if c.closed_at is not None and c.closed_at < before))
    door.says("maria.lopez", BREAKDOWN)
    door.says("dwayne.hicks", "crowner keeps dropping crowns on line 1, we are down")
    door.says("edson.silva", "hold lot 6319-4A, caps are not sealing")
    door.says("luis.ortega", "seamer on 2 jammed, line is down")
    door.says("gary.lindqvist", "EX-1001 on my way, 10 min")
    door.passes(minutes=15)
    door.erp.away = True
    door.says("anita.rao", "EX-1004 fixed, new roll, down 10 min")
    door.says("tamika.jones", "EX-1003 release 100 cs, scrap 20 cs")
    with door.running(erp=False) as address:
        LINKS[address] = issue_link(door.app, "denise.palmer").partition("/sign-in")[2]
        OPERATORS[address] = issue_link(door.app, "luis.ortega").partition("/sign-in")[2]
        yield address
    door.close()


@pytest.fixture(scope="module")
def of_who_leads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, OpenDoor]]:
    """Riverside after a day that teaches something, in a group with a second plant, a stranger's words left over."""
    base = tmp_path_factory.mktemp("group")
    for name in ("riverside", "molino"):
        (base / name).mkdir()
    plant_with_guests(base / "riverside")
    (base / "molino" / "plant.yaml").write_text(MOLINO, "utf-8")
    (base / "group.yaml").write_text(GROUP, "utf-8")
    there = OpenDoor(base / "molino-data", plant=base / "molino")
    remember(there.app.database, at_the_mill())
    door = OpenDoor(base / "riverside-data", plant=base / "riverside", group=base / "group.yaml")
    for n, stop in enumerate(STOPS, 1):
        door.says("maria.lopez", stop)
        door.passes(minutes=23)
        door.presses("gary.lindqvist", "acknowledge", case=f"EX-{1000 + n}")
        door.passes(minutes=5)
        door.says("gary.lindqvist", f"EX-{1000 + n} fixed, jam cleared")
        door.passes(minutes=10)
    stranger = Inbound("web", "stranger-1", "+15559999", "+15559999", door.clock.now(), "pump at the dock is leaking")
    door.app.receive(stranger)
    door.settle()
    with door.running(erp=False) as address:
        yield address, door
    door.close()
    there.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_serious_on_what_only_who_leads_sees(
    browser: Browser, of_who_leads: tuple[str, OpenDoor], width: int, scheme: Scheme
) -> None:
    from playwright.sync_api import expect

    url, door = of_who_leads
    link = issue_link(door.app, "stephanie.greer").partition("/sign-in")[2]
    page = shown(browser, url, f"/sign-in{link}", width, scheme)
    page.get_by_role("button", name="Sign in on this device").click()
    expect(page).to_have_url(re.compile("/chat"))
    for path in SIGNED_IN:
        page.goto(url + path)
        page.locator("main").wait_for()
        if path == "/improve":
            expect(page.get_by_role("button", name="Change it").first).to_be_visible()
        if path.startswith("/figures"):
            expect(page.locator("main")).to_contain_text("Molino del Norte")
        if path == "/left-over":
            expect(page.locator("main")).to_contain_text("pump at the dock")
        if width < 500:
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path}: nothing beside the screen"
        page.evaluate("document.querySelectorAll('main details').forEach(e => { e.open = true })")
        found = [(one["id"], node["html"][:160]) for one in findings(page) for node in one["nodes"]
                 if one["impact"] in SERIOUS]  # fmt: skip
        assert found == [], path
    page.context.close()


LINKS: dict[str, str] = {}  # an unused sign-in link of a running service, as its query
OPERATORS: dict[str, str] = {}  # the same for an operator of line 2, who reads Spanish
BOARD = "Tablero"


def shown(browser: Browser, url: str, path: str, width: int, scheme: Scheme) -> Page:
    """A page in a window of its own, still, with its pictures there."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(url + path)
    page.locator("main").wait_for()
    return page


def findings(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds wrong here, with where."""
    from axe_playwright_python.sync_playwright import Axe

    return list(Axe().run(page).response["violations"])


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_serious(browser: Browser, url: str, path: str, width: int, scheme: Scheme) -> None:
    page = shown(browser, url, path, width, scheme)
    if width < 500:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing stands beside the screen"
    page.evaluate("document.querySelectorAll('main details').forEach(e => { e.open = true })")
    found = [
        (one["id"], one["impact"], node["html"][:160], node["failureSummary"])
        for one in findings(page)
        for node in one["nodes"]
        if one["impact"] in SERIOUS
    ]
    page.context.close()
    assert found == []


def test_axe_would_find_something_were_it_there(browser: Browser, url: str) -> None:
    page = shown(browser, url, "/board", 1280, "light")
    page.evaluate("""() => {
        const p = document.createElement('p'); p.textContent = 'can you read this?'; p.className = 'pale';
        const input = document.createElement('input'); document.querySelector('main').append(p, input);
        const sheet = new CSSStyleSheet(); sheet.replaceSync('.pale { color: #ccc; background: #fff }');
        document.adoptedStyleSheets = [sheet];
    }""")

    assert {"color-contrast", "label"} <= {one["id"] for one in findings(page)}
    page.context.close()


def focused(page: Page) -> str:
    """What has the focus, in words."""
    said: str = page.evaluate(
        "() => { const e = document.activeElement; return e.getAttribute('aria-label') || e.textContent.trim()"
        " || (e.labels && e.labels[0] && e.labels[0].textContent.trim()) || e.name || e.tagName; }"
    )
    return " ".join(said.split())


def is_marked(page: Page) -> bool:
    """Whether one sees where the focus is."""
    return bool(
        page.evaluate(
            "() => { const s = getComputedStyle(document.activeElement);"
            " return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2) || s.boxShadow !== 'none'; }"
        )
    )


def test_with_the_keyboard_alone_one_finds_an_exception_and_reads_it(browser: Browser, url: str) -> None:
    from playwright.sync_api import expect

    page = shown(browser, url, "/search", 1280, "light")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    box = page.locator("#skip-target, .skip").first.bounding_box()
    assert box is not None
    assert box["y"] >= 0, "what has the focus is on the screen"
    walked = []
    while "Number, order" not in (walked[-1] if walked else ""):
        page.keyboard.press("Tab")
        assert is_marked(page), focused(page)
        walked.append(focused(page))
        assert len(walked) < 20, walked
    assert walked[:5] == ["Linecall", "Chat", "Board", "Figures", "Search"]
    page.keyboard.type("EX-1001")
    page.keyboard.press("Enter")
    expect(page.locator(".found li")).to_have_count(1)
    for _ in range(40):
        page.keyboard.press("Tab")
        if focused(page) == "EX-1001":
            break
    assert is_marked(page)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("EX-1001")
    page.context.close()


def test_the_menu_opens_and_leads_on_by_keyboard_and_every_control_is_marked_in_the_dark(
    browser: Browser, url: str
) -> None:
    from playwright.sync_api import expect

    page = shown(browser, url, "/rules", 1280, "dark")
    page.locator(".more summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".more a").first).to_be_visible()
    page.keyboard.press("Tab")
    assert focused(page) == "Not in ERP yet"
    assert is_marked(page)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/postings$"))
    page.context.close()


def test_by_keyboard_a_link_signs_in_once_and_a_posting_is_tried_again(browser: Browser, url: str) -> None:
    from playwright.sync_api import expect

    link = LINKS[url]
    page = shown(browser, url, f"/sign-in{link}", 1280, "light")
    page.get_by_role("button", name="Sign in on this device").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/chat"))
    page.goto(f"{url}/postings")
    again = page.get_by_role("button", name="Try again").first
    again.focus()
    assert is_marked(page)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Not in ERP yet")
    page.context.close()

    second = shown(browser, url, f"/sign-in{link}", 1280, "light")
    second.get_by_role("button", name="Sign in on this device").click()
    expect(second.get_by_role("alert")).to_contain_text("used already")
    second.context.close()


def test_who_may_not_is_refused_in_words_that_lead_on(browser: Browser, url: str) -> None:
    from playwright.sync_api import expect

    page = shown(browser, url, f"/sign-in{OPERATORS[url]}", 1280, "light")
    page.get_by_role("button", name=re.compile("Sign in|Entrar")).click()
    expect(page).to_have_url(re.compile("/chat"))
    everybody = shown(browser, url, "/board", 1280, "light")
    expect(everybody.locator(".row")).not_to_have_count(0)
    everybody.context.close()
    page.goto(f"{url}/board")
    expect(page.locator("#calm")).to_be_visible()
    expect(page.locator(".row")).to_have_count(0)
    page.locator(".more summary").click()
    expect(page.locator('.more a[href="/people"]')).to_have_count(0)
    for path in ("/people", "/cases/EX-1001"):
        page.goto(url + path)
        expect(page.locator("main")).not_to_contain_text("filler")
        page.locator("main").get_by_role("link", name=BOARD).click()
        expect(page.locator("#board")).to_be_visible()
    page.goto(f"{url}/postings")
    expect(page.locator("main form")).to_have_count(0)
    page.context.close()


def test_the_board_shows_what_is_reported_without_a_reload(browser: Browser, url: str) -> None:
    from playwright.sync_api import expect

    board = shown(browser, url, "/board", 1280, "light")
    board.evaluate("window.same = true")
    chat = shown(browser, url, "/chat?with=bri.kowalski", 1280, "light")
    box = chat.locator(".column textarea")
    box.fill("capper on line 4 drops caps, line is down")
    box.press("Enter")
    expect(board.locator(".row", has_text="drops caps")).to_be_visible()
    assert board.evaluate("window.same"), "it is the same page still"
    board.context.close()
    chat.context.close()
