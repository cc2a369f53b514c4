"""How Slack is set up, said in words that an IT person acts upon."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app as cli
from bot.config import WrongConfiguration, read_config
from integrations.chat.slack import Slack
from integrations.chat.slack_wire import Wire
from tests.integrations import examining
from tests.integrations.slack.floor import Floor
from tests.integrations.strict_slack import APP_TOKEN, GIVEN, SECRET, TOKEN, StrictSlack
from tests.web.door import RIVERSIDE
from workflow.ports import Finding


def test_doctor_says_what_to_do(slack: StrictSlack) -> None:
    def examined(token: str = TOKEN, **settings: Any) -> dict[str, Finding]:
        places, people = settings.pop("places", ()), settings.pop("people", {})
        return examining.examined(Slack(token, base_url=slack.url, **settings), places=places, **people)

    well = examined(app_token=APP_TOKEN, places=("C0FLOOR",))
    assert [f.to_do for f in well.values()] == [""] * 4, well
    assert "Socket Mode" in well["delivery"].how
    assert "LINECALL_SLACK_BOT_TOKEN" in examined("xoxb-wrong")["token"].to_do
    assert "LINECALL_SLACK_APP_TOKEN" in examined(app_token="xapp-wrong")["delivery"].to_do
    assert "LINECALL_PUBLIC_URL" in examined(secret=SECRET)["delivery"].to_do
    assert "not https" in examined(secret=SECRET, public_url="http://127.0.0.1:1")["delivery"].how
    assert "nobody answers" in examined(secret=SECRET, public_url="https://127.0.0.1:1")["delivery"].how
    slack.scopes = GIVEN.replace("im:history,", "")
    assert "missing: im:history" in examined(app_token=APP_TOKEN)["scopes"].how
    slack.scopes = f"{GIVEN},chat:write.public"
    assert "more than needed: chat:write.public" in examined(app_token=APP_TOKEN)["scopes"].how
    slack.channels["C0FLOOR"]["is_member"] = False
    assert "/invite" in examined(places=("C0FLOOR",))["channel C0FLOOR"].to_do
    assert "cannot be seen" in examined(places=("C0GONE",))["channel C0GONE"].how

    slack.dead.add("U0117")
    found = examined(people={"maria.lopez": "U0106", "anita.rao": "U0117", "gary.lindqvist": "gary"})["people"]
    assert found.how == "1 of 3 can be reached; not: anita.rao (user_disabled), gary.lindqvist (user_not_found)"
    assert "Copy member ID" in found.to_do
    assert slack.accepted == [], "nothing is posted to find out"


@pytest.mark.parametrize(("status", "said"), [(401, "refuses who has no signature"), (404, "somebody else answers")])
def test_doctor_knocks_where_slack_calls(
    slack: StrictSlack, monkeypatch: pytest.MonkeyPatch, status: int, said: str
) -> None:
    asked: list[str] = []

    async def knocks(_: Wire, url: str) -> int:
        asked.append(url)
        return status

    monkeypatch.setattr(Wire, "knocks", knocks)
    channel = Slack(TOKEN, base_url=slack.url, secret=SECRET, public_url="https://linecall.plant.example/")
    found = examining.examined(channel)["delivery"]
    assert said in found.how
    assert bool(found.to_do) is (status != 401)
    assert asked == ["https://linecall.plant.example/hooks/slack"]


@pytest.mark.parametrize(
    ("app_token", "link"),
    [
        ("xapp-1-A0LINE-7-test", "https://slack.com/app_redirect?app=A0LINE&team=T0RIVER"),
        (None, "slack://user?team=T0RIVER&id=U0LINE"),
    ],
)
def test_R55_a_plant_with_slack_alone_invites_by_a_link_and_a_line_to_write(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, app_token: str | None, link: str
) -> None:
    settings = {
        "PLANT": RIVERSIDE,
        "DATA": floor.app.config.data,
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_APP_TOKEN": app_token,
    }
    for name, value in (settings | {"SLACK_BASE_URL": floor.slack.url, "SLACK_SIGNING_SECRET": SECRET}).items():
        if value is not None:
            monkeypatch.setenv(f"LINECALL_{name}", str(value))
    said = CliRunner().invoke(cli, ["invite", "gary.lindqvist"])
    assert said.exit_code == 0, said.output
    first, *_, last = said.output.strip().splitlines()
    assert first == link
    line = last.removeprefix("Then write there: /linecall ")
    floor.knocks_with(floor.slack.command("U0NEW", line))
    floor.settle()
    assert "Gary Lindqvist" in floor.shows("U0NEW")[-1], "he is asked whether it is him"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"slack_bot_token": "xoxp-a-user"}, "LINECALL_SLACK_BOT_TOKEN"),
        ({"slack_bot_token": TOKEN}, "LINECALL_SLACK_APP_TOKEN"),
        ({"slack_bot_token": TOKEN, "slack_app_token": "xoxb-x"}, "LINECALL_SLACK_APP_TOKEN"),
        ({"slack_bot_token": TOKEN, "slack_signing_secret": "short"}, "LINECALL_SLACK_SIGNING_SECRET"),
        (
            {"slack_bot_token": TOKEN, "slack_signing_secret": SECRET, "slack_channel": "#floor"},
            "LINECALL_SLACK_CHANNEL",
        ),
    ],
)
def test_wrong_settings_are_refused_with_their_name(settings: dict[str, str], said: str) -> None:
    with pytest.raises(WrongConfiguration, match=f"^{said}: ") as no:
        read_config(**settings)
    assert "xoxp-a-user" not in str(no.value)
