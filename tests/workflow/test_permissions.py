"""Who may do what in which state, against a table written from the rules and not from the code (R3, R26, R40)."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any, cast, get_args

import pytest
import yaml

import workflow
from bot.by_hand import may_book
from tests.workflow.world import LATE_AND_OTHERS, NOON, PLANT, RECORDS, RULES, breakdown, concern
from workflow import (
    answering,
    approving,
    common_cause,
    escalating,
    finishing,
    handover,
    holding,
    improving,
    opening,
    restating,
    returning,
    reworking,
    running,
    scope,
    sequence,
    slow,
    verifying,
)
from workflow.case import ALLOWED, Case, Change, Part, Posting, PostingStatus, Promised, Status
from workflow.conditions import Condition
from workflow.errors import Refused
from workflow.handover import Handover
from workflow.plant import ROLES, Absence, Line, Person, Utility, on_shift
from workflow.reading import DECISIONS, Decision, Disposition, Quantity, ReportedException, Resolution
from workflow.records import Item, Lot, WorkOrder
from workflow.restating import Right
from workflow.routing import World, had_a_hand_in
from workflow.rules import Approval, Authority, Constraint, TypeRules, Verification
from workflow.running import Cleared, Floor
from workflow.watching import wants

TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("permissions.yaml").read_text("utf-8"))
GROUPS: dict[str, str] = TABLE.pop("groups")
OF_NO_CASE = ("shift", "approval", "line")
CASES = tuple((kind, state) for kind, states in TABLE.items() if kind not in OF_NO_CASE for state in states)

HERE = replace(
    PLANT,
    people=(*(p for p in PLANT.people), *LATE_AND_OTHERS),
    lines=(*PLANT.lines, Line("L2", "Line 2")),
    utilities=(Utility("AIR", "Air", lines=("L1", "L2")),),
)
EVERYBODY = ("safety", "maintenance", "planner", "materials", "customer_service", "quality", "supervisor")
BY_RULE = replace(
    RULES,
    types={**RULES.types, "safety": TypeRules("safety", tuple(concern(role) for role in EVERYBODY))},
    constraints=(
        Constraint("allergens", Condition("allergens_left"), ("run",), "wash it down"),
        Constraint("clearance", Condition("product_change and not line_cleared"), ("run",), "clear the line"),
    ),
)
LOT_2 = Lot("LOT-2", "FG-1", 80, "cs", "available", work_order="WO-1", made_at=NOON)
OTHERS = (WorkOrder("WO-2", "FG-2", "L1", 100, "cs", "released"), WorkOrder("WO-3", "FG-3", "L1", 10, "cs", "released"))
W = World(
    HERE,
    BY_RULE,
    replace(
        RECORDS,
        items=(Item("FG-1", "Water", "cs", allergens=("milk",)), Item("FG-2", "Milk", "cs", allergens=("milk",)),
               Item("FG-3", "Tea", "cs")),
        lots=(*RECORDS.lots, LOT_2), work_orders=(*RECORDS.work_orders, *OTHERS),
    ),
    NOON,
)  # fmt: skip
TWO = replace(W, rules=replace(BY_RULE, decisions=BY_RULE.decisions | {
    "release": Authority(("quality",), second=("manager",))}))  # fmt: skip
LOOKED_AT = replace(W, rules=replace(BY_RULE, types=BY_RULE.types | {
    "machine_breakdown": replace(BY_RULE.types["machine_breakdown"],
                                 verify=Verification(("maintenance", "supervisor"), Condition("true")))}))  # fmt: skip
PEOPLE = tuple(person.id for person in HERE.people)
SOON = NOON + timedelta(minutes=20)
FILLER = ReportedException("machine_breakdown", "L1", ("L1-FIL",))
Act = Callable[[Case, Person, World], Change]


def promised(case: Case) -> tuple[str, str]:
    waits = [(h.lot, f"{p.at.timestamp() * 1e6:.0f}") for h in case.held for p in h.promised]
    return waits[0] if waits else ("LOT-1", "0")


ACTS: dict[str, Act] = {
    "answer": lambda c, p, w: opening.answer(c, "L1", p, w),
    "acknowledge": lambda c, p, w: answering.acknowledge(c, p, None, w),
    "promise": lambda c, p, w: answering.promise(c, p, SOON, "in 20 min", w),
    "wait": lambda c, p, w: answering.wait(c, p, "a seal", None, w),
    "decline": lambda c, p, w: answering.decline(c, p, "not mine", w),
    "update": lambda c, p, w: answering.update(c, p, "louder now", w),
    "reassign": lambda c, p, w: answering.reassign(c, p, "quinn" if c.held else "ann", "yours", w),
    "correct": lambda c, p, w: finishing.correct(c, ReportedException(assets=("L1-CAP",)), p, "the capper", w),
    "resolve": lambda c, p, w: finishing.resolve(c, p, Resolution("new seal"), w),
    "verify": lambda c, p, w: finishing.resolve(c, p, Resolution(), w),
    "not_fixed": lambda c, p, w: verifying.not_fixed(c, p, "no", w),
    "cancel": lambda c, p, w: finishing.cancel(c, p, "false alarm", w),
    "reopen": lambda c, p, w: finishing.reopen(c, p, "it is back", w),
    "restate": lambda c, p, w: restating.restate(c, Right(minutes=60), p, "it was longer", w, ()),
    "raise": lambda c, p, w: escalating.escalate(
        c, p, c.lead.role if c.lead else "maintenance", c.lead.step if c.lead else 0, w
    ),
    "snooze": lambda c, p, w: escalating.snooze(c, p, timedelta(minutes=30), "it has to cool", w),
    "join": lambda c, p, w: opening.join(c, p, "the same", FILLER, w),
    "still_slow": lambda c, p, w: slow.promote(c, p, w),
    "own_cause": lambda c, p, w: common_cause.on_its_own(c, p, w),
    "widen": lambda c, p, w: scope.widen(c, ("LOT-2",), p, w),
    "last_good": lambda c, p, w: scope.last_good(c, NOON - timedelta(hours=2), p, "at ten", w),
    "confirm": lambda c, p, w: holding.confirm(c, p, w),
    "not_so": lambda c, p, w: holding.withdraw_proposal(c, p, w),
    "met": lambda c, p, w: then_yes(returning.met(c, *promised(c), p, w), p, w),
    "not_met": lambda c, p, w: returning.not_met(c, *promised(c), p, w),
    "reworked": lambda c, p, w: reworking.reworked(c, p, "done", w),
    "withdraw": lambda c, p, w: returning.withdraw_release(c, "LOT-1", p, "found glass", w),
}
DECIDES: dict[str, tuple[Decision, float, str]] = {
    **{name: (name, 10, "") for name in DECISIONS},
    "scrap_much": ("scrap", 60, ""), "release_if": ("release", 10, "if the retest is ok"),
}  # fmt: skip
# Which function of `workflow/` each act is; what is a step of one, or needs no right at all, stands in STEPS.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "answering.acknowledge": ("acknowledge",), "answering.promise": ("promise",), "answering.wait": ("wait",),
    "answering.update": ("update",), "answering.decline": ("decline",), "answering.reassign": ("reassign",),
    "approving.decide": ("approve", "turn_down"), "common_cause.on_its_own": ("own_cause",),
    "escalating.escalate": ("raise",), "escalating.snooze": ("snooze",), "finishing.resolve": ("resolve", "verify"),
    "finishing.cancel": ("cancel",), "finishing.correct": ("correct",), "finishing.reopen": ("reopen",),
    "handover.accept": ("accept_shift",), "holding.propose": tuple(DECIDES), "holding.confirm": ("confirm",),
    "holding.withdraw_proposal": ("not_so",), "opening.answer": ("answer",), "opening.join": ("join",),
    "restating.restate": ("restate",), "returning.withdraw_release": ("withdraw",), "returning.met": ("met",),
    "returning.not_met": ("not_met",), "reworking.reworked": ("reworked",), "running.clear": ("cleared",),
    "scope.last_good": ("last_good",), "scope.widen": ("widen",), "slow.promote": ("still_slow",),
    "verifying.not_fixed": ("not_fixed",), "sequence.may_put_first": ("put_first",),
    "common_cause.may_declare": ("one_cause",), "improving.may_decide": ("accept_rule",),
}  # fmt: skip
STEPS = {"holding.all_decided", "reworking.ask_to_rework", "verifying.ask", "verifying.looked", "verifying.may_verify",
         "authority.may_agree", "authority.may_decide", "authority.may_decide_all", "finishing.may_end",
         "answering.task_of", "opening.new_case", "plant.is_on_shift", "plant.works_at", "slow.works_there",
         "verifying.of_these", "lessons.why_not_accept", "lessons.why_not_forget",
         "deleted.words_deleted"}  # fmt: skip
# Acts by which `ALLOWED` calls them there; nobody chases, closes or supersedes by hand.
STATES_OF = {
    "answer": "answer", "join": "join", "acknowledge": "acknowledge", "promise": "promise", "update": "update",
    "wait": "wait", "decline": "decline", "reassign": "reassign", "correct": "correct", "escalate": "raise",
    "resolve": "resolve", "propose": "release", "dispose": "confirm", "withdraw": "withdraw", "inspect": "reworked",
    "widen": "widen", "cancel": "cancel", "reopen": "reopen", "restate": "restate",
}  # fmt: skip
BY_ITSELF = {"chase", "close", "supersede"}


def then_yes(read_back: Change, by: Person, world: World) -> Change:
    """A decision that was read back, and the yes to it."""
    return read_back.then(holding.confirm(read_back.case, by, world))


def decides(name: str) -> Act:
    decision, much, condition = DECIDES[name]
    said = (Disposition(decision, "LOT-1", Quantity(much, "cs"), condition),)
    return lambda case, by, world: then_yes(holding.propose(case, said, by, "checked", world), by, world)


ALL = ACTS | {name: decides(name) for name in DECIDES}
WORLD_OF = {"seconded": TWO, "looked_at": LOOKED_AT}


def in_state(kind: str, state: str) -> Case:
    """An exception of that kind in that state, as the acts leave it."""
    quinn, tom = W.plant.person["quinn"], W.plant.person["tom"]
    world = WORLD_OF.get(kind, W)
    decided: list[tuple[Decision, float, str]] = []
    match kind:
        case "slow":
            return slow.watch(breakdown(line_stopped=False), world).case
        case "part":
            gone = breakdown(number="EX-9", line=None, assets=("AIR",), line_stopped=True)
            air = answering.acknowledge(opening.open_case(gone, W).case, tom, None, W).case
            return common_cause.open_as_part(breakdown(), air, world).case
        case "looked_at":
            return finishing.resolve(in_state("breakdown", "acknowledged"), tom, Resolution("new seal"), world).case
        case "wide":
            return opening.open_case(breakdown(type="safety", assets=()), world).case
        case "breakdown":
            case, owner = breakdown(), tom
        case _:
            case, owner = breakdown(type="quality_hold", lots=("LOT-1",), assets=(), said="no code"), quinn
            conditions = {"conditional": [("release", 30, "if the retest is ok")], "in_rework": [("rework", 30, "")],
                          "released": [("release", 30, "")]}  # fmt: skip
            over: list[tuple[Decision, float, str]] = [("release", 50, ""), ("scrap", 50, "")]
            decided = cast("Any", conditions.get(kind, over if state in ("resolved", "closed") else []))
    if state == "draft":
        return opening.draft_case(case, opening.question_about("line", case, world), world).case
    case = opening.open_case(case, world).case
    if state != "open" or decided:
        case = answering.acknowledge(case, owner, None, world).case
    for decision, much, condition in decided:
        said = (Disposition(decision, "LOT-1", Quantity(much, "cs"), condition),)
        case = then_yes(holding.propose(case, said, quinn, "checked", world), quinn, world).case
    if kind in ("read_back", "seconded"):
        said = (Disposition("release", "LOT-1", Quantity(10, "cs")),)
        case = holding.propose(case, said, quinn, "checked", world).case
        case = holding.confirm(case, quinn, world).case if kind == "seconded" else case
    match state:
        case "open" if decided:
            case = answering.decline(case, quinn, "not mine any more", world).case
        case "resolved" | "closed":
            case = case if case.held else finishing.resolve(case, owner, Resolution("new seal"), world).case
            case = replace(case, closed_at=NOON) if state == "closed" else case
        case "cancelled":
            case = replace(case, cancelled_at=NOON)
        case "merged":
            case = replace(case, merged_into="EX-2")
    return case


def named(words: str | None) -> set[str]:
    """The people of a cell of the table."""
    found: set[str] = set()
    for word in (words or "").split():
        found |= named(GROUPS[word]) if word in GROUPS else {word}
    assert found <= {*PEOPLE}, f"nobody is called {found - {*PEOPLE}}"
    return found


def who_may(act: str, case: Case, world: World, people: tuple[str, ...] = PEOPLE) -> set[str]:
    """Who of these may do it: an answer that changes nothing is a polite no (R28, R33)."""
    may = set()
    for name in people:
        try:
            change = ALL[act](case, HERE.person[name], world)
        except Refused:
            continue
        if change.entries:
            may.add(name)
    return may


def acts_of(kind: str, row: Mapping[str, str | None]) -> tuple[str, ...]:
    """What is tried in a state: the end of what waits for a second eye is its verification."""
    return tuple(a for a in ALL if a != ("resolve" if "verify" in row else "verify"))


@pytest.mark.parametrize(("kind", "state"), CASES)
def test_R3_everybody_may_do_what_the_table_says_and_nothing_else(kind: str, state: str) -> None:
    case, row = in_state(kind, state), TABLE[kind][state]
    assert case.status == state
    assert {*row} <= {*ALL}, f"no such act: { ({*row} - {*ALL}) }"
    wrong = {}
    for act in acts_of(kind, row):
        may, wanted = who_may(act, case, WORLD_OF.get(kind, W)), named(row.get(act))
        if may != wanted:
            wrong[act] = {"may and must not": sorted(may - wanted), "may not and must": sorted(wanted - may)}
    assert wrong == {}, f"{kind}, {state}"


def test_nothing_of_the_code_is_missing_in_the_table() -> None:
    assert {role for person in HERE.people for role in person.roles} == {*ROLES}, "somebody of every function"
    for kind in ("breakdown", "hold"):
        assert {*TABLE[kind]} == {*get_args(Status)}, f"{kind}: every state"
    assert {*GROUPS} & {*PEOPLE} == set()
    assert {"phone", "stan", "nils"} <= {*PEOPLE}, "a shared phone, a stand-in, somebody off shift"
    assert {*STATES_OF} | BY_ITSELF == {*ALLOWED}, "every act of the table of states"
    for act, states in ((ours, ALLOWED[theirs]) for theirs, ours in STATES_OF.items()):
        tabled = {state for kind, state in CASES if TABLE[kind][state].get(act)}
        assert tabled == {*states}, f"{act} happens in {tabled}, and may in {states}"
    found = set()
    for module in pkgutil.iter_modules(workflow.__path__):
        inside = importlib.import_module(f"workflow.{module.name}")
        for name, function in inspect.getmembers(inside, inspect.isfunction):
            of_a_person = "Person" in {p.annotation for p in inspect.signature(function).parameters.values()}
            if function.__module__ == inside.__name__ and not name.startswith("_") and of_a_person:
                found.add(f"{module.name}.{name}")
    assert found == {*FUNCTIONS} | STEPS, "every function of workflow that a person stands behind"
    acts = {act for names in FUNCTIONS.values() for act in names} | {"book"}
    tabled = {act for states in TABLE.values() for row in states.values() for act in row}
    assert acts == tabled, "every act is in the table for somebody, or for nobody in so many words"


def test_R26_a_function_answers_for_itself_alone_whichever_button_is_pressed() -> None:
    case = in_state("wide", "open")
    for name, role in product(PEOPLE, EVERYBODY):
        try:
            taken = answering.acknowledge(case, HERE.person[name], None, W, role).case
        except Refused:
            continue
        mine = [t for t in taken.tasks if t.acknowledged_at is not None]
        asked = [t.role for t in case.tasks if name in t.told]
        assert len(mine) == 1
        assert mine[0].role in (*HERE.person[name].roles, *asked), f"{name} took what {mine[0].role} was asked"


def test_R38_who_takes_a_shift_over_is_what_the_table_says() -> None:
    cases = (in_state("breakdown", "open"),)
    planned = Handover(NOON + timedelta(hours=2), "day", step=0, cases=("EX-1",), kept_by=("sue",), offered=("lea",))
    states = {"planned": planned, "noted": replace(planned, step=1), "offered": replace(planned, step=2),
              "accepted": replace(planned, step=2, accepted_at=NOON, accepted_by="lea")}  # fmt: skip
    assert {*states} == {*TABLE["shift"]}
    for state, one in states.items():
        may = set()
        for name in PEOPLE:
            try:
                handover.accept(one, HERE.person[name], cases, W)
            except Refused:
                continue
            may.add(name)
        assert may == named(TABLE["shift"][state].get("accept_shift")), state


def test_R51_who_approves_is_what_the_table_says() -> None:
    release = Posting("small/EX-1/1/lot_release/1", "lot_release", "EX-1",
                      {"lot": "LOT-1", "quantity": 60.0, "decided_by": "quinn"})  # fmt: skip
    downtime = Posting("small/EX-1/1/downtime/1", "downtime", "EX-1", {"minutes": 60.0})
    held = in_state("hold", "acknowledged")
    held = replace(held, held=tuple(replace(h, by="olga") for h in held.held))
    asked = {
        "release": (held, release, Approval(50, ("manager", "quality"))),
        "downtime": (in_state("breakdown", "resolved"), downtime, Approval(30, ("supervisor", "maintenance"))),
    }
    assert {*asked} == {*TABLE["approval"]}
    for what, (case, posting, limit) in asked.items():
        for act in ("approve", "turn_down"):
            may = set()
            for name in PEOPLE:
                try:
                    approving.decide(case, PostingStatus(posting), HERE.person[name], limit, W, yes=act == "approve")
                except Refused:
                    continue
                may.add(name)
            assert may == named(TABLE["approval"][what][act]), (what, act)
        there = {p.id for p in approving.approvers(case, posting, limit, W)}
        assert there <= may, f"{there - may} would be asked, and may not answer"


def test_R46_R58_who_clears_a_line_and_puts_an_order_first_is_what_the_table_says() -> None:
    for state, order in zip(("clear", "allergens_left"), OTHERS, strict=True):
        row = TABLE["line"][state]
        cleared: dict[str, Cleared] = {}
        for name in PEOPLE:
            try:
                cleared[name] = running.clear(order, HERE.person[name], Floor(), W)
            except Refused:
                continue
        assert {*cleared} == named(row["cleared"]), state
        for act, may in (
            ("put_first", lambda p: sequence.may_put_first(p, "L1")),
            ("one_cause", lambda p: common_cause.may_declare(p, W)),
            ("book", may_book), ("accept_rule", improving.may_decide),
        ):  # fmt: skip
            assert {n for n in PEOPLE if may(HERE.person[n])} == named(row[act]), (state, act)


def test_R40_segregation_of_duties_for_four_people_exhaustively() -> None:
    names = ("a", "b", "c", "d")
    decided = 0
    for roles in product((("operator",), ("quality",)), repeat=4):
        people = tuple(Person(n, n, r) for n, r in zip(names, roles, strict=True))
        plant = replace(PLANT, people=people)
        for reporter, producer, adds in product(names, repeat=3):
            lots = (Lot("LOT-1", "FG-1", 100, "cs", "available"), Lot("LOT-2", "FG-1", 100, "cs", "available",
                    producer=producer))  # fmt: skip
            here = World(plant, RULES, replace(RECORDS, lots=lots), NOON)
            case = hands_in_it(reporter, producer, adds, "adds", here)
            said = (Disposition("release", "LOT-2", Quantity(100, "cs")),)
            for decides_ in names:
                may = "quality" in plant.person[decides_].roles and decides_ not in (reporter, producer, adds)
                try:
                    read_back = holding.propose(case, said, plant.person[decides_], "checked", here).case
                except Refused:
                    assert not may, (roles, reporter, producer, adds, decides_)
                    continue
                assert may, (roles, reporter, producer, adds, decides_)
                for confirms in names:
                    try:
                        done = holding.confirm(read_back, plant.person[confirms], here)
                    except Refused:
                        assert confirms != decides_, (roles, reporter, producer, adds, decides_)
                        continue
                    assert confirms == decides_, "nobody confirms what somebody else decided"
                    assert [p.kind for p in done.postings] == ["lot_release"]
                    decided += 1
    assert decided == 4 * 8 * 27, "four who decide, any roles of the others, and 27 ways to be nobody else in it"


def hands_in_it(reporter: str, producer: str, hand: str, how: str, world: World) -> Case:
    """A hold of LOT-1, reported by one, and of LOT-2, made by another; a third one has had a hand in LOT-2."""
    case = Case("EX-1", "small", NOON, reporter, type="quality_hold", line="L1", lots=("LOT-1",))
    case = holding.hold(replace(case, opened_at=NOON), world).case
    case = holding.hold(replace(case, lots=("LOT-1", "LOT-2")), world, hand if how == "adds" else reporter).case
    field = {"withdraws": "withdrawn_by", "reworks": "reworked_by"}.get(how)
    touched = tuple(replace(h, **{field: (hand,)}) if field and h.lot == "LOT-2" else h for h in case.held)  # type: ignore[arg-type]
    return replace(case, held=touched)


def test_R40_segregation_of_duties_with_a_second_person_for_four_people_exhaustively() -> None:
    names = ("a", "b", "c", "d")
    here = replace(W, plant=replace(PLANT, people=tuple(Person(n, n, ("quality",), (), ("day",)) for n in names)))
    two = replace(RULES, decisions={d: Authority(("quality",), second=("quality",)) for d in DECISIONS})
    limit = Approval(50, ("quality",))
    agreed = dict.fromkeys((*DECISIONS, "release_if", "met"), 0)
    reporter = "a"  # whoever it is: the four differ by nothing but what they did
    for producer, hand in product(names, repeat=2):
        lots = (Lot("LOT-1", "FG-1", 100, "cs", "available"), Lot("LOT-2", "FG-1", 100, "cs", "available",
                producer=producer))  # fmt: skip
        now = replace(here, rules=two, records=replace(RECORDS, lots=lots))
        barred, person = {reporter, producer, hand}, now.plant.person
        for how, kind in product(("adds", "withdraws", "reworks"), agreed):
            case = hands_in_it(reporter, producer, hand, how, now)
            if kind == "met":  # somebody promised it before; who says that it is met decides it
                waits = Promised(Part("release", "LOT-2", 100, "cs", "if the retest is ok"), "a", NOON)
                case = replace(case, held=tuple(replace(h, promised=(waits,)) if h.lot == "LOT-2" else h
                                                for h in case.held))  # fmt: skip
            decision, condition = ("release", "if ok") if kind == "release_if" else (kind, "")
            said = (Disposition(cast("Decision", decision), "LOT-2", Quantity(100, "cs"), condition),)
            for author in names:
                try:
                    if kind == "met":
                        read_back = returning.met(case, *promised(case), person[author], now).case
                    else:
                        read_back = holding.propose(case, said, person[author], "checked", now).case
                    asked = holding.confirm(read_back, person[author], now).case
                except Refused:
                    assert author in barred or {*names} <= barred | {author}, (
                        kind,
                        how,
                        reporter,
                        producer,
                        hand,
                        author,
                    )
                    continue
                assert author not in barred, (kind, how, reporter, producer, hand, author)
                assert asked.proposal is not None
                assert {*asked.proposal.seconds} == {*names} - barred - {author}, "who may not agree is not asked"
                every = replace(asked, proposal=replace(asked.proposal, seconds=names))  # whoever says yes anyhow
                for second in names:
                    may = second not in barred and second != author
                    try:
                        done = holding.confirm(every, person[second], now)
                    except Refused:
                        assert not may, (kind, how, reporter, producer, hand, author, second)
                        continue
                    assert may, (kind, how, reporter, producer, hand, author, second)
                    agreed[kind] += 1
                    freed = [p for p in done.postings if p.kind == "lot_release"]
                    assert bool(freed) == (kind in ("release", "use_as_is", "met")), kind
                    for posting, name in product(freed, names):
                        status = PostingStatus(posting)
                        try:
                            approving.decide(done.case, status, person[name], limit, now, yes=True)
                        except Refused:
                            assert name in barred | {author}, (kind, how, reporter, producer, hand, author, name)
                        else:
                            assert name not in barred | {author}, (kind, how, reporter, producer, hand, author, name)
    # Once the reporter is all three hands: 3 others decide, in any order. 9 times two people are: 2 do. 3 hands.
    assert set(agreed.values()) == {3 * (6 + 9 * 2)}


@pytest.mark.parametrize("act", ["widen", "join", "correct", "reopen", "withdraw", "reworked"])
def test_R40_who_puts_stock_on_hold_or_reworks_it_is_known_for_it(act: str) -> None:
    """What the test above sets, the acts themselves write down."""
    tom = HERE.person["tom"]
    second = ReportedException("quality_hold", lots=("LOT-2",))
    start = {"withdraw": ("released", "acknowledged"), "reworked": ("in_rework", "acknowledged"),
             "reopen": ("hold", "closed"), "correct": ("hold", "open")}.get(act, ("hold", "open"))  # fmt: skip
    case = in_state(*start)
    case = replace(case, told=(*case.told, "tom"), joined=("tom",))
    done = {
        "widen": lambda: scope.widen(case, ("LOT-2",), tom, W),
        "join": lambda: opening.join(case, tom, "and this one", second, W),
        "correct": lambda: finishing.correct(case, second, tom, "no, that one", W),
        "reopen": lambda: finishing.reopen(case, tom, "again", W, second),
        "withdraw": lambda: returning.withdraw_release(case, "LOT-1", tom, "found glass", W),
        "reworked": lambda: reworking.reworked(case, tom, "done", W),
    }[act]().case
    lot = "LOT-1" if act in ("withdraw", "reworked") else "LOT-2"
    held = done.held_lot(lot)
    assert held is not None, f"{act}: {lot} is on hold"
    assert held.remaining > 0
    held_it, reworked_it = had_a_hand_in(done, (lot,))
    assert (held_it, reworked_it) == ((set(), {"tom"}) if act == "reworked" else ({"tom"}, set()))


def test_R40_nobody_says_yes_for_an_author_who_is_gone() -> None:
    case = in_state("seconded", "acknowledged")
    gone = replace(TWO, plant=replace(HERE, people=tuple(p for p in HERE.people if p.id != "quinn")))
    with pytest.raises(Refused):
        holding.confirm(case, HERE.person["bert"], gone)
    assert holding.confirm(case, HERE.person["bert"], TWO).postings


def test_R35_R40_nobody_is_asked_for_a_yes_who_only_stands_in() -> None:
    """Who stands in works; a decision, an agreement and an approval need the function itself (R40, R55)."""
    away = Absence(NOON.date(), NOON.date(), stand_in="stan")
    people = tuple(replace(p, absences=(away,)) if p.id == "bert" else p for p in HERE.people)
    without = replace(TWO, plant=replace(HERE, people=people))
    assert "stan" in {p.id for p in on_shift(without.plant, "manager", NOON)}, "he is asked for all else"
    looked = verifying.waiting(in_state("looked_at", "open"))
    assert looked is not None
    assert "stan" not in looked.told
    case = in_state("read_back", "acknowledged")
    with pytest.raises(Refused, match="no_second"):
        holding.confirm(case, HERE.person["quinn"], without)
    posting = Posting("small/EX-1/1/downtime/1", "downtime", "EX-1", {"minutes": 60.0})
    assert approving.approvers(in_state("breakdown", "resolved"), posting, Approval(30, ("manager",)), without) == ()


def test_R16_a_watch_that_nobody_of_the_shift_wants_is_its_reporters() -> None:
    case = answering.decline(in_state("slow", "open"), HERE.person["sue"], "not mine", W).case
    assert case.lead is not None
    assert (case.lead.owner, case.lead.next_step_at) == ("olga", NOON + BY_RULE.watch)
    assert wants(case, W) is None, "the watchman finds nothing that is nobody's"
