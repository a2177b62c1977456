"""OCSP responses as objects of a bucket, at the keys that GETs name; what lies there is known from notes.

A million objects are neither read nor listed to find out what is to be put: an object that is noted as put is believed
to lie there. The notes and the bucket have the same seal; where they have not, one of them was lost or put back from a
copy, and the whole list is held against the notes. At each look one page of it is: so what was lost, damaged, or put by
others is found too, and is put right.

A put replaces what is noted (`If-Match`), or nothing. Where it meets something else, and where what is noted was not
put by this publisher, that is read and judged: what another one put stays if it may stand, and is replaced as the very
object that was read if it may not. So of two publishers the slower one takes nothing back.

Base64 has slashes, also two in a row and at the end. Not every endpoint keeps objects under such keys: that is tried
once, and noted. Where it does not, these responses lie nowhere, and a responder answers.
"""

import hashlib
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar

from publisher.targets.response_files import Stands
from publisher.targets.s3 import PROBE
from publisher.targets.s3_keys import is_odd, keeps_odd_keys
from publisher.targets.s3_notes import DIGEST_OCTETS, Note, Notes
from publisher.targets.s3_trouble import in_our_words
from revocation.certid import CertID
from revocation.clock import from_epoch, iso
from revocation.ocsppath import get_path
from revocation.paths import OCSP_PATH
from revocation.store import StoredResponse
from revocation.wire.s3 import S3
from revocation.wire.s3_client import AT_ONCE
from revocation.wire.s3_conditions import ABSENT, Condition, unchanged
from revocation.wire.s3_object import Kind, Listed
from revocation.wire.s3_trouble import S3Conflict, S3TooLarge, S3Trouble

_LARGEST: Final = 1 << 20
_TRIES: Final = 3
_PLACE: Final = "place"
_SEAL: Final = "seal"
_KEYS: Final = "keys"
_ANY, _PLAIN = "any", "plain"
_SEAL_KIND: Final = Kind("text/plain", "no-store")
_Item = TypeVar("_Item")


class _Done(NamedTuple):
    """What became of one object.

    Attributes:
        note: None where nothing lies there now.
        is_changed: whether it was put or removed.
        trouble: why it is not what it should be.
    """

    path: str
    note: Note | None
    is_changed: bool
    trouble: S3Trouble | None = None


class _There(NamedTuple):
    """What lies at a path.

    Attributes:
        content: empty where it is too large to be a response.
        kind: None there too.
    """

    etag: str
    content: bytes
    kind: Kind | None


class OCSPObjects:
    """The objects below `ocsp/`; paths are relative to it. One is made for each look.

    Args:
        private: where the seal lies.
        name: of the target.
        kind: what is said of each response.
        stands: whether what another publisher put may stay.

    Raises:
        TargetError: the bucket cannot be read, or what is known of it cannot.
    """

    def __init__(self, public: S3, private: S3, name: str, kind: Kind, notes: Notes, stands: Stands) -> None:
        self._public, self._private = public, private
        self._seal_key = f"{name}.seal"
        self._kind = kind
        self._notes = notes
        self._stands = stands
        self.seal, self._seal_is = self._sealed()
        if not self.seal or self.seal.decode() != notes.word(_SEAL):
            self._recall()
            notes.keep(_SEAL, (self.seal or b"").decode())
            notes.keep(_KEYS, "")  # the bucket may be another one
        if not notes.word(_KEYS):
            with in_our_words():
                notes.keep(_KEYS, _ANY if keeps_odd_keys(private) else _PLAIN)
        self._takes_any = notes.word(_KEYS) == _ANY

    def set_seal(self, seal: bytes) -> None:
        """Leave a word, unless somebody else did meanwhile."""
        with in_our_words():
            self._private.probe(PROBE)
            found = self._private.put(self._seal_key, io.BytesIO(seal), _SEAL_KIND, self._seal_is)
        self.seal, self._seal_is = seal, unchanged(found.etag)
        self._notes.keep(_SEAL, seal.decode())

    def path_of(self, cert_id: CertID) -> str | None:
        """S3 takes any text as a key, and knows no folders, so each CertID has a path; not so with every endpoint."""
        path = get_path(cert_id).removeprefix(OCSP_PATH)
        return path if self._takes_any or not is_odd(path) else None

    def read(self, path: str) -> bytes | None:
        """What lies there now."""
        with in_our_words():
            there = self._there(path)
        return there.content if there and there.kind else None

    def holds(self, path: str, stored: StoredResponse | None) -> bool:
        """What is noted of it."""
        note = self._notes.read([path]).get(path)
        if stored is None or note is None:
            return stored is None and note is None
        return note.digest == self._digest(stored)

    def put(self, things: Mapping[str, StoredResponse]) -> int:
        """Put objects, a bounded number at a time, and note what lies there then; how many were put."""
        notes = self._notes.read(things)
        with in_our_words():
            self._private.probe(PROBE)

        return self._each(lambda item: self._bring(*item, notes.get(item[0])), things.items())

    def remove(self, paths: Collection[str]) -> int:
        """Take objects away, a bounded number at a time, but what another publisher put there since and may stand.

        Versions of them stay, where the bucket keeps any.
        """
        notes = self._notes.read(paths)

        def remove(path: str) -> _Done:
            there, note = self._there(path), notes.get(path)
            ours = note and note.digest and there and note.etag == there.etag
            if there and not ours and self._stands(path, there.content, None):
                return _Done(path, Note(there.etag, b""), is_changed=False)
            self._public.remove(OCSP_PATH + path)
            return _Done(path, None, is_changed=True)

        return self._each(remove, paths)

    def walk(self) -> Iterator[str]:
        """What lies there and was not put by this publisher."""
        yield from self._notes.strange()

    def recall_some(self) -> list[str]:
        """Hold a page of the list against the notes, the one that follows on that of the last look."""
        strange, last, is_last = self._compare(self._notes.word(_PLACE))
        self._notes.keep(_PLACE, "" if is_last else last)
        return strange

    def _recall(self) -> None:
        """Hold the whole list against the notes."""
        last, is_last = "", False
        while not is_last:
            _, last, is_last = self._compare(last)

    def _sealed(self) -> tuple[bytes | None, Condition]:
        """The word that lies there, and what replaces it."""
        content = io.BytesIO()
        with in_our_words():
            try:
                found = self._private.get(self._seal_key, content, _LARGEST)
            except S3TooLarge as other:
                return None, unchanged(other.etag)
        word = content.getvalue()
        return (word if word.isascii() else None, unchanged(found.etag)) if found else (None, ABSENT)

    def _compare(self, after: str) -> tuple[list[str], str, bool]:
        """What this publisher did not put and has not judged since, where the page ends, whether it is the last one."""
        with in_our_words():
            page, is_last = self._public.page(OCSP_PATH, OCSP_PATH + after if after else "")
        there = {one.key.removeprefix(OCSP_PATH): one for one in page}
        last = max(there, default=after)
        noted = self._notes.between(after, None if is_last else last)
        changed = _changed(noted, there)
        self._notes.write(changed)
        left = {path for path in noted.keys() & there.keys() - changed.keys() if not noted[path].digest}
        return sorted(left | (changed.keys() & there.keys() - noted.keys())), last, is_last

    def _bring(self, path: str, stored: StoredResponse, note: Note | None) -> _Done:
        """Put a response where the object lies that is noted as ours, or none; anything else is judged first."""
        if note is None or note.digest:
            try:
                return self._put(path, stored, unchanged(note.etag) if note else ABSENT)
            except S3Conflict:
                pass  # it is found out below what that is
        return self._judge(path, stored)

    def _judge(self, path: str, stored: StoredResponse) -> _Done:
        """Leave what lies at a path where it may stand, and put ours in its place where it may not.

        Whatever was put while it was judged is judged too; who is overtaken each time leaves that to the next look.
        """
        wanted, trouble = (stored.der, self._kind), None
        for _ in range(_TRIES):
            there = self._there(path)
            if there and (there.content, there.kind) == wanted:
                return _Done(path, Note(there.etag, self._digest(stored)), is_changed=False)
            if there and self._stands(path, there.content, stored):
                return _Done(path, Note(there.etag, b""), is_changed=False)
            try:
                return self._put(path, stored, unchanged(there.etag) if there else ABSENT)
            except S3Conflict as conflict:
                trouble = conflict
        return _Done(path, Note("", b""), is_changed=False, trouble=trouble)

    def _there(self, path: str) -> _There | None:
        content = io.BytesIO()
        try:
            found = self._public.get(OCSP_PATH + path, content, _LARGEST)
        except S3TooLarge as other:
            return _There(other.etag, b"", None)
        return _There(found.etag, content.getvalue(), found.kind) if found else None

    def _put(self, path: str, stored: StoredResponse, condition: Condition) -> _Done:
        """Raises S3Conflict where the condition does not hold."""
        times = {"this-update": iso(from_epoch(stored.this_update))}
        etag = self._public.put_small(
            OCSP_PATH + path, stored.der, self._kind, condition, times, Expires=from_epoch(stored.next_update)
        )
        return _Done(path, Note(etag, self._digest(stored)), is_changed=True)

    def _each(self, work: Callable[[_Item], _Done], items: Iterable[_Item]) -> int:
        """Do it in threads; how many were changed.

        What was done is noted, whatever became of the others; those not begun are left out.
        """
        done: dict[str, Note | None] = {}
        count = 0
        troubles: list[S3Trouble] = []
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3") as pool:
            for future in [pool.submit(work, item) for item in items]:
                try:
                    path, note, is_changed, trouble = future.result()
                except CancelledError:
                    continue
                except S3Trouble as error:
                    pool.shutdown(wait=False, cancel_futures=True)
                    troubles.insert(0, error)
                else:
                    done[path] = note
                    count += is_changed
                    troubles += [trouble] if trouble else []
        self._notes.write(done)
        with in_our_words():
            for trouble in troubles:
                raise trouble
        return count

    def _digest(self, stored: StoredResponse) -> bytes:
        """Of all that is put."""
        headers = f"{self._kind.media_type}\n{self._kind.cache_control}\n{stored.next_update}\n".encode()
        return hashlib.sha256(headers + stored.der).digest()[:DIGEST_OCTETS]


def _changed(noted: Mapping[str, Note], there: Mapping[str, Listed]) -> dict[str, Note | None]:
    """What has to be noted anew: what is gone, and what is another object than was put."""
    gone: dict[str, Note | None] = dict.fromkeys(noted.keys() - there.keys())
    others = {path: one.etag for path, one in there.items() if path not in noted or noted[path].etag != one.etag}
    return gone | {path: Note(etag, b"") for path, etag in others.items()}
