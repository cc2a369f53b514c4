"""Who works here and what stands here changes without a restart: the next step finds the people of now (R29, R61).

What runs goes on as it began: its rules and its ladder are frozen, only who stands on each rung is looked up anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.people_in_force import note_people
from bot.reloading import refused, reload_rules
from integrations.plant_folder import PlantFolderProblems, Problem, file_marks, read_plant_file

if TYPE_CHECKING:
    from bot.app import App
    from workflow.plant import Plant

log = structlog.get_logger()


def reload_folder(app: App) -> int:
    """Look at `plant.yaml`, then at `rules.yaml`: what is new counts from now on. Returns 0: no round follows."""
    reload_plant(app)
    return reload_rules(app)


def reload_plant(app: App) -> None:
    """Take a changed `plant.yaml` into use as a whole, or nothing of it.

    A file with mistakes, one that the folder's rules do not fit, and another `id`, under which everything posted so far
    would be unknown, leave the plant as it was; that is told once, and stands on the page of the people.
    """
    folder = app.folder.folder
    try:
        mark = file_marks(folder)[0]
    except OSError:
        return  # the folder is away for a moment; the next look is soon
    if mark == app.plant_mark:
        return
    try:
        fresh = read_plant_file(folder, with_records=app.config.erp == "plant_folder")
        _same_plant(fresh, app.folder.plant)
    except PlantFolderProblems as error:
        app.plant_mark = mark
        app.plant_refused = refused("plant.refused", error, app.plant_refused)
        return
    app.plant_mark, app.plant_refused = mark, []
    app.take_plant(fresh)
    note_people(app)
    log.info("plant.taken", people=len(fresh.people), lines=len(fresh.lines))


def _same_plant(fresh: Plant, known: Plant) -> None:
    if fresh.id != known.id:
        right = f"'{known.id}', or a restart with a database of its own"
        raise PlantFolderProblems([Problem("plant.yaml", None, "id", f"is another plant now: '{fresh.id}'", right)])
