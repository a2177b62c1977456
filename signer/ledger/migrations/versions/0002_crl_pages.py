"""Entries of CRLs in pages, and what left them. Both follow from the facts: nothing has to be carried over."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables; the first CRL after it fills the pages."""
    op.create_table(
        "crl_pages",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("is_ca", sa.Boolean(), nullable=False),
        sa.Column("first_revision", sa.BigInteger(), nullable=False),
        sa.Column("last_revision", sa.BigInteger(), nullable=False),
        sa.Column(
            "first_until", sa.BigInteger(), nullable=False, comment="when the first entry has expired and was recorded"
        ),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column(
            "positions",
            sa.LargeBinary(),
            nullable=False,
            comment="revision, until, length of each entry: 8 octets each",
        ),
        sa.Column("entries", sa.LargeBinary(), nullable=False, comment="DER of the CRL entries, one after the other"),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("crl_pages_by_issuer", "crl_pages", ["issuer", "is_ca", "id"])
    op.create_table(
        "crl_paged",
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="facts up to this one stand in crl_pages"),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"]),
        sa.PrimaryKeyConstraint("issuer"),
    )
    op.create_table(
        "departures",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("is_ca", sa.Boolean(), nullable=False, comment="the kind of certificate whose CRLs it left"),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("departures_by_time", "departures", ["issuer", "recorded_at"])
    op.create_index("departures_by_serial", "departures", ["issuer", "serial"])
