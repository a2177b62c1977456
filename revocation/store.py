"""The format in which a publisher writes OCSP responses into a store (LMDB, Redis) and a responder reads them.

Key of a response: issuer id (4 octets), hash id (1 octet, 0 where one response answers both), the place of the serial
(`serials.spread`, 2 octets), the serial's octets. So what a slice renews lies together, in few pages.
Value: version (1 octet), thisUpdate, nextUpdate, fresh_until (8 octets each, big-endian seconds since 1970), the DER.
Key of an issuer: hash id, issuerNameHash, issuerKeyHash; its value is the issuer id.
In LMDB the two are databases of one environment, named below; the target's status lies in a third, and there the word
that the store is filled: all that lies in the exchange was put into it. Its file is never shorter than its last page
says.
In Redis the three are hashes under the same names, behind a prefix. Beside them lies the version: octets that no two
states share, changed in the transaction that changes one of the first two. There is none while a store is being filled.
And the sample: a hash whose fields are keys of some responses of each issuer and hash.
"""

import struct
from pathlib import Path
from typing import Any, Final, NamedTuple

from revocation.certid import CertIDHash
from revocation.serials import spread

_HEADER: Final = struct.Struct(">BQQQ")
_VERSION: Final = 1
RESPONSES_DATABASE: Final = b"responses.2"
ISSUERS_DATABASE: Final = b"issuers"
STATUS_DATABASE: Final = b"status.2"
FILLED: Final = b"filled"
VERSION: Final = b"version.2"
SAMPLE: Final = b"sample.2"
OLD_NAMES: Final = (b"version", b"status", b"responses", b"sample")
"""Of the layout of keys before this one. A publisher drops them when it opens a store, and fills it anew.

First the two of which one says that the store is filled: who still reads it says tryLater then, of whatever is gone.
"""

NEXT_UPDATE: Final = slice(9, 17)
"""Where nextUpdate stands in a value of this version, as `in_octets` has it: there it compares like a number."""

BOTH_HASHES: Final = b"\x00"
_FORM: Final = 4 + 1
_BEFORE_SERIAL: Final = _FORM + 2


class StoreFormatError(ValueError):
    """A stored value is not of the format that this version reads."""


def header(this_update: int, next_update: int, fresh_until: int) -> bytes:
    """What stands before the DER in a store's value: the same for all responses of a batch."""
    return _HEADER.pack(_VERSION, this_update, next_update, fresh_until)


class StoredResponse(NamedTuple):
    """A pre-signed response with the times that decide whether and how long it may be handed out (epoch seconds)."""

    this_update: int
    next_update: int
    fresh_until: int
    der: bytes

    def encode(self) -> bytes:
        """The store's value."""
        return header(self.this_update, self.next_update, self.fresh_until) + self.der

    @classmethod
    def decode(cls, value: bytes) -> "StoredResponse":
        """What a store's value says.

        Raises:
            StoreFormatError: too short, or of another version.
        """
        if len(value) <= _HEADER.size or value[0] != _VERSION:
            raise StoreFormatError("not a stored response of version 1")
        _, this_update, next_update, fresh_until = _HEADER.unpack_from(value)
        return cls(this_update, next_update, fresh_until, der_in(value))


def in_octets(seconds: int) -> bytes:
    """A time as a value has it; nothing is before 1970."""
    return max(seconds, 0).to_bytes(8, "big")


def next_update_in(value: bytes) -> int | None:
    """nextUpdate of a store's value, not decoded for it; None where `StoredResponse.decode` would refuse it."""
    if len(value) <= _HEADER.size or value[0] != _VERSION:
        return None
    next_update: int = _HEADER.unpack_from(value)[2]
    return next_update


def der_in(value: bytes) -> bytes:
    """The DER in a store's value."""
    return value[_HEADER.size :]


def response_key(issuer_octets: bytes, hash_octet: bytes, serial: bytes) -> bytes:
    """The key of a response."""
    return form(issuer_octets, hash_octet) + placed(serial)


def form(issuer_octets: bytes, hash_octet: bytes) -> bytes:
    """How the keys of all responses of an issuer begin that answer a hash."""
    return issuer_octets + hash_octet


def placed(serial: bytes) -> bytes:
    """How a key ends."""
    return spread(serial) + serial


def in_form(key: bytes, other: bytes) -> bytes:
    """The key of a response in another form for the same certificate."""
    return other + key[_FORM:]


def serial_in(key: bytes) -> bytes:
    """The serial's octets in the key of a response."""
    return key[_BEFORE_SERIAL:]


def issuer_key(hash_: CertIDHash, name_hash: bytes, key_hash: bytes) -> bytes:
    """The key under which a store knows an issuer by the hashes of a CertID."""
    return hash_.octet + name_hash + key_hash


def file_size(environment: Any) -> int:
    """The octets that an LMDB environment has up to its last page. A publisher makes its file no shorter.

    Reads the header alone. LMDB itself leaves a page out that is free again when it would be the file's last.
    """
    pages: int = environment.info()["last_pgno"] + 1
    octets: int = environment.stat()["psize"]
    return pages * octets


def require_whole(environment: Any, data: Path) -> None:
    """Look whether the file of an LMDB environment was cut: touching what is gone would kill the process (SIGBUS).

    Args:
        data: its `data.mdb`.

    Raises:
        OSError: it was, or cannot be looked at.
    """
    whole = file_size(environment)
    if data.stat().st_size < whole:
        raise OSError(f"data.mdb was cut: it has fewer than its {whole} octets")
