"""Who is there and how they are reached, for who leads; and the rules in force, in words, with what each did last."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from bot.conditions_said import in_words
from bot.reloading import reload_rules
from bot.web import issue_link
from bot.wording import Voice, languages, texts
from db import addresses
from integrations.plant_folder import read_plant_folder
from tests.conftest import RIVERSIDE
from tests.speaking import riverside_speaking
from tests.web.door import BREAKDOWN, OpenDoor
from tests.web.test_figures_page import signed_in
from tests.web.test_pages import Seen
from workflow.conditions import FACTS, Condition

TOKEN = "a-token-of-the-plant-0815"
SIX = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)


def words(html: str) -> str:
    """The text of a page on one line."""
    return " ".join(unescape(Seen(html).text).split())


@pytest.mark.parametrize(
    ("person", "may"),
    [("denise.palmer", True), ("stephanie.greer", True), ("maria.lopez", False), ("gary.lindqvist", False)],
)
def test_who_is_there_and_how_they_are_reached_is_shown_to_who_leads(
    opened: Callable[..., OpenDoor], person: str, may: bool
) -> None:
    door = opened(play=False)
    visitor = signed_in(door, person)

    assert visitor.get("/people").status_code == (200 if may else 403)
    assert ('href="/people"' in visitor.get("/board").text) is may, "no page leads to a closed door"


def test_a_screen_with_the_plants_key_shows_people_and_a_stranger_sees_none(opened: Callable[..., OpenDoor]) -> None:
    door = opened(play=False, api_token=TOKEN)
    far = {"address": "10.0.0.7", "host": "10.0.0.2:8080"}
    assert door.knocks(**far).get("/people").status_code == 401
    assert door.knocks(**far, Authorization=f"Bearer {TOKEN}").get("/people").status_code == 200


def test_R56_whom_nothing_reaches_is_marked_with_since_when_and_why(
    opened: Callable[..., OpenDoor], tmp_path: Path
) -> None:
    door = opened(play=False)
    door.app.channels = {**door.app.channels, "telegram": door.app.channels["web"]}  # type: ignore[dict-item]
    with door.app.database.write() as tx:
        for person in ("gary.lindqvist", "anita.rao"):
            addresses.bind(tx, "telegram", f"at-{person}", person, door.clock.now())
        addresses.unreachable(tx, "telegram", "at-gary.lindqvist", "blocked by the user", door.clock.now())
    door.says("gary.lindqvist", "what is open?")
    door.passes(minutes=20)

    page = signed_in(door, "denise.palmer").get("/people").text

    gary = words(page.partition("Gary Lindqvist")[2].partition("</li>")[0])
    assert "until 14:00" in gary
    assert "wrote 20 min ago" in gary
    assert "Telegram not reachable since 06:20: has blocked us or never pressed Start" in gary
    assert "✓ Telegram" in words(page.partition("Anita Rao")[2].partition("</li>")[0])
    assert "1 there and not reachable" in words(page)
    assert "at-gary" not in page, "an address is nobody's to read"


def test_a_person_with_a_case_in_hand_says_so_and_nobody_is_ranked(opened: Callable[..., OpenDoor]) -> None:
    door = opened(play=False)
    door.says("maria.lopez", BREAKDOWN)
    door.says("gary.lindqvist", "on my way")

    page = signed_in(door, "denise.palmer").get("/people").text

    assert "has 1 in hand" in words(page.partition("Gary Lindqvist")[2].partition("</li>")[0])
    group = page.partition("Maintenance")[2].partition("</section>")[0]
    there = re.findall(r'<li class="here.*?</span> ([^<]+?)\s*(?:<span|</p>)', group, re.DOTALL)
    assert there == sorted(there)
    assert len(there) > 1


def test_R36_the_rules_are_told_in_words_with_whence_they_are_and_what_each_did_last(
    opened: Callable[..., OpenDoor],
) -> None:
    door = opened(play=False)
    door.says("maria.lopez", BREAKDOWN)
    page = signed_in(door, "gary.lindqvist").get("/rules").text
    text = words(page)

    assert "From this plant's rules.yaml, over the defaults. In force since" in text
    machine = words(page.partition("Maintenance: A machine is down")[2].partition("</article>")[0])
    assert "when the line stands: to be taken within 5 min; supervisor hears of it after 5 min" in machine
    assert "line_stopped" in machine, "as it stands in the file, beneath"
    assert "asked once in 30 days, in EX-1001" in machine
    tier = words(page.partition("An order of a tier A customer stands")[2].partition("</article>")[0])
    assert "this plant's own" in tier
    assert "this plant's own" not in page.partition("Maintenance: A machine is down")[2].partition("</h3>")[0]
    assert "more than 300: manager" in words(page.partition("<dt>Scrap</dt>")[2].partition("</dd>")[0])
    assert "Never: use as is" in text
    assert "did not ask anybody in 30 days" in text


def test_R36_conditions_and_what_they_matched_are_told_in_the_readers_words(
    opened: Callable[..., OpenDoor], tmp_path: Path
) -> None:
    door = opened(play=False, plant=riverside_speaking(tmp_path / "plant", {"denise.palmer": "pl"}))
    door.says("maria.lopez", BREAKDOWN)
    denise = signed_in(door, "denise.palmer")

    planner = words(denise.get("/rules").text.partition("orders &gt; 0 and (line_stopped")[0].rpartition("<article")[2])
    assert "gdy dotyczy zlecenia i (linia stoi lub (" in planner
    assert "nikt nie mówi, że jeszcze" in planner
    assert "godziny do terminu zlecenia: mniej niż 24" in planner
    why = words(denise.get("/cases/EX-1001").text.partition('<details class="why"')[2].partition("</details>")[0])
    assert "linia stoi" in why
    assert "line stopped" not in why


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('line in ["L2", "L3"] and not staged', "line: Line 2 or Line 3 and no material stands at the line yet"),
        ("24 > hours_until_due", "hours until the order is due: under 24"),
        ('not (line == "L2") or lots_shipped == 0', "not (line: Line 2) or nothing of it has left the plant"),
        ("allergens != true", "no allergens are in it"),
        ('type == "quality_hold" and customer_tier == ""', "kind: quality hold and customer tier: none"),
        ("orders >= 3 or (staged and (allergens and recurrent))",
         "orders hit: at least 3 or "
         "(material stands at the line already and allergens are in it and the same fault came back)"),
        ("minutes_down + 10 > 30", ""),
        ("orders > lots", ""),
        ("true and staged", ""),
    ],
)  # fmt: skip
def test_a_condition_is_said_in_words_or_not_at_all(condition: str, said: str) -> None:
    folder = read_plant_folder(RIVERSIDE)
    assert in_words(Condition(condition), Voice("en", folder.plant, folder.records, SIX)) == said


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_fact_of_the_rules_has_words_in_every_language(language: str) -> None:
    said = texts(language)
    lacking = [f"fact.{name}" for name in FACTS if f"fact.{name}" not in said]
    lacking += [f"fact_not.{n}" for n, kind in FACTS.items() if kind == "bool" and f"fact_not.{n}" not in said]
    assert lacking == []


def test_R57_what_a_rule_did_last_names_no_exception_of_another_line(opened: Callable[..., OpenDoor]) -> None:
    door = opened(play=False)
    door.says("maria.lopez", BREAKDOWN)
    assert "EX-1001" in signed_in(door, "denise.palmer").get("/rules").text
    assert "EX-1001" not in signed_in(door, "luis.ortega").get("/rules").text


def test_R36_a_rules_file_with_mistakes_is_told_on_the_page_and_the_rules_in_force_stay_there(
    opened: Callable[..., OpenDoor], tmp_path: Path
) -> None:
    folder = riverside_speaking(tmp_path / "plant", {})
    door = opened(play=False, plant=folder)
    before = (folder / "rules.yaml").read_text("utf8")
    (folder / "rules.yaml").write_text(before.replace("triage", "tiage") + "\nnonsense: 1\n", "utf8")
    reload_rules(door.app)

    page = signed_in(door, "denise.palmer").get("/rules").text

    assert "has mistakes, so these rules serve on" in page
    assert "nonsense" in page.partition('role="alert"')[2].partition("</p>")[0]
    assert "Maintenance: A machine is down" in page


@pytest.mark.parametrize("language", sorted(languages()))
def test_search_people_and_rules_speak_every_language(
    opened: Callable[..., OpenDoor], tmp_path: Path, language: str
) -> None:
    door = opened(play=False, plant=riverside_speaking(tmp_path / "plant", {"denise.palmer": language}))
    door.says("maria.lopez", BREAKDOWN)
    denise = door.knocks()
    token = issue_link(door.app, "denise.palmer").partition("token=")[2]
    assert denise.post("/sign-in", data={"link": token}).status_code == 303

    for path in ("/search?q=filler", "/people", "/rules", "/postings", "/cases/EX-1001"):
        page = denise.get(path)
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.text
        assert not re.search(r"\$\w|\[\[| \| ", words(page.text)), f"{path}: no text is shown unfilled"
