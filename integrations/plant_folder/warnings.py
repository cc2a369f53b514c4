"""What is allowed in a plant folder and yet will be missed at night: a function that nobody covers, a stray file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from integrations.plant_folder.problems import nearest
from integrations.plant_folder.reading import PlantFolder
from integrations.plant_folder.records_csv import CSV_FILES
from workflow.plant import Person, Plant
from workflow.rules import Rules

KNOWN_FILES = ("plant.yaml", "rules.yaml", *CSV_FILES)


@dataclass(frozen=True, slots=True)
class Warned:
    """Something to think about; the folder is used all the same."""

    file: str
    what: str
    consider: str


def warnings_of(found: PlantFolder) -> tuple[Warned, ...]:
    """Everything in a valid folder that a plant should know before the first night."""
    return (
        *_uncovered(found.plant, found.rules),
        *_languages(found.plant),
        *_unreachable(found.plant),
        *_shared_names(found.plant),
        *_no_records(found),
        *_no_cost(found),
        *_stray_files(found),
    )


def roles_needed(rules: Rules) -> Mapping[str, str]:
    """Each function that the rules ask or tell, with one rule that names it."""
    needed: dict[str, str] = {}
    for type_rules in rules.types.values():
        for concern in type_rules.concerns:
            needed.setdefault(concern.role, concern.name)
            for _, deadlines in concern.deadlines:
                for step in deadlines.ladder:
                    for role in step.tell:
                        needed.setdefault(role, f"the ladder of {concern.name}")
    for role in rules.triage:
        needed.setdefault(role, "triage")
    for kind, role in rules.failed_posting.items():
        needed.setdefault(role, f"failed postings of {kind}")
    for kind, approval in rules.approvals.items():
        for role in approval.roles[:1]:
            needed.setdefault(role, f"approval of {kind}")
    return needed


def _uncovered(plant: Plant, rules: Rules) -> Iterator[Warned]:
    shifts = [shift.id for shift in plant.shifts]
    for role, rule in roles_needed(rules).items():
        people = [person for person in plant.people if role in person.roles]
        if not people:
            what = f"nobody has the role {role}, which the rules ask ({rule})"
            yield Warned(
                "plant.yaml", what, f"give somebody the role {role}; until then the next step up is told at once"
            )
            continue
        for shift in shifts:
            there = [person for person in people if person.always_reachable or shift in _worked_by(person)]
            lines = [line.id for line in plant.lines if not _covers(there, line.id)]
            if lines:
                where = "" if len(lines) == len(plant.lines) else f" for {', '.join(lines)}"
                what = f"no {role} on shift {shift}{where} ({rule})"
                yield Warned("plant.yaml", what, "somebody for that shift; until then the next step up is told at once")


def _worked_by(person: Person) -> set[str | None]:
    return {*person.shifts, *(person.rotation.pattern if person.rotation is not None else ())}


def _covers(people: list[Person], line: str) -> bool:
    return any(not person.lines or line in person.lines for person in people)


def _languages(plant: Plant) -> Iterator[Warned]:
    for person in plant.people:
        if person.language not in plant.languages:
            known = ", ".join(plant.languages)
            yield Warned(
                "plant.yaml", f"{person.id} speaks {person.language}, the plant {known}", "add it to languages"
            )


def _unreachable(plant: Plant) -> Iterator[Warned]:
    without = [person.id for person in plant.people if not set(person.contacts) - {"web"}]
    if without and len(without) < len(plant.people):
        names = ", ".join(without[:6]) + (" …" if len(without) > 6 else "")
        yield Warned(
            "plant.yaml", f"no contacts: {names}", "an address; until then only the built-in chat page reaches them"
        )


def _shared_names(plant: Plant) -> Iterator[Warned]:
    """ "The filler" of a line that has two is asked about each time (R13)."""
    for line in plant.lines:
        called: dict[str, str] = {}
        for asset in line.assets:
            for name in {asset.name.casefold(), *(alias.casefold() for alias in asset.aliases)}:
                other = called.setdefault(name, asset.id)
                if other != asset.id:
                    what = f"{other} and {asset.id} of {line.id} are both called '{name}'"
                    yield Warned("plant.yaml", what, "a name for each; until then it is asked which one is meant")


def _no_records(found: PlantFolder) -> Iterator[Warned]:
    """Right with a live ERP; otherwise nothing that people name can be linked."""
    absent = [file for file in CSV_FILES if not (found.folder / file).exists()]
    if len(absent) == len(CSV_FILES) and not found.records.items:
        what = "is not there, nor any other file with ERP's records"
        yield Warned(CSV_FILES[0], what, "the CSV files, unless a live ERP is connected")


def _no_cost(found: PlantFolder) -> Iterator[Warned]:
    """What nobody knows the worth of is always decided by whoever may decide on more (R40)."""
    limited = [name for name, authority in found.rules.decisions.items() if authority.worth is not None]
    made = {lot.item for lot in found.records.lots}
    without = [item.id for item in found.records.items if item.cost is None and item.id in made]
    if limited and without:
        names = ", ".join(without[:6]) + (" …" if len(without) > 6 else "")
        what = f"no cost of {names}, and the rules limit {', '.join(limited)} by worth"
        yield Warned("items.csv", what, "a cost; until then those of `above` decide on every lot of them")


def _stray_files(found: PlantFolder) -> Iterator[Warned]:
    """A misspelled file name would leave its records out without a word."""
    for file in sorted(found.folder.iterdir()):
        if file.is_file() and file.suffix in (".csv", ".yaml", ".yml") and file.name not in KNOWN_FILES:
            meant = nearest(file.stem, [name.rsplit(".", 1)[0] for name in KNOWN_FILES])
            right = next((name for name in KNOWN_FILES if meant and name.startswith(meant)), None)
            consider = f"{right}, if that was meant" if right else "another folder for it"
            yield Warned(file.name, "is not read: no file of a plant folder", consider)
