"""Certificates that were imported have names too, where the ledger has them themselves."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from signer.importers.names import names_in

revision = "0012"
down_revision = "0011"

_AT_ONCE: Final = 1000
_CERTIFICATES: Final = sa.text("""
SELECT issuer, serial, der FROM certificates
WHERE der IS NOT NULL AND (issuer > :issuer OR (issuer = :issuer AND serial > :serial))
AND NOT EXISTS (SELECT 1 FROM certificate_names AS known
    WHERE known.issuer = certificates.issuer AND known.serial = certificates.serial)
ORDER BY issuer, serial LIMIT :most
""")
_NAMES: Final = sa.table("certificate_names", sa.column("name"), sa.column("issuer"), sa.column("serial"))


def upgrade() -> None:
    """A page at a time: there may be millions."""
    connection = op.get_bind()
    issuer, serial = "", b""
    while found := connection.execute(_CERTIFICATES, {"issuer": issuer, "serial": serial, "most": _AT_ONCE}).all():
        rows = [
            {"name": name, "issuer": row.issuer, "serial": row.serial} for row in found for name in names_in(row.der)
        ]
        if rows:
            connection.execute(sa.insert(_NAMES), rows)
        issuer, serial = found[-1].issuer, found[-1].serial
