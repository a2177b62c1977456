"""What happened to each request for a ceremony, and the messages that wait for one."""

import sqlalchemy as sa
from alembic import op

from signer.ledger.migrations.append_only import protect

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """A ledger whose issuers all have their keys at hand has no row in them."""
    identity = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "kept_messages",
        sa.Column("id", identity, primary_key=True, autoincrement=True),
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("message", sa.String(length=32), nullable=False, comment="its id"),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="the message as it was signed"),
        sa.Column("source", sa.Text(), comment="of an import what it read; JSON"),
    )
    op.create_table(
        "ceremonies",
        sa.Column("id", identity, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False, comment="requested, accepted; begun, signed"),
        sa.Column("request", sa.String(length=64), nullable=False, comment="SHA-256 of the request"),
        sa.Column("made_at", sa.BigInteger(), nullable=False, comment="when the request was made"),
        sa.Column("predecessor", sa.String(length=64), comment="the request of the ceremony before; NULL for all"),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON"),
    )
    op.create_index("ceremonies_by_request", "ceremonies", ["request", "step"])
    protect("kept_messages", "ceremonies")
