"""Conditions in `rules.yaml`: a typed expression over the facts of a case, checked when it is loaded, never `eval`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any

import rule_engine

from workflow.clauses import Clause, clause_of


@dataclass(frozen=True, slots=True)
class Facts:
    """What a condition may ask about; every name and its meaning is documented in `docs/rules-yaml.md`."""

    type: str = "other"
    line: str = ""
    line_stopped: bool = False
    said_running: bool = False  # the reporter said that it still runs
    minutes_down: float = 0.0  # since the event began
    recurrent: bool = False
    orders: int = 0  # work orders hit
    order_priority: float = 9.0  # most urgent of them; 1 is most urgent
    hours_until_due: float = 9999.0  # of the earliest of them
    staged: bool = False  # material already stands at the line
    customer_orders: int = 0  # sales orders behind them
    customer_tier: str = ""  # best tier behind them: "A", "B", "C" or ""
    customer_due_hours: float = 9999.0  # until the earliest of those sales orders
    lots: int = 0
    lots_shipped: int = 0  # of these lots, or of lots of the same order, that have left
    allergens: bool = False  # an item that is hit carries allergens
    quantity: float = 0.0
    has_asset: bool = False
    orders_short: int = 0  # of the orders hit, those for which a material does not last
    lots_made: int = 0  # lots that were made of these
    slack_hours: float = 9999.0  # for so long the most pressing order can still stand and be done by its due date
    customer_slack_hours: float = 9999.0  # the same by the date of the customer behind it
    product_change: bool = False  # an order that is to run makes something else than the line did last
    tooling_change: bool = False  # and it takes other tooling, which nobody has said is on
    line_cleared: bool = False  # somebody has said that the line is cleared and set up for this order
    allergens_left: bool = False  # what ran last carries allergens that this must not have, and quality cleared nothing
    skill_missing: bool = False  # nobody on shift has the skills that the line takes
    material_held: bool = False  # all there is of one of its components is on hold

    def matched(self) -> dict[str, Any]:
        """The facts that say something, for the log and for "why me?" (R36)."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}


_TYPES = {
    "str": rule_engine.DataType.STRING,
    "bool": rule_engine.DataType.BOOLEAN,
    "int": rule_engine.DataType.FLOAT,
    "float": rule_engine.DataType.FLOAT,
}
FACTS: Mapping[str, str] = MappingProxyType({f.name: str(f.type) for f in fields(Facts)})
_KINDS = {"str": "a text", "bool": "true or false", "int": "a number", "float": "a number"}
_CONTEXT = rule_engine.Context(
    type_resolver=rule_engine.type_resolver_from_dict({name: _TYPES[kind] for name, kind in FACTS.items()}),
    resolver=rule_engine.resolve_attribute,
)


class ConditionError(ValueError):
    """A condition that cannot be used: unknown fact, wrong type, or not an expression; the message says which."""


@dataclass(frozen=True)
class Condition:
    """One expression such as `line_stopped and hours_until_due < 24`; raises ConditionError when it is built wrong."""

    text: str = "true"

    def __post_init__(self) -> None:
        try:
            expression = self._rule.statement.expression  # compiled now: a plant hears of it at load, not at night
        except rule_engine.errors.SymbolResolutionError as error:
            raise ConditionError(f"unknown fact '{error.symbol_name}'") from error
        except rule_engine.errors.EngineError as error:
            raise ConditionError(error.message) from error
        except (ArithmeticError, RecursionError, ValueError) as error:
            raise ConditionError("too large to work out") from error
        for node in _nodes(expression):
            _check(node)
        _check_boolean(expression)

    @cached_property
    def _rule(self) -> rule_engine.Rule:
        return rule_engine.Rule(self.text, context=_CONTEXT)

    def holds(self, facts: Facts) -> bool:
        """Whether the condition is true of these facts."""
        return bool(self._rule.matches(facts))

    @property
    def clauses(self) -> Clause | None:
        """The condition taken apart, to be said in words; None where it has no plain ones."""
        return clause_of(self._rule.statement.expression)

    @cached_property
    def asks(self) -> frozenset[str]:
        """The facts that it looks at."""
        found = _nodes(self._rule.statement.expression)
        return frozenset(node.name for node in found if _kind(node) == "Symbol")

    @property
    def compared(self) -> tuple[tuple[str, str], ...]:
        """Every fact that is compared with a text: ("line", "L2") for `line == "L2"` and `line in ["L2"]`."""
        return tuple(
            (fact.name, text.value)
            for node in _nodes(self._rule.statement.expression)
            for fact, literal in _sides(node)
            if _kind(fact) == "Symbol"
            for text in (literal.value if _kind(literal) == "Array" else [literal])
            if _kind(text) == "String"
        )


# Nothing else of the language is let in: division could fail at night, patterns and functions could take for ever.
_VALUES = ("Symbol", "String", "Float", "Boolean", "Array")
_ALLOWED = frozenset((*_VALUES, "Comparison", "ArithmeticComparison", "Logic", "Unary", "Contains", "Add", "Subtract"))


def _kind(node: Any) -> str:
    return type(node).__name__.removesuffix("Expression")


def _nodes(node: Any) -> Iterator[Any]:
    """An expression and everything in it."""
    yield node
    inner = [getattr(node, side, None) for side in ("left", "right", "container", "member")]
    entries = node.value if _kind(node) == "Array" else ()
    for child in (*inner, *entries):
        if child is not None:
            yield from _nodes(child)


def _sides(node: Any) -> Iterator[tuple[Any, Any]]:
    """What an expression compares, both ways round."""
    match _kind(node):
        case "Contains":
            yield node.member, node.container
        case "Comparison" | "ArithmeticComparison":
            yield node.left, node.right
            yield node.right, node.left


def _check(node: Any) -> None:
    if _kind(node) not in _ALLOWED and getattr(node, "type", "") != "mul":
        said = getattr(node, "type", _kind(node).lower())
        raise ConditionError(f"'{said}' is not allowed; use and, or, not, in, ==, !=, <, <=, >, >=")
    if _kind(node) == "Logic":
        _check_boolean(node.left)
        _check_boolean(node.right)
    if _kind(node) == "Unary" and node.type == "not":
        _check_boolean(node.right)
    for fact, other in _sides(node):
        # The library takes `line == 3` for false without a word; here it is a mistake.
        others = other.value if _kind(other) == "Array" else [other]
        for literal in others:
            if _kind(fact) == "Symbol" and fact.result_type != literal.result_type:
                raise ConditionError(f"'{fact.name}' is {_KINDS[FACTS[fact.name]]} and is compared with something else")


def _check_boolean(node: Any) -> None:
    if node.result_type != rule_engine.DataType.BOOLEAN:
        name = f"'{node.name}' is {_KINDS[FACTS[node.name]]}" if _kind(node) == "Symbol" else "a part"
        raise ConditionError(f"{name}, where something true or false is needed; compare it, as in orders > 0")


ALWAYS = Condition("true")
