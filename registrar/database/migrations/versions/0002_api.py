"""For the API: tokens, requests that were made under which id, names of certificates to search by, and their state."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.BigInteger
_BATCH = 1000


def upgrade() -> None:
    """Create the tables, and put the names of the certificates that are there into theirs."""
    op.create_table(
        "tokens",
        sa.Column("prefix", sa.String(12), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("issuers", sa.JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT),
        sa.Column("revoked_at", _MOMENT),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
    )
    op.create_index("requests_by_time", "requests", ["created_at"])
    op.create_table(
        "certificate_names",
        sa.Column("issuer", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(512), primary_key=True),
        sa.Column("certificate", sa.String(32), primary_key=True),
    )
    op.create_index("names_by_certificate", "certificate_names", ["certificate"])
    op.add_column("certificates", sa.Column("asked_by", sa.String(200)))
    op.add_column("certificates", sa.Column("held_at", _MOMENT))
    op.add_column("certificates", sa.Column("reason", sa.String(32)))
    op.create_index("certificates_by_begin", "certificates", ["issuer", "not_before", "id"])
    _name_certificates()


def _name_certificates() -> None:
    connection, last = op.get_bind(), ""
    some = sa.text("SELECT id, issuer, names FROM certificates WHERE id > :last ORDER BY id LIMIT :most")
    insert = sa.text("INSERT INTO certificate_names (issuer, name, certificate) VALUES (:issuer, :name, :certificate)")
    while rows := connection.execute(some, {"last": last, "most": _BATCH}).all():
        last = rows[-1].id
        named = [
            {"issuer": row.issuer, "name": name, "certificate": row.id}
            for row in rows
            for name in set(json.loads(row.names) if isinstance(row.names, str) else row.names)
        ]
        if named:
            connection.execute(insert, named)
