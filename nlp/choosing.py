"""What a message is taken for, of what its words and the learnt votes make likely: the rules that outweigh both."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from nlp import kinds
from nlp.decisions import hits_of, read_decisions
from nlp.intents import questions, unreal
from nlp.minutes import told_alone
from nlp.plainly import (
    asks_of_no_trouble,
    counts_the_bad_ones,
    holds_what_is_free,
    is_not_there_yet,
    is_there,
    keeps_on_a_condition,
)
from nlp.sheet import Sheet
from nlp.times import Moment, instant
from nlp.words import lexicon
from workflow.reading import Intent

NAMES_A_CASE = frozenset({"asset", "line", "order", "lot", "item"})


def _ranked(votes: Mapping[Intent, float]) -> list[Intent]:
    """The intents, the likeliest first."""
    return sorted(votes, key=lambda name: -votes[name])


def chosen_intent(sheet: Sheet, votes: Mapping[Intent, float], likely: Mapping[Intent, float] | None) -> Intent:
    """The likeliest intent that the words allow: a decision needs words of one, a danger is reported (R15, R41)."""
    ranked = _ranked(votes if likely is None else likely)
    if likely is None:
        return ranked[0]
    if sheet.has("injection") or not any(token.kind in ("word", "number", "clock") for token in sheet.tokens):
        return max(votes, key=lambda name: votes[name])
    fresh = sheet.context.thread is None and sheet.context.question is None
    if ranked[0] == "answer" and _says_nothing_alone(sheet):
        return max(_SAID_IN_A_WORD, key=lambda name: votes.get(name, 0.0))  # "omw", asked for the machine: no answer
    if fresh and ranked[0] in ("report", "chatter", "query") and _says_nothing_alone(sheet):
        return "chatter"  # "no", "in 20 min", "not mine", and nothing that it would answer; "omw" takes what is open
    if fresh and told_alone(sheet) is not None:
        return "chatter"  # "it was 60 min, not 40": of what is over, and nothing new
    if is_there(sheet):
        thread = sheet.context.thread
        return "chatter" if fresh else "resolve" if thread and thread.type == "material_shortage" else "update"
    if fresh and is_not_there_yet(sheet):
        return "report"
    if fresh and sheet.hits("safety.sure") and _is_told(sheet, votes, likely):
        return "report"
    if not fresh and _is_new_danger(sheet, ranked[0]):
        return "report"  # said in reply to something else, it is told to a person all the same (R15)
    if not fresh:
        ranked = [name for name in ranked if name not in _ENDS_OR_TAKES or not _is_not_said(sheet, name)]
    if not fresh and ranked[0] in _MAY_PUT_RIGHT and _puts_right(sheet):
        return "update"  # "make that 26 bundles", "korrigiere, sind 460 nicht 600"
    if not fresh and ranked[0] == "update" and _runs_since(sheet):
        return "resolve"
    over = bool(sheet.negated) or sheet.has("i.past_fixed") or bool(sheet.group("hist"))
    over = over and not (fresh and _told_apart(sheet))
    over = over or _only_perhaps(sheet)
    unsure = ranked[0] in ("chatter", "report") and likely[ranked[0]] < _SURE_ENOUGH
    if fresh and unsure and asks_of_no_trouble(sheet):
        return "query"
    if fresh and not over and ranked[0] == "chatter" and counts_the_bad_ones(sheet):
        return "report"
    trouble = fresh and not over and ranked[0] in ("chatter", "query") and likely["report"] >= _MAY_BE_A_REPORT
    trouble = trouble and not (ranked[0] == "query" and votes["query"] > _ASKED * max(votes["report"], 1.0))
    if trouble and (_speaks_of_the_plant(sheet) or likely["report"] >= likely[ranked[0]]):
        return "report"  # asked about: a short question costs less than trouble that nobody hears of (R18)
    if fresh and ranked[0] == "chatter" and _told_apart(sheet):
        return "report"  # "... need 600 on Thursday. Also happy birthday Stefan"
    if fresh and ranked[0] == "report" and _only_perhaps(sheet):
        return "chatter"  # "if the oven packs up again, call Uwe": nothing is wrong yet (R14)
    if fresh and ranked[0] == "query" and likely["report"] >= _MAY_BE_A_DANGER and _tells_besides(sheet):
        return "report"  # "line 3 filler is dead, what's going on"
    if fresh and ranked[0] == "report" and _only_asks(sheet):
        ranked.sort(key=lambda name: name == "report")
    if ranked[0] == "query" and not questions(sheet) and not sheet.has("i.query") and not _question_mark(sheet):
        ranked.remove("query")
    if fresh and ranked[0] == "report" and _is_over(sheet):
        return "chatter"  # "blow molder is fixed", where nothing is open on it
    mended = ("chatter", "update", "cancel") if fresh else ("cancel",)
    all_right = bool(sheet.group("fine")) or bool(sheet.negated) or any(m.fine for m in sheet.mentions)
    if ranked[0] in mended and corrects(sheet) and (fresh or not all_right):
        return "report"
    if fresh and ranked[:2] == ["report", "chatter"] and sheet.has("i.past_fixed") and _ranked(votes)[0] == "chatter":
        return "chatter"  # "was down, we fixed it ourselves, no need to come": whoever wrote it says that it is over
    if fresh and ranked[0] == "report" and _all_denied(sheet):
        return "chatter"  # "no leaks on the seamer, no jams at the depal, nobody hurt"
    if fresh and ranked[:2] == ["report", "chatter"] and _told_over_twice(sheet):
        return "chatter"  # "jammed but I managed, nothing needed"
    if fresh and ranked[0] == "disposition" and holds_what_is_free(sheet):
        return "report"  # "fica retido o 317Y1-1": whoever stops a lot that is free reports it
    if not fresh and ranked[0] != "disposition" and keeps_on_a_condition(sheet):
        return "disposition"
    if fresh and ranked[0] == "disposition" and hits_of(sheet) and not _decides(sheet, votes):
        return "chatter"  # "if the test is good it may perhaps be released"
    if fresh and ranked[0] == "update" and unreal(sheet) == sheet.sentences[:1]:
        return "chatter"
    done = sheet.has("i.resolve", "runs") or sheet.group("done_word") or sheet.group("fine")
    unsaid = not done and (likely["resolve"] < _SURE_IT_IS_DONE or sum(t.kind == "word" for t in sheet.tokens) <= 3)
    if ranked[0] == "resolve" and (
        (_comes_yet(sheet) and not _runs_since(sheet))
        or unsaid
        or ((likely["resolve"] < _SURE_IT_IS_DONE or not done) and sheet.has(*_TROUBLE))
    ):
        ranked.remove("resolve")  # "the filler is dead", "super": ending by a misreading costs more than one more word
    told = votes.get("report", 0.0) > votes.get("query", 0.0)
    if not fresh and ranked[0] == "query" and told and _tells_besides(sheet):
        return "report"  # the same, where the filler is known to be dead already (R20)
    return next(name for name in ranked if name != "answer" and (name != "disposition" or _decides(sheet, votes)))


def _puts_right(sheet: Sheet) -> bool:
    """In a case: a word of correction and what is right instead, and hardly more."""
    if sheet.context.thread is None or not sheet.group("correct") or sheet.has("i.cancel.sure") or hits_of(sheet):
        return False
    right = bool(sheet.numbers) or bool(sheet.moments)
    short = sum(token.kind == "word" for token in sheet.tokens) <= _SHORT_ANSWER + 2
    told = [h for prefix in kinds.CUE_OF for h in sheet.hits(f"{prefix}.sure")]
    return right and short and not told


def _told_apart(sheet: Sheet) -> bool:
    """A sentence by itself tells of trouble in sure words, whatever the others chat about."""
    if sheet.negated:
        return False
    aside = [*questions(sheet), *unreal(sheet)]
    chat = [h.start for h in sheet.hits("i.chatter", "i.past_fixed", "i.cancel", "i.resolve")]
    chat += [h.start for h in sheet.negated] + [m.start for m in sheet.mentions if m.fine]
    if not chat and not aside:
        return False
    for start, end in sheet.sentences:
        clear = (start, end) not in aside and not any(start <= i < end for i in chat)
        if clear and not sheet.group("fine", start, end) and not sheet.group("done_word", start, end):
            found = kinds.with_context(sheet, kinds.votes(sheet, [(start, end)], aside), [(start, end)])
            if max(found.values(), default=0.0) >= _SURELY and any(sheet.of(w, start, end) for w in NAMES_A_CASE):
                return True
    return False


def _comes_yet(sheet: Sheet) -> bool:
    """ "ya está limpio, en 20 min a temperatura": it is not over before then."""
    later = [m for m in sheet.moments if m.start > 2]
    ahead = [m for m in later if m.role in ("in", "by", "until")]
    ahead += [m for m in later if m.role == "at" and 2 < _minutes_from_now(sheet, m) < 240]
    stood = any(m.kind == "duration" and m.role in ("", "for") for m in sheet.moments)
    return bool(ahead) and not stood and not sheet.has("runs", "i.resolve.sure")


def _all_denied(sheet: Sheet) -> bool:
    """Trouble is named only to say that there is none."""
    denied = [h for h in sheet.negated if h.cue.name.split(".")[0] in kinds.CUE_OF]
    return len(denied) > 1 and not kinds.votes(sheet, [(0, len(sheet.tokens))])


def _told_over_twice(sheet: Sheet) -> bool:
    """Behind the last word of trouble, two that say that it is over and nobody need come."""
    troubles = [h.end for prefix in kinds.CUE_OF for h in sheet.hits(prefix)]
    over = [(h.start, h.end) for h in sheet.hits("i.past_fixed") if h.start >= max(troubles, default=0)]
    return bool(over) and max(a for a, _ in over) >= min(b for _, b in over) and not sheet.hits("safety.sure")


def _minutes_from_now(sheet: Sheet, moment: Moment) -> float:
    """How far ahead a clock time lies, the nearest that it can mean; less than nothing where it is past."""
    if moment.kind != "clock":
        return 0.0
    at = instant(moment, sheet.context.plant, sheet.context.now, towards="near")
    return (at - sheet.context.now).total_seconds() / 60


def _runs_since(sheet: Sheet) -> bool:
    """ "repaired. Restart at 11:15", written at twenty past: what is told of is over."""
    clocks = [m for m in sheet.moments if m.kind == "clock"]
    if not clocks or len(clocks) < len(sheet.moments) or not sheet.has("i.resolve") or sheet.group("still"):
        return False
    return all(-60 <= _minutes_from_now(sheet, m) <= 0 for m in clocks) and not sheet.negated


def _only_perhaps(sheet: Sheet) -> bool:
    """All that sounds like trouble stands in sentences with an if."""
    if not sheet.group("if_word") or sheet.hits("safety.sure"):
        return False
    doubtful = [(a, b) for a, b in unreal(sheet) if sheet.group("if_word", a, min(b, a + 2))]
    whole = [(0, len(sheet.tokens))]
    every = max(kinds.votes(sheet, whole).values(), default=0.0)
    return bool(doubtful) and every > 0 and not kinds.votes(sheet, whole, doubtful) and not sheet.has("i.cancel")


def _decides(sheet: Sheet, votes: Mapping[Intent, float]) -> bool:
    if votes.get("disposition", 0.0) > 0.0:
        return True
    doubtful = unreal(sheet)
    said = hits_of(sheet)
    perhaps = bool(said) and all(any(a <= h.start < b for a, b in doubtful) for h in said)
    held = any(h.cue.name.startswith("d.release") for h in sheet.negated) or sheet.has("d.keep_on_hold")
    in_a_hold = sheet.context.thread is not None and sheet.context.thread.type == "quality_hold"
    return bool(read_decisions(sheet)) and (held or in_a_hold or not perhaps)


def _says_nothing_alone(sheet: Sheet) -> bool:
    """Whether a message only answers, and names nothing of the plant: a yes, a no, a promise, "not mine"."""
    words = [i for i, token in enumerate(sheet.tokens) if token.kind == "word"]
    if len([n for n in sheet.numbers if not n.article and not n.words]) > 1:
        return False  # "Soll 112, Ist 100"
    if len(words) > _SHORT_ANSWER or any(m.what in NAMES_A_CASE for m in sheet.mentions):
        return False
    said = {i for m in sheet.moments for i in range(m.start, m.end)} | {
        i for n in sheet.numbers for i in range(n.start, n.end)
    }
    for group in ("yes_word", "no_word", "neg", "done_word", "fine", "about", "u_min", "u_hour"):
        said |= {i for start, end in sheet.group(group) for i in range(start, end)}
    said |= {i for i in words if sheet.tokens[i].norm in _answers()}
    for hit in sheet.hits("i.ack", "i.resolve", "i.reassign", "i.update", "i.chatter"):
        said |= set(range(hit.start, hit.end))
    if not said or any(token.kind == "emoji" or token.norm == "?" for token in sheet.tokens):
        return False
    votes = kinds.votes(sheet, [(0, len(sheet.tokens))])
    return max(votes.values(), default=0.0) < kinds.PLAIN and all(
        i in said or sheet.tokens[i].norm in _function_words() for i in words
    )


@cache
def _answers() -> frozenset[str]:
    """A yes or a no of one word in any language: too short a message to tell its language."""
    return frozenset(word for name in ("yes_word", "no_word") for word in lexicon().groups.single_words(name))


@cache
def _function_words() -> frozenset[str]:
    return frozenset(word for language in lexicon().languages.values() for word in language.function_words)


def _only_asks(sheet: Sheet) -> bool:
    """Every sentence asks, and none holds a word of trouble: "who has maintenance tonight?"."""
    asked = questions(sheet)
    return bool(asked) and asked == sheet.sentences and not kinds.votes(sheet, [(0, len(sheet.tokens))])


def _speaks_of_the_plant(sheet: Sheet) -> bool:
    named = any(m.what in NAMES_A_CASE for m in sheet.mentions)
    return named or bool(kinds.votes(sheet, [(0, len(sheet.tokens))]))


def _tells_besides(sheet: Sheet) -> bool:
    """Whether trouble is told outside of what is asked."""
    whole = [(0, len(sheet.tokens))]
    return max(kinds.votes(sheet, whole, [*questions(sheet), *unreal(sheet)]).values(), default=0.0) >= kinds.PLAIN


def _question_mark(sheet: Sheet) -> bool:
    return any(token.norm == "?" for token in sheet.tokens)


def _is_over(sheet: Sheet) -> bool:
    """Said to be repaired or running, with no word of trouble."""
    done = sheet.has("i.resolve", "i.past_fixed") or any(m.fine for m in sheet.mentions)
    return done and not sheet.group("neg") and not kinds.votes(sheet, [(0, len(sheet.tokens))])


def _is_told(sheet: Sheet, votes: Mapping[Intent, float], likely: Mapping[Intent, float]) -> bool:
    """A danger is told, not asked about, denied, remembered or over."""
    denied = any(h.cue.name.startswith("safety") for h in sheet.negated)
    over = denied or sheet.has("i.past_fixed", "i.cancel") or sheet.group("hist") or sheet.group("if_word")
    return votes["report"] >= max(votes.values()) or (likely["report"] >= _HARDLY_A_REPORT and not over)


def _is_new_danger(sheet: Sheet, likeliest: Intent) -> bool:
    """A danger, or glass in the bottles, told within another case: not denied, undone, asked about or remembered."""
    over = sheet.negated or sheet.has("i.past_fixed", "i.cancel") or sheet.group("hist") or sheet.group("if_word")
    ended = likeliest == "resolve" and (sheet.has("i.resolve", "runs") or bool(sheet.group("done_word")))
    if over or ended or likeliest in ("cancel", "disposition"):
        return False
    asked = questions(sheet)
    thread = sheet.context.thread
    asked_about = sheet.context.question.about if sheet.context.question is not None else None
    known = {about.type for about in (thread, asked_about) if about is not None}
    cues = [() if "safety" in known else ("safety.sure",), () if known & _OF_THE_PRODUCT else ("foreign_body",)]
    return any(not any(a <= h.start < b for a, b in asked) for names in cues for h in sheet.hits(*names))


def _is_not_said(sheet: Sheet, name: Intent) -> bool:
    """Whether a reply that the votes take for an end or a taking has no words of one: it asks, or tells of trouble."""
    asked = questions(sheet)
    if name == "acknowledge":
        return not sheet.has("i.ack") and sheet.has(*_TROUBLE)
    if name == "reassign":
        return not sheet.has("i.reassign") and sheet.has("i.query")  # "wer hat das"
    if asked and asked == sheet.sentences:
        return not sheet.has("i.resolve" if name == "resolve" else "i.cancel") or _question_mark(sheet)
    return name == "cancel" and not sheet.has("i.cancel") and not sheet.negated and sheet.has("i.query")


_SURELY = kinds.PLAIN + 1.0
_MAY_PUT_RIGHT: tuple[Intent, ...] = ("cancel", "report", "answer", "disposition")
_ENDS_OR_TAKES: tuple[Intent, ...] = ("resolve", "cancel", "acknowledge", "reassign")
_SAYS_WHERE = frozenset({"line_word", "line_noun", "order_word", "lot_word", "article_word", "of_word", "loc"})
_OF_THE_PRODUCT = frozenset({"quality_hold", "safety", None})
_SAID_IN_A_WORD: tuple[Intent, ...] = ("chatter", "acknowledge", "update", "resolve", "reassign", "cancel")
_SHORT_ANSWER = 5  # words


_MAY_BE_A_DANGER = 0.2


_HARDLY_A_REPORT = 0.05  # what tells of a danger in so many words is still told to a person


_SURE_IT_IS_DONE = 0.65


_TROUBLE = ("breakdown", "quality", "shortage", "safety", "stopped", "labor")


_MAY_BE_A_REPORT = 0.4


_SURE_ENOUGH = 0.85


_ASKED = 2.0  # so many times the words of trouble, those of a question leave no doubt that it is one


def corrects(sheet: Sheet) -> bool:
    """ "sorry, i mean the blow molder", "not the filler, the capper": names what an earlier message got wrong (R10)."""
    stands = any(m.what in NAMES_A_CASE and not m.withdrawn for m in sheet.mentions)
    if not stands:
        return False
    return bool(sheet.group("correct")) or any(m.withdrawn for m in sheet.mentions) or _denies_first(sheet)


def _denies_first(sheet: Sheet) -> bool:
    """ "nein, Linie 3", "nahi printer": a no, and hardly more than the name of what it is instead."""
    if not sheet.tokens or sheet.tokens[0].norm not in _answers() or sheet.context.question is not None:
        return False
    first = max((end for i, end in sheet.group("no_word") if i == 0), default=0)
    if not first or any(token.norm == "?" for token in sheet.tokens):
        return False
    named = {i for m in sheet.mentions for i in range(m.start, m.end)}
    named |= {i for i, here in enumerate(sheet.spans) if _SAYS_WHERE & here.keys()}
    rest = [i for i in range(first, len(sheet.tokens)) if sheet.tokens[i].kind == "word" and i not in named]
    apart = first < len(sheet.tokens) and sheet.tokens[first].breaks
    strange = [i for i in rest if sheet.tokens[i].norm not in _function_words()]
    troubled = max(kinds.votes(sheet, [(0, len(sheet.tokens))]).values(), default=0.0) >= kinds.PLAIN
    return not strange and len(rest) <= _SHORT_ANSWER and (apart or not troubled)
