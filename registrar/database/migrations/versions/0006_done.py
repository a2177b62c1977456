"""What became of a request of the API; and what waits for the signer is found by its issuer."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_OPEN = sa.text("body IS NOT NULL")
_PROCESSED = sa.text("status = 'processing'")


def upgrade() -> None:
    """Add the column; of what has ended before it is not known what became of it."""
    op.add_column("requests", sa.Column("done", sa.Boolean))
    for name, table, where in (("requests_open", "requests", _OPEN), ("orders_processed", "orders", _PROCESSED)):
        op.drop_index(name, table)
        op.create_index(name, table, ["issuer", "created_at"], sqlite_where=where, postgresql_where=where)
