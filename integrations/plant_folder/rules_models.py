"""The shape of `rules.yaml` at the border: every key with its kind, and an example for whoever gets it wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field, PlainValidator

from integrations.plant_folder.border import Duration, Money, Strict, WallClock, Words, choice, length_of, wrong
from integrations.plant_folder.expressions import explain_condition
from integrations.plant_folder.problems import one_of
from workflow.case import POSTING_KINDS, Step
from workflow.conditions import Condition, ConditionError
from workflow.plant import ROLES, Role
from workflow.reading import DECISIONS, EXCEPTION_TYPES, Asks

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


def _done(value: Any) -> Any:
    return SHIFT_END if value == SHIFT_END else length_of(value)


SHIFT_END: Final = "shift_end"
# What has an amount; a hold is effective at once and waits for nobody (R43).
APPROVED = ("downtime", "confirmation", "lot_release", "lot_rework", "scrap", "reschedule", "stock_adjustment",
            "goods_movement", "cost")  # fmt: skip
Done = Annotated[timedelta | Literal["shift_end"], PlainValidator(_done)]
When = Annotated[Condition, PlainValidator(_condition)]
Ladder = Annotated[tuple[Step, ...], PlainValidator(_ladder)]
ARole = Annotated[Role, choice("role", ROLES)]
Roles = Annotated[tuple[ARole, ...], Field(min_length=1, description="a list of roles", examples=["[quality]"])]
# A decision about a lot, or that an order is run.
FORBIDS = (*(decision for decision in DECISIONS if decision != "keep_on_hold"), "run")
Forbidden = Annotated[str, choice("decision", FORBIDS)]


class DeadlinesModel(Strict):
    """How long a function has, and who hears of it when it does not answer."""

    when: When | None = None
    acknowledge: Duration = Field(description="a duration", examples=["10m"])
    ladder: Ladder = ()
    repeat: Duration | None = None
    idle: Duration | None = None
    done: Done | None = None


class ConcernModel(Strict):
    """A function that a type of exception concerns, and when."""

    rule: Words = Field(description="why this function is asked", examples=['"planner: an order is at risk"'])
    role: ARole = Field(examples=["maintenance"])
    when: When | None = None
    required: bool = True
    deadlines: tuple[DeadlinesModel, ...] = Field(
        min_length=1, description="a list", examples=["[{acknowledge: 10m, ladder: {10m: supervisor}}]"]
    )


class VerifyModel(Strict):
    """A second person looks before something fixed is over."""

    roles: Roles
    when: When | None = None
    within: Duration = timedelta(minutes=15)
    then: tuple[ARole, ...] = Field(default=("manager",), description="a list of roles", examples=["[manager]"])


class TypeModel(Strict):
    """One exception type; what is left out stays as in the defaults."""

    needs: tuple[Annotated[Asks, choice("field", NEEDS)], ...] = Field(default=(), examples=["[line]"])
    cooling_off: Duration = Field(default=timedelta(hours=4), examples=["4h"])
    concerns: tuple[ConcernModel, ...] = Field(default=(), examples=["[{rule: …, role: …, deadlines: …}]"])
    also: tuple[ConcernModel, ...] = Field(default=(), examples=["[{rule: …, role: …, deadlines: …}]"])
    verify: VerifyModel | None = Field(default=None, examples=["{roles: [supervisor], when: line_stopped}"])


class AuthorityModel(Strict):
    """Who may take a quality decision."""

    roles: Roles
    most: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="a quantity above 0, in the lot's unit", examples=["500"]
    )
    worth: Money | None = Field(default=None, description="an amount of money", examples=["5000 EUR"])
    above: tuple[ARole, ...] = Field(default=(), description="a list of roles", examples=["[manager]"])
    second: tuple[ARole, ...] = Field(default=(), description="a list of roles", examples=["[quality, manager]"])
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


EXPORTED = ("items", "work_orders", "lots", "sales_orders", "bom")


class ApprovalModel(Strict):
    """A limit above which a person approves a posting."""

    above: float = Field(ge=0, allow_inf_nan=False, description="a quantity, minutes or an amount", examples=["500"])
    roles: Roles
    not_own: bool = True


class TriageModel(Strict):
    """Who takes what nobody could place."""

    roles: Roles = ("supervisor", "manager")
    answer_within: Duration = timedelta(minutes=3)


class RetentionModel(Strict):
    """How long people's words are kept."""

    words: Duration = Field(description="a duration of a day or more", examples=["365d"])


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
    gather: Duration = Field(default=timedelta(seconds=12), description="a duration", examples=["12s"])
    watch: Duration = Field(default=timedelta(minutes=30), description="a duration", examples=["30m"])
    longest_wait: Duration = Field(default=timedelta(hours=24), description="a duration", examples=["24h"])
    failed_postings: dict[Annotated[str, choice("posting kind", POSTING_KINDS)], ARole] = Field(
        default={}, examples=["{scrap: quality}"]
    )
    approvals: dict[Annotated[str, choice("posting kind", APPROVED)], ApprovalModel] = Field(
        default={}, examples=["{scrap: {above: 500, roles: [manager]}}"]
    )
    dry_run: tuple[Annotated[str, choice("posting kind", POSTING_KINDS)], ...] = Field(
        default=(), description="a list of posting kinds", examples=["[stock_adjustment]"]
    )
    records_old: dict[Annotated[str, choice("file of ERP's export", EXPORTED)], Duration] = Field(
        default={}, examples=["{work_orders: 2h, lots: 2h}"]
    )
    retention: RetentionModel | None = Field(default=None, examples=["{words: 365d}"])
