"""A short and seeded run of the fuzzer, and what it must be able to catch. The long one is in `make campaign`."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from nlp.reader import LocalReader
from tests.nlp import fuzz
from tests.nlp.growing import HOLDING, Growing, kept
from workflow.reading import Disposition, Reading, ReportedException


def first(name="northfield"):
    return fuzz.situations(name)[0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 2026])
def test_no_grown_message_breaks_a_promise(seed):
    seen = fuzz.run(seed, messages=2 * fuzz.EACH_PLANT)
    assert seen.broken is None, (seen.broken.promise, seen.broken.text)
    assert seen.messages == 2 * fuzz.EACH_PLANT


@pytest.mark.slow
@pytest.mark.parametrize("name", fuzz.PLANTS)
def test_R17_a_no_in_one_language_counts_for_a_sender_of_any_other(name):
    lot = fuzz.folder(name).records.lots[0].id
    fresh = [c for c in fuzz.situations(name) if c.thread is None and c.question is None]
    people = {c.sender.language: c for c in fresh}.values()
    threads = [c for c in fuzz.situations(name) if c.thread is not None and c.thread.type == "quality_hold"]
    for sentence in HOLDING:
        for context in (*people, *threads[:2]):
            said = sentence.replace("{lot}", lot)
            assert fuzz.broken(said, context, must_hold=True) is None, (said, context.sender.id)


def test_R17_do_not_release_said_in_english_in_an_indian_plant_keeps_the_lot():
    here = fuzz.folder("annapurna")
    lot = here.records.lots[0].id
    gopal = next(c for c in fuzz.situations("annapurna") if c.sender.id == "gopal.mishra" and c.question is None)
    for said in (f"do not release {lot}", f"no release for {lot}", f"{lot} cannot be released"):
        assert fuzz.broken(said, gopal, must_hold=True) is None, said


def test_messages_are_the_same_for_the_same_dice():
    here = fuzz.folder("northfield")
    one, other = (Growing(random.Random(5), here, fuzz.PHRASINGS) for _ in range(2))
    assert [one.message() for _ in range(50)] == [other.message() for _ in range(50)]


class Says(LocalReader):
    """A reader that says what it is told to."""

    def __init__(self, reading):
        self.reading = reading

    def read(self, message, context):
        return self.reading

    def explain(self, message, context):
        if isinstance(self.reading, Exception):
            raise self.reading
        return None, self.reading, {}


WRONG = {
    "no exception": ValueError("a swallowed one"),
    "no link to unknown ids": Reading("report", (ReportedException("other", assets=("NO-SUCH",)),)),
    "numbers are finite": Reading("update", eta_min=float("inf")),
    "spans are not negative": Reading("report", (ReportedException("other", duration_min=-5.0),)),
    "confidence is from 0 to 1": Reading("chatter", confidence={"intent": 1.2}),
    "no false release": Reading("disposition", disposition=(Disposition("release"),)),
    "times are near": Reading("report", (ReportedException("other", started_at=first().now.replace(year=1970)),)),
}


@pytest.mark.parametrize("promise", WRONG)
def test_a_broken_promise_is_seen(promise, monkeypatch):
    monkeypatch.setattr(fuzz, "reader", lambda: Says(WRONG[promise]))
    assert str(fuzz.broken("mixer down", first(), must_hold=True)).startswith(promise)


def test_a_fault_is_cut_down_to_what_breaks_it(monkeypatch):
    class Chokes(Says):
        def explain(self, message, context):
            if "x7" in message.text:
                raise KeyError("x7")
            return None, self.reading, {}

    monkeypatch.setattr(fuzz, "reader", lambda: Chokes(Reading("chatter")))
    found = fuzz.Broken("no exception: KeyError: 'x7'", "the mixer says x7 since ten past", "northfield", first())
    assert fuzz.shortest(found).text == "x7"
    assert fuzz.shortest(replace(found, text="x7")).text == "x7"


def test_sentences_that_free_nothing_name_a_lot_and_stay_what_they_are():
    here, dice = fuzz.folder("northfield"), random.Random(1)
    lots = {lot.id.lower() for lot in here.records.lots}
    for _ in range(100):
        said = kept(dice, here).lower().replace("\u200b", "").replace("\u00ad", "").replace("\u2060", "")
        assert any(lot in said for lot in lots), said
