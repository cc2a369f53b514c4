"""Says what is wrong with a condition in `rules.yaml` in the words of the plant: facts, lines, tiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import rule_engine

from integrations.plant_folder.problems import nearest, one_of
from workflow.conditions import FACTS, ConditionError
from workflow.reading import EXCEPTION_TYPES

KINDS: Mapping[str, str] = {"str": "a text", "bool": "true or false", "int": "a number", "float": "a number"}


def explain_condition(text: str, error: ConditionError) -> tuple[str, str]:
    """What is wrong with an expression, and what would be right."""
    said = str(error)
    if said.startswith("unknown fact '"):
        name = said.removeprefix("unknown fact '").rstrip("'")
        meant = nearest(name, FACTS)
        return said, (f"'{meant}'; " if meant else "") + "the facts are " + ", ".join(FACTS)
    used = [f"{name} is {KINDS[kind]}" for name, kind in FACTS.items() if name in text]
    return f"the condition {text!r} cannot be used: {said}", "; ".join(used) or "line_stopped and hours_until_due < 24"


def unknown_ids(text: str, lines: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    """Texts that a fact is compared with and can never equal: `line == "L9"` in a plant without a line L9."""
    known: dict[str, Sequence[str] | None] = {
        "line": lines,
        "type": EXCEPTION_TYPES,
        "customer_tier": ("A", "B", "C", ""),
    }
    for fact, said in _compared(rule_engine.Rule(text).statement.expression):
        allowed = known.get(fact)
        if allowed is not None and said not in allowed:
            yield f"'{fact}' is never '{said}'", one_of(said, [word for word in allowed if word])


def _compared(node: object) -> Iterator[tuple[str, str]]:
    """(fact, text) for every `fact == "text"`, `fact != "text"` and `fact in ["text"]` of an expression."""
    left, right = getattr(node, "left", None), getattr(node, "right", None)
    member, container = getattr(node, "member", None), getattr(node, "container", None)
    if isinstance(left, rule_engine.ast.SymbolExpression) and isinstance(right, rule_engine.ast.StringExpression):
        yield left.name, right.value
    if isinstance(right, rule_engine.ast.SymbolExpression) and isinstance(left, rule_engine.ast.StringExpression):
        yield right.name, left.value
    if isinstance(member, rule_engine.ast.SymbolExpression):
        said = getattr(container, "value", None) or getattr(container, "members", ())
        yield from ((member.name, text) for entry in said if isinstance(text := getattr(entry, "value", entry), str))
    for inner in (left, right, getattr(node, "condition", None), getattr(node, "case_true", None)):
        if inner is not None:
            yield from _compared(inner)
    if isinstance(node, rule_engine.ast.UnaryExpression):
        yield from _compared(node.right)
