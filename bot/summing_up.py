"""A summary in a model's words above the figures: every number and name in it is filled in from the records (R17, R57).

The model writes a text with the names of facts in it and no figure of its own. What holds a digit, a number word, an
unknown name or a word of a decision is thrown away whole; the summary by template goes out either way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel

from bot import answer
from bot.answers.wanted import wanted
from bot.answers.words import number_words
from bot.facts import as_words
from bot.incoming import Summed
from bot.second_reader import MonthsTokens, SecondReader, TimedModel, model_of, prompt
from bot.wording import Voice, clean, language_for, languages, texts
from nlp.tokens import fold
from workflow.case import Notice
from workflow.errors import Rejected, TryLater
from workflow.reading import DECISIONS

if TYPE_CHECKING:
    from bot.app import App
    from bot.incoming import Incoming
    from workflow.reading import Reading

log = structlog.get_logger()

NAMES = (
    "period", "exceptions", "down", "open", "older", "not_booked", "resolution", "alignment", "first_pass",
    "earlier_period", "verdict",
)  # fmt: skip
SUMMARIES = ("answer.summary", "answer.compared")  # whose texts have room for a model's words
LONGEST = 400  # characters of what a model says, before its facts are filled in
_NAME = re.compile(r"\{([a-z_]+)\}")
_FREED = {"released", "freed", "free", "shipped", "scrapped"}
_WORD = re.compile(r"[^\W\d_][\w\u0900-\u097f]*")
_STRANGE = re.compile(r"[\d<>@#*_`\[\]{}|\\/$]|www\.|:\s*/", re.IGNORECASE)


class Sentences(BaseModel):
    """What a model is asked for."""

    text: str


def model_for(app: App) -> TimedModel | None:
    """The endpoint that the environment names; None where it names none."""
    if app.config.openai_model is None:
        return None
    return model_of(app.config, MonthsTokens(app.database, app.config.openai_monthly_tokens, app.clock))


def beforehand(app: App, incoming: Incoming, reading: Reading) -> Summed | None:
    """The answer to a question for a summary, with a model's words, asked outside of any transaction.

    None where no model is configured, no summary is asked for, or what the model says is not to be believed: then the
    summary by template goes out.
    """
    reader, me, message = app.reader, incoming.person, incoming.message
    if not isinstance(reader, SecondReader):
        return None
    world = app.world()
    asked = wanted(reading, message.text.strip(), me, app.plant, min(message.sent_at, world.now), incoming.why)
    if asked is None or asked.about not in ("summary", "metrics"):
        return None
    with app.database.read() as tx:
        notice = answer.answer(tx, asked, me, world, incoming.thread.case)
    if notice.name not in SUMMARIES:
        return None
    voice = Voice(language_for(me.language, app.plant), app.plant, app.records, world.now)
    words = in_words(lambda prompt: reader.ask(message, prompt, Sentences), notice, voice)
    return Summed(asked, replace(notice, facts={**notice.facts, "in_words": words})) if words is not None else None


def in_words(ask: Callable[[str], Sentences | None], notice: Notice, voice: Voice) -> str | None:
    """What a model says of the facts of a summary, with its figures filled in; None where it is not to be believed."""
    facts = facts_of(notice, voice)
    try:
        found = ask(prompt("sum_up").about({"language": voice.language, "facts": facts}))
    except (TryLater, Rejected) as error:
        log.info("summary.no_words", why=type(error).__name__)
        return None
    if found is None:
        return None
    said = found.text
    why = not_to_be_believed(said, facts)
    if why is not None:
        log.warning("summary.not_believed", why=why)
        return None
    return clean(_NAME.sub(lambda name: facts[name[1]], said))


def facts_of(notice: Notice, voice: Voice) -> dict[str, str]:
    """What a summary says, by names, as its reader reads it."""
    said = as_words(notice.facts, voice)
    facts = {name: said[name] for name in NAMES if said.get(name)}
    items = notice.facts.get("items") or ()
    longest = max(items, key=lambda item: item.get("minutes") or 0.0, default=None)
    if longest is not None and longest.get("minutes"):
        facts["worst"] = as_words(longest, voice)["what"]
    return facts


def not_to_be_believed(said: str, facts: Mapping[str, str]) -> str | None:
    """Why a model's text is thrown away; None where every figure in it is one of the records."""
    names = _NAME.findall(said)
    bare = _NAME.sub(" ", said)
    words = {fold(word) for word in _WORD.findall(bare)}
    if not said.strip() or len(said) > LONGEST:
        return "empty or too long"
    if set(names) - set(facts) or len(names) != len(set(names)) or not names:
        return "names a fact that there is not, twice, or none"
    if _STRANGE.search(bare):
        return "a digit, or what is no plain text"
    if words & number_words():
        return "a number of its own"
    if words & _decided():
        return "speaks of a decision"
    return None


@cache
def _decided() -> frozenset[str]:
    """What lots are decided to become, in every language: nobody reads that a model released something (R41)."""
    said = (texts(language)[f"decision.{decision}"] for language in languages() for decision in DECISIONS)
    return frozenset(fold(word) for text in said for word in _WORD.findall(text) if len(word) > 3) | {
        "released",
        "freed",
    }
