"""`run`, `worker`, `migrate`: what whoever looks after the service types."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from bot.app import build
from bot.commands.plant import PlantOption, config_of, open_plant
from bot.config import Config, WrongConfiguration, read_config
from bot.engine import Part
from bot.last_plant import keep_from_now_on, remember_plant
from bot.logs import set_up_logs
from db.connect import open_database
from workflow.errors import Refused
from workflow.ports import Submits


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(worker)
    app.command()(migrate)
    app.command(name="whatsapp-templates")(whatsapp_templates)


def run(
    plant: PlantOption = None,
    only: Annotated[
        Part, typer.Option(help="One part in this process: `web`, `channels` or `rounds`; on PostgreSQL only.")
    ] = "all",
) -> None:
    """The service: the web door, every channel whose credentials are set, and the rounds that move things forward."""
    from bot.serve import serve

    config = config_of(plant)
    set_up_logs(config.log)
    if only != "all":
        _on_postgresql(config, f"--only {only}")
    program = build(config)
    remember_plant(config)
    keep_from_now_on(config.data)
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

    config = config_of(plant)
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


def whatsapp_templates(plant: PlantOption = None) -> None:
    """Make the templates of deploy/whatsapp-templates.yaml at Twilio and ask Meta to approve those that are missing."""
    with open_plant(plant) as program:
        chats = [channel for channel in program.channels.values() if isinstance(channel, Submits)]
        if not chats:
            raise Refused("WhatsApp is not connected. LINECALL_TWILIO_ACCOUNT_SID sets it up.")
        for chat in chats:
            submitted = program.loop.run(chat.submit())
            print("\n".join(submitted) or "Every template is there; `linecall doctor` tells what Meta says of them.")
