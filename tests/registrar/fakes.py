"""What stands in for others in tests of the ACME server, each named so: a fake CA, an instant validator, memory."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.acme.validated import record_invalid, record_valid, to_validate
from registrar.database import Database
from registrar.issuance import CertificateRequest, Issued, Processing
from registrar.problem import Problem, ProblemType
from registrar.published_status import Published
from registrar.tenant import Tenant
from revocation.issuer import Issuer
from revocation.status import Reason
from tests.authority import Authority


class Clock:
    """A clock that goes when it is told."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class MemoryNonces:
    """Nonces in a set in place of the queue server."""

    def __init__(self) -> None:
        self._given: set[tuple[str, str]] = set()

    def new(self, issuer: str) -> str:
        nonce = secrets.token_urlsafe(16)
        self._given.add((issuer, nonce))
        return nonce

    def exchange(self, issuer: str, nonce: str) -> tuple[bool, str]:
        is_good = (issuer, nonce) in self._given
        self._given.discard((issuer, nonce))
        return is_good, self.new(issuer)

    def ping(self) -> None:
        pass


@dataclass
class InstantValidator:
    """Validates nothing: says at once what the test wants to hear of each challenge, or leaves it waiting."""

    database: Database
    clock: Callable[[], datetime]
    problem: Problem | None = None
    waits: bool = False
    asked: list[str] = field(default_factory=list)

    def ask(self, challenge_id: str) -> None:
        self.asked.append(challenge_id)
        if self.waits or to_validate(self.database, challenge_id, self.clock()) is None:
            return
        if self.problem:
            record_invalid(self.database, challenge_id, self.problem, self.clock())
        else:
            record_valid(self.database, challenge_id, self.clock())


@dataclass
class FakeCA:
    """Signs in place of the signer whatever it is asked, once for each message id."""

    authority: Authority
    clock: Callable[[], datetime]
    refusal: Problem | None = None
    silent: bool = False
    forged: bytes | None = None
    issued: dict[str, bytes] = field(default_factory=dict)
    asked: list[CertificateRequest] = field(default_factory=list)
    asked_of: list[str] = field(default_factory=list)
    revoked: list[tuple[str, Reason, str]] = field(default_factory=list)
    revoked_of: list[str] = field(default_factory=list)
    extensions: list[x509.ExtensionType] = field(default_factory=list)

    def issue(self, tenant: Tenant, wanted: CertificateRequest, seconds: float) -> Issued | Processing:
        self.asked.append(wanted)
        self.asked_of.append(tenant.issuer.id)
        if self.refusal:
            raise self.refusal
        if self.silent:
            return Processing()
        if wanted.id not in self.issued:
            self.issued[wanted.id] = self._sign(wanted)
        return Issued(self.forged or self.issued[wanted.id])

    def revoke(self, tenant: Tenant, ca: str, serial: str, reason: Reason, asked_by: str) -> int | None:
        if self.refusal:
            raise self.refusal
        if any(serial == one for one, _, _ in self.revoked):
            raise Problem(ProblemType.ALREADY_REVOKED, "this certificate is revoked already")
        self.revoked.append((serial, reason, asked_by))
        self.revoked_of.append(ca)
        return len(self.revoked)

    def _sign(self, wanted: CertificateRequest) -> bytes:
        names = [
            x509.DNSName(value) if kind == "dns" else x509.IPAddress(ip_address(value))
            for kind, _, value in (name.partition(":") for name in wanted.names)
        ]
        begin = wanted.not_before or self.clock()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.authority.certificate.subject)
            .public_key(x509.load_der_x509_csr(wanted.csr).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(wanted.not_after or begin + timedelta(days=90))
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.key.public_key()), critical=False
            )
        )
        for extension in self.extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.authority.key, self.authority.digest).public_bytes(Encoding.DER)


@dataclass
class FakeStatuses:
    """Says what the test wants of each certificate, in place of an OCSP responder."""

    found: Published | None = None
    asked: int = 0

    def published(self, issuer: Issuer, serial: int, *, fresh: bool = False) -> Published | None:
        self.asked += 1
        return self.found
