"""The checks that a language model's answer has to pass before any of it is believed.

A model never acts. Its answer may fill what the local reader left open, and only with what stands in the message: an id
that the plant knows and the sender wrote, a number that is in the text. Where one thing in it does not hold, nothing of
it is taken and the local reading stands: who invents an order invents a kind of trouble as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from nlp.decisions import read_decisions
from nlp.grounds import Grounds, What
from nlp.requests import read_eta, read_query, read_reassign, read_resolution, read_waiting
from nlp.second_opinion import Opinion, SaidException, SaidQuantity, SaidQuery
from nlp.sheet import Sheet
from nlp.units import plant_uom, unit_class
from workflow.reading import ExceptionType, Intent, Quantity, Query, Question, Reading, ReportedException

FROM_A_MODEL = 0.6  # confidence of what only a model says
AT_MOST = timedelta(days=14)  # from the message, for every time
AHEAD = timedelta(minutes=5)  # that a beginning may lie in the future, where the kind does not look ahead
_LOOKS_AHEAD: frozenset[ExceptionType] = frozenset({"labor_shortage", "order_change", "material_shortage"})
# An act that costs something needs the sender's own words for it, as the local reader finds them.
_OWN_WORDS: Mapping[Intent, tuple[str, ...]] = {
    "acknowledge": ("i.ack",),
    "resolve": ("i.resolve",),
    "cancel": ("i.cancel",),
    "reassign": ("i.reassign",),
    "disposition": (
        "d.release", "d.use_as_is", "d.rework", "d.scrap", "d.return_to_supplier", "d.keep_on_hold",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weighed:
    """The reading after a second opinion, and for the log which fields were taken, or which did not hold."""

    reading: Reading
    taken: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def weigh(opinion: Opinion, local: Reading, sheet: Sheet, how: str) -> Weighed:
    """The local reading with what a model may add to it; the local one itself where anything in it does not hold."""
    checks = _Checks(sheet, opinion)
    checks.all_named()
    if local.intent == "report":
        reading = checks.report(local) if opinion.intent == "report" else None
    elif opinion.intent == local.intent or opinion.intent not in _OWN_WORDS:
        reading = checks.other(local)
    else:
        own = _OWN_WORDS[opinion.intent]
        said = sheet.has(*own) and not any(h.cue.name.startswith(own) for h in sheet.negated)
        reading = checks.other(local) if said else None
        checks.refused += [] if said else [f"intent:{opinion.intent}"]
    if reading is None or checks.refused or not checks.taken:
        return Weighed(local, (), tuple(dict.fromkeys(checks.refused)))
    return Weighed(replace(reading, how=how), tuple(checks.taken))


class _Checks:
    """Takes an opinion field by field; what does not hold is named in `refused`."""

    def __init__(self, sheet: Sheet, opinion: Opinion) -> None:
        self.sheet = sheet
        self.context = sheet.context
        self.opinion = opinion
        self.grounds = Grounds(sheet)
        self.taken: list[str] = []
        self.refused: list[str] = []

    def all_named(self) -> None:
        """Every id of the opinion stands in the message, also one that nobody would take."""
        for said in self.opinion.exceptions:
            named: tuple[tuple[What, list[str]], ...] = (
                ("asset", said.assets), ("order", said.work_orders), ("item", said.items), ("lot", said.lots),
            )  # fmt: skip
            for what, ids in named:
                for id_ in ids:
                    self._holds(what, id_)

    # a report ------------------------------------------------------------------------------------------------------

    def report(self, local: Reading) -> Reading | None:
        """A report that the local reader was unsure of: filled, never thinned; how many there are stays its own."""
        said = self.opinion.exceptions
        if len(said) != len(local.exceptions):
            self.refused.append("exceptions")
            return None
        pairs = list(zip(local.exceptions, said, strict=True))
        found = tuple(self._merged(mine, theirs, local.ask) for mine, theirs in pairs)
        agreed = all(e.type == theirs.type for e, (_, theirs) in zip(found, pairs, strict=True))
        ask = self._still_asked(local.ask, found, agreed=agreed)
        if ask is None and local.ask is not None:
            self.taken.append(f"ask:{local.ask.asks}")
        urgent = local.urgent or any(e.type == "safety" or e.line_stopped for e in found)
        return replace(local, exceptions=found, ask=ask, urgent=urgent)

    def _merged(self, mine: ReportedException, said: SaidException, ask: Question | None) -> ReportedException:
        """One exception, its empty fields filled; what is being asked for is filled only from what was offered."""
        changed: dict[str, Any] = {}
        kind = mine.type
        if said.type not in (None, "other", mine.type) and self._may_be(said.type, mine, ask):
            kind = changed["type"] = said.type
        changed |= {} if mine.assets else self._linked("assets", "asset", said.assets, ask, mine.line)
        line = self._line(said, changed.get("assets", mine.assets)) if mine.line is None else mine.line
        changed |= {} if line == mine.line else {"line": line}
        changed |= {} if mine.work_orders else self._linked("work_orders", "order", said.work_orders, ask, line)
        changed |= {} if mine.items else self._linked("items", "item", said.items, ask)
        changed |= {} if mine.lots else self._linked("lots", "lot", said.lots, ask)
        if mine.quantity is None and said.quantity is not None:
            changed |= self._some("quantity", self._quantity(said.quantity, changed.get("items", mine.items)))
        if mine.started_at is None and said.started_at is not None:
            changed |= self._some("started_at", self._instant(said.started_at, kind))
        if mine.duration_min is None and said.duration_min is not None:
            changed |= self._some("duration_min", self._minutes(said.duration_min))
        if mine.line_stopped is None and said.line_stopped and ask is None:
            changed["line_stopped"] = True
        self.taken += changed
        confidence = {**mine.confidence, **dict.fromkeys(changed, FROM_A_MODEL)}
        return replace(mine, **changed, confidence=confidence)

    def _may_be(self, kind: ExceptionType, mine: ReportedException, ask: Question | None) -> bool:
        """Whether the kind may change: anyone may raise a danger, nobody lowers one; a hold is not talked away."""
        if mine.type == "safety" or (mine.type == "quality_hold" and mine.lots and kind != "safety"):
            return False
        return kind == "safety" or mine.type in (None, "other") or (ask is not None and ask.asks == "type")

    def _still_asked(
        self, ask: Question | None, found: tuple[ReportedException, ...], *, agreed: bool
    ) -> Question | None:
        """The local question, unless the message has answered it; one about an order, a lot or an amount stays."""
        if ask is None or any(e.type == "safety" for e in found):
            return None
        match ask.asks:
            case "type" | "confirm" if agreed and all(e.type not in (None, "other") for e in found):
                return None
            case "asset" if self._picked(ask, found, "assets"):
                return None
            case "item" if self._picked(ask, found, "items"):
                return None
            case "line" if all(e.line for e in found):
                return None
        return ask

    def _picked(self, ask: Question, found: tuple[ReportedException, ...], name: str) -> bool:
        """Whether exactly one of the things offered was chosen."""
        chosen = [i for e in found for i in getattr(e, name)]
        return name in self.taken and len(chosen) == 1 and chosen[0] in ask.options

    # everything else -----------------------------------------------------------------------------------------------

    def other(self, local: Reading) -> Reading | None:
        """Another intent than the local reader's: its fields are read from the words, the model only says which."""
        sheet, intent = self.sheet, self.opinion.intent
        in_thread = self.context.thread is not None
        changed = replace(local, intent=intent, ask=None, confidence={**local.confidence, "intent": FROM_A_MODEL})
        if intent != local.intent:
            self.taken.append("intent")
        match intent:
            case "report" if self.context.question is None and local.intent in ("chatter", "query"):
                return self._new_report(changed)
            case "update" | "acknowledge" if in_thread:
                eta = read_eta(sheet)
                if eta is None and self.opinion.eta_min is not None:
                    eta = self._some("eta_min", self._minutes(self.opinion.eta_min)).get("eta_min")
                    self.taken += ["eta_min"] if eta is not None else []
                return replace(changed, eta_min=eta, waiting_for=read_waiting(sheet), query=None)
            case "resolve" if in_thread:
                return replace(changed, resolution=read_resolution(sheet), query=None)
            case "cancel" if in_thread:
                return replace(changed, query=None)
            case "reassign" if in_thread and (to := read_reassign(sheet)) is not None:
                return replace(changed, reassign_to=to, query=None)
            case "disposition" if (parts := read_decisions(sheet)) and all(part.lot for part in parts):
                return replace(changed, disposition=parts, query=None)  # read back before it counts (R41)
            case "query" if self.opinion.query is not None:
                return replace(changed, query=self._query(self.opinion.query, local))
            case "answer" if (answer := self._answer()) is not None:
                return replace(changed, answer=answer, query=None)
        self.refused.append(f"intent:{intent}")
        return None

    def _new_report(self, reading: Reading) -> Reading | None:
        """Trouble where the local reader saw none: the sender is asked, nobody is sent for on a model's word alone."""
        found = tuple(
            e for e in (self._merged(ReportedException(), said, None) for said in self.opinion.exceptions)
            if e.type is not None and (e.assets or e.items or e.lots or e.work_orders or e.line)
        )  # fmt: skip
        if not found:
            self.refused.append("exceptions")
            return None
        found = tuple(replace(e, line_stopped=None) for e in found[:1])  # the question is about one
        ask = Question("confirm")
        if found[0].type == "safety":
            found = (replace(found[0], type="other"),)
            ask = Question("type", ("safety", "machine_breakdown", "quality_hold"))
        return replace(reading, exceptions=found, ask=ask, query=None, mentioned=None)

    def _query(self, said: SaidQuery, local: Reading) -> Query:
        """What the words ask for, else what the model takes them to; a question changes nothing."""
        own = local.query or read_query(self.sheet)
        line = said.line if said.line and self._holds("line", said.line) else None
        order = said.work_order if said.work_order and self._holds("order", said.work_order) else None
        read = Query(said.about, line, said.type, order)
        if own is not None:
            read = replace(own, about=said.about, line=own.line or line, work_order=own.work_order or order)
        if read != local.query:
            self.taken.append("query")
        return read

    def _answer(self) -> Any | None:
        """An answer to the question that is open, where the message holds it."""
        asked, said = self.context.question, (self.opinion.answer or "").strip()
        if asked is None or not said:
            return None
        match asked.asks:
            case "line":
                return said if self._holds("line", said) else None
            case "work_order":
                return said if self._holds("order", said) else None
            case "asset" | "item" | "lot":
                return said if self._holds(asked.asks, said) else None
            case "type":
                options: tuple[str, ...] = asked.options
                return said if said in options and said not in ("other", "safety") else None
        return None  # a number is read by the local reader or not at all, and a yes is a person's

    # fields --------------------------------------------------------------------------------------------------------

    def _holds(self, what: What, id_: str) -> bool:
        held = self.grounds.holds(what, id_)
        self.refused += [] if held else [what]
        return held

    def _linked(
        self, name: str, what: What, said: Iterable[str], ask: Question | None, line: str | None = None
    ) -> dict[str, Any]:
        """Ids that hold; of what the sender is being asked for, one that was offered, and never an order or a lot."""
        asked = ask is not None and ask.asks == ("work_order" if what == "order" else what)
        if asked and what in ("order", "lot"):
            return {}
        offered = ask.options if asked and ask is not None else None
        ids = dict.fromkeys(i for i in said if self._holds(what, i) and (offered is None or i in offered))
        here = tuple(i for i in ids if line is None or self._line_of(what, i) in (None, line))
        self.refused += [what] if len(here) < len(ids) else []
        return {name: here} if here else {}

    def _line_of(self, what: What, id_: str) -> str | None:
        if what == "asset":
            return self.context.plant.asset[id_].line
        return self.context.records.work_order[id_].line if what == "order" else None

    def _line(self, said: SaidException, assets: tuple[str, ...]) -> str | None:
        lines = {self.context.plant.asset[a].line for a in assets}
        if len(lines) == 1:
            return lines.pop()
        if said.line is None:
            return None
        return said.line if self._holds("line", said.line) else None

    def _some(self, name: str, value: Any) -> dict[str, Any]:
        self.refused += [name] if value is None else []
        return {} if value is None else {name: value}

    def _quantity(self, said: SaidQuantity, items: tuple[str, ...]) -> Quantity | None:
        uom = plant_uom(unit_class(said.uom), self.sheet.index, items)
        known = unit_class(uom) in {unit_class(known) for known in self.sheet.index.uoms.values()} | {"people"}
        return Quantity(said.value, uom) if known and said.value > 0 and self.grounds.number(said.value) else None

    def _minutes(self, said: float) -> float | None:
        """A span whose number stands in the text, in minutes or in hours."""
        if not 0 < said <= AT_MOST.total_seconds() / 60:
            return None
        return said if self.grounds.number(said) or self.grounds.number(said / 60) else None

    def _instant(self, said: str, kind: ExceptionType | None) -> datetime | None:
        """An instant within two weeks of the message, and of a time that the message tells."""
        if not self.sheet.moments and all(n.article for n in self.sheet.numbers):
            return None
        try:
            at = datetime.fromisoformat(said)
            at = (at if at.tzinfo else at.replace(tzinfo=self.context.plant.zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        ahead = AT_MOST if kind in _LOOKS_AHEAD else AHEAD
        return at if -AT_MOST <= at - self.context.now <= ahead else None
