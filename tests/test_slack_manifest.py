"""The app of a plant may do what the code does there, and not one thing more."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import yaml

from tests.services import missing

try:
    from integrations.chat.slack_events import REPORT_SHORTCUT
    from integrations.chat.slack_wire import COMMANDS, EVENTS, METHODS, SCOPES
except ImportError:
    missing("slack-bolt (pip install linecall[slack])")

ROOT = Path(__file__).resolve().parent.parent
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "slack-manifest.yaml").read_text("utf-8"))


def called() -> set[str]:
    """Every method of the Web API that the adapter's modules name in a call, or keep to name in one."""
    found = set()
    for module in (ROOT / "integrations" / "chat").glob("slack*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if module.name == "slack_wire.py" or not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if "." in node.value and node.value.split(".")[0] in (
                "auth",
                "chat",
                "conversations",
                "files",
                "users",
                "views",
                "reactions",
            ):
                found.add(node.value)
    return found - {"files.slack.com"}


def test_every_method_that_is_called_has_its_scopes_written_down_and_no_other_has() -> None:
    assert called() == set(METHODS)


def test_the_manifest_asks_for_these_scopes_and_no_more() -> None:
    asked = MANIFEST["oauth_config"]["scopes"]
    assert set(asked) == {"bot"}, "nobody's own rights are asked for"
    assert set(asked["bot"]) == SCOPES
    assert len(asked["bot"]) == len(SCOPES)
    used = [scope for needs in (*METHODS.values(), *EVENTS.values()) for scope in needs]
    assert {*used, COMMANDS} == set(asked["bot"])


def test_the_manifest_subscribes_to_what_the_code_reads() -> None:
    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == set(EVENTS)
    assert [s["callback_id"] for s in MANIFEST["features"]["shortcuts"]] == [REPORT_SHORTCUT]
    assert [c["command"] for c in MANIFEST["features"]["slash_commands"]] == ["/linecall"]
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is True
