"""Speaks JSON-2 with an Odoo 19 database, one transaction a call, and turns its refusals into one of our answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from integrations.erp.json_wire import BUSY, JsonWire, said_in
from workflow.errors import Rejected, TryLater

READS = frozenset({"search_read", "search_count", "read", "fields_get", "has_access", "search"})
CONCURRENT = ("LockError", "SerializationFailure", "LockNotAvailable", "DeadlockDetected", "ConcurrencyError")
PROGRAMMING = ("builtins.ValueError", "builtins.KeyError", "builtins.TypeError", "builtins.AttributeError")
PAGE = 500  # records of one answer

Row = dict[str, Any]


class Odoo:
    """One bot user's API key to one database; a key lives three months at most."""

    def __init__(self, url: str, database: str | None, key: str, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"bearer {key}", "User-Agent": "linecall"}
        headers |= {"X-Odoo-Database": database} if database else {}
        self.wire = JsonWire("Odoo", "LINECALL_ODOO_KEY", url, headers, transport)

    def call(self, model: str, method: str, ids: Sequence[int] = (), **given: Any) -> Any:
        """One call; raises Away, TryLater, or Rejected with Odoo's own words."""
        body = ({"ids": list(ids)} if ids else {}) | given | {"context": {"lang": "en_US", **given.get("context", {})}}
        answer = self.wire.ask("POST", f"/json/2/{model}/{method}", reads=method in READS, json=body)
        said = said_in(answer, "Odoo")
        if answer.status_code >= 400:
            raise _refusal(answer.status_code, said)
        return said

    def search(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], order: str = "id", limit: int | None = None
    ) -> list[Row]:
        """Records with these fields, page by page; a link comes as `[id, name]`, or False where there is none."""
        rows: list[Row] = []
        while True:
            page = self.call(model, "search_read", domain=list(domain), fields=list(fields), order=order,
                             limit=limit or PAGE, offset=len(rows))  # fmt: skip
            if not isinstance(page, list):
                raise TryLater("Odoo answered a list with something else")
            rows += page
            if limit is not None or len(page) < PAGE:
                return rows

    def one(self, model: str, domain: Sequence[Any], fields: Sequence[str], order: str = "id") -> Row | None:
        """The first record that fits."""
        found = self.search(model, domain, fields, order, 1)
        return found[0] if found else None

    def create(self, model: str, values: Mapping[str, Any]) -> int:
        """One new record; its id."""
        made = self.call(model, "create", vals_list=[dict(values)])
        return int(made[0] if isinstance(made, list) else made)

    def press(self, model: str, button: str, record: int, **given: Any) -> None:
        """Press a button. Where Odoo would rather open a window for a person, a person gets it."""
        said = self.call(model, button, [record], **given)
        if isinstance(said, dict) and said.get("type"):
            window = said.get("name") or said.get("res_model") or "a window"
            raise Rejected(f"Odoo asks a person: {window}; do it there")


def _refusal(code: int, said: Any) -> TryLater | Rejected:
    name, words = (str(said.get("name", "")), str(said.get("message", ""))) if isinstance(said, dict) else ("", "")
    if name.endswith(CONCURRENT) or code == httpx.codes.CONFLICT:
        return TryLater("somebody else is working on the same record in Odoo", after=BUSY)
    if code == httpx.codes.FORBIDDEN:
        return Rejected(f"Odoo does not permit it: {words}; see the rights in docs/erp/odoo.md")
    if name in PROGRAMMING or (code == httpx.codes.NOT_FOUND and "MissingError" not in name):
        return Rejected(f"Odoo does not know that: {words}; is it another version, or is a module missing?")
    if code >= 500:
        return TryLater(f"Odoo failed (HTTP {code})", outcome_unknown=True)
    return Rejected(words or f"Odoo refused it without a reason (HTTP {code})")
