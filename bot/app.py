"""The program as a value: the only place where the parts are put together."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bot.channels import ChannelLoop
from bot.clock import SystemClock
from bot.config import Config, WrongConfiguration
from bot.for_chats import ForChats
from bot.foreign_chats import email_of, slack_of, telegram_of, whatsapp_of
from bot.foreign_systems import erpnext_of, odoo_of, sap_of, tryton_of
from bot.group import Group
from bot.intake import Intake
from bot.lessons import Learning, take_effect
from bot.people_in_force import note_people
from bot.reloading import reload_rules
from bot.second_reader import reader_of
from bot.spans import spans_of
from bot.taking import arrived
from db import cases, inbox, leases, outbox, postings
from db.connect import Database, open_database
from integrations.chat.web import WebChannel
from integrations.erp.guarded import Guarded
from integrations.erp.plant_folder import PlantFolderErp
from integrations.erp.several import Several
from integrations.media.eyes import WorkerEyes, installed
from integrations.media.shelf import Shelf
from integrations.media.speech import TranscribingEars
from integrations.plant_folder import PlantFolder, file_marks, read_plant_folder
from workflow.errors import TryLater
from workflow.lessons import Example, Nickname
from workflow.messages import Arrival, Inbound
from workflow.plant import ROLES, Chat, Plant
from workflow.ports import Asks, Channel, Clock, Ears, Erp, Eyes, LetsGo, Reader
from workflow.records import Records
from workflow.routing import Superseded, World

log = structlog.get_logger()


class App:
    """Everything that a tick, a command or a page needs; built once by `build`, or by a test with its own parts."""

    def __init__(
        self,
        config: Config,
        folder: PlantFolder,
        database: Database,
        erp: Erp,
        channels: Mapping[str, Channel],
        reader: Reader,
        clock: Clock,
        eyes: Eyes | None = None,
        ears: Ears | None = None,
    ) -> None:
        self.config = config
        self.folder = folder
        self.database = database
        self.erp = erp
        self.channels = channels
        self.reader = reader
        self.clock = clock
        self.eyes = eyes
        self.ears = ears
        # On PostgreSQL other processes may work on the same rows; the embedded database is one process's.
        self.shared = database.dialect == "postgresql"
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"  # who we are in a lease
        self.spans = spans_of(config, folder.plant.id)
        self.loop = ChannelLoop()
        self.intake = Intake(self)
        self.shelf = Shelf(config.data / "attachments")
        self.earlier_rules: tuple[Superseded, ...] = ()  # what open exceptions may still go by; set by bot/reloading.py
        self.earlier_rules_read = False
        self.reached_at: datetime | None = None  # when open exceptions were looked at last for whom time concerns
        self.rules_refused: list[dict[str, object]] = []  # where the file is wrong that does not count yet
        self.plant_refused: list[dict[str, object]] = []  # the same of plant.yaml; both set by their reloading
        self.plant_mark: tuple[int, int] | None = None  # of the plant.yaml that was read last, usable or not
        self.rings: dict[str, Callable[[], None]] = {}  # lane -> wakes it; set by the engine
        self.beats: dict[str, float] = {}  # lane -> monotonic seconds of its last round; set by the engine
        self.alive: Callable[[], bool] = lambda: True  # whether the rounds go on; set by the engine
        self.learning = Learning()
        self.group = Group()  # the other plants of the group, for questions to several of them; set by `build`
        for channel in channels.values():
            if isinstance(channel, Asks):
                channel.ask(ForChats(self))
        self._plant = folder.plant
        self._plant_of: Plant | None = folder.plant
        self._nicknames: tuple[Nickname, ...] = ()
        self._examples: tuple[Example, ...] = ()
        self.speak: Mapping[str, str] = {}  # person -> the language that they chose
        self._records = folder.records
        self._records_error: str | None = None
        self.records_taken_at = clock.now()  # when ERP last gave them
        self._records_lock = threading.Lock()

    @property
    def plant(self) -> Plant:
        """The plant as its folder describes it, with what people taught the reader and chose for themselves.

        The same value until one of them changes: the reader keeps its index as long.
        """
        folder = self.folder.plant
        if self._plant_of is not folder:
            people = tuple(replace(p, language=self.speak.get(p.id, p.language)) for p in folder.people)
            self._plant = replace(folder, people=people, nicknames=self._nicknames, examples=self._examples)
            self._plant_of = folder
        return self._plant

    def take_plant(self, plant: Plant) -> None:
        """Another `plant.yaml` counts from now on, with the channels that the environment adds to it."""
        folder = replace(self.folder, plant=plant)
        added = slack_chats(self.config, folder) if self.config.slack_channel is not None else ()
        chats = (*plant.chats, *added)
        self.folder = replace(folder, plant=replace(plant, chats=chats))

    def teach(self, nicknames: tuple[Nickname, ...], examples: tuple[Example, ...]) -> None:
        """What was learnt and accepted, in place of what was before; the next message is read with it."""
        self._nicknames, self._examples, self._plant_of = nicknames, examples, None

    def speaks(self, languages: Mapping[str, str]) -> None:
        """Who chose which language, in place of what was before."""
        self.speak, self._plant_of = languages, None

    def world(self) -> World:
        """What an act may look at, now."""
        return World(self.plant, self.folder.rules, self._records, self.clock.now(), self.earlier_rules)

    def receive(self, message: Inbound) -> int | None:
        """Store a message durably and wake the desk; None for a repeat (R23). Only then may it be answered 2xx."""
        of = f"{message.channel} {message.message_id}"
        with self.spans.span("ingest", of, channel=message.channel) as about:
            stored = self.intake.store(message)
            about |= {"inbox": stored} if stored is not None else {"repeat": 1}
        self.ring("inbox")
        return stored

    def arrived(self, one: Arrival) -> None:
        """Keep what a platform says of a message that we sent."""
        arrived(self, one)

    def ring(self, *lanes: str) -> None:
        """Wake lanes of the engine; without an engine nothing happens and the next round finds the rows."""
        for lane in lanes:
            wake = self.rings.get(lane)
            if wake is not None:
                wake()

    def holds(self, name: str, lasts: timedelta) -> bool:
        """Whether this process is the one that does a thing; always, where there is no other."""
        if not self.shared:
            return True
        with self.database.write() as tx:
            return leases.take(tx, name, self.holder, self.clock.now(), lasts)

    def let_go(self) -> None:
        """Give up what this process did alone, so that another takes over at once."""
        if self.shared:
            with self.database.write() as tx:
                leases.let_go(tx, self.holder)

    def refresh_records(self) -> bool:
        """Take ERP's records again; where it is away, the last ones serve on and their age shows."""
        try:
            fresh = self.erp.records()
        except TryLater as away:
            if away.why != self._records_error:
                log.warning("records.not_refreshed", erp=self.erp.name)
            self._records_error = away.why
            return False
        with self._records_lock:
            changed = fresh is not self._records
            self._records = fresh
            self._records_error = None
            self.records_taken_at = self.clock.now()
        return changed

    @property
    def records_error(self) -> str | None:
        """Why ERP's records could not be had just now; None where they could."""
        return self._records_error

    @property
    def records(self) -> Records:
        """ERP's records as they were last taken."""
        return self._records

    def ready(self) -> dict[str, object]:
        """What is well and what is not, for `/ready`."""
        age = (self.clock.now() - self._records.as_of) if self._records.as_of else None
        with self.database.read() as tx:
            waiting = {
                "inbox_unhandled": inbox.unhandled_count(tx),
                "inbox_set_aside": inbox.poisoned_count(tx),
                "inbox_strangers": inbox.stranger_count(tx),
                "outbox_due": outbox.unsent_count(tx),
                "postings_due": postings.due_count(tx),
            }
        return waiting | {
            "degraded": self.degraded(),
            "alive": self.alive(),
            "records": self._records_error is None,
            "records_age_s": round(age.total_seconds()) if age else None,
            "erp": self.erp.name,
            "channels": sorted(self.channels),
        }

    def degraded(self) -> list[str]:
        """What does not work while everything else goes on, in a sentence each; empty where all is well."""
        systems = self.erp.systems if isinstance(self.erp, Several) else (self.erp,)
        away = [f"{erp.name}: {erp.away_because}" for erp in systems if isinstance(erp, Guarded) and erp.away_because]
        stale = [f"records: {self._records_error}"] if self._records_error is not None else []
        wrong = [
            f"{one['file']}:{one['line']}: {one['key']} is wrong; what was in force before serves on"
            for one in (*self.plant_refused, *self.rules_refused)
        ]
        return [*away, *stale, *wrong]

    def close(self) -> None:
        """Let go of the database, of ERP, and of whoever looks at pictures."""
        self.loop.close(self.channels.values())
        if isinstance(self.erp, LetsGo):
            self.erp.close()
        if self.eyes is not None:
            self.eyes.close()
        self.group.close()
        self.spans.close()
        self.database.close()


ERPS: Mapping[str, Callable[[Config, Path, Clock], Erp]] = {
    "plant_folder": lambda config, folder, clock: PlantFolderErp(
        folder, config.data / "erp", clock, confirm=config.plant_folder_confirm
    ),
    "tryton": tryton_of,
    "sap": sap_of,
    "odoo": odoo_of,
    "erpnext": erpnext_of,
}


def systems(config: Config, folder: Path, clock: Clock) -> Erp:
    """The ERP, each system behind a circuit of its own, with others beside it where LINECALL_ERP_ALSO names them."""
    first = Guarded(ERPS[config.erp](config, folder, clock), clock)
    others = [(Guarded(ERPS[name](config, folder, clock), clock), kinds) for name, kinds in config.also.items()]
    for other, kinds in others:
        if lacking := sorted(kinds - other.kinds):
            raise WrongConfiguration(f"LINECALL_ERP_ALSO: {other.name} does not book {', '.join(lacking)}")
    return Several(first, others) if others else first


def slack_chats(config: Config, folder: PlantFolder) -> Iterator[Chat]:
    """The channels of LINECALL_SLACK_CHANNEL, beside `chats` in plant.yaml: "C01" for all, "quality=C02" for one."""
    for one in (config.slack_channel or "").split(","):
        role, _, address = one.strip().rpartition("=")
        if ("slack", address) not in folder.plant.chat_at:
            roles = tuple(known for known in ROLES if known == role)
            language = folder.plant.languages[0]
            yield Chat(f"slack-{address}", address, roles, language=language, contacts={"slack": address})


# Each gives the chat where its credentials are set, else None; its SDK is imported only then.
CHANNELS: Mapping[str, Callable[[Config], Channel | None]] = {
    "telegram": telegram_of,
    "slack": slack_of,
    "whatsapp": whatsapp_of,
    "email": email_of,
}


def channels(config: Config) -> dict[str, Channel]:
    """Our own chat, and every foreign one whose credentials are set; a wrong one is refused with its name."""
    found: dict[str, Channel] = {"web": WebChannel(Shelf(config.data / "attachments"))}
    for name, of in CHANNELS.items():
        channel = of(config)
        if channel is not None:
            found[name] = channel
    return found


def ears(config: Config) -> Ears | None:
    """Who listens to voice notes: the endpoint that the environment names, or nobody."""
    if config.openai_transcribe_model is None:
        return None
    key = config.openai_api_key.get_secret_value() if config.openai_api_key else None
    return TranscribingEars(config.openai_url, config.openai_transcribe_model, key)


def build(config: Config, *, clock: Clock | None = None, reader: Reader | None = None) -> App:
    """The program as the environment describes it; raises WrongConfiguration or the plant folder's problems."""
    if config.plant is None:
        raise WrongConfiguration("LINECALL_PLANT: no plant folder given; name one, or use --plant FOLDER")
    clock = clock or SystemClock()
    mark = file_marks(config.plant)[0]  # before it is read: what is written meanwhile is read again
    folder = read_plant_folder(config.plant)
    group = Group.of(config.group, config.plant)
    config.data.mkdir(parents=True, exist_ok=True)
    database = open_database(config.url)
    database.migrate()
    with database.write() as tx:
        cases.count_anew(tx)
    erp = systems(config, config.plant, clock)
    records = replace(folder.records, as_of=folder.records.as_of or clock.now())
    app = App(
        config,
        replace(folder, records=records),
        database,
        erp,
        channels(config),
        reader or reader_of(config, database, clock),
        clock,
        WorkerEyes() if installed() else None,
        ears(config),
    )
    app.take_plant(folder.plant)
    app.plant_mark = mark
    app.group = group
    take_effect(app)
    note_people(app)
    reload_rules(app)
    app.refresh_records()
    return app
