"""Whatever an endpoint does: an answer comes in time and fits the schema, or it is said that there is none."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from integrations.llm import MOST_BYTES, OpenAICompatible, strict
from workflow.errors import Rejected, TryLater

PROMPT = "Say what it is.\n---\n{}"


class Colour(BaseModel):
    name: str
    depth: float | None


class Purse:
    """An allowance that remembers."""

    def __init__(self, most: int = 1_000_000) -> None:
        self.most, self.spent, self.taken = most, 0, 0

    def take(self, tokens: int) -> bool:
        if self.spent + tokens > self.most:
            return False
        self.spent += tokens
        self.taken += 1
        return True

    def give_back(self, tokens: int) -> None:
        self.spent -= tokens


Serve = Callable[[dict[str, Any]], httpx2.Response]


class Endpoint:
    """A server as a function from request to response; keeps what it was asked."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.asked: list[dict[str, Any]] = []
        self.hosts: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.asked.append(body)
        self.hosts.append(request.url.host)
        return self.serve(body)

    @property
    def formats(self) -> list[str]:
        return [body.get("response_format", {}).get("type", "plain") for body in self.asked]


def says(content: str | None, usage: Any = None, **choice: Any) -> httpx2.Response:
    message = {"role": "assistant", "content": content}
    row = {"index": 0, "message": message, "finish_reason": "stop"} | choice
    return httpx2.Response(200, json={"id": "c", "object": "chat.completion", "choices": [row], "usage": usage})


BLUE = '{"name": "blue", "depth": 2.5}'


@pytest.fixture
def ask() -> Iterator[Callable[..., tuple[OpenAICompatible, Endpoint]]]:
    made: list[OpenAICompatible] = []

    def of(serve: Serve, purse: Purse | None = None) -> tuple[OpenAICompatible, Endpoint]:
        endpoint = Endpoint(serve)
        model = OpenAICompatible(
            "http://model.test/v1", "small", None, purse or Purse(), seconds=5, transport=httpx2.MockTransport(endpoint)
        )
        made.append(model)
        return model, endpoint

    yield of
    for model in made:
        model.close()


Ask = Callable[..., tuple[OpenAICompatible, Endpoint]]


def test_an_answer_comes_as_a_value_of_the_schema(ask: Ask) -> None:
    model, endpoint = ask(lambda _: says(BLUE))
    assert model.answer(PROMPT, Colour) == Colour(name="blue", depth=2.5)
    (body,) = endpoint.asked
    assert [m["role"] for m in body["messages"]] == ["system", "user"], "what was written is data, below the line"
    assert body["messages"][1]["content"] == "{}"
    assert body["response_format"]["json_schema"]["strict"] is True


def test_a_strict_schema_leaves_nothing_optional() -> None:
    schema = strict(Colour.model_json_schema())
    assert schema["required"] == ["name", "depth"]
    assert schema["additionalProperties"] is False
    assert "title" not in schema["properties"]["name"]


@pytest.mark.parametrize("status", [400, 422, 500])
def test_the_ladder_is_climbed_down_once_and_remembered(ask: Ask, status: int) -> None:
    def old_server(body: dict[str, Any]) -> httpx2.Response:
        if body["response_format"]["type"] == "json_schema":
            return httpx2.Response(status, json={"error": "Input should be 'text' or 'json_object'"})
        assert "JSON Schema" in body["messages"][0]["content"]
        return says(BLUE)

    model, endpoint = ask(old_server)
    assert model.answer(PROMPT, Colour).name == "blue"
    assert model.answer(PROMPT, Colour).name == "blue"
    assert endpoint.formats == ["json_schema", "json_object", "json_object"]


def test_a_server_that_knows_no_format_at_all_is_asked_plainly(ask: Ask) -> None:
    def prose(body: dict[str, Any]) -> httpx2.Response:
        if "response_format" in body:
            return says("Sure! I would say it is blue.")
        return says(f"<think>{{hm}}</think>Here you are:\n```json\n{BLUE}\n```")

    model, endpoint = ask(prose)
    assert model.answer(PROMPT, Colour).name == "blue"
    assert endpoint.formats == ["json_schema", "json_object", "plain"]


def test_a_slip_is_asked_about_once_more(ask: Ask) -> None:
    answers = iter([BLUE, "not JSON", BLUE])
    model, endpoint = ask(lambda _: says(next(answers)))
    model.answer(PROMPT, Colour)
    assert model.answer(PROMPT, Colour).name == "blue"
    assert endpoint.formats == ["json_schema"] * 3
    assert "was not one JSON object" in endpoint.asked[-1]["messages"][0]["content"]


def test_two_slips_are_no_answer(ask: Ask) -> None:
    answers = iter([BLUE, "{}", "[]"])
    model, endpoint = ask(lambda _: says(next(answers)))
    model.answer(PROMPT, Colour)
    with pytest.raises(Rejected):
        model.answer(PROMPT, Colour)
    assert len(endpoint.asked) == 3


def test_newer_models_get_the_options_that_they_know(ask: Ask) -> None:
    def newer(body: dict[str, Any]) -> httpx2.Response:
        for unknown in ("max_tokens", "temperature"):
            if unknown in body:
                return httpx2.Response(400, json={"error": {"message": f"Unsupported: '{unknown}'", "param": unknown}})
        return says(BLUE)

    model, endpoint = ask(newer)
    model.answer(PROMPT, Colour)
    model.answer(PROMPT, Colour)
    assert len(endpoint.asked) == 4
    assert "max_completion_tokens" in endpoint.asked[-1]


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


USELESS: dict[str, Serve] = {
    "ten megabytes": lambda _: httpx2.Response(200, json={"choices": [], "x": "A" * 10_000_000}),
    "ten megabytes of error": lambda _: httpx2.Response(418, json={"error": "A" * 10_000_000}),
    "packed": lambda _: httpx2.Response(
        200, content=gzip.compress(b"0" * MOST_BYTES), headers={"content-encoding": "gzip"}
    ),
    "deep nesting": lambda _: httpx2.Response(200, content=deep(50_000), headers={"content-type": "application/json"}),
    "deep answer": lambda _: says(deep(50_000)),
    "HTML": lambda _: httpx2.Response(200, html="<h1>Welcome to nginx</h1>"),
    "wrong content type": lambda _: httpx2.Response(200, content=says(BLUE).content, headers={"content-type": "x/y"}),
    "half": lambda _: httpx2.Response(
        200, content=says(BLUE).content[:-20], headers={"content-type": "application/json"}
    ),
    "no choices": lambda _: httpx2.Response(200, json={"choices": []}),
    "nothing": lambda _: says(None),
    "cut off": lambda _: says(BLUE, finish_reason="length"),
    "refused": lambda _: says(BLUE, message={"content": BLUE, "refusal": "I cannot"}),
    "not a number": lambda _: httpx2.Response(
        200, content='{"choices": NaN}', headers={"content-type": "application/json"}
    ),
    "a list": lambda _: httpx2.Response(200, json=[1, 2]),
    "not allowed": lambda _: httpx2.Response(401, json={"error": "no"}),
    "elsewhere": lambda _: httpx2.Response(307, headers={"location": "http://evil.test/v1/chat/completions"}),
}


@pytest.mark.parametrize("serve", USELESS.values(), ids=USELESS)
def test_whatever_else_it_answers_is_no_answer(ask: Ask, serve: Serve) -> None:
    model, endpoint = ask(serve)
    with pytest.raises(Rejected) as no:
        model.answer(PROMPT, Colour)
    assert set(endpoint.hosts) == {"model.test"}, "nothing goes to a host that the plant did not name"
    assert len(str(no.value)) < 200, "nothing of what it sent gets into a log"
    assert len(endpoint.asked) <= 5


@pytest.mark.parametrize(
    ("status", "header", "after"),
    [
        (429, "7", timedelta(seconds=7)),
        (429, "999999999", timedelta(hours=1)),
        (429, "nan", None),
        (429, "-3", None),
        (503, "Fri, 31 Dec 1999 23:59:59 GMT", None),
    ],
)
def test_a_busy_endpoint_is_left_alone_as_long_as_it_asks(
    ask: Ask, status: int, header: str, after: timedelta | None
) -> None:
    model, endpoint = ask(lambda _: httpx2.Response(status, headers={"retry-after": header}, json={}))
    with pytest.raises(TryLater) as later:
        model.answer(PROMPT, Colour)
    assert later.value.after == after
    assert len(endpoint.asked) == 1, "no retries of the SDK"


def test_an_endpoint_that_is_away_is_said_to_be() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        model = OpenAICompatible(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", "small", None, Purse(), seconds=5)
        with pytest.raises(TryLater):
            model.answer(PROMPT, Colour)
        model.close()


@pytest.mark.parametrize("drip", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b""])
def test_whatever_drips_is_cut_off(drip: bytes) -> None:
    """A byte now and then keeps every read time-out away; only a deadline over all of it helps."""
    enough = threading.Event()
    dripped: list[str] = []

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(drip)
            for _ in range(600):
                if enough.wait(0.05):
                    return
                try:
                    connection.sendall(b"x" if drip else b"")
                except OSError:
                    return  # cut off
            dripped.append("all of it")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        model = OpenAICompatible(url, "small", None, Purse(), seconds=30)
        with pytest.raises(TryLater):
            model.answer(PROMPT, Colour, within=0.3)
        assert dripped == []
        enough.set()
        thread.join()
        model.close()


def test_nothing_is_asked_that_the_purse_does_not_hold(ask: Ask) -> None:
    model, endpoint = ask(lambda _: says(BLUE), Purse(most=10))
    with pytest.raises(TryLater):
        model.answer(PROMPT, Colour)
    assert endpoint.asked == []


@pytest.mark.parametrize("claimed", [0, -5, 10**12, 17])
def test_what_a_call_cost_is_believed_only_where_it_can_be(ask: Ask, claimed: int) -> None:
    purse = Purse()
    model, _ = ask(lambda _: says(BLUE, {"total_tokens": claimed}), purse)
    model.answer(PROMPT, Colour)
    assert purse.spent == 17 if claimed == 17 else 900 < purse.spent < 2000


def test_what_was_refused_costs_nothing(ask: Ask) -> None:
    purse = Purse()
    model, _ = ask(lambda _: httpx2.Response(401, json={}), purse)
    with pytest.raises(Rejected):
        model.answer(PROMPT, Colour)
    assert purse.taken == 1
    assert purse.spent == 0
