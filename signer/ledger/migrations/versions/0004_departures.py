"""Excuses stand among the departures, which are found by their time and serial: they travel in bundles of a day."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_EXCUSES = """
INSERT INTO departures (issuer, serial, is_ca, shard, reason, why, recorded_at)
SELECT issuer, serial, FALSE, 0, 0, 'excused', recorded_at FROM excuses ORDER BY id
"""

_COMMENTS: dict[str, tuple[Any, str]] = {
    "kind": (sa.String(length=8), "crl, ocsp or departed"),
    "part": (sa.String(length=64), "the label of the CRL, the slice, or day and chunk"),
    "departed": (sa.BigInteger(), "the latest departure when a CRL was made; of a chunk of them the last"),
}


def upgrade() -> None:
    """Who excused what, and why, stays in the audit records."""
    op.execute(_EXCUSES)
    op.drop_table("excuses")
    op.create_index("departures_by_time", "departures", ["issuer", "recorded_at"])
    op.create_index("departures_by_serial", "departures", ["issuer", "serial"])
    with op.batch_alter_table("issued", table_kwargs={"sqlite_autoincrement": True}) as issued:
        for name, (type_, comment) in _COMMENTS.items():
            issued.alter_column(name, existing_type=type_, existing_nullable=name == "departed", comment=comment)
