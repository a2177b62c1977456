"""Alembic's entry point: runs the migrations over the connection that the database hands in."""

from alembic import context

from registrar.database.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
