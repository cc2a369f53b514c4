"""The fields of one exception: line, assets, orders, items, lots, how much, since when, whether the line stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from nlp.kinds import Part, clauses
from nlp.linking import evidence_of, link
from nlp.pattern import Hit
from nlp.quantities import how_much
from nlp.sheet import Sheet
from nlp.times import Moment, Role, instant
from workflow.reading import ExceptionType, Question, ReportedException

_A_DAY = 1440  # minutes
_MAY_LIE_AHEAD: frozenset[ExceptionType] = frozenset({"labor_shortage", "order_change", "material_shortage"})


def build(sheet: Sheet, part: Part, inherited_line: str | None = None) -> tuple[ReportedException, Question | None]:
    """One exception from its part of the message, and the one question that would settle what is unsure."""
    linked = link(sheet, part, inherited_line)
    started, duration = _when(sheet, part)
    of_lots = [sheet.context.records.lot[lot].item for lot in linked.lots]
    quantity = how_much(sheet, part, linked.items, of_lots)
    stopped = _stopped(sheet, part)
    confidence = dict(linked.confidence)
    if part.type is not None:
        confidence["type"] = round(part.confidence, 3)
    evidence = list(linked.evidence)
    if started is not None:
        confidence["started_at"] = 0.9
        evidence.append(
            evidence_of(sheet, "started_at", started.start, started.end, "", f"time {started.role or 'said'}")
        )
    towards = (
        "near"
        if part.type in _MAY_LIE_AHEAD and started is not None and started.role in ("from", "at", "since")
        else "past"
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


def on_the_same_line(
    sheet: Sheet, parts: Sequence[Part], found: Sequence[ReportedException]
) -> list[ReportedException]:
    """A line stands or runs for all that is told of it, where a sentence of its own says so."""
    how = {
        e.line: e.line_stopped for e, part in zip(found, parts, strict=True)
        if e.line_stopped is not None and _told_of_the_line(sheet, part)
    }  # fmt: skip
    return [replace(e, line_stopped=how.get(e.line)) if e.line_stopped is None and e.line else e for e in found]


def _instant(sheet: Sheet, moment: Moment, towards: str, *, ahead_too: bool = False) -> datetime:
    """The instant of a beginning; a day said anywhere in its sentence counts."""
    day = moment.day
    if day is None and moment.kind == "clock":
        a, b = sheet.sentence_of(moment.start)
        begin = max((end for i, end in sheet.group("correct")), default=0)
        said = [offset for i, offset in sheet.days if max(a, begin) <= i < b]
        day = next((offset for offset in said if offset <= 0 or moment.role != "since" or towards == "near"), None)
    at = instant(replace(moment, day=day), sheet.context.plant, sheet.context.now, towards=towards)  # type: ignore[arg-type]
    ahead = instant(replace(moment, day=day), sheet.context.plant, sheet.context.now, towards="future")
    hours = (ahead - sheet.context.now).total_seconds() / 3600
    if ahead_too and moment.role == "from" and 0 <= hours <= 8:
        return ahead  # "from 7 on I have nobody to fill", written at half past six
    if ahead_too and moment.exact and hours <= 14 and (sheet.context.now - at).total_seconds() > 8 * 3600:
        return ahead  # "brakuje operatora od 22", written in the morning
    return at


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
            sure = moment.exact or (moment.kind == "clock" and ":" in sheet.tokens[moment.start].norm)
            if role == "" and not sure and (moment.end - moment.start < 2 or _behind_a_noun(sheet, moment)):
                continue
            if role in ("at", "") and part.type == "changeover_overrun" and not moment.exact:
                continue
            if role in ("at", "") and part.type in ("order_change", "material_shortage"):
                continue
            if role == "ago" and part.type == "order_change" and moment.minutes >= _A_DAY:
                continue  # "they want it two days earlier"
            if started is None or (started.kind == "anchor" and moment.kind == "clock"):
                started = moment  # "since this morning, at seven"
    told = ("", "for", "since", "by") if part.type == "changeover_overrun" else ("", "for", "since")
    duration = next(
        (m.minutes for m in moments if m.kind == "duration" and m is not started
         and (m.role in told or (part.type == "changeover_overrun" and _too_long(sheet, m)))
         and m.minutes >= 1 and not _rate(sheet, m) and not _planned(sheet, m)), None
    )  # fmt: skip
    if part.type in ("order_change", "inventory_discrepancy", "quality_hold"):
        duration = None
    if part.type == "material_shortage" and not any(part.holds(h.start) for h in sheet.hits("stopped")):
        duration = None  # "enough for half an hour"
    return started, duration


def _behind_a_noun(sheet: Sheet, moment: Moment) -> bool:
    """ "las boquillas 3 y 5", "heads 4 and 9": numbers of things, no time of day; "ten past nine" is always one."""
    counted = {i for n in sheet.numbers for i in range(n.start, n.end)} | {i for i, _ in sheet.group("num_and")}
    if any(sheet.tokens[i].kind == "word" and i not in counted for i in range(moment.start, moment.end)):
        return False
    if moment.start == 0 or sheet.tokens[moment.start - 1].kind != "word":
        return False
    return not set(sheet.spans[moment.start - 1]) & {"about", "article_word", "t_at", "after_hour"}


def _too_long(sheet: Sheet, moment: Moment) -> bool:
    """ "já vai em 50 min a mais do que o previsto": how long it is over, whatever stands before."""
    return moment.end < len(sheet.tokens) and "late" in sheet.spans[moment.end]


def _planned(sheet: Sheet, moment: Moment) -> bool:
    """ "planned an hour": what it should have taken."""
    return not _too_long(sheet, moment) and bool(sheet.group("planned_word", max(0, moment.start - 3), moment.end + 2))


def _rate(sheet: Sheet, moment: Moment) -> bool:
    """ "every 10 minutes", "3 times in half an hour" tell no duration."""
    return any("every" in sheet.spans[i] for i in range(max(0, moment.start - 2), moment.start)) or (
        moment.end < len(sheet.tokens) and "not_a_duration" in sheet.spans[moment.end]
    )


def _stopped(sheet: Sheet, part: Part) -> bool | None:
    """Only where the words say that the line, the order or production stands or runs."""
    stopped = [h for h in sheet.hits("stopped") if _told_of(sheet, part, h)]
    stopped = [h for h in stopped if not _about_an_asset(sheet, h.start, h.end) and not _soon(sheet, h.start, h.end)]
    runs = [h for h in sheet.hits("runs") if _told_of(sheet, part, h) and not _about_an_asset(sheet, h.start, h.end)]
    runs = [h for h in runs if _is_the_line(sheet, h.start, h.end)]
    if part.type == "changeover_overrun":  # what is "still going" is the changeover
        runs = [h for h in runs if sheet.group("line_noun", h.start, h.end) or sheet.of("line", h.start, h.end)]
        late = sheet.hits("changeover")  # "format change on labelling is running 25 minutes over"
        runs = [h for h in runs if not any(c.start < h.end and h.start < c.end for c in late)]
    not_stopped = [h for h in sheet.negated if h.cue.name == "stopped" and part.holds(h.start)]
    not_running = [h for h in sheet.negated if h.cue.name == "runs" and part.holds(h.start)]
    if stopped and runs:
        return max(h.end - h.start for h in runs) < max(h.end - h.start for h in stopped)
    if stopped:
        return True
    if runs or not_stopped:
        return False
    return True if not_running else None


def _told_of(sheet: Sheet, part: Part, hit: Hit) -> bool:
    """Whether a word of standing or running is said of this part, or of both lines at once."""
    return part.holds(hit.start) or bool(sheet.group("both_lines", max(0, hit.start - 3), hit.end))


def _told_of_the_line(sheet: Sheet, part: Part) -> bool:
    """ "... and the robot dropped a pallet. We're down.": a sentence of its own says how the line is."""
    hits = [h for h in sheet.hits("stopped", "runs") if part.holds(h.start)]
    return any(not sheet.of("asset", *sheet.sentence_of(h.start)) for h in hits)


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
    """ "filler on 3 is down": the filler, not line 3; "célula 2 parou", where that is a machine."""
    machines = {i for m in sheet.of("asset") if not m.fine for i in range(m.start, m.end)}
    words = [i for name in ("line_noun", "we", "we_form", "the_line") for i, _ in sheet.group(name, start, end)]
    places = [m for m in sheet.of("line") if start <= m.start < end and m.start not in machines]
    clause = next(((a, b) for a, b in clauses(sheet) if a <= start < b), (start, end))
    words = [i for i in words if i not in machines]
    named = machines | {i for i, _ in sheet.group("machine_word")}
    if not places and not words and any(clause[0] <= i < end for i in named):
        return True
    if not any(m.what == "line" and start <= m.start < end for m in sheet.mentions):
        return False
    a, b = sheet.sentence_of(start)
    return any(m.what == "asset" and not m.fine and max(a, start - 3) <= m.start < min(b, end) for m in sheet.mentions)
