"""Proves before the first posting that Tryton is reachable, set up and permits what will be booked; books nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from integrations.erp.tryton_books import Books
from integrations.erp.tryton_rpc import TrytonRpc
from workflow.errors import Rejected, TryLater
from workflow.ports import Finding

PAGE = "docs/erp/tryton.md"
# What the bookings do over there: model -> rights.
RIGHTS = {
    "stock.shipment.internal": ("read", "create", "write"),
    "stock.move": ("read", "create", "write"),
    "stock.lot": ("read",),
    "production": ("read", "write"),
    "production.work": ("read", "create", "write"),
    "production.work.cycle": ("read", "create", "write", "delete"),
    "quality.inspection": ("read", "create", "write"),
    "quality.alert": ("read", "write"),
    "ir.note": ("read", "create"),
    "sale.sale": ("read",),
}


def findings(rpc: TrytonRpc, books: Books, places: tuple[str, ...], names: dict[str, str]) -> Iterator[Finding]:
    """One finding a question, the first that cannot be answered ends the list."""
    try:
        context = rpc.context
        yield Finding("sign-in", "works")
        if context.get("company") is None:
            yield Finding("company", "the user belongs to none", f"give the user a company: {PAGE}")
        yield from _named("register", lambda: books.register)
        for code in places:
            yield from _named(f"location {code}", partial(books.place, code))
        for name, model in names.items():
            yield from _named(f"{model} {name}", partial(books.named, model, name))
        access = rpc.call("ir.model.access", "get_access", list(RIGHTS))
        asked = [(model, right) for model, rights in RIGHTS.items() for right in rights]
        lacking = [f"{right} {model}" for model, right in asked if not access[model][right]]
        to_do = f"give the user the groups of {PAGE}" if lacking else ""
        yield Finding("rights", f"lacks {', '.join(lacking)}" if lacking else "all that is booked", to_do)
        if context.get("administrator"):
            yield Finding("administrator", "the user may do everything", "take that away: the groups are enough")
    except (TryLater, Rejected) as no:
        yield Finding("reach", no.why, f"see LINECALL_TRYTON_* and {PAGE}")


def _named(what: str, look: Callable[[], object]) -> Iterator[Finding]:
    try:
        look()
    except Rejected as no:
        yield Finding(what, no.why, PAGE)
