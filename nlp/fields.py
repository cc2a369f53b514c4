"""The fields of one exception: line, assets, orders, items, lots, how much, since when, whether the line stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from nlp.kinds import Part
from nlp.mentions import Mention
from nlp.sheet import Sheet
from nlp.times import Moment, Role, instant
from nlp.units import Amount, amounts, plant_uom, unit_class
from nlp.words import lexicon
from workflow.reading import Evidence, ExceptionType, Quantity, Question, ReportedException

_NO_QUANTITY: frozenset[ExceptionType] = frozenset({"machine_breakdown", "changeover_overrun", "safety", "other"})
_MAY_LIE_AHEAD: frozenset[ExceptionType] = frozenset({"labor_shortage", "order_change", "material_shortage"})


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


def build(sheet: Sheet, part: Part, inherited_line: str | None = None) -> tuple[ReportedException, Question | None]:
    """One exception from its part of the message, and the one question that would settle what is unsure."""
    linked = link(sheet, part, inherited_line)
    started, duration = _when(sheet, part)
    of_lots = [sheet.context.records.lot[lot].item for lot in linked.lots]
    quantity = _quantity(sheet, part, linked.items, of_lots)
    stopped = _stopped(sheet, part)
    confidence = dict(linked.confidence)
    if part.type is not None:
        confidence["type"] = round(part.confidence, 3)
    evidence = list(linked.evidence)
    if started is not None:
        confidence["started_at"] = 0.9
        evidence.append(
            _evidence(sheet, "started_at", started.start, started.end, "", f"time {started.role or 'said'}")
        )
    towards = (
        "near" if part.type in _MAY_LIE_AHEAD and started is not None and started.role in ("from", "at") else "past"
    )
    reported = ReportedException(
        type=part.type,
        line=linked.line,
        assets=tuple(linked.assets),
        work_orders=tuple(linked.orders),
        items=tuple(linked.items),
        lots=tuple(linked.lots),
        quantity=quantity,
        started_at=_instant(sheet, started, towards, ahead_too=part.type == "labor_shortage") if started else None,
        duration_min=duration,
        line_stopped=stopped,
        confidence=confidence,
        evidence=tuple(evidence),
    )
    return reported, linked.ask


def _instant(sheet: Sheet, moment: Moment, towards: str, *, ahead_too: bool = False) -> datetime:
    """The instant of a beginning; a day said anywhere in its sentence counts."""
    day = moment.day
    if day is None and moment.kind == "clock":
        a, b = sheet.sentence_of(moment.start)
        begin = max((end for i, end in sheet.group("correct")), default=0)
        day = next((offset for i, offset in sheet.days if max(a, begin) <= i < b), None)
    at = instant(replace(moment, day=day), sheet.context.plant, sheet.context.now, towards=towards)  # type: ignore[arg-type]
    ahead = instant(replace(moment, day=day), sheet.context.plant, sheet.context.now, towards="future")
    hours = (ahead - sheet.context.now).total_seconds() / 3600
    if ahead_too and moment.role == "from" and 0 <= hours <= 8:
        return ahead  # "from 7 on I have nobody to fill", written at half past six
    if ahead_too and moment.exact and hours <= 14 and (sheet.context.now - at).total_seconds() > 8 * 3600:
        return ahead  # "brakuje operatora od 22", written in the morning
    return at


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

    for mention in mine:
        if mention.what == "asset" and (part.type == "safety" or not mention.fine):
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
            elif out.ask is None:
                out.ask = Question("lot", mention.ids[:3])
    _keep_to_one_line(out, sheet, local[0] if local else None)
    lines_of_assets = list(dict.fromkeys(plant.asset[a].line for a in out.assets))
    lines_of_orders = list(dict.fromkeys(sheet.context.records.work_order[o].line for o in out.orders))
    if whole_plant:
        out.line = None
    elif named:
        out.line = named[0] if not lines_of_assets or named[0] in lines_of_assets else lines_of_assets[0]
        out.confidence["line"] = 0.95
        out.evidence += [
            _evidence(sheet, "line", m.start, m.end, m.ids[0], m.why) for m in lines if m.ids[0] == out.line
        ]
    elif len(lines_of_assets) == 1:
        out.line, out.confidence["line"] = lines_of_assets[0], 0.93
    elif len(lines_of_orders) == 1:
        out.line, out.confidence["line"] = lines_of_orders[0], 0.93
    elif local:
        out.line, out.confidence["line"] = local[0], 0.85
    elif len(sheet.context.sender.lines) == 1 and not lines_of_assets:
        out.line, out.confidence["line"] = sheet.context.sender.lines[0], 0.8
    return out


def _is_about(sheet: Sheet, part: Part, mention: Mention) -> bool:
    """ "oil on the floor", "the bottles are swollen": what a machine or a product uses is not what trouble is about."""
    lots = [m for m in sheet.of("lot") if part.holds(m.start)]
    of_lots = {sheet.context.records.lot[i].item for m in lots for i in m.ids}
    if _is_made(sheet, mention):
        by_its_head = mention.confidence < 0.85  # "every third loaf", where one bread of the plant is called so
        return not by_its_head or (
            part.type not in ("machine_breakdown", "safety") and (not lots or bool(of_lots & set(mention.ids)))
        )
    if part.type in ("machine_breakdown", "safety"):
        return False
    made = [m for m in sheet.of("item") if part.holds(m.start) and _is_made(sheet, m)]
    if part.type == "quality_hold":
        return not made and (not lots or bool(of_lots & set(mention.ids)))
    if part.type == "inventory_discrepancy":
        return not lots or bool(of_lots & set(mention.ids))
    return True


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
    out.evidence.append(_evidence(sheet, name, mention.start, mention.end, id_, mention.why))


def _evidence(sheet: Sheet, name: str, start: int, end: int, value: str, why: str) -> Evidence:
    return Evidence(name, sheet.tokens[start].start, sheet.tokens[end - 1].end, value, why)


def _when(sheet: Sheet, part: Part) -> tuple[Moment | None, float | None]:
    """The moment it began, and how long it lasted; the one is never made from the other."""
    moments = [m for m in sheet.moments if part.holds(m.start)]
    corrected = max((end for i, end in sheet.group("correct")), default=0)
    if any(m.start >= corrected for m in moments) and corrected:
        moments = [m for m in moments if m.start >= corrected]
    started: Moment | None = None
    wanted: tuple[Role, ...] = ("since", "ago", "from", "at", "")
    for role in wanted:
        for moment in moments:
            if moment.role != role or (moment.kind == "duration" and moment.role != "ago"):
                continue
            if role == "" and not moment.exact and (moment.end - moment.start < 2 or _behind_a_noun(sheet, moment)):
                continue
            if role in ("at", "") and part.type == "changeover_overrun" and not moment.exact:
                continue
            if role in ("at", "") and part.type in ("order_change", "material_shortage"):
                continue
            if started is None or (started.kind == "anchor" and moment.kind == "clock"):
                started = moment  # "since this morning, at seven"
    duration = next(
        (m.minutes for m in moments if m.kind == "duration" and m.role in ("", "for", "since") and m is not started
         and m.minutes >= 1 and not _rate(sheet, m) and not _planned(sheet, m)), None
    )  # fmt: skip
    if part.type in ("order_change", "inventory_discrepancy", "quality_hold"):
        duration = None
    if part.type == "material_shortage" and not any(part.holds(h.start) for h in sheet.hits("stopped")):
        duration = None  # "enough for half an hour"
    return started, duration


def _behind_a_noun(sheet: Sheet, moment: Moment) -> bool:
    """ "las boquillas 3 y 5", "heads 4 and 9": numbers of things, no time of day."""
    if moment.start == 0 or sheet.tokens[moment.start - 1].kind != "word":
        return False
    return not set(sheet.spans[moment.start - 1]) & {"about", "article_word", "t_at", "after_hour"}


def _planned(sheet: Sheet, moment: Moment) -> bool:
    """ "planned an hour": what it should have taken."""
    return bool(sheet.group("planned_word", max(0, moment.start - 3), moment.end + 2))


def _rate(sheet: Sheet, moment: Moment) -> bool:
    """ "every 10 minutes", "3 times in half an hour" tell no duration."""
    return any("every" in sheet.spans[i] for i in range(max(0, moment.start - 2), moment.start)) or (
        moment.end < len(sheet.tokens) and "not_a_duration" in sheet.spans[moment.end]
    )


def _quantity(sheet: Sheet, part: Part, items: Sequence[str], lots: Sequence[str]) -> Quantity | None:
    if part.type is None or part.type in _NO_QUANTITY:
        return None
    found = [a for start, end in part.ranges for a in amounts(sheet, start, end) if a.unit != "measure"]
    if part.type == "labor_shortage":
        return _people(sheet, part, found)
    found = [a for a in found if a.unit != "people" and a.value > 0 and not _counts_talk(sheet, a)]
    chosen = _difference(part, found) or _choose(sheet, part, found, [*items, *lots])
    if part.type == "inventory_discrepancy" and not sheet.group("difference_word") and len(found) == 2:
        one, other = found  # "system has 12, only 9 on the shelf"
        alike = one.unit == other.unit or not one.unit or not other.unit
        if one.value != other.value and min(one.value, other.value) > max(one.value, other.value) / 20 and alike:
            chosen = Amount(abs(one.value - other.value), one.unit or other.unit, one.start, other.end)
    if chosen is None:
        return None
    unit = chosen.unit or ("" if items or lots else next((a.unit for a in found if a.unit), ""))
    if not unit and (items or lots):
        uoms = {sheet.context.records.item[i].uom for i in (*items, *lots)}
        return (
            Quantity(chosen.value, uoms.pop())
            if len(uoms) == 1
            else Quantity(chosen.value, plant_uom("", sheet.index, [*items, *lots]))
        )
    if not unit and part.type == "order_change":
        uoms = {sheet.context.records.work_order[m.ids[0]].uom for m in sheet.of("order") if len(m.ids) == 1}
        unit = unit_class(uoms.pop()) if len(uoms) == 1 else ""
    if not unit:
        unit = _unit_nearby(sheet, part)
    uom = plant_uom(unit, sheet.index, [*items, *lots])
    if not uom and sheet.index.packed_in:
        uom = sheet.index.packed_in[0]  # what is counted without a unit is what the plant makes
    return Quantity(chosen.value, uom) if uom else None


def _difference(part: Part, found: Sequence[Amount]) -> Amount | None:
    """ "system 5200, counted 4100, 1100 short": of three numbers, the one that the other two differ by."""
    if part.type not in ("inventory_discrepancy", "material_shortage"):
        return None
    said = list(found)
    for first in said:
        for second in said:
            third = [a for a in said if a.value == first.value - second.value and a.value > 0 and a is not second]
            if third and first.value != second.value:
                last = max((second, *third), key=lambda a: a.start)
                unit = last.unit or next((a.unit for a in (first, second, *third) if a.unit), "")
                return Amount(last.value, unit, last.start, last.end)
    return None


def _counts_talk(sheet: Sheet, amount: Amount) -> bool:
    """ "two things", "3 times": counted is what is said, not what lies there."""
    return not amount.unit and amount.end < len(sheet.tokens) and "talk_noun" in sheet.spans[amount.end]


def _unit_nearby(sheet: Sheet, part: Part) -> str:
    for start, end in part.ranges:
        for i in range(start, end):
            following = sheet.tokens[i + 1] if i + 1 < len(sheet.tokens) else None
            if following is not None and following.glued and following.kind == "number":
                continue  # "M16"
            for name in sheet.spans[i]:
                if name.startswith("uom_") and len(sheet.tokens[i].norm) > 2:
                    return name.removeprefix("uom_")
    return ""


def _counts_things(sheet: Sheet, amount: Amount, items: Sequence[str]) -> bool:
    """ "40 Ritzel mit Grat", "put 65 aside": before a noun that no lexicon holds, or beside a word of holding."""
    if amount.value < (5 if not items else 3) or amount.value != int(amount.value):
        return False
    beside = range(max(0, amount.start - 3), min(len(sheet.tokens), amount.end + 3))
    if any("hold_verb" in sheet.spans[i] for i in beside):
        return True
    if amount.end >= len(sheet.tokens):
        return False
    following, here = sheet.tokens[amount.end], sheet.spans[amount.end]
    before = sheet.spans[amount.start - 1] if amount.start else {}
    if following.kind != "word" or following.glued or len(following.norm) < 4:
        return False
    if any(name in before for name in ("place_word", "limit_word", "measurement", "code_word", "line_word")):
        return False
    strange = following.norm not in _function_words(sheet) and not any(
        group.startswith(("u_", "t_")) or group in ("measure", "oclock", "people", "talk_noun") for group in here
    )
    return strange and (
        bool(items) or not any(m.start <= amount.end < m.end for m in sheet.mentions if m.what != "item")
    )


def _may_count(sheet: Sheet, amount: Amount) -> bool:
    """A whole number, alone on its own, that no word beside it makes a place, a limit, a measurement or a code."""
    token = sheet.tokens[amount.start]
    if amount.value < 3 or amount.value != int(amount.value) or not token.norm.isdigit():
        return False
    before = sheet.spans[amount.start - 1] if amount.start else {}
    if any(
        n in before for n in ("place_word", "limit_word", "measurement", "code_word", "line_word", "loc", "order_word")
    ):
        return False
    neighbours = [sheet.tokens[i] for i in (amount.start - 1, amount.end) if 0 <= i < len(sheet.tokens)]
    if any(other.kind == "mark" for other in neighbours) or token.glued:
        return False
    return not (amount.end < len(sheet.tokens) and sheet.tokens[amount.end].glued)


def _function_words(sheet: Sheet) -> frozenset[str]:
    known = lexicon().languages
    return frozenset(word for code in sheet.languages for word in known[code].function_words)


def _choose(sheet: Sheet, part: Part, found: Sequence[Amount], items: Sequence[str]) -> Amount | None:
    if not found:
        return None
    ranked = []
    bare = [amount for amount in found if _may_count(sheet, amount)]
    for amount in found:
        score = 2.0 if amount.unit else 2.0 * _counts_things(sheet, amount, items)
        if not score and [amount] == bare and len(found) == 1:
            score = 2.0  # the only number there is
        if part.type == "order_change" and not amount.unit and amount.value >= 20 and sheet.of("order"):
            score = max(score, 1.2)
        if part.type in ("inventory_discrepancy", "order_change") and not amount.unit and amount.value >= 2:
            score = max(score, 1.0)
        before = range(max(0, amount.start - 4), amount.start)
        near = range(max(0, amount.start - 2), amount.start)
        counted = part.type in ("inventory_discrepancy", "material_shortage")
        after = range(amount.end, min(amount.end + 2, len(sheet.tokens)))
        if counted and any("difference_word" in sheet.spans[i] for i in before):
            score += 3.0
        elif counted and any("difference_word" in sheet.spans[i] for i in after) and not _is_left(sheet, amount):
            score += 2.0
        between = max((a.end for a in found if a.end <= amount.start), default=0)  # "90 instead of 92, put 36 aside"
        if any("instead" in sheet.spans[i] for i in before if i >= between):
            score -= 4.0
        if any("neg" in sheet.spans[i] and i + 1 >= amount.start for i in near):
            score -= 4.0  # "3000, not 2500"
        beside = [i for i in near if not any(sheet.tokens[j].breaks for j in range(i, amount.start))]
        if part.type == "quality_hold" and any("limit_word" in sheet.spans[i] for i in beside):
            score -= 4.0
        if part.type == "quality_hold" and amount.unit:
            score += min(0.9, amount.value / 10_000)  # a sample of 20 was taken from the 9,000 that are held
        if part.type == "order_change" and any("from_word" in sheet.spans[i] for i in near):
            score -= 4.0
        if part.type == "order_change" and any("to_word" in sheet.spans[i] for i in near):
            score += 3.0
        if part.type == "material_shortage" and any("need" in sheet.spans[i] for i in before):
            score += 2.0
            score += 1.5 * any("more" in sheet.spans[i] for i in near)
        if part.type not in ("order_change", "quality_hold") and _is_left(sheet, amount):
            score -= 4.0
        if amount.unit and any("every" in sheet.spans[i] for i in near):
            score -= 4.0  # "co 10 szt"; but "alle 240" are all of them
        if amount.unit and items and unit_class(sheet.context.records.item[items[0]].uom) == amount.unit:
            score += 0.5  # "2 drums, 400 kg": as ERP counts it
        ranked.append((score, -amount.start, amount))
    score, _, amount = max(ranked, key=lambda row: row[:2])
    return amount if score >= (1.2 if part.type == "order_change" else 2.0) else None


def _is_left(sheet: Sheet, amount: Amount) -> bool:
    """ "only 3 left": what is there, not what is missing."""
    before = range(max(0, amount.start - 2), amount.start)
    after = range(amount.end, min(len(sheet.tokens), amount.end + 3))
    return any("left_word" in sheet.spans[i] for i in (*before, *after)) or any(
        a <= amount.start < b for a, b in sheet.group("low")
    )


def _people(sheet: Sheet, part: Part, found: Sequence[Amount]) -> Quantity | None:
    counted = [a for a in found if a.unit in ("people", "") and a.value < 60 and a.value == int(a.value)]
    lacking = [
        (abs(a.start - i), a) for name in ("missing", "short", "need") for i, _ in sheet.group(name)
        for a in counted if part.holds(i) and -2 <= a.start - i <= 3
    ]  # fmt: skip
    if lacking:  # "2 osoby zamiast 5, brakuje 3": what is missing, not who is there
        return Quantity(min(lacking, key=lambda row: row[0])[1].value, "people")
    for amount in found:
        if amount.unit == "people":
            return Quantity(amount.value, "people")
    for hit in sheet.hits("labor"):
        if part.holds(hit.start):
            for name, start, end in hit.captured:
                if name in ("n", "a"):
                    value = next((n.value for n in sheet.numbers if (n.start, n.end) == (start, end)), None)
                    if value is not None and value < 60:
                        return Quantity(value, "people")
    small = [a for a in found if not a.unit and a.value < 30 and a.value == int(a.value)]
    if small:
        return Quantity(small[0].value, "people")
    wanting = [i for name in ("missing", "short", "need", "absent") for i, _ in sheet.group(name) if part.holds(i)]
    one = [n for n in sheet.numbers if n.value == 1 and any(abs(n.start - i) <= 3 for i in wanting)]
    return Quantity(1.0, "people") if one else None


def _stopped(sheet: Sheet, part: Part) -> bool | None:
    """Only where the words say that the line, the order or production stands or runs."""
    stopped = [h for h in sheet.hits("stopped") if part.holds(h.start) and not _about_an_asset(sheet, h.start, h.end)]
    stopped = [h for h in stopped if not _soon(sheet, h.start, h.end)]
    runs = [h for h in sheet.hits("runs") if part.holds(h.start) and not _about_an_asset(sheet, h.start, h.end)]
    runs = [h for h in runs if _is_the_line(sheet, h.start, h.end)]
    if part.type == "changeover_overrun":  # what is "still going" is the changeover
        runs = [h for h in runs if sheet.group("line_noun", h.start, h.end) or sheet.of("line", h.start, h.end)]
    not_stopped = [h for h in sheet.negated if h.cue.name == "stopped" and part.holds(h.start)]
    not_running = [h for h in sheet.negated if h.cue.name == "runs" and part.holds(h.start)]
    if stopped and runs:
        return max(h.end - h.start for h in runs) < max(h.end - h.start for h in stopped)
    if stopped:
        return True
    if runs or not_stopped:
        return False
    return True if not_running else None


def _soon(sheet: Sheet, start: int, end: int) -> bool:
    """ "Linie steht gleich": it will, it does not yet."""
    return bool(sheet.group("soon", max(0, start - 2), min(len(sheet.tokens), end + 2)))


def _is_the_line(sheet: Sheet, start: int, end: int) -> bool:
    """ "hace ruido pero sigue jalando" is said of the machine: the line is meant where it, or "we", is the subject."""
    if any(sheet.group(g, start, end) for g in ("line_noun", "we", "we_form")) or sheet.of("line", start, end):
        return True
    a, b = sheet.sentence_of(start)
    return not any(not m.fine for m in sheet.of("asset", a, b))


def _about_an_asset(sheet: Sheet, start: int, end: int) -> bool:
    """ "filler on 3 is down": the filler, not line 3."""
    if not any(m.what == "line" and start <= m.start < end for m in sheet.mentions):
        return False
    a, b = sheet.sentence_of(start)
    return any(m.what == "asset" and not m.fine and max(a, start - 3) <= m.start < min(b, end) for m in sheet.mentions)
