"""The `linecall` command: one word for each thing that a plant does with it."""

from __future__ import annotations

import sys

import typer
from sqlalchemy.exc import OperationalError

from bot.commands import (
    audit,
    baseline,
    check,
    doctor,
    erp,
    improve,
    keeping,
    learn,
    look,
    people,
    rules,
    service,
    talk,
    understanding,
)
from bot.commands import demo as demo_command
from bot.config import WrongConfiguration
from bot.logs import set_up_logs
from integrations.plant_folder import PlantFolderProblems
from workflow.errors import LinecallError

app = typer.Typer(
    help="Linecall turns a message from the shop floor into an exception that is routed, chased, posted and measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

for part in (
    service,
    doctor,
    people,
    keeping,
    demo_command,
    talk,
    look,
    baseline,
    check,
    understanding,
    audit,
    learn,
    rules,
    improve,
    erp,
):
    part.register(app)


def main() -> None:
    """Entry point: what went wrong is said in one sentence on stderr, with exit status 1."""
    set_up_logs("WARNING")  # whoever types a command reads its answer, not the program's diary
    try:
        app()
    except WrongConfiguration as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except PlantFolderProblems as error:
        print(f"The plant folder has {len(error.problems)} problem(s):", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        print("Correct them; `linecall check FOLDER` shows them as a table.", file=sys.stderr)
        sys.exit(1)
    except LinecallError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except OperationalError as error:
        print(f"The database does not answer: {_first_line(error)}", file=sys.stderr)
        print("LINECALL_DATABASE_URL says where it is; without it, it is a file in LINECALL_DATA.", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)


def _first_line(error: OperationalError) -> str:
    """What the database's own client says of it: host and port, never a statement or its values."""
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__


if __name__ == "__main__":
    main()
