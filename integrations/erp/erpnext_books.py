"""How our postings are found again in ERPNext, the names behind the plant's words, and stock entries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from integrations.erp.erpnext_rest import CLOSED_PERIOD, ErpNext, ErpNextSaysNo, Row
from integrations.erp.marks import Job, checked, only_once
from workflow.errors import Rejected
from workflow.ports import Clock, Receipt

ENTRY, ORDER, DOWNTIME = "Stock Entry", "Work Order", "Downtime Entry"
TEXT_OF = {DOWNTIME: "more_details", "Comment": "content"}  # where a document carries its mark


@dataclass(frozen=True, slots=True)
class Setup:
    """What is decided once; `docs/erp/erpnext.md` says what each means."""

    company: str
    employee: str  # whom ERPNext wants as the operator of a downtime
    lines: frozenset[str] = frozenset()  # warehouses at the lines: nothing is taken from there


class Books:
    """What all kinds of posting share."""

    def __init__(self, site: ErpNext, setup: Setup, zone: tzinfo, clock: Clock) -> None:
        self.site, self.setup, self.zone, self.clock = site, setup, zone, clock
        self._places: dict[str, str] = {}

    def place(self, name: str) -> str:
        """A warehouse's full name; raises Rejected where it was not set up."""
        if name not in self._places:
            filters = [["warehouse_name", "=", name], ["company", "=", self.setup.company]]
            found = self.site.one("Warehouse", filters, ["name"])
            if found is None:
                raise Rejected(f"ERPNext has no warehouse {name}; docs/erp/erpnext.md says how to set it up")
            self._places[name] = str(found["name"])
        return self._places[name]

    def item(self, body: Mapping[str, Any]) -> Row:
        """The item of a body, or of its lot, in its own unit; raises Rejected (R50)."""
        lot, item, uom = body.get("lot"), body.get("item"), body.get("uom")
        code = item
        if lot is not None:
            batch = self.site.one("Batch", [["name", "=", lot]], ["item"])
            if batch is None:
                raise Rejected(f"unknown lot {lot}")
            code = batch["item"]
            if item not in (None, code):
                raise Rejected(f"lot {lot} is of item {code}, not {item}")
        found = self.site.one("Item", [["name", "=", code]], ["name", "stock_uom"])
        if found is None:
            raise Rejected(f"unknown item {code}")
        if uom is not None and str(uom).casefold() != str(found["stock_uom"]).casefold():
            named = f"lot {lot}" if lot is not None else f"item {item}"
            raise Rejected(f"{named} is kept in {found['stock_uom']}, not in {uom}")
        return found

    def order(self, number: str) -> Row:
        """A work order; raises Rejected (R50)."""
        fields = ["name", "status", "docstatus", "planned_start_date", "expected_delivery_date"]
        found = self.site.one(ORDER, [["name", "=", number]], fields)
        if found is None:
            raise Rejected(f"unknown work order {number}")
        return found

    def entries(self, mark: str, *, reverses: bool = False) -> list[Row]:
        """Our stock entries with this mark that were not cancelled, the oldest first."""
        like = f"LINECALL % reverses {mark} %" if reverses else f"LINECALL {mark} %"
        fields = ["name", "docstatus", "remarks", "modified", "purpose"]
        return self.site.search(ENTRY, [["remarks", "like", like], ["docstatus", "!=", 2]], fields)

    def moved(self, mark: str, job: Job | None) -> Receipt | None:
        """The receipt of a stock entry that is submitted; raises Rejected where it is of another fact (R47)."""
        for row in self.entries(mark):
            if job is not None:
                checked(job, str(row["remarks"]))
            if row["docstatus"] == 1:
                return Receipt(str(row["name"]), self.instant(row["modified"]))
        return None

    def written(self, doctype: str, mark: str, job: Job | None) -> Receipt | None:
        """The receipt of a document whose text carries the mark, or that was taken back under it."""
        name = TEXT_OF[doctype]
        row = self.site.one(doctype, [[name, "like", f"%LINECALL {mark} %"]], ["name", name, "creation", "modified"])
        if row is None:
            return None
        if job is not None:
            checked(job, str(row[name]))
        back = re.search(rf"LINECALL {mark} \w+ reverses ", str(row[name]))
        return Receipt(f"{doctype} {row['name']}", self.instant(row["modified" if back else "creation"]))

    def taken_back_once(self, doctype: str, job: Job, fields: Sequence[str] = ()) -> Row:
        """What a posting takes back; raises Rejected where another one did so before."""
        name = TEXT_OF[doctype]
        also = self.site.search(doctype, [[name, "like", f"%reverses {job.reverses} %"]], [name])
        only_once(job, (str(row[name]) for row in also))
        row = self.site.one(doctype, [[name, "like", f"%LINECALL {job.reverses} %"]], ["name", name, *fields])
        if row is None:
            raise Rejected(f"somebody deleted what was booked under {job.posting.reverses}")
        return row

    def make(self, job: Job, doctype: str, values: Mapping[str, Any]) -> Receipt:
        """One document with the mark in its text."""
        self.site.create(doctype, {**values, TEXT_OF[doctype]: job.text})
        return self.kept(doctype, job)

    def kept(self, doctype: str, job: Job) -> Receipt:
        """The receipt of what was just written; raises Rejected where it is not there."""
        receipt = self.written(doctype, job.mark, job)
        if receipt is None:
            raise Rejected(f"ERPNext did not keep the {doctype}; look at it there")
        return receipt

    def say(self, job: Job, doctype: str, name: str) -> Receipt:
        """A comment at a document, which is also how the posting is found again."""
        about = {"comment_type": "Comment", "reference_doctype": doctype, "reference_name": name}
        return self.make(job, "Comment", about)

    def ship(self, job: Job, purpose: str, items: Sequence[Row]) -> Receipt:
        """A stock entry that carries the mark: a draft first, then submitted, from wherever an attempt stopped."""
        ours = self.entries(job.mark)
        if ours:
            name = str(ours[0]["name"])
        else:
            at = (job.posting.occurred_at or self.clock.now()).astimezone(self.zone)
            values = {"purpose": purpose, "stock_entry_type": purpose, "company": self.setup.company,
                      "set_posting_time": 1, "posting_date": f"{at:%Y-%m-%d}", "posting_time": f"{at:%H:%M:%S}",
                      "remarks": job.text, "items": list(items)}  # fmt: skip
            made = str(self.site.create(ENTRY, values)["name"])
            name = str(self.entries(job.mark)[0]["name"])
            if name != made:  # another worker was faster by a moment
                self.site.delete(ENTRY, made)
        try:
            self.site.change(ENTRY, name, {"docstatus": 1})
        except ErpNextSaysNo as no:
            if no.kind not in CLOSED_PERIOD:
                raise
            now = self.clock.now().astimezone(self.zone)  # the real day is closed: today, with the real time in words
            self.site.change(ENTRY, name, {"posting_date": f"{now:%Y-%m-%d}", "posting_time": f"{now:%H:%M:%S}"})
            self.site.change(ENTRY, name, {"docstatus": 1})
        receipt = self.moved(job.mark, job)
        if receipt is None:
            raise Rejected(f"ERPNext did not submit {name}; look at it there")
        return receipt

    def instant(self, said: object) -> datetime:
        """The site's instants are its own time and do not say so. Raises ValueError."""
        return datetime.fromisoformat(str(said)).replace(tzinfo=self.zone).astimezone(UTC)

    def out(self, at: datetime) -> str:
        """An instant as the site wants it."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"
