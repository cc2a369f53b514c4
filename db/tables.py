"""Every table, each with the reason of its columns; all migrations together equal this page.

Facts only: what stands as a status elsewhere is an instant here (`sent_at`, `failed_at`), so that nothing can fall
out of step. `due_at` is set exactly while a row still wants to be worked on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from db.columns import Instant, Json, Key, Number, Words
from workflow.case import Held, Offer, Part, Proposal, Step
from workflow.messages import Button, Inbound, Place
from workflow.reading import Quantity, Why

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Names = Json(tuple[str, ...])
Facts = Json(Mapping[str, Any])


def _where(condition: sa.ColumnElement[bool]) -> dict[str, Any]:
    """An index over the rows for which the condition holds."""
    return {"sqlite_where": condition, "postgresql_where": condition}


inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("channel", Words, nullable=False),
    sa.Column("message_id", Key, nullable=False),  # a repeated webhook carries the same one (R23)
    sa.Column("sender", Key, nullable=False),
    sa.Column("sent_at", Instant, nullable=False),
    sa.Column("message", Json(Inbound), nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("due_at", Instant),
    sa.Column("attempts", sa.Integer, nullable=False),  # attempts that failed
    sa.Column("error", Words),  # of the last attempt
    sa.Column("handled_at", Instant),
    sa.Column("outcome", Words),
    sa.Column("poisoned_at", Instant),  # set aside for a person to look at
    sa.UniqueConstraint("channel", "message_id"),
)
sa.Index("ix_inbox_due", inbox.c.due_at, **_where(inbox.c.due_at.is_not(None)))
sa.Index("ix_inbox_sender", inbox.c.channel, inbox.c.sender, inbox.c.sent_at)  # when an address last wrote (R52)
sa.Index("ix_inbox_waiting_of", inbox.c.sender, inbox.c.sent_at, **_where(inbox.c.due_at.is_not(None)))

case = sa.Table(
    "case",
    metadata,
    sa.Column("number", Words, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("plant", Words, nullable=False),
    sa.Column("captured_at", Instant, nullable=False),
    sa.Column("reporter", Words, nullable=False),
    sa.Column("said", Words, nullable=False),
    sa.Column("type", Words),
    sa.Column("line", Words),
    sa.Column("assets", Names, nullable=False),
    sa.Column("work_orders", Names, nullable=False),
    sa.Column("items", Names, nullable=False),
    sa.Column("lots", Names, nullable=False),
    sa.Column("quantity", Json(Quantity)),
    sa.Column("occurred_at", Instant),
    sa.Column("duration_min", Number),
    sa.Column("line_stopped", sa.Boolean),
    sa.Column("inferred", Names, nullable=False),
    sa.Column("joined", Names, nullable=False),
    sa.Column("linked", Names, nullable=False),
    sa.Column("recurrent_of", Words),
    sa.Column("held", Json(tuple[Held, ...]), nullable=False),
    sa.Column("proposal", Json(Proposal)),
    sa.Column("parts", Json(tuple[Part, ...]), nullable=False),
    sa.Column("decisions", sa.Integer, nullable=False),
    sa.Column("asks", Words),
    sa.Column("options", Names, nullable=False),
    sa.Column("asked", sa.Integer, nullable=False),
    sa.Column("opened_at", Instant),
    sa.Column("resolved_at", Instant),
    sa.Column("resolved_by", Words),
    sa.Column("resolution", Words, nullable=False),
    sa.Column("downtime_min", Number),
    sa.Column("scrap", Json(Quantity)),
    sa.Column("closed_at", Instant),
    sa.Column("posted_at", Instant),
    sa.Column("cancelled_at", Instant),
    sa.Column("merged_into", Words),
    sa.Column("reopened", sa.Integer, nullable=False),
    sa.Column("rerouted", sa.Integer, nullable=False),
    sa.Column("told", Names, nullable=False),
    sa.Column("parent", Words),  # the case of the one cause behind several (R21)
    sa.Column("reopened_at", Instant),
    sa.Column("counted_min", Number),  # of the downtime what nothing else counts already (R49)
)
on_the_floor = sa.and_(
    case.c.resolved_at.is_(None),
    case.c.closed_at.is_(None),
    case.c.cancelled_at.is_(None),
    case.c.merged_into.is_(None),
)
sa.Index("ix_case_captured_at", case.c.captured_at)
sa.Index("ix_case_on_the_floor", case.c.captured_at, **_where(on_the_floor))
sa.Index("ix_case_not_closed", case.c.resolved_at, **_where(case.c.closed_at.is_(None)))
sa.Index("ix_case_reporter", case.c.reporter)
sa.Index("ix_case_line", case.c.line)

figure = sa.Table(
    "figure",  # what the figures of a case are counted from, a row a case: a year is added up in one pass over it
    metadata,  # derived by `workflow/metrics.py` whenever a case is saved; a draft or cancelled case has none
    sa.Column("captured_us", sa.BigInteger, primary_key=True, autoincrement=False),  # microseconds since 1970
    sa.Column("case", Words, primary_key=True),
    sa.Column("since_us", sa.BigInteger, nullable=False),  # the event
    sa.Column("line", Words, nullable=False),  # "" for none, as below
    sa.Column("type", Words, nullable=False),
    sa.Column("role", Words, nullable=False),  # the function that leads
    sa.Column("asset", Words, nullable=False),
    sa.Column("resolution_us", sa.BigInteger),  # captured to closed, in microseconds as the next two (R1)
    sa.Column("alignment_us", sa.BigInteger),
    sa.Column("posting_lag_us", sa.BigInteger),
    sa.Column("passed", sa.Integer),  # 1: first pass, 0: not; none: not solved yet
    sa.Column("open", sa.Integer, nullable=False),
    sa.Column("down_min", Number),  # how long it stood, where it stopped something
    sa.Column("stamp", sa.BigInteger, nullable=False, server_default="0"),  # another one at each write
    sqlite_with_rowid=False,  # kept in the order in which it is read
)
sa.Index("ix_figure_asset", figure.c.asset, figure.c.captured_us)
sa.Index("ix_figure_stamp", figure.c.captured_us, figure.c.stamp)

mention = sa.Table(
    "mention",  # which ids a case names, to find cases by them; the case itself holds the lists
    metadata,
    sa.Column("field", Words, primary_key=True),  # "assets", "work_orders", "items", "lots"
    sa.Column("value", Key, primary_key=True),
    sa.Column("case", Words, sa.ForeignKey("case.number"), primary_key=True),
)
sa.Index("ix_mention_case", mention.c.case)

task = sa.Table(
    "task",
    metadata,
    sa.Column("case", Words, sa.ForeignKey("case.number"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("role", Words, nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("required", sa.Boolean, nullable=False),
    sa.Column("owner", Words),
    sa.Column("told", Names, nullable=False),
    sa.Column("declined", Names, nullable=False),
    sa.Column("ladder", Json(tuple[Step, ...]), nullable=False),
    sa.Column("repeat", sa.Interval),
    sa.Column("idle_after", sa.Interval),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("next_step_at", Instant),
    sa.Column("acknowledged_at", Instant),
    sa.Column("acknowledged_by", Words),
    sa.Column("promised_at", Instant),
    sa.Column("due_by", Instant),
    sa.Column("waiting_for", Words),
    sa.Column("asked_still", sa.Boolean, nullable=False),
    sa.Column("done_at", Instant),
    sa.Column("done_by", Words),
    sa.Column("verified_at", Instant),
    sa.Column("verified_by", Words),
    sa.Column("withdrawn_at", Instant),
    sa.Column("escalated", sa.Boolean, nullable=False),
    sa.Column("why", Words, nullable=False),
    sa.Column("facts", Facts, nullable=False),
)
sa.Index("ix_task_due", task.c.next_step_at, **_where(task.c.next_step_at.is_not(None)))

log = sa.Table(
    "log",  # appended, never changed: triggers refuse everything else (R61)
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("case", Words, sa.ForeignKey("case.number"), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("who", Words, nullable=False),
    sa.Column("what", Words, nullable=False),
    sa.Column("why", Words, nullable=False),
    sa.Column("facts", Facts, nullable=False),
)
sa.Index("ix_log_case", log.c.case, log.c.id)

seal = sa.Table(
    "seal",  # the hash chain over a case's log: every digest holds the one before it (decision 12)
    metadata,
    sa.Column("entry", Id, sa.ForeignKey("log.id"), primary_key=True, autoincrement=False),
    sa.Column("case", Words, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # in the case's log, from 1
    sa.Column("digest", Words, nullable=False),
    sa.UniqueConstraint("case", "position"),
)

words = sa.Table(
    "words",  # what people said in an entry; the chain holds the commitment alone, so that the words can be erased
    metadata,
    sa.Column("entry", Id, sa.ForeignKey("log.id"), primary_key=True, autoincrement=False),
    sa.Column("field", Words, primary_key=True),  # "why", or "facts." and the name of the fact
    sa.Column("person", Words, nullable=False),  # whose words they are
    sa.Column("commitment", Words, nullable=False),
    sa.Column("salt", Words),
    sa.Column("text", Words),  # NULL: erased, and the salt with it
)
sa.Index("ix_words_person", words.c.person, **_where(words.c.text.is_not(None)))

head = sa.Table(
    "head",  # the newest digest of every chain, and how far anchors cover it
    metadata,
    sa.Column("case", Words, primary_key=True),  # or PLANT, for what belongs to no case
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("digest", Words, nullable=False),
    sa.Column("anchored", sa.Integer, nullable=False),  # the position that the last anchor knows
)
sa.Index("ix_head_loose", head.c.case, **_where(head.c.anchored < head.c.position))

anchor = sa.Table(
    "anchor",  # each minute the chains' new heads under a key that is not in the database
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("heads", Json(Mapping[str, tuple[int, str]]), nullable=False),
    sa.Column("key", Words, nullable=False),  # which key: the beginning of its hash
    sa.Column("mac", Words, nullable=False),  # over all of it and the mac of the anchor before
)

plant_log = sa.Table(
    "plant_log",  # what belongs to no case: rules taken into use, words erased (R61); a chain of its own
    metadata,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("who", Words, nullable=False),
    sa.Column("what", Words, nullable=False),
    sa.Column("facts", Facts, nullable=False),
    sa.Column("digest", Words, nullable=False),
)

notice = sa.Table(
    "notice",  # the outbox
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("case", Words),  # no foreign key: a refusal may speak of a case that never came to be
    sa.Column("to", Words, nullable=False),
    sa.Column("name", Words, nullable=False),
    sa.Column("facts", Facts, nullable=False),
    sa.Column("offers", Json(tuple[Offer, ...]), nullable=False),
    sa.Column("role", Words),
    sa.Column("until", Words),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("due_at", Instant),  # while it is claimed: when the lease ends
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("claim", sa.Integer, nullable=False),  # the fence: only the newest claimer may finish
    sa.Column("claimed_at", Instant),  # set while somebody sends it
    sa.Column("maybe_sent", sa.Boolean, nullable=False),  # an attempt ended without an answer: mark a repeat (R23)
    sa.Column("error", Words),
    sa.Column("sent_at", Instant),
    sa.Column("channel", Words),
    sa.Column("message_id", Words),
    sa.Column("dropped_at", Instant),  # it had become pointless (R34), or was refused for good
    sa.Column("dropped_why", Words),
    sa.Column("where", Json(Place)),  # it answers something said among others, and belongs there
    sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()),  # overtakes what is not (R37)
)
sa.Index("ix_notice_due", notice.c.due_at, **_where(notice.c.due_at.is_not(None)))
sa.Index("ix_notice_waiting_of", notice.c.to, notice.c.id, **_where(notice.c.due_at.is_not(None)))
sa.Index("ix_notice_case", notice.c.case)

card = sa.Table(
    "card",  # the one live message about a case in a chat, changed in place as the case changes
    metadata,
    sa.Column("case", Words, primary_key=True),
    sa.Column("channel", Words, primary_key=True),
    sa.Column("address", Key, primary_key=True),
    sa.Column("reader", Words, nullable=False),  # a person's id, or the recipient that stands for a chat of several
    sa.Column("message_id", Words),  # as the platform knows it; none: not posted yet
    sa.Column("version", sa.Integer, nullable=False),  # of the case, as it was shown last
    sa.Column("shown", Words, nullable=False),  # hash of what it shows; what would change nothing is not sent
    sa.Column("entries", sa.Integer, nullable=False),  # of the log, of which its thread has been told
    sa.Column("free_at", Instant, nullable=False),  # before this it is not changed again
    sa.Column("due_at", Instant),  # while it is claimed: when the lease ends
    sa.Column("wanted", sa.Integer, nullable=False),  # counts the case's changes: one during an edit is not missed
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("claim", sa.Integer, nullable=False),  # the fence: only the newest claimer may finish
    sa.Column("lost_at", Instant),  # it can be changed no more
)
sa.Index("ix_card_due", card.c.due_at, **_where(card.c.due_at.is_not(None)))

posting = sa.Table(
    "posting",
    metadata,
    sa.Column("id", Id, primary_key=True),  # the order in which they are owed
    sa.Column("key", Words, nullable=False, unique=True),  # plant/case/decision/kind/line (R47)
    sa.Column("kind", Words, nullable=False),
    sa.Column("case", Words, sa.ForeignKey("case.number"), nullable=False),
    sa.Column("body", Facts, nullable=False),
    sa.Column("occurred_at", Instant),
    sa.Column("reverses", Words),
    sa.Column("owed_since", Instant, nullable=False),
    sa.Column("due_at", Instant),  # while it is claimed: when the lease ends
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("claim", sa.Integer, nullable=False),
    sa.Column("claimed_at", Instant),
    sa.Column("outcome_unknown", sa.Boolean, nullable=False),  # look before posting again (R47)
    sa.Column("error", Words),
    sa.Column("owner", Words),
    sa.Column("receipt", Words),
    sa.Column("confirmed_at", Instant),  # ERP's own instant
    sa.Column("recorded_at", Instant),  # when we learned of it
    sa.Column("by_hand", Words),  # the person who typed the receipt in
    sa.Column("failed_at", Instant),
    sa.Column("dry_run_at", Instant),
    sa.Column("reversed_at", Instant),  # taken back; without `confirmed_at` it was never booked
    sa.Column("approval_asked_at", Instant),  # it is above its limit: somebody was asked (R51)
    sa.Column("approved_at", Instant),
    sa.Column("approved_by", Words),
)
sa.Index("ix_posting_due", posting.c.due_at, **_where(posting.c.due_at.is_not(None)))
sa.Index("ix_posting_failed", posting.c.failed_at, **_where(posting.c.failed_at.is_not(None)))
sa.Index("ix_posting_case", posting.c.case, posting.c.id)
sa.Index("ix_posting_owed_since", posting.c.owed_since)
sa.Index("ix_posting_reverses", posting.c.reverses, **_where(posting.c.reverses.is_not(None)))

line = sa.Table(
    "line",  # of a conversation: what a person saw and said
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("person", Words, nullable=False),
    sa.Column("sender", Words, nullable=False),  # "bot", "person", or "copy": told in one more chat
    sa.Column("at", Instant, nullable=False),
    sa.Column("text", Words, nullable=False),
    sa.Column("buttons", Json(tuple[Button, ...]), nullable=False),
    sa.Column("button", Words),  # what a pressed button carried
    sa.Column("case", Words),
    sa.Column("channel", Words, nullable=False),
    sa.Column("message_id", Key),
    sa.Column("notice", Id),  # of what the person was told: beside some answers there is a picture
)
sa.Index("ix_line_person", line.c.person, line.c.id)
sa.Index("ix_line_lately", line.c.person, line.c.at, line.c.id)  # what was said in the last hours, however much before
sa.Index("ix_line_case", line.c.case, line.c.person, **_where(line.c.case.is_not(None)))
sa.Index("ix_line_message_id", line.c.channel, line.c.message_id)

question = sa.Table(
    "question",  # what a person was asked last and has not answered; one a person
    metadata,
    sa.Column("person", Words, primary_key=True),
    sa.Column("case", Words, nullable=False),
    sa.Column("asks", Words, nullable=False),
    sa.Column("options", Names, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

attachment = sa.Table(
    "attachment",  # a photo, a voice note, a form: what was read on it, and whether its sender has confirmed that
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("inbox", Id, nullable=False),  # the message that brought it
    sa.Column("line", Id, nullable=False),  # of the conversation, under which it is shown
    sa.Column("person", Words, nullable=False),
    sa.Column("channel", Words, nullable=False),
    sa.Column("kind", Words, nullable=False),
    sa.Column("reference", Words, nullable=False),  # the platform's own id; its adapter fetches by it
    sa.Column("alone", sa.Boolean, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("due_at", Instant),  # while it is claimed: when the lease ends
    sa.Column("attempts", sa.Integer, nullable=False),  # also the fence of a claim
    sa.Column("file", Words),  # hash of the content and ending, in the attachments folder
    sa.Column("mime", Words),
    sa.Column("case", Words),  # whoever may see that case may see it
    sa.Column("read_at", Instant),
    sa.Column("found", Facts, nullable=False),  # ids that the plant knows; nothing else of what stands on it is kept
    sa.Column("heard", Words),
    sa.Column("problem", Words),
    sa.Column("follow_up", Id),  # the message that brings what was read before the desk
    sa.Column("offered_at", Instant),
    sa.Column("answered_at", Instant),
    sa.Column("confirmed", sa.Boolean),
)
sa.Index("ix_attachment_due", attachment.c.due_at, **_where(attachment.c.due_at.is_not(None)))
sa.Index("ix_attachment_follow_up", attachment.c.follow_up)
sa.Index("ix_attachment_line", attachment.c.line)
sa.Index("ix_attachment_person", attachment.c.person, attachment.c.at)
sa.Index("ix_attachment_case", attachment.c.case)

lesson = sa.Table(
    "lesson",  # what people taught the reader by their answers; effective while it is accepted
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("plant", Words, nullable=False),
    sa.Column("what", Words, nullable=False),  # "asset", "line", "item", "customer", or "kind"
    sa.Column("ref", Words, nullable=False),  # the id of the thing, or the exception type
    sa.Column("words", Key, nullable=False),  # what it is called, or the text of the message
    sa.Column("refused", Words),  # why it is not even proposed
    sa.Column("accepted_at", Instant),
    sa.Column("forgotten_at", Instant),
    sa.UniqueConstraint("plant", "what", "ref", "words"),
)

lesson_log = sa.Table(
    "lesson_log",  # who confirmed, accepted, exported, forgot it; appended, never changed (R61)
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("lesson", Id, sa.ForeignKey("lesson.id"), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("who", Words, nullable=False),
    sa.Column("what", Words, nullable=False),
    sa.Column("case", Words),
    sa.Column("entry", Id),  # of the case's log, from which it was learnt: each teaches once
    sa.UniqueConstraint("entry", "lesson"),
)
sa.Index("ix_lesson_log_lesson", lesson_log.c.lesson)

understood = sa.Table(
    "understood",  # why a report was read as it was, on the day it was read: plant, orders and words change (R36)
    metadata,
    sa.Column("case", Words, sa.ForeignKey("case.number"), primary_key=True),
    sa.Column("inbox", Id, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("how", Words, nullable=False),  # "local", or the prompt that a model was asked with
    sa.Column("why", Json(Why), nullable=False),
)

address = sa.Table(
    "address",  # what we know of an address in a chat beside what plant.yaml says
    metadata,
    sa.Column("channel", Words, primary_key=True),
    sa.Column("address", Key, primary_key=True),
    sa.Column("person", Words),  # bound by an invitation; none: plant.yaml says whose it is, or nobody's
    sa.Column("bound_at", Instant),
    sa.Column("unreachable_at", Instant),  # nothing arrives there until its person writes again (R56)
    sa.Column("unreachable_why", Words),
    sa.Column("turned_away_at", Instant),  # when a stranger was last told how to register (R55)
    sa.Column("moved_to", Words),  # the platform has given it another address for good (R53)
    sa.Column("revoked_at", Instant),  # it was taken from its person: plant.yaml gives it to nobody either (R55)
)
sa.Index("ix_address_person", address.c.person)

arrival = sa.Table(
    "arrival",  # what a platform says later of a message that it took; the first instant of each state (R52)
    metadata,
    sa.Column("channel", Words, primary_key=True),
    sa.Column("message_id", Key, primary_key=True),
    sa.Column("notice", Id),  # none: the platform was quicker than we were
    sa.Column("sent_at", Instant),
    sa.Column("delivered_at", Instant),
    sa.Column("read_at", Instant),
    sa.Column("failed_at", Instant),
    sa.Column("why", Words),  # of the failure: the platform's code
)
sa.Index("ix_arrival_notice", arrival.c.notice, **_where(arrival.c.notice.is_not(None)))

invitation = sa.Table(
    "invitation",  # a link that binds one phone to a person, once
    metadata,
    sa.Column("proof", Words, primary_key=True),  # hash of the token; the token itself is nowhere
    sa.Column("person", Words, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Column("channel", Words),  # where somebody opened it and has not said yet whether it is them
    sa.Column("address", Words),
)
sa.Index("ix_invitation_address", invitation.c.channel, invitation.c.address)

member = sa.Table(
    "member",  # what a person chose and lost, beside what plant.yaml says of them
    metadata,
    sa.Column("person", Words, primary_key=True),
    sa.Column("language", Words),  # in which they want to be written to; none: as plant.yaml says
    sa.Column("turn", sa.Integer, nullable=False),  # of their sessions: an older turn's count no more
)

press = sa.Table(
    "press",  # what a button in a foreign chat stands for; the chat sees a sealed number only
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("person", Words, nullable=False),
    sa.Column("value", Words, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

sequence = sa.Table(
    "sequence",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)

handover = sa.Table(
    "handover",  # the end of a shift: what was open, who keeps it, and who has accepted it (R38)
    metadata,
    sa.Column("ends_at", Instant, primary_key=True),
    sa.Column("shift", Words, nullable=False),
    sa.Column("next_step_at", Instant),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("cases", Names, nullable=False),
    sa.Column("kept_by", Names, nullable=False),
    sa.Column("offered", Names, nullable=False),
    sa.Column("accepted_at", Instant),
    sa.Column("accepted_by", Words),
)
sa.Index("ix_handover_due", handover.c.next_step_at, **_where(handover.c.next_step_at.is_not(None)))

setting = sa.Table(
    "setting",  # what the program has to remember beside its cases
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("value", Json(Any), nullable=False),
    sa.Column("at", Instant, nullable=False),
)

lease = sa.Table(
    "lease",  # what one process of several does, such as asking a chat for messages; runs out where it dies
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("holder", Words, nullable=False),
    sa.Column("until", Instant, nullable=False),
)

pace = sa.Table(
    "pace",  # how far ahead of a platform's rate all processes together are; one row a limit
    metadata,
    sa.Column("name", Key, primary_key=True),
    sa.Column("free_at", Instant, nullable=False),  # when everything that was let through has had its time
)

pulse = sa.Table(
    "pulse",  # counts the commits that a page shows; in shards, so that writers do not queue for one row
    metadata,
    sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("beats", sa.BigInteger, nullable=False),
)

# Recursive triggers would be needed to catch INSERT OR REPLACE as a deletion; a third trigger catches it for certain.
_APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER log_no_update BEFORE UPDATE ON log "
        "BEGIN SELECT RAISE(ABORT, 'the case log is append-only'); END",
        "CREATE TRIGGER log_no_delete BEFORE DELETE ON log "
        "BEGIN SELECT RAISE(ABORT, 'the case log is append-only'); END",
        "CREATE TRIGGER log_no_replace BEFORE INSERT ON log WHEN EXISTS (SELECT 1 FROM log WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'the case log is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION log_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the case log is append-only' USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$",
        "CREATE TRIGGER log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log "
        "FOR EACH STATEMENT EXECUTE FUNCTION log_append_only()",
    ),
}
for _dialect, _statements in _APPEND_ONLY.items():
    for _statement in _statements:
        _trigger: sa.ExecutableDDLElement = sa.DDL(_statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
        sa.event.listen(log, "after_create", _trigger.execute_if(dialect=_dialect))

# What proves the log, and a lesson's history, are appended to, too; of words nothing but the erasing passes.
PROOFS = ("seal", "anchor", "plant_log", "lesson_log")
_PROTECTED = {
    "sqlite": (
        *(
            f"CREATE TRIGGER {name}_no_{what} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
            for name in PROOFS
            for what, when in (("update", f"UPDATE ON {name}"), ("delete", f"DELETE ON {name}"))
        ),
        "CREATE TRIGGER words_only_erased BEFORE UPDATE ON words WHEN NEW.text IS NOT NULL OR NEW.salt IS NOT NULL "
        "OR NEW.entry <> OLD.entry OR NEW.field <> OLD.field OR NEW.person <> OLD.person "
        "OR NEW.commitment <> OLD.commitment BEGIN SELECT RAISE(ABORT, 'words can only be erased'); END",
        "CREATE TRIGGER words_no_delete BEFORE DELETE ON words "
        "BEGIN SELECT RAISE(ABORT, 'words can only be erased'); END",
    ),
    "postgresql": (
        *(
            f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION log_append_only()"
            for name in PROOFS
        ),
        "CREATE FUNCTION words_can_only_be_erased() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'words can only be erased' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER words_only_erased BEFORE UPDATE ON words FOR EACH ROW WHEN (NEW.text IS NOT NULL "
        "OR NEW.salt IS NOT NULL OR NEW.entry <> OLD.entry OR NEW.field <> OLD.field OR NEW.person <> OLD.person "
        "OR NEW.commitment <> OLD.commitment) EXECUTE FUNCTION words_can_only_be_erased()",
        "CREATE TRIGGER words_no_delete BEFORE DELETE OR TRUNCATE ON words "
        "FOR EACH STATEMENT EXECUTE FUNCTION words_can_only_be_erased()",
    ),
}
for _dialect, _statements in _PROTECTED.items():
    for _statement in _statements:
        _trigger = sa.DDL(_statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
        sa.event.listen(metadata, "after_create", _trigger.execute_if(dialect=_dialect))
