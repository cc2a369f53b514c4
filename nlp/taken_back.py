"""What a message names and takes back: "not the filler, the capper", "i mean the other one", "the spiral is fine"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from nlp.naming import Mention
from nlp.tokens import Token

_TROUBLE = frozenset({"symptom", "broken", "defect", "changeover", "problem"})


def still_meant(
    mentions: Sequence[Mention], spans: Sequence[Mapping[str, Sequence[int]]], tokens: Sequence[Token]
) -> list[Mention]:
    """The mentions, with those that the message takes back or says to be all right marked as such."""
    return _said_fine(_not_but(_taken_back(mentions, spans), spans, tokens), spans, tokens)


def _pieces(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    start = 0
    for i, token in enumerate(tokens):
        if token.breaks:
            if i > start:
                yield start, i
            start = i + 1
    if start < len(tokens):
        yield start, len(tokens)


def _taken_back(mentions: Sequence[Mention], spans: Sequence[Mapping[str, Sequence[int]]]) -> list[Mention]:
    """ "out of blue sport.. i mean the sport caps": the mention right before the marker does not stand."""
    out = list(mentions)
    for i, here in enumerate(spans):
        for end in here.get("correct", ()):
            before = [k for k, m in enumerate(out) if m.end <= i and i - m.end <= 3]
            after = [m for m in out if end <= m.start <= end + 6]
            if before and any(m.what == out[before[-1]].what for m in after):
                out[before[-1]] = replace(out[before[-1]], withdrawn=True)
    return out


def _not_but(
    mentions: Sequence[Mention], spans: Sequence[Mapping[str, Sequence[int]]], tokens: Sequence[Token]
) -> list[Mention]:
    """ "not the filler, the capper": what is denied by name gives way to what is said instead."""
    out = list(mentions)
    for k, mention in enumerate(out):
        if mention.what not in ("asset", "line", "order", "lot"):
            continue
        before = range(max(0, mention.start - 2), mention.start)
        denied = any("neg" in spans[i] or "not_this" in spans[i] for i in before) and all(
            not tokens[i].breaks for i in before
        )
        after = mention.end < len(tokens) and "neg_post" in spans[mention.end]
        others = [m for m in out if m.what == mention.what and m.ids != mention.ids and not m.withdrawn]
        if (denied or after) and any(m.start > mention.start or after for m in others):
            out[k] = replace(mention, withdrawn=True)
    return out


def _said_fine(
    mentions: Sequence[Mention], spans: Sequence[Mapping[str, Sequence[int]]], tokens: Sequence[Token]
) -> list[Mention]:
    """Assets of a clause that says they are all right, or that there is nothing with them."""
    out = list(mentions)
    for start, end in _pieces(tokens):
        fine = [i for i in range(start, end) if "fine" in spans[i]]
        if fine and any("neg" in spans[i] for i in range(fine[0] + 1, min(end, fine[0] + 3))):
            continue  # "geht nicht an"
        if not fine or any("neg" in spans[i] for i in range(max(start, fine[0] - 3), fine[0])):
            continue
        trouble = [i for i in range(start, fine[0]) if _TROUBLE & spans[i].keys()]
        for k, mention in enumerate(out):
            if mention.what == "asset" and start <= mention.start < end and mention.end <= fine[0] + 1:
                if any(i not in range(mention.start, mention.end) for i in trouble):
                    continue  # "coating pan se awaz aa rahi hai lekin chal raha hai"
                out[k] = replace(mention, fine=True)
    for k in _of_whom(out, spans, tokens):
        out[k] = replace(out[k], fine=True)
    return out


def _of_whom(
    mentions: Sequence[Mention], spans: Sequence[Mapping[str, Sequence[int]]], tokens: Sequence[Token]
) -> Iterator[int]:
    """ "dacht erst die Spirale spinnt, die is aber ok": the machine that a pronoun in the next piece calls fine."""
    pieces = list(_pieces(tokens))
    for (begin, stop), (start, end) in pairwise(pieces):
        fine = [i for i in range(start, end) if "fine" in spans[i]]
        it = "pronoun" in spans[start] and tokens[stop].kind == "comma"
        if not it or not fine or fine[0] - start > 3 or any(start <= m.start < end for m in mentions):
            continue
        if any("neg" in spans[i] for i in range(start, fine[0] + 1)):
            continue
        named = [k for k, m in enumerate(mentions) if m.what == "asset" and begin <= m.start < stop]
        if len(named) == 1:
            yield named[0]
