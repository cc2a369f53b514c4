"""The invented plant of our own phrasings, and a reader that keeps its index from test to test."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from integrations.plant_folder import PlantFolder, read_plant_folder
from nlp.reader import LocalReader
from workflow.messages import Inbound
from workflow.reading import Asked, Context, Reading, ReportedException

PHRASINGS = Path(__file__).parents[2] / "fixtures" / "phrasings"
NORTHFIELD = PHRASINGS / "northfield" / "plant"
WEDNESDAY = datetime(2026, 11, 18, 9, 22, tzinfo=UTC)  # 10:22 at the plant


@cache
def folder() -> PlantFolder:
    return read_plant_folder(NORTHFIELD)


@cache
def reader() -> LocalReader:
    return LocalReader()


def read(
    text: str,
    sender: str = "ann.bell",
    *,
    at: datetime = WEDNESDAY,
    thread: ReportedException | None = None,
    question: Asked | None = None,
) -> Reading:
    plant = folder()
    context = Context(plant.plant.person[sender], plant.plant, plant.records, at, thread, question)
    return reader().read(Inbound("web", "m-1", sender, sender, at, text), context)
