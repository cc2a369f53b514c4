"""What people say of a hold beside deciding on it: take a release back, release under a condition, last good check.

The reader knows decisions; these few sentences around them are told apart here by their words, and only where a hold
or a lot is spoken of. Nothing of it frees anything: a release under a condition is read back like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.proven import stopped
from db import cases
from workflow import returning, reworking, scope
from workflow.case import ALLOWED, Case
from workflow.holding import FREES
from workflow.plant import Plant
from workflow.reading import Disposition, Reading

if TYPE_CHECKING:
    from bot.desk import Desk


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# "withdraw the release of 6319-4A", in the languages of the floor.
_WITHDRAWS = _words(
    r"\b(withdraw|revoke|recall|rescind|undo|pull back|take back|cancel)\b.{0,20}\brelease",
    r"\brelease\b.{0,30}\b(is|was)? ?(withdrawn|revoked|taken back|cancelled)\b",
    r"\bfreigabe\b.{0,40}\b(zurück|widerruf|widerrufen|zurückgezogen|zurückgenommen)",
    r"\b(widerrufe|widerruf|zurückziehen|zurücknehmen)\b.{0,30}\bfreigabe",
    r"\b(retir|anul|revoc|cancel)\w*\b.{0,20}\bliberaci[oó]n",
    r"\b(revog|cancel|retir|anul)\w*\b.{0,20}\blibera[cç][aã]o",
    r"\b(retir|annul|révoqu|revoqu)\w*\b.{0,20}\b(libération|liberation|déblocage|deblocage)",
    r"\b(cofn|wycof|anul|odwo[lł])\w*\b.{0,20}\bzwolnieni",
    r"\brelease\b.{0,20}\b(vaapas|wapas|vapas|cancel|radd)\b",
    r"रिलीज़?.{0,20}(वापस|रद्द)",
)
# "only if the retest is ok": what follows is the condition, in the sender's words.
_CONDITION = _words(
    r"\b(?:but )?(?:only )?(?:if|once|provided(?: that)?|as soon as|as long as|subject to|on condition that|when)\b",
    r"\b(?:nur )?(?:wenn|falls|sobald|sofern|vorausgesetzt|unter der bedingung)\b",
    r"\b(?:solo )?(?:si|cuando|en cuanto|siempre que|a condici[oó]n de(?: que)?|sujeto a)\b",
    r"\b(?:só )?(?:se|quando|assim que|desde que|sujeito a)\b",
    r"\b(?:seulement )?(?:si|dès que|des que|quand|à condition(?: que)?|sous réserve(?: de)?)\b",
    r"\b(?:tylko )?(?:je[sś]li|je[zż]eli|gdy|o ile|jak tylko|pod warunkiem(?:,? [zż]e)?)\b",
    r"\b(?:agar|jab|bashart[ei]?|yadi)\b",
    r"(?:अगर|यदि|जब|बशर्ते)",
)
_LAST_GOOD = _words(
    r"\blast (?:good|ok) (?:check|sample|count|reading|test|part|one|piece)s?\b",
    r"\bletzte[rs]? (?:gute[rs]?|i\.?o\.?|okaye?) (?:prüfung|probe|messung|teil|stück|kontrolle)",
    r"\b[uú]ltim[oa] (?:control|chequeo|muestra|revisi[oó]n|prueba|medici[oó]n|pieza) (?:buen[oa]|ok|bien)",
    r"\b[uú]ltim[oa] (?:checagem|amostra|verifica[cç][aã]o|controle|teste|medi[cç][aã]o|pe[cç]a) (?:bo[am]|ok)",
    r"\bdernier(?:e)? (?:contrôle|controle|échantillon|mesure|pièce|piece) (?:bon(?:ne)?|ok)",
    r"\bostatni[ae]? (?:dobr[ayei]|ok) (?:kontrola|pr[oó]bka|pomiar|sztuka|test)",
    r"\b(?:aakhri|aakhiri|last) (?:sahi|theek|ok|good) (?:check|sample|jaanch)",
    r"आख़?िरी (?:सही|ठीक) (?:जाँच|जांच|सैंपल|चेक)",
)
_REWORKED = _words(
    r"\brework\w*\b.{0,30}\b(done|finished|complete[d]?|ready|over|back|ho gaya|khatam|pura)\b",
    r"\b(all|everything|done) reworked\b|\breworked (all|them|it|everything)\b",
    r"\bnach(arbeit|gearbeitet)\b.{0,30}\b(fertig|erledigt|durch|abgeschlossen|zurück)\b",
    r"\b(reproceso|retrabajo)\b.{0,30}\b(list[oa]|terminad[oa]|hech[oa]|acabad[oa])\b|\breprocesad[oa]s? (ya|todo)\b",
    r"\bretrabalho\b.{0,30}\b(pront[oa]|terminad[oa]|feit[oa]|acab\w+|conclu[ií]d[oa])\b",
    r"\bretravail\b.{0,30}\b(fini|terminé|termine|fait|prêt)\b",
    r"\bprzer[oó]bk\w+\b.{0,30}\b(gotow\w+|sko[nń]czon\w+|zrobion\w+)",
    r"रीवर्क.{0,20}(हो गया|पूरा|ख़?त्म)",
)
_CLOCK = re.compile(r"\b([01]?\d|2[0-3])\s?[:.hH]\s?([0-5]\d)\b")
_END = " .,;:!-–"


def conditional(said: str, reading: Reading, read: Callable[[str], Reading]) -> Reading:
    """ "release 600 cs if the retest is ok": the reader keeps it on hold; here the condition becomes part of it.

    What stands before the condition is read alone; it must free something, else the reading stays as it was.
    """
    kept = [part for part in reading.disposition if part.decision == "keep_on_hold"]
    match = _CONDITION.search(said)
    if reading.intent != "disposition" or not kept or match is None:
        return reading
    head, condition = said[: match.start()].strip(_END), said[match.start() :].strip(_END)
    if not head:
        condition, _, head = said.partition(",")
    if not head.strip() or not condition.strip():
        return reading
    alone = read(head)
    freed = [part for part in alone.disposition if part.decision in FREES]
    if alone.intent != "disposition" or len(freed) != len(alone.disposition) or not freed:
        return reading
    lots = [part.lot for part in reading.disposition if part.lot]
    parts = tuple(_under(part, condition.strip(), lots) for part in freed)
    return replace(reading, disposition=parts)


def does(desk: Desk, reading: Reading | None) -> str | None:
    """The button that does the same as these words: it meets the same gates, and they meet no others (R45, R55)."""
    if reading is None or desk.press is not None:
        return None
    if _WITHDRAWS.search(desk.said):
        return "withdraw"
    return "reworked" if _back_from_rework(desk, reading) is not None else None


def heard(desk: Desk, reading: Reading) -> str | None:
    """What the message asks for beside a decision; None where it asks for nothing of the kind."""
    act = does(desk, reading)
    if act == "withdraw":
        return stopped(desk, act) or _withdrawn(desk, reading)
    if _LAST_GOOD.search(desk.said) and (at := _clock(desk.said, desk.world.plant, desk.sent_at)) is not None:
        case = _hold(desk)
        return desk.save(scope.last_good(case, at, desk.me, desk.said, desk.world)) if case is not None else None
    case = _back_from_rework(desk, reading) if act == "reworked" else None
    if case is None:
        return None
    return stopped(desk, "reworked") or desk.save(reworking.reworked(case, desk.me, desk.said, desk.world))


def _back_from_rework(desk: Desk, reading: Reading) -> Case | None:
    """The hold of which the words say that its rework is done; None where they say nothing of the kind."""
    if _LAST_GOOD.search(desk.said) and _clock(desk.said, desk.world.plant, desk.sent_at) is not None:
        return None
    if _REWORKED.search(desk.said):
        return _in_rework(desk)
    case = desk.thread.case
    if reading.intent != "resolve" or case is None or not case.is_open or not case.in_rework:
        return None
    # "done" of quality may mean what is left to decide
    return None if "quality" in desk.me.roles and any(h.remaining > 0 for h in case.held) else case


def held_again(desk: Desk, lots: tuple[str, ...]) -> str | None:
    """A lot is put on hold that was released from a hold: that release is withdrawn, in its own record (R45)."""
    for lot in lots:
        case = _released(desk, lot)
        if case is not None and not case.is_open:
            return desk.save(returning.withdraw_release(case, lot, desk.me, desk.said, desk.world))
    return None


def _withdrawn(desk: Desk, reading: Reading) -> str:
    spoken_of = (*reading.exceptions, *((reading.mentioned,) if reading.mentioned is not None else ()))
    lots = [lot for e in spoken_of for lot in e.lots] + [part.lot for part in reading.disposition if part.lot]
    thread = desk.thread.case
    if not lots and thread is not None:
        lots = list(returning.released_lots(thread))
    for lot in dict.fromkeys(lots):
        case = _released(desk, lot)
        if case is not None:
            return desk.save(returning.withdraw_release(case, lot, desk.me, desk.said, desk.world))
    return desk.tell("refused.withdraw.nothing", lots=list(dict.fromkeys(lots)))


def _released(desk: Desk, lot: str) -> Case | None:
    found = [c for c in cases.find(desk.tx, lot=lot) if lot in returning.released_lots(c)]
    return next((c for c in reversed(found) if c.status in ALLOWED["withdraw"]), None)


def _hold(desk: Desk) -> Case | None:
    """The hold that is spoken of: the thread's, else the only one that its sender has to do with."""
    case = desk.thread.case
    if case is not None and case.held and case.is_open:
        return case
    holds = [c for c in cases.open_cases(desk.tx) if c.held and desk.me.id in (c.reporter, *c.joined, *c.told)]
    return holds[0] if len(holds) == 1 else None


def _in_rework(desk: Desk) -> Case | None:
    case = desk.thread.case
    if case is not None and case.is_open and case.in_rework:
        return case
    found = [c for c in cases.open_cases(desk.tx) if c.in_rework and desk.me.id in c.told]
    return found[0] if len(found) == 1 else None


def _under(part: Disposition, condition: str, lots: list[str]) -> Disposition:
    return replace(part, condition=condition, lot=part.lot or (lots[0] if len(set(lots)) == 1 else None))


def _clock(said: str, plant: Plant, now: datetime) -> datetime | None:
    """The last time that it was so late, by the plant's clock."""
    match = _CLOCK.search(said)
    if match is None:
        return None
    local = plant.local(now)
    at = local.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
    return (at if at <= local else at - timedelta(days=1)).astimezone(now.tzinfo)
