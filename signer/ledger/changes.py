"""The latest change of status of each kind and shard of certificates: what a CRL has to cover, without a search."""

from typing import Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from revocation.issuer import Issuer
from signer.ledger.groups import Selection
from signer.ledger.schema import crl_changes

_NOTE: Final = (
    update(crl_changes)
    .where(crl_changes.c.issuer == bindparam("the_issuer"), crl_changes.c.is_ca == bindparam("the_kind"))
    .where(crl_changes.c.shard == bindparam("the_shard"))
    .values(revision=bindparam("at"))
)
"""Built once: a burst of revocations executes it thousands of times."""

_SUM: Final = select(func.sum(crl_changes.c.revision))


def sum_of_changes(connection: Connection) -> int:
    """Rises with every change of status, of any issuer."""
    return int(connection.execute(_SUM).scalar() or 0)


def note(connection: Connection, issuer: Issuer, is_ca: bool, shard: int, revision: int) -> None:
    """A certificate of that kind and shard changed with that revision."""
    which = {"the_issuer": issuer.id, "the_kind": is_ca, "the_shard": shard}
    if not connection.execute(_NOTE, {**which, "at": revision}).rowcount:
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
