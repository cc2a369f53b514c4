"""`rules.yaml`: who is concerned when, by when, and who may decide what; a plant's file goes over the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from integrations.plant_folder.border import Strict, valid
from integrations.plant_folder.expressions import unknown_ids
from integrations.plant_folder.problems import Problem
from integrations.plant_folder.rules_models import (
    AuthorityModel,
    ConcernModel,
    DeadlinesModel,
    RulesModel,
    TypeModel,
)
from integrations.plant_folder.yaml_file import Place, Source, read_yaml
from workflow.case import Step
from workflow.conditions import ALWAYS, Condition
from workflow.plant import Plant
from workflow.reading import DECISIONS, EXCEPTION_TYPES, ExceptionType
from workflow.rules import (
    Approval,
    Authority,
    Concern,
    Constraint,
    Deadlines,
    QuietHours,
    Rules,
    TypeRules,
    Verification,
)

M = TypeVar("M", bound=Strict)
A_DAY = timedelta(days=1)
LONGEST_GATHERED = timedelta(minutes=1)  # nobody waits longer for an answer (R39)
DEFAULTS = Path(__file__).with_name("default_rules.yaml")


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
        if type_.verify is not None:
            yield from _condition_ids(type_.verify.when, ("exceptions", name, "verify", "when"), source, plant)
        if "concerns" in type_.model_fields_set and all(concern.when for concern in type_.concerns):
            right = "one rule without `when`, whose function is always asked"
            yield source.problem(("exceptions", name, "concerns"), "might concern nobody", right)
    for decision, authority in model.decisions.items():
        if authority.above and authority.most is None and authority.worth is None:
            at: Place = ("decisions", decision, "above")
            right = "`most: 500` or `worth: 5000 EUR`, above which they decide"
            yield source.problem(at, "'above' without 'most' or 'worth'", right)
    if model.retention is not None and model.retention.words < A_DAY:
        yield source.problem(("retention", "words"), "is less than a day", "a day or more, such as 365d")
    if model.gather > LONGEST_GATHERED:
        yield source.problem(("gather",), "is longer than a minute", "a minute or less, such as 12s")
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
        gather=both.gather,
        watch=both.watch,
        longest_wait=both.longest_wait,
        triage=triage.roles,
        failed_posting=MappingProxyType({**base.failed_postings, **both.failed_postings}),
        approvals=MappingProxyType({kind: Approval(a.above, a.roles, a.not_own) for kind, a in both.approvals.items()}),
        dry_run=frozenset(both.dry_run),
        records_old=MappingProxyType({**base.records_old, **both.records_old}),
        keep_words=both.retention.words if both.retention is not None else None,
        version=sha256((defaults.text + (own.text if own is not None else "")).encode()).hexdigest()[:12],
    )


def _over(base: M, own: M | None) -> M:
    """The keys that a plant wrote, over the defaults."""
    return base.model_copy(update={name: getattr(own, name) for name in own.model_fields_set}) if own else base


def _type(name: ExceptionType, model: TypeModel) -> TypeRules:
    verify = model.verify
    second = Verification(verify.roles, verify.when or ALWAYS, verify.within, verify.then) if verify else None
    return TypeRules(name, tuple(_concern(c) for c in _in_order(model)), model.needs, model.cooling_off, second)


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
    return Deadlines(model.acknowledge, ladder, model.repeat, model.idle, model.done)


def _authority(model: AuthorityModel) -> Authority:
    worth, currency = model.worth or (None, "")
    return Authority(
        model.roles, model.not_reporter, model.not_producer, model.most, model.above, model.second, worth, currency
    )
