"""Outside the 24 hours WhatsApp takes approved templates only: which carries which notice, and whether it is there.

Their texts are in `deploy/whatsapp-templates.yaml`, for Meta to approve. Inside the 24 hours buttons too travel as a
template of Twilio's, of which nobody has to approve anything; it is made at first need.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from integrations.chat.whatsapp_wire import Wire
from workflow.messages import Button

FILE = Path(__file__).resolve().parents[2] / "deploy" / "whatsapp-templates.yaml"
BODY = 1024  # characters of a filled body (63021)
ROOM = 700  # characters that a notice may need in a template: the longest words of ours around it leave more
LANGUAGE: Mapping[str, str] = {"pt": "pt_BR", "hi-Deva": "hi"}  # as Meta calls them
LOOKED_UP_AGAIN = 600.0  # seconds after which the list at Twilio is read again where something is missing
CHOICE = "linecall_choice_{}"  # buttons inside the 24 hours


class Template(BaseModel):
    """One template: which notices it carries, which buttons it has, and its words in each language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    carries: tuple[str, ...]  # names of texts, `*` for any ending; the first template that fits is taken
    buttons: tuple[str, ...] = Field((), max_length=3)  # names of buttons in bot/texts
    labels: dict[str, tuple[str, ...]] = {}  # what they say in each language
    body: dict[str, str]  # {{1}} is the notice


@dataclass(frozen=True, slots=True)
class Fitted:
    """A notice in its template: what it is called at Twilio, and what fills it."""

    name: str
    variables: Mapping[str, str]


@cache
def templates() -> Mapping[str, Template]:
    """All templates by name, in the order of the file."""
    found = yaml.safe_load(FILE.read_text("utf-8"))
    return {name: Template.model_validate(one) for name, one in found.items()}


def fitted(notice: str, language: str, text: str, buttons: Sequence[Button]) -> Fitted | None:
    """The template for a notice, filled; None where none fits. With its buttons where the notice has just these."""
    for name, template in templates().items():
        if not any(fnmatchcase(notice, pattern) for pattern in template.carries) or language not in template.body:
            continue
        filled = {"1": one_line(text)}
        if template.buttons:
            value = {button.label: button.value for button in buttons}
            values = [value.get(label) for label in template.labels[language]]
            if None in values:
                continue  # a further one without buttons carries the same
            filled |= {str(n): str(given) for n, given in enumerate(values, 2)}
        if len(template.body[language].replace("{{1}}", filled["1"])) > BODY:
            return None
        return Fitted(called(name, language), filled)
    return None


def called(name: str, language: str) -> str:
    """What a template is called at Twilio and at Meta: small letters, digits and underscores."""
    return f"linecall_{name}_{language.lower().replace('-', '_')}"


def one_line(text: str) -> str:
    """As Meta takes a variable: no line breaks, no tabs, never more than four blanks in a row."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return " / ".join(line for line in lines if line)


def as_content(name: str, language: str) -> dict[str, Any]:
    """A template as Twilio's Content API takes it (twilio.com/docs/content)."""
    template = templates()[name]
    body, labels = template.body[language], template.labels.get(language, ())
    sample = {"1": "EX-1042: Filler 3, line stands, since 14:10"} | {str(n): f"b{n}" for n in range(2, 2 + len(labels))}
    kind: dict[str, Any] = {"twilio/text": {"body": body}}
    if labels:
        actions = [{"type": "QUICK_REPLY", "title": t, "id": f"{{{{{n}}}}}"} for n, t in enumerate(labels, 2)]
        kind = {"twilio/quick-reply": {"body": body, "actions": actions}}
    return {
        "friendly_name": called(name, language),
        "language": LANGUAGE.get(language, language),
        "variables": sample,
        "types": kind,
    }


def choice_content(count: int) -> dict[str, Any]:
    """So many buttons under any text, for inside the 24 hours: all of it is filled in at sending."""
    actions = [
        {"type": "QUICK_REPLY", "title": f"{{{{{2 * n}}}}}", "id": f"{{{{{2 * n + 1}}}}}"} for n in range(1, count + 1)
    ]
    sample = {"1": "Filler 3 stands"} | {str(n): f"b{n}" for n in range(2, 2 * count + 2)}
    kind = {"twilio/quick-reply": {"body": "{{1}}", "actions": actions}}
    return {"friendly_name": CHOICE.format(count), "language": "en", "variables": sample, "types": kind}


def choice_variables(text: str, buttons: Sequence[Button]) -> dict[str, str]:
    """What fills it."""
    filled, seen = {"1": text}, set[str]()
    for n, button in enumerate(buttons, 1):
        # WhatsApp refuses two buttons that read alike: two machines may, once their names are cut.
        label = button.label if button.label not in seen else f"{button.label[:17]} {n}"
        seen.add(label)
        filled |= {str(2 * n): label, str(2 * n + 1): button.value}
    return filled


class Contents:
    """What this account has at Twilio, by name; read when something is not known yet, and not for each message."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._sids: dict[str, str] = {}
        self._read_at = float("-inf")

    async def sid(self, name: str) -> str | None:
        """The ContentSid of a template; None where this account has none of this name."""
        if name not in self._sids and time.monotonic() - self._read_at > LOOKED_UP_AGAIN:
            self._read_at = time.monotonic()
            for one in await self._wire.twilio.content.v1.contents.list_async(page_size=500):
                self._sids[one.friendly_name or ""] = one.sid or ""
        return self._sids.get(name)

    async def choice(self, count: int) -> str:
        """The ContentSid of so many buttons, made where there is none yet."""
        name = CHOICE.format(count)
        return await self.sid(name) or await self.make(choice_content(count))

    async def make(self, content: Mapping[str, Any]) -> str:
        """Make a template at Twilio; returns its ContentSid."""
        request = _AsIs(content)
        made = await self._wire.twilio.content.v1.contents.create_async(content_create_request=request)
        self._sids[content["friendly_name"]] = made.sid
        return str(made.sid)

    async def submit(self, sid: str, name: str) -> None:
        """Ask Meta to approve a template, as one that people need for their work (UTILITY)."""
        request = _AsIs({"name": name, "category": "UTILITY"})
        approval = self._wire.twilio.content.v1.contents(sid).approval_create
        await approval.create_async(content_approval_request=request)

    async def approvals(self) -> dict[str, str]:
        """Every template of this account with what Meta says of it: "approved", "pending", "rejected", …"""
        found = {}
        for one in await self._wire.twilio.content.v1.content_and_approvals.list_async(page_size=500):
            found[one.friendly_name or ""] = str((one.approval_requests or {}).get("status") or "unsubmitted")
        return found


class _AsIs:
    """A body for Twilio's library, which knows not every kind of content as a class."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = dict(body)

    def to_dict(self) -> dict[str, Any]:
        return json.loads(json.dumps(self._body))  # type: ignore[no-any-return]


VARIABLE = re.compile(r"\{\{(\d+)\}\}")


def faults(template: Template) -> list[str]:
    """What Meta would refuse about a template before a person there has read it (W6, W7)."""
    wrong = []
    for language, body in template.body.items():
        numbers = VARIABLE.findall(body)
        if numbers != ["1"]:
            wrong.append(f"{language}: it has the variables {numbers}, not {{{{1}}}} alone")
        if VARIABLE.match(body) or re.search(r"\{\{\d+\}\}\W*$", body):
            wrong.append(f"{language}: it begins or ends with a variable")
        if len(VARIABLE.sub("", body)) + ROOM > BODY:
            wrong.append(f"{language}: its own words leave no room for {ROOM} characters")
        if len(VARIABLE.sub("", body).split()) < 5:
            wrong.append(f"{language}: too few words for a variable")
        labels = template.labels.get(language, ())
        if len(labels) != len(template.buttons) or any(not 0 < len(label) <= 20 for label in labels):
            wrong.append(f"{language}: its buttons")
    return wrong
