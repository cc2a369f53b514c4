"""What a day's work without all this would give: lists of words, exact ids and names. Only to compare with, never used.

`linecall eval --baseline` scores it on the same cases, so that a score of the reader stands beside something.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, cast

from nlp.our_yaml import our_yaml
from workflow.messages import Inbound
from workflow.plant import Plant
from workflow.reading import (
    About,
    Context,
    Decision,
    Disposition,
    ExceptionType,
    Intent,
    Quantity,
    Query,
    Reading,
    ReportedException,
)
from workflow.records import Records

_WORD = re.compile(r"[^\W_]+(?:[-/.'’][^\W_]+)*")
_LONGEST = 5  # words of a name
_PLANTS_KEPT = 4
_IN_A_THREAD: tuple[Intent, ...] = ("cancel", "resolve", "reassign", "acknowledge", "update", "query")
_FRESH: tuple[Intent, ...] = ("cancel", "query")
Links = Mapping[str, list[str]]


class KeywordReader:
    """Reads by lists of words: the most frequent kind wins, and only what is spelled as the plant spells it is linked.

    Implements `workflow.ports.Reader`. It never asks back.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Plant, Records, dict[str, tuple[str, str]]]] = {}

    def read(self, message: Inbound, context: Context) -> Reading:
        """What the words of the lists say of a message."""
        text = _folded(message.text)
        links = self._links(text, context)
        if context.question is not None and (answer := _answer(text, links)) is not None:
            return Reading("answer", answer=answer, how="keywords")
        held = context.thread.lots if context.thread is not None else ()
        decisions = _decisions(text, links["lot"] or held)
        if decisions and "quality" in context.sender.roles:
            return Reading("disposition", disposition=decisions, how="keywords")
        intents = _IN_A_THREAD if context.thread is not None else _FRESH
        words = _lists()["intents"]
        found = next((name for name in intents if words[name].search(text)), None)
        if found == "query" and "?" not in text:
            found = None
        kinds = {name: len(pattern.findall(text)) for name, pattern in _lists()["kinds"].items()}
        kind = "safety" if kinds["safety"] else max(kinds, key=lambda name: kinds[name])
        if found is None and context.thread is None and not kinds[kind] and links["asset"] and "?" not in text:
            kind, kinds["machine_breakdown"] = "machine_breakdown", 1
        if found is None and kinds[kind] and context.thread is None:
            return Reading("report", (_exception(text, cast("ExceptionType", kind), links, context),), how="keywords")
        if found is None and context.thread is not None:
            found = "update"
        match found:
            case "acknowledge" | "update":
                return Reading(cast("Intent", found), eta_min=_minutes(text), how="keywords")
            case "query":
                about = next((name for name, words in _lists()["questions"].items() if words.search(text)), "open")
                line, order = _only(links["line"]), _only(links["order"])
                return Reading("query", query=Query(cast("About", about), line, None, order), how="keywords")
            case None:
                return Reading("chatter", how="keywords")
            case _:
                return Reading(cast("Intent", found), how="keywords")

    def _links(self, text: str, context: Context) -> Links:
        names = self._names(context.plant, context.records)
        words = _WORD.findall(text)
        found: dict[str, list[str]] = {what: [] for what in ("line", "asset", "item", "lot", "order")}
        at = 0
        while at < len(words):
            for length in range(min(_LONGEST, len(words) - at), 0, -1):
                hit = names.get(" ".join(words[at : at + length]))
                if hit is not None:
                    what, id_ = hit
                    if id_ not in found[what]:
                        found[what].append(id_)
                    at += length - 1
                    break
            at += 1
        return found

    def _names(self, plant: Plant, records: Records) -> dict[str, tuple[str, str]]:
        key = (id(plant), id(records))
        known = self._known.get(key)
        if known is None or known[0] is not plant or known[1] is not records:
            names = {" ".join(_WORD.findall(_folded(name))): (what, id_) for what, id_, name in _called(plant, records)}
            names.pop("", None)
            known = self._known[key] = (plant, records, names)
            while len(self._known) > _PLANTS_KEPT:
                self._known.pop(next(iter(self._known)))
        return known[2]


def _called(plant: Plant, records: Records) -> Iterator[tuple[str, str, str]]:
    for item in records.items:
        yield from (("item", item.id, name) for name in (item.description, *item.aliases, item.id))
    for lot in records.lots:
        yield "lot", lot.id, lot.id
    for order in records.work_orders:
        yield from (("order", order.id, name) for name in (re.sub(r"\D", "", order.id), order.id))
    for line in plant.lines:
        for asset in line.assets:
            yield from (("asset", asset.id, name) for name in (asset.name, *asset.aliases, asset.id))
        yield from (("line", line.id, name) for name in (line.name, *line.aliases, line.id))


@cache
def _lists() -> dict[str, Any]:
    raw = our_yaml((files("nlp") / "baseline.yaml").read_text("utf-8"))
    lists: dict[str, Any] = {
        name: _pattern(words) if isinstance(words, str) else {key: _pattern(listed) for key, listed in words.items()}
        for name, words in raw.items()
    }
    lists["since"] = re.compile(rf"(?<!\w)(?:{_spelled(raw['since'])}) (\d{{1,2}})[:.h](\d{{2}})(?!\d)")
    for unit in ("minutes", "hours"):
        lists[unit] = re.compile(rf"(?<![\w.,:-])(\d{{1,4}}) ?(?:{_spelled(raw[unit])})(?!\w)")
    return lists


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_spelled(words)})(?!\w)")


def _spelled(words: str) -> str:
    listed = (_folded(word) for word in words.split(";"))
    return "|".join(re.escape(word).replace(r"\*", r"\w*") for word in listed if word)


def _folded(text: str) -> str:
    """Lower case, without accents and line ends."""
    parts = unicodedata.normalize("NFKD", text.lower().replace("ł", "l"))
    return " ".join("".join(c for c in parts if not unicodedata.combining(c)).split())


def _only(ids: list[str]) -> str | None:
    return ids[0] if len(ids) == 1 else None


def _exception(text: str, kind: ExceptionType, links: Links, context: Context) -> ReportedException:
    line = _only(links["line"])
    if line is None and links["asset"]:
        line = context.plant.asset[links["asset"][0]].line
    if line is None and links["order"]:
        line = context.records.work_order[links["order"][0]].line or None
    if line is None and len(context.sender.lines) == 1:
        line = context.sender.lines[0]
    started = _started(text, context)
    lists = _lists()
    stopped = True if lists["stopped"].search(text) else False if lists["running"].search(text) else None
    return ReportedException(
        kind, line, tuple(links["asset"]), tuple(links["order"]), tuple(links["item"]), tuple(links["lot"]),
        quantity=_quantity(text, context.records), started_at=started,
        duration_min=None if started else _minutes(text), line_stopped=stopped,
    )  # fmt: skip


def _started(text: str, context: Context) -> datetime | None:
    found = _lists()["since"].search(text)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    local = context.plant.local(context.now)
    at = local.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
    return at - timedelta(days=1) if at > local else at


def _minutes(text: str) -> float | None:
    for unit, minutes in (("minutes", 1.0), ("hours", 60.0)):
        if found := _lists()[unit].search(text):
            return minutes * float(found[1])
    return None


def _quantity(text: str, records: Records) -> Quantity | None:
    for found in re.finditer(r"(?<![\w.,-])(\d{1,7}) ?([^\W\d_]+)", text):
        if found[2] in _units(records):
            return Quantity(float(found[1]), found[2])
    return None


_UNITS = frozenset({
    "kg", "g", "t", "l", "m", "pcs", "pc", "ea", "pieces", "piezas", "pecas", "stuck", "sztuk", "szt", "cs", "cases",
    "cajas", "caixas", "kisten", "kartonow", "boxes", "pallets", "tarimas", "paletes", "paletten", "palet", "rolls",
    "rollos", "rolos", "rollen", "rolek", "people", "personas", "pessoas", "leute", "osob",
})  # fmt: skip


def _units(records: Records) -> frozenset[str]:
    return _UNITS | {item.uom.lower() for item in records.items[:200]}


def _decisions(text: str, lots: Sequence[str]) -> tuple[Disposition, ...]:
    lists = _lists()
    found = next((name for name, words in lists["decisions"].items() if words.search(text)), None)
    if found is None:
        return ()
    if found in ("release", "use_as_is") and lists["negation"].search(text):
        found = "keep_on_hold"
    return tuple(Disposition(cast("Decision", found), lot) for lot in lots)


def _answer(text: str, links: Links) -> Any:
    named = [id_ for ids in links.values() for id_ in ids]
    if len(text.split()) > 6:
        return None
    if len(named) == 1:
        return named[0]
    if number := re.search(r"(?<![\w.,-])(\d{1,7}) ?([^\W\d_]+)", text):
        return Quantity(float(number[1]), number[2])
    lists = _lists()
    if lists["yes_words"].match(text):
        return True
    if lists["no_words"].match(text):
        return False
    return next((name for name, words in lists["kinds"].items() if words.search(text)), None)
