"""The local reader first, and a language model's second opinion where it is unsure; without the model nothing waits."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog
from pydantic import BaseModel

from bot.config import Config
from db import inbox, model_spend
from db.connect import Database
from nlp.reader import LocalReader
from nlp.second_opinion import Opinion, is_unsure, material, worth_asking
from nlp.sheet import Sheet
from nlp.weighing import weigh
from workflow.errors import Rejected, TryLater
from workflow.messages import Inbound
from workflow.ports import Clock, Reader
from workflow.reading import Context, Reading

if TYPE_CHECKING:
    from integrations.llm import OpenAICompatible

log = structlog.get_logger()
T = TypeVar("T")
B = TypeVar("B", bound=BaseModel)

LEAST_SURE = 0.6  # below, of the intent or a type, a second opinion is asked for
REMEMBERED = 2000  # answers, and messages that were asked about
FAILURES = 3  # in a row, then nobody asks for a while
PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=15)
PROMPTS = Path(__file__).resolve().parent.parent / "prompts"


class TimedModel(Protocol):
    """`Model` of `workflow/ports.py` that can be given less than its usual time."""

    def answer(self, prompt: str, schema: type[T], *, within: float | None = None) -> T: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Prompt:
    """A file of `prompts/`, and the name under which its readings are known."""

    name: str
    text: str

    @property
    def mark(self) -> str:
        """Name and content: two readings with the same mark were told the same."""
        return f"{self.name}@{hashlib.sha256(self.text.encode()).hexdigest()[:8]}"

    def about(self, data: object) -> str:
        """The prompt with the data of one question, as one line of JSON in which no line of ours can stand."""
        head, _, rest = self.text.rpartition("$data")
        return head + json.dumps(data, ensure_ascii=False, sort_keys=True) + rest


@cache
def prompt(name: str) -> Prompt:
    """A prompt by its name."""
    return Prompt(name, (PROMPTS / f"{name}.md").read_text("utf-8"))


@dataclass
class Breaker:
    """Stops asking an endpoint that does not answer, and tries it again after a while that grows."""

    tick: Callable[[], float] = time.monotonic
    _failures: int = 0
    _until: float = field(default=float("-inf"))

    @property
    def lets_through(self) -> bool:
        """Whether it may be asked now."""
        return self.tick() >= self._until

    def well(self) -> None:
        """It answered."""
        self._failures = 0

    def failed(self, after: timedelta | None) -> bool:
        """It did not; True where it is left alone from now on. `after`: as long as it asked to be left alone."""
        self._failures += 1
        over = self._failures - FAILURES
        pause = min(PAUSE * 2 ** min(over, 8), LONGEST_PAUSE) if over >= 0 else timedelta()
        pause = max(pause, after or timedelta())
        self._until = self.tick() + pause.total_seconds()
        return bool(pause)


class SecondReader:
    """`Reader` of `workflow/ports.py`: never raises, never changes a reading that is sure, in danger or pressed.

    The model is called outside any transaction (`bot/desk.py` reads before it writes). One message waits at most
    `seconds` for it, over all its readings, and none does while others wait behind it.
    """

    def __init__(
        self,
        local: LocalReader,
        model: TimedModel,
        *,
        seconds: float,
        others_wait: Callable[[], bool] = lambda: False,
        tick: Callable[[], float] = time.monotonic,
        prompt_name: str = "read_message",
    ) -> None:
        self.local = local
        self._model = model
        self._seconds = seconds
        self._others_wait = others_wait
        self._tick = tick
        self._breaker = Breaker(tick)
        self._prompt = prompt(prompt_name)
        self._answers: OrderedDict[str, Opinion] = OrderedDict()
        self._waited: OrderedDict[str, float] = OrderedDict()  # message -> seconds that it cost so far
        self._guard = threading.Lock()

    def read(self, message: Inbound, context: Context) -> Reading:
        """The local reading, or that with what a model may add to it."""
        reading = self.local.read(message, context)
        if message.button is not None or reading.how != "local" or not is_unsure(reading, LEAST_SURE):
            return reading
        try:
            return self._second(message, context, reading)
        except Exception as error:  # no opinion is worth a message
            log.warning("model.failed", message=message.message_id, error=type(error).__name__)
            return reading

    def _second(self, message: Inbound, context: Context, reading: Reading) -> Reading:
        readable = message.text.encode("utf-8", "replace").decode("utf-8")
        sheet = self.local.sheet(replace(message, text=readable), context)
        if not worth_asking(reading, sheet, LEAST_SURE):
            return reading
        opinion = self._opinion(message, reading, sheet)
        if opinion is None:
            return reading
        weighed = weigh(opinion, reading, sheet, self._prompt.mark)
        log.info(
            "model.weighed", message=message.message_id, prompt=self._prompt.mark,
            taken=list(weighed.taken), refused=list(weighed.refused),
        )  # fmt: skip
        return weighed.reading

    def _opinion(self, message: Inbound, reading: Reading, sheet: Sheet) -> Opinion | None:
        """What the model says, from memory where it was asked the same before; None where nobody can be asked."""
        asked = self._prompt.about(material(reading, sheet))
        key = hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()
        with self._guard:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        opinion = self.ask(message, asked, Opinion)
        if opinion is not None:
            with self._guard:
                _keep(self._answers, key, opinion)
        return opinion

    def ask(self, message: Inbound, asked: str, schema: type[B]) -> B | None:
        """What the model answers within what is left of a message's time; None where it cannot be asked, or fails."""
        of_message = f"{message.channel}/{message.message_id}"
        with self._guard:
            left = self._seconds - self._waited.get(of_message, 0.0)
        if left < self._seconds / 10 or not self._breaker.lets_through or self._others_wait():
            return None
        began = self._tick()
        found, left_alone, why = None, False, ""
        try:
            said = self._model.answer(asked, schema, within=left)
            found = schema.model_validate(said)  # whoever wrote the adapter
            self._breaker.well()
        except TryLater as later:
            left_alone, why = self._breaker.failed(later.after), later.why
        except Rejected as no:
            left_alone, why = self._breaker.failed(None), no.why
        except Exception as error:  # a bug in a stranger's SDK is an endpoint that does not answer
            left_alone, why = self._breaker.failed(None), type(error).__name__
        took = self._tick() - began
        with self._guard:
            # A message on which the model failed is not tried on again by its next reading, a moment later.
            cost = took if found is not None else self._seconds
            _keep(self._waited, of_message, self._waited.get(of_message, 0.0) + cost)
        if found is None:
            log.warning("model.no_answer", message=message.message_id, why=why, left_alone=left_alone)
        else:
            log.info("model.answered", message=message.message_id, ms=round(took * 1000))
        return found


V = TypeVar("V")


def _keep(kept: OrderedDict[str, V], key: str, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)


class MonthsTokens:
    """The month's allowance, kept in the plant's database: all workers share it."""

    def __init__(self, database: Database, most: int, clock: Clock) -> None:
        self._database, self._most, self._clock = database, most, clock

    def take(self, tokens: int) -> bool:
        """Set tokens aside; False where the month's cap would be passed."""
        now = self._clock.now()
        with self._database.write() as tx:
            return model_spend.take(tx, f"{now:%Y-%m}", tokens, self._most, now)

    def give_back(self, tokens: int) -> None:
        """What a call cost less than was set aside for it."""
        now = self._clock.now()
        with self._database.write() as tx:
            model_spend.give_back(tx, f"{now:%Y-%m}", tokens, now)


class TokensOfARun:
    """The allowance of a single command, which has no database."""

    def __init__(self, most: int) -> None:
        self.spent = 0
        self._most = most
        self._guard = threading.Lock()

    def take(self, tokens: int) -> bool:
        """Set tokens aside; False where the cap would be passed."""
        with self._guard:
            if self.spent + tokens > self._most:
                return False
            self.spent += tokens
            return True

    def give_back(self, tokens: int) -> None:
        """What a call cost less than was set aside for it."""
        with self._guard:
            self.spent -= tokens


class _Ready(BaseModel):
    ready: bool


def model_of(config: Config, allowance: MonthsTokens | TokensOfARun) -> OpenAICompatible:
    """The endpoint that the environment names; importing the SDK takes half a second, which only its users pay."""
    from integrations.llm import OpenAICompatible

    assert config.openai_model is not None
    key = config.openai_api_key.get_secret_value() if config.openai_api_key else None
    return OpenAICompatible(config.openai_url, config.openai_model, key, allowance, seconds=config.openai_seconds)


def reader_of(config: Config, database: Database | None, clock: Clock) -> Reader:
    """The reader that the environment describes: the local one, beside a model where one is named."""
    local = LocalReader()
    if config.openai_model is None:
        return local
    most = config.openai_monthly_tokens
    model = model_of(config, MonthsTokens(database, most, clock) if database is not None else TokensOfARun(most))

    def others_wait() -> bool:
        if database is None:
            return False
        with database.read() as tx:
            return inbox.unhandled_count(tx) > 1  # the one that is being read is among them

    return SecondReader(local, model, seconds=config.openai_seconds, others_wait=others_wait)


def how_the_model_is(config: Config, database: Database, clock: Clock) -> tuple[str, str]:
    """For `linecall doctor`: whether the endpoint answers and what the month has cost, and what to do about it."""
    if config.openai_model is None:
        return "none: local understanding alone", ""
    now = clock.now()
    with database.read() as tx:
        spent = model_spend.spent(tx, f"{now:%Y-%m}")
    cost = f"{config.openai_model}, {spent:,} of {config.openai_monthly_tokens:,} tokens this month"
    model = model_of(config, MonthsTokens(database, config.openai_monthly_tokens, clock))
    try:
        model.answer('Answer {"ready": true}.\n---\n{}', _Ready)
    except (TryLater, Rejected) as error:
        return cost, f"{error.why}; messages are read locally"
    finally:
        model.close()
    return f"{cost}; it answers", ""
