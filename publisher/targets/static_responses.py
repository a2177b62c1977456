"""A target of OCSP responses as static files, each at the path that a GET for it names; a web server needs no more.

They lie in a folder or in a bucket (`response_files`). An index beside them, a private store, says what there should
be, and files follow it: `_settle` is the one way in which they change. That all of them do is said by a seal, a word
that lies in the index and among the files. There is another in the index before anything changes, so after a crash, and
when files or index were wiped or put back from a copy, the two differ, and every file is looked at.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final, TypeVar

from cryptography.x509 import ocsp

from publisher.targets.lmdb import LMDBTarget
from publisher.targets.protocol import Answer, Replaces
from publisher.targets.response_files import ResponseFiles, Stands
from publisher.targets.rounds import next_part
from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.clock import epoch
from revocation.issuer import Issuer
from revocation.paths import OCSP_PATH
from revocation.store import BOTH_HASHES, StoredResponse, der_in, response_key, serial_in

_ISSUER_OCTETS: Final = 4
_HASH_OCTETS: Final = (BOTH_HASHES, *(hash_.octet for hash_ in CertIDHash))
_PIECE: Final = 500
"""Responses or files that are looked at in one go, some tens of milliseconds: a revocation does not wait for more."""

_SEAL: Final = b"seal"
_Thing = TypeVar("_Thing")


class StaticResponses:
    """Static files of responses, a `ResponseTarget`.

    Args:
        outdated: told of public paths whose files are about to say something else, for a CDN before them.
        stands: asked of files that are not as the index says, where other publishers may have put them.

    Attributes:
        without_path: how many certificates were put, since this was opened, with a response that no file can have.
    """

    def __init__(
        self,
        index: LMDBTarget,
        files: ResponseFiles,
        issuers: Iterable[Issuer],
        outdated: Callable[[Iterable[str]], None] | None = None,
        stands: Stands | None = None,
    ) -> None:
        self._index = index
        self._files = files
        self._names = {one.octets: {hash_: CertID.of(one, b"", hash_) for hash_ in CertIDHash} for one in issuers}
        self._issuers = {
            (name.hash, name.issuer_name_hash, name.issuer_key_hash): octets
            for octets, names in self._names.items()
            for name in names.values()
        }
        self._outdated = outdated
        self._stands = stands
        self.without_path = 0

    def load_status(self) -> bytes | None:
        """The status as the index has it."""
        return self._index.load_status()

    def save_status(self, status: bytes) -> None:
        """Keep the status in the index."""
        self._index.save_status(status)

    def introduce(self, keys: Iterable[tuple[bytes, bytes]]) -> None:
        """The index knows them too; paths are made from the configured issuers, which the seal names."""
        self._index.introduce(keys)

    def put(self, answers: Iterable[Answer], replaces: Replaces) -> int:
        """Store what `replaces` admits, and write its files."""
        admitted, turned = set[bytes](), set[bytes]()

        def admits(answer: Answer, current: StoredResponse | None) -> bool:
            admit = replaces(answer, current)
            admitted.update([answer.key] if admit else [])
            if self._outdated and admit and current and _status_in(current.der) != _status_in(der_in(answer.value)):
                turned.add(answer.key)
            return admit

        with self._changing():
            count = self._index.put(answers, admits)
            self._tell(turned)
            self._settle(admitted)
            self.without_path += self._without_path(admitted)
        return count

    def withdraw(self, keys: Iterable[bytes], wrong: Callable[[bytes, StoredResponse], bool]) -> int:
        """Take out what is wrong; the files of all `keys` are then as they should be, whoever put others there."""
        keys = list(keys)
        if not keys:
            return 0
        with self._changing():
            count = self._index.withdraw(keys, wrong)
            self._tell(keys if count else [])
            self._settle(keys)
        return count

    def sweep(self, issuer: bytes, expired_before: int) -> int:  # noqa: ARG002 - no file may stay that long
        """Nothing: `tend` takes out what has expired, of all issuers."""
        return 0

    def is_sealed(self) -> bool:
        """Whether the files were left as the index says, for the issuers that are configured now."""
        word = self._index.noted(_SEAL)
        return word is not None and word == self._files.seal and word.endswith(self._issuers_known())

    def tend(self, now: datetime) -> Iterator[list[str]]:
        """Look at some of the files, at all of them where the seal is broken: put what is missing, remove the expired.

        Returns:
            A piece at a time, so that what is more urgent may come between; at the end a line for what was found.
        """
        if not self.is_sealed():
            yield from self._look_at_all(now)
            return
        gone = self._remove_strange(self._files.recall_some())
        expired, mended = 0, 0
        for rows in _pieces(next_part(self._index, now)):
            more = self._look_at(rows, now)
            expired, mended = expired + more[0], mended + more[1]
            yield []
        yield _lines(expired, mended, gone)

    def _look_at_all(self, now: datetime) -> Iterator[list[str]]:
        expired, mended, gone, place = 0, 0, 0, b""
        while rows := self._index.row(place, _PIECE):
            place = rows[-1][0]
            more = self._look_at(rows, now)
            expired, mended = expired + more[0], mended + more[1]
            yield []
        for paths in _pieces(list(self._files.walk())):
            gone += self._remove_strange(paths)
            yield []
        self._files.set_seal(self._break_seal())
        yield _lines(expired, mended, gone)

    def _look_at(self, rows: Sequence[tuple[bytes, int]], now: datetime) -> tuple[int, int]:
        """How many responses had expired, and how many files were not as they should be."""
        expired = [key for key, next_update in rows if next_update <= epoch(now)]
        if expired:
            with self._changing():
                self._index.withdraw(expired, lambda _key, current: current.next_update <= epoch(now))
                self._settle(expired)
        fresh = {key for key, next_update in rows if next_update > epoch(now)}
        return len(expired), self._settle(fresh)

    def _settle(self, keys: Collection[bytes]) -> int:
        """Bring the files of these responses to what the index says; how many were changed for that."""
        paths = {certificate: self._paths(*certificate) for certificate in _certificates(keys)}
        held = self._index.read(key for certificate in paths for key in _keys(*certificate))
        wrong = {
            path: stored
            for certificate, named in paths.items()
            for path, stored in _wanted(certificate, named, held)
            if not self._files.holds(path, stored)
        }
        count = 0
        if gone := [path for path, stored in wrong.items() if stored is None]:
            count += self._files.remove(gone)
        if wanted := {path: stored for path, stored in wrong.items() if stored is not None}:
            count += self._files.put(wanted)
        return count

    def _tell(self, keys: Iterable[bytes]) -> None:
        """Caches may hold what lies at the paths of these, by either hash."""
        paths = [path for one in _certificates(keys) for path in self._paths(*one).values() if path is not None]
        if self._outdated and paths:
            self._outdated([OCSP_PATH + path for path in paths])

    def _without_path(self, keys: Iterable[bytes]) -> int:
        """The certificates of these responses of which one has a path, for a hash that it answers, and no file can."""
        found = set()
        for key in keys:
            certificate, octet = _certificate(key), key[_ISSUER_OCTETS : _ISSUER_OCTETS + 1]
            paths = self._paths(*certificate)
            if any(path is None and octet in (BOTH_HASHES, hash_.octet) for hash_, path in paths.items()):
                found.add(certificate)
        return len(found)

    def _paths(self, issuer: bytes, serial: bytes) -> dict[CertIDHash, str | None]:
        """Where its responses lie; none for issuers that are not configured."""
        found = {}
        for hash_, name in self._names.get(issuer, {}).items():
            found[hash_] = self._files.path_of(CertID(hash_, name.issuer_name_hash, name.issuer_key_hash, serial))
        return found

    def _remove_strange(self, paths: Iterable[str]) -> int:
        """Of these remove what the index does not want; how many."""
        strange = [path for path in paths if not self._belongs(path)]
        return self._files.remove(strange) if strange else 0

    def _belongs(self, path: str) -> bool:
        """Whether a file is one that the index wants, or another publisher's that may stand."""
        data = self._files.read(path)
        if data is None:
            return False
        stored = self._wanted_at(path, data)
        if stored is not None and stored.der == data:
            return True
        return self._stands is not None and self._stands(path, data, stored)

    def _wanted_at(self, path: str, data: bytes) -> StoredResponse | None:
        """What the index wants at a path, as far as what lies there says whose that is."""
        try:
            singles = list(ocsp.load_der_ocsp_response(data).responses)
            certificates = {
                (
                    self._issuers[CertIDHash(s.hash_algorithm.name), s.issuer_name_hash, s.issuer_key_hash],
                    s.serial_number,
                )
                for s in singles
            }
        except Exception:  # no response, or of nobody: what a parser raises on hostile bytes has no common class
            return None
        for issuer, number in certificates:
            serial = serials.from_int(number)
            held = self._index.read(_keys(issuer, serial))
            wanted = dict(_wanted((issuer, serial), self._paths(issuer, serial), held))
            if (stored := wanted.get(path)) is not None:
                return stored
        return None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Break the seal, and put another when all went well; one that was broken stays so."""
        sealed = self.is_sealed()
        word = self._break_seal()
        yield
        if sealed:
            self._files.set_seal(word)

    def _break_seal(self) -> bytes:
        """Another word in the index."""
        word = os.urandom(16).hex().encode() + self._issuers_known()
        self._index.note(_SEAL, word)
        return word

    def _issuers_known(self) -> bytes:
        return b"".join(b" " + octets.hex().encode() for octets in sorted(self._names))


def _status_in(data: bytes) -> object:
    """What a response says of a certificate; None where nobody can read it."""
    try:
        return next(iter(ocsp.load_der_ocsp_response(data).responses)).certificate_status
    except ValueError:
        return None


def _wanted(
    certificate: tuple[bytes, bytes], paths: Mapping[CertIDHash, str | None], held: Mapping[bytes, StoredResponse]
) -> Iterator[tuple[str, StoredResponse | None]]:
    """What is to lie at each path of a certificate: the response with that hash, else the one that answers both."""
    issuer, serial = certificate
    both = held.get(response_key(issuer, BOTH_HASHES, serial))
    for hash_, path in paths.items():
        if path is not None:
            yield path, held.get(response_key(issuer, hash_.octet, serial), both)


def _pieces(things: Sequence[_Thing]) -> Iterator[Sequence[_Thing]]:
    for start in range(0, len(things), _PIECE):
        yield things[start : start + _PIECE]


def _certificate(key: bytes) -> tuple[bytes, bytes]:
    """Issuer id and serial."""
    return key[:_ISSUER_OCTETS], serial_in(key)


def _certificates(keys: Iterable[bytes]) -> dict[tuple[bytes, bytes], None]:
    """Those of each key, in their order."""
    return dict.fromkeys(map(_certificate, keys))


def _keys(issuer: bytes, serial: bytes) -> list[bytes]:
    return [response_key(issuer, octet, serial) for octet in _HASH_OCTETS]


def _lines(expired: int, mended: int, gone: int) -> list[str]:
    found = {
        "responses had expired, and their files were removed": expired,
        "static OCSP files were missing or damaged, and were put again": mended,
        "files in the folder of OCSP responses belong to none, and were removed": gone,
    }
    return [f"{count} {what}" for what, count in found.items() if count]
