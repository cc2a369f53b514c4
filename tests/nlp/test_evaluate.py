"""The scores mean what the message-cases contract says."""

from __future__ import annotations

from datetime import UTC, datetime

from nlp.cases import MessageCase
from nlp.evaluate import evaluate, same_quantity, same_time
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
