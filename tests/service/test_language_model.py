"""The plant beside a language model that another party mocks: understood, broken in every way, and away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from bot.config import Config
from bot.last_plant import remember_plant
from bot.second_reader import MonthsTokens, SecondReader
from integrations.llm import OpenAICompatible
from tests.bot.test_second_reader import BREAKDOWN, Unsure
from tests.conftest import RIVERSIDE
from tests.plantside import SIX_IN_THE_MORNING, Plantside
from tests.service.model_server import ModelServer

pytestmark = pytest.mark.slow

REPORT = {"intent": "report", "exceptions": [BREAKDOWN], "eta_min": None, "query": None, "answer": None}
RELEASE = REPORT | {"intent": "disposition", "exceptions": []}
STRANGE = REPORT | {
    "exceptions": [BREAKDOWN | {"assets": ["L1-FIL"], "work_orders": ["WO-10482"], "lots": ["6315-3A"]}]
}
ANSWERS = {
    "weird capper": json.dumps(REPORT),
    "weird release": json.dumps(RELEASE),
    "weird ids": json.dumps(STRANGE),
    "weird prose": "I am sorry, but as a language model I cannot stand at your capper.",
    "weird nesting": "[" * 20_000,
    "weird size": "A" * 10_000_000,
    "weird page": "<html><script>alert(1)</script></html>",
    "weird half": json.dumps(REPORT)[:-30],
    "weird numbers": json.dumps(REPORT).replace("null", "NaN"),
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    with ModelServer(tmp_path_factory.mktemp("model"), ANSWERS) as started:
        yield started


@pytest.fixture(scope="module")
def local() -> Unsure:
    return Unsure()


@pytest.fixture
def beside(tmp_path: Path, server: ModelServer, local: Unsure, logged: LogCapture) -> Iterator[Plantside]:
    """Riverside on SQLite, its reader beside the mock; whatever is weird is unsure."""
    server.is_well()
    config = Config(plant=RIVERSIDE, data=tmp_path / "data", play=True)
    story = Plantside(config, SIX_IN_THE_MORNING)
    remember_plant(config)
    purse = MonthsTokens(story.app.database, 1_000_000, story.clock)
    model = OpenAICompatible(f"{server.url}/v1", "small", "a-key-of-a-test", purse, seconds=5)
    story.app.reader = SecondReader(local, model, seconds=5)
    try:
        yield story
        story.rest_is_known()
        story.closes_in_good_order()
        assert [e for e in logged.entries if e["log_level"] in ("error", "critical")] == []
        assert "capper" not in str(logged.entries), "ids in the log, never what people write"
        assert "a-key-of-a-test" not in str(logged.entries)
    finally:
        model.close()
        story.close()


def test_a_second_opinion_opens_what_the_local_reader_was_unsure_of(beside: Plantside, server: ModelServer) -> None:
    beside.says("maria.lopez", "weird capper, come and see")
    case = beside.only_case()
    assert (case.type, case.assets, case.status) == ("machine_breakdown", ("L3-CAP",), "open")
    sent = server.journal()[-1]["body"]
    assert sent["response_format"]["type"] == "json_schema"
    assert "weird capper, come and see" not in sent["messages"][0]["content"], "no instruction holds what was written"


@pytest.mark.parametrize("text", [text for text in ANSWERS if text != "weird capper"])
def test_R17_whatever_it_answers_the_sender_is_asked_as_without_it(beside: Plantside, text: str) -> None:
    beside.says("maria.lopez", f"{text}, come and see")
    case = beside.only_case()
    assert case.status == "draft"
    assert case.asks == "type", "the local question"
    assert case.assets == case.work_orders == case.lots == ()
    assert beside.postings() == ()


@pytest.mark.parametrize(
    "chaos",
    [{"dropRate": 1}, {"malformedRate": 1}, {"disconnectRate": 1}, {"rateLimitRate": 1}],
    ids=["500", "malformed", "hangs up", "429"],
)
def test_R60_while_it_breaks_the_local_reading_goes_on_and_soon_nobody_asks(
    beside: Plantside, server: ModelServer, chaos: dict[str, float]
) -> None:
    server.breaks(**chaos)
    before = len(server.journal())
    for n in range(8):
        beside.says("maria.lopez", f"weird capper number {'i' * n}, come and see")
    assert all(case.status == "draft" for case in beside.cases() if case.merged_into is None)
    asked = len(server.journal()) - before
    assert 0 < asked <= 9, "three messages down the ladder at most, then it is left alone"
    beside.says("maria.lopez", "filler on 3 jammed, we're down")
    assert any(case.type == "machine_breakdown" and case.is_open for case in beside.cases())


def test_R60_an_endpoint_that_hangs_costs_its_seconds_and_no_more(tmp_path: Path, server: ModelServer) -> None:
    from tests.integrations.test_llm import Colour, Purse
    from workflow.errors import TryLater

    server.breaks(latencyMs=20_000)
    model = OpenAICompatible(f"{server.url}/v1", "small", None, Purse(), seconds=60)
    with pytest.raises(TryLater):
        model.answer("told\n---\nweird capper", Colour, within=0.5)
    model.close()
    server.is_well()
