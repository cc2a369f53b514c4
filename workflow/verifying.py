"""A second pair of eyes: where the rules want it, whoever fixed something does not say alone that it is over (R35)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from workflow.case import Case, Change, Entry, Notice, Offer, Step, Task, require
from workflow.consequences import consequences, facts
from workflow.errors import Refused
from workflow.plant import Person, on_shift
from workflow.reading import Quantity, Resolution
from workflow.routing import VERIFY, World, deadline_of, remember_told
from workflow.rules import Verification

GOES_ON = timedelta(hours=1)  # "still on it?" to whoever was told that it is not fixed


def wanted(case: Case, world: World) -> Verification | None:
    """Who has to look at what was fixed, by the rules of its opening; None where one person is enough."""
    rules = world.rules_of(case)
    verify = rules.types[case.type].verify if case.type is not None and case.type in rules.types else None
    if verify is None:
        return None
    stated = facts(case, consequences(case, world.records), world.plant, world.records, world.now)
    return verify if verify.when.holds(stated) else None


def waiting(case: Case) -> Task | None:
    """The task of the second person, while nobody has looked."""
    return next((task for task in case.tasks if task.why == VERIFY and task.live), None)


def ask(case: Case, by: Person, outcome: Resolution, verify: Verification, world: World) -> Change:
    """Somebody says that it is fixed: others are asked to look, and nothing is over before one of them has."""
    there = {p.id: p for role in verify.roles for p in on_shift(world.plant, role, world.now, case.line)}
    people = tuple(p.id for p in there.values() if p.id != by.id and of_these(p, verify.roles))
    claim = {
        "fixed_by": by.id,
        "fixed_at": world.now.isoformat(),
        "action": outcome.action,
        "minutes": outcome.downtime_min,
        "scrap": {"value": outcome.scrap.value, "uom": outcome.scrap.uom} if outcome.scrap is not None else None,
        "roles": list(verify.roles),
    }
    task = Task(
        role=verify.roles[0],
        asked_at=world.now,
        owner=people[0] if people else None,
        told=people,
        declined=(by.id,),  # never asked to look at his own work
        ladder=(Step(verify.within), Step(verify.within * 2, verify.then)),
        repeat=verify.within,
        why=VERIFY,
        facts=claim,
    )
    task = replace(task, next_step_at=deadline_of(task, world.now) if people else world.now)
    done = tuple(
        replace(t, done_at=world.now, done_by=by.id, next_step_at=None, acknowledged_at=t.acknowledged_at or world.now,
                acknowledged_by=t.acknowledged_by or by.id)
        if t.live and (t.acknowledged_by == by.id or t is case.lead) else t
        for t in case.tasks
    )  # fmt: skip
    told = _said(case, claim) | {"people": list(people)}
    notices = [Notice(p, "asked.verify", told, offers(), task.role, "resolved") for p in people]
    notices.append(Notice(by.id, "verify_awaited", told))
    entry = Entry(world.now, by.id, "says_fixed", outcome.action, {"people": list(people)})
    fixed = replace(case, tasks=(*done, task))
    return Change(remember_told(fixed, tuple(notices)), (entry,), tuple(notices))


def offers() -> tuple[Offer, ...]:
    """What the second person answers."""
    return Offer("verify"), Offer("not_fixed")


def of_these(person: Person, roles: Collection[str]) -> bool:
    """Whether somebody is of these functions: who stands in for one of them is asked to work, and not for a yes."""
    return not set(roles).isdisjoint(person.roles)


def may_verify(task: Task, case: Case, by: Person) -> None:
    """Refuse whoever fixed it, and whoever the rule does not name (R35)."""
    if by.id == task.facts.get("fixed_by"):
        raise Refused("verify.own_fix", case=case.number, people=list(task.told))
    if not of_these(by, task.facts.get("roles", ())):
        raise Refused("verify.not_yours", case=case.number, roles=list(task.facts.get("roles", ())))


def claimed(task: Task, case: Case) -> tuple[str, Resolution]:
    """Who said that it is fixed, and what came of it: the machine stood until then, not until somebody looked."""
    claim = task.facts
    scrap = claim.get("scrap")
    minutes = claim.get("minutes")
    if minutes is None and case.type == "machine_breakdown":
        since = case.reopened_at or case.since
        minutes = max(0.0, round((datetime.fromisoformat(claim["fixed_at"]) - since) / timedelta(minutes=1), 1))
    much = Quantity(scrap["value"], scrap["uom"]) if scrap else None
    return claim["fixed_by"], Resolution(claim.get("action") or "", minutes, much)


def looked(case: Case, task: Task, by: Person, world: World) -> Change:
    """The second person has looked, and it is right; the act that ends the case follows."""
    seen = replace(
        task, verified_at=world.now, verified_by=by.id, done_at=world.now, done_by=by.id, next_step_at=None,
        acknowledged_at=task.acknowledged_at or world.now, acknowledged_by=task.acknowledged_by or by.id,
    )  # fmt: skip
    entry = Entry(world.now, by.id, "verified", VERIFY, {"who_fixed": task.facts.get("fixed_by")})
    return Change(_with(case, task, seen), (entry,))


def not_fixed(case: Case, by: Person, said: str, world: World) -> Change:
    """The second person has looked, and it is not over: whoever fixed it has it again."""
    require(case, "resolve")
    task = waiting(case)
    if task is None:
        raise Refused("verify.nothing", case=case.number)
    may_verify(task, case, by)
    gone = replace(task, withdrawn_at=world.now, next_step_at=None)
    fixer = str(task.facts.get("fixed_by"))
    undone = tuple(
        replace(t, done_at=None, done_by=None, asked_still=False, next_step_at=world.now + (t.idle_after or GOES_ON))
        if t.done_by == fixer and t.withdrawn_at is None and t is not task else t
        for t in _with(case, task, gone).tasks
    )  # fmt: skip
    told = _said(case, task.facts) | {"who": by.id, "said": said}
    notices = (Notice(fixer, "not_verified", told), Notice(by.id, "not_verified.you", told))
    return Change(replace(case, tasks=undone), (Entry(world.now, by.id, "not_verified", said),), notices)


def asked_again(task: Task) -> Mapping[str, Any]:
    """What whoever comes on shift meanwhile is told besides, when they are asked to look."""
    return {"who": task.facts.get("fixed_by"), "action": task.facts.get("action") or ""}


def _said(case: Case, claim: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "case": case.number,
        "type": case.type,
        "line": case.line,
        "assets": list(case.assets),
        "who": claim.get("fixed_by"),
        "action": claim.get("action") or "",
    }


def _with(case: Case, before: Task, after: Task) -> Case:
    return replace(case, tasks=tuple(after if task is before else task for task in case.tasks))
