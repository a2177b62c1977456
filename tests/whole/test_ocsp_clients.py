"""Which clients take two SingleResponses under one signature (RFC 9919 section 3.2.1), in which order: docs/ocsp.md."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from publisher.config import PublisherConfig
from publisher.publish import publish
from revocation import clock
from revocation.clock import fixed
from revocation.config import PublicConfig
from revocation.status import Reason, Revocation
from signer.look import look
from tests.authority import Authority
from tests.estate import Estate, certificate
from tests.responder.running import running
from tests.whole.ocsp_clients import CLIENTS, Asked

SERIALS = {"good": 0x1001, "revoked": 0x1002}
FORMS = {
    "a response for each hash": 'hashes = ["sha256", "sha1"]',
    "one signature, SHA-256 first": 'hashes = ["sha256", "sha1"]\none_signature = true',
    "one signature, SHA-1 first": 'hashes = ["sha1", "sha256"]\none_signature = true',
}
REFUSES = {("cryptography", form): "contains 2 SINGLERESP structures" for form in FORMS if "one signature" in form}
_OCSP = x509.AccessDescription(
    x509.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://crl.example/ocsp/")
)

pytestmark = pytest.mark.judge("openssl", "ocsptool", "nginx", "curl")


@pytest.fixture(scope="module", params=FORMS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, str]]:
    """A form, the folder, and the URL of a responder whose answers were signed and published in that form just now."""
    folder = tmp_path_factory.mktemp("clients")
    with _served(folder, FORMS[request.param]) as url:
        yield request.param, folder, url


@contextmanager
def _served(folder: Path, form: str) -> Iterator[str]:
    now = clock.now().replace(microsecond=0)
    authority = Authority(not_before=now - timedelta(days=10))
    estate = Estate.build(folder, authority=authority)
    config = folder / "revocast.toml"
    text = config.read_text().replace("[signer]\n", f"[public.ocsp]\n{form}\n[signer]\n", 1)
    config.write_text(text.replace("[responder]\n", "[responder]\nport = 0\n"))
    signer, ends = estate.signer(now), now + timedelta(days=30)
    revocation = Revocation(now - timedelta(hours=1), Reason.keyCompromise)
    good = certificate(SERIALS["good"], not_after=ends)
    estate.import_(signer, [good, certificate(SERIALS["revoked"], not_after=ends, revocation=revocation)], now)
    assert look(signer, fixed(now)).problems == []
    publish(PublisherConfig.read(estate.file), PublicConfig.read(estate.file), fixed(now))
    for name, serial in SERIALS.items():
        issue(authority, folder / name, name, serial, ends)
    with running(config) as server:
        yield f"{server.url}/ocsp/"


def issue(authority: Authority, place: Path, name: str, serial: int, ends: datetime) -> None:
    """NAME.pem and NAME.key."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(ends - timedelta(days=31))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(f"{name}.example")]), critical=False)
        .add_extension(x509.AuthorityInformationAccess([_OCSP]), critical=False)  # without, a path needs no status
    )
    place.with_suffix(".pem").write_bytes(builder.sign(authority.key, SHA256()).public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    place.with_suffix(".key").write_bytes(private)


@pytest.mark.parametrize("status", SERIALS)
@pytest.mark.parametrize(
    ("client", "hash_"), [(client, hash_) for client, (_, hashes) in CLIENTS.items() for hash_ in hashes]
)
def test_client_says_what_the_table_says_of_it(
    served: tuple[str, Path, str], client: str, hash_: str, status: str
) -> None:
    """The status, whichever hash it asked with; or why it refuses the form."""
    form, folder, url = served
    said = CLIENTS[client][0](Asked(folder, url, status, hash_))
    if (client, form) in REFUSES:
        assert REFUSES[client, form] in said
    else:
        assert said == status
