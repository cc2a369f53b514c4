"""Which kind of exception the words speak for, and whether a message tells of one or of several (R7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nlp.pattern import Hit
from nlp.sheet import Sheet
from workflow.reading import EXCEPTION_TYPES, ExceptionType

CUE_OF: Mapping[str, ExceptionType] = {
    "breakdown": "machine_breakdown",
    "quality": "quality_hold",
    "shortage": "material_shortage",
    "changeover": "changeover_overrun",
    "order": "order_change",
    "labor": "labor_shortage",
    "inventory": "inventory_discrepancy",
    "safety": "safety",
    "other": "other",
    "foreign_body": "quality_hold",
}
SURE, PLAIN, WEAK = 5.0, 3.0, 1.0
# Where two kinds are equally likely, the one that costs more to miss.
_PRECEDENCE: Sequence[ExceptionType] = (
    "safety", "order_change", "changeover_overrun", "inventory_discrepancy", "quality_hold", "labor_shortage",
    "material_shortage", "machine_breakdown", "other",
)  # fmt: skip
_ROLE_PRIOR: Mapping[str, Mapping[ExceptionType, float]] = {
    "quality": {"quality_hold": 1.5},
    "planner": {"order_change": 1.5},
    "customer_service": {"order_change": 2.0},
    "maintenance": {"machine_breakdown": 1.0},
    "safety": {"safety": 2.0},
    "materials": {"material_shortage": 0.7, "inventory_discrepancy": 0.7},
}
# Kinds that are told together as one thing more often than as two.
_CAUSE_AND_EFFECT: frozenset[frozenset[ExceptionType]] = frozenset(
    frozenset(pair)
    for pair in (
        ("machine_breakdown", "quality_hold"), ("safety", "machine_breakdown"), ("safety", "quality_hold"),
        ("safety", "labor_shortage"), ("changeover_overrun", "machine_breakdown"),
        ("changeover_overrun", "quality_hold"),
        ("changeover_overrun", "labor_shortage"), ("changeover_overrun", "material_shortage"),
        ("order_change", "material_shortage"), ("order_change", "quality_hold"), ("order_change", "changeover_overrun"),
        ("order_change", "labor_shortage"), ("order_change", "machine_breakdown"),
        ("order_change", "inventory_discrepancy"),
        ("inventory_discrepancy", "material_shortage"), ("inventory_discrepancy", "quality_hold"),
        ("quality_hold", "material_shortage"), ("other", "machine_breakdown"), ("other", "material_shortage"),
        ("other", "quality_hold"), ("other", "labor_shortage"), ("other", "inventory_discrepancy"), ("other", "safety"),
        ("other", "changeover_overrun"), ("other", "order_change"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the message that tells of one exception."""

    type: ExceptionType | None
    ranges: tuple[tuple[int, int], ...]  # tokens
    votes: Mapping[ExceptionType, float] = field(default_factory=dict)
    likely: Mapping[ExceptionType, float] = field(default_factory=dict)  # 0 to 1, where votes were learnt

    def holds(self, token: int) -> bool:
        """Whether a token belongs to this exception."""
        return any(start <= token < end for start, end in self.ranges)

    @property
    def confidence(self) -> float:
        """How sure the type is: as learnt, else from the strength of its votes and their lead over the next."""
        if self.likely and self.type is not None:
            return self.likely[self.type]
        ranked = sorted(self.votes.values(), reverse=True)
        if not ranked or ranked[0] <= 0:
            return 0.0
        second = ranked[1] if len(ranked) > 1 else 0.0
        return min(0.99, 0.45 + 0.08 * ranked[0] + 0.08 * (ranked[0] - second))


def votes(
    sheet: Sheet, ranges: Sequence[tuple[int, int]], skip: Sequence[tuple[int, int]] = ()
) -> dict[ExceptionType, float]:
    """What the cues in some ranges of tokens say for each kind; overlapping cues of a kind count once."""
    if (speaking := sheet.kept.get("kinds")) is None:
        found = [(kind, [(h.start, h.end, _weight(h)) for h in sheet.hits(prefix)]) for prefix, kind in CUE_OF.items()]
        speaking = [(kind, sorted(said, key=lambda one: -one[2])) for kind, said in found if said]
        sheet.kept["kinds"] = speaking
    asked = ("votes", tuple(ranges), tuple(skip))
    known: dict[ExceptionType, float] | None = sheet.kept.get(asked)
    if known is None:
        known = sheet.kept[asked] = {}
        for kind, said in speaking:
            if total := sum(_strongest(said, ranges, skip)):
                known[kind] = known.get(kind, 0.0) + total
    return {**known}


def _strongest(
    every: Sequence[tuple[int, int, float]], ranges: Sequence[tuple[int, int]], skip: Sequence[tuple[int, int]]
) -> Iterator[float]:
    """What those cues count (tokens, weight) that stand in the ranges and do not overlap."""
    kept: list[tuple[int, int]] = []
    counts: dict[float, int] = {}
    for start, end, weight in every:
        if not any(a <= start and end <= b for a, b in ranges) or any(a <= start < b for a, b in skip):
            continue
        if any(start < b and end > a for a, b in kept):
            continue
        counts[weight] = counts.get(weight, 0) + 1
        kept.append((start, end))
        yield weight * (1.0, 0.5, 0.3, 0.0)[min(3, counts[weight] - 1)]  # more of a strength add less, a fourth nothing


def _weight(hit: Hit) -> float:
    name = hit.cue.name
    return SURE if name.endswith(".sure") else WEAK if name.endswith(".weak") else PLAIN


def with_context(
    sheet: Sheet, found: Mapping[ExceptionType, float], ranges: Sequence[tuple[int, int]]
) -> dict[ExceptionType, float]:
    """Votes plus what the mentions beside them and the sender's function make likelier; never out of nothing."""
    out = dict(found)

    def lift(kind: ExceptionType, by: float) -> None:
        if out.get(kind, 0.0) > 0:
            out[kind] += by

    def named(what: str) -> bool:
        found = sheet.of(what)
        return bool(found) and any(a <= m.start < b and not m.fine for m in found for a, b in ranges)

    if named("asset"):
        lift("machine_breakdown", 2.0)
    if named("lot"):
        lift("quality_hold", 1.5)
        lift("inventory_discrepancy", 1.0)
        if not named("asset"):
            out["quality_hold"] = out.get("quality_hold", 0.0) + 1.0
    if named("item"):
        lift("material_shortage", 1.0)
        lift("inventory_discrepancy", 0.5)
        lift("order_change", 0.5)
        lift("quality_hold", 0.3)
    if named("customer") or named("sales_order"):
        lift("order_change", 2.5)
    if named("order"):
        lift("order_change", 1.0)
    if sheet.group("system") and out.get("inventory_discrepancy", 0.0) >= PLAIN:
        lift("inventory_discrepancy", 3.0)
    roles = sheet.context.sender.roles
    plans = "planner" in roles or "customer_service" in roles
    if plans and (named("order") or named("customer")) and not any(token.norm == "?" for token in sheet.tokens):
        out["order_change"] = out.get("order_change", 0.0) + 2.0
    for role in roles:
        for kind, by in _ROLE_PRIOR.get(role, {}).items():
            lift(kind, by)
    return out


def related(one: ExceptionType, other: ExceptionType) -> bool:
    """Whether two kinds are told together as cause and effect more often than as two things."""
    return frozenset((one, other)) in _CAUSE_AND_EFFECT


def best(found: Mapping[ExceptionType, float]) -> ExceptionType | None:
    """The kind with most votes; of equals the one that costs more to miss."""
    if not found:
        return None
    return max(EXCEPTION_TYPES, key=lambda kind: (found.get(kind, 0.0), -_PRECEDENCE.index(kind)))


def whole(sheet: Sheet, skip: Sequence[tuple[int, int]] = ()) -> Part:
    """The message as one part."""
    span = ((0, len(sheet.tokens)),)
    total = with_context(sheet, votes(sheet, span, skip), span)
    return Part(best(total) or _by_what_is_named(sheet), span, total)


def parts(sheet: Sheet, skip: Sequence[tuple[int, int]] = ()) -> list[Part]:
    """One part for each exception that the message tells of; at least one, whose type may be None."""
    whole = ((0, len(sheet.tokens)),)
    total = with_context(sheet, votes(sheet, whole, skip), whole)
    single = Part(best(total) or _by_what_is_named(sheet), whole, total)
    if total.get("safety", 0.0) >= SURE:
        heads = _heads(sheet, skip)
        if len({kind for _, kind, _ in heads}) < 2 or (not sheet.has("multi") and not sheet.group("also")):
            return [Part("safety", whole, total)]
    heads = _heads(sheet, skip)
    groups = _group(sheet, heads)
    if len(groups) < 2:
        return [single]
    return _spread(sheet, groups)


def _by_what_is_named(sheet: Sheet) -> ExceptionType | None:
    """Without a word that tells the kind: what is named makes one likelier; it is asked about all the same."""
    if any(not m.fine for m in sheet.of("asset")):
        return "machine_breakdown"
    if sheet.of("lot"):
        return "quality_hold"
    if sheet.of("order") or sheet.of("customer"):
        return "order_change"
    return "material_shortage" if sheet.of("item") else None


def clauses(sheet: Sheet) -> list[tuple[int, int]]:
    """Between breaks and "and"s."""
    out = []
    for start, end in sheet.pieces:
        cut = start
        for i in range(start, end):
            ends = sheet.spans[i].get("and_word")
            if ends and i > cut:
                out.append((cut, i))
                cut = i
        if cut < end:
            out.append((cut, end))
    return out


def _heads(sheet: Sheet, skip: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], ExceptionType, float]]:
    """Clauses that by themselves speak strongly for a kind."""
    heads = []
    for start, end in clauses(sheet):
        found = with_context(sheet, votes(sheet, ((start, end),), skip), ((start, end),))
        kind = best(found)
        if kind is not None and found[kind] >= PLAIN:
            heads.append(((start, end), kind, found[kind]))
    return heads


Head = tuple[tuple[int, int], ExceptionType, float]


def _group(sheet: Sheet, heads: Sequence[Head]) -> list[list[Head]]:
    """Heads that tell of the same exception come together."""
    marked = bool(sheet.group("also")) or sheet.has("multi")
    groups: list[list[Head]] = []
    for head in heads:
        (start, end), kind, _ = head
        joined = False
        for group in groups:
            kinds = {k for _, k, _ in group}
            same = kind in kinds
            if same and not _apart(sheet, group, head):
                group.append(head)
                joined = True
                break
            related = any(frozenset((kind, k)) in _CAUSE_AND_EFFECT for k in kinds)
            if not same and ((related and not marked) or (not marked and not anchored(sheet, kind, start, end))):
                group.append(head)
                joined = True
                break
        if not joined:
            groups.append([head])
    return groups


def anchored(sheet: Sheet, kind: ExceptionType, start: int, end: int) -> bool:
    """Whether a clause names what an exception of its kind is about: the effect of another one names nothing new."""
    if kind == "machine_breakdown":
        return bool(sheet.of("asset", start, end))
    if kind == "labor_shortage":
        return bool(sheet.group("people", start, end) or sheet.group("operator", start, end))
    return any(sheet.of(what, start, end) for what in ("asset", "item", "lot", "line", "order"))


def _apart(sheet: Sheet, group: Sequence[Head], head: Head) -> bool:
    """The same kind twice is two exceptions only where each names its own lot, or its own line and thing."""
    (start, end), kind, _ = head

    def ids(what: str, spans: Sequence[tuple[int, int]]) -> set[str]:
        return {m.ids[0] for a, b in spans for m in sheet.of(what, *sheet.sentence_of(a)) if len(m.ids) == 1}

    others = [span for span, _, _ in group]
    if any(sheet.sentence_of(span[0]) == sheet.sentence_of(start) for span in others):
        return False
    if kind == "quality_hold":
        mine, theirs = ids("lot", [(start, end)]), ids("lot", others)
        return bool(mine and theirs and not mine & theirs)
    if kind in ("machine_breakdown", "labor_shortage", "changeover_overrun"):
        mine, theirs = ids("line", [(start, end)]), ids("line", others)
        return bool(mine and theirs and not mine & theirs)
    return False


def _spread(sheet: Sheet, groups: Sequence[Sequence[Head]]) -> list[Part]:
    """Every clause belongs to the exception of the head before it, the first ones to the first."""
    owner: dict[tuple[int, int], int] = {}
    for g, group in enumerate(groups):
        for span, _, _ in group:
            owner[span] = g
    ranges: list[list[tuple[int, int]]] = [[] for _ in groups]
    current = 0
    spans = clauses(sheet)
    for position, span in enumerate(spans):
        following = spans[position + 1] if position + 1 < len(spans) else span
        heading = span not in owner and following in owner and span[1] - span[0] <= 4
        if heading and (sheet.of("lot", *span) or sheet.of("line", *span)):
            current = owner[following]  # "6319-4A: two pallets without a date code"
        current = owner.get(span, current)
        ranges[current].append(span)
    out = []
    for group, own in zip(groups, ranges, strict=True):
        strongest = max(group, key=lambda head: head[2])
        found = with_context(sheet, votes(sheet, own), own)
        found[strongest[1]] = max(found.get(strongest[1], 0.0), *(v for v in found.values()))
        out.append(Part(strongest[1], tuple(own), found))
    return out


_TOLD_BY: Mapping[ExceptionType, str] = {
    "machine_breakdown": "asset",
    "labor_shortage": "line",
    "order_change": "order",
}


def twice(sheet: Sheet, spans: Sequence[tuple[int, int]]) -> dict[tuple[int, int], tuple[int, ExceptionType]]:
    """Stretches that tell of one kind twice, of another machine, line or order, and where the second one begins."""
    out: dict[tuple[int, int], tuple[int, ExceptionType]] = {}
    for start, end in spans:
        begins = {i for name in ("also", "and_word") for i, _ in sheet.group(name, start, end)}
        begins |= {a for a, _ in sheet.sentences if start < a < end} | {a for a, _ in sheet.pieces if start < a < end}
        if sheet.group("therefore", start, end):
            continue  # "Kartonierer Störung, Blistermaschine deswegen aus": one trouble and what comes of it
        for at in sorted((i for i in begins if start < i < end), reverse=True):
            sides = ((start, at), (at, end))
            for kind, what in _TOLD_BY.items():
                told = [votes(sheet, (side,)).get(kind, 0.0) for side in sides]
                ids = [{m.ids for m in sheet.of(what, *side) if not m.fine and m.confidence >= 0.8} for side in sides]
                others = [
                    max((v for k, v in votes(sheet, (side,)).items() if k != kind), default=0.0) for side in sides
                ]
                if kind == "labor_shortage" and told[0] >= PLAIN and _counted_at_a_line(sheet, at, end):
                    told[1] = PLAIN  # "me faltan 2 en snacks y 1 en platos"
                alone = all(len(own) == 1 for own in ids) and not ids[0] & ids[1]
                if alone and all(a >= PLAIN and a >= b for a, b in zip(told, others, strict=True)):
                    out.setdefault((start, end), (at, kind))
    return out


def _counted_at_a_line(sheet: Sheet, start: int, end: int) -> bool:
    """A small number and a line, and hardly anything else."""
    counted = [n for n in sheet.numbers if start <= n.start < end and n.value < 20]
    return bool(counted) and bool(sheet.of("line", start, end)) and end - start <= 9
