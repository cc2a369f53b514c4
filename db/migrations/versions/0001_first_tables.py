"""The first tables: inbox, cases with tasks and log, outbox, postings, conversations."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

APPEND_ONLY = {
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


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "case",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("plant", sa.Text(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reporter", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("type", sa.Text()),
        sa.Column("line", sa.Text()),
        sa.Column("assets", sa.JSON(), nullable=False),
        sa.Column("work_orders", sa.JSON(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("lots", sa.JSON(), nullable=False),
        sa.Column("quantity", sa.JSON()),
        sa.Column("occurred_at", sa.DateTime(timezone=True)),
        sa.Column("duration_min", sa.Float(53)),
        sa.Column("line_stopped", sa.Boolean()),
        sa.Column("inferred", sa.JSON(), nullable=False),
        sa.Column("joined", sa.JSON(), nullable=False),
        sa.Column("linked", sa.JSON(), nullable=False),
        sa.Column("recurrent_of", sa.Text()),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("proposal", sa.JSON()),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("decisions", sa.Integer(), nullable=False),
        sa.Column("asks", sa.Text()),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_by", sa.Text()),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("downtime_min", sa.Float(53)),
        sa.Column("scrap", sa.JSON()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("posted_at", sa.DateTime(timezone=True)),
        sa.Column("cancelled_at", sa.DateTime(timezone=True)),
        sa.Column("merged_into", sa.Text()),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("rerouted", sa.Integer(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_case"),
    )
    op.create_index("ix_case_captured_at", "case", ["captured_at"])
    op.create_index("ix_case_line", "case", ["line"])
    op.create_index("ix_case_not_closed", "case", ["resolved_at"], **_where("closed_at IS NULL"))
    op.create_index(
        "ix_case_on_the_floor",
        "case",
        ["captured_at"],
        **_where("resolved_at IS NULL AND closed_at IS NULL AND cancelled_at IS NULL AND merged_into IS NULL"),
    )
    op.create_index("ix_case_reporter", "case", ["reporter"])
    op.create_table(
        "inbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("handled_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.Text()),
        sa.Column("poisoned_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("channel", "message_id", name="uq_inbox_channel_message_id"),
    )
    op.create_index("ix_inbox_due", "inbox", ["due_at"], **_where("due_at IS NOT NULL"))
    op.create_index("ix_inbox_waiting_of", "inbox", ["sender", "sent_at"], **_where("due_at IS NOT NULL"))
    op.create_table(
        "line",
        sa.Column("id", Id, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("buttons", sa.JSON(), nullable=False),
        sa.Column("button", sa.Text()),
        sa.Column("case", sa.Text()),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_line"),
    )
    op.create_index("ix_line_message_id", "line", ["channel", "message_id"])
    op.create_index("ix_line_person", "line", ["person", "id"])
    op.create_table(
        "notice",
        sa.Column("id", Id, nullable=False),
        sa.Column("case", sa.Text()),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("offers", sa.JSON(), nullable=False),
        sa.Column("role", sa.Text()),
        sa.Column("until", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True)),
        sa.Column("maybe_sent", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("channel", sa.Text()),
        sa.Column("message_id", sa.Text()),
        sa.Column("dropped_at", sa.DateTime(timezone=True)),
        sa.Column("dropped_why", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_case", "notice", ["case"])
    op.create_index("ix_notice_due", "notice", ["due_at"], **_where("due_at IS NOT NULL"))
    op.create_index("ix_notice_waiting_of", "notice", ["to", "id"], **_where("due_at IS NOT NULL"))
    op.create_table(
        "pulse",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("beats", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_pulse"),
    )
    op.create_table(
        "question",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("asks", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_question"),
    )
    op.create_table(
        "sequence",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sequence"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
    op.create_table(
        "log",
        sa.Column("id", Id, nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["case.number"], name="fk_log_case"),
        sa.PrimaryKeyConstraint("id", name="pk_log"),
    )
    op.create_index("ix_log_case", "log", ["case", "id"])
    op.create_table(
        "mention",
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["case.number"], name="fk_mention_case"),
        sa.PrimaryKeyConstraint("field", "value", "case", name="pk_mention"),
    )
    op.create_index("ix_mention_case", "mention", ["case"])
    op.create_table(
        "posting",
        sa.Column("id", Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True)),
        sa.Column("reverses", sa.Text()),
        sa.Column("owed_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True)),
        sa.Column("outcome_unknown", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("owner", sa.Text()),
        sa.Column("receipt", sa.Text()),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("recorded_at", sa.DateTime(timezone=True)),
        sa.Column("by_hand", sa.Text()),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("dry_run_at", sa.DateTime(timezone=True)),
        sa.Column("reversed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_posting"),
        sa.UniqueConstraint("key", name="uq_posting_key"),
        sa.ForeignKeyConstraint(["case"], ["case.number"], name="fk_posting_case"),
    )
    op.create_index("ix_posting_case", "posting", ["case", "id"])
    op.create_index("ix_posting_due", "posting", ["due_at"], **_where("due_at IS NOT NULL"))
    op.create_index("ix_posting_failed", "posting", ["failed_at"], **_where("failed_at IS NOT NULL"))
    op.create_index("ix_posting_owed_since", "posting", ["owed_since"])
    op.create_table(
        "task",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("declined", sa.JSON(), nullable=False),
        sa.Column("ladder", sa.JSON(), nullable=False),
        sa.Column("repeat", sa.Interval()),
        sa.Column("idle_after", sa.Interval()),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_step_at", sa.DateTime(timezone=True)),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.Column("acknowledged_by", sa.Text()),
        sa.Column("promised_at", sa.DateTime(timezone=True)),
        sa.Column("due_by", sa.DateTime(timezone=True)),
        sa.Column("waiting_for", sa.Text()),
        sa.Column("asked_still", sa.Boolean(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("done_by", sa.Text()),
        sa.Column("verified_at", sa.DateTime(timezone=True)),
        sa.Column("verified_by", sa.Text()),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["case.number"], name="fk_task_case"),
        sa.PrimaryKeyConstraint("case", "position", name="pk_task"),
    )
    op.create_index("ix_task_due", "task", ["next_step_at"], **_where("next_step_at IS NOT NULL"))
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
