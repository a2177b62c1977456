"""For the state of certificates: which revision of the signer it is of, as of when, and when it was seen published."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; of what is there nobody has seen it published."""
    for name in ("revision", "state_at", "seen_at"):
        op.add_column("certificates", sa.Column(name, sa.BigInteger))
