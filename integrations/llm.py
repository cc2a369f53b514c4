"""Asks any OpenAI-compatible endpoint, within a time, a size and a budget, and believes only what fits the schema."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import httpx2
import openai
from pydantic import BaseModel, TypeAdapter, ValidationError

from workflow.errors import Rejected, TryLater

T = TypeVar("T")

MOST_BYTES = 256 * 1024  # of one answer; a reading is below 4 KiB
MOST_TOKENS = 900  # that a model may write
MOST_CALLS = 5  # of the endpoint for one answer
LONGEST_WAIT = timedelta(hours=1)  # that a Retry-After is believed
FORMATS = ("json_schema", "json_object", "plain")  # the ladder: from what binds the model most to what any one takes
# Data begin behind this line of a prompt. What is quoted there is JSON, which has no line of its own like it.
DATA_BELOW = "\n---\n"
_BUSY = frozenset({408, 409, 425, 429})  # and from 500 on: it may go later
_UNKNOWN_FORMAT = frozenset({400, 404, 415, 422, 500, 501})  # as servers say that they do not know a response_format
_AGAIN = "\n\nYour last answer was not one JSON object of this schema. Answer with that object alone."

# At DEBUG the SDK logs whole requests, and with them what people wrote; what it stands on logs each address.
for _talkative in ("openai", "httpx2", "httpcore2"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)


class Allowance(Protocol):
    """What may still be spent; kept by whoever asks."""

    def take(self, tokens: int) -> bool: ...  # noqa: D102

    def give_back(self, tokens: int) -> None: ...  # noqa: D102


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    total_tokens: int


class _Completion(BaseModel):
    choices: list[_Choice]
    usage: _Usage | None = None


class _Useless(Exception):
    """An answer that is none: cut off, empty, refused, not of the schema."""


class _NotThisFormat(Exception):
    """The endpoint does not know this way of asking for JSON."""


class OpenAICompatible:
    """`Model` of `workflow/ports.py`. One endpoint; remembers which rung of the ladder it stands on. Thread-safe.

    The SDK's own defaults are 600 seconds and two retries; here there are no retries below the ladder, and one
    deadline over everything: connecting, headers that drip, the body.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        key: str | None,
        allowance: Allowance,
        *,
        seconds: float = 8.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.model = model
        self.seconds = seconds
        self._allowance = allowance
        self._make: Callable[[], openai.AsyncOpenAI] = lambda: openai.AsyncOpenAI(
            base_url=base_url,
            api_key=key or "none",  # local servers want none, the SDK insists
            max_retries=0,
            timeout=seconds,
            default_headers={"Accept-Encoding": "identity"},  # nothing that unpacks to a thousand times its size
            http_client=httpx2.AsyncClient(
                follow_redirects=False,  # what a plant writes goes to the host that it named and to no other
                transport=transport,
                event_hooks={"response": [_bounded]},
            ),
        )
        self._client: openai.AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread()
        self._starting = threading.Lock()
        self._rung = 0
        self._proven = False
        self._options: dict[str, Any] = {"max_tokens": MOST_TOKENS, "temperature": 0}

    def answer(self, prompt: str, schema: type[T], *, within: float | None = None) -> T:
        """The model's answer as a value of the schema; TryLater, Rejected. Never longer than `within` seconds."""
        seconds = min(self.seconds, within if within is not None else self.seconds)
        asked = asyncio.run_coroutine_threadsafe(self._answer(prompt, TypeAdapter(schema), seconds), self._running())
        try:
            return asked.result(seconds + 2)
        except TimeoutError as error:
            asked.cancel()
            raise TryLater("the model did not answer in time") from error

    def _running(self) -> asyncio.AbstractEventLoop:
        """A loop of our own: callers are plain threads, and only a loop can cut off whatever drips."""
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="model", daemon=True)
                self._thread.start()
            return self._loop

    def close(self) -> None:
        """Let go of the connections and of the loop."""
        with self._starting:
            loop, self._loop = self._loop, None
            client, self._client = self._client, None
        if loop is None:
            return

        async def end() -> None:
            if client is not None:
                await client.close()
            await loop.shutdown_default_executor()

        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join()
        loop.close()

    async def _answer(self, prompt: str, adapter: TypeAdapter[T], seconds: float) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await self._down_the_ladder(prompt, adapter)
        except (TryLater, Rejected):
            raise
        except TimeoutError as error:
            raise TryLater("the model did not answer in time") from error
        except Exception as error:  # whatever a stranger's server makes of the SDK stops nobody
            raise Rejected(f"the endpoint answered what nobody can read: {type(error).__name__}") from error

    async def _down_the_ladder(self, prompt: str, adapter: TypeAdapter[T]) -> T:
        rung, proven, again = self._rung, self._proven, ""
        for _ in range(MOST_CALLS):
            lower = not proven and rung + 1 < len(FORMATS)
            try:
                said = await self._call(prompt, adapter, FORMATS[rung], again, may_be_format=lower)
                answer = adapter.validate_json(_json_in(said) if FORMATS[rung] == "plain" else said)
            except _NotThisFormat:
                rung += 1
            except (_Useless, ValidationError) as error:
                if lower:  # a server that ignores response_format answers prose
                    rung += 1
                elif again:
                    raise Rejected("the model's answer does not fit the schema, twice") from error
                else:
                    again = _AGAIN
            else:
                self._rung, self._proven = rung, True
                return answer
        raise Rejected("the model's answer does not fit the schema on any rung")

    async def _call(self, prompt: str, adapter: TypeAdapter[Any], form: str, again: str, *, may_be_format: bool) -> str:
        told, _, data = prompt.partition(DATA_BELOW)
        schema = strict(adapter.json_schema())
        if form != "json_schema":
            told += f"\n\nAnswer with one JSON object of this JSON Schema:\n{json.dumps(schema, ensure_ascii=False)}"
        formats: Mapping[str, Any] = {
            "json_schema": {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}},
            "json_object": {"type": "json_object"},
            "plain": openai.omit,
        }
        estimate = (len(told) + len(data)) // 3 + MOST_TOKENS
        if not await asyncio.to_thread(self._allowance.take, estimate):
            raise TryLater("the month's tokens are used up", LONGEST_WAIT)
        if self._client is None:
            self._client = self._make()
        client: Any = self._client  # the SDK's raw answers are untyped
        try:
            raw = await client.chat.completions.with_raw_response.create(
                model=self.model,
                messages=[{"role": "system", "content": told + again}, {"role": "user", "content": data or told}],
                response_format=formats[form],
                **self._options,
            )
        except openai.APIStatusError as error:
            await asyncio.to_thread(self._allowance.give_back, estimate)  # what was refused costs nothing
            if self._without_what_it_refused(error):
                return await self._call(prompt, adapter, form, again, may_be_format=may_be_format)
            if may_be_format and error.status_code in _UNKNOWN_FORMAT:
                raise _NotThisFormat from error
            raise _refusal(error) from error
        except openai.APITimeoutError as error:
            raise TryLater("the model did not answer in time", outcome_unknown=True) from error
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, Rejected):
                raise error.__cause__ from error
            raise TryLater("the endpoint cannot be reached", outcome_unknown=True) from error
        if "json" not in raw.headers.get("content-type", ""):
            raise Rejected("the endpoint answered no JSON")
        try:
            completion = _Completion.model_validate_json(raw.content)
        except ValidationError as error:
            raise Rejected("the endpoint answered no completion") from error
        used = completion.usage.total_tokens if completion.usage else 0
        if 0 < used <= 4 * estimate:  # else nobody believes it, and the estimate stands
            await asyncio.to_thread(self._allowance.give_back, estimate - used)
        choice = completion.choices[0] if completion.choices else None
        if choice is None or choice.message.refusal or choice.finish_reason == "length" or not choice.message.content:
            raise _Useless
        return choice.message.content

    def _without_what_it_refused(self, error: openai.APIStatusError) -> bool:
        """Newer models want `max_completion_tokens` and no temperature, older ones do not know them: learnt once."""
        if error.status_code not in (400, 422):
            return False
        said = str(error.body)[:2000]
        if "max_tokens" in self._options and "max_tokens" in said:
            self._options["max_completion_tokens"] = self._options.pop("max_tokens")
            return True
        return "temperature" in said and self._options.pop("temperature", None) is not None


async def _bounded(response: httpx2.Response) -> None:
    """Let nobody send more than an answer can be, whatever the status; called before the body is read."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Rejected("the endpoint packed its answer though it was asked not to")
    if isinstance(response.stream, httpx2.AsyncByteStream):  # always, for a client of the loop
        response.stream = _UpTo(response.stream)


class _UpTo(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MOST_BYTES:
                raise Rejected("the endpoint answered more than an answer can be")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _refusal(error: openai.APIStatusError) -> TryLater | Rejected:
    """What an HTTP status means for whoever asked."""
    if error.status_code in _BUSY or error.status_code >= 500:
        return TryLater(f"the endpoint answered {error.status_code}", _retry_after(error))
    return Rejected(f"the endpoint answered {error.status_code}")


def _retry_after(error: openai.APIStatusError) -> timedelta | None:
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None  # a date, or nonsense: whoever asked has a pause of their own
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))


def _json_in(said: str) -> str:
    """The object in an answer that thinks aloud, or wraps it in a fence."""
    said = said.rpartition("</think>")[2]
    return said[said.find("{") : said.rfind("}") + 1]


def strict(schema: Any) -> Any:
    """A JSON schema as strict structured outputs want it: nothing optional, nothing more, no annotations."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    kept = {
        name: {key: strict(part) for key, part in value.items()} if name in ("properties", "$defs") else strict(value)
        for name, value in schema.items()
        if name not in ("title", "default", "minLength", "maxLength", "description")
    }
    if "properties" in kept:
        kept |= {"required": list(kept["properties"]), "additionalProperties": False}
    return kept
