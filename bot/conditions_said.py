"""A condition of the rules as its reader says it: "an order is hit and (the line stands or …)"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bot.wording import clean, texts
from workflow.clauses import Clause

if TYPE_CHECKING:
    from bot.wording import Voice
    from workflow.conditions import Condition


def in_words(condition: Condition, voice: Voice) -> str:
    """The condition in the reader's language; empty where it has no plain words (it calculates, or compares facts)."""
    clauses = condition.clauses
    return _said(clauses, voice) if clauses is not None else ""


def matched_in_words(facts: Mapping[str, Any], voice: Voice) -> str:
    """What a rule matched, for "why me?": "the line stands, hours until the order is due: 6" (R36)."""
    return ", ".join(
        _said(Clause("is", fact=name) if value is True else Clause("eq", fact=name, values=(value,)), voice)
        for name, value in facts.items()
    )


def _said(clause: Clause, voice: Voice) -> str:
    what = voice.say(f"fact.{clause.fact}")
    match clause.op:
        case "and" | "or":
            return _joined(clause.op, [_inside(part, clause.op, voice) for part in clause.parts], voice)
        case "not":
            return _denied(clause.parts[0], voice)
        case "is":
            return what
        case "in":
            values = [_value(clause.fact, value, voice) for value in clause.values]
            return voice.say("cond.eq", what=what, value=_joined("or", values, voice))
    counted = _counted(clause, voice)
    return counted or voice.say(f"cond.{clause.op}", what=what, value=_value(clause.fact, clause.values[0], voice))


def _joined(by: str, said: Sequence[str], voice: Voice) -> str:
    return f" {voice.say(f'cond.{by}')} ".join(said)


def _inside(part: Clause, of: str, voice: Voice) -> str:
    said = _said(part, voice)
    return f"({said})" if part.op in ("and", "or") and part.op != of else said


def _denied(part: Clause, voice: Voice) -> str:
    if part.op == "is":
        return voice.say(f"fact_not.{part.fact}")
    return voice.say("cond.not", part=_said(part, voice))


def _counted(clause: Clause, voice: Voice) -> str:
    """`orders > 0` is "an order is hit", `orders == 0` is "no order is hit"."""
    asked = (clause.op, clause.values[0])
    some, none = asked in (("gt", 0), ("ge", 1), ("ne", 0)), asked in (("eq", 0), ("lt", 1), ("le", 0))
    name = f"fact_any.{clause.fact}" if some else f"fact_none.{clause.fact}" if none else ""
    return voice.say(name) if name in texts("en") else ""


def _value(fact: str, value: Any, voice: Voice) -> str:
    if isinstance(value, int | float):
        return voice.number(value)
    match fact:
        case "line":
            return voice.line(value)
        case "type":
            return voice.say(f"type.{value}")
    return clean(value) or voice.say("cond.none")
