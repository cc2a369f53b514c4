"""`invite`, `sign-in`, `revoke`, `strangers`, `replay`: who may speak, and what came in and was not taken."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot import left_over
from bot.commands.plant import PlantOption, open_plant
from workflow.case import LINECALL
from workflow.errors import Refused
from workflow.ports import Invites


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(invite)
    app.command(name="sign-in")(sign_in)
    app.command()(revoke)
    app.command()(strangers)
    app.command()(replay)


def sign_in(person: str, plant: PlantOption = None) -> None:
    """Print a link with which one person signs in at the chat page; it works once, for ten minutes."""
    from bot.web import issue_link

    with open_plant(plant) as program:
        if person not in program.plant.person:
            raise Refused(f"There is no {person} in plant.yaml; the ids are listed there under `people`.")
        print(issue_link(program, person))


def revoke(person: str, plant: PlantOption = None) -> None:
    """End all that a person has, at once: sessions, chats, invitations. For a lost phone, and for who has left."""
    from bot.invite import revoke as revoked

    with open_plant(plant) as program:
        try:
            channels = revoked(program, person)
        except KeyError:
            raise Refused(f"There is no {person} in plant.yaml, and no chat is theirs.") from None
    print(f"Ended: every sign-in of {person}" + "".join(f", {channel}" for channel in channels) + ".")
    print(f"Still here? `linecall invite {person}` binds a chat again, `linecall sign-in {person}` a browser.")
    print("Has left? Take them out of plant.yaml too, so that nothing is asked of them.")


def invite(person: str, plant: PlantOption = None) -> None:
    """Print a link and its QR code by which a person's phone becomes theirs; it works once, for a day."""
    from bot.invite import invite as invited

    with open_plant(plant) as program:
        if person not in program.plant.person:
            raise Refused(f"There is no {person} in plant.yaml; the ids are listed there under `people`.")
        chats = [channel for channel in program.channels.values() if isinstance(channel, Invites)]
        if not chats:
            raise Refused("No chat is connected into which a link leads: set LINECALL_TELEGRAM_TOKEN, or another.")
        token = invited(program, person)
        for chat in chats:
            way = program.loop.run(chat.invitation(token))
            print(way.link)
            with suppress(ImportError):  # the link alone does
                import segno

                segno.make(way.link).terminal(compact=True)
            if way.write:
                print(f"Then write there: {way.write}")


def strangers(plant: PlantOption = None) -> None:
    """What people wrote whom we do not know: their channel and address, and their words."""
    with open_plant(plant) as program:
        found = [one for one in left_over.listed(program) if one.stranger]
        table = Table("id", "when", "channel", "address", "now", "what they wrote", box=None, pad_edge=False)
        for one in reversed(found):
            message = one.received.message
            at, now = program.plant.local(message.sent_at), one.person.id if one.person is not None else ""
            table.add_row(
                str(one.received.id), f"{at:%d %b %H:%M}", message.channel, Text(message.sender), now, Text(one.words)
            )
        Console().print(table if found else "Nobody unknown has written.")


def replay(
    ids: Annotated[list[int] | None, typer.Argument(help="Ids; default: all that can lead to anything.")] = None,
) -> None:
    """Take stored messages again, after a fix or once their sender is known; what was done is not done twice."""
    with open_plant() as program:
        taken = left_over.take_again(program, ids, LINECALL)
        print(f"{taken} message(s) will be taken again by the running service.")
