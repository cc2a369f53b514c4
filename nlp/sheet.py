"""Everything that was found in one message, laid out for the decisions: tokens, times, mentions, cues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nlp.described import with_described
from nlp.features import Marks, marks
from nlp.index import PlantIndex
from nlp.mentions import find_mentions
from nlp.moments import find_moments
from nlp.naming import Ground, Mention
from nlp.numbers import Number, find_numbers
from nlp.pattern import Hit, longest
from nlp.taken_back import still_meant
from nlp.times import Moment, days_said
from nlp.tokens import READ_CHARACTERS, Token
from nlp.words import COMMON, Lexicon
from workflow.reading import Context

_NAMED = frozenset(
    {"asset", "line", "item", "lot", "order", "person", "customer", "sales_order", "n", "a", "clock", "dur"}
)
_NEGATABLE = ("breakdown", "quality", "safety", "shortage", "labor", "changeover", "inventory", "order", "stopped",
              "runs", "i.resolve", "i.ack", "d.release", "other")  # fmt: skip

_KINDS = frozenset({"safety", "quality", "foreign_body", "other", "order", "changeover", "labor", "inventory"})
_NAMES = frozenset({"asset", "line", "item"})
_NO_LANGUAGE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sheet:
    """One message, taken apart."""

    text: str
    tokens: Sequence[Token]
    spans: Sequence[Mapping[str, Sequence[int]]]  # groups and slots at each token
    numbers: Sequence[Number]
    moments: Sequence[Moment]
    mentions: Sequence[Mention]
    cues: Sequence[Hit]
    negated: Sequence[Hit]  # cues that a negation took back
    context: Context
    index: PlantIndex
    languages: tuple[str, ...]  # likeliest first
    days: Sequence[tuple[int, int]] = ()  # (token, days from today)
    kept: dict[object, Any] = field(default_factory=dict, init=False, compare=False)  # what was worked out of it once

    def hits(self, *names: str) -> list[Hit]:
        """Hits of cues with these names or beginning so ("quality" also means "quality.sure")."""
        return [h for name in names for h in self._by_name.get(name, ())]

    def has(self, *names: str) -> bool:
        """Whether any of these cues was found."""
        return not self._by_name.keys().isdisjoint(names)

    @cached_property
    def _by_name(self) -> Mapping[str, list[Hit]]:
        by_name: dict[str, list[Hit]] = {}
        for hit in self.cues:
            parts = hit.cue.name.split(".")
            for i in range(1, len(parts) + 1):
                by_name.setdefault(".".join(parts[:i]), []).append(hit)
        return by_name

    def group(self, name: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
        """Where a word group stands, as token spans."""
        found = self._by_group.get(name)
        if not found:
            return []
        if start == 0 and end is None:
            return [*found]
        stop = len(self.tokens) if end is None else end
        return [(i, e) for i, e in found if start <= i and e <= stop]

    @cached_property
    def _by_group(self) -> Mapping[str, list[tuple[int, int]]]:
        by_group: dict[str, list[tuple[int, int]]] = {}
        for i, here in enumerate(self.spans):
            for name, ends in here.items():
                by_group.setdefault(name, []).extend((i, e) for e in ends)
        return by_group

    def of(self, what: str, start: int = 0, end: int | None = None) -> list[Mention]:
        """Mentions of a kind that still stand, in a range of tokens."""
        found = self._by_what.get(what)
        if not found:
            return []
        stop = len(self.tokens) if end is None else end
        return [m for m in found if start <= m.start < stop]

    @cached_property
    def _by_what(self) -> Mapping[str, list[Mention]]:
        by_what: dict[str, list[Mention]] = {}
        for mention in self.mentions:
            if not mention.withdrawn:
                by_what.setdefault(mention.what, []).append(mention)
        return by_what

    @cached_property
    def marks(self) -> Marks:
        """What the learnt votes look at."""
        return marks(self)

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """Between full stops, as token ranges."""
        return list(_split(self.tokens, ("stop",)))

    @cached_property
    def pieces(self) -> list[tuple[int, int]]:
        """Between any two breaks."""
        return list(_split(self.tokens, ("stop", "comma")))

    def is_of(self, text: str, context: Context) -> bool:
        """Whether it is of this text in this context; plants and snapshots of ERP are compared as objects."""
        own = self.context
        known = self.text == text and own.plant is context.plant and own.records is context.records
        return known and own == context

    def words(self, start: int, end: int) -> str:
        """The sender's own words for a span of tokens."""
        if start >= end or start >= len(self.tokens):
            return ""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end]

    def sentence_of(self, i: int) -> tuple[int, int]:
        """The sentence that a token stands in."""
        return next(((a, b) for a, b in self.sentences if a <= i < b), (0, len(self.tokens)))


def _split(tokens: Sequence[Token], kinds: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    start = 0
    for i, token in enumerate(tokens):
        if token.kind in kinds:
            if i > start:
                yield start, i
            start = i + 1
    if start < len(tokens):
        yield start, len(tokens)


def lay_out(
    text: str, tokens: Sequence[Token], names: Sequence[tuple[int, int]], index: PlantIndex, context: Context,
    lexicon: Lexicon,
) -> Sheet:  # fmt: skip
    """Find everything in one message, in the order in which the finds build on one another.

    `names`: the token spans at which names of the plant may stand.
    """
    norms = [token.norm for token in tokens]
    breaks = [token.breaks for token in tokens]
    active = likely_languages(text, tokens, context, lexicon)
    spoken = [lexicon.vocabulary.get(norm, frozenset()) for norm in norms]

    def allowed(hit: Hit) -> bool:
        """A second language speaks only where the first knows no word: "se" is no Portuguese "if" in Spanish."""
        code = hit.cue.language
        if code in (COMMON, active[0]):
            return True
        named = {i for slot, a, b in hit.captured if slot in _NAMED for i in range(a, b)}
        return code in active and any(
            tokens[i].kind == "word" and active[0] not in spoken[i] and i not in named
            for i in range(hit.start, hit.end)
        )

    listening = set(active)
    likely = {i: w for i, t in enumerate(tokens) if t.kind == "word" and (w := lexicon.likely(t.norm, listening))}
    spans: list[dict[str, list[int]]] = [{} for _ in tokens]

    numbers = find_numbers(tokens, [lexicon.languages[code] for code in active])
    _number_slots(spans, numbers, tokens)
    heard = lexicon.bits[COMMON] | sum(lexicon.bits[code] for code in active)
    for again in (False, True):  # groups may be made of groups ("pack_unit" of the units)
        for hit in lexicon.groups.find(norms, spans, breaks, likely, speaks=heard, again=again):
            if allowed(hit):
                _put(spans, hit.cue.name, hit.start, hit.end)
    timed_hits = [h for h in lexicon.times.find(norms, spans, breaks, speaks=heard) if allowed(h)]
    moments = find_moments(tokens, numbers, timed_hits, spans, context.plant, context.now)
    for moment in moments:
        _put(spans, "clock" if moment.kind == "clock" else "dur", moment.start, moment.end)

    ground = Ground(
        tokens=tokens, numbers=numbers, spans=spans,
        timed=frozenset(i for m in moments for i in range(m.start, m.end)),
        common=lexicon.function_words(active),
        thread_lots=context.thread.lots if context.thread is not None else (),
        judges="quality" in context.sender.roles or any("hold_verb" in here or "defect" in here for here in spans),
        lines=context.sender.lines, compounds=active[0] == "de",
        plans=bool({"planner", "customer_service"} & set(context.sender.roles)),
        known=frozenset(w for w in norms if not lexicon.vocabulary.get(w, _NO_LANGUAGE).isdisjoint(active)),
    )  # fmt: skip
    mentions = with_described(index, ground, find_mentions(index, names, ground, text), context)
    for mention in mentions:
        _put(spans, mention.what, mention.start, mention.end)
    for i in range(len(tokens)):
        for group in [g for g in spans[i] if g.startswith("role_")]:
            for end in spans[i][group]:
                _put(spans, "role", i, end)

    named = {i for m in mentions if m.confidence >= 0.9 for i in range(m.start, m.end)}
    likely = {i: word for i, word in likely.items() if i not in named}  # "balança" is a scale, and no "balanço"
    hits = longest(h for h in lexicon.cues.find(norms, spans, breaks, likely, speaks=heard) if allowed(h))
    hits = [h for h in hits if not h.cue.name.endswith(".marked") or _asked(h.end, tokens)]
    hits = [h for h in hits if not _makes_none(h, mentions, context)]
    idioms = [h for h in hits if h.cue.name.startswith("idiom.")]
    hits = [h for h in hits if h not in idioms and not any(_says_otherwise(idiom, h) for idiom in idioms)]
    negated = [h for h in hits if _is_negated(h, spans, tokens)]
    standing = [h for h in hits if h not in negated] if negated else hits
    mentions = still_meant(mentions, spans, tokens)
    standing = [h for h in standing if not _within_a_name(h, mentions)]
    days = days_said(spans, context.plant, context.now, [m for m in moments if m.kind == "clock"])
    return Sheet(text, tokens, spans, numbers, moments, mentions, standing, negated, context, index, active, days)


def likely_languages(text: str, tokens: Sequence[Token], context: Context, lexicon: Lexicon) -> tuple[str, ...]:
    """The languages that a message may be in: those whose words it uses, likeliest first."""
    score = dict.fromkeys(lexicon.languages, 0.0)
    spoken: list[frozenset[str]] = []
    for token in tokens:
        if token.kind != "word":
            continue
        speak = lexicon.vocabulary.get(token.norm) or lexicon.begins(token.norm)
        spoken.append(speak)
        for code in speak:
            score[code] += 1.0 / len(speak)
    if not text.isascii():
        written = set(text[:READ_CHARACTERS].lower())
        for letters, code in _LETTERS:
            if code in score and not written.isdisjoint(letters):
                score[code] += 1.0
    if context.sender.language in score:
        score[context.sender.language] += 0.9
    for code in context.plant.languages:
        if code in score:
            score[code] += 0.2
    ranked = sorted(score, key=lambda code: -score[code])
    top = ranked[0]
    own = {code for speak in spoken for code in speak if top not in speak}
    kept = tuple(c for c in ranked if score[c] > 0 and (c == top or (c in own and score[c] >= 0.28 * score[top])))[:3]
    return kept or ("en",)


# Letters that only one of our languages writes.
_LETTERS = (("ąęłńśźżć", "pl"), ("ñ¿¡", "es"), ("ãõ", "pt"), ("äöüß", "de"), ("èêœù", "fr"))


def _number_slots(spans: list[dict[str, list[int]]], numbers: Sequence[Number], tokens: Sequence[Token]) -> None:
    for number in numbers:
        _put(spans, "a", number.start, number.end)
        if not number.article:
            _put(spans, "n", number.start, number.end)
        if number.value == int(number.value) and not number.article:
            small = number.words or len(tokens[number.start].norm) <= 2
            if 0 <= number.value <= 24 and small:
                _put(spans, "h", number.start, number.end)
            if 1 <= number.value <= 59 and small:
                _put(spans, "m", number.start, number.end)
        if number.words and number.end - number.start > 1:
            # "ten thirty" is read as one number by nobody, but "twenty five" may start a clock time by its first word.
            continue


def _put(spans: list[dict[str, list[int]]], name: str, start: int, end: int) -> None:
    ends = spans[start].setdefault(name, [])
    if end not in ends:
        ends.append(end)


def _makes_none(hit: Hit, mentions: Sequence[Mention], context: Context) -> bool:
    """ "kommt keine Zarge mehr raus": of what the plant makes, and puts into nothing else, no material is missing."""
    if not hit.cue.name.startswith("shortage") or not ("<none>" in hit.cue.pattern or "kein|keine" in hit.cue.pattern):
        return False
    items = {i for m in mentions if m.what == "item" for i in m.ids if hit.start <= m.start < hit.end}
    used = {row.component for row in context.records.components} if items else set()
    return bool(items) and all(context.records.item[i].kind == "finished" and i not in used for i in items)


def _says_otherwise(idiom: Hit, hit: Hit) -> bool:
    """ "the red light is on" is no fire: a cue `idiom.safety` takes back what `safety` found within its words."""
    name = idiom.cue.name.removeprefix("idiom.")
    return hit.cue.name.split(".")[0] == name and idiom.start <= hit.start and hit.end <= idiom.end


def _within_a_name(hit: Hit, mentions: Sequence[Mention]) -> bool:
    """ "shot blast", "glass line": no explosion, and no broken glass."""
    return hit.cue.name.split(".")[0] in _KINDS and any(
        m.what in _NAMES and m.confidence >= 0.8 and m.start <= hit.start and hit.end <= m.end for m in mentions
    )


def _asked(i: int, tokens: Sequence[Token]) -> bool:
    """Whether the sentence around a token ends in a question mark."""
    return next((token.norm == "?" for token in tokens[i:] if token.kind == "stop"), False)


def _is_negated(hit: Hit, spans: Sequence[Mapping[str, Sequence[int]]], tokens: Sequence[Token]) -> bool:
    if hit.cue.name.split(".sure")[0].split(".weak")[0] not in _NEGATABLE:
        return False
    for begin in range(max(0, hit.start - 4), hit.start):
        if "idiom" in spans[begin] or (begin and "idiom" in spans[begin - 1]):
            continue
        for end in spans[begin].get("neg", ()):
            if end <= hit.start and all("neg_skip" in spans[i] for i in range(end, hit.start)):
                return True
    return _negated_inside(hit, spans, tokens)


def _negated_inside(hit: Hit, spans: Sequence[Mapping[str, Sequence[int]]], tokens: Sequence[Token]) -> bool:
    """ "a linha não parou" fits "linha .. parou": the gap holds what turns it round."""
    if ".." not in hit.cue.pattern:
        return False
    covered = {i for _, start, end in hit.captured for i in range(start, end)}
    words = hit.cue.pattern.replace("|", " ").replace("_", " ").split()
    if "neg" in spans[hit.start]:
        return False  # "nie mogę nic zaksięgować": one no said twice
    return any(
        "neg" in spans[i] and i not in covered and tokens[i].norm not in words
        for i in range(hit.start + 1, hit.end - 1)
    )
