"""What a message means where it stands: alone first, then in the exception that it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bot import danger, slash
from bot.afterwards import conditional
from bot.answers.wanted import asks_for_figures
from bot.courtesy import courtesy
from bot.thread import Thread
from workflow.case import Case
from workflow.reading import Asked, Context, Reading, ReportedException

if TYPE_CHECKING:
    from bot.app import App
    from bot.incoming import Incoming
    from workflow.messages import Inbound
    from workflow.plant import Person

MOST_TEXT = 4000  # characters of one message
MOST_SEARCHED = 40_000  # characters of a longer one in which a danger is looked for
LONGEST_PIECE = 500  # characters of what is shown of it


def cut_to_danger(app: App, message: Inbound, person: Person) -> Inbound:
    """A text that is too long to be read, cut to the danger of which it speaks (R15); any other as it came."""
    if message.button is not None or len(message.text.strip()) <= MOST_TEXT:
        return message
    context = Thread().context(person, app.world())
    pieces = (replace(message, text=piece) for piece in _pieces(message.text[:MOST_SEARCHED]))
    return next((piece for piece in pieces if speaks_of_danger(app, piece, context)), message)


def speaks_of_danger(app: App, message: Inbound, context: Context) -> bool:
    """Whether a text that is read for nothing else tells of a danger, in whatever language (R15)."""
    text = message.text.strip()
    if danger.named(text) is not None or slash.command(text) == "stop":
        return True
    reading = app.reader.read(message, context) if text and len(text) <= MOST_TEXT else None
    return reading is not None and any(e.type == "safety" for e in reading.exceptions)


def _pieces(text: str) -> Iterator[str]:
    """A long text in sentences and lines; one without an end is cut."""
    for sentence in re.split(r"(?<=[.!?।])\s+|\n+", text):
        for start in range(0, len(sentence), LONGEST_PIECE):
            if piece := sentence[start : start + LONGEST_PIECE].strip():
                yield piece


def read(app: App, incoming: Incoming) -> tuple[Reading | None, Thread]:
    """What the message means, and which exception it speaks of; a release that names a condition carries it."""
    reading, thread = _read(app, incoming)
    if reading is not None and danger.named(incoming.message.text) is not None and not _known_danger(reading, thread):
        # In a language that is not read otherwise: a person first, and nothing else of it is trusted (R15).
        told = reading.exceptions or ((reading.mentioned,) if reading.mentioned is not None else ())
        where = told[0] if told else ReportedException()
        there = ReportedException("safety", where.line, where.assets)
        return Reading("report", (there,), urgent=True, how="a word of danger"), thread
    if reading is None or reading.intent != "disposition":
        return reading, thread

    def alone(text: str) -> Reading:
        context = thread.context(incoming.person, app.world(), in_thread=True)
        return app.reader.read(replace(incoming.message, text=text), context)

    return conditional(incoming.message.text.strip(), reading, alone), thread


def _known_danger(reading: Reading, thread: Thread) -> bool:
    """It was read as one already, or goes on in one that somebody is at."""
    goes_on = thread.case is not None and thread.case.type == "safety" and thread.case.is_open
    return goes_on or any(e.type == "safety" for e in reading.exceptions)


def _read(app: App, incoming: Incoming) -> tuple[Reading | None, Thread]:
    """What the message means, and which exception it speaks of.

    Without a reply mark the message is read as it stands first. What it names then chooses the thread ("palletizer 2
    is running again"), else the sender's own task does, and it is read again there: "running again, 55 min" is a
    report to a stranger and the end of it to whoever repairs it. A fresh report of something else stays one.
    """
    text = incoming.message.text.strip()
    thread = incoming.thread
    if not text or len(text) > MOST_TEXT or slash.command(text) is not None:
        return None, thread
    if courtesy(text) is not None and thread.question is None:
        return Reading("chatter", confidence={"intent": 1.0}, how="a courtesy"), thread  # "thx" ends nothing
    world = app.world()
    message = replace(incoming.message, text=text)
    if asks_for_figures(text, app.plant, incoming.message.sent_at):
        # "resolution time filler 3" from whoever has the filler is read as the question that it is (R14).
        alone = replace(thread, case=None, certain=False, question=None, choice=())
        figures = app.reader.read(replace(message, text=f"{text}?"), alone.context(incoming.person, world))
        if figures.query is not None and all(one.type != "safety" for one in figures.exceptions):
            return figures, thread
    if message.edits is not None and thread.case is not None:
        # What was written anew is read as it stands: it tells the same thing again, and answers nothing (R19).
        afresh = app.reader.read(message, replace(thread, case=None, certain=False).context(incoming.person, world))
        if afresh.intent == "report" and afresh.exceptions:
            return afresh, thread
    if thread.confirms and thread.certain and thread.case is not None:
        # A reply that says yes or no answers what was read back; whatever else it says is read as a reply.
        asked = Asked("confirm", thread.case.as_reported, ("yes", "no"))
        answer = app.reader.read(message, replace(thread, question=asked).context(incoming.person, world))
        if answer.intent == "answer":
            return answer, thread
    reading = app.reader.read(message, thread.context(incoming.person, world))
    beside = thread.instead if thread.question is not None and not thread.confirms else None
    if beside is not None and (beside.case is not None or beside.choice) and _acts(reading):
        # Whoever is asked to act on something says so also while a question on their own report is open.
        thread = beside
        reading = app.reader.read(message, thread.context(incoming.person, world))
    if thread.question is not None and reading.intent == "answer":
        afresh = app.reader.read(message, replace(thread, question=None).context(incoming.person, world))
        return (afresh, thread) if _is_a_whole_report(afresh) else (reading, thread)
    if thread.question is not None and reading.intent in ("chatter", "update", "report") and not reading.correction:
        # No answer, and trouble to whoever knows nothing of the question: "we are out of crowns too".
        afresh = app.reader.read(message, replace(thread, question=None).context(incoming.person, world))
        trouble = reading.intent == "report" or (_is_a_whole_report(afresh) and afresh.ask is None)
        return (afresh, thread) if trouble and afresh.intent == "report" else (reading, thread)
    if thread.certain or thread.question is not None or reading.intent in ("query", "disposition"):
        if reading.intent == "query" and thread.case is not None and not thread.certain and "?" not in text:
            # "behoben, läuft wieder" is no question to whoever repairs it.
            told = app.reader.read(message, thread.context(incoming.person, world, in_thread=True))
            if _acts(told) and told.confidence.get("intent", 0.0) >= _PLAINLY:
                return told, thread
        return reading, thread
    danger = any(e.type == "safety" for e in reading.exceptions)
    goes_on = danger and _whoever_has_it_tells_on(thread, incoming, reading)
    if danger and not goes_on:
        return reading, thread  # a danger is never an answer (R15)
    named = reading.exceptions or ((reading.mentioned,) if reading.mentioned is not None else ())
    spoken_of = thread.named_by(named)
    if reading.ask is not None and reading.ask.asks == "asset" and spoken_of is not None:
        of_several = set(reading.ask.options)
        if of_several and not of_several & set(spoken_of.assets):
            return reading, thread  # "the filler", of three, is not the labeller that one was asked about
    if spoken_of is None:
        if thread.case is None and thread.choice and not named:
            # "omw", "not mine" from whoever is asked about several: what it says stands, of which one is asked (R26).
            first = replace(thread, case=thread.choice[0])
            said = app.reader.read(message, first.context(incoming.person, world, in_thread=True))
            return (said if _acts(said) and _says_which_act(said) else reading), thread
        if thread.case is None or reading.exceptions:
            return reading, thread
        # It names something that nothing is open on: an answer to one's own task is not guessed, the sender is asked.
        elsewhere = replace(thread, case=None, choice=(thread.case, *thread.choice))
        answered = app.reader.read(message, thread.context(incoming.person, world, in_thread=True))
        return (answered if _acts(answered) else reading), elsewhere
    there = replace(thread, case=spoken_of, choice=())
    again = app.reader.read(message, there.context(incoming.person, world, in_thread=True))
    if again.correction and not again.exceptions:
        again = replace(again, exceptions=reading.exceptions)
    if again.intent == "report" and goes_on:
        return replace(again, intent="update", exceptions=(), ask=None), there
    if again.intent == "report" and not again.correction:
        return reading, thread
    if again.intent == "update" and _is_another_problem(reading, spoken_of):
        return reading, thread
    return again, there


def _whoever_has_it_tells_on(thread: Thread, incoming: Incoming, reading: Reading) -> bool:
    """ "called 911" from whoever has the injury, naming no other place: the same exception goes on."""
    case = thread.case
    return (
        case is not None
        and case.type == "safety"
        and any(t.live and t.acknowledged_by == incoming.person.id for t in case.tasks)
        and not any(set(e.assets) - set(case.assets) or e.line not in (None, case.line) for e in reading.exceptions)
    )


def _is_another_problem(fresh: Reading, case: Case) -> bool:
    """ "out of crowns" from whoever repairs the filler: of another kind than his task, and it names its own thing."""
    said = fresh.exceptions
    if fresh.intent != "report" or fresh.correction or not said or fresh.ask is not None:
        return False
    return all(
        e.type not in (None, "other", case.type)
        and e.confidence.get("type", 0.0) >= _OF_A_KIND
        and bool(set(e.items) - set(case.items) or set(e.lots) - set(case.lots))
        for e in said
    )


_SOON = 720  # minutes
_OF_A_KIND = 0.7
_RATHER = 0.5
_PLAINLY = 0.8  # how sure the reader is of what it reads in a thread


def _acts(reading: Reading) -> bool:
    """Whether a message says what its sender does, and answers no question."""
    return reading.intent in ("acknowledge", "update", "resolve", "reassign")


def _says_which_act(reading: Reading) -> bool:
    """Whether it was more than news: small talk between two tasks is of none of them."""
    soon = reading.eta_min is not None and reading.eta_min < _SOON  # "what a day" promises nothing
    plain = reading.intent != "update" and reading.confidence.get("intent", 0.0) >= _RATHER
    return plain or soon or reading.waiting_for is not None


def _is_a_whole_report(reading: Reading) -> bool:
    """Whether somebody who was asked something tells the whole story anew instead of answering.

    "the capper" names a machine and tells nothing: a story has words of its trouble.
    """
    if not any(e.field == "type" for e in reading.evidence):
        return False
    return reading.intent == "report" and any(
        e.type not in (None, "other") and (e.assets or e.lots or e.work_orders or e.items) for e in reading.exceptions
    )
