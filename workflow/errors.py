"""The three ways in which an act or a foreign system says no.

    LinecallError
    ├── Refused    a person asked for what may not be: told to them, in their language
    ├── TryLater   a foreign system is away or busy: the row stays due
    │   ├── NotYet   we ourselves keep to its pace: nothing was tried
    │   └── Away   the whole system, not just this one request: nothing else is tried there meanwhile
    └── Rejected   a foreign system says no for good: put before a person
        ├── Unreachable   an address is dead (blocked, never started): the person's next one is tried (R56)
        └── TooLarge   a file is larger than its platform gives it, or than we take it: its sender is told so

Anything else that is raised is a bug and is logged with its traceback.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any


class LinecallError(Exception):
    """Root of everything that Linecall raises on purpose."""


class Refused(LinecallError):
    """A person asked for something that the plant's rules do not allow.

    `name` is the name of a text in `bot/texts/` (without the leading `refused.`), `facts` fill its placeholders.
    """

    def __init__(self, name: str, **facts: Any) -> None:
        super().__init__(name)
        self.name = name
        self.facts: Mapping[str, Any] = facts


class TryLater(LinecallError):
    """A foreign system did not take it now; nothing is lost and the row stays due.

    `outcome_unknown` is set where the request may have been taken all the same (time-out, broken connection):
    the next attempt looks before it posts (R47).
    """

    def __init__(self, why: str, after: timedelta | None = None, *, outcome_unknown: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.after = after
        self.outcome_unknown = outcome_unknown


class NotYet(TryLater):
    """Nothing was asked of it: by its rules one more would be too many now; it is no attempt."""


class Away(TryLater):
    """Nothing at all can be had from the system now: it is down, refuses our login, or asks us to slow down."""


class Rejected(LinecallError):
    """A foreign system refused for good; a person has to decide what happens now."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Unreachable(Rejected):
    """Nothing arrives at this address until its person writes again; their next address is tried (R56)."""


class TooLarge(Rejected):
    """A file that nobody fetches; whoever sent it can send a smaller one, or write."""
