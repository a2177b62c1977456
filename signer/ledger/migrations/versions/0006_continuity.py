"""Where a copy was put in the place of a ledger, and when it was reconciled with what had been published since."""

import sqlalchemy as sa
from alembic import op

from signer.ledger.migrations.append_only import protect

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """A ledger that was never restored has no row in it."""
    op.create_table(
        "continuity",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="restored or reconciled"),
        sa.Column("detail", sa.Text(), nullable=False, comment="from what, for people"),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="bundles up to this one are of before"),
    )
    protect("continuity")
