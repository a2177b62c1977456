"""CRLs that were signed ahead of time: those of a series begin later than it was signed, and keep no other waiting."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_COMMENT = "of one of a series, signed for a later time, the sequence of the first; NULL of all others"


def upgrade() -> None:
    """No series was signed before."""
    with op.batch_alter_table("issued", table_kwargs={"sqlite_autoincrement": True}) as issued:
        issued.add_column(sa.Column("ahead_of", sa.BigInteger(), nullable=True, comment=_COMMENT))
