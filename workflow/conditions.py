"""Conditions in `rules.yaml`: a typed expression over the facts of a case, checked when it is loaded, never `eval`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any

import rule_engine


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
            self._rule  # noqa: B018 - compiled now, so that a plant hears of it at load and not at night
        except rule_engine.errors.SymbolResolutionError as error:
            raise ConditionError(f"unknown fact '{error.symbol_name}'") from error
        except rule_engine.errors.EngineError as error:
            raise ConditionError(error.message) from error

    @cached_property
    def _rule(self) -> rule_engine.Rule:
        return rule_engine.Rule(self.text, context=_CONTEXT)

    def holds(self, facts: Facts) -> bool:
        """Whether the condition is true of these facts."""
        return bool(self._rule.matches(facts))


ALWAYS = Condition("true")
