"""Which parts of the log are a person's own words: they can be erased, and the rest stays (decision 12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflow.case import LINECALL, Entry

# Of these entries `why` names a rule, a field or a record; in any other that a person made it is their own words.
WHY_IS_NO_QUOTE: frozenset[str] = frozenset(
    {
        "acknowledged", "answered", "closed", "difference_done", "erp_changed", "known_now", "merged", "never_booked",
        "posted", "took_back", "would_book", "approved", "turned_down", "approval_asked"
    }
)  # fmt: skip
QUOTED_FACTS: frozenset[str] = frozenset({"waiting_for", "said", "reason", "note", "heard", "text", "condition"})


def quoted_in(entry: Entry) -> tuple[str, ...]:
    """Where an entry holds a person's words: "why", "facts.reason", "facts.parts.0.condition"; they can be erased."""
    why = entry.who != LINECALL and entry.what not in WHY_IS_NO_QUOTE and bool(entry.why)
    return (*(("why",) if why else ()), *sorted(_quoted_facts(entry.facts, "facts")))


def _quoted_facts(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            quoted = name in QUOTED_FACTS and isinstance(inner, str)
            yield from (f"{at}.{name}",) if quoted else _quoted_facts(inner, f"{at}.{name}")
    elif isinstance(value, list | tuple):
        for n, inner in enumerate(value):
            yield from _quoted_facts(inner, f"{at}.{n}")
