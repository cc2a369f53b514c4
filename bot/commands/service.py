"""`run`, `worker`, `migrate`, `doctor`: what whoever looks after the service types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.app import CHANNELS, App, build
from bot.config import Config, WrongConfiguration, read_config
from bot.engine import Part
from bot.last_plant import plant_folder, remember_plant
from bot.logs import set_up_logs
from bot.proving import how_the_log_is_proved
from bot.second_reader import how_the_model_is
from db import addresses, inbox
from db.connect import open_database
from workflow.case import POSTING_KINDS
from workflow.errors import Refused
from workflow.ports import Examined, Inspected, Submits

PlantOption = Annotated[Path | None, typer.Option("--plant", help="Plant folder; default: LINECALL_PLANT.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(worker)
    app.command()(migrate)
    app.command()(doctor)
    app.command(name="whatsapp-templates")(whatsapp_templates)


def run(
    plant: PlantOption = None,
    only: Annotated[
        Part, typer.Option(help="One part in this process: `web`, `channels` or `rounds`; on PostgreSQL only.")
    ] = "all",
) -> None:
    """The service: the web door, every channel whose credentials are set, and the rounds that move things forward."""
    from bot.serve import serve

    config = read_config(plant=plant)
    config = read_config(plant=plant or plant_folder(config))
    set_up_logs(config.log)
    if only != "all":
        _on_postgresql(config, f"--only {only}")
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
    serve(program, only)


def worker(
    plant: PlantOption = None,
    port: Annotated[int | None, typer.Option(help="Answer /health, /ready and /metrics here.")] = None,
) -> None:
    """One more pair of hands on PostgreSQL, on any machine: reads, chases, sends and posts what the others stored."""
    from bot.serve import work

    config = read_config(plant=plant)
    config = read_config(plant=plant or plant_folder(config))
    set_up_logs(config.log)
    _on_postgresql(config, "linecall worker")
    work(build(config), port)


def migrate() -> None:
    """Bring the database up to this program, and say where it stands; `run` and `worker` do the same at their start."""
    config = read_config()
    config.data.mkdir(parents=True, exist_ok=True)
    database = open_database(config.url)
    database.migrate()
    if database.dialect == "postgresql":
        from bot.wakes import prepare

        prepare(database)
    print(database.describe())
    database.close()


def _on_postgresql(config: Config, what: str) -> None:
    if not (config.database_url or "").startswith("postgres"):
        raise WrongConfiguration(
            f"LINECALL_DATABASE_URL: {what} needs PostgreSQL (postgresql://…), where several processes can work. "
            "SQLite belongs to one process: `linecall run` does everything there. "
            "`linecall move-to` takes a plant to PostgreSQL."
        )


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
    if isinstance(program.erp, Inspected):
        for found in program.erp.examine():
            table.add_row(f"  {found.what}", found.how, found.to_do)
    lacking = sorted(set(POSTING_KINDS) - program.erp.kinds)
    if lacking:
        table.add_row("  booked by hand", ", ".join(lacking), "LINECALL_ERP_ALSO names another system for them")
    for name, channel in program.channels.items():
        reach = sum(1 for p in program.plant.people if name == "web" or name in p.contacts)
        table.add_row(f"channel {name}", f"{reach} people, {channel.traits.text} characters a message", "")
        if isinstance(channel, Examined):
            for found in program.loop.run(channel.examine()):
                table.add_row(f"  {found.what}", found.how, found.to_do)
    for name, variable in OTHER_CHANNELS.items():
        if name not in program.channels:
            what = f"{variable} sets it up" if name in CHANNELS else f"not built yet ({variable} will set it up)"
            table.add_row(f"channel {name}", "not connected", what)
    for row in _what_waits(program):
        table.add_row(*row)
    table.add_row("language model", *how_the_model_is(config, program.database, program.clock))
    seen, heard = program.eyes is not None, program.ears is not None
    table.add_row("photos, forms", "read here" if seen else "not read", "" if seen else "make media")
    table.add_row("voice notes", *(("written out", "") if heard else ("not heard", "LINECALL_OPENAI_TRANSCRIBE_MODEL")))
    outside = "each minute" if config.heartbeat_url else "nobody outside hears when the service stands"
    table.add_row("sign of life", outside, "" if config.heartbeat_url else "LINECALL_HEARTBEAT_URL")
    table.add_row("log", *how_the_log_is_proved(config))
    token = "set" if config.api_token else "not set: API and board answer on this machine only"
    table.add_row("LINECALL_API_TOKEN", token, "")
    table.add_row("LINECALL_PLAY", "on: anyone may speak as anyone" if config.play else "off", "")
    Console().print(table)
    program.close()


def _what_waits(program: App) -> Iterator[tuple[str, str, str]]:
    """What came in and could not be taken, and whom nothing reaches."""
    with program.database.read() as tx:
        poisoned, strangers, dead = inbox.poisoned(tx), inbox.of_strangers(tx), addresses.dead(tx)
    if poisoned:
        ids = ", ".join(str(one.id) for one in poisoned[:5])
        yield "set aside", f"{len(poisoned)} message(s) could not be handled ({ids})", "see the log; linecall replay"
    if strangers:
        whom = ", ".join(sorted({one.message.channel for one in strangers}))
        yield "strangers", f"{len(strangers)} message(s) of unknown people on {whom}", "linecall strangers"
    for one in dead:
        who = one.person or (person.id if (person := program.plant.by_address.get((one.channel, one.address))) else "")
        yield (
            f"  {who or 'a stranger'}",
            f"not reached on {one.channel}: {one.unreachable_why}",
            "they write there once",
        )


def whatsapp_templates(plant: PlantOption = None) -> None:
    """Make the templates of deploy/whatsapp-templates.yaml at Twilio and ask Meta to approve those that are missing."""
    config = read_config(plant=plant)
    program = build(read_config(plant=plant or plant_folder(config)))
    chats = [channel for channel in program.channels.values() if isinstance(channel, Submits)]
    if not chats:
        raise Refused("WhatsApp is not connected. LINECALL_TWILIO_ACCOUNT_SID sets it up.")
    for chat in chats:
        submitted = program.loop.run(chat.submit())
        print("\n".join(submitted) or "Every template is there; `linecall doctor` tells what Meta says of them.")
    program.close()


OTHER_CHANNELS = {
    "telegram": "LINECALL_TELEGRAM_TOKEN",
    "slack": "LINECALL_SLACK_BOT_TOKEN",
    "whatsapp": "LINECALL_TWILIO_ACCOUNT_SID",
    "email": "LINECALL_SMTP_URL",
}
