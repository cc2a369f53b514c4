"""Which line, machines, orders, items and lots a stretch of the message is about; local first (R13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nlp.described import SURE
from nlp.kinds import Part
from nlp.naming import Mention
from nlp.sheet import Sheet
from workflow.reading import Evidence, ExceptionType, Question, ReportedException

# Of 500 of these that people labelled, three name the machine that goes without; the others name one in passing.
_OF_NO_MACHINE: frozenset[ExceptionType | None] = frozenset(
    {"material_shortage", "order_change", "inventory_discrepancy"}
)


# Of other kinds a lot that ERP does not know says too little to ask about it.
_OF_LOTS: frozenset[ExceptionType | None] = frozenset({"quality_hold", "inventory_discrepancy"})


@dataclass
class Linked:
    """What the mentions of one part come to."""

    line: str | None = None
    assets: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    lots: list[str] = field(default_factory=list)
    ask: Question | None = None
    confidence: dict[str, float] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)


def link(sheet: Sheet, part: Part, inherited_line: str | None = None) -> Linked:
    """Ids from mentions; local first: the line that is named, then the thread's, then the sender's (R13)."""
    out = Linked()
    plant = sheet.context.plant
    mine = [m for m in sheet.mentions if not m.withdrawn and part.holds(m.start)]
    lines = [m for m in mine if m.what == "line" and len(m.ids) == 1]
    named = list(dict.fromkeys(m.ids[0] for m in lines))
    whole_plant = len(named) >= 3 or (bool(sheet.group("whole_plant")) and part.type == "other")
    if len(named) > 1 and not whole_plant:
        standing = [m.ids[0] for m in lines if not m.fine]
        named = list(dict.fromkeys(standing)) or named
    local = named[:1] or ([inherited_line] if inherited_line else [])
    if not local and sheet.context.thread is not None and sheet.context.thread.line:
        local = [sheet.context.thread.line]

    beside: list[str] = []
    for mention in mine:
        near = part.type == "material_shortage" and mention.what == "asset" and _only_near(sheet, mention)
        only_there = not near and part.type in _OF_NO_MACHINE and not _said_as_place(sheet, part, mention)
        if mention.what == "asset" and only_there:
            there = {plant.asset[i].line for i in mention.ids}
            beside += there & set(sheet.context.sender.lines) or there
        elif near:
            continue  # "the ingots stand over at the coater": not where they are missing
        elif mention.what == "asset" and (part.type == "safety" or not mention.fine):
            if len(mention.ids) > 1 and mention.confidence <= SURE and part.type != "machine_breakdown":
                continue  # told by its kind, several fit, and the trouble is not theirs: not worth a question
            if mention.confidence <= SURE and part.type == "labor_shortage" and not _said_at(sheet, mention):
                continue  # "the welder has not come": a person
            nearest = _nearest_line(mention, lines, sheet)
            _link_asset(out, sheet, mention, nearest or (local[0] if local else None))
        elif mention.what == "order":
            _link_order(out, sheet, mention, local[0] if local else None)
        elif mention.what == "item":
            if _is_about(sheet, part, mention):
                _link_item(out, sheet, mention)
        elif mention.what == "lot":
            if len(mention.ids) == 1:
                item = sheet.context.records.lot[mention.ids[0]].item
                said = next((m for m in sheet.of("item") if item in m.ids and not part.holds(m.start)), None)
                if said is not None and len(said.ids) == 1:
                    _take(out.items, item, out, sheet, "items", said)
                _take(out.lots, mention.ids[0], out, sheet, "lots", mention)
            elif out.ask is None and (mention.ids or part.type in _OF_LOTS):
                out.ask = Question("lot", (mention.ids or mention.suggestions)[:3])
    if part.type == "quality_hold" and not out.lots and out.ask is None:
        begun = [sheet.index.lots_beginning(t.norm) for i, t in enumerate(sheet.tokens) if part.holds(i)]
        several = next((lots for lots in begun if lots), [])
        if len(several) == 1:
            out.lots, out.confidence["lots"] = several, 0.85
        elif several:
            out.ask = Question("lot", tuple(several[:3]))
    _keep_to_one_line(out, sheet, local[0] if local else None)
    lines_of_assets = list(dict.fromkeys([*(plant.asset[a].line for a in out.assets), *dict.fromkeys(beside)]))
    lines_of_orders = list(dict.fromkeys(sheet.context.records.work_order[o].line for o in out.orders))
    if whole_plant:
        out.line = None
    elif named:
        out.line = named[0] if not lines_of_assets or named[0] in lines_of_assets else lines_of_assets[0]
        out.confidence["line"] = 0.95
        out.evidence += [
            evidence_of(sheet, "line", m.start, m.end, m.ids[0], m.why) for m in lines if m.ids[0] == out.line
        ]
    elif len(lines_of_assets) == 1:
        out.line, out.confidence["line"] = lines_of_assets[0], 0.93
    elif len(lines_of_orders) == 1:
        out.line, out.confidence["line"] = lines_of_orders[0], 0.93
    elif local:
        out.line, out.confidence["line"] = local[0], 0.85
    elif part.type == "machine_breakdown" and len(asked := _lines_asked(out, sheet)) == 1:
        out.line, out.confidence["line"] = asked[0], 0.85
    elif len(sheet.context.sender.lines) == 1 and not lines_of_assets and not _elsewhere(sheet, part):
        out.line, out.confidence["line"] = sheet.context.sender.lines[0], 0.8
    return out


def named_alone(sheet: Sheet) -> ReportedException:
    """What the message names, whatever it says of it; nothing of the sender's line or the thread is filled in."""
    alone = replace(sheet.context, thread=None, sender=replace(sheet.context.sender, lines=()))
    bare = replace(sheet, context=alone, mentions=[replace(m, fine=False) for m in sheet.mentions])
    linked = link(bare, Part(None, ((0, len(sheet.tokens)),)))
    return ReportedException(
        line=linked.line, assets=tuple(linked.assets), work_orders=tuple(linked.orders), items=tuple(linked.items),
        lots=tuple(linked.lots), confidence=linked.confidence,
    )  # fmt: skip


def _lines_asked(out: Linked, sheet: Sheet) -> list[str]:
    """The lines of the machines that are asked about."""
    options = out.ask.options if out.ask is not None and out.ask.asks == "asset" else ()
    return list(dict.fromkeys(sheet.context.plant.asset[str(i)].line for i in options))


def _elsewhere(sheet: Sheet, part: Part) -> bool:
    """ "someone slipped in the warehouse": a danger at a place where no line stands."""
    return part.type == "safety" and any(part.holds(i) for i, _ in sheet.group("elsewhere"))


def _only_near(sheet: Sheet, mention: Mention) -> bool:
    """Whether a machine is named only to tell where something stands."""
    before = range(max(0, mention.start - 4), mention.start)
    skipped = ("article_word", "of_word", "loc")
    for i in before:
        for end in sheet.spans[i].get("near_word", ()):
            if end <= mention.start and all(set(skipped) & sheet.spans[j].keys() for j in range(end, mention.start)):
                return True
    return mention.end < len(sheet.tokens) and "near_post" in sheet.spans[mention.end]


def _said_at(sheet: Sheet, mention: Mention) -> bool:
    """ "at the sealer", "en la paletizadora"."""
    before = range(max(0, mention.start - 3), mention.start)
    return any(mention.start - 1 <= end <= mention.start for i in before for end in sheet.spans[i].get("loc", ()))


def _said_as_place(sheet: Sheet, part: Part, mention: Mention) -> bool:
    """ "se acabó el emplaye en la paletizadora": where the material is missing."""
    if part.type != "material_shortage":
        return False
    at_it = _said_at(sheet, mention)
    its_own = "of_word" in sheet.spans[mention.end] if mention.end < len(sheet.tokens) else False
    return at_it or (its_own and any(m.start == mention.end + 1 for m in sheet.of("item")))  # "robot ka wire"


def _is_about(sheet: Sheet, part: Part, mention: Mention) -> bool:
    """ "oil on the floor", "the bottles are swollen": what a machine or a product uses is not what trouble is about."""
    lots = [m for m in sheet.of("lot") if part.holds(m.start)]
    of_lots = {sheet.context.records.lot[i].item for m in lots for i in m.ids}
    if _is_made(sheet, mention):
        if part.type in ("material_shortage", "inventory_discrepancy") and _says_of_what(sheet, mention):
            return False
        by_its_head = mention.confidence < 0.85  # "every third loaf", where one bread of the plant is called so
        return not by_its_head or (
            part.type not in ("machine_breakdown", "safety") and (not lots or bool(of_lots & set(mention.ids)))
        )
    if part.type == "safety" and _is_a_chemical(sheet, mention):
        return True  # "caustic ran over my hand"
    if part.type in ("machine_breakdown", "safety") or (part.type == "other" and mention.confidence < 0.85):
        return False
    made = [m for m in sheet.of("item") if part.holds(m.start) and _is_made(sheet, m)]
    if part.type == "quality_hold":
        return not made and (not lots or bool(of_lots & set(mention.ids)))
    if part.type == "inventory_discrepancy":
        return not lots or bool(of_lots & set(mention.ids))
    return True


def _is_a_chemical(sheet: Sheet, mention: Mention) -> bool:
    """Whether what is named is a raw material that words of danger speak of."""
    raw = all(sheet.context.records.item[i].kind == "raw" for i in mention.ids)
    near = range(max(0, mention.start - 1), min(len(sheet.tokens), mention.end + 1))
    return raw and mention.confidence > 0.9 and any("s_chem" in sheet.spans[i] for i in near)


def _says_of_what(sheet: Sheet, mention: Mention) -> bool:
    """ "Beipackzettel Ibuvel", "filme do presunto": the product only says which leaflet, which film."""
    for other in sheet.of("item"):
        if other is mention or _is_made(sheet, other):
            continue
        first, second = sorted((mention, other), key=lambda m: m.start)
        between = range(first.end, second.start)
        joined = all("of_word" in sheet.spans[i] or "article_word" in sheet.spans[i] for i in between)
        if len(between) <= 2 and joined:
            return True
    return False


def _is_made(sheet: Sheet, mention: Mention) -> bool:
    return any(sheet.context.records.item[i].kind == "finished" for i in mention.ids)


def _keep_to_one_line(out: Linked, sheet: Sheet, line: str | None) -> None:
    """One trouble sits on one line: beside an asset of the line that is meant, a nickname heard from another goes."""
    plant = sheet.context.plant
    meant = line or (sheet.context.sender.lines[0] if len(sheet.context.sender.lines) == 1 else None)
    here = [a for a in out.assets if plant.asset[a].line == meant]
    if meant is not None and here and len(here) < len(out.assets):
        out.assets[:] = here


def _nearest_line(mention: Mention, lines: Sequence[Mention], sheet: Sheet) -> str | None:
    start, end = sheet.sentence_of(mention.start)
    near = [m for m in lines if start <= m.start < end] or list(lines)
    return min(near, key=lambda m: abs(m.start - mention.start)).ids[0] if near else None


def _link_asset(out: Linked, sheet: Sheet, mention: Mention, line: str | None) -> None:
    plant = sheet.context.plant
    ids = list(mention.ids)
    if len(ids) == 1 and (local_one := _called_so_here(sheet, mention, line)) is not None:
        ids = [local_one]
    if len(ids) > 1:
        for lines in ((line,) if line else (), sheet.context.sender.lines):
            local = [i for i in ids if plant.asset[i].line in lines]
            if local:
                ids = local
                break
        thread = sheet.context.thread
        if len(ids) > 1 and thread is not None and any(a in ids for a in thread.assets):
            ids = [a for a in thread.assets if a in ids]
    elif line is not None and plant.asset[ids[0]].line != line and mention.confidence < 0.8:
        return
    if len(ids) == 1:
        _take(out.assets, ids[0], out, sheet, "assets", mention)
    elif out.ask is None:
        out.ask = Question("asset", tuple(ids[:3]))


def _called_so_here(sheet: Sheet, mention: Mention, line: str | None) -> str | None:
    """ "press", said on a line with one assembly press, is that one, whatever is called "press" elsewhere (R13)."""
    own = sheet.context.sender.lines
    here = line or (own[0] if len(own) == 1 else None)
    plant = sheet.context.plant
    if here is None or plant.asset[mention.ids[0]].line == here or mention.end - mention.start != 1:
        return None
    said = sheet.tokens[mention.start].norm
    found = sheet.index.assets_by_head(here).get(said, set())
    return next(iter(found)) if len(found) == 1 else None


def _link_order(out: Linked, sheet: Sheet, mention: Mention, line: str | None) -> None:
    ids = list(mention.ids)
    if mention.confidence < 0.45:  # unknown or closed: never linked, asked (R11)
        options = [i for i in mention.suggestions if i not in out.orders]
        options.sort(key=lambda i: sheet.context.records.work_order[i].line != line)
        if out.ask is None:
            out.ask = Question("work_order", tuple(options[:3]))
        return
    if len(ids) > 1:
        lines = [line] if line else list(sheet.context.sender.lines)
        local = [i for i in ids if sheet.context.records.work_order[i].line in lines]
        ids = local or ids
    if len(ids) == 1:
        _take(out.orders, ids[0], out, sheet, "work_orders", mention)
    elif out.ask is None:
        out.ask = Question("work_order", tuple(ids[:3]))


def _link_item(out: Linked, sheet: Sheet, mention: Mention) -> None:
    if len(mention.ids) == 1:
        _take(out.items, mention.ids[0], out, sheet, "items", mention)
        return
    wanted = {sheet.context.records.work_order[o].item for o in out.orders}
    wanted |= {sheet.context.records.lot[m.ids[0]].item for m in sheet.of("lot") if len(m.ids) == 1}
    fit = [i for i in mention.ids if i in wanted]
    if len(fit) == 1:
        _take(out.items, fit[0], out, sheet, "items", mention)
    elif out.ask is None:
        out.ask = Question("item", mention.ids[:3])


def _take(ids: list[str], id_: str, out: Linked, sheet: Sheet, name: str, mention: Mention) -> None:
    if id_ not in ids:
        ids.append(id_)
    out.confidence[name] = min(out.confidence.get(name, 1.0), mention.confidence)
    out.evidence.append(evidence_of(sheet, name, mention.start, mention.end, id_, mention.why))


def evidence_of(sheet: Sheet, name: str, start: int, end: int, value: str, why: str) -> Evidence:
    """Which words of the message speak for a value, and why."""
    return Evidence(name, sheet.tokens[start].start, sheet.tokens[end - 1].end, value, why)
