"""The OCSPRequest of RFC 6960 section 4.1.1, read strictly: what of a request decides its answer, and nothing more.

A parser of its own, since common ones refuse a request for several certificates, which is valid. It holds no state,
copies only the CertID, and raises nothing but `MalformedRequest`. Requestor names and signatures are checked for their
shape and then ignored: whoever asks gets the same answer.

One deviation from DER is accepted: a version that says v1, which is the default and so has to be left out (X.690
section 11.5). Apple's clients spell it out.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from revocation import der
from revocation.certid import CertID, CertIDHash

_VERSION: Final = 0xA0
_V1: Final = der.integer(0)
_REQUESTOR_NAME: Final = 0xA1
_GENERAL_NAMES: Final = {0xA0, 0x81, 0x82, 0xA3, 0xA4, 0xA5, 0x86, 0x87, 0x88}
_REQUEST_EXTENSIONS: Final = 0xA2
_SINGLE_EXTENSIONS: Final = 0xA0
_SIGNATURE: Final = 0xA0
_CERTIFICATES: Final = 0xA0
_BOOLEAN: Final = 0x01
_TRUE: Final = b"\xff"
_NONCE: Final = der.oid("1.3.6.1.5.5.7.48.1.2")[2:]
_LONGEST_NONCE: Final = 128
_HASHES: Final = {hash_.algorithm_identifier[4:-2]: hash_ for hash_ in CertIDHash}  # by the octets of their OIDs
_SIZES: Final = {hash_: len(hash_.digest(b"")) for hash_ in CertIDHash}


class MalformedRequest(ValueError):
    """The bytes are not a DER OCSPRequest of version 1, or break a rule on what one may hold."""


@dataclass(frozen=True, slots=True)
class OCSPRequest:
    """What decides the answer to a request.

    Attributes:
        cert_id: of the first certificate that is asked for; None where its hash, or the size of what it should have
            hashed, is nothing that a response of ours could repeat.
        unknown_critical: an extension is critical that we do not know, so nothing may be answered.
    """

    cert_id: CertID | None
    unknown_critical: bool


def parse(request: bytes) -> OCSPRequest:
    """The request in `request`, which holds one and nothing after it.

    Raises:
        MalformedRequest: see there.
    """
    try:
        return _request(request)
    except der.DERError as error:
        raise MalformedRequest(str(error)) from error


class _Values:
    """The values of one DER container, taken one after the other."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def more(self) -> bool:
        return self._at < len(self._data)

    def take(self, tag: int) -> memoryview:
        """The content of the next value, which must have `tag`."""
        start, self._at = der.expect(self._data, self._at, tag)
        return self._data[start : self._at]

    def take_if(self, tag: int) -> memoryview | None:
        """The content of the next value if there is one and it has `tag`."""
        return self.take(tag) if self.more() and self._data[self._at] == tag else None

    def take_any(self) -> tuple[int, memoryview]:
        """The tag and the content of the next value, whatever it is."""
        tag, start, self._at = der.read(self._data, self._at)
        return tag, self._data[start : self._at]

    def end(self) -> None:
        """Nothing may be left."""
        if self.more():
            raise MalformedRequest("bytes left over")


def _only(content: memoryview, tag: int) -> memoryview:
    """The content of the one value that `content` consists of."""
    values = _Values(content)
    found = values.take(tag)
    values.end()
    return found


def _request(request: bytes) -> OCSPRequest:
    outer = _Values(_only(memoryview(request), der.SEQUENCE))
    tbs = _Values(outer.take(der.SEQUENCE))
    if (signature := outer.take_if(_SIGNATURE)) is not None:
        _check_signature(_only(signature, der.SEQUENCE))
    outer.end()
    if tbs.take_if(_VERSION) not in (None, _V1):
        raise MalformedRequest("a version other than v1")
    if (name := tbs.take_if(_REQUESTOR_NAME)) is not None:
        requestor = _Values(name)
        if requestor.take_any()[0] not in _GENERAL_NAMES:
            raise MalformedRequest("the requestor's name is not a GeneralName")
        requestor.end()
    cert_id, unknown = _request_list(_Values(tbs.take(der.SEQUENCE)))
    if (extensions := tbs.take_if(_REQUEST_EXTENSIONS)) is not None:
        unknown |= _unknown_critical(_only(extensions, der.SEQUENCE))
    tbs.end()
    return OCSPRequest(cert_id, unknown)


def _request_list(requests: _Values) -> tuple[CertID | None, bool]:
    """The first CertID, and whether any single request has a critical extension that we do not know."""
    if not requests.more():
        raise MalformedRequest("no certificate is asked for")
    first, unknown = _single(requests)
    while requests.more():
        unknown |= _single(requests)[1]
    return first, unknown


def _single(requests: _Values) -> tuple[CertID | None, bool]:
    single = _Values(requests.take(der.SEQUENCE))
    cert_id = _cert_id(_Values(single.take(der.SEQUENCE)))
    extensions = single.take_if(_SINGLE_EXTENSIONS)
    single.end()
    return cert_id, extensions is not None and _unknown_critical(_only(extensions, der.SEQUENCE))


def _cert_id(values: _Values) -> CertID | None:
    hash_ = _hash(_Values(values.take(der.SEQUENCE)))
    name_hash = bytes(values.take(der.OCTET_STRING))
    key_hash = bytes(values.take(der.OCTET_STRING))
    serial = _integer(bytes(values.take(der.INTEGER)))
    values.end()
    if hash_ is None or not len(name_hash) == len(key_hash) == _SIZES[hash_]:
        return None
    return CertID(hash_, name_hash, key_hash, serial)


def _hash(algorithm: _Values) -> CertIDHash | None:
    """The hash, its parameters NULL or absent (RFC 5754 section 2): both are in use."""
    hash_ = _HASHES.get(_oid(algorithm.take(der.OID)))
    tag, parameters = algorithm.take_any() if algorithm.more() else (der.NULL, b"")
    algorithm.end()
    if hash_ and (tag != der.NULL or parameters):
        raise MalformedRequest("SHA-1 and SHA-256 have no parameters")
    return hash_


def _integer(octets: bytes) -> bytes:
    """The octets of an INTEGER if they are minimal (X.690 section 8.3.2)."""
    sign = octets[:2]
    if not octets or (len(octets) > 1 and (b"\x00\x00" <= sign < b"\x00\x80" or sign >= b"\xff\x80")):
        raise MalformedRequest("an INTEGER is not minimal")
    return octets


def _oid(content: memoryview) -> bytes:
    """The octets of an OBJECT IDENTIFIER if they are well formed (X.690 section 8.19.2)."""
    octets = bytes(content)
    padded = any(octet == 0x80 and before < 0x80 for before, octet in pairwise(b"\x00" + octets))
    if not octets or octets[-1] >= 0x80 or padded:
        raise MalformedRequest("an OBJECT IDENTIFIER is not minimal")
    return octets


def _unknown_critical(extensions: memoryview) -> bool:
    """Whether one of the extensions is critical and not known; the nonce is known, and checked."""
    seen: set[bytes] = set()
    unknown = False
    values = _Values(extensions)
    while values.more():
        extension = _Values(values.take(der.SEQUENCE))
        identifier = _oid(extension.take(der.OID))
        critical = extension.take_if(_BOOLEAN)
        value = extension.take(der.OCTET_STRING)
        extension.end()
        if identifier in seen or critical not in (None, _TRUE):
            raise MalformedRequest("an extension is repeated, or its FALSE spelled out")
        seen.add(identifier)
        if identifier == _NONCE:
            _check_nonce(value)
        else:
            unknown |= critical is not None
    if not seen:
        raise MalformedRequest("an empty list of extensions")
    return unknown


def _check_nonce(value: memoryview) -> None:
    """RFC 9654 section 2.1: an OCTET STRING of 1 to 128 octets. Clients older than RFC 6960 put the bare octets."""
    try:
        nonce = _only(value, der.OCTET_STRING)
    except (der.DERError, MalformedRequest):
        nonce = value
    if not 1 <= len(nonce) <= _LONGEST_NONCE:
        raise MalformedRequest("a nonce has 1 to 128 octets")


def _check_signature(signature: memoryview) -> None:
    values = _Values(signature)
    values.take(der.SEQUENCE)
    values.take(der.BIT_STRING)
    if (certificates := values.take_if(_CERTIFICATES)) is not None:
        _only(certificates, der.SEQUENCE)
    values.end()
