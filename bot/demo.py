"""A recorded shift of the sample plant, played through the real program and shown so that a stranger understands it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bot.config import Config
from bot.last_plant import PLAYED, is_in_use, remember_plant
from bot.rehearsal import Rehearsal
from bot.say import word
from db import cases as stored
from db import conversations
from db import postings as owed
from db.conversations import Line
from nlp.our_yaml import our_yaml
from workflow.case import Case
from workflow.errors import LinecallError
from workflow.metrics import metrics
from workflow.plant import Person

BESIDE = "linecall-demo"  # where it plays where the data folder is taken
WIDE = 200  # characters of a notice that are shown at most
PAUSE = 0.12  # seconds between messages on a terminal, so that the eye can follow


class Happens(BaseModel):
    """One entry of the recorded shift."""

    model_config = ConfigDict(extra="forbid")

    at: clock_time
    who: str | None = None
    says: str | None = None
    presses: str | None = None
    arg: str | None = None
    of: str | None = None  # the exception whose button is pressed, where several wait
    erp: Literal["away", "back"] | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _somebody_does_it(self) -> Happens:
        if (self.says or self.presses) and self.who is None:
            raise ValueError("`says` and `presses` need `who`")
        return self


class Shift(BaseModel):
    """A recorded shift."""

    model_config = ConfigDict(extra="forbid")

    plant: Path
    date: date
    starts: clock_time
    ends: clock_time
    shift: list[Happens]


def read_shift(file: Path) -> Shift:
    """The recorded shift of a file; raises pydantic's error where it is wrong."""
    return Shift.model_validate(our_yaml(file.read_text(encoding="utf8")))


def stage(config: Config) -> Config:
    """Where the demo plays: files of its own, in the data folder where that is free, else in one beside it.

    A folder or a database that somebody named is taken at the word: LinecallError where a plant's own data lie there.
    """
    config = config.model_copy(update={"database_url": None})
    if not is_in_use(config.data):
        return config
    if "data" in config.model_fields_set:
        raise LinecallError(
            f"{config.data} holds a plant's own data; the demo does not play over it. "
            "Name another folder: LINECALL_DATA=…"
        )
    return config.model_copy(update={"data": config.data.with_name(BESIDE)})


def prepare(data: Path) -> None:
    """An empty data folder for the demo, marked as one that may be played over."""
    for name in ("linecall.db", "linecall.db-wal", "linecall.db-shm"):
        (data / name).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        shutil.rmtree(data / "erp")
    data.mkdir(parents=True, exist_ok=True)
    (data / PLAYED).write_text("Written by `linecall demo`; it may be played over.\n", encoding="utf8")


class Demo:
    """Plays a shift and shows it."""

    def __init__(self, config: Config, shift: Shift, out: Console) -> None:
        self.shift = shift
        self.out = out
        config = stage(config)
        prepare(config.data)
        remember_plant(config)
        self._where = "" if config.data.name != BESIDE else f"LINECALL_DATA={config.data} "
        self.plant = Rehearsal(config, datetime.combine(shift.date, shift.starts, UTC))
        zone = self.plant.app.plant.zone
        self._zone = zone
        self.plant.clock.turn_to(self._instant(shift.starts))
        self._shown = 0  # id of the last line of anybody that was shown
        self.messages = 0

    def play(self) -> None:
        """The whole shift, then its figures."""
        self._head()
        for happens in self.shift.shift:
            self._wait_until(self._instant(happens.at))
            self._happens(happens)
            if self.out.is_terminal:
                time.sleep(PAUSE)
        self._wait_until(self._instant(self.shift.ends))
        self._figures()

    def close(self) -> None:
        """Put the plant away."""
        self.plant.close()

    def _instant(self, at: clock_time) -> datetime:
        return datetime.combine(self.shift.date, at, self._zone).astimezone(UTC)

    def _wait_until(self, at: datetime) -> None:
        """Time goes by; whatever the program does on its own on the way is shown when it happens."""
        while self.plant.clock.now() < at:
            self.plant.passes_until(min(at, self.plant.clock.now() + timedelta(seconds=60)))
            lines = self._new_lines()
            if lines:
                self.out.print(self._stamp(), Text("Linecall, on its own", style="bold yellow"), sep="  ")
                self._told(lines)

    def _happens(self, happens: Happens) -> None:
        if happens.note:
            self.out.print()
            self.out.print(Text(f"  {happens.note}", style="italic cyan"))
        if happens.erp:
            self.plant.erp.away = happens.erp == "away"
            how = "is away" if self.plant.erp.away else "answers again"
            self.out.print(
                self._stamp(), Text(f"ERP {how}", style="bold red" if self.plant.erp.away else "bold green"), sep="  "
            )
        if happens.who and (happens.says or happens.presses):
            person = self.plant.app.plant.person[happens.who]
            if happens.says:
                self.plant.says(happens.who, happens.says)
                said = happens.says
            else:
                args = (happens.arg,) if happens.arg else ()
                said = f"[{self._press(happens.who, happens.presses or '', args, happens.of)}]"
            self.messages += 1
            self.out.print(self._stamp(), self._who(person), Text(said, style="bold"), sep="  ")
            self._told(self._new_lines(), speaker=happens.who)

    def _press(self, who: str, act: str, args: tuple[str, ...], of: str | None) -> str:
        if act == "answer":
            return self.plant.presses(who, act, *(("asset", *args)))
        return self.plant.presses(who, act, *args, case=of)

    def _told(self, lines: list[tuple[Person, Line]], speaker: str | None = None) -> None:
        """What was said to whom: the speaker's answer in full, the others' on one line for each function."""
        for person, line in (pair for pair in lines if pair[0].id == speaker):
            self._answer(person, line)
        functions: dict[tuple[str | None, str, str], tuple[str, list[Person]]] = {}
        for person, line in lines:
            if person.id != speaker:
                function = (line.case, person.roles[0], person.language)
                text, people = functions.setdefault(function, (_one_line(line.text), []))
                people.append(person)
        together: dict[str, list[Person]] = {}
        for text, people in functions.values():
            together.setdefault(text, []).extend(p for p in people if p not in together.get(text, []))
        for text, people in together.items():
            names = ", ".join(p.first_name for p in people)
            roles = ", ".join(dict.fromkeys(word("en", f"role.{p.roles[0]}") for p in people))
            to = Text(f"         → {names} ({roles}): ", style="green")
            self.out.print(to.append(text, style="default"), no_wrap=True, overflow="ellipsis")

    def _answer(self, person: Person, line: Line) -> None:
        text = Text(f"→ {person.first_name}: ", style="green").append(line.text, style="default")
        if line.buttons:
            text.append("  " + " ".join(f"[{b.label}]" for b in line.buttons), style="blue")
        self.out.print(Padding(text, (0, 0, 0, 9)))

    def _new_lines(self) -> list[tuple[Person, Line]]:
        with self.plant.app.database.read() as tx:
            new = conversations.since(tx, self._shown)
        self._shown = new[-1][1].id if new else self._shown
        people = self.plant.app.plant.person
        asked_first = {person: n for n, person in enumerate(people)}  # as plant.yaml names them, and so are they asked
        told = [(people[who], line) for who, line in new if line.sender == "bot"]
        return sorted(told, key=lambda one: asked_first[one[0].id])

    def _stamp(self) -> Text:
        return Text(f"{self.plant.now:%H:%M}", style="dim")

    def _who(self, person: Person) -> Text:
        lines = f" {', '.join(person.lines)}" if person.lines else ""
        return Text(f"{person.name}, {word('en', f'role.{person.roles[0]}')}{lines}:", style="magenta")

    def _head(self) -> None:
        plant = self.plant.app.plant
        self.out.print(Rule(f"{plant.name}, day shift of {self.shift.date:%A %d %B %Y}"))
        self.out.print(
            "People write what is wrong. Linecall understands it, links it to the work order, tells every function\n"
            "concerned, chases each until it has answered, and closes the exception when ERP has confirmed it.\n"
            "Recorded messages, real program: an embedded database, an ERP that takes files. No network, no account.",
            style="dim",
        )

    def _figures(self) -> None:
        start, end = self._instant(self.shift.starts), self.plant.clock.now()
        with self.plant.app.database.read() as tx:
            found = stored.find(tx)
            booked = owed.find(tx)
        figures = metrics(found, self.plant.app.plant, start, end)
        self.out.print()
        self.out.print(Rule("What ERP was told"))
        table = Table("exception", "booked", "what", "state", "receipt", box=None, pad_edge=False)
        for status in booked:
            body = status.posting.body
            kind = word("en", f"kind.{status.posting.kind}")
            what = ", ".join(
                str(body[k]) for k in ("lot", "asset", "work_order", "item", "quantity", "uom", "minutes") if k in body
            )
            table.add_row(
                status.posting.case,
                word("en", "taken_back", kind=kind) if status.posting.reverses else kind,
                escape(what),
                status.state,
                status.receipt or "",
            )
        self.out.print(table)
        self.out.print(Rule("The shift in figures"))
        four = Table("", "median", "p90", "from", box=None, pad_edge=False)
        for name, spread in (
            ("exception resolution time (reported → fixed and in ERP)", figures.resolution_min),
            ("alignment time (event → last function has acknowledged)", figures.alignment_min),
            ("ERP posting lag (event → ERP confirmed)", figures.posting_lag_min),
        ):
            four.add_row(name, _min(spread.median), _min(spread.p90), f"{spread.n} exceptions")
        rate = figures.first_pass
        passed = f"{rate.value:.0%}" if rate.value is not None else "-"
        four.add_row("first-pass resolution (no re-route, no escalation)", passed, "", f"{len(rate.yes)} of {rate.n}")
        self.out.print(four)
        self._end(found)

    def _end(self, found: tuple[Case, ...]) -> None:
        still = [c.number for c in found if c.is_open]
        self.out.print()
        who = len({h.who for h in self.shift.shift if h.who})
        counted = [c for c in found if c.status not in ("draft", "cancelled", "merged")]
        self.out.print(f"{self.messages} messages from {who} people became {len(counted)} exceptions.", end=" ")
        self.out.print(f"Still open: {', '.join(still)}." if still else "All of them are closed and confirmed by ERP.")
        first = found[0].number if found else "EX-1001"
        command = f"{self._where}.venv/bin/linecall"
        self.out.print(f"Look closer      [bold]{command} cases[/bold]   [bold]{command} case {first}[/bold]")
        if self._where:
            self.out.print("                 (linecall-data is in use and stays as it is; the demo has its own folder)")
        self.out.print("Try it yourself  [bold]make run[/bold], then open [bold]http://127.0.0.1:8080/chat[/bold]")


def _min(value: float | None) -> str:
    return "-" if value is None else f"{value:g} min"


def _one_line(text: str) -> str:
    line = " · ".join(" ".join(part.split()) for part in text.splitlines() if part.strip())
    return line if len(line) <= WIDE else f"{line[: WIDE - 1]}…"


def checkout() -> Path:
    """The folder that holds the sample plant: the checkout that the program was installed from."""
    return next(_folders_with(Path("fixtures/demo/day-shift.yaml")))


def _folders_with(file: Path) -> Iterator[Path]:
    for folder in (Path.cwd(), Path(__file__).resolve().parent.parent):
        if (folder / file).exists():
            yield folder
    raise LinecallError("The sample plant is not here; run the demo from the checkout: make demo")
