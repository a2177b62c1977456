"""No response passes the gate that the issuer's delegate did not sign, and what passes says what was understood.

The first octet of what is tried says who signs it: nobody anew (0), the delegate or the CA, whichever the response
names (1), or a stranger (2). The rest is a response. It is put before the gate behind a right one, so that what was
learned from that is tried too. Nothing but the gate's refusal is raised.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from itertools import chain, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from publisher.answers import answers_of
from publisher.gate import Checks
from publisher.verified import Verified
from publisher.verify_ocsp import VerifiedResponse, parts, peek
from publisher.verifying import Verifying
from revocation import der
from revocation.bundle.reader import split_responses
from revocation.certid import CertIDHash
from revocation.config import IssuerProfile, PublicConfig
from revocation.errors import GateError
from revocation.status import Reason, Revocation
from revocation.store import StoredResponse
from tests.authority import NOW, Authority
from tests.building.ca import CA, Responder
from tests.building.ocsp import response
from tests.fuzz import dertree
from tests.publisher.test_archive_cutoff import CUTOFF, answering, at

_BOTH: Final = (CertIDHash.SHA256, CertIDHash.SHA1)
AS_IT_IS, BY_DELEGATE, BY_STRANGER = range(3)


class Signed:
    """A gate for an issuer whose keys are the same in each run, so that what was found can be tried again."""

    def __init__(self) -> None:
        key, delegate, self._stranger = (ec.derive_private_key(n, ec.SECP256R1()) for n in (0xCA, 0xDE1E, 0x57))
        self.ca = CA(Authority(key=key))
        self.responder = Responder(delegate, _delegate(self.ca, delegate))
        archive: dict[str, object] = {"archive_cutoff": NOW - CUTOFF}
        forms: tuple[dict[str, object], ...] = ({}, {"one_signature": True}, {"signed_by": "issuer"}, archive)
        self._profiles = [_profile(self.ca, form) for form in forms]
        self.originals = [data for form in self._forms() for data in form]
        self._signed = {_signed_octets(data) for data in self.originals}
        self._first = [form[0] for form in self._forms()]

    def _forms(self) -> list[list[bytes]]:
        said = (None, Revocation(NOW - timedelta(days=1)), Revocation(NOW - timedelta(days=1), Reason.certificateHold))
        each = [
            response(self.ca, self.responder, 0x4105 + n, one, hashes=(hash_,))
            for n, (one, hash_) in enumerate(product(said, _BOTH))
        ]
        both = [response(self.ca, self.responder, 0x5105 + n, one, hashes=_BOTH) for n, one in enumerate(said)]
        assert isinstance(self.ca.authority.key, ec.EllipticCurvePrivateKey)
        ca = Responder(self.ca.authority.key, self.ca.authority.certificate)
        direct = [response(self.ca, ca, 0x6105 + n, one, certificates=[]) for n, one in enumerate(said)]
        return [each, both, direct, [answering(self.ca, self.responder, at(CUTOFF))]]

    def seeds(self) -> Iterator[bytes]:
        """Right ones, as they are and to be signed by others."""
        for signer, data in product((AS_IT_IS, BY_DELEGATE, BY_STRANGER), self.originals):
            yield bytes((signer,)) + data

    def try_(self, octets: bytes) -> None:
        """One response before the gate of either form, see above."""
        signer, data = octets[0] % 3 if octets else AS_IT_IS, octets[1:]
        if signer != AS_IT_IS:
            data = self._sign(data, stranger=signer == BY_STRANGER)
        with suppress(GateError):
            peek(data)
        with suppress(der.DERError):
            assert b"".join(split_responses(data)) == data
        for profile, first in zip(self._profiles, self._first, strict=True):
            try:
                _, passed = chain.from_iterable(Checks(profile, NOW, Verifying())([first, data]))
            except GateError:
                continue
            self._judge(passed, data, profile, signer)

    def _judge(self, passed: VerifiedResponse, data: bytes, profile: IssuerProfile, signer: int) -> None:
        assert signer != BY_STRANGER
        assert passed.der == data
        assert signer == BY_DELEGATE or _signed_octets(data) in self._signed
        assert (passed.hashes in profile.ocsp.accepted, passed.direct) == (True, profile.ocsp.direct)
        assert _read_by_others(data) == [
            (
                hash_.value,
                passed.serial,
                passed.revocation,
                passed.this_update,
                passed.next_update,
                passed.archive_cutoff,
            )
            for hash_ in passed.hashes
        ]
        assert passed.this_update <= NOW < passed.next_update
        (answer,) = answers_of(profile)(Verified.alone(passed))
        assert StoredResponse.decode(answer.value).der == data

    def _sign(self, data: bytes, *, stranger: bool) -> bytes:
        """The same, signed anew if it can be: by the CA where nothing is embedded."""
        try:
            tbs, signature, embedded, _ = parts(data)
        except (der.DERError, GateError, ValueError):
            return data
        key = self._stranger if stranger else self.responder.key if embedded else self.ca.authority.key
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        anew = key.sign(bytes(tbs), ec.ECDSA(SHA256(), deterministic_signing=True))
        roots = dertree.parse(data)
        for node in (node for root in roots for node in root.walk()):
            if node.tag == der.BIT_STRING and node.content == b"\x00" + signature:
                node.content = b"\x00" + anew
        return b"".join(root.encode() for root in roots)


def _signed_octets(data: bytes) -> tuple[bytes, bytes]:
    """What the delegate and the CA signed."""
    tbs, _, embedded, _ = parts(data)
    return bytes(tbs), x509.load_der_x509_certificate(embedded).tbs_certificate_bytes if embedded else b""


def _read_by_others(data: bytes) -> list[tuple[str, bytes, Revocation | None, datetime, datetime, datetime | None]]:
    """Hash, serial, status, window and archive cutoff of each SingleResponse, as asn1crypto reads them."""
    singles = asn1.OCSPResponse.load(data, strict=True).response_data["responses"]
    return [
        (
            single["cert_id"]["hash_algorithm"]["algorithm"].native,
            single["cert_id"]["serial_number"].contents,
            _revocation(single["cert_status"]),
            single["this_update"].native,
            single["next_update"].native,
            single.archive_cutoff_value and single.archive_cutoff_value.native,
        )
        for single in singles
    ]


def _revocation(status: asn1.CertStatus) -> Revocation | None:
    if status.name == "good":
        return None
    assert status.name == "revoked"
    reason = status.chosen["revocation_reason"]
    number = int.from_bytes(reason.contents, "big") if reason.native else 0
    return Revocation(status.chosen["revocation_time"].native, Reason(number))


def _profile(ca: CA, form: dict[str, object]) -> IssuerProfile:
    with TemporaryDirectory() as folder:
        issuers = [{"name": ca.name, "certificates": [ca.write(Path(folder))]}]
        public = PublicConfig.model_validate({"base_url": "http://pki.example", "issuers": issuers, "ocsp": form})
        return public.profiles[ca.issuer.id]


def _delegate(ca: CA, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A responder certificate with the same octets in each run."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Fuzzed responder")]))
        .issuer_name(ca.authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=7))
        .add_extension(x509.KeyUsage(True, *[False] * 8), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
    )
    return builder.sign(ca.authority.key, SHA256(), ecdsa_deterministic=True)


@cache
def signed() -> Signed:
    """The one of this process."""
    return Signed()
