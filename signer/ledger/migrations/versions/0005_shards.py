"""The shards that certificates are in are found without looking at each: every start asks for them."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the index."""
    op.create_index("certificates_by_shard", "certificates", ["issuer", "is_ca", "shard", "not_after"])
