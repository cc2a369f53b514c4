"""Whether people can be reached where `plant.yaml` says so, asked without writing to anybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from workflow.ports import Finding

MOST = 100  # people who are asked about; a doctor that takes minutes is not asked again
NAMED = 5


async def reachable(
    people: tuple[tuple[str, str], ...], why_not: Callable[[str], Awaitable[str]], to_do: str
) -> tuple[Finding, ...]:
    """What to say of people, given as id and address; `why_not` says "" of an address at which one is reached.

    Whatever `why_not` raises means that the platform did not tell. Never raises.
    """
    if not people:
        return ()
    missing: list[str] = []
    untold = max(len(people) - MOST, 0)
    for person, address in people[:MOST]:
        try:
            why = await why_not(address)
        except Exception:
            untold += 1
            continue
        if why:
            missing.append(f"{person} ({why})")
    how = f"{len(people) - untold - len(missing)} of {len(people)} can be reached"
    if untold:
        how += f", {untold} not asked about"
    if not missing:
        return (Finding("people", how),)
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    return (Finding("people", f"{how}; not: {', '.join(missing[:NAMED])}{more}", to_do),)
