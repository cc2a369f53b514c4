"""`run`, `doctor`, `sign-in`, `replay`: what whoever looks after the service types."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.app import build
from bot.config import read_config
from bot.last_plant import plant_folder, remember_plant
from bot.logs import set_up_logs
from db import inbox
from workflow.errors import Refused

PlantOption = Annotated[Path | None, typer.Option("--plant", help="Plant folder; default: LINECALL_PLANT.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(doctor)
    app.command(name="sign-in")(sign_in)
    app.command()(replay)


def run(plant: PlantOption = None) -> None:
    """The service: the web door, every channel whose credentials are set, and the rounds that move things forward."""
    from bot.serve import serve

    config = read_config(plant=plant)
    config = read_config(plant=plant or plant_folder(config))
    set_up_logs(config.log)
    program = build(config)
    remember_plant(config)
    out = Console(stderr=True)
    where = config.public_url or f"http://{config.host}:{config.port}"
    out.print(
        f"[bold]{program.plant.name}[/bold]: {len(program.plant.people)} people, {len(program.plant.lines)} lines."
    )
    out.print(f"Board  {where}/board\nChat   {where}/chat\nStop with Ctrl-C; nothing is lost.")
    if config.play:
        out.print("[yellow]Play mode: anyone at the page may speak as anyone. Not for a live plant.[/yellow]")
    serve(program)


def doctor(plant: PlantOption = None) -> None:
    """Tell what is configured, reachable and permitted, channel by channel."""
    config = read_config(plant=plant)
    config = read_config(plant=plant or plant_folder(config))
    program = build(config)
    table = Table("what", "how it is", "what to do", box=None, pad_edge=False)
    records = program.records
    table.add_row("plant", f"{program.plant.name} ({config.plant})", "")
    table.add_row("database", program.database.describe(), "")
    age = f"{len(records.work_orders)} orders, {len(records.items)} items, {len(records.lots)} lots"
    table.add_row(f"ERP {program.erp.name}", age, "" if program.ready()["records"] else "the files cannot be read")
    for name, channel in program.channels.items():
        reach = sum(1 for p in program.plant.people if name == "web" or name in p.contacts)
        table.add_row(f"channel {name}", f"{reach} people, {channel.traits.text} characters a message", "")
    for name, variable in OTHER_CHANNELS.items():
        table.add_row(f"channel {name}", "not connected", f"not built yet ({variable} will set it up)")
    token = "set" if config.api_token else "not set: API and board answer on this machine only"
    table.add_row("LINECALL_API_TOKEN", token, "")
    table.add_row("LINECALL_PLAY", "on: anyone may speak as anyone" if config.play else "off", "")
    Console().print(table)
    program.close()


OTHER_CHANNELS = {
    "telegram": "LINECALL_TELEGRAM_TOKEN",
    "slack": "LINECALL_SLACK_BOT_TOKEN",
    "whatsapp": "LINECALL_TWILIO_ACCOUNT_SID",
    "email": "LINECALL_SMTP_URL",
}


def sign_in(person: str, plant: PlantOption = None) -> None:
    """Print a link with which one person signs in at the chat page; it works once, for ten minutes."""
    from bot.web import issue_link

    config = read_config(plant=plant)
    program = build(read_config(plant=plant or plant_folder(config)))
    if person not in program.plant.person:
        raise Refused(f"There is no {person} in plant.yaml; the ids are listed there under `people`.")
    print(issue_link(program, person))
    program.close()


def replay(
    ids: Annotated[list[int] | None, typer.Argument(help="Inbox ids; default: all that were set aside.")] = None,
) -> None:
    """Take stored inbound messages again, after a fix; what was done already is not done twice."""
    config = read_config()
    program = build(read_config(plant=plant_folder(config)))
    with program.database.write() as tx:
        taken = inbox.replay(tx, ids, program.clock.now())
    print(f"{taken} message(s) will be taken again by the running service.")
    program.close()
