"""Learns the votes from labelled messages and writes them as arrays (`make train`); the program never runs this."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from nlp import blend, doubt, doubting, kinds
from nlp.cases import MessageCase, as_context, as_message, read_cases
from nlp.features import SIZE, context_name, hashed, words
from nlp.intents import questions, score, unreal
from nlp.learnt import Floats, Weights
from nlp.phrasings import read_phrasings
from nlp.reader import LocalReader
from nlp.sheet import Sheet
from workflow.messages import Inbound
from workflow.plant import Person, Plant
from workflow.reading import EXCEPTION_TYPES, INTENTS, Asked, Context, ReportedException
from workflow.records import Records

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Example:
    """One labelled message, laid out, with whoever wrote it."""

    sheet: Sheet
    intent: str
    kinds: tuple[str, ...]
    author: str
    case: MessageCase | None = None  # labelled in full


@dataclass(frozen=True)
class Source:
    """What one author wrote: messages about one plant."""

    author: str
    plant: Plant
    records: Records
    folder: Path  # of `cases.jsonl`, `full.txt`, `phrasings.txt`: any of them


def made_from(found: Sequence[Example]) -> str:
    """A digest of all that is learnt from; another than the manifest's means that `make train` is due.

    It is taken of what the votes see of the messages, not of the code that lays them out: a reader that finds the same
    in all of them, only faster, has nothing to learn again.
    """
    digest = hashlib.sha256()
    for source in (Path(__file__), Path(doubting.__file__), Path(doubt.__file__)):
        digest.update(source.read_bytes().replace(b"\r\n", b"\n"))  # a checkout may have either
    for e in found:
        digest.update(f"{e.author}|{e.intent}|{e.kinds}|{e.sheet.languages[0]}|{e.sheet.text}\n".encode())
        for row in _before_learning(e):
            digest.update(np.round(row, 4).astype(np.float64).tobytes())
    return digest.hexdigest()


def _before_learning(e: Example) -> Iterator[NDArray[Any]]:
    sheet, whole = e.sheet, (0, len(e.sheet.tokens))
    yield np.asarray(_intent_features(e))
    yield blend.intent_row(sheet, score(sheet), _NOTHING.intent_bias)
    if e.intent == "report":
        yield np.concatenate((sheet.marks.numbers, sheet.marks.starts, sheet.marks.ends))
        skip = [*questions(sheet), *unreal(sheet)]
        parts = [(whole, skip), *((side, ()) for at in blend.boundaries(sheet) for side in ((0, at), (at, whole[1])))]
        for part, without in parts:
            votes = kinds.with_context(sheet, kinds.votes(sheet, (part,), without), (part,))
            yield blend.kind_row(sheet, votes, (part,), _NOTHING.kind_bias)
        alike = dict.fromkeys(EXCEPTION_TYPES, 0.0)
        yield from (blend.split_row(sheet, at, whole, alike, _NOTHING)[0] for at in blend.boundaries(sheet))


def examples(sources: Sequence[Source]) -> list[Example]:
    """Every labelled message of some authors, laid out."""
    found: list[Example] = []
    reader = LocalReader()
    for source in sources:
        plant, records = source.plant, source.records
        labelled: list[MessageCase] = []
        for cases in sorted(source.folder.glob("*.jsonl")):
            labelled += read_cases(cases)
        if (source.folder / "full.txt").exists():
            labelled += read_phrasings(source.folder / "full.txt", plant.zone)
        for case in labelled:
            if case.expect is not None:
                sheet = reader.sheet(as_message(case), as_context(case, plant, records))
                types = tuple(e["type"] for e in case.expect["exceptions"])
                found.append(Example(sheet, case.expect["intent"], types, source.author, case))
        if (source.folder / "phrasings.txt").exists():
            for context, text, intent, types in _short(source.folder / "phrasings.txt", plant, records):
                message = Inbound("web", "phrasing", context.sender.id, context.sender.id, context.now, text)
                found.append(Example(reader.sheet(message, context), intent, types, source.author))
    return found


def _short(path: Path, plant: Plant, records: Records) -> Iterator[tuple[Context, str, str, tuple[str, ...]]]:
    """Lines `language | voice | context | label | text with {placeholders}`, filled with the plant's own names."""
    sure = random.Random(7)  # noqa: S311 - which name stands in which sentence, the same each time
    for line in path.read_text("utf-8").splitlines():
        columns = [column.strip() for column in line.split(" | ", 4)]
        if len(columns) != 5 or line.startswith("#"):
            continue
        lang, voice, where, label, text = columns
        intent, _, rest = label.partition(":")
        types = tuple(t.removeprefix("report:") for t in rest.split("+")) if intent == "report" else ()
        if intent not in INTENTS or any(t not in EXCEPTION_TYPES for t in types):
            continue
        said = _SLOT.sub(lambda slot: _filled(slot.group(1), plant, records, sure), text)
        lines = (sure.choice(plant.lines).id,)
        sender = Person(f"voice.{voice}", voice, ("operator",) if intent == "report" else (), lines, language=lang)
        kind, _, asks = where.partition(":")
        thread = ReportedException("quality_hold" if intent == "disposition" else "machine_breakdown", lines[0])
        question = Asked(asks or "confirm", thread) if kind == "ask" else None  # type: ignore[arg-type]
        now = datetime(2026, 11, 18, 10, 20, tzinfo=plant.zone)
        yield (
            Context(sender, plant, records, now, thread if kind == "thread" else None, question), said, intent, types,
        )  # fmt: skip


def _filled(slot: str, plant: Plant, records: Records, sure: random.Random) -> str:
    line = sure.choice(plant.lines)
    asset = sure.choice(line.assets) if line.assets else None
    match slot.rstrip("0123456789"):
        case "asset":
            return sure.choice((asset.name, *asset.aliases)) if asset else line.name
        case "line":
            return sure.choice((line.name, *line.aliases))
        case "order":
            return sure.choice(records.work_orders).id
        case "item":
            item = sure.choice(records.items)
            return sure.choice((item.description, *item.aliases))
        case "lot":
            return sure.choice(records.lots).id
        case "customer":
            return sure.choice(records.sales_orders).customer
        case "person":
            return sure.choice(plant.people).name.split()[0]
        case "time":
            return f"{sure.randint(5, 22)}:{sure.choice((0, 10, 15, 30, 45)):02d}"
        case _:
            return str(sure.choice((2, 3, 6, 12, 20, 40, 150, 600, 1200)))


# learning -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Learnt:
    """One linear model: a column an intent or a kind."""

    table: Floats
    bias: Floats

    def logits(self, rows: Sequence[int]) -> Floats:
        """Log-odds of each column for a message with these features."""
        out: Floats = self.table[list(rows)].sum(axis=0) / np.float32(max(1, len(rows)) ** 0.5) + self.bias
        return out


def _intent_features(e: Example) -> Sequence[int]:
    return [int(number) for number in hashed(words(e.sheet), context_name(e.sheet))]


def _kind_features(e: Example) -> Sequence[int]:
    return [int(number) for number in e.sheet.marks.inside([(0, len(e.sheet.tokens))])]


def _matrix(rows: Sequence[Sequence[int]]) -> csr_matrix:
    indptr = np.cumsum([0, *(len(row) for row in rows)])
    values = np.concatenate([np.full(len(row), max(1, len(row)) ** -0.5, dtype=np.float32) for row in rows])
    return csr_matrix((values, np.concatenate([np.asarray(row) for row in rows]), indptr), shape=(len(rows), SIZE))


def learn_intents(found: Sequence[Example]) -> Learnt:
    """A softmax over the intents; rare ones count more."""
    return _softmax([_intent_features(e) for e in found], [e.intent for e in found], INTENTS)


def learn_kinds(found: Sequence[Example]) -> Learnt:
    """A softmax over the kinds, of the reports that tell of one."""
    single = [e for e in found if e.intent == "report" and len(set(e.kinds)) == 1]
    return _softmax([_kind_features(e) for e in single], [e.kinds[0] for e in single], EXCEPTION_TYPES)


def _softmax(rows: Sequence[Sequence[int]], said: Sequence[str], names: Sequence[str]) -> Learnt:
    """Only the features that stand in some message are learnt; the others would stay nothing at great expense.

    Each fit begins at nothing: one that began where all authors had led would remember who was to be left out.
    """
    matrix = _matrix(rows)
    used = np.unique(matrix.indices)
    model = LogisticRegression(C=30.0, max_iter=400, class_weight="balanced")
    model.fit(matrix[:, used], said)
    learnt = _columns(model, names)
    table = np.zeros((SIZE, len(names)), dtype=np.float32)
    table[used] = learnt.table
    return Learnt(table, learnt.bias)


_KINDS = len(EXCEPTION_TYPES)
_NOTHING = Weights(  # of a reader that has learnt nothing yet
    np.zeros((SIZE, len(INTENTS)), np.float32), np.zeros((SIZE, _KINDS), np.float32),
    np.zeros(len(INTENTS), np.float32), np.zeros(_KINDS, np.float32),
    {"kind": np.zeros((blend.KIND_COLUMNS, _KINDS), np.float32), "kind_bias": np.zeros(_KINDS, np.float32)}, {},
)  # fmt: skip


def _columns(model: LogisticRegression, names: Sequence[str]) -> Learnt:
    known = list(model.classes_)
    table = np.zeros((model.coef_.shape[1], len(names)), dtype=np.float32)
    bias = np.full(len(names), -8.0, dtype=np.float32)
    for column, name in enumerate(names):
        if name in known:
            table[:, column] = model.coef_[known.index(name)]
            bias[column] = model.intercept_[known.index(name)]
    return Learnt(table, bias)


@dataclass
class _Rows:
    """What one author's messages look like to a small model, by votes that never saw that author."""

    intents: list[tuple[Floats, str]] = field(default_factory=list)
    kinds: list[tuple[Floats, str]] = field(default_factory=list)
    splits: list[tuple[Floats, int]] = field(default_factory=list)


def _blend_rows(found: Sequence[Example], without: Mapping[str, tuple[Learnt, Learnt]]) -> dict[str, _Rows]:
    rows = {author: _Rows() for author in without}
    for e in found:
        intents_of, kinds_of = without[e.author]
        logits = intents_of.logits(_intent_features(e))
        rows[e.author].intents.append((blend.intent_row(e.sheet, score(e.sheet), logits), e.intent))
        if e.intent == "report" and len(set(e.kinds)) == 1:
            whole = ((0, len(e.sheet.tokens)),)
            votes = kinds.with_context(
                e.sheet, kinds.votes(e.sheet, whole, [*questions(e.sheet), *unreal(e.sheet)]), whole
            )
            logits = kinds_of.logits(_kind_features(e))
            rows[e.author].kinds.append((blend.kind_row(e.sheet, votes, whole, logits), e.kinds[0]))
    return rows


def blends(rows: Iterable[_Rows]) -> dict[str, Floats]:
    """The weights between lexicon and learnt votes, from votes about authors that had not been learnt from."""
    known = list(rows)
    out: dict[str, Floats] = {}
    told: tuple[tuple[str, list[tuple[Floats, str]], Sequence[str]], ...] = (
        ("intent", [pair for some in known for pair in some.intents], INTENTS),
        ("kind", [pair for some in known for pair in some.kinds], EXCEPTION_TYPES),
    )
    for name, pairs, names in told:
        model = LogisticRegression(C=1.0, max_iter=2000)
        model.fit(np.stack([row for row, _ in pairs]), [label for _, label in pairs])
        learnt = _columns(model, names)
        out[name], out[f"{name}_bias"] = learnt.table, learnt.bias
    return out


def _split_rows(e: Example, without: Weights) -> Iterator[tuple[Floats, int]]:
    """Where a message that tells of two things is cut (1), and where one that tells of one is not (0)."""
    if e.intent != "report" or len(e.kinds) > 2:
        return
    whole = (0, len(e.sheet.tokens))
    of_whole = blend.likely_kinds(e.sheet, whole, without)
    for at in blend.boundaries(e.sheet):
        row, left, right = blend.split_row(e.sheet, at, whole, of_whole, without)
        if len(e.kinds) == 1:
            yield row, 0
        elif sorted((left, right)) == sorted(e.kinds):
            yield row, 1


def _splits(rows: Iterable[_Rows]) -> dict[str, Floats]:
    pairs = [pair for some in rows for pair in some.splits]
    model = LogisticRegression(C=1.0, max_iter=3000)
    model.fit(np.stack([row for row, _ in pairs]), [label for _, label in pairs])
    return {"split": model.coef_.T.astype(np.float32), "split_bias": model.intercept_.astype(np.float32)}


def _alone_in_a_language(author: str, found: Sequence[Example]) -> bool:
    """Whether nobody else writes an author's language: how little is learnt about it says nothing of the rest."""
    own = Counter(e.sheet.languages[0] for e in found if e.author == author)
    language = own.most_common(1)[0][0]
    return sum(e.author != author and e.sheet.languages[0] == language for e in found) < _FEW


_FEW = 60  # messages


def train(sources: Sequence[Source], out: Path) -> Mapping[str, Any]:
    """Learn from some authors and write `votes.npz` and `manifest.json`; returns the manifest."""
    found = examples(sources)
    intents_of, kinds_of = learn_intents(found), learn_kinds(found)
    authors = sorted({e.author for e in found})
    rest = {author: [e for e in found if e.author != author] for author in authors}
    without = {author: (learn_intents(e), learn_kinds(e)) for author, e in rest.items()}
    rows = _blend_rows(found, without)
    shared = [author for author in authors if not _alone_in_a_language(author, found)]
    blended = blends(rows[author] for author in shared)
    for e in found:
        i, k = without[e.author]
        rows[e.author].splits += _split_rows(e, Weights(i.table, k.table, i.bias, k.bias, blended, {}))
    blended |= _splits(rows.values())
    strangers: dict[str, Weights] = {}
    for author, (i, k) in without.items():
        others = {name: some for name, some in rows.items() if name != author}
        of_others = blends(some for name, some in others.items() if name in shared) | _splits(others.values())
        strangers[author] = Weights(i.table, k.table, i.bias, k.bias, of_others, {})
    blended |= doubting.learn(doubting.judged(found, strangers))
    used = np.flatnonzero((np.abs(intents_of.table).max(axis=1) > 0.01) | (np.abs(kinds_of.table).max(axis=1) > 0.01))
    arrays: dict[str, Any] = {
        "rows": used.astype(np.uint32), "intents": intents_of.table[used].astype(np.float16),
        "kinds": kinds_of.table[used].astype(np.float16), "intent_bias": intents_of.bias, "kind_bias": kinds_of.bias,
        **{f"blend.{name}": value for name, value in blended.items()},
    }  # fmt: skip
    digest = hashlib.sha256("\n".join(f"{e.author}|{e.intent}|{e.kinds}|{e.sheet.text}" for e in found).encode())
    manifest = {
        "messages": len(found), "authors": sorted({e.author for e in found}), "data": digest.hexdigest()[:16],
        "features": int(used.size), "made_from": made_from(found),
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out / "votes.npz", **arrays)
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    return manifest
