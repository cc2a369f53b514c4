"""`rules.yaml`: who is concerned when, by when, and who may decide what; a plant's file goes over the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, get_args

from pydantic import Field, PlainValidator

from integrations.plant_folder.border import Duration, Strict, WallClock, Words, choice, length_of, valid, wrong
from integrations.plant_folder.expressions import explain_condition, unknown_ids
from integrations.plant_folder.problems import Problem, one_of
from integrations.plant_folder.yaml_file import Place, Source, read_yaml
from workflow.case import POSTING_KINDS, Step
from workflow.conditions import ALWAYS, Condition, ConditionError
from workflow.plant import ROLES, Plant, Role
from workflow.reading import DECISIONS, EXCEPTION_TYPES, Asks, ExceptionType
from workflow.rules import Authority, Concern, Constraint, Deadlines, QuietHours, Rules, TypeRules

M = TypeVar("M", bound=Strict)
DEFAULTS = Path(__file__).with_name("default_rules.yaml")
NEEDS: tuple[Asks, ...] = tuple(ask for ask in get_args(Asks) if ask not in ("type", "confirm"))


def _condition(value: Any) -> Any:
    if not isinstance(value, str) or len(value) > 500:
        raise wrong("is no condition", "one line of text, such as: line_stopped and hours_until_due < 24")
    try:
        return Condition(value)
    except ConditionError as error:
        raise wrong(*explain_condition(value, error)) from None


def _ladder(value: Any) -> Any:
    """`{5m: supervisor, 10m: [supervisor, manager]}` as steps; the keys must grow."""
    if not isinstance(value, dict):
        raise wrong("is no ladder", "times and who hears of it then: {5m: supervisor, 10m: manager}")
    steps: list[Step] = []
    for after, told in value.items():
        roles = [told] if isinstance(told, str) else told
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            raise wrong(
                f"the step {after!r} names no roles", "a role or a list of roles; [] reminds the function itself"
            )
        for role in roles:
            if role not in ROLES:
                raise wrong(f"'{role}' is no role", one_of(role, ROLES))
        length = length_of(after)
        if steps and length <= steps[-1].after:
            raise wrong(f"the step {after} comes after a later one", "steps in the order of their times")
        steps.append(Step(length, tuple(roles)))
    return tuple(steps)


When = Annotated[Condition, PlainValidator(_condition)]
Ladder = Annotated[tuple[Step, ...], PlainValidator(_ladder)]
ARole = Annotated[Role, choice("role", ROLES)]
Roles = Annotated[tuple[ARole, ...], Field(min_length=1, description="a list of roles", examples=["[quality]"])]
Forbidden = Annotated[str, choice("decision", [decision for decision in DECISIONS if decision != "keep_on_hold"])]


class DeadlinesModel(Strict):
    """How long a function has, and who hears of it when it does not answer."""

    when: When | None = None
    acknowledge: Duration = Field(description="a duration", examples=["10m"])
    ladder: Ladder = ()
    repeat: Duration | None = None
    idle: Duration | None = None


class ConcernModel(Strict):
    """A function that a type of exception concerns, and when."""

    rule: Words = Field(description="why this function is asked", examples=['"planner: an order is at risk"'])
    role: ARole = Field(examples=["maintenance"])
    when: When | None = None
    required: bool = True
    deadlines: tuple[DeadlinesModel, ...] = Field(
        min_length=1, description="a list", examples=["[{acknowledge: 10m, ladder: {10m: supervisor}}]"]
    )


class TypeModel(Strict):
    """One exception type; what is left out stays as in the defaults."""

    needs: tuple[Annotated[Asks, choice("field", NEEDS)], ...] = Field(default=(), examples=["[line]"])
    cooling_off: Duration = Field(default=timedelta(hours=4), examples=["4h"])
    concerns: tuple[ConcernModel, ...] = Field(default=(), examples=["[{rule: …, role: …, deadlines: …}]"])
    also: tuple[ConcernModel, ...] = Field(default=(), examples=["[{rule: …, role: …, deadlines: …}]"])


class AuthorityModel(Strict):
    """Who may take a quality decision."""

    roles: Roles
    most: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="a quantity above 0, in the lot's unit", examples=["500"]
    )
    above: tuple[ARole, ...] = Field(default=(), description="a list of roles", examples=["[manager]"])
    not_reporter: bool = True
    not_producer: bool = True


class ConstraintModel(Strict):
    """Something that must not happen, whatever the priority."""

    rule: Words
    when: When | None = None
    forbids: tuple[Forbidden, ...] = Field(description="a list of decisions", examples=["[use_as_is]"])
    why: Words = Field(description="said to whom it stops", examples=['"an allergen lot is never used as is"'])


class QuietModel(Strict):
    """Hours in which reminders are held back."""

    start: WallClock
    end: WallClock


class TriageModel(Strict):
    """Who takes what nobody could place."""

    roles: Roles = ("supervisor", "manager")
    answer_within: Duration = timedelta(minutes=3)


class RulesModel(Strict):
    """The whole file."""

    exceptions: dict[Annotated[str, choice("exception type", EXCEPTION_TYPES)], TypeModel] = Field(
        default={}, examples=["{machine_breakdown: {cooling_off: 4h}}"]
    )
    decisions: dict[Annotated[str, choice("decision", DECISIONS)], AuthorityModel] = Field(
        default={}, examples=["{release: {roles: [quality]}}"]
    )
    constraints: tuple[ConstraintModel, ...] = Field(default=(), examples=["[{rule: …, forbids: […], why: …}]"])
    quiet_hours: QuietModel | None = Field(default=None, examples=['{start: "22:00", end: "06:00"}'])
    triage: TriageModel = Field(default=TriageModel(), examples=["{roles: [supervisor], answer_within: 3m}"])
    failed_postings: dict[Annotated[str, choice("posting kind", POSTING_KINDS)], ARole] = Field(
        default={}, examples=["{scrap: quality}"]
    )
    dry_run: tuple[Annotated[str, choice("posting kind", POSTING_KINDS)], ...] = Field(
        default=(), description="a list of posting kinds", examples=["[stock_adjustment]"]
    )


@dataclass(frozen=True)
class _Layer:
    """The defaults, or a plant's own file."""

    model: RulesModel
    text: str


def default_rules() -> Rules:
    """The rules of a plant that wrote none; raises nothing, since a test reads them too."""
    return _merged(_defaults(), None)


def read_rules(source: Source | None, plant: Plant | None, problems: list[Problem]) -> Rules | None:
    """A plant's rules over the defaults; without a file the defaults. None where the file has problems.

    `plant` is for the ids inside conditions; None leaves them unchecked.
    """
    if source is None:
        return default_rules()
    before = len(problems)
    model = valid(RulesModel, source, (), problems)
    if model is not None:
        problems.extend(_checks(model, source, plant))
    if model is None or len(problems) > before:
        return None
    return _merged(_defaults(), _Layer(model, source.text))


@cache
def _defaults() -> _Layer:
    problems: list[Problem] = []
    source = read_yaml(DEFAULTS, problems)
    model = valid(RulesModel, source, (), problems) if source is not None else None
    if source is None or model is None or problems:
        raise AssertionError("\n".join(str(problem) for problem in problems))
    return _Layer(model, source.text)


def _checks(model: RulesModel, source: Source, plant: Plant | None) -> Iterator[Problem]:
    """What no single key can tell: rules that can never be reached, types that would concern nobody."""
    for name, type_ in model.exceptions.items():
        for section in ("concerns", "also"):
            yield from _concerns(getattr(type_, section), ("exceptions", name, section), source, plant)
        if "concerns" in type_.model_fields_set and all(concern.when for concern in type_.concerns):
            right = "one rule without `when`, whose function is always asked"
            yield source.problem(("exceptions", name, "concerns"), "might concern nobody", right)
    for decision, authority in model.decisions.items():
        if authority.above and authority.most is None:
            at: Place = ("decisions", decision, "above")
            yield source.problem(at, "'above' without 'most'", "`most: 500`, the quantity above which they decide")
    for n, constraint in enumerate(model.constraints):
        yield from _condition_ids(constraint.when, ("constraints", n, "when"), source, plant)


def _concerns(concerns: Iterable[ConcernModel], at: Place, source: Source, plant: Plant | None) -> Iterator[Problem]:
    names: set[str] = set()
    for n, concern in enumerate(concerns):
        if concern.rule in names:
            yield source.problem(
                (*at, n, "rule"), f"'{concern.rule}' is there twice", "a name of its own for each rule"
            )
        names.add(concern.rule)
        yield from _condition_ids(concern.when, (*at, n, "when"), source, plant)
        for i, deadlines in enumerate(concern.deadlines):
            place: Place = (*at, n, "deadlines", i)
            last = i == len(concern.deadlines) - 1
            yield from _condition_ids(deadlines.when, (*place, "when"), source, plant)
            if last and deadlines.when is not None:
                right = "a last entry without `when`, for all other cases"
                yield source.problem((*place, "when"), "leaves cases without a deadline", right)
            if not last and deadlines.when is None:
                right = "a `when` here, or this entry last"
                yield source.problem(place, "the entries after this one are never reached", right)
            if deadlines.ladder and deadlines.ladder[0].after < deadlines.acknowledge:
                right = "a first step at the time to acknowledge, or later"
                yield source.problem((*place, "ladder"), "goes up before the time to acknowledge is over", right)


def _condition_ids(when: Condition | None, at: Place, source: Source, plant: Plant | None) -> Iterator[Problem]:
    if when is None:
        return
    lines = tuple(line.id for line in plant.lines) if plant is not None else None
    for what, right in unknown_ids(when, lines):
        yield source.problem(at, what, right)


def _merged(defaults: _Layer, own: _Layer | None) -> Rules:
    base = defaults.model
    both = _over(base, own.model if own is not None else None)
    constraints = {c.rule: c for c in (*base.constraints, *both.constraints)}
    decisions = {**base.decisions, **both.decisions}
    types = {t: _over(base.exceptions[t], both.exceptions.get(t)) for t in EXCEPTION_TYPES}
    quiet, triage = both.quiet_hours, _over(base.triage, both.triage)
    return Rules(
        types=MappingProxyType({t: _type(t, model) for t, model in types.items()}),
        decisions=MappingProxyType({d: _authority(decisions[d]) for d in DECISIONS if d in decisions}),
        # A plant switches a default constraint off by its name with `forbids: []`.
        constraints=tuple(
            Constraint(c.rule, c.when or ALWAYS, c.forbids, c.why) for c in constraints.values() if c.forbids
        ),
        quiet=QuietHours(quiet.start, quiet.end) if quiet is not None else None,
        answer_within=triage.answer_within,
        triage=triage.roles,
        failed_posting=MappingProxyType({**base.failed_postings, **both.failed_postings}),
        dry_run=frozenset(both.dry_run),
        version=sha256((defaults.text + (own.text if own is not None else "")).encode()).hexdigest()[:12],
    )


def _over(base: M, own: M | None) -> M:
    """The keys that a plant wrote, over the defaults."""
    return base.model_copy(update={name: getattr(own, name) for name in own.model_fields_set}) if own else base


def _type(name: ExceptionType, model: TypeModel) -> TypeRules:
    return TypeRules(name, tuple(_concern(c) for c in _in_order(model)), model.needs, model.cooling_off)


def _in_order(model: TypeModel) -> list[ConcernModel]:
    """`also` rules among the others: of one function the first that holds counts, so a plant's own goes first.

    A function that is not concerned anyway comes last, so that the type keeps its lead.
    """
    also = list(model.also)
    ordered: list[ConcernModel] = []
    for concern in model.concerns:
        ordered += [extra for extra in also if extra.role == concern.role]
        also = [extra for extra in also if extra.role != concern.role]
        ordered.append(concern)
    return ordered + also


def _concern(concern: ConcernModel) -> Concern:
    deadlines = tuple((d.when or ALWAYS, _deadlines(d)) for d in concern.deadlines)
    return Concern(concern.rule, concern.role, concern.when or ALWAYS, deadlines, concern.required)


def _deadlines(model: DeadlinesModel) -> Deadlines:
    """The first step of every ladder is the time to acknowledge: there the function itself is reminded at least."""
    ladder = model.ladder
    if not ladder or ladder[0].after > model.acknowledge:
        ladder = (Step(model.acknowledge), *ladder)
    return Deadlines(model.acknowledge, ladder, model.repeat, model.idle)


def _authority(model: AuthorityModel) -> Authority:
    return Authority(model.roles, model.not_reporter, model.not_producer, model.most, model.above)
