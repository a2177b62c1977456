"""Tables whose rows stay as they were written: the database itself refuses everything else."""

from collections.abc import Mapping, Sequence

from alembic import op


def protect(*tables: str) -> None:
    """Refuse UPDATE and DELETE on these tables, and on PostgreSQL TRUNCATE."""
    if op.get_bind().dialect.name == "sqlite":
        for table in tables:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in tables:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )


def refuse_replacing(keys: Mapping[str, Sequence[str]]) -> None:
    """Refuse INSERT OR REPLACE of rows that are there: SQLite fires no DELETE trigger for what it removes so.

    PostgreSQL has no such statement, and fires the UPDATE trigger for ON CONFLICT DO UPDATE.

    Args:
        keys: of each table the columns of its primary key; a row that is there is also found by its rowid.
    """
    if op.get_bind().dialect.name != "sqlite":
        return
    for table, columns in keys.items():
        same = " AND ".join(f"{column} = NEW.{column}" for column in columns)
        found = [f"EXISTS (SELECT 1 FROM {table} WHERE {one})" for one in (same, "rowid = NEW.rowid")]  # noqa: S608
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {' OR '.join(found)} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
