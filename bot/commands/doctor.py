"""`doctor`: what is set up, reachable and permitted, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.app import CHANNELS, App
from bot.commands.plant import PlantOption, open_plant
from bot.group_checked import how_the_group_is
from bot.proving import how_the_log_is_proved
from bot.second_reader import how_the_model_is
from db import addresses, inbox
from workflow.case import POSTING_KINDS
from workflow.ports import Examined, Inspected

Part = Literal["all", "erp"]
Row = tuple[str, str, str]  # what, how it is, what to do: nothing where all is well
BY_HAND = "  booked by hand"
OTHER_CHANNELS = {
    "telegram": "LINECALL_TELEGRAM_TOKEN",
    "slack": "LINECALL_SLACK_BOT_TOKEN",
    "whatsapp": "LINECALL_TWILIO_ACCOUNT_SID",
    "email": "LINECALL_SMTP_URL",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    part: Annotated[Part, typer.Argument(help="`erp`: ERP alone; exit status 1 where it lacks.")] = "all",
    plant: PlantOption = None,
) -> None:
    """Tell what is configured, reachable and permitted, system by system and channel by channel; books nothing."""
    with open_plant(plant) as program:
        table = Table("what", "how it is", "what to do", box=None, pad_edge=False)
        of_erp = list(how_erp_is(program))
        for row in (*_first(program), *of_erp, *_rest(program)) if part == "all" else of_erp:
            table.add_row(*(escape(said) for said in row))
        Console().print(table)
    if part == "erp" and any(to_do for what, _, to_do in of_erp if what != BY_HAND):
        raise typer.Exit(1)


def how_erp_is(program: App) -> Iterator[Row]:
    """Whether ERP gives its records, and what it says about itself: reach, set-up, fields, rights."""
    records, away, erp = program.records, program.records_error, program.erp
    if away is None:
        yield (
            f"ERP {erp.name}",
            f"{len(records.work_orders)} orders, {len(records.items)} items, {len(records.lots)} lots",
            "",
        )
    elif program.config.erp == "plant_folder":
        yield f"ERP {erp.name}", away, "`linecall check` lists all that is wrong; the last good records serve on"
    else:
        how = f"its records cannot be had: {away}"
        yield (
            f"ERP {erp.name}",
            how,
            "the plant folder's orders and lots serve until it answers; it is asked again each minute",
        )
    if isinstance(erp, Inspected):
        yield from ((f"  {found.what}", found.how, found.to_do) for found in erp.examine())
    lacking = sorted(set(POSTING_KINDS) - erp.kinds)
    if lacking:
        yield BY_HAND, ", ".join(lacking), "LINECALL_ERP_ALSO names another system for them"


def _first(program: App) -> Iterator[Row]:
    yield "plant", f"{program.plant.name} ({program.config.plant})", ""
    yield "database", program.database.describe(), ""
    yield from ((found.what, found.how, found.to_do) for found in how_the_group_is(program))


def _rest(program: App) -> Iterator[Row]:
    config = program.config
    for name, channel in program.channels.items():
        reach = sum(1 for p in program.plant.people if name == "web" or name in p.contacts)
        yield f"channel {name}", f"{reach} people, {channel.traits.text} characters a message", ""
        if isinstance(channel, Examined):
            for found in program.loop.run(channel.examine()):
                yield f"  {found.what}", found.how, found.to_do
    for name, variable in OTHER_CHANNELS.items():
        if name not in program.channels:
            what = f"{variable} sets it up" if name in CHANNELS else f"not built yet ({variable} will set it up)"
            yield f"channel {name}", "not connected", what
    yield from _what_waits(program)
    yield "language model", *how_the_model_is(config, program.database, program.clock)
    seen, heard = program.eyes is not None, program.ears is not None
    yield "photos, forms", "read here" if seen else "not read", "" if seen else "make media"
    yield "voice notes", *(("written out", "") if heard else ("not heard", "LINECALL_OPENAI_TRANSCRIBE_MODEL"))
    outside = "each minute" if config.heartbeat_url else "nobody outside hears when the service stands"
    yield "sign of life", outside, "" if config.heartbeat_url else "LINECALL_HEARTBEAT_URL"
    yield "log", *how_the_log_is_proved(config)
    token = "set" if config.api_token else "not set: API and board answer on this machine only"
    yield "LINECALL_API_TOKEN", token, ""
    yield "LINECALL_PLAY", "on: anyone may speak as anyone" if config.play else "off", ""


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
