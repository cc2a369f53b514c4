"""A summary in a model's words above the figures: every number and name in it is filled in from the records (R17, R57).

The model writes a text with the names of facts in it and no figure of its own. What holds a digit, a number word, an
unknown name or a word of a decision is thrown away whole; the summary by template goes out either way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel

from bot.answers.words import number_words
from bot.facts import as_words
from bot.second_reader import MonthsTokens, TimedModel, model_of, prompt
from bot.wording import Voice, clean, languages, texts
from nlp.tokens import fold
from workflow.case import Notice
from workflow.errors import Rejected, TryLater
from workflow.reading import DECISIONS

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()

NAMES = (
    "period", "exceptions", "down", "open", "older", "not_booked", "resolution", "alignment", "first_pass",
    "earlier_period", "verdict",
)  # fmt: skip
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


def in_words(model: TimedModel, notice: Notice, voice: Voice) -> str | None:
    """What a model says of the facts of a summary, with its figures filled in; None where it is not to be believed."""
    facts = facts_of(notice, voice)
    try:
        said = model.answer(prompt("sum_up").about({"language": voice.language, "facts": facts}), Sentences).text
    except (TryLater, Rejected) as error:
        log.info("summary.no_words", why=type(error).__name__)
        return None
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
