"""For requests of the API that wait: what the signer is asked again with, and found without reading all."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_OPEN = sa.text("body IS NOT NULL")


def upgrade() -> None:
    """Add the columns; what was asked before is asked again by its client alone."""
    op.add_column("requests", sa.Column("ca", sa.String(8)))
    op.add_column("requests", sa.Column("verb", sa.String(16)))
    op.add_column("requests", sa.Column("body", sa.Text))
    op.create_index("requests_open", "requests", ["created_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
