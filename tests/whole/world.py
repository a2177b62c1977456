"""The whole system in one process, with the same messages, reconcile, signer, gate and responder; time is given.

Only the clock and the queue are replaced: by an argument, and by a call.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from jobs.reconcile import looks
from publisher.config import PublisherConfig
from publisher.publish import publish
from publisher.status import read_statuses
from responder.app import create_app
from responder.lmdbsource import LMDBSource
from revocation.clock import fixed
from revocation.config import PublicConfig
from revocation.messages import Outcome, compose
from revocation.published import TargetStatus
from signer.handle import handle
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate

HASHES = (SHA256, SHA1)


@dataclass(frozen=True)
class Answer:
    """What OCSP says: GOOD, REVOKED, or the name of an error."""

    status: str
    this_update: datetime | None = None
    next_update: datetime | None = None
    responder: str = ""


class World:
    """An installation and its time."""

    def __init__(self, estate: Estate, now: datetime = NOW) -> None:
        self.estate = estate
        self.now = now
        self.signer = estate.signer(now)
        self.public = PublicConfig.read(estate.file)
        self.publisher = PublisherConfig.read(estate.file)
        self.issuer = next(iter(self.public.profiles.values())).issuer
        self._source = LMDBSource(estate.folder / "store")
        self._http = create_app(self._source, files=self.root, now=lambda: self.now).test_client()

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store: LMDB is opened once per process."""
        self._source.close()

    @property
    def root(self) -> Path:
        """What is served."""
        return self.estate.folder / "public/www"

    def tick(self) -> None:
        """What a schedule does: tell the signer what is published, then publish what it made."""
        for verb, body in looks(self.statuses()).items():
            reply = handle(self.signer, compose(verb, body, self.now), fixed(self.now))
            assert reply.outcome is Outcome.DONE, reply.detail
        self.publish()

    def look(self) -> None:
        """What the signer does by itself."""
        assert look(self.signer, fixed(self.now)).problems == []

    def publish(self) -> list[TargetStatus]:
        """One look of the publisher. LMDB is opened once per process, so the responder lets go of it before."""
        self._source.close()
        return publish(self.publisher, self.public, lambda: self.now)

    def statuses(self) -> list[TargetStatus]:
        """What the targets say of themselves."""
        self._source.close()
        return read_statuses(self.publisher, self.public, self.now)

    def revoke(self, serial: int, reason: str = "keyCompromise") -> int:
        """Revoke as the operator; the revision that has it."""
        reply = handle(self.signer, self.estate.revoke(serial, reason, self.now), fixed(self.now))
        assert reply.outcome is Outcome.DONE, reply.detail
        return reply.revision or 0

    def ocsp(self, serial: int, hash_: type[SHA1 | SHA256] = SHA256, *, direct: bool | None = None) -> Answer:
        """Ask the responder, as a client would, and check that the answer may be relied on now.

        Args:
            direct: whether the CA key itself is to have signed it; by default as it is configured.
        """
        direct = next(iter(self.public.profiles.values())).ocsp.direct if direct is None else direct
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            hashlib.new(hash_.name, self.issuer.subject).digest(),
            hashlib.new(hash_.name, self.issuer.key_octets).digest(),
            serial,
            hash_(),
        )
        request = builder.build().public_bytes(Encoding.DER)
        reply = self._http.post("/ocsp/", data=request, content_type="application/ocsp-request")
        assert reply.status_code == 200
        response = ocsp.load_der_ocsp_response(reply.data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Answer(response.response_status.name)
        (said,) = [single for single in response.responses if isinstance(single.hash_algorithm, hash_)]
        assert said.next_update_utc
        assert said.this_update_utc <= self.now < said.next_update_utc, "an expired response was served"
        for signer in response.certificates or self.issuer.certificates[:1]:
            assert signer.not_valid_before_utc <= self.now <= signer.not_valid_after_utc, "its signer has expired"
        assert len(response.certificates) == (0 if direct else 1)
        assert said.serial_number == serial
        return Answer(
            said.certificate_status.name,
            said.this_update_utc,
            said.next_update_utc,
            f"{signer.serial_number:X}",
        )

    def crl(self) -> x509.CertificateRevocationList | None:
        """The CRL that is served, checked to be in its window."""
        reply = self._http.get(f"/crl/{self.issuer.id}/all.crl", buffered=True)
        if reply.status_code == 404:
            return None
        assert reply.status_code == 200
        crl = x509.load_der_x509_crl(reply.data)
        assert crl.is_signature_valid(self.issuer.certificates[0].public_key())  # type: ignore[arg-type]
        assert crl.next_update_utc
        assert crl.last_update_utc <= self.now < crl.next_update_utc, "an expired CRL was served"
        return crl

    def crl_serials(self) -> set[int]:
        """The serials on the CRL that is served."""
        crl = self.crl()
        assert crl is not None
        return {entry.serial_number for entry in crl}


@dataclass
class Watch:
    """A relying party that never forgets: what it saw must not go backwards."""

    crl_number: int = 0
    revoked: set[int] = field(default_factory=set)

    def look(self, world: World, serials: set[int]) -> dict[int, list[Answer]]:
        """See everything that is served now, and compare; the answers by either hash."""
        crl = world.crl()
        if crl is not None:
            number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
            assert number >= self.crl_number, "the CRL number went backwards"
            self.crl_number = number
        else:
            assert self.crl_number == 0, "a CRL that was served is gone"
        answers = {serial: [world.ocsp(serial, hash_) for hash_ in HASHES] for serial in serials}
        for serial, found in answers.items():
            said = {answer.status for answer in found}
            assert serial not in self.revoked or "GOOD" not in said, f"revoked certificate {serial} turned good again"
            if "REVOKED" in said:
                self.revoked.add(serial)
        return answers
