"""High-water marks: what was ever published, kept outside the targets, so that none of them can go back unnoticed.

An LMDB environment in the publisher's state folder with three tables: the newest of each CRL, each certificate
that is revoked, and of each target the digests of the status that it should hold and which CRLs that has. Every change
is on disk when it returns.
"""

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import lmdb
from pydantic import TypeAdapter

from publisher.line import CRLMark, Known
from revocation.durable import make_folder
from revocation.errors import TargetError
from revocation.store import file_size, require_whole

_MAP_SIZE: Final = 16 << 30
_KNOWN: Final = struct.Struct(">QB")
_CUTOFF: Final = struct.Struct(">q")
"""Behind it, where it answered for expired certificates too."""

_DIGEST_SIZE: Final = 32
_ON: Final = "/crls"
"""Behind the name of a target, which has no slash: the key of its CRLs."""
_CRLS: Final = TypeAdapter(dict[str, tuple[int, str]])


class Marks:
    """The marks of one publisher.

    Args:
        state: the publisher's state folder.
        readonly: for whoever only asks; the marks must exist then.

    Raises:
        TargetError: the state folder cannot be read or written.
    """

    def __init__(self, state: Path, *, readonly: bool = False) -> None:
        self._path = state / "marks"
        with self._explained():
            if not readonly:
                make_folder(self._path, mode=0o700)
            self._env = lmdb.open(str(self._path), map_size=_MAP_SIZE, max_dbs=4, mode=0o600, readonly=readonly)
            try:
                require_whole(self._env, self._path / "data.mdb") if readonly else self._fill_up()
                self._crls, self._revoked, self._statuses = (
                    self._env.open_db(name, create=not readonly) for name in (b"crls", b"revoked", b"statuses")
                )
            except (lmdb.Error, OSError):
                self._env.close()
                raise
        self._readonly = readonly

    def __enter__(self) -> "Marks":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._explained():
            if not self._readonly:
                self._fill_up()
            self._env.close()

    def _fill_up(self) -> None:
        """Make the file as long as its last page says: what lies behind its end would kill whoever reads it (SIGBUS).

        LMDB itself leaves out a page that is free again. Where the file was cut, nothing but zeros is there then, which
        LMDB refuses.
        """
        file, whole = self._path / "data.mdb", file_size(self._env)
        if file.stat().st_size < whole:
            os.truncate(file, whole)

    def crl(self, issuer_id: str, label: str) -> CRLMark | None:
        """The newest with that label that ever passed."""
        with self._explained(), self._env.begin(db=self._crls) as txn:
            raw = txn.get(f"{issuer_id}/{label}".encode())
        return CRLMark.model_validate_json(raw) if raw else None

    def set_crl(self, issuer_id: str, label: str, mark: CRLMark) -> None:
        """Remember a CRL that passed."""
        with self._explained(), self._env.begin(db=self._crls, write=True) as txn:
            txn.put(f"{issuer_id}/{label}".encode(), mark.model_dump_json().encode())

    def known(self, issuer: bytes, serial: bytes) -> Known | None:
        """When a certificate was last said to be revoked, outside of any transaction."""
        with self._explained(), self._env.begin(db=self._revoked) as txn:
            return _known(txn.get(issuer + serial))

    def revoked(self) -> "RevokedMarks":
        """The revoked certificates, in one transaction that a `with` commits."""
        return RevokedMarks(self, self._env, self._revoked)

    def status_digests(self, target: str) -> list[bytes]:
        """SHA-256 of each status that a target may hold: the last, or one of two after a crash while it was saved."""
        with self._explained(), self._env.begin(db=self._statuses) as txn:
            raw = txn.get(target.encode()) or b""
        return [raw[i : i + _DIGEST_SIZE] for i in range(0, len(raw), _DIGEST_SIZE)]

    def expect_status(self, target: str, digests: list[bytes]) -> None:
        """Remember which statuses a target may hold from now on."""
        with self._explained(), self._env.begin(db=self._statuses, write=True) as txn:
            txn.put(target.encode(), b"".join(digests))

    def crls_on(self, target: str) -> Mapping[str, tuple[int, str]]:
        """By path the number and SHA-256 of each CRL of the last status of a target; a version before noted none."""
        with self._explained(), self._env.begin(db=self._statuses) as txn:
            raw = txn.get(f"{target}{_ON}".encode())
        return _CRLS.validate_json(raw) if raw else {}

    def expect_crls(self, target: str, crls: Mapping[str, tuple[int, str]]) -> None:
        """Remember which CRLs a target has."""
        key, value = f"{target}{_ON}".encode(), _CRLS.dump_json(dict(crls))
        with self._explained(), self._env.begin(db=self._statuses, write=True) as txn:
            if txn.get(key) != value:
                txn.put(key, value)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (lmdb.Error, OSError) as error:
            raise TargetError(
                f"the publisher's marks cannot be read or written: {error}",
                where=str(self._path),
                advice="nothing is published without them; is the disk full, or the folder another user's? "
                "A file that is damaged is to be replaced by a copy, or moved away: then what the targets show counts",
            ) from error


class RevokedMarks:
    """One transaction over the marks of revoked certificates: key is issuer id (4 octets) and serial octets."""

    def __init__(self, marks: Marks, env: Any, database: Any) -> None:
        self._explained = marks._explained
        self._env, self._database = env, database

    def __enter__(self) -> "RevokedMarks":
        with self._explained():
            self._txn = self._env.begin(db=self._database, write=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._txn.abort()
            return
        with self._explained():
            self._txn.commit()

    def get(self, issuer: bytes, serial: bytes) -> Known | None:
        """When a certificate was last said to be revoked. A release from hold changes nothing here: it is newer."""
        return _known(self._txn.get(issuer + serial))

    def among(self, issuer: bytes, serials: Sequence[bytes]) -> set[bytes]:
        """Which of these were ever said to be revoked."""
        found = self._txn.cursor().getmulti([issuer + serial for serial in serials])
        return {key[len(issuer) :] for key, _ in found}

    def put(self, issuer: bytes, serial: bytes, known: Known) -> None:
        """Remember that a certificate is revoked; a transaction that changes nothing waits for no disk."""
        key, value = issuer + serial, _packed(known)
        with self._explained():
            if self._txn.get(key) != value:
                self._txn.put(key, value)

    def of_issuer(self, issuer: bytes) -> Iterator[tuple[bytes, Known]]:
        """Every revoked certificate of an issuer."""
        cursor = self._txn.cursor()
        found = cursor.set_range(issuer)
        while found and bytes(cursor.key()).startswith(issuer):
            yield bytes(cursor.key())[len(issuer) :], _unpacked(bytes(cursor.value()))
            found = cursor.next()


def _known(raw: bytes | None) -> Known | None:
    return None if raw is None else _unpacked(raw)


def _packed(known: Known) -> bytes:
    cutoff = b"" if known.cutoff is None else _CUTOFF.pack(known.cutoff)
    return _KNOWN.pack(known.this_update, known.releasable) + cutoff


def _unpacked(raw: bytes) -> Known:
    this_update, releasable = _KNOWN.unpack_from(raw)
    cutoff = _CUTOFF.unpack_from(raw, _KNOWN.size)[0] if len(raw) > _KNOWN.size else None
    return Known(this_update, revoked=True, releasable=bool(releasable), cutoff=cutoff)
