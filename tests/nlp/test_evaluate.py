"""The scores mean what the message-cases contract says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from nlp.baseline import KeywordReader
from nlp.cases import MessageCase, as_context, as_message
from nlp.evaluate import evaluate, interval, same_quantity, same_time
from tests.nlp.world import WEDNESDAY, folder
from workflow.reading import Disposition, Question, Reading, ReportedException


class Says:
    """A reader that says what it is told to."""

    def __init__(self, reading):
        self.reading = reading

    def read(self, message, context):
        return self.reading


def score(reading, expect):
    plant = folder()
    case = MessageCase("c-1", "en", "ann.bell", WEDNESDAY, "text", expect=expect)
    return evaluate([case], plant.plant, plant.records, Says(reading)).as_json()


def exception(**fields):
    empty = {"line": None, "assets": [], "work_orders": [], "items": [], "lots": [], "quantity": None,
             "started_at": None, "duration_min": None, "line_stopped": None}  # fmt: skip
    return {"type": "machine_breakdown", **empty, **fields}


def test_a_linked_id_that_is_not_expected_is_a_wrong_link():
    reading = Reading("report", (ReportedException("machine_breakdown", "BAK", ("BAK-MIX",)),))
    scores = score(reading, {"intent": "report", "exceptions": [exception(line="BAK")]})["scores"]
    assert scores["wrong_link"]["right"] == 1
    assert scores["assets"] == {"value": 0.0, "right": 0, "expected": 0, "got": 1}
    assert scores["all_right"]["value"] == 0.0


def test_an_extra_exception_is_a_type_error():
    reading = Reading("report", (ReportedException("machine_breakdown"), ReportedException("safety")))
    assert score(reading, {"intent": "report", "exceptions": [exception()]})["scores"]["type"]["value"] == 0.5


def test_a_release_that_was_not_said_counts_unless_it_is_asked_about():
    expect = {
        "intent": "disposition",
        "exceptions": [],
        "disposition": [{"decision": "keep_on_hold", "lot": "PX-2611", "quantity": None}],
    }
    release = Reading("disposition", disposition=(Disposition("release", "PX-2611"),))
    assert score(release, expect)["scores"]["false_release"]["value"] == 1
    asked = Reading("disposition", disposition=(Disposition("release", "PX-2611"),), ask=Question("confirm"))
    assert score(asked, expect)["scores"]["false_release"]["value"] == 0


def test_spellings_of_a_unit_are_one_unit_and_times_have_five_minutes():
    assert same_quantity({"value": 3, "uom": "pcs"}, {"value": 3.0, "uom": "EA"})
    assert not same_quantity({"value": 3, "uom": "pcs"}, {"value": 3, "uom": "cs"})
    at = datetime(2026, 11, 18, 10, tzinfo=UTC)
    assert same_time(at.isoformat(), at.replace(minute=5).isoformat())
    assert not same_time(at.isoformat(), at.replace(minute=6).isoformat())


def test_shares_come_with_their_interval_and_none_wrong_is_not_never():
    assert interval(81, 263) == (0.2553, 0.3662), "Newcombe 1998, table I, method 3"
    assert interval(0, 150) == (0.0, 0.025)
    assert interval(150, 150)[0] == 0.975
    assert interval(0, 0) == (None, None)
    scores = score(Reading("report", (ReportedException("machine_breakdown"),)), {"intent": "report", "exceptions": []})
    assert {"value", "right", "n", "low", "high"} == set(scores["scores"]["wrong_link"])
    assert scores["scores"]["false_release"] == {"value": 0, "n": 1, "low": 0.0, "high": 0.7935}


def keywords(text, sender="ann.bell", thread=None):
    plant = folder()
    case = MessageCase("c-1", "en", sender, WEDNESDAY, text, context=thread)
    expect = {"intent": "report", "exceptions": [exception(line="BAK", assets=["BAK-MIX"])]}
    scored = evaluate([replace(case, expect=expect)], plant.plant, plant.records, KeywordReader())
    return scored.as_json()


def test_the_baseline_is_right_where_lists_of_words_are_enough_and_wrong_where_they_are_not():
    plain = keywords("mixer is broken")
    assert plain["scores"]["all_right"]["value"] == 1.0, plain["misses"]
    shorthand = keywords("the mxer on bake quit turning")
    assert shorthand["scores"]["all_right"]["value"] == 0.0


def test_the_baseline_reads_decisions_questions_and_promises():
    plant = folder()

    def read(text, sender, context=None):
        case = MessageCase("c-1", "en", sender, WEDNESDAY, text, context=context)
        return KeywordReader().read(as_message(case), as_context(case, plant.plant, plant.records))

    lot = plant.records.lots[0].id
    inspector = next(p.id for p in plant.plant.people if "quality" in p.roles)
    assert read(f"{lot} released", inspector).disposition == (Disposition("release", lot),)
    assert read(f"do not release {lot}", inspector).disposition == (Disposition("keep_on_hold", lot),)
    assert read(f"{lot} released", "ann.bell").intent != "disposition"
    assert read("who is on it?", "ann.bell").intent == "query"
    thread = {"kind": "thread", "exception": {"type": "machine_breakdown", "line": "BAK"}}
    assert (read("on my way, 10 min", "ann.bell", thread).intent, read("10 min", "ann.bell", thread).eta_min) == (
        "acknowledge", 10.0,
    )  # fmt: skip
