"""The first schema, as it stood then: it does not follow registrar/database/schema.py when that goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.String(32)
_NAME = sa.String(64)
_MOMENT = sa.BigInteger


def upgrade() -> None:
    """Create every table."""
    _create_accounts()
    _create_orders()
    _create_authorizations()
    _create_certificates()


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("issuer", _NAME, nullable=False),
        sa.Column("thumbprint", sa.String(43), nullable=False),
        sa.Column("jwk", sa.JSON, nullable=False),
        sa.Column("contacts", sa.JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("terms", sa.Text),
        sa.Column("eab", sa.Text),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
    )
    op.create_index("accounts_by_key", "accounts", ["issuer", "thumbprint"], unique=True)
    op.create_table(
        "eab_keys",
        sa.Column("issuer", _NAME, primary_key=True),
        sa.Column("kid", sa.String(64), primary_key=True),
        sa.Column("hmac_key", sa.LargeBinary, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("reusable", sa.Boolean, nullable=False),
        sa.Column("account", _ID),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT),
    )


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("issuer", _NAME, nullable=False),
        sa.Column("account", _ID, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("identifiers", sa.JSON, nullable=False),
        sa.Column("profile", sa.String(32), nullable=False),
        sa.Column("not_before", _MOMENT),
        sa.Column("not_after", _MOMENT),
        sa.Column("replaces", sa.Text),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("csr", sa.LargeBinary),
        sa.Column("message", sa.String(32)),
        sa.Column("problem", sa.JSON),
    )
    op.create_index("orders_by_account", "orders", ["issuer", "account", "created_at", "id"])
    op.create_index("orders_by_end", "orders", ["expires_at"])


def _create_authorizations() -> None:
    op.create_table(
        "authorizations",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("issuer", _NAME, nullable=False),
        sa.Column("account", _ID, nullable=False),
        sa.Column("order_id", _ID, nullable=False),
        sa.Column("type", sa.String(8), nullable=False),
        sa.Column("value", sa.String(255), nullable=False),
        sa.Column("wildcard", sa.Boolean, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("lifetime", sa.BigInteger, nullable=False),
    )
    op.create_index("authorizations_by_order", "authorizations", ["order_id"])
    op.create_index("authorizations_by_name", "authorizations", ["issuer", "account", "value", "expires_at"])
    op.create_index("authorizations_by_end", "authorizations", ["expires_at"])
    op.create_table(
        "challenges",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("issuer", _NAME, nullable=False),
        sa.Column("authorization_id", _ID, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("asked_at", _MOMENT),
        sa.Column("validated_at", _MOMENT),
        sa.Column("problem", sa.JSON),
    )
    op.create_index("challenges_by_authorization", "challenges", ["authorization_id"])
    op.create_index("challenges_asked", "challenges", ["status", "asked_at"])


def _create_certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("issuer", _NAME, nullable=False),
        sa.Column("ca", sa.String(8), nullable=False),
        sa.Column("serial", sa.String(64), nullable=False),
        sa.Column("certid", sa.String(255), nullable=False),
        sa.Column("account", _ID),
        sa.Column("names", sa.JSON, nullable=False),
        sa.Column("profile", sa.String(32), nullable=False),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.Column("not_after", _MOMENT, nullable=False),
        sa.Column("der", sa.LargeBinary, nullable=False),
        sa.Column("revoked_at", _MOMENT),
        sa.Column("replaced_by", _ID),
    )
    op.create_index("certificates_by_serial", "certificates", ["issuer", "ca", "serial"], unique=True)
    op.create_index("certificates_by_certid", "certificates", ["issuer", "certid"])
    op.create_index("certificates_by_account", "certificates", ["issuer", "account"])
    op.create_index("certificates_by_end", "certificates", ["not_after"])
