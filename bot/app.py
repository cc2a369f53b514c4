"""The program as a value: the only place where the parts are put together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog

from bot.clock import SystemClock
from bot.config import Config, WrongConfiguration
from db import inbox, outbox, postings
from db.connect import Database, open_database
from integrations.chat.web import WebChannel
from integrations.erp.plant_folder import PlantFolderErp
from integrations.plant_folder import PlantFolder, read_plant_folder
from nlp.reader import LocalReader
from workflow.errors import TryLater
from workflow.messages import Inbound
from workflow.plant import Plant
from workflow.ports import Channel, Clock, Erp, Reader
from workflow.records import Records
from workflow.routing import World

log = structlog.get_logger()

RECORDS_OLD_AFTER = timedelta(minutes=15)


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
    ) -> None:
        self.config = config
        self.folder = folder
        self.database = database
        self.erp = erp
        self.channels = channels
        self.reader = reader
        self.clock = clock
        self.rings: dict[str, Callable[[], None]] = {}  # lane -> wakes it; set by the engine
        self.beats: dict[str, float] = {}  # lane -> monotonic seconds of its last round; set by the engine
        self.alive: Callable[[], bool] = lambda: True  # whether the rounds go on; set by the engine
        self._records = folder.records
        self._records_error: str | None = None
        self._records_lock = threading.Lock()

    @property
    def plant(self) -> Plant:
        """The plant as its folder describes it."""
        return self.folder.plant

    def world(self) -> World:
        """What an act may look at, now."""
        return World(self.plant, self.folder.rules, self._records, self.clock.now())

    def receive(self, message: Inbound) -> int | None:
        """Store a message durably and wake the desk; None for a repeat (R23). Only then may it be answered 2xx."""
        with self.database.write() as tx:
            stored = inbox.put(tx, message, self.clock.now())
        self.ring("inbox")
        return stored

    def ring(self, *lanes: str) -> None:
        """Wake lanes of the engine; without an engine nothing happens and the next round finds the rows."""
        for lane in lanes:
            wake = self.rings.get(lane)
            if wake is not None:
                wake()

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
        return changed

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
                "outbox_due": outbox.unsent_count(tx),
                "postings_due": postings.due_count(tx),
            }
        return waiting | {
            "alive": self.alive(),
            "records": self._records_error is None,
            "records_age_s": round(age.total_seconds()) if age else None,
            "erp": self.erp.name,
            "channels": sorted(self.channels),
        }

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


ERPS: Mapping[str, Callable[[Config, Path, Clock], Erp]] = {
    "plant_folder": lambda config, folder, clock: PlantFolderErp(
        folder, config.data / "erp", clock, confirm=config.plant_folder_confirm
    ),
}


def build(config: Config, *, clock: Clock | None = None, reader: Reader | None = None) -> App:
    """The program as the environment describes it; raises WrongConfiguration or the plant folder's problems."""
    if config.plant is None:
        raise WrongConfiguration("LINECALL_PLANT: no plant folder given; name one, or use --plant FOLDER")
    clock = clock or SystemClock()
    folder = read_plant_folder(config.plant)
    config.data.mkdir(parents=True, exist_ok=True)
    database = open_database(config.url)
    database.migrate()
    erp = ERPS[config.erp](config, config.plant, clock)
    records = replace(folder.records, as_of=folder.records.as_of or clock.now())
    app = App(
        config,
        replace(folder, records=records),
        database,
        erp,
        {"web": WebChannel()},
        reader or LocalReader(),
        clock,
    )
    app.refresh_records()
    return app
