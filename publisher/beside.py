"""What stands beside a CRL in a static target, where that is configured: copies that stay, and the PEM form.

All of it follows from what is there already: the current CRL, the archive, and the copies. So whatever was interrupted,
lost or damaged is put right by the next look, and what the configuration has no longer is taken away.
"""

import hashlib
from collections.abc import Collection, Iterator
from datetime import datetime

from publisher.archive import Archive
from publisher.config import DirectoryTable, S3Table
from publisher.pem import crl_pem
from publisher.targets.protocol import StaticObject, StaticTarget
from publisher.verify_crl import VerifiedCRL, read_crl
from revocation.crlspec import CRLSpec
from revocation.errors import GateError
from revocation.paths import number_in, numbered_crl_path, pem_crl_path
from revocation.published import CRLRow


class Beside:
    """The neighbours of the CRLs of one target.

    Args:
        table: of the target: `numbered` and `pem` say which neighbours there are to be.
    """

    def __init__(self, target: StaticTarget, archive: Archive, table: DirectoryTable | S3Table) -> None:
        self._target = target
        self._archive = archive
        self._table = table

    def wants(self, path: str, current: Collection[str]) -> bool:
        """Whether a file is to stand there as a neighbour of one of the CRLs at the paths `current`."""
        if (copy := number_in(path)) is not None:
            return self._table.numbered and copy[0] in current
        return self._table.pem and path.endswith(".pem") and f"{path.removesuffix('.pem')}.crl" in current

    def tend(self, crls: Collection[tuple[CRLSpec, CRLRow]], now: datetime) -> Iterator[str]:
        """Bring the neighbours of CRLs up to date; a line for each that was put or taken away.

        Args:
            crls: each with what the target shows under its current name.
            now: by which copies may be too old.

        Raises:
            TargetError: the target or the archive failed.
        """
        if self._table.numbered:
            copies = self._copies()
            for spec, row in crls:
                yield from self._tend_copies(spec, row, copies.get(spec.path, {}), now)
        if self._table.pem:
            for spec, row in crls:
                if (der := self._current(spec, row)) is not None:
                    yield from self._put(pem_crl_path(spec.path), crl_pem(der), row.this_update)

    def _tend_copies(self, spec: CRLSpec, row: CRLRow, there: dict[int, str], now: datetime) -> Iterator[str]:
        """As many as the policy of the archive keeps; those that the archive lost too, if the issuer signed them."""
        issued = {n: at for n, at in self._archive.issued(spec.issuer.id, spec.label).items() if n < row.number}
        for number in sorted(n for n in there.keys() - issued.keys() if n < row.number):
            if (crl := self._checked(self._target.get(there[number]), spec, number)) is not None:
                issued[number] = crl.this_update
        issued[row.number] = row.this_update
        kept = issued.keys() - self._archive.policy.given_up(issued, now)
        for number in sorted(kept):
            yield from self._tend_copy(spec, row, number)
        for number in sorted(there.keys() - kept):
            yield self._remove(there[number])

    def _tend_copy(self, spec: CRLSpec, row: CRLRow, number: int) -> Iterator[str]:
        """The newest is made of the current CRL, others of the archive; nothing that the issuer did not sign is put."""
        path = numbered_crl_path(spec.path, number)
        if number == row.number:
            if (der := self._current(spec, row)) is not None:
                yield from self._put(path, der, row.this_update)
            return
        there = self._target.digest(path)
        if there is not None and there == self._archive.digest(spec.issuer.id, spec.label, number):
            return
        archived = self._checked(self._archive.get(spec.issuer.id, spec.label, number), spec, number)
        if archived is not None:
            yield from self._put(path, archived.der, archived.this_update)
        elif there is not None and self._checked(self._target.get(path), spec, number) is None:
            yield self._remove(path)

    def _copies(self) -> dict[str, dict[int, str]]:
        """The copies that are there, by the path of the current CRL and by number."""
        found: dict[str, dict[int, str]] = {}
        for path in self._target.paths():
            if (copy := number_in(path)) is not None:
                found.setdefault(copy[0], {})[copy[1]] = path
        return found

    def _current(self, spec: CRLSpec, row: CRLRow) -> bytes | None:
        """What is served under the current name, if it is what was put there: else the next look puts it again."""
        der = self._target.get(spec.path)
        return der if der is not None and hashlib.sha256(der).hexdigest() == row.sha256 else None

    def _checked(self, der: bytes | None, spec: CRLSpec, number: int) -> VerifiedCRL | None:
        """The CRL, if it is the issuer's with that number."""
        try:
            crl = read_crl(der, spec) if der is not None else None
        except GateError:
            return None
        return crl if crl is not None and crl.number == number else None

    def _put(self, path: str, data: bytes, modified: datetime) -> Iterator[str]:
        if self._target.digest(path) != hashlib.sha256(data).hexdigest():
            self._target.put(StaticObject(path, data, modified))
            yield f"{path} put"

    def _remove(self, path: str) -> str:
        self._target.remove(path)
        return f"{path} removed"
