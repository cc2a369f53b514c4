"""What exactly a question wants: the reader's query, and what the words besides tell at the border of answers (R57)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bot.answers.periods import period_of
from bot.answers.words import WORD, first, folded, in_full, lists, patterns, says
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
    if (bare := _case_by_number(reading, words)) is not None:
        return Wanted("case", case=bare)
    stops = across and patterns("plants")["stops"].search(words) is not None
    if query is None and _NUMBER.search(text) is not None and says("one_case", words) and not says("act", words):
        return Wanted("case", case=_numbered(text))
    if query is None and across:
        kind = next((one.type for one in reading.exceptions), None)
        query = Query("summary", None, kind if kind != "other" else None)
    if query is None:
        danger = any(exception.type == "safety" for exception in reading.exceptions)
        if reading.intent == "disposition" or danger or len(text) > _MOST or not _asks(reading, words):
            return None
        query = Query("metrics", *_linked(reading))
    subject = _alone(words) or first("subject", words) or ("count" if stops else None)
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
    )
    if found.about == "status" and found.work_order is None:
        found = replace(found, about=_without_order(found))
    if reading.query is not None and _NUMBER.search(text) is not None:
        return Wanted("case", case=_numbered(text))
    if found.against is not None:
        found = replace(found, about="metrics", asset=None)
        if _compares_lines(words):
            found = replace(found, by="line", line=None, against=None)
    several = _several(why) if found.asset is None else ()
    if len(several) == 1:
        found = replace(found, asset=several[0])
    elif several and found.line is None and found.work_order is None:
        found = replace(found, assets=several, about="open" if found.about == "status" else found.about)
    if found.asset is not None and found.line is None:
        found = replace(found, line=plant.asset[found.asset].line)
    named, n = _period(words)
    if found.against == "before" and named is not None and named.startswith("last_"):
        named = f"this_{named.removeprefix('last_')}"  # "better than last week" speaks of this one
    if found.against == "before" and named is None and query.start is None:
        named = "this_week"  # "is it getting better?"
    start, end = period_of(named, n, plant, now) if named is not None else (query.start, query.end)
    if named is None or (query.start is not None and named in ("yesterday", "today", "last_night")):
        start, end, named = query.start or start, query.end if query.start is not None else end, None
    if first("subject", words) is None and _alone(words) is None and found.owner is None and not found.late:
        # "were there any breakdowns yesterday": nobody asks for what is open now
        over = end is not None and end <= now
        if (found.about == "status" and start is not None) or (found.about == "open" and over):
            found = replace(found, about="summary")
    return replace(found, start=start, end=end, named=named)


@dataclass(frozen=True, slots=True)
class Several:
    """A question to several plants: which of them, and what is left of it without their names."""

    named: tuple[str, ...]
    all: bool  # "in all plants"
    compares: bool
    rest: str

    @property
    def sure(self) -> bool:
        """Words that no report has."""
        return self.all or self.compares


def several_plants(text: str, names: tuple[str, ...]) -> Several | None:
    """Which plants a message names by these folded names, or all of them; None where it names none."""
    spans = [(found.start(), found.end(), fold(found[0])) for found in WORD.finditer(text)]
    words = f" {' '.join(word for *_, word in spans)} "
    if len(text) > _MOST:
        return None
    taken: list[tuple[int, int]] = []
    named = []
    for name in sorted(names, key=len, reverse=True):
        pattern = re.compile(f" {re.escape(' '.join(WORD.findall(name)))}(?:s|'s|’s)?(?= )")
        for found in pattern.finditer(words):
            if not any(start < found.end() and found.start() < end for start, end in taken):
                taken.append((found.start(), found.end()))
                named.append(name)
    every = patterns("plants")["all"].search(words)
    if every is not None:
        taken.append((every.start(), every.end()))
    if not named and every is None:
        return None
    compares = patterns("plants")["compare"].search(words)
    taken += [(compares.start(), compares.end())] if compares is not None else []
    cut = {n for n in range(len(spans)) for start, end in taken if start <= _position(spans, n) < end}
    kept = "".join(
        " " if n in cut else text[spans[n][0] : (spans[n + 1][0] if n + 1 < len(spans) else len(text))]
        for n in range(len(spans))
    )
    return Several(tuple(named), every is not None, compares is not None, " ".join(kept.split()))


def _position(spans: list[tuple[int, int, str]], n: int) -> int:
    """Where the blank before a word stands in the folded words."""
    return sum(len(word) + 1 for *_, word in spans[:n])


def asks_for_figures(text: str) -> bool:
    """Whether a message without a mark asks by the name of a figure, with no act and no minutes beside it (R14)."""
    words = in_full(folded(text))
    return len(text) <= _MOST and _names_a_figure(words)


def _names_a_figure(words: str) -> bool:
    told = patterns("period")["hours"].sub(" ", words)
    so_many = re.search(patterns("")["amount"].pattern + r" \d", words) is not None
    if so_many or says("act", words) or _MINUTES.search(told) is not None:
        return False
    beside = any(first(kind, words) is not None for kind in ("period", "by", "against"))
    return says("figure", words) or (beside and says("amount", words))


def _asks(reading: Reading, words: str) -> bool:
    if says("sure", words) or _names_a_figure(words) or _alone(words) is not None:
        return True
    if reading.intent != "chatter" or reading.exceptions:
        return False
    if first("subject", words) == "owed":
        return True
    beside = (first(kind, words) for kind in ("period", "by", "against"))
    return first("subject", words) is not None and any(beside)


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
    found = set()
    for person in plant.people:
        names = [fold(part) for part in person.name.split()]
        if person.id != sender.id and any(f" {name} " in words for name in (names[0], names[-1])):
            found.add(person.id)
    return found.pop() if len(found) == 1 else None


def _period(words: str) -> tuple[str | None, int | None]:
    named = first("period", words)
    return named, _number(words) if named in ("hours", "days", "weeks") else None


def _number(words: str) -> int | None:
    for value in re.findall(r" (\d{1,2})(?= )", words):
        if 2 <= int(value) <= 99:
            after = words.split(f" {value} ", 1)
            if re.search(r"(last|past|ultim\w+|letzten|ostatni\w+|pichl\w+|dernier\w+|पिछल\S+)$", after[0]):
                return int(value)
    for value, pattern in patterns("number").items():
        if re.search(r"(?:last|past|ultim\w+|letzten|ostatni\w+|pichl\w+|dernier\w+|पिछल\S+)" + pattern.pattern, words):
            return int(value)
    return None
