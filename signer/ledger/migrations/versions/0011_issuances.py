"""Certificates that are issued for who asks in a message: by whom, with which names, and what is still to be signed."""

import sqlalchemy as sa
from alembic import op

from signer.ledger.migrations.append_only import protect, refuse_replacing

revision = "0011"
down_revision = "0010"


def _of_a_certificate() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["issuer", "serial"], ["certificates.issuer", "certificates.serial"])


def upgrade() -> None:
    """A ledger that issued nothing has no row in them; what was imported has no names here."""
    op.create_table(
        "issuances",
        sa.Column("message", sa.String(length=32), primary_key=True, comment="the id of the message that asked for it"),
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), comment="whom the requester asked for, as it said"),
        sa.Column("profile", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="RFC 4514; empty where the certificate has none"),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it was decided"),
        _of_a_certificate(),
        sa.UniqueConstraint("issuer", "serial", name="issuance_serial"),
    )
    op.create_index("issuances_by_requester", "issuances", ["requester", "at"])
    op.create_table(
        "certificate_names",
        sa.Column("name", sa.Text(), primary_key=True, comment="such as dns:host.example"),
        sa.Column("issuer", sa.String(length=8), primary_key=True),
        sa.Column("serial", sa.LargeBinary(), primary_key=True),
        _of_a_certificate(),
    )
    op.create_index("certificate_names_by_serial", "certificate_names", ["issuer", "serial"])
    op.create_table(
        "unsigned_certificates",
        sa.Column("message", sa.String(length=32), primary_key=True, comment="the id of the message that asked for it"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="as in replies"),
        sa.Column("issuer", sa.String(length=8), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False, comment="what the key signs it as"),
        sa.Column(
            "tbs",
            sa.LargeBinary(),
            nullable=False,
            comment="what was decided; signed at most once as far as anybody sees",
        ),
        sa.Column("reply", sa.Text(), nullable=False, comment="what is said once it is signed"),
        _of_a_certificate(),
    )
    protect("issuances", "certificate_names")
    refuse_replacing({"issuances": ("message",), "certificate_names": ("name", "issuer", "serial")})
