"""What people read: every notice has its words in every language, complete, in their own terms, and never cut."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import wording
from bot.say import Press, Rendered, button_value, log_line, parse_button, render
from integrations.plant_folder.reading import read_plant_folder
from tests.bot.notices import ASKED, BREAKDOWN, CASES, DECIDED, ENTRIES, EXAMPLES, FIGURES, ITEM, PARTS
from tests.conftest import RIVERSIDE, ROOT
from workflow.case import POSTING_KINDS, Entry, Notice, Offer, Status
from workflow.plant import ROLES, Plant
from workflow.ports import Traits
from workflow.reading import DECISIONS, EXCEPTION_TYPES, Asks
from workflow.records import OrderStatus

NOW = datetime(2026, 11, 17, 20, 40, tzinfo=UTC)  # 14:40 in the plant, late shift
FOLDER = read_plant_folder(RIVERSIDE)
PLANT, RECORDS = FOLDER.plant, FOLDER.records
LANGUAGES = sorted(wording.languages())
ROOMY = Traits()
ANYTHING = st.text(alphabet=st.characters(), max_size=400)


def read(
    name: str,
    facts: Mapping[str, Any],
    *offers: Offer,
    language: str = "en",
    traits: Traits = ROOMY,
    plant: Plant = PLANT,
    now: datetime = NOW,
) -> Rendered:
    """What Gary reads."""
    gary = replace(plant.person["gary.lindqvist"], language=language)
    return render(Notice(gary.id, name, facts, offers), gary, plant, RECORDS, traits, now)


# every notice has its words -------------------------------------------------------------------------------------------

# Where the code makes a name while it runs: how it is written, and all that it can become.
MADE = {
    "erp_changed.{}": [
        f"erp_changed.{what}"
        for what in (
            "order_cancelled",
            "order_completed",
            "order_held",
            "order_moved",
            "order_quantity",
            "lot_consumed",
            "lot_moved",
            "order_gone",
            "lot_gone",
            "lot_freed",
            "lot_blocked",
        )
    ],
    "asked.{}": [f"asked.{role}" for role in ROLES],
    "ask.{}": [f"ask.{asks}" for asks in get_args(Asks)],
    "state.{}": [f"state.{status}" for status in get_args(Status)],
    "refused.{}": [],  # every Refused is looked for below
}
SPEAKS = {"Notice": 1, "ask_people": 4, "_everyone": 1, "_heard": 2, "tell": 0, "Refused": 0, "Entry": 2}


def spoken(call: str) -> set[str]:
    """Every name that the code gives to a call: as it stands there, or as a variable of the same module."""
    return {
        name
        for module, calls in modules_and_calls()
        for node in calls
        if _called(node) == call and len(node.args) > SPEAKS[call]
        for name in _names(node.args[SPEAKS[call]], module)
    }


@cache
def modules_and_calls() -> list[tuple[ast.Module, list[ast.Call]]]:
    """Every module that may speak to people, with the calls in it."""
    modules = [
        ast.parse(file.read_text("utf-8"))
        for room in ("workflow", "bot", "bot/answers")
        for file in sorted(Path(ROOT / room).glob("*.py"))
    ]
    return [(module, [node for node in ast.walk(module) if isinstance(node, ast.Call)]) for module in modules]


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", "") or getattr(call.func, "id", "")


def _names(said: ast.expr, module: ast.Module) -> Iterator[str]:
    match said:
        case ast.Constant(value=str(name)):
            yield name
        case ast.JoinedStr(values=parts):
            yield from MADE["".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in parts)]
        case ast.IfExp(body=one, orelse=other):
            yield from (*_names(one, module), *_names(other, module))
        case ast.Call(func=ast.Attribute(value=ast.Dict(values=values))):
            for value in values:
                yield from _names(value, module)
        case ast.Name(id=variable):
            for node in ast.walk(module):
                if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == variable for t in node.targets):
                    yield from _names(node.value, module)


def notices() -> set[str]:
    said = {name for call in ("Notice", "ask_people", "_everyone", "_heard", "tell") for name in spoken(call)}
    return said | {f"refused.{name}" for name in spoken("Refused")}


def test_every_notice_that_the_code_can_send_has_a_text_and_an_example() -> None:
    sent = notices()
    assert len(sent) > 80, "the scan has to find what the code says"
    assert sent - set(wording.texts("en")) == set(), "no words for these"
    assert sent - set(EXAMPLES) == set(), "tests/bot/notices.py has no example of these"


def test_every_entry_of_the_log_has_its_sentence_and_an_example() -> None:
    written = spoken("Entry") | spoken("_heard")
    assert len(written) > 30
    assert {f"log.{what}" for what in written} - set(wording.texts("en")) == set()
    assert written - set(ENTRIES) == set()


def test_every_button_that_the_code_offers_has_a_label() -> None:
    tuples = [
        node
        for _, calls in modules_and_calls()
        for node in calls
        if _called(node) == "Offer" and isinstance(node.args[0], ast.Constant)
    ]
    acts = {node.args[0].value for node in tuples if isinstance(node.args[0], ast.Constant)}
    acts |= {"acknowledge", "eta", "decline", "resolve", "decide", "still_on_it", "yes", "no"}  # from tuples
    assert {f"button.{act}" for act in acts} - set(wording.texts("en")) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_records_is_translated(language: str) -> None:
    words = {
        "type": EXCEPTION_TYPES,
        "role": ROLES,
        "decision": DECISIONS,
        "kind": POSTING_KINDS,
        "status": (*get_args(Status), *get_args(OrderStatus)),
        "state": ("draft", "unacknowledged", "acknowledged", "waiting", "resolved", "closed"),
        "field": get_args(Asks),
    }
    missing = {f"{group}.{name}" for group, names in words.items() for name in names} - set(wording.texts(language))
    assert missing == set()


def test_none_of_our_own_words_reaches_the_floor() -> None:
    ours = {
        "en": r"\b(case|task|posting|draft|notice|intent|inbox|outbox)s?\b",
        "es": r"\b(caso|tarea|posteo|borrador)s?\b",
        "pt": r"\b(caso|tarefa|postagem|rascunho)s?\b",
        "de": r"\b(fall|falls|fälle|aufgabe|posting|entwurf|ticket|vorgang)n?\b",
        "fr": r"\b(cas|tâche|brouillon|ticket)s?\b",
        "pl": r"\b(przypad\w*|zada[nń]i\w*|szkic\w*|ticket\w*)\b",
        "hi": r"\b(case|task|posting|draft|notice|intent|ticket|mamla)s?\b",
        "hi-Deva": r"(केस|टास्क|पोस्टिंग|ड्राफ़्ट|टिकट|मामला)",
    }
    for language, pattern in ours.items():
        said = {name: re.sub(r"\$\w+", "", text) for name, text in wording.texts(language).items()}
        del said["figure.posting_lag"]  # the name that R1 gives it
        assert {name: text for name, text in said.items() if re.search(pattern, text, re.IGNORECASE)} == {}


# complete and readable ------------------------------------------------------------------------------------------------

UNREADABLE = re.compile(
    r"None|True|False|\$|\{|\}|\[|\]|\(\)|“”|„“|„”|«\s*»|\b[a-z]+_[a-z_]+\b"  # what only a program would write
    r"|\d{4}-\d\d-\d\d|L3-FIL|[a-z]+\.[a-z]+@|gary\.lindqvist|maria\.lopez"  # ids and instants as we keep them
    r"|  | [,.;:]|,\s*[,.;:]|[:;]\s*[.,;]|\(\s|\s\)|,$|;$",  # where something vanished and left its comma
    re.MULTILINE,
)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_notice_reads_as_a_person_would_write_it(name: str) -> None:
    facts = EXAMPLES[name]
    for language in LANGUAGES:
        text = read(name, facts, language=language).text
        assert text, language
        assert UNREADABLE.search(text) is None, f"{language}: {text}"
        if "case" in facts and not name.startswith("ask."):
            assert "EX-1042" in text, f"people call an exception by its number, in {language} too"


# What a record may not hold yet; in some notices also who, of which type, and whom.
MAY_BE_MISSING = {
    "action", "assets", "at_at", "customers", "due", "items", "minutes", "not_booked", "note", "open",
    "orders", "owed", "owner", "owners", "promised_at", "receipt", "receipts", "rest", "roles", "said",
    "shipped", "staged", "stopped", "told", "waiting_for", "work_orders",
}  # fmt: skip
ALSO_MISSING = {
    "late_press": {"who"},
    "refused.resolve.not_yours": {"who"},
    "refused.correct.not_yours": {"who"},
    "handed_to_triage": {"people"},
    **{f"ask.{asks}": {"type", "lots"} for asks in get_args(Asks)},
}
WITHOUT_IT_NEVER_SAID = {  # nobody promises no time, waits for nothing or counts in no unit
    ("promised", "promised_at"),
    ("waiting", "waiting_for"),
    ("updated", "said"),
    ("stranger_in_danger", "said"),
    ("refused.decide.unit", "said"),
    ("refused.decide.too_much", "roles"),
    ("refused.decide.no_cost", "roles"),
    ("answer.who", "owners"),
    ("answer.open_of", "owner"),
    ("answer.downtime", "minutes"),
    ("answer.history", "assets"),
}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_what_is_not_known_vanishes_without_a_trace(name: str) -> None:
    facts = EXAMPLES[name]
    for gone in facts.keys() & (MAY_BE_MISSING | ALSO_MISSING.get(name, set())):
        if (name, gone) not in WITHOUT_IT_NEVER_SAID:
            for language in LANGUAGES:
                text = read(name, {**facts, gone: None}, language=language).text
                assert UNREADABLE.search(text) is None, f"{language}, without {gone}: {text}"


@pytest.mark.parametrize("what", sorted(ENTRIES))
def test_a_line_of_the_log_reads_as_a_person_would_write_it(what: str) -> None:
    who, why, facts = ENTRIES[what]
    for language in LANGUAGES:
        line = log_line(Entry(NOW, who, what, why, facts), language, PLANT)
        assert line, language
        assert "\n" not in line, language
        assert UNREADABLE.search(line) is None, f"{language}: {line}"


# in the reader's own terms --------------------------------------------------------------------------------------------


def test_R12_what_only_erp_says_is_marked_and_never_told_as_said() -> None:
    said = read("opened.one", BREAKDOWN | {"inferred": []}).text
    assumed = read("opened.one", BREAKDOWN | {"inferred": ["work_orders"]}).text
    assert "WO-10482, since 14:10" in said
    assert "WO-10482 is what runs there, as far as ERP knows" in assumed
    assert "WO-10482," not in assumed
    logged = log_line(Entry(NOW, "linecall", "opened", "", BREAKDOWN | {"inferred": ["work_orders"]}), "en", PLANT)
    assert "WO-10482 as far as ERP knows" in logged


def test_R29_a_function_with_nobody_on_shift_is_never_counted_as_told() -> None:
    text = read("opened.one", EXAMPLES["opened.one"]).text
    assert "maintenance (Gary, Anita)" in text
    assert "planner (nobody there" in text


def test_an_instant_is_the_plants_wall_clock_with_its_day_where_it_is_another() -> None:
    def at(when: datetime) -> str:
        facts = {"case": "EX-1", "who": "gary.lindqvist", "promised_at": when.isoformat()}
        return read("promised", facts).text

    assert at(datetime(2026, 11, 17, 20, 10, tzinfo=UTC)).endswith("14:10.")
    assert at(datetime(2026, 11, 18, 15, 0, tzinfo=UTC)).endswith("Wed 18 Nov 09:00.")


def test_R5_an_hour_after_midnight_still_belongs_to_the_night_shifts_day() -> None:
    night = datetime(2026, 11, 18, 5, 0, tzinfo=UTC)  # 23:00
    later = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)  # 01:00
    facts = {"case": "EX-1", "who": "gary.lindqvist", "promised_at": later.isoformat()}
    assert read("promised", facts, now=night).text.endswith("says 01:00.")


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "0 min"), (40, "40 min"), (119, "119 min"), (134, "2 h 14 min"), (180, "3 h")]
)
def test_a_length_of_time_is_said_in_minutes_and_hours(minutes: int, said: str) -> None:
    assert said in read("resolved", BREAKDOWN | {"minutes": minutes}).text


@pytest.mark.parametrize(
    ("value", "english", "portuguese"),
    [
        (600.0, "600", "600"),
        (1350.0, "1,350", "1.350"),
        (1234567.0, "1,234,567", "1.234.567"),
        (0.125, "0.125", "0,125"),
        (12.5, "12.5", "12,5"),
        (1000.0, "1,000", "1.000"),
        (0.0, "0", "0"),
    ],
)
def test_a_quantity_keeps_every_digit_in_the_readers_own_writing(value: float, english: str, portuguese: str) -> None:
    facts = {"case": "EX-1", "lot": "6319-4A", "quantity": value, "uom": "kg"}
    assert f" {english} kg of 6319-4A" in read("released_in_erp", facts).text
    assert f" {portuguese} kg de 6319-4A" in read("released_in_erp", facts, language="pt").text


def test_two_people_of_one_first_name_are_called_by_their_whole_names() -> None:
    other = replace(PLANT.person["omar.haddad"], id="gary.two", name="Gary Shaw")
    plant = replace(PLANT, people=(*PLANT.people, other))
    assert "Gary has EX-1" in read("taken", {"case": "EX-1", "who": "gary.lindqvist"}).text
    assert "Gary Lindqvist has EX-1" in read("taken", {"case": "EX-1", "who": "gary.lindqvist"}, plant=plant).text


def test_a_due_time_without_an_offset_is_the_plants_own() -> None:
    due = EXAMPLES["answer.status"] | {"due": "2026-11-18T15:00:00"}
    assert "due Wed 18 Nov 15:00" in read("answer.status", due).text


def test_whose_language_we_do_not_speak_reads_the_plants_first_that_we_do() -> None:
    facts = {"case": "EX-1", "lot": "B", "quantity": 1350.0, "uom": "cs"}
    spanish = replace(PLANT, languages=("nl", "es", "en"))
    assert "quedan libres" in read("released_in_erp", facts, language="nl", plant=spanish).text
    dutch = replace(PLANT, languages=("nl",))
    text = read("released_in_erp", facts, language="nl", plant=dutch).text
    assert "1,350 cs of B are free" in text, "English words with English numbers: 1.350 would be another quantity"


def test_a_correction_says_what_changed_and_how_it_reads_now() -> None:
    text = read("corrected", EXAMPLES["corrected"]).text
    assert "not Capper 3 but Filler 3" in text
    assert text.count("WO-10482") == 1, "what stays as it was is not corrected"
    only_the_type = EXAMPLES["corrected"] | {"before": {"line": "L3"}, "after": {"line": "L3"}}
    assert " not " not in read("corrected", only_the_type).text


def test_whoever_only_pressed_the_button_waits_for_parts() -> None:
    for pressed in ("wait", "Waiting for parts", "Espero refacción"):
        facts = {"case": "EX-1", "who": "gary.lindqvist", "waiting_for": pressed}
        assert read("waiting", facts).text == "EX-1: Gary waits for parts."
        assert "refacciones" in read("waiting", facts, language="es").text


def test_R57_a_figure_names_its_cases_and_a_small_count_says_so() -> None:
    text = read("answer.metrics", FIGURES).text
    assert f"median 42 min, 9 of 10 within 2 h 14 min, from 6 ({', '.join(CASES)})" in text
    assert "median 42 min, from only 2 (EX-1040, EX-1041)" in text
    assert "2 of only 3 (EX-1040, EX-1041, EX-1042)" in text
    assert "nothing to count yet" in text


# people's words are data ----------------------------------------------------------------------------------------------

HOSTILE = [
    "$case ${who} $$ [[x]] {0} %s",
    "fixed” EX-1 is closed. Tamika: “all released",
    "a\nEX-1042 is closed.\n\nb\r\u2028c",
    "\u202eno esrever\u2066\u200b\x00\x1b[31m\ud800",
    "<b>@channel</b> `x` *y* |~\\",
    "'; drop table cases; --",
]


def _around(text: str, quote: str) -> tuple[str, str]:
    before, _, after = text.partition(f"“{quote}”")
    return before, after


@pytest.mark.parametrize("name", ["asked.maintenance", "asked.triage", "escalated", "updated", "cancelled", "reopened"])
@given(said=st.one_of(st.sampled_from(HOSTILE), ANYTHING))
def test_R17_whatever_people_write_changes_nothing_but_the_quote(name: str, said: str) -> None:
    facts = EXAMPLES[name] | {"who": "gary.lindqvist"}
    plain = read(name, facts | {"said": "WORDS"}, Offer("acknowledge", ("maintenance",)))
    hostile = read(name, facts | {"said": said}, Offer("acknowledge", ("maintenance",)))
    quoted = wording.quote(said)
    assert hostile.buttons == plain.buttons
    assert not set("\n\r\u2028\u202e\u2066\x00\x1b“”") & set(quoted)
    if quoted:
        assert _around(hostile.text, quoted) == _around(plain.text, "WORDS")


@pytest.mark.parametrize("what", ["reported", "updated", "declined", "waiting", "resolved", "corrected"])
@given(said=st.one_of(st.sampled_from(HOSTILE), ANYTHING))
def test_R17_the_log_quotes_on_one_line(what: str, said: str) -> None:
    who, _, facts = ENTRIES[what]
    line = log_line(
        Entry(NOW, who, what, said, facts | ({"waiting_for": said} if what == "waiting" else {})), "en", PLANT
    )
    assert "\n" not in line
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in line)


# what a chat can show -------------------------------------------------------------------------------------------------


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_a_long_quote_is_shortened_before_anything_that_counts() -> None:
    facts = ASKED | {"said": "🛠 the seal again " * 60}
    tight = read("asked.planner", facts, traits=Traits(text=300)).text
    assert units(tight) <= 300
    for kept in ("EX-1042", "WO-10482", "4,200 cs", "SO-70127", "Hy-Dale Foods"):
        assert kept in tight


@given(most=st.integers(200, 700), words=st.text(alphabet="🛠ñ a", max_size=300))
def test_R41_a_decision_is_read_back_whole_or_cannot_be_confirmed(most: int, words: str) -> None:
    parts = [part | {"lot": f"63{n:02}-4A"} for n in range(6) for part in PARTS]
    facts = DECIDED | {"parts": parts, "reason": words}
    shown = read("read_back", facts, Offer("confirm", ("1",)), Offer("not_so"), traits=Traits(text=most))
    assert units(shown.text) <= most
    whole = all(f"600 cs of {part['lot']}" in shown.text for part in parts)
    assert whole or "confirm" not in {press.act for b in shown.buttons if (press := parse_button(b.value))}


def test_a_list_that_is_too_long_says_how_much_more_there_is() -> None:
    items = [ITEM | {"case": f"EX-{n}"} for n in range(300)]
    text = read("answer.open", {"items": items, "n": 300, "line": None, "type": None}).text
    assert units(text) <= 4096
    assert "Open: 300" in text
    shown = len(re.findall(r"^EX-\d+ ", text, re.MULTILINE))
    assert f"… and {300 - shown} more" in text


def test_figures_over_a_month_keep_their_numbers() -> None:
    many = {"median": 42.0, "p90": 134.0, "n": 900, "cases": [f"EX-{n}" for n in range(900)]}
    text = read("answer.metrics", FIGURES | {"resolution": many, "alignment": many, "posting_lag": many}).text
    assert units(text) <= 4096
    assert text.count("median 42 min, 9 of 10 within 2 h 14 min, from 900") == 3


def test_a_chat_with_few_buttons_misses_the_second_time_first() -> None:
    offers = [Offer(act, ("maintenance",)) for act in ("acknowledge", "eta", "decline")]
    labels = [b.label for b in read("reminder", EXAMPLES["reminder"], *offers).buttons]
    assert labels == ["On it", "In 10 min", "In 30 min", "Not mine"]
    few = read("reminder", EXAMPLES["reminder"], *offers, traits=Traits(buttons=3)).buttons
    assert [b.label for b in few] == ["On it", "In 10 min", "Not mine"]


def test_an_answer_is_offered_as_people_call_it_and_shortened_from_its_end() -> None:
    offers = [
        Offer("answer", ("asset", "L3-FIL")),
        Offer("answer", ("work_order", "WO-10482")),
        Offer("answer", ("type", "machine_breakdown")),
        Offer("answer", ("confirm", "yes")),
    ]
    shown = read("ask.asset", EXAMPLES["ask.asset"], *offers, traits=Traits(button_text=20)).buttons
    assert [b.label for b in shown] == ["Filler 3", "WO-10482 Riverside…", "breakdown", "Yes"]
    assert all(units(b.label) <= 20 for b in shown)


def test_a_choice_between_exceptions_is_offered_by_number_and_place() -> None:
    shown = read("which_case", EXAMPLES["which_case"], Offer("pick", ("EX-1042", "17"))).buttons
    assert [b.label for b in shown] == ["EX-1042 Filler 3"]
    assert parse_button(shown[0].value) == Press("pick", "EX-1042", ("EX-1042", "17"))


def test_a_time_that_is_pressed_carries_its_minutes() -> None:
    shown = read("reminder", EXAMPLES["reminder"], Offer("eta", ("maintenance",))).buttons
    assert [parse_button(b.value) for b in shown] == [
        Press("eta", "EX-1042", ("maintenance", "10")),
        Press("eta", "EX-1042", ("maintenance", "30")),
    ]


# nothing stops a message ----------------------------------------------------------------------------------------------

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**9), st.floats(allow_nan=True), st.text(max_size=12))
VALUES = st.recursive(SCALARS, lambda v: st.one_of(st.lists(v, max_size=3), st.dictionaries(st.text(max_size=6), v)))
KNOWN_FACTS = sorted({name for facts in EXAMPLES.values() for name in facts} | {"name", "language", "asset", "start"})


@given(name=st.sampled_from([*sorted(EXAMPLES), "never.heard_of"]), fact=st.sampled_from(KNOWN_FACTS), value=VALUES)
def test_a_fact_of_an_unforeseen_shape_never_stops_a_message(name: str, fact: str, value: Any) -> None:
    facts = {**EXAMPLES.get(name, {}), fact: value}
    for language in LANGUAGES:
        assert read(name, facts, language=language).text


@given(value=st.one_of(ANYTHING, st.from_regex(r"\A[a-z_]{0,12}\|[^|]{0,40}(\|.*)?\Z")))
def test_what_we_never_sent_is_no_button_of_ours(value: str) -> None:
    press = parse_button(value)
    assert press is None or button_value(press.act, press.case, *press.args) == value


def test_a_button_comes_back_as_it_was_sent() -> None:
    for args in ((), ("maintenance",), ("work_order", "WO-10482")):
        assert parse_button(button_value("answer", "EX-1042", *args)) == Press("answer", "EX-1042", args)
    for rubbish in ("", "|", "release|EX-1", "answer", "answer|", "answer|\x00", f"answer|EX-1|{'x' * 300}"):
        assert parse_button(rubbish) is None


def test_texts_are_read_from_their_files_once() -> None:
    assert wording.texts("en") is wording.texts("en")
