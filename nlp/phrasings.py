"""Reads our own phrasings into message cases; the short format is described in `fixtures/phrasings/README.md`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from nlp.cases import CasesError, MessageCase

DAY = date(2026, 11, 18)
_LISTS = ("assets", "work_orders", "items", "lots")
_EMPTY: dict[str, Any] = {
    "type": None, "line": None, "assets": [], "work_orders": [], "items": [], "lots": [], "quantity": None,
    "started_at": None, "duration_min": None, "line_stopped": None,
}  # fmt: skip


def read_phrasings(path: Path, zone: ZoneInfo) -> Iterator[MessageCase]:
    """The phrasings of a file; CasesError names the line that is none."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        columns = [column.strip() for column in line.split(" | ")]
        if len(columns) != 6:
            raise CasesError(f"{path}:{number}: wants six columns between ' | ', has {len(columns)}")
        lang, sender, clock, context, text, expect = columns
        at = datetime.combine(DAY, time.fromisoformat(clock), zone)
        try:
            yield MessageCase(
                f"{path.stem}-{number:04d}", lang, sender, at, text, "web", _context(context), _expect(expect, at)
            )
        except (ValueError, IndexError) as error:
            raise CasesError(f"{path}:{number}: {error}") from error


def _context(raw: str) -> dict[str, Any] | None:
    if raw == "-":
        return None
    kind, *words = raw.split()
    if kind == "thread":
        return {"kind": "thread", "exception": _exception(words, None)}
    return {"kind": "question", "asks": words[0], "exception": _exception(words[1:], None)}


def _expect(raw: str, at: datetime) -> dict[str, Any]:
    intent, _, rest = raw.partition(" ")
    out: dict[str, Any] = {"intent": intent, "exceptions": []}
    fields = dict(word.split("=", 1) for word in rest.split() if "=" in word)
    match intent:
        case "report":
            out["exceptions"] = [_exception(part.split(), at) for part in rest.split("&&")]
        case "acknowledge" | "update":
            out["eta_min"] = float(fields["eta"]) if "eta" in fields else None
        case "resolve":
            downtime = float(fields["downtime"]) if "downtime" in fields else None
            out["resolution"] = {"action": "", "downtime_min": downtime, "scrap": _quantity(fields.get("scrap"))}
        case "reassign":
            out["reassign_to"] = fields["to"]
        case "query":
            out["query"] = {
                "about": fields["about"], "line": fields.get("line"), "type": fields.get("type"),
                "work_order": fields.get("work_order"),
                "from": _instant(fields.get("from"), at), "to": _instant(fields.get("to"), at),
            }  # fmt: skip
        case "answer":
            out["answer"] = {"true": True, "false": False}.get(rest, _quantity(rest) if ":" in rest else rest)
        case "disposition":
            out["disposition"] = [_part(part.split()) for part in rest.split(";")]
        case _:
            pass
    return out


def _part(words: list[str]) -> dict[str, Any]:
    quantity = _quantity(words[2]) if len(words) > 2 else None
    return {"decision": words[0], "lot": None if words[1] == "-" else words[1], "quantity": quantity}


def _exception(words: list[str], at: datetime | None) -> dict[str, Any]:
    out = dict(_EMPTY)
    for word in words:
        if "=" not in word:
            out["type"] = word
            continue
        name, value = word.split("=", 1)
        if name in _LISTS:
            out[name] = value.split(",")
        elif name == "quantity":
            out["quantity"] = _quantity(value)
        elif name == "started" and at is not None:
            out["started_at"] = _instant(value, at)
        elif name == "duration":
            out["duration_min"] = float(value)
        elif name == "stopped":
            out["line_stopped"] = value == "yes"
        else:
            out[name] = value
    return out


def _quantity(raw: str | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    value, uom = raw.split(":")
    return {"value": float(value), "uom": uom}


def _instant(raw: str | None, at: datetime) -> str | None:
    if raw is None:
        return None
    if "T" in raw:
        return datetime.fromisoformat(raw).replace(tzinfo=at.tzinfo).isoformat()
    return datetime.combine(at.date(), time.fromisoformat(raw), at.tzinfo).isoformat()
