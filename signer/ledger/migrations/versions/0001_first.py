"""The first schema of the ledger, as it stood then: it does not follow signer/ledger/schema.py when that goes on."""

import sqlalchemy as sa
from alembic import op

from signer.ledger.migrations import append_only

revision = "0001"
down_revision = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table, and have the database refuse changes of what was written once."""
    _create_certificates()
    _create_issued()
    _create_records()
    append_only.protect("audit", "facts", "replies")


def _create_certificates() -> None:
    op.create_table(
        "issuers",
        sa.Column("id", sa.String(length=8), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="what the operator called it when it was first seen"),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="of the latest fact; rises by one with each"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "certificates",
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=True, comment="NULL when the source did not say"),
        sa.Column("is_ca", sa.Boolean(), nullable=False),
        sa.Column("slice_hash", sa.Integer(), nullable=False, comment="stable, 0..65535: which slice follows from it"),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="of what last changed: registration or status"),
        sa.Column(
            "status_revision",
            sa.BigInteger(),
            nullable=True,
            comment="of the latest status fact; NULL while there is none",
        ),
        sa.Column("der", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"]),
        sa.PrimaryKeyConstraint("issuer", "serial"),
    )
    op.create_index("certificates_by_revision", "certificates", ["issuer", "revision"], unique=False)
    op.create_index("certificates_by_slice", "certificates", ["issuer", "slice_hash"], unique=False)
    op.create_table(
        "facts",
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="revoked or released"),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Integer(), nullable=True),
        sa.Column("invalidity_date", sa.BigInteger(), nullable=True),
        sa.Column("entry", sa.LargeBinary(), nullable=True, comment="DER of the CRL entry; NULL for a release"),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("message", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"]),
        sa.PrimaryKeyConstraint("issuer", "revision"),
    )
    op.create_index("facts_by_serial", "facts", ["issuer", "serial"], unique=False)


def _create_issued() -> None:
    op.create_table(
        "issued",
        sa.Column("sequence", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="crl or ocsp"),
        sa.Column("part", sa.String(length=16), nullable=False, comment="the scope or the slice"),
        sa.Column("slices", sa.Integer(), nullable=True, comment="how many slices there were; NULL for a CRL"),
        sa.Column(
            "subject",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of the issuer's name: CRL numbers rise per name",
        ),
        sa.Column("crl_number", sa.String(length=49), nullable=True, comment="decimal: up to 20 octets"),
        sa.Column("base_revision", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("this_update", sa.BigInteger(), nullable=False),
        sa.Column("next_update", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=True, comment="entries of a CRL, responses of a slice"),
        sa.Column("size", sa.BigInteger(), nullable=True, comment="of the bundle; NULL until it lies in the exchange"),
        sa.Column("sha256", sa.String(length=64), nullable=True, comment="of the first file in the bundle"),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"]),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("subject", "kind", "part", "crl_number", name="issued_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("issued_by_part", "issued", ["issuer", "kind", "part", "sequence"], unique=False)
    op.create_table(
        "crl_floors",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column(
            "number",
            sa.String(length=49),
            nullable=False,
            comment="highest number that another system is known to have used",
        ),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "responder_certificates",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="name in the folder of responder keys"),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("key_destroyed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("issuer", "serial", name="responder_serial"),
    )


def _create_records() -> None:
    op.create_table(
        "replies",
        sa.Column("message", sa.String(length=32), nullable=False),
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=False,
            comment="of the signed bytes: an id stands for one message only",
        ),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message"),
    )
    op.create_table(
        "audit",
        sa.Column("id", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=8), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("chain", sa.LargeBinary(), nullable=False, comment="SHA-256 of the chain before and this entry"),
        sa.PrimaryKeyConstraint("id"),
    )
