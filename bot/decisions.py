"""Quality decisions in the thread: read back first, taken only by an explicit yes (R41)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.say import Press, parse_button
from db import cases, conversations, outbox
from workflow import holding
from workflow.case import LINECALL, Case, Change, Entry, Notice, Offer
from workflow.errors import Refused
from workflow.plant import on_shift
from workflow.reading import Reading
from workflow.routing import remember_told

if TYPE_CHECKING:
    from bot.desk import Desk
    from db.conversations import Line
    from db.outbox import Told

# Never a decision, and enough for whoever was asked to take a task (R27, R41).
BARE_OK = frozenset({"ok", "okay", "k", "oki", "vale", "tá", "ta", "👍", "👌", "✅", "🆗", "👍🏻", "👍🏽", "👍🏿"})
ON_HOLD = ("hold", "blocked")  # how ERP calls a lot that nobody may use
ABOVE = frozenset({"decide.too_much", "decide.no_cost"})  # whoever may decide on so much is asked
READ_BACK = ("read_back", "read_back_again", "second_asked")  # the last: to the second person of a decision
FIRST = frozenset({"read_back", "second_asked"})
# A chat tells whole seconds, and its clock is seldom quite ours: a yes may seem written so long before its read-back.
CLOCKS_APART = timedelta(seconds=2)


def propose(desk: Desk, reading: Reading) -> str:
    """A quality decision: read back first, decided only by an explicit yes (R41)."""
    case = desk.thread.case if desk.thread.case is not None and desk.thread.case.held else None
    lots = [part.lot for part in reading.disposition if part.lot]
    for lot in lots:
        holding_it = [c for c in cases.find(desk.tx, lot=lot) if c.is_open and c.held_lot(lot)]
        case = holding_it[0] if holding_it else case
    known = {lot for c in ([case] if case is not None else []) for lot in lots if c.held_lot(lot)}
    if lots and not known:
        known_there = desk.world.records.lot
        in_erp = [lot for lot in lots if lot in known_there and known_there[lot].status in ON_HOLD]
        return desk.tell("held_elsewhere" if in_erp else "no_hold", lots=in_erp or lots)
    if case is None:
        mine = [c for c in cases.open_cases(desk.tx) if c.type == "quality_hold" and c.held]
        case = mine[0] if len(mine) == 1 and not lots else None
    if case is None:
        return desk.tell("no_hold", lots=lots)
    proposal = holding.propose(case, reading.disposition, desk.me, desk.said, desk.world)
    conversations.ask(desk.tx, desk.me.id, case.number, "confirm", ("yes", "no"), desk.world.now)
    return desk.save(proposal)


def told_above(desk: Desk, no: Refused) -> list[str]:
    """Who may decide on so much hears that they are needed, and what for; returns whom (R40)."""
    case = cases.get(desk.tx, str(no.facts["case"]))
    assert case is not None
    roles = [str(role) for role in no.facts["roles"]]
    there = {p.id: p for role in roles for p in on_shift(desk.world.plant, role, desk.world.now, case.line)}
    people = [p for p in there if p != desk.me.id]
    if people:
        rest = [f"{h.lot}: {h.remaining:.15g} {h.uom}" for h in case.held if h.remaining > 0]
        facts = {"case": case.number, "who": desk.me.id, "said": desk.said, "rest": rest} | dict(no.facts)
        notices = tuple(Notice(p, "needed_above", facts, (Offer("decide", ("quality",)),)) for p in people)
        asked = Entry(desk.world.now, LINECALL, "asked", no.name, {"role": roles[0], "people": people})
        desk.save(Change(remember_told(case, notices), (asked,), notices))
    return people


def confirm(desk: Desk, reading: Reading) -> str:
    """The answer to a read-back: a clear yes decides, an "ok" or an emoji never does (R41)."""
    case = desk.thread.case
    assert case is not None
    if is_bare_ok(desk.said) or _said_to_others(desk):
        return ask_clearly(desk, case)
    if reading.intent == "answer" and reading.answer is True:
        return _decided(desk, case, later=_answers_an_earlier_one(desk, case))
    if reading.intent == "cancel" or reading.answer is False:
        conversations.answered(desk.tx, desk.me.id)
        return desk.save(holding.withdraw_proposal(case, desk.me, desk.world))
    return ask_clearly(desk, case)


def pressed(desk: Desk, press: Press, case: Case) -> str:
    """The yes of a button: it counts for the read-back under which it stood (R33, R41)."""
    count = int(press.args[0]) if press.args and press.args[0].isdecimal() else 0
    return _decided(desk, case, count, later=not holding.is_for(case, press.args))


def ask_clearly(desk: Desk, case: Case) -> str:
    """Something else than a clear yes or no: ask for one."""
    told = _read_backs(desk, case)
    if told and _cut(desk, told):
        return desk.tell("read_back_cut", case=case.number)
    return desk.tell("confirm_clearly", holding.yes_or_no(case), case=case.number)


def is_bare_ok(said: str) -> bool:
    """Whether somebody wrote nothing but an "ok" or an emoji."""
    return said.casefold().strip(" .!") in BARE_OK


def _decided(desk: Desk, case: Case, count: int | None = None, *, later: bool) -> str:
    """The decision commits where its author said yes to all of it; `later`: this yes was to an earlier proposal.

    What has not been sent nobody has read, and a phone that was without a network brings a yes of long ago.
    """
    mine = case.proposal is not None and case.proposal.waits_for(desk.me.id)
    if mine and count in (None, case.decisions + 1):
        told = _read_backs(desk, case)
        if _cut(desk, told):
            return desk.tell("read_back_cut", case=case.number)
        read = [one.sent_at for one in told if one.sent_at is not None and _offers_a_yes(_shown(desk, one))]
        if later or not read or desk.sent_at + CLOCKS_APART < min(read):
            return _read_back_again(desk, case, told)
    conversations.answered(desk.tx, desk.me.id)
    change = holding.confirm(case, desk.me, desk.world, count)
    outcome = desk.save(change)
    if change.case.proposal is not None:
        for second in change.case.proposal.seconds:  # a typed yes counts too; an open question of theirs goes first
            if conversations.asked(desk.tx, second) is None:
                conversations.ask(desk.tx, second, case.number, "confirm", ("yes", "no"), desk.world.now)
    return outcome


def _read_back_again(desk: Desk, case: Case, told: tuple[Told, ...]) -> str:
    facts = told[-1].notice.facts if told else {"case": case.number}
    notice = Notice(desk.me.id, READ_BACK[1], facts, holding.yes_or_no(case), until="resolved", where=desk.where)
    outbox.put(desk.tx, case.number, notice, desk.world.now)
    return notice.name


def _read_backs(desk: Desk, case: Case) -> tuple[Told, ...]:
    """The read-back of the proposal that waits now, and each time that it was read back again."""
    mine = [t for t in outbox.of_case(desk.tx, case.number) if t.notice.to == desk.me.id and t.notice.name in READ_BACK]
    first = max((n for n, told in enumerate(mine) if told.notice.name in FIRST), default=0)
    return tuple(mine[first:])


def _shown(desk: Desk, told: Told) -> Line | None:
    """A read-back as its chat showed it."""
    if told.channel is None or told.message_id is None:
        return None
    return conversations.line_of(desk.tx, told.channel, told.message_id)


def _cut(desk: Desk, told: tuple[Told, ...]) -> bool:
    """Whether it was sent, and each time without the button for a yes: it did not fit whole into that chat."""
    sent = [shown for one in told if (shown := _shown(desk, one)) is not None]
    return bool(sent) and not any(_offers_a_yes(shown) for shown in sent)


def _offers_a_yes(shown: Line | None) -> bool:
    presses = [parse_button(button.value) for button in shown.buttons] if shown is not None else []
    return any(press is not None and press.act == "confirm" for press in presses)


def _answered(desk: Desk) -> Line | None:
    """The message of ours that this one is marked as a reply to."""
    reply_to = desk.message.reply_to
    if reply_to is None or desk.message.edits is not None:
        return None
    shown = conversations.line_of(desk.tx, desk.message.channel, reply_to)
    return shown if shown is not None and shown.sender == "bot" else None


def _answers_an_earlier_one(desk: Desk, case: Case) -> bool:
    """Whether it is a reply to what was read back before the proposal that waits now."""
    answered, told = _answered(desk), _read_backs(desk, case)
    first = _shown(desk, told[0]) if told else None
    return answered is not None and first is not None and _offers_a_yes(answered) and answered.id < first.id


def _said_to_others(desk: Desk) -> bool:
    """Whether it was said in a thread where people speak with one another, and to no question of ours."""
    return desk.message.overheard and not _offers_a_yes(_answered(desk))
