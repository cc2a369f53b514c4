"""Speaks REST with a Frappe site that runs ERPNext, and turns its refusals into one of our answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from integrations.erp.json_wire import BUSY, JsonWire, said_in
from workflow.errors import Rejected, TryLater

PAGE = 500  # records of one answer
CONCURRENT = frozenset({"TimestampMismatchError", "QueryDeadlockError", "QueryTimeoutError", "DocumentLockedError"})
CLOSED_PERIOD = frozenset({"StockFreezeError", "ClosedAccountingPeriod", "PeriodClosedError"})

Row = dict[str, Any]


class ErpNextSaysNo(Rejected):
    """ERPNext's own refusal; `kind` is the name of its exception."""

    def __init__(self, why: str, kind: str) -> None:
        super().__init__(why)
        self.kind = kind


class ErpNext:
    """One user's API key and secret ("key:secret") to one site."""

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"token {key}", "Accept": "application/json"}
        self.wire = JsonWire("ERPNext", "LINECALL_ERPNEXT_KEY", url, headers, transport)

    def search(
        self,
        doctype: str,
        filters: Sequence[Sequence[Any]],
        fields: Sequence[str],
        order: str = "creation asc",
        limit: int | None = None,
        parent: str | None = None,
    ) -> list[Row]:
        """Documents with these fields, page by page; rows of a table in documents need their `parent` doctype."""
        rows: list[Row] = []
        while True:
            asked = {
                "filters": json.dumps(list(filters)),
                "fields": json.dumps(list(fields)),
                "order_by": order,
                "limit_start": str(len(rows)),
                "limit_page_length": str(limit or PAGE),
            }
            asked |= {"parent": parent} if parent else {}
            page = self._ask("GET", f"/api/resource/{quote(doctype)}", True, params=asked)["data"]
            rows += page
            if limit is not None or len(page) < PAGE:
                return rows

    def one(self, doctype: str, filters: Sequence[Sequence[Any]], fields: Sequence[str]) -> Row | None:
        """The oldest document that fits."""
        found = self.search(doctype, filters, fields, limit=1)
        return found[0] if found else None

    def create(self, doctype: str, values: Mapping[str, Any]) -> Row:
        """One new document, a draft where its doctype knows drafts."""
        return dict(self._ask("POST", f"/api/resource/{quote(doctype)}", False, json=dict(values))["data"])

    def change(self, doctype: str, name: str, values: Mapping[str, Any]) -> Row:
        """Some fields of a document; `docstatus` 1 submits it."""
        path = f"/api/resource/{quote(doctype)}/{quote(name, safe='')}"
        return dict(self._ask("PUT", path, False, json=dict(values))["data"])

    def delete(self, doctype: str, name: str) -> None:
        """A draft of ours that is one too many."""
        self._ask("DELETE", f"/api/resource/{quote(doctype)}/{quote(name, safe='')}", False)

    def call(self, method: str, *, reads: bool, **given: Any) -> Any:
        """One whitelisted method."""
        if reads:
            return self._ask("GET", f"/api/method/{method}", True, params=given).get("message")
        return self._ask("POST", f"/api/method/{method}", False, json=given).get("message")

    def _ask(self, http: str, path: str, reads: bool, **what: Any) -> Row:
        answer = self.wire.ask(http, path, reads=reads, **what)
        said = said_in(answer, "ERPNext")
        if answer.status_code >= 400:
            raise _refusal(answer.status_code, said)
        if not isinstance(said, dict):
            raise TryLater("ERPNext answered something else than it should", outcome_unknown=True)
        return said


def _refusal(code: int, said: Any) -> TryLater | Rejected:
    kind = str(said.get("exc_type") or "") if isinstance(said, dict) else ""
    words = _words(said) if isinstance(said, dict) else ""
    if kind in CONCURRENT:
        return TryLater("somebody else is working on the same document in ERPNext", after=BUSY)
    if code == httpx.codes.FORBIDDEN:
        return ErpNextSaysNo(f"ERPNext does not permit it: {words or kind}; see the roles in docs/erp/erpnext.md", kind)
    if code >= 500 and kind in ("", "OperationalError", "InternalError"):
        return TryLater(f"ERPNext failed (HTTP {code})", outcome_unknown=True)
    if code == httpx.codes.NOT_FOUND or code >= 500 or kind in ("DataError", "ImportError"):
        why = f"ERPNext does not know that: {words or kind}; is it another version?"
        return ErpNextSaysNo(why, kind or "DoesNotExistError")
    return ErpNextSaysNo(words or kind or f"ERPNext refused it without a reason (HTTP {code})", kind)


def _words(said: Row) -> str:
    """What a person would have read in a window, without its mark-up."""
    try:
        sent = json.loads(said.get("_server_messages") or "[]")
        found = [str(json.loads(message).get("message", "")) for message in sent]
    except (ValueError, TypeError, AttributeError):
        found = []
    words = " ".join(dict.fromkeys(found)) or str(said.get("exception") or "").partition(": ")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]{0,500}>", "", words)).strip()[:500]
