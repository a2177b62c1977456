"""CRL entries by kind, shard and reason; why entries left; which CRLs are published. Pages follow from the facts."""

import sqlalchemy as sa
from alembic import op

from signer.ledger.migrations import append_only

revision = "0003"
down_revision = "0002"

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NEW_COLUMNS = {
    "departed": "the latest departure when a CRL was made",
    "published_at": "when it was first seen published",
    "discarded_at": "when an operator took back a CRL that was never published",
}
_LATEST = """
INSERT INTO crl_changes (issuer, is_ca, shard, revision)
SELECT issuer, is_ca, 0, max(status_revision) FROM certificates WHERE status_revision IS NOT NULL GROUP BY issuer, is_ca
"""
_DATED = """
UPDATE issuers SET dated = coalesce((SELECT max(revoked_at) FROM facts WHERE facts.issuer = issuers.id), 0)
"""


def upgrade() -> None:
    """Add the columns, and build anew what follows from the facts."""
    op.add_column(
        "certificates",
        sa.Column("shard", sa.Integer(), comment="of its CRL, 1 and up; NULL where its CRL is not sharded"),
    )
    with op.batch_alter_table("issued", table_kwargs={"sqlite_autoincrement": True}) as issued:
        part = "the label of the CRL, or the slice"
        issued.alter_column("part", type_=sa.String(length=64), existing_nullable=False, comment=part)
        for name, comment in _NEW_COLUMNS.items():
            issued.add_column(sa.Column(name, sa.BigInteger(), nullable=True, comment=comment))
        issued.add_column(
            sa.Column(
                "hashes", sa.String(length=32), comment="of the CertIDs, with a space between them; of a CRL its form"
            )
        )
    op.add_column(
        "issuers",
        sa.Column(
            "dated", sa.BigInteger(), nullable=False, server_default="0", comment="the latest revocation date of a fact"
        ),
    )
    op.execute(_DATED)
    op.drop_table("departures")
    op.drop_table("crl_pages")
    op.execute("DELETE FROM crl_paged")
    _create_pages()
    _create_departures()
    _create_excuses()
    _create_changes()


def _create_pages() -> None:
    op.create_table(
        "crl_pages",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("is_ca", sa.Boolean(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False, comment="0 where the certificates are in none"),
        sa.Column("reason", sa.Integer(), nullable=False),
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
        sa.Column("positions_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("entries_sha256", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    if op.get_bind().dialect.name == "postgresql":  # entries hardly compress: trying to would take longer than all else
        op.execute("ALTER TABLE crl_pages ALTER COLUMN entries SET STORAGE EXTERNAL")
    op.create_index("crl_pages_by_group", "crl_pages", ["issuer", "is_ca", "shard", "reason", "id"])


def _create_departures() -> None:
    op.create_table(
        "departures",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("is_ca", sa.Boolean(), nullable=False, comment="with shard and reason the group that it left"),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column(
            "expired_at", sa.BigInteger(), comment="when it had expired and was recorded; NULL where it left otherwise"
        ),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("departures_by_issuer", "departures", ["issuer", "id"])


def _create_excuses() -> None:
    op.create_table(
        "excuses",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False, comment="may be missing from CRLs, on somebody's word"),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("message", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    append_only.protect("excuses")


def _create_changes() -> None:
    op.create_table(
        "crl_changes",
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("is_ca", sa.Boolean(), nullable=False),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "revision", sa.BigInteger(), nullable=False, comment="of the latest status fact about such a certificate"
        ),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"]),
        sa.PrimaryKeyConstraint("issuer", "is_ca", "shard"),
    )
    op.execute(_LATEST)
