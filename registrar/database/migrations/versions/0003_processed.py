"""For orders that wait for their certificate: found without reading all."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_PROCESSED = sa.text("status = 'processing'")


def upgrade() -> None:
    """Create the index."""
    op.create_index("orders_processed", "orders", ["created_at"], sqlite_where=_PROCESSED, postgresql_where=_PROCESSED)
