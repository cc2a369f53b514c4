"""`linecall demo`: the recorded shift, for whoever wants to see what Linecall does within a minute."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from bot.config import read_config
from bot.demo import Demo, checkout, read_shift
from bot.logs import set_up_logs


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo() -> None:
    """Play a recorded shift of the sample plant through the real program. No network, no account, no key."""
    root = checkout()
    shift = read_shift(root / "fixtures/demo/day-shift.yaml")
    config = read_config(plant=root / shift.plant, play=True)
    set_up_logs("ERROR")
    out = Console(width=None if sys.stdout.isatty() else 150, soft_wrap=False)
    played = Demo(config, shift, out)
    try:
        played.play()
    finally:
        played.close()
