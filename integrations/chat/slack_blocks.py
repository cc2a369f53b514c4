"""What Slack shows: a message, a form, a home page, as blocks within its limits (docs.slack.dev/reference/block-kit).

People's words go into `rich_text`, which Slack takes literally: no markup of theirs becomes ours, nobody shouts
@channel through us (S19), and nothing grows by being escaped (S12). Only the line of a notification is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from workflow.messages import Button
from workflow.ports import Field, Form

Block = dict[str, Any]

MOST_LABEL, IN_A_ROW = 75, 5
MOST_TITLE, MOST_FIELD_LABEL, MOST_HINT, MOST_OPTION, MOST_OPTIONS, MOST_INITIAL = 24, 2000, 2000, 75, 100, 3000
NOTIFIED = 300  # characters of the line that a phone shows
MOST_MENTIONED = 5  # more names than that call nobody
_USER = re.compile(r"[UW][A-Z0-9]{2,31}", re.ASCII)
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\"'.,;:!?)\]]")


def message(text: str, buttons: Sequence[Button], mentions: Sequence[str] = ()) -> list[Block]:
    """The blocks of a message; `mentions` are the user ids of those whom it is for, where others read too."""
    named = [[{"type": "user", "user_id": user}, _text(" ")] for user in mentions]
    elements: list[Block] = [element for one in named for element in one]
    elements += _literal(text)
    blocks: list[Block] = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}]
    rows = [buttons[n : n + IN_A_ROW] for n in range(0, len(buttons), IN_A_ROW)]
    for n, row in enumerate(rows):
        pressed = [
            {"type": "button", "action_id": f"b{n}.{m}", "text": _plain(b.label, MOST_LABEL), "value": b.value}
            for m, b in enumerate(row)
        ]
        blocks.append({"type": "actions", "block_id": f"row{n}", "elements": pressed})
    return blocks


def people(addresses: Sequence[str]) -> tuple[str, ...]:
    """Those of them who are people of our workspace: of a list that a plant wrote nothing else becomes a mention."""
    return tuple(dict.fromkeys(one for one in addresses if _USER.fullmatch(one)))[:MOST_MENTIONED]


def notification(text: str, mentions: Sequence[str] = ()) -> str:
    """What a phone shows of a message and a screen reader says: its beginning, with nothing that Slack obeys."""
    shown = text if len(text) <= NOTIFIED else f"{text[: NOTIFIED - 1].rstrip()}…"
    return "".join(f"<@{user}> " for user in mentions) + escaped(shown)


def escaped(text: str) -> str:
    """Slack's three characters, so that no word of a person calls everybody or hides a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def modal(form: Form, callback: str, carried: str) -> Block:
    """A form; it carries a sealed token and no content: what it is about is read again when it comes back (S15)."""
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": carried,
        "title": _plain(form.title, MOST_TITLE),
        "submit": _plain(form.done, MOST_TITLE),
        "close": _plain(form.cancel, MOST_TITLE),
        "blocks": [
            *([_section(form.intro)] if form.intro else []),
            *(_input(field) for field in form.fields),
        ],
    }


def home(text: str, buttons: Sequence[Button]) -> Block:
    """The page that a person sees when they open the app."""
    return {"type": "home", "blocks": message(text, buttons)}


def _input(field: Field) -> Block:
    element: Block
    if field.options:
        options = [
            {"text": _plain(label, MOST_OPTION), "value": value} for value, label in field.options[:MOST_OPTIONS]
        ]
        element = {"type": "static_select", "action_id": "v", "options": options}
        chosen = [option for option in options if option["value"] == field.value]
        element |= {"initial_option": chosen[0]} if chosen else {}
    else:
        kind = "number_input" if field.kind == "number" else "plain_text_input"
        element = {"type": kind, "action_id": "v"}
        element |= {"is_decimal_allowed": True, "min_value": "0"} if field.kind == "number" else {}
        element |= {"multiline": True} if field.kind == "lines" else {}
        element |= {"initial_value": field.value[:MOST_INITIAL]} if field.value else {}
    block: Block = {
        "type": "input",
        "block_id": field.name,
        "label": _plain(field.label, MOST_FIELD_LABEL),
        "element": element,
        "optional": field.optional,
    }
    return block | ({"hint": _plain(field.hint, MOST_HINT)} if field.hint else {})


def _section(text: str) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(_literal(text))}]}


def _literal(text: str) -> Iterator[Block]:
    """Text as it stands, its links to be pressed."""
    end = 0
    for link in _LINK.finditer(text):
        if link.start() > end:
            yield _text(text[end : link.start()])
        yield {"type": "link", "url": link[0]}
        end = link.end()
    if end < len(text):
        yield _text(text[end:])


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _plain(text: str, most: int) -> Block:
    shown = text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
    return {"type": "plain_text", "text": shown, "emoji": False}
