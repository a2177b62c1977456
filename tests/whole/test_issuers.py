"""Renewed, cross-signed and re-keyed CAs side by side, and a revoked one: whose CRL and answer is whose."""

import hashlib
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates
from cryptography.x509 import ocsp

from revocation import serials
from revocation.clock import fixed
from revocation.messages import ImportSummary, Outcome
from revocation.status import Reason, Revocation
from signer.handle import handle
from tests.authority import NOW, Authority
from tests.estate import Estate, certificate
from tests.whole.world import World

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test Intermediate CA")])


class Family:
    """A root, and below it an intermediate whose certificate was renewed and cross-signed, and re-keyed in its name.

    `test` is the root, `old` the intermediate, `new` the one with its name and another key.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root, self.other_root = Authority("Test Root", days=7300), Authority("Other Root", days=7300)
        self.old_key, self.new_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.first = self._ca(self.root, self.old_key, NOW - 300 * DAY, 400)
        self.renewed = self._ca(self.root, self.old_key, NOW - 10 * DAY, 3000)
        self.crossed = self._ca(self.other_root, self.old_key, NOW - 20 * DAY, 3000)
        self.re_keyed = self._ca(self.root, self.new_key, NOW - 5 * DAY, 3000)
        estate = Estate.build(folder / "e", authority=self.root, public="[public.ocsp]\nslices = 1\n")
        self._configure(estate, "old", self.old_key, [self.first, self.renewed, self.crossed])
        self._configure(estate, "new", self.new_key, [self.re_keyed])
        self.world = World(estate)
        cas = [serials.from_int(c.serial_number) for c in (self.first, self.renewed, self.re_keyed)]
        entries = [certificate(serials.to_int(ca), is_ca=True, not_after=NOW + 300 * DAY) for ca in cas]
        estate.import_(self.world.signer, entries)
        for issuer in ("old", "new"):
            entries = [certificate(number, not_after=NOW + 90 * DAY) for number in (1, 2, 3)]
            estate.import_(self.world.signer, entries, issuer=issuer)

    def _ca(self, by: Authority, key: ec.EllipticCurvePrivateKey, not_before: object, days: int) -> x509.Certificate:
        builder = x509.CertificateBuilder(by.certificate.subject, NAME, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(not_before).not_valid_after(not_before + days * DAY)  # type: ignore[arg-type, operator]
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
        return builder.add_extension(authority, critical=False).sign(by.key, SHA256())

    def _configure(
        self, estate: Estate, name: str, key: ec.EllipticCurvePrivateKey, certificates: list[x509.Certificate]
    ) -> None:
        (estate.folder / f"{name}.pem").write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in certificates))
        file = estate.folder / f"{name}.key"
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.chmod(0o600)
        with (estate.folder / "revocast.toml").open("a") as config:
            config.write(f'[[public.issuers]]\nname = "{name}"\ncertificates = ["{name}.pem"]\n')
            config.write(f'[[signer.issuers]]\nname = "{name}"\nkey = "file:{name}.key"\n')

    def id(self, name: str) -> str:
        """The id of an issuer, by which it has its paths."""
        return self.world.public.profile(name).issuer.id

    def crl(self, name: str) -> x509.CertificateRevocationList:
        """The CRL of an issuer as it is served."""
        return x509.load_der_x509_crl((self.world.root / f"crl/{self.id(name)}/all.crl").read_bytes())

    def listed(self, name: str) -> set[int]:
        """The serials on it."""
        return {entry.serial_number for entry in self.crl(name)}

    def revoke(self, name: str, serial: int, reason: str = "keyCompromise") -> None:
        """As the operator, and all that follows."""
        message = self.world.estate.revoke(serial, reason, self.world.now, name)
        assert handle(self.world.signer, message, fixed(self.world.now)).outcome is Outcome.DONE
        self.world.tick()

    def ocsp(self, name: str, serial: int) -> str:
        """What the responder says of a certificate of an issuer."""
        issuer = self.world.public.profile(name).issuer
        hashes = [hashlib.sha256(octets).digest() for octets in (issuer.subject, issuer.key_octets)]
        request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(*hashes, serial, SHA256()).build()
        posted = {"data": request.public_bytes(Encoding.DER), "content_type": "application/ocsp-request"}
        response = ocsp.load_der_ocsp_response(self.world._http.post("/ocsp/", **posted).data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return response.response_status.name
        return response.certificate_status.name

    def openssl(self, ca: x509.Certificate, key: ec.EllipticCurvePrivateKey, serial: int, crl: str) -> str:
        """What openssl says of a certificate of an intermediate, with one of its certificates, and one issuer's CRL."""
        leaf = x509.CertificateBuilder(
            NAME, x509.Name([]), ec.generate_private_key(ec.SECP256R1()).public_key(), serial
        )
        leaf = leaf.not_valid_before(NOW - DAY).not_valid_after(NOW + 90 * DAY)
        files = {"leaf.pem": leaf.sign(key, SHA256()), "ca.pem": ca}
        for file, one in files.items():
            (self.folder / file).write_bytes(one.public_bytes(Encoding.PEM))
        path = self.world.root / f"crl/{self.id(crl)}/all.crl"
        at = str(int(self.world.now.timestamp()))
        trust = ["-partial_chain", "-trusted", str(self.folder / "ca.pem"), "-crl_check", "-CRLfile", str(path)]
        command = ["openssl", "verify", *trust, "-attime", at, str(self.folder / "leaf.pem")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return "good" if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    """All of it published; 1 is revoked below the old key, 2 below the new one."""
    family = Family(tmp_path)
    family.revoke("old", 1)
    family.world.now += SECOND
    family.revoke("new", 2)
    yield family
    family.world.close()


@pytest.mark.judge("openssl")
def test_renewed_and_cross_signed_certificates_share_the_crl_of_their_key(family: Family) -> None:
    """Whichever of the three a client has in its chain, the same file answers for it."""
    for ca in (family.first, family.renewed, family.crossed):
        said = {serial: family.openssl(ca, family.old_key, serial, "old") for serial in (1, 2, 3)}
        assert ("certificate revoked" in said[1], said[2], said[3]) == (True, "good", "good")


@pytest.mark.judge("openssl")
def test_re_keyed_ca_has_a_crl_of_its_own_in_the_same_name(family: Family) -> None:
    """The same serials are other certificates there; neither CRL is taken for the other."""
    said = {serial: family.openssl(family.re_keyed, family.new_key, serial, "new") for serial in (1, 2, 3)}
    assert (said[1], "certificate revoked" in said[2], said[3]) == ("good", True, "good")
    assert family.openssl(family.re_keyed, family.new_key, 1, "old") != "good"
    assert [family.listed(name) for name in ("old", "new")] == [{1}, {2}]
    identifiers = {
        family.crl(name).extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        for name in ("old", "new")
    }
    assert len(identifiers) == 2


def test_serial_of_both_keys_of_a_name_is_reported_and_taken(family: Family) -> None:
    """One name uses each serial once (RFC 5280 section 4.1.2.2); who did otherwise needs both on their CRLs."""
    revoked = Revocation(NOW - DAY, Reason.superseded)
    entries = [certificate(number, not_after=NOW + 90 * DAY, revocation=revoked) for number in (2, 7)]
    summary = family.world.estate.import_(family.world.signer, entries, family.world.now, issuer="old")
    assert isinstance(summary, ImportSummary)
    (said,) = summary.contradictions
    assert said.startswith("02 (line 2): new, which has the same name and another key, has this serial too")
    family.world.now += SECOND
    family.world.tick()
    assert family.listed("old") == {1, 2, 7}
    summary = family.world.estate.import_(family.world.signer, [certificate(1)], family.world.now)
    assert isinstance(summary, ImportSummary)
    assert summary.contradictions == ()  # the root has another name


def test_crl_numbers_rise_per_name(family: Family) -> None:
    """RFC 5280 section 5.2.3 counts by issuer name and scope: old and new key never use the same number."""
    numbers = []
    for old, new in ((2, 1), (3, 3)):
        family.world.now += SECOND
        for name, serial in (("old", old), ("new", new)):  # in one second, when time alone gives both the same
            family.revoke(name, serial)
            numbers.append(family.crl(name).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
    assert numbers == sorted(set(numbers))


def test_ocsp_answers_by_the_key_and_not_by_the_name(family: Family) -> None:
    """CertIDs of old and new share the hash of the name."""
    assert [family.ocsp("old", serial) for serial in (1, 2, 3)] == ["REVOKED", "GOOD", "GOOD"]
    assert [family.ocsp("new", serial) for serial in (1, 2, 3)] == ["GOOD", "REVOKED", "GOOD"]


def test_all_certificates_of_an_issuer_are_published_and_the_newest_alone(family: Family) -> None:
    """`/issuer/ID.cer` is the newest, `.p7c` has them all; a single one needs no `.p7c`."""
    www = family.world.root / "issuer"
    together = load_der_pkcs7_certificates((www / f"{family.id('old')}.p7c").read_bytes())
    assert set(together) == {family.first, family.renewed, family.crossed}
    assert x509.load_der_x509_certificate((www / f"{family.id('old')}.cer").read_bytes()) == family.renewed
    assert not (www / f"{family.id('new')}.p7c").exists()


def test_revoked_intermediate_is_on_its_parents_crl_at_once_and_goes_on_with_its_own(family: Family) -> None:
    """Who has its certificates still wants to know which of those are revoked, until the last of its own expires."""
    serial = family.re_keyed.serial_number
    family.world.now += SECOND
    message = family.world.estate.revoke(serial, "unspecified", family.world.now)
    assert handle(family.world.signer, message, fixed(family.world.now)).outcome is Outcome.REFUSED
    family.revoke("test", serial, "cessationOfOperation")
    assert serial in family.listed("test")
    assert family.ocsp("test", serial) == "REVOKED"
    family.world.now += DAY
    family.world.tick()
    family.world.now += SECOND
    family.revoke("new", 3)
    assert family.listed("new") == {2, 3}
    assert family.crl("new").last_update_utc == family.world.now
    assert family.ocsp("new", 3) == "REVOKED"
