"""How often each key signed within the last hour, for the limits of keys."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Before, nobody counted."""
    op.create_table(
        "key_uses",
        sa.Column("key", sa.String(length=64), primary_key=True, comment="SHA-256 of the SubjectPublicKeyInfo"),
        sa.Column("at", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("for_revocation", sa.Boolean(), primary_key=True, comment="due because a status changed"),
        sa.Column("number", sa.BigInteger(), nullable=False),
    )
