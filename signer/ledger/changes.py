"""The latest change of status of each kind and shard of certificates: what a CRL has to cover, without a search."""

from sqlalchemy import Connection, insert, select, update

from revocation.issuer import Issuer
from signer.ledger.groups import Selection
from signer.ledger.schema import crl_changes


def note(connection: Connection, issuer: Issuer, is_ca: bool, shard: int, revision: int) -> None:
    """A certificate of that kind and shard changed with that revision."""
    mine = (crl_changes.c.issuer == issuer.id, crl_changes.c.is_ca == is_ca, crl_changes.c.shard == shard)
    if not connection.execute(update(crl_changes).where(*mine).values(revision=revision)).rowcount:
        values = {"issuer": issuer.id, "is_ca": is_ca, "shard": shard, "revision": revision}
        connection.execute(insert(crl_changes).values(**values))


def note_everywhere(connection: Connection, issuer: Issuer, revision: int) -> None:
    """Every CRL of the issuer has to cover that revision."""
    note(connection, issuer, False, 0, revision)
    connection.execute(update(crl_changes).where(crl_changes.c.issuer == issuer.id).values(revision=revision))


class Changes:
    """What changed last in an issuer's certificates, read once for all of its CRLs."""

    def __init__(self, connection: Connection, issuer: Issuer) -> None:
        columns = (crl_changes.c.is_ca, crl_changes.c.shard, crl_changes.c.revision)
        rows = connection.execute(select(*columns).where(crl_changes.c.issuer == issuer.id))
        self._latest = {(is_ca, shard): revision for is_ca, shard, revision in rows}

    def latest(self, selection: Selection) -> int:
        """The revision that a CRL of that selection has to cover; 0 when nothing ever changed."""
        found = (revision for key, revision in self._latest.items() if selection.covers(*key))
        return max(found, default=0)
