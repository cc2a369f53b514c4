"""What exactly a question wants: the reader's query, and what the words besides tell at the border of answers (R57)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bot.answers.in_time import as_typed, in_time, left_out, narrowing
from bot.answers.mentions import any_of, time_words
from bot.answers.times import Time, time_said
from bot.answers.words import first, folded, in_full, lists, number_of, patterns, says
from nlp.tokens import fold
from workflow.plant import Person, Plant
from workflow.reading import ExceptionType, Query, Reading, Why

Subject = Literal[
    "open", "summary", "metrics", "status", "priorities", "who",
    "history", "causes", "holds", "downtime", "on_shift", "ranking", "count", "owed", "case", "improve",
]  # fmt: skip
By = Literal["line", "type", "shift", "role"]
Against = Literal["before", "baseline"]

_NUMBER = re.compile(r"\bEX-\d+\b", re.IGNORECASE)
_NOW = r"(?:(?:now|rn|ahora|agora|jetzt|teraz|abhi|maintenant|अभी) )?$"
_BARE = re.compile(rf"^ (\d{{4,6}})(?= )| (\d{{4,6}})(?= {_NOW})")  # "who has 2015", first or last
_MINUTES = re.compile(r" \d+ ?(?:m|min|mins|minut\w*|stunden?|std|hrs?|horas?|heures?|godz\w*|ghant\w*|मिनट)(?= )")
_FEW = 7  # words of a question about a number alone
_MOST = 300  # characters: what is longer is no question of this kind
_OF_AN_ORDER = frozenset({"status", "open", "who", "summary"})
_NEVER_TYPED = frozenset({"status", "history", "causes", "holds", "downtime", "on_shift", "ranking", "owed"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question to the records, complete: its subject, which cases, and how they are put side by side."""

    about: Subject
    line: str | None = None
    type: ExceptionType | None = None
    work_order: str | None = None
    asset: str | None = None
    assets: tuple[str, ...] | None = None  # "the filler", of four: each of them
    case: str | None = None  # a number: EX-1042
    owner: str | None = None  # a person's id: what they have
    late: bool = False
    by: By | None = None
    against: Against | None = None
    start: datetime | None = None
    end: datetime | None = None
    n: int | None = None  # "last ten"
    named: str | None = None  # of the period: "last_week"
    shifts: tuple[str, ...] | None = None  # of a longer period these shifts alone
    stops: bool = False  # of a history those that stood, and nothing else
    lots: tuple[str, ...] | None = None
    unknown: str | None = None  # an order that ERP does not know
    earlier: tuple[datetime, datetime] | None = None  # "October with September": what it is compared with
    time_left: tuple[str, ...] | None = None  # words of time that were not understood
    left: tuple[str, ...] | None = None  # what else narrows the question down, and is not taken into account


def wanted(
    reading: Reading,
    text: str,
    sender: Person,
    plant: Plant,
    now: datetime,
    why: Why | None = None,
    *,
    across: bool = False,
) -> Wanted | None:
    """The question that a message asks; None where it asks none.

    Anything but a question is taken for one only by words that no report has (`sure` in words.yaml), by a single word
    that asks (`alone`), or where a remark names a subject and a time. `why` tells which machines a word may mean.
    `across`: it is known to be a question, to several plants, whose names were taken out of it.
    """
    words = in_full(folded(text))
    query = reading.query
    time = time_said(text, plant, now, compares=first("against", words) is not None)
    if (bare := _case_by_number(reading, words)) is not None:
        return Wanted("case", case=bare)
    stops = patterns("plants")["stops"].search(words) is not None
    if query is None and _NUMBER.search(text) is not None and says("one_case", words) and not says("act", words):
        return Wanted("case", case=_numbered(text))
    if query is None and across:
        kind = next((one.type for one in reading.exceptions), None)
        query = Query("summary", None, kind if kind != "other" else None)
    if query is None:
        danger = any(exception.type == "safety" for exception in reading.exceptions)
        if reading.intent == "disposition" or danger or len(text) > _MOST or not _asks(reading, words, time):
            return None
        query = Query("metrics", *_linked(reading))
    subject = _alone(words) or first("subject", words) or ("count" if stops and (across or query is None) else None)
    subject = subject or ("metrics" if reading.query is None and not across else query.about)
    if subject == "status" and reading.query is None:
        query = replace(query, work_order=_order(reading))
    if subject == "causes" and first("by", words) is not None:
        subject = "downtime"  # "which line is worst"
    if query.about == "priorities":
        subject = query.about
    if subject in ("downtime", "metrics", "count", "summary") and query.work_order is not None:
        subject = query.about
    line = query.line or _bare_line(words, plant)
    found = Wanted(
        subject,  # type: ignore[arg-type]  # the keys of words.yaml, checked by a test
        line=line,
        type=None if subject in _NEVER_TYPED else query.type,
        work_order=query.work_order,
        asset=_asset(reading, words, plant, line),
        owner=_person(words, sender, plant) if subject in ("open", "who", "status") else None,
        late=says("late", words) and subject in ("open", "who", "status"),
        by=first("by", words),  # type: ignore[arg-type]
        against=first("against", words),  # type: ignore[arg-type]
        n=_number(words) if subject == "history" else None,
        stops=subject == "history" and stops,
        lots=_lots(reading) if subject in ("open", "who") else None,
    )
    if found.about in _OF_AN_ORDER and found.work_order is None and (unknown := _unknown_order(text, why)):
        return replace(found, about="status", unknown=unknown)
    if found.about == "status" and found.work_order is None:
        found = replace(found, about=_without_order(found))
    if reading.query is not None and _NUMBER.search(text) is not None:
        return Wanted("case", case=_numbered(text))
    if found.against is not None:
        found = replace(found, about="downtime" if subject == "downtime" and found.against == "before" else "metrics")
        if _compares_lines(words):
            found = replace(found, by="line", line=None, against=None)
        elif len(time.shifts) > 1:
            found = replace(found, by="shift", against=None, shifts=time.shifts)
    several = _several(why) if found.asset is None else ()
    if len(several) == 1:
        found = replace(found, asset=several[0])
    elif several and found.line is None and found.work_order is None:
        found = replace(found, assets=several, about="open" if found.about == "status" else found.about)
    if found.asset is not None and found.line is None:
        found = replace(found, line=plant.asset[found.asset].line)
    if time.quarter is not None and found.line is not None and not _says_line(time.rest):
        found = replace(found, line=None)  # "Q3" is no line 3
    found = in_time(found, time, query, plant, now)
    if found.time_left:
        found = replace(found, time_left=tuple(as_typed(phrase, text) for phrase in found.time_left))
    found = _as_far_as_counted(found, reading, text, words, sender, plant)
    start, end = found.start, found.end
    if first("subject", words) is None and _alone(words) is None and found.owner is None and not found.late:
        # "were there any breakdowns yesterday": nobody asks for what is open now
        over = end is not None and end <= now
        if (found.about == "status" and start is not None) or (found.about == "open" and over):
            found = replace(found, about="summary")
    return found


def _as_far_as_counted(found: Wanted, reading: Reading, text: str, words: str, sender: Person, plant: Plant) -> Wanted:
    """The question with what no answer takes into account; people are not counted (R57)."""
    if found.about in ("case", "on_shift", "ranking", "improve", "priorities"):
        return found
    if found.about in ("count", "metrics", "downtime") and _people(words, sender, plant):
        return replace(found, about="ranking")
    left = [] if found.about == "owed" else [*narrowing(text, words)]
    if found.owner is None and found.about in ("summary", "causes", "history"):
        left += (plant.person[who].name for who in sorted(_people(words, sender, plant)))
    if found.lots is None and found.about != "holds":
        left += _lots(reading) or ()
    if found.by is not None and found.about in ("count", "summary") and found.against is None:
        found = replace(found, about="metrics")  # the figures of each
    if found.by in ("shift", "role") and found.against == "baseline":  # the times from before know line and kind
        left += [as_typed(m[0], text) for p in patterns("by").values() if (m := p.search(words)) is not None]
    return left_out(found, left) if left else found


def _lots(reading: Reading) -> tuple[str, ...] | None:
    of = reading.mentioned or next(iter(reading.exceptions), None)
    return of.lots or None if of is not None else None


def _unknown_order(text: str, why: Why | None) -> str | None:
    """ "where is order 99999": a number that ERP does not know as one."""
    for one in why.candidates if why is not None else ():
        if one.what == "order" and not one.ids and not one.set_aside:
            return text[one.start : one.end]
    bare = re.fullmatch(r"\D{3,30}\s(\d{5,})\W*", text)
    return bare[1] if bare is not None else None


def asks_for_figures(text: str, plant: Plant, now: datetime) -> bool:
    """Whether a message without a mark asks by the name of a figure, with no act and no minutes beside it (R14)."""
    return len(text) <= _MOST and _names_a_figure(in_full(folded(text)), time_said(text, plant, now))


def _names_a_figure(words: str, time: Time) -> bool:
    undated = in_full(folded(time.rest))  # "minutes down 11/12": a day, and not so many minutes
    so_many = re.search(patterns("")["amount"].pattern + r" \d", undated) is not None
    if so_many or says("act", words) or _MINUTES.search(time.rest) is not None:
        return False
    beside = _says_when(time) or any(first(kind, words) is not None for kind in ("by", "against"))
    return says("figure", words) or (beside and says("amount", words))


def _says_when(time: Time) -> bool:
    return time.start is not None or bool(time.shifts) or bool(time.unread)


def _says_line(words: str) -> bool:
    return re.search(r" (?:line|lines|lini\w*|linea|linha|ligne|l|लाइन) ?\d+(?= )", words) is not None


def _asks(reading: Reading, words: str, time: Time) -> bool:
    if says("sure", words) or _names_a_figure(words, time) or _alone(words) is not None:
        return True
    if reading.intent != "chatter" or reading.exceptions:
        return False
    if first("subject", words) == "owed":
        return True
    against = first("against", words) is not None
    if against and (len(time.shifts) > 1 or time.earlier is not None):
        return True  # "compare the night shift with the day shift"
    beside = _says_when(time) or first("by", words) is not None or against
    return beside and (first("subject", words) is not None or patterns("plants")["stops"].search(words) is not None)


def _alone(words: str) -> str | None:
    """What a message asks that is nothing but one such word: "status"."""
    said = re.sub(f" {_NOW}", "", words).strip()
    return next((name for name, phrases in lists("alone").items() if said in map(fold, phrases)), None)


def _compares_lines(words: str) -> bool:
    """ "compare line 1 and line 3"."""
    return len(set(re.findall(r" (?:line|lini\w*|linea|linha|ligne|l) ?(\d+)(?= )", words))) > 1


def _several(why: Why | None) -> tuple[str, ...]:
    """The machines that the words of a question may mean, where one alone was not named."""
    found = (c.ids for c in why.candidates if c.what == "asset" and not c.set_aside) if why is not None else ()
    return tuple(dict.fromkeys(i for ids in found for i in ids))


def _without_order(found: Wanted) -> Subject:
    if found.late or found.owner is not None or found.asset is not None or found.line is not None:
        return "open"
    return "metrics" if found.by is not None or found.against is not None else "status"


def _numbered(text: str) -> str | None:
    found = _NUMBER.search(text)
    return found[0].upper() if found is not None else None


def _order(reading: Reading) -> str | None:
    of = reading.mentioned or next(iter(reading.exceptions), None)
    return of.work_orders[0] if of is not None and len(of.work_orders) == 1 else None


def _linked(reading: Reading) -> tuple[str | None, None, None]:
    of = reading.mentioned or next(iter(reading.exceptions), None)
    return (of.line if of is not None else None), None, None


def asks_about_a_number(text: str) -> bool:
    """Whether a message asks who has an exception, of which it says the number alone: never a piece of a report."""
    words = in_full(folded(text))
    return len(words.split()) <= _FEW and says("numbered", words) and _BARE.search(words) is not None


def _case_by_number(reading: Reading, words: str) -> str | None:
    """ "who has 2015": the exception of that number, unless the plant has an order that is called so."""
    of = reading.mentioned or next(iter(reading.exceptions), None)
    orders = reading.query.work_order if reading.query is not None else None
    if orders or (of is not None and (of.work_orders or of.lots or of.items)) or not asks_about_a_number(words):
        return None
    found = _BARE.search(words)
    return f"EX-{found[1] or found[2]}" if found is not None else None


def _bare_line(words: str, plant: Plant) -> str | None:
    """ "q paso anoche en la 3": the one line whose name ends with that number, where nothing else is counted by it."""
    found = re.search(r" (?:on|la|na|da|auf|auf der|der|pe|par|sur la) (\d{1,2})(?= (?:$|\D))", words)
    if found is None or any(shift.id == found[1] for shift in plant.shifts):
        return None
    after = words[found.end() :]
    if after.strip() and not any(pattern.match(after) for pattern in patterns("period").values()):
        return None
    lines = [line.id for line in plant.lines if line.name.split()[-1] == found[1]]
    return lines[0] if len(lines) == 1 else None


def _asset(reading: Reading, words: str, plant: Plant, line: str | None) -> str | None:
    of = reading.mentioned or next(iter(reading.exceptions), None)
    if of is not None and of.assets:
        return of.assets[0]
    named = [
        asset.id
        for asset in plant.asset.values()
        if f" {folded(asset.name).strip()} " in words and (line is None or asset.line == line)
    ]
    return named[0] if len(named) == 1 else None


def _person(words: str, sender: Person, plant: Plant) -> str | None:
    """The one person who is named, by the whole name or a first or last name that only they have."""
    found = _people(words, sender, plant)
    return found.pop() if len(found) == 1 else None


def _people(words: str, sender: Person, plant: Plant) -> set[str]:
    found = set()
    for person in plant.people:
        names = [fold(part) for part in person.name.split()]
        if person.id != sender.id and any(f" {name}{s} " in words for name in (names[0], names[-1]) for s in ("", "s")):
            found.add(person.id)
    return found


def _number(words: str) -> int | None:
    """ "last ten", "les dix derniers"."""
    last = any_of(time_words()["last"])
    for form in (rf"{last} (\d{{1,2}}|\D\S*)(?= )", rf" (\d{{1,2}}|\D\S*){last}(?= )"):
        for said in re.findall(form, words):
            if (n := number_of(said)) is not None and n >= 2:
                return n
    return None
