"""Runs the migrations on the connection that `Database.migrate` hands over, inside its transaction."""

from alembic import context

from db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can, too, when nobody commits behind our back
)
with context.begin_transaction():
    context.run_migrations()
