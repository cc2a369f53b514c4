"""Blocks and forms refused as Slack refuses them: by the models of its own SDK, and by what those let through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

ALL_TEXT = 13_200  # characters of all blocks together; undocumented, and refused as msg_blocks_too_long
IMAGE = {"type", "block_id", "slack_file", "alt_text"}
INLINE = {"text", "user", "link", "emoji", "channel", "broadcast"}


class Refuses(Exception):
    """What the platform answers: its word, the HTTP status, and the pause that it asks for."""

    def __init__(self, error: str, status: int = 200, after: int | None = None) -> None:
        super().__init__(error)
        self.error, self.status, self.after = error, status, after


def check_blocks(blocks: Any, most: int) -> None:
    """Raise Refuses where Slack would."""
    if not isinstance(blocks, list) or len(blocks) > most:
        raise Refuses("invalid_blocks")
    try:
        parsed = Block.parse_all(blocks)
        if any(block is None for block in parsed):
            raise Refuses("invalid_blocks")
        for block in parsed:
            block.to_dict()
    except SlackObjectFormationError as error:
        raise Refuses("invalid_blocks") from error
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    actions = [e["action_id"] for b in blocks if b["type"] == "actions" for e in b["elements"]]
    if len(set(ids)) != len(ids) or len(set(actions)) != len(actions):
        raise Refuses("invalid_blocks")
    for block in blocks:
        if block["type"] == "rich_text":
            _check_rich(block)
        if block["type"] == "image" and (block.keys() != IMAGE or not 0 < len(block["alt_text"]) <= 2000):
            raise Refuses("invalid_blocks")
        for element in block.get("elements", []):
            if element.get("type") == "button":
                _check_button(element)
    if sum(len(text) for text in _texts(blocks)) > ALL_TEXT:
        raise Refuses("msg_blocks_too_long")


def check_view(view: dict[str, Any], kind: str) -> None:
    """Raise Refuses for a form or a home page that Slack would not show."""
    if view.get("type") != kind:
        raise Refuses("invalid_arguments")
    check_blocks(view["blocks"], 100)
    if kind == "home":
        if {"title", "submit", "close"} & view.keys():
            raise Refuses("invalid_arguments")
        return
    for name in ("title", "submit", "close"):
        text = view[name]
        if text["type"] != "plain_text" or not 1 <= len(text["text"]) <= 24:
            raise Refuses("invalid_arguments")
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    if len(view.get("private_metadata", "")) > 3000 or len(view["callback_id"]) > 255 or not inputs:
        raise Refuses("invalid_arguments")
    for block in inputs:
        if not 1 <= len(block["label"]["text"]) <= 2000 or len(block["block_id"]) > 255:
            raise Refuses("invalid_arguments")
        _check_input(block["element"])


def shown(blocks: list[dict[str, Any]]) -> str:
    """The text as a person reads it, without whom it is for."""
    found = []
    for block in blocks:
        for section in block["elements"] if block["type"] == "rich_text" else ():
            parts = section["elements"]
            while parts and parts[0]["type"] == "user":
                parts = parts[2:]  # a name, and the blank after it
            found.append("".join(part.get("text") or part.get("url", "") for part in parts))
    return "\n".join(found)


def files(blocks: list[dict[str, Any]]) -> list[str]:
    """The ids of the pictures that it shows."""
    return [block["slack_file"]["id"] for block in blocks if block["type"] == "image"]


def buttons(blocks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Labels and values of all buttons."""
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return [(b["text"]["text"], b["value"]) for row in rows for b in row]


def _check_rich(block: dict[str, Any]) -> None:
    for section in block["elements"]:
        parts = section["elements"]
        if section["type"] != "rich_text_section" or not parts:
            raise Refuses("invalid_blocks")
        for part in parts:
            if part["type"] not in INLINE or (part["type"] == "text" and not part["text"]):
                raise Refuses("invalid_blocks")
        if not "".join(part.get("text", "x") for part in parts).strip():
            raise Refuses("no_text")


def _check_button(button: dict[str, Any]) -> None:
    text = button["text"]
    if text["type"] != "plain_text" or not 1 <= len(text["text"]) <= 75 or not 1 <= len(button["value"]) <= 2000:
        raise Refuses("invalid_blocks")
    if set(button) - {"type", "action_id", "text", "value", "style", "confirm", "url", "accessibility_label"}:
        raise Refuses("invalid_blocks")


def _check_input(element: dict[str, Any]) -> None:
    match element["type"]:
        case "static_select":
            options = element["options"]
            if not 1 <= len(options) <= 100 or len({o["value"] for o in options}) != len(options):
                raise Refuses("invalid_arguments")
            for option in options:
                if not 1 <= len(option["text"]["text"]) <= 75 or not 1 <= len(option["value"]) <= 150:
                    raise Refuses("invalid_arguments")
            if "initial_option" in element and element["initial_option"] not in options:
                raise Refuses("invalid_arguments")
        case "plain_text_input":
            if len(element.get("initial_value", "")) > 3000:
                raise Refuses("invalid_arguments")
        case "number_input":
            if not isinstance(element.get("is_decimal_allowed"), bool):
                raise Refuses("invalid_arguments")
        case _:
            raise Refuses("invalid_arguments")


def _texts(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        for key, value in found.items():
            if key in ("text", "url") and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from _texts(value)
