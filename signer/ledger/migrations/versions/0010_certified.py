"""The CA certificates that were signed stand beside the audit log; INSERT OR REPLACE changes nothing any more."""

import sqlalchemy as sa
from alembic import op

from signer.ledger.migrations.append_only import protect, refuse_replacing

revision = "0010"
down_revision = "0009"

_BEFORE = {
    "audit": ("id",),
    "facts": ("issuer", "revision"),
    "replies": ("message",),
    "continuity": ("id",),
    "kept_messages": ("id",),
    "ceremonies": ("id",),
}


def upgrade() -> None:
    """Of CA certificates of before, the audit log alone knows."""
    op.create_table(
        "certified",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("issuer", sa.String(length=8), nullable=False, comment="who signed it"),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
    )
    protect("certified")
    refuse_replacing({**_BEFORE, "certified": ("id",)})
