"""Says what is wrong with a condition in `rules.yaml` in the words of the plant: facts, lines, tiers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from integrations.plant_folder.problems import nearest, one_of
from workflow.conditions import FACTS, Condition, ConditionError
from workflow.reading import EXCEPTION_TYPES

KINDS: Mapping[str, str] = {"str": "a text", "bool": "true or false", "int": "a number", "float": "a number"}
EXAMPLE = "line_stopped and hours_until_due < 24"


def explain_condition(text: str, error: ConditionError) -> tuple[str, str]:
    """What is wrong with an expression, and what would be right."""
    said = str(error)
    if said.startswith("unknown fact '"):
        name = said.removeprefix("unknown fact '").rstrip("'")
        meant = nearest(name, FACTS)
        return said, (f"'{meant}'; " if meant else "") + "the facts are " + ", ".join(FACTS)
    words = set(re.findall(r"\w+", text))
    used = [f"{name} is {KINDS[kind]}" for name, kind in FACTS.items() if name in words]
    return f"{text!r} is no condition: {said}", "; ".join(used) or f"an expression such as {EXAMPLE}"


def unknown_ids(condition: Condition, lines: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    """Texts that a fact is compared with and can never equal: `line == "L9"` in a plant without a line L9."""
    tiers = ("A", "B", "C")
    known: dict[str, Sequence[str] | None] = {"line": lines, "type": EXCEPTION_TYPES, "customer_tier": tiers}
    for fact, said in condition.compared:
        allowed = known.get(fact)
        if allowed is not None and said and said not in allowed:
            yield f"'{fact}' is never '{said}'", one_of(said, allowed)
