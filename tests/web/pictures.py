"""Takes the pictures of `docs/pictures/`: the recorded day shift up to its busiest hour, in headless Chromium.

`python -m tests.web.pictures [FOLDER]`; needs Chromium. What is shown is the real program on the sample plant.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import UTC, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml
from PIL import Image
from playwright.sync_api import sync_playwright

from tests.stories.past_weeks import remember, the_cases
from tests.web.door import OpenDoor
from workflow.messages import Inbound

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = ROOT / "docs" / "pictures"
SHIFT = ROOT / "fixtures" / "demo" / "day-shift.yaml"
UNTIL = time(9, 37)  # ERP is away, and a decision waits for it
LATER = (  # what happens besides, so that every state is to be seen at once
    (time(9, 41), "dwayne.hicks", "crowner keeps dropping crowns on line 1, we are down"),
    (time(9, 46), "luis.ortega", "otra vez la paletizadora de la 2 esta atorada, linea parada desde hace 5 min"),
    (time(9, 47), "gary.lindqvist", None),  # presses the first button of what he was told last
    (time(9, 49), "edson.silva", "tá acabando o filme stretch na linha 4, tem uns 20 min"),
    (time(9, 52), "stephanie.greer", "what is open right now?"),
)
PEOPLE = ("luis.ortega", "gary.lindqvist", "tamika.jones", "denise.palmer", "stephanie.greer")


def play(door: OpenDoor) -> None:
    """The recorded shift up to `UNTIL`, then what happens later."""
    recorded = yaml.safe_load(SHIFT.read_text(encoding="utf8"))

    def at(clock: time) -> datetime:
        return datetime.combine(recorded["date"], clock, door.app.plant.zone).astimezone(UTC)

    for entry in recorded["shift"]:
        when = time.fromisoformat(entry["at"])
        if when > UNTIL:
            break
        door.passes_until(at(when))
        if "erp" in entry:
            door.erp.away = entry["erp"] == "away"
        if "says" in entry:
            door.says(entry["who"], entry["says"])
        elif "presses" in entry:
            args = ("asset", entry["arg"]) if entry["presses"] == "answer" else ()
            door.presses(entry["who"], entry["presses"], *args)
    for clock, who, text in LATER:
        door.passes_until(at(clock))
        if text is None:
            door.presses(who, "acknowledge")
        else:
            door.says(who, text)
    door.app.receive(
        Inbound("web", "stranger", "+15559999", "+15559999", door.clock.now(), "pump at dock 2 is leaking")
    )
    door.passes_until(at(time(9, 53)))


def take(browser: Browser, url: str, folder: Path, numbers: tuple[str, ...]) -> None:
    """Every picture, in the order of the documentation."""
    everyone = "&".join(f"with={person}" for person in PEOPLE)
    views: tuple[tuple[str, str, int, int, Literal["light", "dark"], bool], ...] = (
        ("figures-dark", "/figures?period=this_month", 1280, 900, "dark", True),
        ("figures-phone", "/figures?period=this_month", 390, 844, "light", True),
        ("search", "/search?q=filler", 1280, 900, "light", False),
        ("improve", "/improve", 1280, 900, "light", False),
        ("improve-phone", "/improve", 390, 844, "dark", False),
        ("left-over", "/left-over", 1280, 900, "light", False),
        ("people", "/people", 1280, 900, "light", False),
        ("rules", "/rules", 1280, 900, "light", False),
        ("postings-phone", "/postings", 390, 844, "dark", False),
        ("chat-desktop", f"/chat?{everyone}", 1440, 900, "light", False),
        ("chat-phone", f"/chat?with={PEOPLE[1]}&{everyone}", 390, 844, "light", False),
        ("board-desktop", "/board", 1440, 900, "light", False),
        ("board-dark", "/board", 1440, 900, "dark", False),
        ("board-phone", "/board", 390, 844, "light", True),
        *(
            (f"exception-phone{i or ''}", f"/cases/{number}", 390, 1500, "dark", False)
            for i, number in enumerate(numbers)
        ),
        *((f"exception{i or ''}", f"/cases/{number}", 1440, 900, "light", True) for i, number in enumerate(numbers)),
    )
    for name, path, width, height, scheme, whole in views:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(url + path)
        page.locator("#live[data-state=live]").wait_for()
        page.evaluate("Promise.all([...document.images].map(one => { one.loading = 'eager'; return one.decode(); }))")
        taken = page.screenshot(full_page=whole)
        # Few colours are enough for a page, and a quarter of the bytes.
        Image.open(BytesIO(taken)).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(
            folder / f"{name}.png", optimize=True
        )
        context.close()


def main() -> None:
    """Play, photograph, and say where the pictures are."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("There is no Chromium here (Debian: apt-get install chromium).")
    with tempfile.TemporaryDirectory() as data:
        door = OpenDoor(Path(data), datetime(2026, 11, 17, 12, 0, tzinfo=UTC))
        before = door.clock.now() - timedelta(hours=12)
        remember(door.app.database, (case for case in the_cases() if case.closed_at and case.closed_at < before))
        play(door)
        hold = next(case.number for case in door.cases() if case.type == "quality_hold")
        with door.running(erp=False) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            take(browser, url, folder, (hold,))
            browser.close()
        door.close()
    print(*sorted(str(picture) for picture in folder.glob("*.png")), sep="\n")


if __name__ == "__main__":
    main()
