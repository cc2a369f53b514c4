"""A plant's rules go over documented defaults, and what cannot work at night is told when the file is read."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml

from integrations.plant_folder import PlantFolderProblems, Problem, default_rules, read_plant_folder
from integrations.plant_folder.rules_models import (
    ApprovalModel,
    AuthorityModel,
    ConcernModel,
    ConstraintModel,
    DeadlinesModel,
    QuietModel,
    RetentionModel,
    RulesModel,
    TriageModel,
    TypeModel,
    VerifyModel,
)
from workflow.authority import may_decide
from workflow.case import POSTING_KINDS, Case, Step
from workflow.conditions import FACTS, Condition, ConditionError, Facts
from workflow.errors import Refused
from workflow.reading import DECISIONS, EXCEPTION_TYPES, ExceptionType
from workflow.routing import World
from workflow.rules import Deadlines, Rules

RIVERSIDE = Path("fixtures/plants/riverside")
PAGE = Path("docs/rules-yaml.md").read_text(encoding="utf-8")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "riverside"
    shutil.copytree(RIVERSIDE, copy)
    return copy


def rules_of(folder: Path, text: str) -> Rules:
    (folder / "rules.yaml").write_text(text, encoding="utf-8")
    return read_plant_folder(folder).rules


def problem_of(folder: Path, text: str) -> Problem:
    with pytest.raises(PlantFolderProblems) as told:
        rules_of(folder, text)
    assert len(told.value.problems) == 1, told.value.problems
    return told.value.problems[0]


def asked(rules: Rules, type_: ExceptionType, facts: Facts) -> dict[str, Deadlines]:
    """Each function that is asked, with its deadlines, as routing picks them."""
    found: dict[str, Deadlines] = {}
    for concern in rules.types[type_].concerns:
        if concern.role not in found and concern.when.holds(facts):
            found[concern.role] = next(deadlines for when, deadlines in concern.deadlines if when.holds(facts))
    return found


def told_after(deadlines: Deadlines) -> dict[str, timedelta]:
    first: dict[str, timedelta] = {}
    for step in deadlines.ladder:
        for role in step.tell:
            first.setdefault(role, step.after)
    return first


def test_a_stopped_line_is_acknowledged_in_5_minutes_and_goes_up_at_5_and_10() -> None:
    maintenance = asked(default_rules(), "machine_breakdown", Facts(line_stopped=True))["maintenance"]

    assert maintenance.acknowledge == 5 * MINUTE
    assert told_after(maintenance) == {"supervisor": 5 * MINUTE, "manager": 10 * MINUTE}


@pytest.mark.parametrize(
    ("type_", "minutes"),
    [
        ("machine_breakdown", 10),
        ("material_shortage", 15),
        ("order_change", 120),
        ("quality_hold", 10),
        ("changeover_overrun", 15),
        ("labor_shortage", 10),
        ("inventory_discrepancy", 60),
        ("safety", 2),
        ("other", 15),
    ],
)
def test_by_default_the_function_that_leads_answers_in_time(type_: ExceptionType, minutes: int) -> None:
    lead = next(iter(asked(default_rules(), type_, Facts(type=type_)).values()))

    assert lead.acknowledge == minutes * MINUTE
    assert told_after(lead), "somebody above hears of it when nobody answers"
    assert lead.repeat is not None


def test_safety_reaches_safety_supervisor_and_manager_at_once() -> None:
    concerned = asked(default_rules(), "safety", Facts())

    assert list(concerned) == ["safety", "supervisor", "manager"]
    assert told_after(concerned["safety"]) == {"supervisor": 2 * MINUTE, "manager": 4 * MINUTE}
    assert default_rules().types["safety"].needs == (), "nothing is asked back first (R15)"


def test_functions_are_asked_by_what_is_hit_and_not_by_the_type_alone() -> None:
    """R25: the planner because of an order, customer service because of a customer, materials because of staging."""
    rules = default_rules()
    assert list(asked(rules, "machine_breakdown", Facts())) == ["maintenance"]
    still_runs = Facts(said_running=True, orders=1, hours_until_due=3)
    assert list(asked(rules, "material_shortage", still_runs)) == ["materials"]
    stands = Facts(line_stopped=True, orders=1, hours_until_due=3)
    assert list(asked(rules, "machine_breakdown", stands)) == ["maintenance", "supervisor", "planner"]
    promised = Facts(line_stopped=True, orders=1, customer_orders=1, customer_due_hours=30)
    assert "customer_service" in asked(rules, "machine_breakdown", promised)
    assert list(asked(rules, "quality_hold", Facts(lots=1))) == ["quality"]
    assert "customer_service" in asked(rules, "quality_hold", Facts(lots=1, lots_shipped=1))
    assert "materials" in asked(rules, "order_change", Facts(orders=1, staged=True))


def test_every_case_of_the_defaults_has_somebody_a_deadline_and_a_next_step() -> None:
    rules = default_rules()
    assert set(rules.types) == set(EXCEPTION_TYPES)
    for type_rules in rules.types.values():
        assert any(concern.when == Condition("true") for concern in type_rules.concerns)
        for concern in type_rules.concerns:
            assert re.match(r"[a-z ]+: \S", concern.name), "a rule's name tells whom it asks and why"
            assert concern.deadlines[-1][0] == Condition("true")
            for _, deadlines in concern.deadlines:
                assert deadlines.ladder[0].after == deadlines.acknowledge
                assert list(deadlines.ladder) == sorted(deadlines.ladder, key=lambda step: step.after)


def test_by_default_only_quality_frees_stock_and_much_of_it_needs_the_manager() -> None:
    rules = default_rules()

    assert set(rules.decisions) == set(DECISIONS)
    for decision in ("release", "rework", "scrap", "use_as_is", "return_to_supplier"):
        authority = rules.decisions[decision]
        assert authority.roles == ("quality",)
        assert authority.not_reporter, "R40"
        assert authority.not_producer, "R40"
    assert rules.decisions["use_as_is"].above == rules.decisions["scrap"].above == ("manager",)
    assert set(rules.failed_posting) == set(POSTING_KINDS)


def test_a_plant_that_writes_nothing_has_the_defaults(folder: Path) -> None:
    (folder / "rules.yaml").unlink()
    assert read_plant_folder(folder).rules == default_rules()
    assert rules_of(folder, "# nothing yet\n").types == default_rules().types


def test_one_key_of_a_type_is_changed_and_all_else_stays(folder: Path) -> None:
    rules = rules_of(folder, "exceptions: {machine_breakdown: {cooling_off: 90s}}")

    assert rules.types["machine_breakdown"].cooling_off == timedelta(seconds=90)
    assert rules.types["machine_breakdown"].concerns == default_rules().types["machine_breakdown"].concerns
    assert rules.types["safety"] == default_rules().types["safety"]
    assert rules.version != default_rules().version, "the log can tell which rules were in force (R36)"


def test_a_plants_own_rule_is_tried_before_the_default_of_the_same_function(folder: Path) -> None:
    text = """
exceptions:
  machine_breakdown:
    also:
      - {rule: "maintenance: the bottleneck", role: maintenance, when: 'line == "L3"', deadlines: [{acknowledge: 1m}]}
      - {rule: "quality: always", role: quality, deadlines: [{acknowledge: 1h}]}
"""
    rules = rules_of(folder, text)

    assert asked(rules, "machine_breakdown", Facts(line="L3"))["maintenance"].acknowledge == MINUTE
    assert asked(rules, "machine_breakdown", Facts(line="L1"))["maintenance"].acknowledge == 10 * MINUTE
    assert next(iter(asked(rules, "machine_breakdown", Facts()))) == "maintenance", "it still leads"


def test_whoever_is_asked_is_reminded_at_the_deadline_at_least(folder: Path) -> None:
    text = (
        "exceptions: {other: {concerns: [{rule: r, role: manager, deadlines: [{acknowledge: 7m, ladder: {9m: []}}]}]}}"
    )
    ((_, deadlines),) = rules_of(folder, text).types["other"].concerns[0].deadlines

    assert deadlines.ladder == (Step(7 * MINUTE), Step(9 * MINUTE))


def test_constraints_are_added_and_a_default_one_is_switched_off_by_its_name(folder: Path) -> None:
    more = "constraints: [{rule: mine, when: lots > 3, forbids: [release], why: ask first}]"
    names = [c.name for c in rules_of(folder, more).constraints]
    assert [name for name in names if "run" not in name] == ["no concession on allergens", "mine"]
    assert len([name for name in names if name.startswith("no run: ")]) == 5

    less = "constraints: [{rule: no concession on allergens, forbids: [], why: signed outside}]"
    assert all(c.forbids == ("run",) for c in rules_of(folder, less).constraints)


def test_sections_are_merged_key_by_key(folder: Path) -> None:
    rules = rules_of(folder, "triage: {answer_within: 5m}\nfailed_postings: {scrap: quality}\ndry_run: [cost, note]")

    assert (rules.triage, rules.answer_within) == (("supervisor", "manager"), 5 * MINUTE)
    assert rules.failed_posting["scrap"] == "quality"
    assert rules.failed_posting["downtime"] == "supervisor"
    assert rules.dry_run == {"cost", "note"}


def one_rule(keys: str) -> str:
    return "exceptions: {other: {concerns: [{rule: r, role: manager, " + keys + "}]}}"


def deadline(*entries: str) -> str:
    return one_rule(f"deadlines: [{', '.join(entries)}]")


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [
        ("exceptoins: {}", "unknown key 'exceptoins'", "'exceptions'"),
        ("exceptions: {breakdown: {}}", "'breakdown' is no exception type", "'machine_breakdown'"),
        ("exceptions: {other: {need: [line]}}", "unknown key 'need'", "'needs'"),
        ("exceptions: {other: {needs: [lien]}}", "'lien' is no field", "'line'"),
        ("exceptions: {other: {cooling_off: 4}}", "'4' is no duration", "5m"),
        ("exceptions: {other: {cooling_off: 0m}}", "'0m' is no duration", "5m"),
        ("exceptions: {other: {concerns: []}}", "might concern nobody", "without `when`"),
        (one_rule("when: lots > 1, deadlines: [{acknowledge: 5m}]"), "might concern nobody", "without `when`"),
        (one_rule("deadlines: []"), "is an empty list", "acknowledge: 10m"),
        (deadline("{repeat: 5m}"), "is missing", "10m"),
        (deadline("{acknowledge: 5m, when: lots > 1}"), "leaves cases without a deadline", "without `when`"),
        (deadline("{acknowledge: 5m}", "{acknowledge: 9m}"), "are never reached", "a `when` here"),
        (deadline("{acknowledge: 5m, ladder: {3m: manager}}"), "before the time to acknowledge", "or later"),
        (
            deadline("{acknowledge: 5m, ladder: {9m: manager, 6m: []}}"),
            "comes after a later one",
            "in the order",
        ),
        (deadline("{acknowledge: 5m, ladder: {9m: boss}}"), "'boss' is no role", "manager"),
        (deadline("{acknowledge: 5m, ladder: [9m]}"), "is no ladder", "{5m: supervisor"),
        (deadline("{acknowledge: 5m, ladder: {soon: manager}}"), "'soon' is no duration", "5m"),
        (one_rule("deadlines: [{acknowledge: 5m}], requierd: false"), "unknown key 'requierd'", "'required'"),
        ("decisions: {relase: {roles: [quality]}}", "'relase' is no decision", "'release'"),
        ("decisions: {release: {most: 5}}", "is missing", "[quality]"),
        ("decisions: {release: {roles: [quality], above: [manager]}}", "'above' without 'most'", "most: 500"),
        ("constraints: [{rule: r, forbids: [sell], why: w}]", "'sell' is no decision", "release"),
        ("quiet_hours: {start: 22:00}", "is missing", ""),
        ("failed_postings: {scrap: finance}", "'finance' is no role", "planner"),
        ("dry_run: cost", "is not a list", "a list of posting kinds"),
        ("priorities: {}", "unknown key", "exceptions"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_with_what_would_be_right(
    folder: Path, text: str, wrong: str, right: str
) -> None:
    told = problem_of(folder, text)

    assert told.file == "rules.yaml"
    assert told.line == 1
    assert wrong in told.wrong
    assert right in told.right


@pytest.mark.parametrize(
    ("when", "wrong", "right"),
    [
        ("line_stoped", "unknown fact 'line_stoped'", "'line_stopped'; the facts are type, line"),
        ('line == "L9"', "'line' is never 'L9'", "L1"),
        ('line in ["L1", "L9"]', "'line' is never 'L9'", "L1"),
        ('"L9" != line', "'line' is never 'L9'", "L1"),
        ('customer_tier == "gold"', "'customer_tier' is never 'gold'", "A, B, C"),
        ("line == 3", "'line' is a text", "line is a text"),
        ('line_stopped == "yes"', "'line_stopped' is true or false", "line_stopped is true or false"),
        ('hours_until_due < "24"', "is no condition", "hours_until_due is a number"),
        ("orders and line_stopped", "'orders' is a number", "orders is a number"),
        ("orders", "'orders' is a number", "orders is a number"),
        ("line ==", "is no condition", "line is a text"),
        ("orders / lots > 2", "not allowed", "orders is a number"),
        ("line =~ '(a+)+$'", "not allowed", "line is a text"),
        ("$now > 1", "is no condition", ""),
        ("[x for x in [1]] == line", "is no condition", "line is a text"),
        ("__import__('os')", "unknown fact '__import__'", "the facts are"),
    ],
)
def test_a_condition_is_checked_when_the_file_is_read(folder: Path, when: str, wrong: str, right: str) -> None:
    quoted = "'" + when.replace("'", "''") + "'"
    told = problem_of(folder, deadline(f"{{when: {quoted}, acknowledge: 5m}}", "{acknowledge: 5m}"))

    assert told.key == "exceptions.other.concerns[r].deadlines[1].when"
    assert wrong in told.wrong
    assert right in told.right


@pytest.mark.parametrize("text", ["(" * 3000, "1/0 == 1", "", "orders.real", "x" * 100])
def test_no_expression_gets_past_with_anything_but_a_condition_error(text: str) -> None:
    with pytest.raises(ConditionError):
        Condition(text)


def test_conditions_compare_what_they_say() -> None:
    facts = Facts(line="L2", orders=2, hours_until_due=23.5, customer_tier="A")
    for true in (
        'line == "L2" and orders >= 2',
        "hours_until_due < 24",
        'not (line in ["L1", "L3"])',
        "orders * 2 == 4",
    ):
        assert Condition(true).holds(facts)
    for false in ('line != "L2"', "hours_until_due < 23.5", "allergens", 'customer_tier == "B" or lots > 0'):
        assert not Condition(false).holds(facts)


def test_the_page_explains_every_fact_with_its_kind() -> None:
    kinds = {"str": "text", "bool": "true or false", "int": "number", "float": "number"}
    explained = dict(re.findall(r"^\| `(\w+)` \| (text|number|true or false) \| \S", PAGE, re.MULTILINE))

    assert explained == {name: kinds[kind] for name, kind in FACTS.items()}


@pytest.mark.parametrize(
    "model", [RulesModel, TypeModel, ConcernModel, DeadlinesModel, AuthorityModel, ConstraintModel, TriageModel]
)
def test_the_page_explains_every_key(model: type) -> None:
    missing = [key for key in get_type_hints(model) if f"`{key}`" not in PAGE and f"{key}:" not in PAGE]
    assert [key for key in missing if key != "model_config" and not key.startswith("_")] == []


EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_has_an_example_for_each_type() -> None:
    for type_ in EXCEPTION_TYPES:
        assert any(f"\n  {type_}:" in example for example in EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: " ".join(text.split()[:2]))
def test_every_example_of_the_page_is_accepted(folder: Path, example: str) -> None:
    rules_of(folder, example)


def _keys(tree: object) -> Iterator[str]:
    for key, value in tree.items() if isinstance(tree, dict) else ():
        yield str(key)
        yield from _keys(value)
    for value in tree if isinstance(tree, list) else ():
        yield from _keys(value)


def test_every_key_and_every_decision_stands_in_an_example_that_is_accepted() -> None:
    shown = {key for example in EXAMPLES for key in _keys(yaml.safe_load(example))}
    models = (RulesModel, TypeModel, ConcernModel, DeadlinesModel, AuthorityModel, ConstraintModel, TriageModel,
              VerifyModel, QuietModel, ApprovalModel, RetentionModel)  # fmt: skip
    assert [key for model in models for key in model.model_fields if key not in shown] == []
    assert [decision for decision in DECISIONS if decision not in shown] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: " ".join(text.split()[:2]))
def test_a_misspelled_key_of_any_example_is_told_with_its_line_and_a_reason(folder: Path, example: str) -> None:
    lines = example.splitlines()
    for n, line in enumerate(lines):
        written = line.partition(" #")[0]
        key = re.match(r"[ -]*([a-z_]+):", written)
        if key is None:
            continue
        wrong = line[: key.start(1)] + f"{key[1]}x" + line[key.end(1) :]
        with pytest.raises(PlantFolderProblems) as told:
            rules_of(folder, "\n".join([*lines[:n], wrong, *lines[n + 1 :]]) + "\n")
        here = [problem for problem in told.value.problems if problem.line == n + 1]
        assert here, f"{wrong!r} of line {n + 1} is told as {told.value.problems}"
        assert all(problem.wrong and problem.right for problem in here)


def test_much_scrap_is_the_managers_decision_and_little_is_qualitys() -> None:
    """R40: authority depends on the decision and on how much it is about."""
    found = read_plant_folder(RIVERSIDE)
    now = datetime(2026, 11, 17, 14, tzinfo=UTC)
    world = World(found.plant, found.rules, found.records, now)
    tamika, stephanie, denise = (found.plant.person[p] for p in ("tamika.jones", "stephanie.greer", "denise.palmer"))
    held = Case("EX-1", "riverside", now, "maria.lopez", type="quality_hold", line="L3", lots=("6317-3A",))

    may_decide(held, "scrap", 300, tamika, world)
    may_decide(held, "scrap", 301, stephanie, world)
    with pytest.raises(Refused, match="too_much"):
        may_decide(held, "scrap", 301, tamika, world)
    with pytest.raises(Refused, match="not_your_role"):
        may_decide(held, "scrap", 1, denise, world)
