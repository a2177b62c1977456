"""A store as a publisher leaves it: responses made by cryptography's builder, and the writing of them into LMDB."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import lmdb
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.clock import epoch
from revocation.store import (
    FILLED,
    ISSUERS_DATABASE,
    RESPONSES_DATABASE,
    STATUS_DATABASE,
    StoredResponse,
    issuer_key,
    response_key,
)
from tests.authority import NOW, Authority

GOOD, REVOKED, EXPIRED, LATE, UNKNOWN = 0x1001, 0x1002, 0x1003, 0x1004, 0x7777
_ALGORITHMS = {CertIDHash.SHA1: SHA1(), CertIDHash.SHA256: SHA256()}
_DAY = timedelta(days=1)
DATABASES = (ISSUERS_DATABASE, RESPONSES_DATABASE, STATUS_DATABASE)
Entry = tuple[bytes, bytes, bytes]


class Filling:
    """An issuer with a delegated responder, and what it says of certificates."""

    def __init__(self, authority: Authority | None = None) -> None:
        self.authority = authority or Authority()
        self.issuer = self.authority.issuer()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._responder = _delegate(self.authority, self._key)

    def cert_id(self, serial: int, hash_: CertIDHash = CertIDHash.SHA256) -> CertID:
        """How a client asks for a certificate."""
        return CertID.of(self.issuer, serials.from_int(serial), hash_)

    def response(
        self,
        serial: int,
        hash_: CertIDHash = CertIDHash.SHA256,
        *,
        this_update: datetime = NOW,
        fresh: timedelta = _DAY / 2,
        lives: timedelta = _DAY,
        revoked: bool = False,
    ) -> StoredResponse:
        """A signed response."""
        asked = self.cert_id(serial, hash_)
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            asked.issuer_name_hash,
            asked.issuer_key_hash,
            serial,
            _ALGORITHMS[hash_],
            ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update,
            this_update + lives,
            this_update - _DAY if revoked else None,
            x509.ReasonFlags.key_compromise if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self._responder).certificates([self._responder])
        encoded = builder.sign(self._key, SHA256()).public_bytes(Encoding.DER)
        return StoredResponse(epoch(this_update), epoch(this_update + lives), epoch(this_update + fresh), encoded)

    def entries(self, serial: int, octet: bytes | None = None, **response: object) -> list[Entry]:
        """What a store holds of a certificate: a response for each hash; under `octet` where that is given."""
        return [
            (
                RESPONSES_DATABASE,
                response_key(self.issuer.octets, octet or hash_.octet, serials.from_int(serial)),
                self.response(serial, hash_, **response).encode(),
            )
            for hash_ in CertIDHash
        ]

    def issuer_entries(self) -> list[Entry]:
        """What a store knows the issuer by."""
        ids = [self.cert_id(0, hash_) for hash_ in CertIDHash]
        return [
            (ISSUERS_DATABASE, issuer_key(i.hash, i.issuer_name_hash, i.issuer_key_hash), self.issuer.octets)
            for i in ids
        ]

    def shelf(self) -> list[Entry]:
        """One certificate of each kind: good, revoked, with an expired response, and with one that is due again."""
        return [
            *self.issuer_entries(),
            *self.entries(GOOD),
            *self.entries(REVOKED, revoked=True),
            *self.entries(EXPIRED, this_update=NOW - 2 * _DAY),
            *self.entries(LATE, this_update=NOW - 0.75 * _DAY),
        ]


def write(store: Path, entries: Iterable[Entry], map_size: int = 1 << 24) -> None:
    """Put entries into the store, and that it is filled, as a process that ends afterwards."""
    store.mkdir(parents=True, exist_ok=True)
    with lmdb.open(str(store), map_size=map_size, max_dbs=4) as environment:
        databases = {name: environment.open_db(name) for name in DATABASES}
        with environment.begin(write=True) as transaction:
            for database, key, value in entries:
                transaction.put(key, value, db=databases[database])
            transaction.put(FILLED, b"1", db=databases[STATUS_DATABASE])


def _delegate(authority: Authority, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test OCSP Responder")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(authority.certificate.not_valid_before_utc)
        .not_valid_after(authority.certificate.not_valid_after_utc)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .sign(authority.key, SHA256())
    )
