"""`linecall say`: one message through the running service, or through the embedded one where none runs."""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from bot import ticks
from bot.commands.plant import open_plant
from bot.config import Config, read_config
from db import conversations
from workflow.errors import LinecallError, Refused
from workflow.messages import Inbound

PATIENCE = 10.0  # seconds until the answer of a running service must be there


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(say)


def say(
    text: str,
    as_person: Annotated[str, typer.Option("--as", help="Id of the person who speaks.")],
    reply_to: Annotated[str | None, typer.Option(help="Id of the message that it answers.")] = None,
) -> None:
    """Send one message as a person and print the answers."""
    config = read_config()
    try:
        answers = _through_the_service(config, as_person, text, reply_to)
    except httpx.ConnectError:
        answers = _embedded(as_person, text, reply_to)
    out = Console()
    for answer in answers:
        out.print(escape(answer["text"]))
        labels = [b["label"] for b in answer["buttons"]]
        if labels:
            out.print("  " + "  ".join(f"\\[{escape(label)}]" for label in labels), style="dim")


def _through_the_service(config: Config, person: str, text: str, reply_to: str | None) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {config.api_token.get_secret_value()}"} if config.api_token else {}
    with httpx.Client(base_url=f"http://{config.host}:{config.port}", headers=headers, timeout=PATIENCE) as service:
        before = _answer_of(service.get(f"/api/conversations/{person}"))
        seen = {line["id"] for line in before}
        _answer_of(service.post("/api/messages", json={"person": person, "text": text, "reply_to": reply_to}))
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            lines = _answer_of(service.get(f"/api/conversations/{person}"))
            new = [line for line in lines if line["id"] not in seen and line["from"] == "bot"]
            if new:
                time.sleep(0.3)  # a second notice of the same act is on its way
                lines = _answer_of(service.get(f"/api/conversations/{person}"))
                return [line for line in lines if line["id"] not in seen and line["from"] == "bot"]
            time.sleep(0.1)
    raise LinecallError(f"The message was taken, but no answer came within {PATIENCE:g} s; see `linecall doctor`.")


def _answer_of(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json()
    try:
        why = response.json()["message"]
    except (ValueError, KeyError, TypeError):
        why = f"the service answered {response.status_code}"
    raise LinecallError(str(why))


def _embedded(person: str, text: str, reply_to: str | None) -> list[dict[str, Any]]:
    with open_plant() as program:
        if person not in program.plant.person:
            raise Refused(f"There is no {person} in plant.yaml; the ids are listed there under `people`.")
        if not text.strip():
            raise Refused("An empty message says nothing; write a few words.")
        with program.database.read() as tx:
            before = conversations.of(tx, person)
        message = Inbound("web", uuid.uuid4().hex, person, person, program.clock.now(), text, reply_to=reply_to)
        program.receive(message)
        ticks.run_until_quiet(program)
        with program.database.read() as tx:
            new = conversations.of(tx, person, after=before[-1].id if before else 0)
        return [
            {"text": line.text, "buttons": [{"label": b.label} for b in line.buttons]}
            for line in new
            if line.sender == "bot"
        ]
