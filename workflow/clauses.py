"""A condition of the rules taken apart, for whoever has to say it in words; what counts is the condition itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Op = Literal["and", "or", "not", "is", "eq", "ne", "lt", "le", "gt", "ge", "in"]
_TURNED: dict[str, Op] = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


@dataclass(frozen=True, slots=True)
class Clause:
    """`and`, `or` and `not` have parts; `is` is a fact that is true; the others compare a fact with values."""

    op: Op
    parts: tuple[Clause, ...] = ()
    fact: str = ""
    values: tuple[str | float | bool, ...] = ()


def clause_of(node: Any) -> Clause | None:
    """The clauses of a compiled expression; None where it calculates or compares two facts: that has no plain words."""
    match type(node).__name__.removesuffix("Expression"):
        case "Symbol":
            return Clause("is", fact=node.name)
        case "Logic":
            return _all_of(node.type, _flat(node, node.type))
        case "Unary" if node.type == "not":
            return _all_of("not", [node.right])
        case "Contains" if _is_fact(node.member) and (values := _values(node.container)) is not None:
            return Clause("in", fact=node.member.name, values=values)
        case "Comparison" | "ArithmeticComparison":
            return _compared(node)
    return None


def _compared(node: Any) -> Clause | None:
    op: Op = node.type
    fact, literal = node.left, node.right
    if not _is_fact(fact):
        fact, literal, op = literal, fact, _TURNED[op]
    values = _values(literal)
    if not _is_fact(fact) or values is None or len(values) != 1:
        return None
    if isinstance(values[0], bool):  # `line_stopped == true`
        flag = Clause("is", fact=fact.name)
        return flag if values[0] is (op == "eq") else Clause("not", (flag,))
    return Clause(op, fact=fact.name, values=values)


def _all_of(op: Op, nodes: list[Any]) -> Clause | None:
    parts = [clause_of(node) for node in nodes]
    return None if None in parts else Clause(op, tuple(part for part in parts if part is not None))


def _flat(node: Any, op: str) -> list[Any]:
    """`a and b and c` side by side: the library nests two and two."""
    same = type(node).__name__ == "LogicExpression" and node.type == op
    return [*_flat(node.left, op), *_flat(node.right, op)] if same else [node]


def _is_fact(node: Any) -> bool:
    return type(node).__name__ == "SymbolExpression"


def _values(node: Any) -> tuple[str | float | bool, ...] | None:
    kind = type(node).__name__.removesuffix("Expression")
    entries = node.value if kind == "Array" else [node]
    known = all(type(one).__name__.removesuffix("Expression") in ("String", "Float", "Boolean") for one in entries)
    if not known or kind not in ("Array", "String", "Float", "Boolean"):
        return None
    return tuple(one.value if isinstance(one.value, str | bool) else float(one.value) for one in entries)
