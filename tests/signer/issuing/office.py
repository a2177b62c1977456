"""An installation whose issuer certifies what is asked for in messages, valid by default, and who asks."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.clock import fixed
from revocation.messages import Issue, Message, Outcome, Reply, Verb
from signer.issuing.issue import issue_together
from signer.issuing.names import parse_name
from signer.signer import Signer
from tests.authority import NOW, Authority
from tests.estate import Estate

NAMES = """
[signer.issuers.issuance.names]
dns = ["example.com"]
wildcards = true
ip = ["8.8.8.0/24", "192.168.0.0/16"]
email = ["example.com"]
uri = ["spiffe://example.com/", "https://example.com/"]
"""
PROFILES = """
[signer.issuers.issuance.profiles.server]
validity = "90d"
longest = "200d"
[signer.issuers.issuance.profiles.client]
[signer.issuers.issuance.profiles.server_client]
[signer.issuers.issuance.profiles.email]
[signer.issuers.issuance.profiles.code_signing]
subject = "O=Example, C=EE"
[signer.issuers.issuance.profiles.ocsp]
validity = "7d"
[signer.issuers.issuance.profiles.intermediate]
validity = "365d"
usages = ["serverAuth"]
[signer.issuers.issuance.profiles.short]
kind = "server"
validity = "6d"
no_rev_avail = "6d"
"""
BR_PROFILES = """
[signer.issuers.issuance.profiles.server]
validity = "90d"
longest = "398d"
[signer.issuers.issuance.profiles.server_client]
[signer.issuers.issuance.profiles.ocsp]
validity = "7d"
[signer.issuers.issuance.profiles.intermediate]
validity = "365d"
"""
SubjectKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass
class Office:
    """The installation and its signer."""

    estate: Estate
    signer: Signer

    @classmethod
    def build(
        cls,
        folder: Path,
        *,
        authority: Authority | None = None,
        public: str = "",
        signer: str = "",
        issuance: str = NAMES + PROFILES,
        limits: str = "",
        requester: str = "",
        ledger: str = "signer/ledger.sqlite",
        now: datetime = NOW,
    ) -> "Office":
        """`issuance` and `limits` are tables of the issuer, `requester` lines of the operator's."""
        estate = Estate.build(folder, authority=authority, public=public, signer=signer, ledger=ledger)
        config = folder / "revocast.toml"
        text = config.read_text()
        text = text.replace("http://crl.example", "http://pki.example.com")
        text = text.replace(
            'passphrase = "file:ca.passphrase"\n', f'passphrase = "file:ca.passphrase"\n{limits}{issuance}'
        )
        text = text.replace('verbs = ["revoke", ', f'{requester}verbs = ["issue", "revoke", ')
        config.write_text(text)
        return cls(estate, estate.signer(now))

    def ask(
        self,
        profile: str = "server",
        names: Sequence[str] = ("dns:www.example.com",),
        *,
        key: SubjectKey | None = None,
        csr: bytes | None = None,
        now: datetime = NOW,
        id_: str | None = None,
        issuer: str = "test",
        **more: object,
    ) -> Message:
        """A message that asks for a certificate, signed by the operator."""
        request = csr or request_of(key or ec.generate_private_key(ec.SECP256R1()))
        body = Issue(issuer=issuer, profile=profile, csr=base64.b64encode(request).decode(), names=tuple(names), **more)
        return self.estate.ask(Verb.ISSUE, body, now, id_=id_)

    def reply(self, message: Message, now: datetime = NOW) -> Reply:
        """What the signer says to it."""
        (reply,) = issue_together(self.signer, [message.model_dump_json()], fixed(now))
        return reply

    def issue(self, profile: str = "server", *words: object, **more: object) -> x509.Certificate:
        """A certificate that is issued."""
        now = more.get("now", NOW)
        reply = self.reply(self.ask(profile, *words, **more), now)
        assert reply.outcome is Outcome.DONE, f"{reply.detail} ({reply.advice})"
        return certificate_in(reply)

    def refused(self, profile: str = "server", *words: object, **more: object) -> str:
        """Why one is refused."""
        reply = self.reply(self.ask(profile, *words, **more), more.get("now", NOW))
        assert reply.outcome is Outcome.REFUSED, reply
        return reply.detail


def certificate_in(reply: Reply) -> x509.Certificate:
    """That of a reply."""
    return x509.load_der_x509_certificate(base64.b64decode(reply.data["certificate"]))


def request_of(
    key: SubjectKey, subject: str = "", names: Sequence[str] = (), extensions: Sequence[x509.ExtensionType] = ()
) -> bytes:
    """DER of a request."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name.from_rfc4514_string(subject))
    if names:
        found = [parse_name(name).general_name for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(found), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    hash_ = None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256()
    return builder.sign(key, hash_).public_bytes(Encoding.DER)
