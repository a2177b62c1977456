"""A target that is a bucket: CRLs and issuer certificates under their public paths, the status elsewhere.

A target lives for one look. What lay in the bucket at its beginning is what everything is held against, and what a put
is conditional on: whatever another publisher put since then is not written over, and the next look goes on from it.
What was read and verified once in this process is not read again until it is another object.
"""

import functools
import io
import logging
from typing import Final

from publisher.config import S3Table
from publisher.targets.protocol import StaticObject
from publisher.targets.s3_kinds import STATUS, Kinds
from publisher.targets.s3_trouble import in_our_words
from revocation.clock import iso
from revocation.paths import is_own_file
from revocation.wire.s3 import S3, connect
from revocation.wire.s3_conditions import ABSENT, Condition, unchanged
from revocation.wire.s3_object import Got, Kind, Listed
from revocation.wire.s3_trouble import S3TooLarge

_LARGEST: Final = 1 << 30
_LARGEST_STATUS: Final = 8 << 20
"""Octets: at a million certificates it has less than one of these eight."""
_LOG: Final = logging.getLogger("revocast.publisher")
_FOLDERS: Final = ("crl/", "issuer/")
PROBE: Final = ".probe"
"""The object that conditions are tried with."""
_MOST_KNOWN: Final = 4096


class S3Target:
    """CRLs and issuer certificates as objects.

    Raises:
        ConfigurationError: boto3 is not installed or cannot be set up.
    """

    def __init__(self, table: S3Table, kinds: Kinds) -> None:
        self._kinds = kinds
        self._public = connect(table.at(table.url))
        self._private = connect(table.at(table.private_url))
        self._public.believe(self._private)
        self._status_key = f"{table.name}.json"
        self._status: tuple[bytes | None, Condition] | None = None
        self._there: dict[str, Listed] | None = None
        self._got: dict[str, Got] = {}

    def load_status(self) -> bytes | None:
        """What lay there at the beginning of the look, or was saved since."""
        if self._status is None:
            content = io.BytesIO()
            with in_our_words():
                try:
                    found = self._private.get(self._status_key, content, _LARGEST_STATUS)
                    self._status = (content.getvalue(), unchanged(found.etag)) if found else (None, ABSENT)
                except S3TooLarge as other:  # somebody else's, and none that is believed
                    self._status = (b"", unchanged(other.etag))
        return self._status[0]

    def save_status(self, status: bytes) -> None:
        """Put it, unless somebody else did meanwhile."""
        self.load_status()
        assert self._status is not None  # noqa: S101 - just loaded
        found = self._put(self._private, self._status_key, status, STATUS, self._status[1])
        self._status = (status, unchanged(found.etag))

    def digest(self, path: str) -> str | None:
        """SHA-256 of an object; None too where its headers are not those of its kind, so that it is put again."""
        found = self._look_at(path)
        return found.sha256 if found is not None and found.kind == self._kinds.of(path) else None

    def get(self, path: str) -> bytes | None:
        """The content of an object, as it is now."""
        listed = self._listed().get(path)
        if listed is None or listed.size > _LARGEST:
            return None
        content = io.BytesIO()
        with in_our_words():
            found = self._public.get(path, content, _LARGEST)
        return content.getvalue() if found else None

    def put(self, thing: StaticObject) -> None:
        """Put an object in the place of the one that lay there at the beginning, or where none did.

        Raises:
            TargetError: it could not be put or does not read back, or somebody else put one meanwhile.
        """
        listed = self._listed().get(thing.path)
        condition = unchanged(listed.etag) if listed else ABSENT
        kind = self._kinds.of(thing.path)
        found = self._put(self._public, thing.path, thing.data, kind, condition, **{"this-update": iso(thing.modified)})
        self._listed()[thing.path] = Listed(thing.path, len(thing.data), found.etag, "")
        self._got[thing.path] = found

    def paths(self) -> list[str]:
        """The objects whose names are of our own form; those of others are let be."""
        return sorted(path for path in self._listed() if is_own_file(path))

    def remove(self, path: str) -> None:
        """Take an object away; versions of it stay, where the bucket keeps any."""
        with in_our_words():
            self._public.remove(path)
        self._listed().pop(path, None)
        self._got.pop(path, None)

    def _listed(self) -> dict[str, Listed]:
        """What lies there: listed once, then kept up to date with what is put and removed here."""
        if self._there is None:
            with in_our_words():
                self._there = {one.key: one for folder in _FOLDERS for one in self._public.list(folder)}
        return self._there

    def _look_at(self, path: str) -> Got | None:
        """What an object is, read whole unless this process has read that very one before."""
        listed = self._listed().get(path)
        if listed is None or listed.size > _LARGEST:
            return None
        if path not in self._got:
            this_one = (str(self._public), listed)
            with in_our_words():
                found = _KNOWN.get(this_one) or self._public.get(path, None, _LARGEST)
            if found is None:
                return None
            self._got[path] = found
            if found.etag == listed.etag:  # else it took the place of what was listed
                _remember(this_one, found)
        return self._got[path]

    def _put(self, where: S3, key: str, data: bytes, kind: Kind, condition: Condition, **metadata: str) -> Got:
        with in_our_words():
            self._private.probe(PROBE)
            _tell_of_versions(self._public)
            return where.put(key, io.BytesIO(data), kind, condition, **metadata)


@functools.cache
def _tell_of_versions(bucket: S3) -> None:
    """Once in a process, before the first put."""
    if bucket.keeps_versions() is False:
        _LOG.warning(
            "%s: the bucket keeps no versions: what is replaced or deleted there cannot be brought back", bucket
        )


_KNOWN: Final[dict[tuple[str, Listed], Got]] = {}
"""What this process has read, by place and list entry: another object has another entity tag or another time."""


def _remember(this_one: tuple[str, Listed], found: Got) -> None:
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()  # of objects that are long gone, most of them
    _KNOWN[this_one] = found
