"""What becomes of photos and voice notes at the desk: what was read on them is offered, and their sender confirms it.

What stands on a photo is data: of all of it only ids that the plant knows get this far, and none binds before its
sender has said yes (R9, R17). A caption is read at once, as ever.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import confirmed, heard
from bot.say import Press
from bot.wording import language_for, word
from db import attachments, cases, conversations, inbox
from workflow.case import Case
from workflow.messages import Inbound
from workflow.plant import Person, Plant
from workflow.reading import Asked, Context, Reading, ReportedException

if TYPE_CHECKING:
    from bot.app import App
    from bot.desk import Desk
    from bot.thread import Thread
    from db.attachments import Attachment

TOGETHER = timedelta(minutes=30)  # a photo speaks of one's own report of the last half hour (R8)
ANSWERED_WITHIN = timedelta(hours=8)
A_YES_IS_SHORT = 40  # characters
MOST_DIGITS = 18  # of an id
ACTS = frozenset({"seen", "not_seen", "heard", "not_heard"})
READABLE = frozenset({"photo", "voice", "document"})


def shown(message: Inbound, person: Person, plant: Plant) -> str:
    """What stands in the transcript for a message without words: "(photo)"."""
    return _line(message.media[0].kind, person, plant) if message.media else ""


def arrived(desk: Desk, line: int) -> None:
    """Have the files of a message read, in a lane of their own: no message waits for them."""
    files = [(m.kind, m.reference) for m in desk.message.media if m.kind in READABLE]
    now, alone = desk.world.now, not desk.said
    attachments.put(
        desk.tx, desk.inbox_id, line, desk.me.id, desk.message.channel, files, desk.sent_at, now, alone=alone
    )


def without_words(desk: Desk) -> str:
    """A photo or a voice note alone is read first; a sticker or a place alone says nothing, so we ask (R9)."""
    return "looking" if any(m.kind in READABLE for m in desk.message.media) else desk.tell("empty")


def brought(desk: Desk, one: Attachment, reading: Reading | None) -> str:
    """A file was read: a voice note is taken like a message, the ids on a photo are offered."""
    if one.kind == "voice":
        return heard.heard(desk, one, reading) if one.problem is None else _not_read(desk, one)
    case = _belonging(desk, one)
    if case is not None and not one.alone:
        attachments.belongs(desk.tx, one.id, case.number)
    found = confirmed.fresh(one.found, case)
    if found and case is not None:
        return confirmed.offer(desk, one, found, "media.belongs", case)
    if found:
        return confirmed.offer(desk, one, found, "media.about_these")
    if not one.alone and one.problem != "too_large":
        return "nothing_new"  # the words that came with it were taken already
    if case is not None and one.problem != "too_large":
        attachments.belongs(desk.tx, one.id, case.number)
        return desk.tell("media.added", case=case.number)
    return _not_read(desk, one)


def pressed(desk: Desk, press: Press) -> str:
    """A yes or a no to what was read or heard: it counts once, and only from whom it was asked."""
    id_, yes = press.args[0] if press.args else "", press.act in ("seen", "heard")
    one = None
    if id_.isascii() and id_.isdecimal() and len(id_) <= MOST_DIGITS:
        one = attachments.answer(desk.tx, int(id_), desk.me.id, desk.world.now, confirmed=yes)
    if one is None:
        return desk.tell("late_press_unknown")
    if press.act in ("heard", "not_heard"):
        return _taken_as_written(desk, one) if yes else desk.tell("media.write_it")
    case = cases.get(desk.tx, one.case) if one.case is not None else _own_lately(desk, one)
    if case is None:
        return (
            confirmed.begin(desk, one, _line(one.kind, desk.me, desk.world.plant))
            if yes
            else desk.tell("media.then_say")
        )
    if not yes:
        return desk.tell("media.left_out", case=case.number)
    return (
        confirmed.bind(desk, one, case, _line(one.kind, desk.me, desk.world.plant)) if case.is_open else desk.late(case)
    )


def typed(app: App, message: Inbound, person: Person, thread: Thread) -> Press | None:
    """The button that a bare yes or no stands for: a person can always answer in words (R18)."""
    if not 0 < len(message.text.strip()) <= A_YES_IS_SHORT or thread.question is not None or message.media:
        return None
    world = app.world()
    with app.database.read() as tx:
        one = attachments.open_offer(tx, person.id, world.now - ANSWERED_WITHIN)
    if one is None or (thread.certain and thread.number != one.case):
        return None
    question = Asked("confirm", ReportedException(), ("yes", "no"))
    context = Context(person, world.plant, world.records, world.now, None, question)
    reading = app.reader.read(message, context)
    if reading.intent != "answer" or not isinstance(reading.answer, bool):
        return None
    act = "heard" if one.kind == "voice" and not one.found else "seen"
    return Press(act if reading.answer else f"not_{act}", one.case or "-", (str(one.id),))


def _not_read(desk: Desk, one: Attachment) -> str:
    return desk.tell(
        {
            None: "media.nothing_readable",
            "no_eyes": "media.no_eyes",
            "no_ears": "media.no_ears",
            "not_now": "media.not_heard",
            "heic": "media.other_format",
            "moving": "media.other_format",
            "unknown": "media.other_format",
            "too_large": "media.too_large",
            "too_many_pixels": "media.too_large",
            "broken": "media.cannot_open",
            "empty": "media.cannot_open",
            "gone": "media.cannot_open",
            "unreadable": "media.cannot_open",
        }.get(one.problem, "media.cannot_open")
    )


def _belonging(desk: Desk, one: Attachment) -> Case | None:
    """The open exception that a photo speaks of: what its words or its reply led to, one's own task, or late report."""
    original = inbox.get(desk.tx, one.inbox)
    assert original is not None
    number = conversations.thread_of(desk.tx, one.channel, original.message.message_id)
    case = cases.get(desk.tx, number) if number is not None else None
    if case is not None and case.is_open:
        taken = any(t.live and desk.me.id in (t.acknowledged_by, *t.told) for t in case.tasks)
        if not one.alone or original.message.reply_to is not None or taken:
            return case
    return _own_lately(desk, one)


def _own_lately(desk: Desk, one: Attachment) -> Case | None:
    mine = [
        case
        for case in cases.open_cases(desk.tx)
        if desk.me.id in (case.reporter, *case.joined) and abs(case.captured_at - one.at) <= TOGETHER
    ]
    return max(mine, key=lambda case: case.captured_at, default=None)


def _taken_as_written(desk: Desk, one: Attachment) -> str:
    """What was heard is right: it is taken like a message with these words."""
    original = inbox.get(desk.tx, one.inbox)
    assert original is not None
    said = original.message
    again = replace(said, message_id=f"{said.message_id}:said:{one.id}", text=one.heard or "", media=())
    inbox.put(desk.tx, again, desk.world.now)
    return "said_so"


def _line(kind: str, person: Person, plant: Plant) -> str:
    return word(language_for(person.language, plant), f"media.line.{kind}")
