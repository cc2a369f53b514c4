""" "Can we run 10472 now?", "line 1 is cleared for 10472", "what should we run next?", "run 10474 first" (R46, R58).

Told apart by the words around an order's number, in the languages of the floor; everything else stays with the reader.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from sqlalchemy import Connection

from bot.answers.rights import sees_line
from bot.proven import stopped
from bot.say import Press
from db import log as chained
from db import outbox, settings
from db.connect import one_at_a_time
from workflow import sequence
from workflow.case import LINECALL, Notice, Offer
from workflow.errors import Refused
from workflow.plant import Person, on_shift
from workflow.records import WorkOrder
from workflow.routing import World
from workflow.running import Cleared, Floor, Verdict, clear, may_run
from workflow.sequence import MAY_PUT_FIRST, PutFirst, Slot, may_put_first

if TYPE_CHECKING:
    from bot.desk import Desk

# What `db/settings.py` keeps: line -> what is known.
CLEARED, RAN, FIRST = "lines_cleared", "lines_ran", settings.PUT_FIRST
MOST_WORDS = 24
HEAR = ("supervisor", "quality")  # of an order that runs though it must not

_CLEARED_OF = TypeAdapter(dict[str, Cleared])
_FIRST_OF = TypeAdapter(dict[str, PutFirst])


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_RUN = _words(
    r"^(?:okay?[, ]+)?(?:(?:can|may|shall|should|could|do) (?:we|i|you) |let'?s |please )?(?:now |still )?"
    r"(?:run|start|switch (?:over )?to|change (?:over )?to|put on)\b",
    r"^(?:können|dürfen|sollen|kann|darf|soll) (?:wir|ich|man)\b.*\b(?:fahren|starten|anfahren|umstellen)",
    r"^(?:fahrt?|startet?|fahren wir|starten wir)\b",
    r"^¿?\s*(?:podemos|puedo|se puede|vamos a|ya podemos) (?:correr|arrancar|lanzar|empezar|iniciar|meter|pasar a)",
    r"^(?:corran|arranca|arranquen|metan|pasen a)\b",
    r"^(?:já )?(?:podemos|posso|pode|dá para|vamos) (?:rodar|correr|iniciar|começar|passar para|trocar para)",
    r"^(?:peut-on|on peut|pouvons-nous|je peux|est-ce qu['’]on peut) (?:lancer|démarrer|faire tourner|passer à)",
    r"^(?:lance|lancez|démarre|démarrez)\b",
    r"^(?:czy )?(?:możemy|mogę|można) (?:puścić|uruchomić|zacząć|przejść na|odpalić|robić)",
    r"^(?:kya )?(?:hum |ham |main )?.*\b(?:chala|shuru kar|chalu kar|laga) (?:sakte|sakta|du|dein|de)\b",
    r"^(?:क्या )?(?:हम )?.*(?:चला|शुरू कर|चालू कर|लगा) (?:सकते|सकता|दूँ|दें)",
)
_CLEAR = _words(
    r"\b(?:line )?clearance (?:is )?(?:done|ok|given|complete)", r"\bcleared (?:and set up )?for\b",
    r"\b(?:freigeräumt|gereinigt und freigegeben|linienfreigabe|gerüstet) für\b", r"\blinienfreigabe (?:ist )?erteilt",
    r"\b(?:despejada|despeje hecho|lista y limpia) para\b", r"\b(?:liberada|limpa e pronta) para\b",
    r"\b(?:vide de ligne fait|dégagée|prête et nettoyée) pour\b", r"\b(?:oczyszczona|przezbrojona) (?:na|pod)\b",
    r"\bke liye (?:saaf|clear|taiyaar)\b", r"के लिए (?:साफ़?|क्लियर|तैयार)",
)  # fmt: skip
_FIRST = _words(
    r"\b(?:first|before the others)\b", r"\bzuerst|als erste[sn]?\b", r"\b(?:primero|antes que)\b", r"\bprimeiro\b",
    r"\b(?:d['’]abord|en premier)\b", r"\b(?:najpierw|jako pierwsze)\b", r"\b(?:pehle|sabse pehle)\b", r"पहले",
)  # fmt: skip
_NOT = _words(
    r"\b(?:not|don'?t|doesn'?t|won'?t|isn'?t|cannot|can'?t|nicht|kein\w*|não|ne|pas|nie|nahi[n]?|mat)\b", r"नहीं|मत",
    r"^(?:.*\s)?no (?:se|corre|arranca|podemos)\b",
)  # fmt: skip
_REASON = re.compile(
    r"(?:\b(?:because|since|weil|da|porque|pues|pois|car|bo|ponieważ|kyunki)\b|\bparce qu[e'’]|क्योंकि|[,;:–-])"
    r"\s*(?P<why>.+)$",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[A-Za-z]{0,4}-?\d{3,12}")


def asked(desk: Desk) -> str | None:
    """What a message asks or says about running an order; None where it does neither."""
    text = desk.said.strip()
    if desk.message.forwarded or len(text.split()) > MOST_WORDS:
        return None
    order = _order(text, desk.world)
    if order is None or _NOT.search(text):
        return None
    if _CLEAR.search(text):
        return stopped(desk, "cleared") or _cleared(desk, order)
    if not _RUN.search(text):
        return None
    if _FIRST.search(text) and "?" not in text:
        return stopped(desk, "put_first") or _put_first(desk, order, text)
    return _answer(desk, order)


def pressed(desk: Desk, press: Press) -> str:
    """ "Cleared and set up" under an answer."""
    order = desk.world.records.work_order.get(press.args[0]) if press.args else None
    return _cleared(desk, order) if order is not None else desk.tell("late_press_unknown")


def floor_of(tx: Connection) -> Floor:
    """What people have said of the lines, and what ERP said that they ran last."""
    return Floor(_CLEARED_OF.validate_python(settings.get(tx, CLEARED) or {}), settings.get(tx, RAN) or {})


def recommended(tx: Connection, asker: Person, line: str | None, world: World) -> Notice:
    """The answer to "what should we run next?": the sequence with all that it rests on (R58)."""
    if line is None and len(asker.lines) == 1:
        line = asker.lines[0]
    if line is None:
        return Notice(asker.id, "answer.sequence_which", {"lines": [one.id for one in world.plant.lines]})
    if not sees_line(asker, line):
        return Notice(asker.id, "answer.not_allowed", {"line": line})
    said = _FIRST_OF.validate_python(settings.get(tx, FIRST) or {}).get(line)
    slots = sequence.sequence(line, floor_of(tx), said, world)
    if not slots:
        return Notice(asker.id, "answer.sequence_none", {"line": line})
    stands = sequence.standing(said, line, world.records)
    as_of = world.records.as_of or world.now
    facts: dict[str, Any] = {
        "line": line,
        "slots": [_slot(n, slot) for n, slot in enumerate(slots, 1)],
        "as_of_at": as_of.isoformat(),
        "tools_min": sequence.TOOLS,
        "product_min": sequence.PRODUCT,
        "cleaning_min": sequence.CLEANING,
        "frozen_min": sequence.FROZEN.total_seconds() / 60,
    }
    if stands is not None:
        facts |= {"who": stands.by, "reason": stands.reason, "work_order": stands.work_order}
    elif said is not None:
        facts |= {"fell": said.work_order, "who_before": said.by}
    return Notice(asker.id, "answer.sequence", facts)


def lines_changed(tx: Connection, world: World) -> bool:
    """Whether ERP shows an order running that did not run when it was looked at last."""
    ran: dict[str, str] = settings.get(tx, RAN) or {}
    running = ((line.id, world.records.running_on(line.id)) for line in world.plant.lines)
    return any(order is not None and ran.get(line) != order.id for line, order in running)


def watch_lines(tx: Connection, world: World) -> int:
    """Note what each line runs by ERP; who leads the shift hears of an order that runs though it must not."""
    ran: dict[str, str] = settings.get(tx, RAN) or {}
    now_running = {line.id: order for line in world.plant.lines if (order := world.records.running_on(line.id))}
    fresh = {line: order for line, order in now_running.items() if ran.get(line) != order.id}
    if not fresh:
        return 0
    one_at_a_time(tx, RAN)
    floor, told = floor_of(tx), 0
    for line, order in fresh.items():
        verdict = may_run(order, floor, world)
        if line not in ran or not verdict.stops:
            continue  # the first that is known of a line is where it stood already
        people = {p.id: p for role in HEAR for p in on_shift(world.plant, role, world.now, line)}
        for person in people:
            outbox.put(tx, None, Notice(person, "run.against", _facts(verdict), _offers(verdict)), world.now)
        facts = {"work_order": order.id, "line": line, "rules": [stop.name for stop in verdict.stops]}
        chained.note(tx, world.now, LINECALL, "ran_against", facts)
        told += 1
    settings.put(tx, RAN, ran | {line: order.id for line, order in fresh.items()}, world.now)
    return told


def _answer(desk: Desk, order: WorkOrder) -> str:
    if not sees_line(desk.me, order.line):
        return desk.tell("answer.not_allowed", line=order.line)
    verdict = may_run(order, floor_of(desk.tx), desk.world)
    return desk.tell("run.no" if verdict.stops else "run.yes", _offers(verdict), **_facts(verdict))


def _cleared(desk: Desk, order: WorkOrder) -> str:
    one_at_a_time(desk.tx, RAN)
    floor = floor_of(desk.tx)
    said = clear(order, desk.me, floor, desk.world)
    known = _CLEARED_OF.dump_python({**floor.cleared, order.line: said}, mode="json")
    settings.put(desk.tx, CLEARED, known, desk.world.now)
    facts = {"work_order": order.id, "line": order.line}
    chained.note(desk.tx, desk.world.now, desk.me.id, "line_cleared", facts)
    return _answer(desk, order)


def _put_first(desk: Desk, order: WorkOrder, text: str) -> str:
    """Somebody who runs the plant puts an order first; no word beats a rule that forbids to run it (R46)."""
    if not may_put_first(desk.me, order.line):
        raise Refused("run.first_not_yours", work_order=order.id, roles=sorted(MAY_PUT_FIRST))
    slots = sequence.sequence(order.line, floor_of(desk.tx), None, desk.world)
    mine = next((slot for slot in slots if slot.order.id == order.id), None)
    verdict = may_run(order, floor_of(desk.tx), desk.world)
    if mine is None or mine.stops:
        return desk.tell("run.no", _offers(verdict), **_facts(verdict))
    if mine.fixed:
        return desk.tell("run.fixed", work_order=order.id, line=order.line)
    found = _REASON.search(text)
    if found is None:
        return desk.tell("run.first_why", work_order=order.id)
    at, orders = desk.world.now, sequence.as_erp_has_them(order.line, desk.world.records)
    said = PutFirst(order.id, desk.me.id, at, found["why"].strip(), orders)
    one_at_a_time(desk.tx, FIRST)
    before = _FIRST_OF.validate_python(settings.get(desk.tx, FIRST) or {})
    settings.put(desk.tx, FIRST, _FIRST_OF.dump_python({**before, order.line: said}, mode="json"), at)
    what = {"work_order": order.id, "line": order.line}
    chained.note(desk.tx, at, desk.me.id, "put_first", what, {"reason": said.reason})
    facts: dict[str, Any] = {"work_order": order.id, "line": order.line, "who": desk.me.id, "reason": said.reason}
    for role in ("planner", "supervisor"):
        for person in on_shift(desk.world.plant, role, at, order.line):
            if person.id != desk.me.id:
                outbox.put(desk.tx, None, Notice(person.id, "run.first_told", facts), at)
    return desk.tell("run.first", **facts)


def _offers(verdict: Verdict) -> tuple[Offer, ...]:
    return (Offer("cleared", (verdict.order.id,)),) if verdict.helps else ()


def _facts(verdict: Verdict) -> dict[str, Any]:
    return {
        "work_order": verdict.order.id,
        "line": verdict.order.line,
        "barred": [{"rule": stop.name, "why": stop.why} for stop in verdict.stops],
        "last": verdict.last.id if verdict.last is not None else None,
        "who": verdict.cleared.by if verdict.cleared is not None else None,
    }


def _slot(n: int, slot: Slot) -> dict[str, Any]:
    marks = [name for name, so in (("runs", slot.order.status == "running"), ("cleaning", slot.cleaning),
                                   ("put_first", slot.put_first), ("barred", bool(slot.stops))) if so]  # fmt: skip
    due = slot.order.due
    return {
        "n": n,
        "work_order": slot.order.id,
        "item": slot.order.item,
        "due": due.isoformat() if due is not None else None,
        "change_min": slot.change_min or None,
        "marks": marks,
        "rules": "; ".join(slot.stops),
    }


def _order(text: str, world: World) -> WorkOrder | None:
    """The one order of ERP that a text names, by its whole id or by its number."""
    known = world.records.work_order
    by_number = {re.sub(r"\D", "", id_): id_ for id_ in known}
    found = set()
    for token in _TOKEN.findall(text):
        id_ = token if token in known else by_number.get(re.sub(r"\D", "", token))
        if id_ is not None:
            found.add(id_)
    return known[found.pop()] if len(found) == 1 else None
