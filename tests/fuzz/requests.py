"""Whatever is posted or stands in a path gets a valid OCSPResponse of a known status, and the right one.

By POST, the application with its hot path and without say the same, octet by octet. What is answered with a stored
response asked for that certificate, as our strict parser and, where it reads the request, cryptography's see it.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from responder.app import LONGEST_REQUEST
from responder.getpath import readings
from responder.lmdbsource import LMDBSource
from responder.ocsprequest import MalformedRequest, OCSPRequest, parse
from revocation import serials
from revocation.certid import CertID, CertIDHash
from tests.authority import Authority
from tests.responder.asking import REQUESTOR, SIGNATURE, extension, extensions, nonce, path, request, single
from tests.responder.both import Both
from tests.responder.conftest import Clock
from tests.responder.filling import EXPIRED, GOOD, LATE, REVOKED, UNKNOWN, Filling, write

_STATUSES: Final = ocsp.OCSPResponseStatus
_KNOWN: Final = (_STATUSES.SUCCESSFUL, _STATUSES.MALFORMED_REQUEST, _STATUSES.TRY_LATER, _STATUSES.UNAUTHORIZED)
_KEY: Final = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())  # the same in each run: what is found can be asked again


class Asked:
    """The application over a store with one certificate of each kind.

    Args:
        read: the parser that the answers are held against.
    """

    def __init__(self, read: Callable[[bytes], OCSPRequest] = parse) -> None:
        self.filling = Filling(Authority(key=_KEY))
        store = Path(mkdtemp(prefix="revocast-fuzz-")) / "store"
        write(store, self.filling.shelf())
        self.both = Both(LMDBSource(store), Clock())
        self._read = read

    def post(self, octets: bytes) -> None:
        """The octets as the body of a POST; then what lies in the CertID of a request, which is none itself."""
        self._post(octets)
        if (found := self._parsed(octets)) and found.cert_id:
            self._post(found.cert_id.encode()[2:])

    def _post(self, octets: bytes) -> None:
        status, headers, body = self.both.same(octets)
        if len(octets) > LONGEST_REQUEST:
            assert (status, _status(body)) == ("413 REQUEST ENTITY TOO LARGE", _STATUSES.MALFORMED_REQUEST)
        else:
            self._judge(status, dict(headers), body, [octets])

    def get(self, octets: bytes) -> None:
        """The octets as what is behind `/ocsp/` in the path of a GET, unescaped once as a server hands it on."""
        wanted = octets.decode("latin-1")
        status, headers, body = self.both.same(b"", REQUEST_METHOD="GET", PATH_INFO=f"/pki/ocsp/{wanted}")
        self._judge(status, dict(headers), body, readings(octets.decode("utf-8", "replace"), LONGEST_REQUEST))

    def seeds(self) -> Iterator[bytes]:
        """Requests as clients send them, in DER."""
        for serial, hash_ in product((GOOD, REVOKED, EXPIRED, LATE, UNKNOWN), CertIDHash):
            asked = self.filling.cert_id(serial, hash_)
            yield request(asked)
            yield request(asked, extensions=nonce(32))
        asked, other = self.filling.cert_id(GOOD), self.filling.cert_id(REVOKED, CertIDHash.SHA1)
        yield request(asked, extensions=extensions(extension(critical=True)))
        yield request(asked, other)
        yield request(single(asked), before=REQUESTOR, signature=SIGNATURE)

    def seeds_of_paths(self) -> Iterator[bytes]:
        """The same as they stand in paths."""
        for seed in self.seeds():
            yield path(seed, escape=False).encode()
            yield path(seed).encode()
            yield path(seed, escape=False).rstrip("=").replace("+", " ").replace("//", "/").encode()

    def _judge(self, status: str, headers: dict[str, str], body: bytes, asked: list[bytes]) -> None:
        assert (status, headers["Content-Type"]) == ("200 OK", "application/ocsp-response")
        assert headers["Content-Length"] == str(len(body))
        said = _status(body)
        assert said in _KNOWN
        read = [(one, found) for one in asked if (found := self._parsed(one)) is not None]
        assert (said is _STATUSES.MALFORMED_REQUEST) == (not read)
        if said is _STATUSES.SUCCESSFUL:
            answered = _answered(body)
            assert answered in [found.cert_id for _, found in read if not found.unknown_critical]
            assert any(_theirs(one) in (None, answered) for one, found in read if found.cert_id == answered)
        else:
            assert headers["Cache-Control"] == "no-store"

    def _parsed(self, octets: bytes) -> OCSPRequest | None:
        try:
            return self._read(octets)
        except MalformedRequest:
            return None


def _status(body: bytes) -> ocsp.OCSPResponseStatus:
    return ocsp.load_der_ocsp_response(body).response_status


def _answered(body: bytes) -> CertID:
    return _cert_id(next(iter(ocsp.load_der_ocsp_response(body).responses)))


def _theirs(octets: bytes) -> CertID | None:
    """What cryptography reads; None where it reads only requests of other kinds, as for several certificates."""
    try:
        return _cert_id(ocsp.load_der_ocsp_request(octets))
    except (NotImplementedError, UnsupportedAlgorithm, ValueError):
        return None


def _cert_id(said: ocsp.OCSPRequest | ocsp.OCSPSingleResponse) -> CertID:
    hash_ = CertIDHash(said.hash_algorithm.name)
    return CertID(hash_, said.issuer_name_hash, said.issuer_key_hash, serials.from_int(said.serial_number))


@cache
def asked() -> Asked:
    """The one of this process."""
    return Asked()
