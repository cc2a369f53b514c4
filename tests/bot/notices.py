"""One realistic example of everything that Linecall tells people, by the name of its text: Riverside, 17 November."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from workflow.plant import ROLES
from workflow.reading import Asks

Facts = Mapping[str, Any]

SAID = "llenadora 3 tirando agua, 10482 parado"
CASE: Facts = {"case": "EX-1042"}
BREAKDOWN: Facts = CASE | {
    "type": "machine_breakdown",
    "line": "L3",
    "assets": ["L3-FIL"],
    "work_orders": ["WO-10482"],
    "lots": [],
    "since_at": "2026-11-17T20:10:00+00:00",  # 14:10 in the plant
    "stopped": True,
}
CASES = [f"EX-{n}" for n in range(1040, 1046)]
CS = {"value": 4200.0, "uom": "cs"}
ORDER = {"work_order": "WO-10482", "item": "FG-3010", "quantity": CS, "due": "2026-11-18", "inferred": True}
CUSTOMER = {"sales_order": "SO-70127", "customer": "Hy-Dale Foods", "item": "FG-3010", "quantity": CS}
LOT = {"lot": "6319-4A", "item": "FG-4010", "quantity": {"value": 950.0, "uom": "cs"}, "location": "WH-D06"}
PARTS = [
    {"decision": "release", "lot": "6319-4A", "quantity": {"value": 600.0, "uom": "cs"}},
    {"decision": "rework", "lot": "6319-4A", "quantity": {"value": 150.0, "uom": "cs"}},
]
REST = ["6319-4A: 200 cs"]
DECIDED: Facts = CASE | {"parts": PARTS, "rest": REST, "who": "tamika.jones", "reason": "codes checked"}
GARY: Facts = CASE | {"who": "gary.lindqvist", "role": "maintenance", "promised_at": "2026-11-17T20:30:00+00:00"}
ASKED: Facts = BREAKDOWN | {
    "reporter": "maria.lopez",
    "said": SAID,
    "role": "maintenance",
    "why": "maintenance: a machine is down",
    "orders": [ORDER],
    "customers": [CUSTOMER | {"due": "2026-11-19"}],
    "lots": [LOT],
    "items": ["FG-3010"],
    "quantity": CS,
    "staged": [{"work_order": "WO-10482", "staged_at_place": "L3 infeed"}],
    "shipped": ["6318-2B"],
    "sisters": ["6319-4B"],
    "took": ["WO-10488"],
    "may_have": ["WO-10482"],
    "made": ["6320-4A"],
    "short": ["WO-10489"],
    "skills": ["aseptic filling"],
    "can": ["marcus.webb"],
}
SCRAPPED = {"minutes": 60.0, "scrap": {"value": 12.0, "uom": "cs"}}
RESTATED: Facts = CASE | {
    "who": "gary.lindqvist",
    "before": {"minutes": 40.0, "scrap": {"value": 10.0, "uom": "cs"}},
    "after": SCRAPPED,
    "owed": ["scrap", "downtime"],
}
APPROVAL: Facts = CASE | {
    "kind": "scrap",
    "key": "riverside/EX-1042/1/scrap/1",
    "work_order": "WO-10482",
    "quantity": 800.0,
    "uom": "cs",
    "reason": "cap jam",
    "who": "gary.lindqvist",
}
CHASED: Facts = ASKED | {"age_min": 12, "waiting_min": 11, "owner": "gary.lindqvist", "step": 1}
TOLD = [{"role": "maintenance", "people": ["gary.lindqvist", "anita.rao"]}, {"role": "planner", "people": []}]
ENDED: Facts = BREAKDOWN | {"who": "gary.lindqvist", "said": SAID, "action": "new seal", "minutes": 134}
ITEM: Facts = BREAKDOWN | {
    "owner": "gary.lindqvist",
    "state": "acknowledged",
    "late": True,
    "promised_at": "2026-11-17T20:30:00+00:00",
}
SHIFT: Facts = {
    "n": 1,
    "items": [ITEM],
    "end_at": "2026-11-17T20:00:00+00:00",
    "rest": REST,
    "solved": ["EX-1039", "EX-1041"],
    "not_booked": ["EX-1041"],
}
OWNERS = [
    {
        "role": "maintenance",
        "who": "gary.lindqvist",
        "acknowledged_at": "2026-11-17T20:12:00+00:00",
        "promised_at": None,
    },
    {"role": "planner", "who": None, "acknowledged_at": None, "promised_at": None},
]
SPREAD = {"median": 42.0, "p90": 134.0, "n": 6, "cases": CASES}
FIGURES: Facts = {
    "period": {"start": "2026-11-17T12:00:00+00:00", "end": "2026-11-17T20:00:00+00:00"},
    "line": "L3",
    "n": 6,
    "exceptions": 6,
    "down": {"minutes": 95.0, "n": 2},
    "resolution": SPREAD,
    "alignment": SPREAD | {"n": 2, "cases": CASES[:2]},
    "posting_lag": {"median": None, "p90": None, "n": 0, "cases": []},
    "first_pass": {"value": 2 / 3, "n": 3, "cases": CASES[:3]},
}
SPAN: Facts = {"period": FIGURES["period"], "line": "L3", "type": "machine_breakdown", "exceptions": 12}
WEEKS = [
    {"week": "2026-11-09", "minutes": 40.0, "p90": 92.0, "n": 8},
    {"week": "2026-11-16", "minutes": 32.0, "p90": 52.0, "n": 6},
]
EARLIER: Facts = {
    "earlier_period": {"start": "2026-11-10T12:00:00+00:00", "end": "2026-11-17T12:00:00+00:00"},
    "verdict": {"is": "better", "now": 42.0, "then": 60.0},
    "earlier_n": 40,
    **{
        f"earlier_{name}": FIGURES[name] | {"cases": []}
        for name in ("resolution", "alignment", "posting_lag", "first_pass")
    },
}
LINKS = {"line": "L3", "assets": ["L3-CAP"], "work_orders": ["WO-10482"]}
CORRECTED: Facts = ENDED | {"before": LINKS, "after": LINKS | {"assets": ["L3-FIL"]}}
BOOKED: Facts = CASE | {"lot": "6319-4A", "item": "FG-4010", "quantity": 600.0, "uom": "cs", "receipt": "DOC-000011"}
NOT_BOOKED: Facts = BOOKED | {
    "kind": "lot_release",
    "error": "waiting for the import",
    "key": "riverside/EX-1042/1/x/1",
}
REFUSED: Facts = CASE | {"decision": "use_as_is", "lots": ["6319-4A"], "who": "tamika.jones", "role": "maintenance"}

CAUSE: Facts = BREAKDOWN | {"cause": "EX-1041", "cause_assets": ["AIR"], "owners": ["gary.lindqvist"]}
FIXED: Facts = BREAKDOWN | {
    "who": "gary.lindqvist",
    "action": "new seal",
    "people": ["anita.rao"],
    "said": "still drips",
}
RUN: Facts = {
    "work_order": "WO-10477", "line": "L2", "last": "WO-10476", "who": "luis.ortega", "reason": "the truck is here",
    "barred": [{"rule": "no run: line clearance", "why": "the line is cleared first"}],
}  # fmt: skip
SLOT: Facts = {"n": 1, "work_order": "WO-10482", "item": "FG-3010", "due": "2026-11-16", "change_min": 45,
               "marks": ["runs", "cleaning", "put_first", "barred"], "rules": "held"}  # fmt: skip
SEQUENCE: Facts = {
    "line": "L3", "slots": [SLOT], "as_of_at": "2026-11-17T20:40:00+00:00", "tools_min": 45, "product_min": 15,
    "cleaning_min": 60, "frozen_min": 240.0, "who": "neil.abbott", "reason": "the truck is here",
    "work_order": "WO-10486", "fell": "WO-10483", "who_before": "neil.abbott",
}  # fmt: skip
SLOW: Facts = BREAKDOWN | {
    "until_at": "2026-11-17T21:10:00+00:00",
    "reporter": "maria.lopez",
    "people": ["gary.lindqvist"],
}
PHONE: Facts = CASE | {"phone": "phone of line 3", "said": "on it", "people": ["gary.lindqvist"]}
EXAMPLES: dict[str, Facts] = {
    **dict.fromkeys(("opened.part", "part_of", "runs_again"), CAUSE),
    "own_cause.you": CASE | {"people": ["gary.lindqvist"]},
    "one_cause_asked": CASE | {"n": 3, "cases": ["EX-1040", "EX-1041", "EX-1042"]},
    "refused.own_cause.already": CASE,
    **dict.fromkeys(("asked.verify", "verify_awaited", "verified.you", "not_verified", "not_verified.you"), FIXED),
    "refused.verify.own_fix": CASE | {"people": ["anita.rao"]},
    "refused.verify.not_yours": CASE | {"roles": ["maintenance"]},
    "refused.verify.nothing": CASE,
    **dict.fromkeys(
        ("run.yes", "run.no", "run.against", "run.fixed", "run.first_why", "run.first", "run.first_told"), RUN
    ),
    **dict.fromkeys(("refused.run.not_yours", "refused.run.quality_clears"), RUN),
    "refused.run.first_not_yours": RUN | {"roles": ["planner", "supervisor"]},
    "answer.sequence": SEQUENCE,
    "answer.sequence_none": {"line": "L3"},
    "answer.sequence_which": {"lines": ["L1", "L2"]},
    **dict.fromkeys(("opened.watch", "asked.watch", "still_slow", "promoted.you"), SLOW),
    "refused.watch.already": CASE,
    "who_is_it": {"phone": "phone of line 3"},
    "needs_own_phone": {},
    "sign_in_link": {"link": "https://linecall.example/sign-in?token=abc"},
    "sign_in_alone": {},
    "sign_in_here": {},
    "sign_in_nowhere": {},
    "not_here_now": {"people": ["gary.lindqvist"]},
    "spoken_as_you": PHONE,
    "also_open": CASE | {"items": []},
    "opened.one": BREAKDOWN | {"told": TOLD, "inferred": ["work_orders"]},
    "opened.hold": BREAKDOWN | {"type": "quality_hold", "lots": ["6319-4A", "6319-4B"], "told": TOLD, "inferred": []},
    "opened.several": {"several": [BREAKDOWN | {"told": TOLD}, BREAKDOWN | {"case": "EX-1043", "told": TOLD}]},
    "already_known": BREAKDOWN | {"owners": ["gary.lindqvist", "anita.rao"]},
    "handed_to_triage": CASE | {"people": ["denise.palmer"]},
    **{f"ask.{asks}": BREAKDOWN | {"asks": asks} for asks in get_args(Asks)},
    "ask.perhaps": BREAKDOWN | {"asks": "confirm"},
    "ask.instead": {"case": "EX-1042", "asks": "type"},
    "chatter": {},
    "stop_question": {},
    "welcome": {"called": "Gary Lindqvist", "roles": ["maintenance"]},
    "joined": {"called": "Gary Lindqvist", "roles": ["maintenance"], "shifts": ["day"]},
    "spoken": {},
    "refused.left_over.not_yours": {},
    "shift_passed_on": {"people": ["denise.palmer"]},
    "shift_wrong": {"called": "Gary Lindqvist", "shifts": ["day"]},
    "invited_wrong": {"called": "Gary Lindqvist"},
    "stop_nothing": {},
    "help": {},
    "this_is_you": {"called": "Gary Lindqvist", "roles": ["maintenance"], "shifts": ["day"]},
    "courtesy.thanks": {},
    "courtesy.greeting": {},
    "not_understood": {"said": "hm"},
    "empty": {},
    "too_long": {"most": 4000},
    "no_case": {},
    "which_case": {"items": [ITEM, ITEM | {"case": "EX-1043", "late": False}]},
    "say_what_is_right": CASE,
    "say_the_lot": CASE,
    "late_press": CASE | {"status": "closed", "who": "gary.lindqvist", "at_at": "2026-11-16T20:31:00+00:00"},
    "late_press_unknown": {},
    "which_number": {},
    "needs_more_proof": {},
    "not_your_words": {},
    "mail_above": {},
    "unknown_person": {"address": "+15550199"},
    "masked_person": {},
    "stranger_in_danger": {"address": "+15550199", "said": "fire!!"},
    **{f"asked.{role}": ASKED for role in ROLES},
    "asked.handed_over": ASKED | {"handed_by": "anita.rao", "note": "you know this one"},
    "asked.triage": CASE | {"said": SAID, "reporter": "maria.lopez", "role": "supervisor"},
    "reminder": CHASED,
    "escalated": CHASED,
    "nobody_there": CHASED,
    "nobody_else_may": CHASED,
    "out_of_reach": CHASED | {"people": ["gary.lindqvist", "anita.rao"]},
    "needed_above": REFUSED | {"said": "scrap 400 cs", "most": "300", "rest": REST},
    "forgotten": BREAKDOWN | {"cases": ["EX-1043"]},
    "has_to_be_done": CHASED | {"due_at": "2026-11-17T22:00:00+00:00", "rest": REST},
    "still_on_it": BREAKDOWN | {"promised_at": "2026-11-17T20:30:00+00:00", "waiting_for": "a seal", "age_min": 61},
    "reminders": {"n": 5, "items": [ITEM]},
    "asked.order_change": ASKED | {"type": "order_change"},
    "asked.order_unknown": ASKED | {"type": "order_change", "orders": []},
    "raised": CHASED | {"who": "maria.lopez"},
    "asked.rework": DECIDED,
    "asked.inspection": DECIDED | {"said": "all relabelled"},
    "back_from_rework": DECIDED,
    "second_asked": DECIDED,
    "second_awaited": DECIDED | {"people": ["renata.alves"]},
    "not_agreed": CASE | {"who": "renata.alves"},
    "decided.stays": DECIDED | {"parts": [PARTS[0] | {"condition": "if the retest is ok"}]},
    "release_withdrawn": DECIDED | {"shipped": ["6318-2B"], "location": "WH-D06"},
    "release_withdrawn.you": DECIDED | {"shipped": ["6318-2B"]},
    "condition_not_met": DECIDED | {"said": "if the retest is ok"},
    "since_last_good": CASE | {"good_at": "2026-11-17T11:30:00+00:00", "lots": [LOT]},
    "since_last_good.none": CASE | {"good_at": "2026-11-17T11:30:00+00:00"},
    "widened": CASE | {"who": "tamika.jones", "lots": [LOT], "sisters": ["6319-4B"]},
    "refused.decide.waits_for_second": CASE | {"people": ["renata.alves"]},
    "refused.decide.no_second": CASE | {"roles": ["manager"]},
    "refused.rework.none": CASE,
    "refused.withdraw.nothing": {"lots": ["6319-4A"]},
    "refused.widen.nothing": CASE,
    "raised.you": CASE | {"people": ["denise.palmer"]},
    "snoozed": CASE | {"who": "gary.lindqvist", "until_at": "2026-11-17T21:30:00+00:00", "reason": "the fitter comes"},
    "snoozed.you": CASE | {"until_at": "2026-11-17T21:30:00+00:00"},
    "refused.escalate.already": CASE | {"who": "gary.lindqvist"},
    "refused.escalate.nobody": CASE,
    "refused.snooze.not_yours": CASE | {"who": "gary.lindqvist"},
    "refused.snooze.how": {},
    "shift_note": SHIFT,
    "shift_offered": SHIFT | {"handed_by": "denise.palmer"},
    "shift_waits": SHIFT | {"handed_by": "denise.palmer"},
    "shift_taken": {"n": 3, "who": "hector.salinas"},
    "shift_taken.you": {"n": 3, "handed_by": "denise.palmer"},
    "refused.book.not_yours": {},
    "refused.book.unknown": {"case": "EX-1042"},
    "refused.book.taken": {"case": "EX-1042"},
    "refused.book.confirmed": {"case": "EX-1042", "receipt": "DOC-000011"},
    "refused.shift.taken": {"who": "hector.salinas", "at_at": "2026-11-17T20:03:00+00:00"},
    "refused.shift.not_yours": {"people": ["hector.salinas"]},
    "refused.shift.not_yet": {"at_at": "2026-11-17T20:00:00+00:00"},
    "was_away": {
        "start_at": "2026-11-17T08:30:00+00:00",
        "end_at": "2026-11-17T20:30:00+00:00",
        "n": 1,
        "items": [ITEM],
    },
    "erp_not_compared": {"left": 3, "n": 10, "error": "connection refused"},
    "erp_differs": {"n": 6, "cases": CASES},
    "chase_stands_still": {"n": 1, "items": [ITEM]},
    "you_have_it": GARY,
    "taken": GARY,
    "taken_already": CASE | {"who": "gary.lindqvist", "role": "maintenance", "taken_at": "2026-11-17T20:12:00+00:00"},
    "on_its_way": GARY,
    "promised": GARY | {"said": "20 more minutes"},
    "waiting": GARY | {"said": "waiting for a seal", "waiting_for": "a seal"},
    "updated": GARY | {"said": "still draining"},
    "noted": GARY | {"said": "waiting for a seal", "waiting_for": "a seal"},
    "declined": GARY | {"said": "not mine"},
    "declined.you": GARY | {"said": "not mine"},
    "not_yours_anyway": GARY,
    "handed_over": GARY | {"people": ["anita.rao"]},
    "withdrawn": CASE | {"role": "materials"},
    "resolved": ENDED,
    "resolved.you": ENDED | {"owed": ["downtime", "scrap"]},
    "closed": ENDED | {"receipts": ["DOC-000001", "DOC-000002"]},
    "cancelled": ENDED,
    "cancelled.you": ENDED,
    "words_deleted": BREAKDOWN | {"who": "maria.lopez"},
    "words_deleted.you": BREAKDOWN | {"who": "maria.lopez"},
    "corrected": CORRECTED,
    "corrected.you": CORRECTED,
    "reopened": ENDED,
    "reopened.you": ENDED,
    "read_back": DECIDED,
    "read_back_again": DECIDED,
    "read_back_cut": CASE,
    "decided.you": DECIDED | {"freed": ["6319-4A: 600 cs"]},
    "decided": DECIDED | {"freed": ["6319-4A: 600 cs"]},
    "not_decided": CASE,
    "confirm_clearly": CASE,
    "how_to_decide": CASE | {"lots": REST},
    "no_hold": {"lots": ["6319-4A"]},
    "held_elsewhere": {"lots": ["6319-4A"]},
    "released_in_erp": BOOKED,
    "held_in_erp": BOOKED,
    "erp_still_free": NOT_BOOKED,
    "erp_refused_hold": NOT_BOOKED,
    "erp_waits": NOT_BOOKED,
    "posting_failed": NOT_BOOKED,
    **{f"erp_changed.order_{what}": CASE | {"work_order": "WO-10482"} for what in ("cancelled", "completed", "held")},
    "erp_changed.order_moved": CASE | {"work_order": "WO-10482", "due": "2026-11-20"},
    "erp_changed.order_quantity": CASE | {"work_order": "WO-10482", "quantity": 3000.0, "uom": "cs"},
    "erp_changed.lot_consumed": CASE | {"lot": "6319-4A"},
    "erp_changed.lot_moved": CASE | {"lot": "6319-4A", "at": "WH-B02"},
    "records_still": {"exports": ["work_orders", "lots"], "since_at": "2026-11-16T20:31:00+00:00"},
    "erp_changed.order_gone": CASE | {"work_order": "WO-10482"},
    "erp_changed.lot_gone": CASE | {"lot": "6319-4A"},
    "erp_changed.lot_freed": CASE | {"lot": "6319-4A"},
    "erp_changed.lot_blocked": CASE | {"lot": "6319-4A"},
    "erp_changed.tried_again": CASE | {"ids": ["WO-10500"], "kind": "downtime"},
    "erp_changed.known_now": CASE | {"ids": ["WO-10500"]},
    "records_old": {"since_at": "2026-11-17T20:10:00+00:00", "error": "connection refused"},
    "order_read_back": CASE
    | {
        "work_order": "WO-10484",
        "before": {"quantity": {"value": 2600.0, "uom": "cs"}, "due": "2026-11-18"},
        "after": {"quantity": {"value": 3100.0, "uom": "cs"}, "due": "2026-11-20"},
    },
    "restate_ask": CASE | {"before": {"minutes": 40.0}, "after": {"minutes": 60.0}},
    "restated.you": RESTATED,
    "restated": RESTATED,
    "refused.restate.hold": CASE,
    "refused.restate.same": CASE,
    "approve_posting": APPROVAL | {"most": "500"},
    "approved.you": APPROVAL,
    "turned_down.you": APPROVAL,
    "turned_down": APPROVAL,
    "refused.approve.not_yours": CASE | {"roles": ["manager"]},
    "refused.approve.own": CASE,
    "refused.approve.late": CASE,
    "booked_twice": CASE | {"kind": "downtime", "key": "k", "first": "4900012", "second": "DOC-000011"},
    "card": ENDED
    | {
        "status": "open",
        "reporter": "maria.lopez",
        "lots": ["6319-4A"],
        "has": [OWNERS[0] | {"waiting_for": "a seal"}, OWNERS[1] | {"who": "neil.abbott", "waiting_for": None}],
        "parts": PARTS,
        "rest": REST,
        "bookings": [
            {"kind": "downtime", "erp": "posted", "receipt": "DOC-000001"},
            {"kind": "scrap", "erp": "waiting", "receipt": ""},
        ],
    },
    "news": CASE | {"news": ["Gary took it for maintenance, until 14:30", "Gary waits for “a seal”"]},
    "call": CASE | {"news": ["reminded: Gary (maintenance)"]},
    **{
        f"refused.state.{status}": REFUSED | {"act": "resolve"}
        for status in ("draft", "open", "acknowledged", "resolved", "closed", "cancelled", "merged")
    },
    "refused.acknowledge.not_asked": REFUSED,
    "refused.answer.not_yours": REFUSED,
    "refused.decide.own_hold": REFUSED,
    "refused.decide.not_your_role": REFUSED | {"roles": ["quality", "manager"]},
    "refused.decide.own_product": REFUSED,
    "refused.decide.too_much": REFUSED | {"most": "500", "roles": ["manager"]},
    "refused.decide.no_cost": REFUSED | {"most": "5000 EUR", "roles": ["manager"], "lot": "6319-4A"},
    "refused.decide.constraint": REFUSED | {"why": "a lot with allergens is never used as is"},
    "refused.decide.sum": REFUSED | {"lot": "6319-4A", "remaining": "200 cs"},
    "refused.decide.unit": REFUSED | {"lot": "6319-4A", "uom": "cs", "said": "pallets"},
    "refused.decide.which_lot": REFUSED,
    "refused.decide.nothing_held": REFUSED,
    "refused.decide.nothing_to_confirm": REFUSED,
    "refused.decide.not_your_proposal": REFUSED,
    "refused.resolve.hold": REFUSED,
    "refused.resolve.not_yours": REFUSED,
    "refused.cancel.hold": REFUSED,
    "refused.cancel.not_yours": REFUSED,
    "refused.correct.not_yours": REFUSED,
    "refused.reassign.unknown": REFUSED | {"to": "Bob"},
    "refused.reassign.nobody_on_shift": REFUSED,
    "refused.reassign.hold": REFUSED | {"lots": ["6319-4A"]},
    "media.about_these": {"read": "WO-10482 and lot 6319-4A"},
    "media.belongs": CASE | {"read": "WO-10482"},
    "media.heard_also": CASE | {"read": "WO-10482"},
    "media.added": CASE,
    "media.left_out": CASE,
    "media.heard": {"heard": SAID},
    "media.is_that_right": {"heard": SAID, "read": "WO-10482"},
    **{
        f"media.{name}": {}
        for name in (
            "then_say",
            "nothing_readable",
            "cannot_open",
            "other_format",
            "too_large",
            "no_eyes",
            "no_ears",
            "not_heard",
            "silence",
            "write_it",
        )
    },
    "answer.open": {"items": [ITEM], "n": 1, "line": "L3", "type": None},
    "answer.who": {"items": [ITEM | {"owners": OWNERS}]},
    "answer.status": {
        "work_order": "WO-10482",
        "item": "FG-3010",
        "line": "L3",
        "status": "running",
        "completed": {"value": 1350.0, "uom": "cs"},
        "quantity": CS,
        "due": "2026-11-18",
        "items": [ITEM],
    },
    "answer.summary": FIGURES
    | {
        "more": {"n": 3},
        "items": [ITEM | {"state": "closed", "minutes": 55, "action": "new seal", "late": False, "promised_at": None}],
        "open": ["EX-1043"],
        "not_booked": ["EX-1042"],
    },
    "answer.metrics": FIGURES | {"weeks": WEEKS},
    "answer.open_of": {"items": [ITEM], "n": 1, "line": None, "type": None, "owner": "gary.lindqvist"},
    "answer.open_late": {"items": [ITEM], "n": 1, "line": "L3", "type": None, "owner": None},
    "answer.metrics_by": SPAN
    | {"n": 7, "by": "line", "groups": [FIGURES | {"n": 7, "counted_of": {"line": "L3"}, "cases": ["EX-1043"]}]},
    "answer.compared": FIGURES | EARLIER | {"weeks": WEEKS},
    "answer.case": BREAKDOWN
    | {
        "status": "closed",
        "times": [
            {"mark": "event", "at": "2026-11-17T12:00:00+00:00"},
            {"mark": "solved", "at": "2026-11-17T12:40:00+00:00"},
            {"mark": "closed", "at": "2026-11-17T12:45:00+00:00"},
        ],
    },
    "answer.against_baseline": FIGURES
    | {"earlier_resolution": EARLIER["earlier_resolution"], "earlier_n": 40, "like": [["L3", "machine_breakdown"]]},
    "answer.no_baseline": {},
    "answer.downtime": SPAN
    | {
        "n": 3,
        "down": {"minutes": 140.0, "n": 3},
        "cases": ["EX-1042"],
        "stood": [
            {"counted_of": {"line": "L3"}, "down": {"minutes": 120.0, "n": 2}, "n": 2, "cases": ["EX-1042"]}
            | {"shifts": [{"shift": "day", "minutes": 70.0}, {"shift": "late", "minutes": 50.0}]},
            {"counted_of": {"role": ""}, "down": {"minutes": 20.0, "n": 1}, "n": 1, "cases": []},
            {"counted_of": {"shift": "late"}, "down": {"minutes": 0.2, "n": 1}, "n": 1, "cases": []},
        ],
    },
    "answer.causes": SPAN
    | {
        "n": 12,
        "down": {"minutes": 300.0, "n": 12},
        "exceptions": None,
        "causes": [
            {
                "assets": ["L3-FIL"],
                "type": "machine_breakdown",
                "n": 5,
                "minutes": 200.0,
                "share": 0.667,
                "cases": ["EX-1042"],
            },
        ],
    },
    "answer.within": SPAN
    | {
        "assets": ["L3-FIL"],
        "n": 3,
        "down": {"minutes": 140.0, "n": 3},
        "fixes": [
            {"fixed_by": "new seal", "n": 2, "minutes": 120.0, "share": None, "cases": CASES[:2]},
            {"fixed_by": "", "n": 1, "minutes": 20.0, "share": 0.14, "cases": ["EX-1044"]},
        ],
        "listing": {"query": "show=stops&asset=L3-FIL&by=fix", "named": True},
    },
    "answer.downtime_compared": SPAN
    | {
        "earlier_period": EARLIER["earlier_period"],
        "down": {"minutes": 140.0, "n": 3, "even_none": True},
        "earlier_down": {"minutes": 0.0, "n": 0, "even_none": True},
        "stood": [
            {"counted_of": {"line": "L3"}, "down": {"minutes": 140.0, "n": 3}, "cases": ["EX-1042"]}
            | {"earlier_down": {"minutes": 0.0, "n": 0, "even_none": True}}
        ],
        "listing": {"query": "show=stops&line=L3", "named": False},
    },
    "answer.compared_by": SPAN
    | {
        "earlier_period": EARLIER["earlier_period"],
        "earlier_n": 40,
        "compared": [FIGURES | EARLIER | {"counted_of": {"line": "L3"}, "cases": ["EX-1043"]}],
        "listing": {"query": "line=L3&by=line", "named": False},
    },
    "answer.baseline_by": SPAN
    | {
        "than_before": [
            {"counted_of": {"line": "L3"}, "resolution": SPREAD, "earlier_resolution": EARLIER["earlier_resolution"]}
        ],
        "like": [["L3", "machine_breakdown"], ["L2", None], [None, "quality_hold"]],
    },
    "answer.list": {
        "exceptions": 12,
        "first_n": 1,
        "last_n": 10,
        "items": [ITEM],
        "listing": {"query": "line=L3", "named": True, "from": 10},
    },
    "answer.no_list": {},
    "answer.count": FIGURES | {"open": ["EX-1043"], "behind": {"n": 6, "cases": CASES}},
    "answer.owed": {"items": [ITEM], "n": 1},
    "answer.nothing_owed": {},
    "answer.improve": {
        "period": FIGURES["period"],
        "first_pass": FIGURES["first_pass"] | {"cases": []},
        "reasons": [{"why_not": "escalated", "n": 2, "cases": CASES[:2]}],
        "went_up": [{"rule": "who repairs", "n": 9, "up": 6, "cases": CASES[:2]}],
        "names": [
            {
                "words": "the big one",
                "ref": "Filler 3",
                "n": 3,
                "tried": {"n": 5, "right": CASES[:2], "wrong": CASES[2:3]},
            },
            {"words": "the old one", "ref": "Filler 2", "n": 2, "tried": None},
        ],
        "tries": [{"rule": "who repairs", "was": "10 min", "be": "25 min", "n": 6}],
    },
    "improve.accepted": {"rule": "who repairs", "was": "10 min", "be": "25 min"},
    "improve.declined": {"rule": "who repairs", "was": "maintenance", "be": "quality"},
    "improve.name_accepted": {"words": "the big one"},
    "improve.name_declined": {"words": "the big one"},
    "refused.improve.not_yours": {},
    "refused.improve.gone": {},
    "answer.plants": {
        "sites": [
            {
                "site": "Riverside Bottling",
                "site_clock": None,
                "site_why": None,
                "site_says": "Open: 1\nEX-1042 Filler 3",
                "site_page": None,
            },
            {
                "site": "Molino",
                "site_clock": "18:05",
                "site_why": None,
                "site_says": "Open: 0",
                "site_page": "https://molino.example/figures",
            },
            {"site": "Hilo", "site_clock": None, "site_why": "away", "site_says": None, "site_page": None},
        ],
    },
    "answer.no_case": CASE,
    "answer.history": {
        "assets": ["L3-FIL"],
        "n": 1,
        "stops": [
            ITEM | {"state": "closed", "minutes": 55, "action": "new seal", "line": None, "assets": [], "stopped": None}
        ],
    },
    "answer.no_stops": {"assets": ["L3-FIL"]},
    "answer.which_machine": {},
    "answer.holds": {
        "n": 2,
        "lots_n": 2,
        "held": [
            {
                "lot": "6319-4A",
                "item": "FG-4010",
                "quantity": CS,
                "location": "WH-D06",
                "case": "EX-1042",
                "since_at": ITEM["since_at"],
            },
            {"lot": "6317-1B", "item": "FG-1010", "quantity": CS, "location": "WIP-L1", "case": None, "since_at": None},
        ],
    },
    "answer.no_holds": {},
    "answer.on_shift": {
        "shifts": ["late"],
        "end_at": ITEM["since_at"],
        "present": [{"role": "maintenance", "people": ["gary.lindqvist"]}],
    },
    "answer.nobody_on_shift": {},
    "answer.no_ranking": {},
    "answer.why": CASE | {"role": "planner", "why": "planner: an order is at risk", "matched": {"line_stopped": True}},
    "answer.nothing": {"about": "summary", "line": "L3", "type": None, "span": FIGURES["period"]},
    "answer.nothing_new": {
        "about": "summary",
        "line": "L3",
        "type": None,
        "span": FIGURES["period"],
        "items": [ITEM],
        "older": CASES[:2],
        "not_booked": CASES[:2],
    },
    "answer.why_joined": CASE | {"at_at": ITEM["since_at"]},
    "answer.why_reported": CASE | {"at_at": ITEM["since_at"]},
    "answer.why_above": CASE | {"at_at": ITEM["since_at"], "role": "maintenance", "why": "maintenance: a stop"},
    "answer.why_told": CASE,
    "answer.left_out": {"left_out": ["older than 2 days"]},
    "answer.which_time": {"time_left": ["next week"]},
    "answer.no_order": {"work_order": "99999"},
    "answer.none_late": {"line": "L3"},
    "answer.none_of": {"owner": "gary.lindqvist", "line": "L3"},
    "answer.not_allowed": {"line": "L2"},
}

OWED = {"owed": ["riverside/EX-1042/1/downtime/1"]}
ENTRIES: dict[str, tuple[str, str, Facts]] = {  # what -> who, why, facts
    "reported": ("maria.lopez", SAID, BREAKDOWN),
    "opened": ("linecall", "", BREAKDOWN | {"inferred": ["work_orders"]}),
    "merged": ("maria.lopez", "EX-1043", {}),
    "recurrent": ("linecall", "EX-1001", {}),
    "forgotten": ("linecall", "EX-1043", {"people": ["gary.lindqvist"]}),
    "words_deleted": ("linecall", "", {"reporter": "maria.lopez"}),
    "asked_back": ("linecall", "work_order", {"options": ["WO-10482"]}),
    "answered": ("maria.lopez", "asset", {"value": "L3-FIL"}),
    "triage": ("linecall", "", {"people": ["denise.palmer"]}),
    "asked": ("linecall", "planner: an order is at risk", {"role": "planner", "people": ["neil.abbott"], "facts": {}}),
    "nobody_on_shift": ("linecall", "x", {"role": "planner", "people": [], "to": ["manager"], "step": 1}),
    "unreachable": (
        "linecall",
        "x",
        {"role": "maintenance", "people": ["gary.lindqvist", "anita.rao"], "to": ["denise.palmer"], "step": 1},
    ),
    "acknowledged": ("gary.lindqvist", "", {"role": "maintenance", "promised_at": GARY["promised_at"]}),
    "promised": ("gary.lindqvist", "20 min", {"role": "maintenance", "promised_at": GARY["promised_at"]}),
    "waiting": ("gary.lindqvist", "a seal", {"waiting_for": "a seal", "promised_at": None, "role": "maintenance"}),
    "updated": ("gary.lindqvist", "still draining", {}),
    "declined": ("gary.lindqvist", "not mine", {"role": "maintenance"}),
    "handed_over": ("gary.lindqvist", "", {"role": "maintenance", "people": ["anita.rao"]}),
    "joined": ("denise.palmer", SAID, {}),
    "reminded": ("linecall", "x", {"role": "planner", "people": ["neil.abbott"], "to": [], "step": 1}),
    "escalated": ("linecall", "x", {"role": "planner", "people": ["stephanie.greer"], "to": ["manager"], "step": 2}),
    "has_to_be_done": ("linecall", "x", {"role": "quality", "people": ["tamika.jones"]}),
    "asked_still": ("linecall", "x", {"role": "maintenance", "owner": "gary.lindqvist"}),
    "went_quiet": ("linecall", "x", {"role": "maintenance", "owner": "gary.lindqvist"}),
    "went_off_shift": ("linecall", "x", {"role": "maintenance", "owner": "gary.lindqvist"}),
    "withdrawn": ("linecall", "x", {"role": "materials"}),
    "held": ("edson.silva", SAID, {"lots": ["6319-4A: 950 cs"]}),
    "proposed": ("tamika.jones", "codes checked", {"parts": PARTS}),
    "proposal_withdrawn": ("tamika.jones", "", {}),
    "decided": ("tamika.jones", "codes checked", {"parts": PARTS, "rest": REST}),
    "all_decided": ("linecall", "", {}),
    "seconded": ("renata.alves", "", {"parts": PARTS}),
    "asked_second": ("tamika.jones", "", {"people": ["renata.alves"]}),
    "release_withdrawn": ("tamika.jones", "seal leaks", {"rest": REST}),
    "condition_not_met": ("tamika.jones", "if the retest is ok", {"rest": REST}),
    "reworked": ("denise.palmer", "relabelled", {"rest": REST}),
    "last_good": ("edson.silva", "last good check 05:30", {"good_at": "2026-11-17T11:30:00+00:00", "lots": []}),
    "resolved": ("gary.lindqvist", "new seal", OWED),
    "posted": ("linecall", "downtime", {"key": OWED["owed"][0], "receipt": "DOC-000001"}),
    "posting_waits": ("linecall", "the import is away", {"key": OWED["owed"][0]}),
    "posting_failed": ("linecall", "period closed", {"key": OWED["owed"][0]}),
    "order_read_back": (
        "neil.abbott",
        "done",
        {"work_order": "WO-10484", "before": {"status": "released"}, "after": {"status": "cancelled"}},
    ),
    "restated": ("gary.lindqvist", "it was 60", {"before": {"minutes": 40.0}, "after": {"minutes": 60.0}}),
    "difference_done": ("denise.palmer", "riverside/EX-7/1/scrap/1", {"what": "not_in_erp"}),
    "erp_changed": ("linecall", "WO-10482", {"work_order": "WO-10482"}),
    "tried_again": ("linecall", "WO-10500", {"key": OWED["owed"][0]}),
    "known_now": ("linecall", "WO-10500", {"ids": ["WO-10500"]}),
    "took_back": ("linecall", "downtime", {"key": OWED["owed"][0], "receipt": "DOC-000012"}),
    "never_booked": ("linecall", "scrap", {"key": OWED["owed"][0]}),
    "would_book": ("linecall", "scrap", {"key": OWED["owed"][0]}),
    "approval_asked": ("linecall", "scrap", {"key": OWED["owed"][0], "people": ["denise.palmer"]}),
    "approved": ("denise.palmer", "scrap", {"key": OWED["owed"][0]}),
    "turned_down": ("denise.palmer", "scrap", {"key": OWED["owed"][0]}),
    "booked_twice": ("linecall", "", {"kind": "downtime", "first": "4900012", "second": "DOC-000011"}),
    "closed": ("linecall", "", {"receipts": ["DOC-000001"]}),
    "cancelled": ("maria.lopez", "false alarm", {}),
    "corrected": ("maria.lopez", "no, the filler", {"before": LINKS, "after": LINKS | {"assets": ["L3-FIL"]}}),
    "reopened": ("maria.lopez", "it is back", {}),
    "part_of": ("linecall", "EX-1041", {"cases": ["EX-1041"]}),
    "cause_over": ("linecall", "EX-1041", {"people": ["maria.lopez"]}),
    "own_cause": ("maria.lopez", "", {"cases": ["EX-1041"]}),
    "one_cause_asked": ("linecall", "", {"people": ["denise.palmer"], "cases": ["EX-1040", "EX-1041"]}),
    "says_fixed": ("gary.lindqvist", "new seal", {"people": ["anita.rao"]}),
    "verified": ("anita.rao", "second eye", {"who_fixed": "gary.lindqvist"}),
    "not_verified": ("anita.rao", "still drips", {}),
    "watched": ("linecall", "watch", {"until_at": "2026-11-17T21:10:00+00:00", "people": ["denise.palmer"]}),
    "asked_slow": ("linecall", "watch", {"people": ["maria.lopez"]}),
    "promoted": ("maria.lopez", "", {}),
    "raised": ("maria.lopez", "", {"role": "maintenance", "step": 1, "people": ["denise.palmer"]}),
    "snoozed": ("gary.lindqvist", "the fitter comes", {"until_at": "2026-11-17T21:30:00+00:00"}),
    "shift_offered": ("linecall", "", {"people": ["hector.salinas"], "owner": "denise.palmer"}),
    "shift_taken": ("hector.salinas", "", {"owner": "denise.palmer", "shift": "day"}),
    "put_right": ("linecall", "no_timer", {}),
    "erased": ("denise.palmer", "", {"person": "maria.lopez", "entries": [1, 4]}),
}
