"""What the last weeks teach, and what to try: tried on the same exceptions before anybody decides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.accepting import DECLINED, accepted_of, decide, take_back
from bot.cli import app as cli
from bot.config import Config
from bot.improving import Learnt, learnt_from
from bot.rehearsal import Rehearsal
from bot.reloading import reload_rules
from bot.web import create_web, issue_link
from db import log as chained
from db import settings
from tests.conftest import RIVERSIDE
from tests.web.door import Visitor

SIX_IN_THE_MORNING = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
STOPS = (
    "filler 3 jammed, line is down",
    "capper 3 jammed, line is down",
    "labeller 3 jammed, line is down",
    "palletizer 3 jammed, line is down",
    "seamer 2 jammed, line is down",
    "filler 2 jammed, line is down",
)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A day on which maintenance takes everything, and each time after twenty-three minutes."""
    data = tmp_path_factory.mktemp("day")
    plant = Rehearsal(Config(plant=RIVERSIDE, data=data / "data", play=True), SIX_IN_THE_MORNING)
    for n, stop in enumerate(STOPS, 1):
        plant.says("maria.lopez", stop)
        plant.passes(minutes=23)
        plant.presses("gary.lindqvist", "acknowledge", case=f"EX-{1000 + n}")
        plant.passes(minutes=5)
        plant.says("gary.lindqvist", f"EX-{1000 + n} fixed, jam cleared")
        plant.passes(minutes=10)
    yield plant
    plant.close()


def learnt(day: Rehearsal) -> Learnt:
    """What that day teaches."""
    with day.app.database.read() as tx:
        return learnt_from(tx, day.app.world(), SIX_IN_THE_MORNING - timedelta(hours=1), day.clock.now())


def test_R1_each_exception_that_was_not_right_at_first_has_its_reason(day: Rehearsal) -> None:
    found = learnt(day)
    assert found.solved == len(STOPS), [(c.number, c.status) for c in day.cases()]
    assert found.at_once == 0
    went_up = {one.case for one in found.failed if (one.where, one.what) == ("rule", "escalated")}
    assert went_up == {case.number for case in day.cases()}
    assert found.rules[0].up == tuple(case.number for case in day.cases())


def test_R59_another_deadline_is_proposed_and_was_tried_on_the_same_exceptions(day: Rehearsal) -> None:
    first = learnt(day).proposals[0]
    assert (first.kind, first.after) == ("deadline", "25 min")
    assert first.differs["other_times"] == len(STOPS)
    assert first.differs["later_up"] == len(STOPS), "nobody above would have heard of what was taken within 23 minutes"
    before = day.app.world().rules
    assert learnt(day).proposals
    assert day.app.world().rules == before, "proposing changes nothing"


def test_R57_the_manager_asks_in_chat_and_an_operator_hears_of_his_own_lines(day: Rehearsal) -> None:
    day.hears("stephanie.greer")
    day.says("stephanie.greer", "what should we improve?")
    (told,) = day.hears("stephanie.greer")
    assert "First-pass rate: 0% of 6" in told
    assert "went up before it was taken" in told
    assert "To try:" in told
    day.hears("dwayne.hicks")
    day.says("dwayne.hicks", "what should we improve?")
    (his,) = day.hears("dwayne.hicks")
    assert "EX-" not in his, "nothing stood on line 1"


def test_R59_the_command_says_the_same_and_changes_nothing(day: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINECALL_PLANT", str(RIVERSIDE))
    monkeypatch.setenv("LINECALL_DATA", str(day.app.config.data))
    monkeypatch.setattr("bot.clock.SystemClock.now", lambda _: day.clock.now())
    shown = CliRunner().invoke(cli, ["improve", "--days", "2"])
    assert shown.exit_code == 0, shown.output
    assert "0 of 6 exceptions of the last 2 days were solved at the first go." in shown.output
    assert "goes up after 25 min instead of" in shown.output
    as_json = CliRunner().invoke(cli, ["improve", "--days", "2", "--json"])
    assert json.loads(as_json.output)["solved"] == len(STOPS)


def test_too_few_exceptions_propose_nothing(tmp_path: Path) -> None:
    plant = Rehearsal(Config(plant=RIVERSIDE, data=tmp_path / "data", play=True), SIX_IN_THE_MORNING)
    plant.says("maria.lopez", STOPS[0])
    plant.passes(minutes=23)
    plant.says("gary.lindqvist", "on my way")
    plant.says("gary.lindqvist", "fixed, jam cleared")
    assert learnt(plant).proposals == ()
    plant.close()


def rule_of(day: Rehearsal, name: str) -> timedelta:
    """When this rule goes up, by the rules in force."""
    rules = day.app.world().rules
    concern = next(c for one in rules.types.values() for c in one.concerns if c.name == name)
    return next(step.after for _, times in concern.deadlines for step in times.ladder if step.tell)


def test_R61_a_proposal_counts_once_the_manager_has_pressed_and_can_be_taken_back(day: Rehearsal) -> None:
    proposed = learnt(day).proposals[0]
    before, version = rule_of(day, proposed.rule), day.app.world().rules.version
    day.hears("gary.lindqvist")
    day.says("gary.lindqvist", "what should we improve?")
    assert "EX-" in day.hears("gary.lindqvist")[0]
    shown = [b for line in day.transcript("gary.lindqvist") for b in line.buttons if "accept_try" in b.value]
    assert shown == [], "a mechanic is shown no button for it"

    day.says("stephanie.greer", "what should we improve?")
    day.hears("stephanie.greer")
    value = next(b.value for line in reversed(day.transcript("stephanie.greer")) for b in line.buttons
                 if b.value.startswith("accept_try"))  # fmt: skip
    day.says("gary.lindqvist", "25", button=value)
    assert "Nothing was changed" in day.hears("gary.lindqvist")[0], "a button that was passed on is nobody's right"
    assert rule_of(day, proposed.rule) == before

    assert day.presses("stephanie.greer", "accept_try") == "Change it: 25 min"
    (told,) = day.hears("stephanie.greer")
    assert "25 min instead of 15 min" in told or "25 min instead of" in told
    assert rule_of(day, proposed.rule) == timedelta(minutes=25)
    assert day.app.world().rules.version != version
    assert all(day.app.world().rules_of(case).version == version for case in day.cases()), (
        "what is open keeps its rules"
    )
    with day.app.database.read() as tx:
        written = [one for one in chained.of_plant(tx) if one.what == "proposal_accepted"]
    assert [(one.who, one.facts["rule"]) for one in written] == [("stephanie.greer", proposed.rule)]
    day.presses("stephanie.greer", "accept_try")
    assert "Nothing was changed" in day.hears("stephanie.greer")[0], "a second press changes nothing"

    with day.app.database.write() as tx:
        take_back(tx, accepted_of(tx)[0].key, day.app.plant.person["stephanie.greer"], day.clock.now())
    reload_rules(day.app)
    assert rule_of(day, proposed.rule) == before
    assert day.app.world().rules.version == version


def test_R61_what_was_declined_is_not_proposed_again_for_a_month(day: Rehearsal) -> None:
    before = learnt(day).proposals
    day.says("stephanie.greer", "what should we improve?")
    day.presses("stephanie.greer", "decline_try")
    assert "stays as it is" in day.hears("stephanie.greer")[-1]
    assert learnt(day).proposals == before[1:]
    with day.app.database.write() as tx:
        settings.put(tx, DECLINED, {}, day.clock.now())
    assert learnt(day).proposals == before


def test_R61_on_the_page_who_leads_accepts_and_takes_back_and_others_read(day: Rehearsal) -> None:
    web = create_web(day.app)

    def visitor_as(person: str | None) -> Visitor:
        visitor = Visitor(web, "localhost:8080", "127.0.0.1", {})
        if person is not None:
            visitor.post("/sign-in", data={"link": issue_link(day.app, person).partition("token=")[2]})
        return visitor

    first = learnt(day).proposals[0]
    fields = {
        "key": first.key, "what": "accept",
        "since": int(SIX_IN_THE_MORNING.timestamp()) // 60 - 60, "until": int(day.clock.now().timestamp()) // 60 + 1,
    }  # fmt: skip
    gary, denise = visitor_as("gary.lindqvist"), visitor_as("denise.palmer")
    assert 'value="accept"' not in gary.get("/improve").text
    assert "0 of 6 exceptions were solved at the first go" in gary.get("/improve").text
    assert gary.post("/improve", data=fields).status_code == 409
    assert visitor_as(None).post("/improve", data=fields).status_code == 409
    assert 'value="accept"' in denise.get("/improve").text

    assert denise.post("/improve", data=fields).status_code == 303
    assert rule_of(day, first.rule) == timedelta(minutes=25)
    page = denise.get("/improve").text
    assert "Changed by a press" in page
    assert "Denise Palmer" in page
    changed = gary.get("/rules").text.partition(">Changed by a press</a>")
    assert "25 min" in changed[2].partition("</p>")[0], "the rules say that this one was changed, by whom and when"
    assert "Denise Palmer" in changed[2].partition("</p>")[0]
    assert "this plant&#39;s own" not in changed[0].rpartition("<article")[2], "and not that rules.yaml says so"
    assert gary.post("/improve", data=fields | {"what": "back"}).status_code == 409
    assert denise.post("/improve", data=fields | {"what": "back"}).status_code == 303
    assert rule_of(day, first.rule) < timedelta(minutes=25)
    assert "Changed by a press" not in denise.get("/improve").text
    assert "Changed by a press" not in denise.get("/rules").text


def test_R59_a_file_is_tried_together_with_what_was_accepted_over_it(
    day: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed, denise = learnt(day).proposals[0], day.app.plant.person["denise.palmer"]
    with day.app.database.write() as tx:
        decide(tx, proposed.key, SIX_IN_THE_MORNING - timedelta(hours=1), day.clock.now(), denise, day.app.world(),
               yes=True)  # fmt: skip
    reload_rules(day.app)
    monkeypatch.setenv("LINECALL_PLANT", str(RIVERSIDE))
    monkeypatch.setenv("LINECALL_DATA", str(day.app.config.data))
    try:
        told = CliRunner().invoke(cli, ["try-rules", str(RIVERSIDE), "--since", "2026-11-01", "--json"])
        tried = json.loads(told.output)
        assert tried["rules"]["now"] == tried["rules"]["new"] == day.app.world().rules.version
        assert tried["by_kind"]["later_up"] == len(STOPS), "with what was accepted nobody above would have heard"
    finally:
        with day.app.database.write() as tx:
            take_back(tx, accepted_of(tx)[0].key, denise, day.clock.now())
        reload_rules(day.app)
