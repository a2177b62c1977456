"""An OCSP response that is right by default, put together byte by byte: cryptography's builder sets no producedAt.

It shares no code with the signer's encoder but the DER of tags and lengths.
"""

import hashlib
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation import der, serials
from revocation.certid import CertID, CertIDHash
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.ca import CA, Responder

DAY = timedelta(days=1)

_ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))


def response(
    ca: CA,
    responder: Responder,
    serial: int,
    revocation: Revocation | None = None,
    *,
    hashes: tuple[CertIDHash, ...] = (CertIDHash.SHA256,),
    this_update: datetime = NOW,
    lifetime: timedelta | None = DAY,
    produced_at: datetime | None = None,
    about: CA | None = None,
    status: bytes | None = None,
    responder_id: bytes | None = None,
    certificates: list[bytes] | None = None,
    extensions: bytes = b"",
    outer_status: int = 0,
    also: list[bytes] | None = None,
) -> bytes:
    """The DER of an OCSPResponse that carries one SingleResponse per hash.

    Args:
        about: whose CertID it carries, if not `ca`'s.
        status: the DER of a CertStatus.
        responder_id: the DER of a ResponderID.
        certificates: what is embedded instead of the responder's certificate.
        extensions: the DER of responseExtensions, with its tag.
        also: further SingleResponses, see `single`.
    """
    singles = [
        single(about or ca, serial, hash_, revocation, this_update=this_update, lifetime=lifetime, status=status)
        for hash_ in hashes
    ]
    tbs = der.sequence(
        responder_id or by_key(responder),
        der.generalized_time(produced_at or this_update),
        der.sequence(*singles, *(also or [])),
        extensions,
    )
    embedded = [responder.certificate.public_bytes(Encoding.DER)] if certificates is None else certificates
    basic = der.sequence(
        tbs,
        _ECDSA_SHA256,
        der.tlv(der.BIT_STRING, b"\x00", responder.key.sign(tbs, ec.ECDSA(SHA256()))),
        der.explicit(0, der.sequence(*embedded)) if embedded else b"",
    )
    body = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.tlv(der.OCTET_STRING, basic))
    return der.sequence(der.tlv(der.ENUMERATED, bytes((outer_status,))), der.explicit(0, body))


def both(
    ca: CA, responder: Responder, serial: int, revocation: Revocation | None = None, **perturbed: object
) -> list[bytes]:
    """A response for each hash, as the signer makes them."""
    return [response(ca, responder, serial, revocation, hashes=(hash_,), **perturbed) for hash_ in CertIDHash]  # type: ignore[arg-type]


def by_key(responder: Responder) -> bytes:
    """ResponderID, byKey."""
    info = responder.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.sha1(der.public_key_octets(info)).digest()
    return der.explicit(2, der.tlv(der.OCTET_STRING, digest))


def by_name(responder: Responder) -> bytes:
    """ResponderID, byName."""
    return der.explicit(1, responder.certificate.subject.public_bytes())


def single(
    ca: CA,
    serial: int,
    hash_: CertIDHash,
    revocation: Revocation | None = None,
    *,
    this_update: datetime = NOW,
    lifetime: timedelta | None = DAY,
    status: bytes | None = None,
) -> bytes:
    """The DER of a SingleResponse."""
    certid = CertID.of(ca.issuer, serials.from_int(serial), hash_)
    ends = der.explicit(0, der.generalized_time(this_update + lifetime)) if lifetime else b""
    return der.sequence(certid.encode(), status or _status(revocation), der.generalized_time(this_update), ends)


def _status(revocation: Revocation | None) -> bytes:
    if revocation is None:
        return der.tlv(0x80)
    reason = revocation.reason
    coded = b"" if reason is Reason.unspecified else der.explicit(0, der.tlv(der.ENUMERATED, bytes((reason,))))
    return der.tlv(0xA1, der.generalized_time(revocation.revoked_at), coded)
