"""Clients that show a certificate: which CAs sign those, what has to hold of it, and whose it is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from werkzeug.test import TestResponse

from revocation.errors import ConfigurationError
from revocation.status import Revocation
from tests.authority import NOW, Authority
from tests.building.ca import CA
from tests.building.ocsp import response
from tests.registrar.api.desk import API, Desk, kind, pem
from tests.registrar.site import ROOT, csr_for

LIST = "/issuers/home/certificates"

CLIENTS = f"""{API}client_cas = ["clients.pem"]
client_certificate_header = "X-Client-Cert"
[[registrar.api.clients]]
subject = "CN=backup"
scopes = ["read"]
issuers = ["home"]
"""


class Office:
    """An API with client certificates, and a CA of those."""

    def __init__(self, folder: Path, clients: Authority | None = None, api: str = CLIENTS) -> None:
        self.clients = clients or Authority("Clients")
        folder.mkdir(exist_ok=True)
        self.clients.write(folder / "clients.pem")
        self.desk = Desk.build(folder, api=api)

    def certificate(
        self,
        common: str = "backup",
        *,
        by: Authority | None = None,
        usage: Sequence[ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
        ends: datetime = NOW + timedelta(days=9),
    ) -> x509.Certificate:
        by = by or self.clients
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)]))
            .issuer_name(by.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(ends)
        )
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        return builder.sign(by.key, by.digest)

    def ask(self, shown: x509.Certificate | str, peer: str = "127.0.0.1") -> TestResponse:
        """What a proxy hands over."""
        text = shown if isinstance(shown, str) else quote(pem(shown))
        return self.desk.app.test_client().get(
            f"{ROOT}/api/v1{LIST}", headers={"X-Client-Cert": text}, environ_base={"REMOTE_ADDR": peer}
        )

    def post(self, shown: x509.Certificate, csr: x509.CertificateSigningRequest, key: str) -> TestResponse:
        """A certificate, asked for under an Idempotency-Key."""
        headers = {"X-Client-Cert": quote(pem(shown)), "Idempotency-Key": key}
        return self.desk.app.test_client().post(
            f"{ROOT}/api/v1{LIST}", json={"profile": "server", "csr": pem(csr)}, headers=headers,
            environ_base={"REMOTE_ADDR": "127.0.0.1"},
        )  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An API with client certificates."""
    return Office(tmp_path)


def test_client_certificate_of_a_trusted_proxy_is_taken(office: Office) -> None:
    """And from nobody else: anybody can write a header."""
    shown = office.certificate()
    assert office.ask(shown).status_code == 200
    assert kind(office.ask(shown, peer="192.0.2.1")) == "unauthenticated"


def test_client_certificate_that_does_not_hold_is_nobodys(office: Office) -> None:
    """Another CA's, another subject's, expired, for servers, without a purpose, or none at all."""
    wrong = [
        office.certificate(by=Authority("Clients")),
        office.certificate("backup2"),
        office.certificate(ends=NOW - timedelta(seconds=1)),
        office.certificate(usage=(ExtendedKeyUsageOID.SERVER_AUTH,)),
        office.certificate(usage=()),
        *("no certificate", "%00", quote("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
    ]
    assert [kind(office.ask(one)) for one in wrong] == ["unauthenticated"] * len(wrong)


@pytest.mark.parametrize(
    "clients",
    [
        Authority("Clients", days=0),
        Authority("Clients", not_before=NOW + timedelta(seconds=1)),
        Authority("Clients", key=ed25519.Ed25519PrivateKey.generate(), days=0),
    ],
    ids=["expired", "of tomorrow", "expired, of Ed25519"],
)
def test_ca_of_clients_that_is_not_of_now_vouches_for_nobody(tmp_path: Path, clients: Authority) -> None:
    """A proxy may have looked, or not."""
    office = Office(tmp_path, clients)
    assert kind(office.ask(office.certificate())) == "unauthenticated"


def test_ca_of_clients_may_have_a_key_of_any_kind(tmp_path: Path) -> None:
    """As the handshake lets it."""
    office = Office(tmp_path, Authority("Clients", key=ed25519.Ed25519PrivateKey.generate(), crl_sign=True))
    assert office.ask(office.certificate()).status_code == 200


@pytest.mark.parametrize("is_ca", [False, None], ids=["an end entity", "of version 1, or without basicConstraints"])
def test_ca_of_clients_that_is_none_is_refused_at_the_start(tmp_path: Path, is_ca: bool | None) -> None:
    """Whose key that is never meant to sign for others."""
    with pytest.raises(ConfigurationError, match=r"clients\.pem: is in `client_cas`, and no CA"):
        Office(tmp_path, Authority("Clients", is_ca=is_ca))


def test_subject_names_nobody_where_an_issuer_of_ours_signs(tmp_path: Path) -> None:
    """Who may have a certificate with a subject of their own would be that client: refused at the start."""
    table = CLIENTS.replace('"clients.pem"', '"clients.pem", "home.pem"')
    with pytest.raises(ConfigurationError, match=r"home\.pem: is the issuer home, and a client is named by `subject"):
        Office(tmp_path, api=table)
    home = Authority("Home CA")
    (again := tmp_path / "again").mkdir()
    Authority("Home CA of before", key=home.key).write(again / "clients.pem")
    with pytest.raises(ConfigurationError, match=r"clients\.pem: is the issuer home"):
        Desk.build(again, api=CLIENTS, authority=home)


def test_client_certificate_of_an_issuer_of_ours_has_to_be_good(tmp_path: Path) -> None:
    """By its OCSP response: revoked is nobody's, and where nobody answers it cannot be seen."""
    home, office = Authority("Home CA"), Office(tmp_path)
    shown, other = office.certificate(by=home), office.certificate(by=home)
    (again := tmp_path / "again").mkdir()
    office.desk = Desk.build(again, api=named_by(shown).replace("clients.pem", "home.pem"), authority=home)
    ca = CA(home)
    assert kind(office.ask(shown)) == "unavailable"
    office.desk.responder.answer = response(ca, ca.responder(), shown.serial_number, this_update=NOW)
    assert office.ask(shown).status_code == 200
    assert kind(office.ask(other)) == "unauthenticated"
    revoked = Revocation(NOW - timedelta(hours=1))
    office.desk.responder.answer = response(ca, ca.responder(), shown.serial_number, revoked, this_update=NOW)
    assert kind(office.ask(shown)) == "unauthenticated"


def test_fingerprint_names_one_certificate(tmp_path: Path) -> None:
    """And no other of the same subject."""
    office = Office(tmp_path)
    shown, other = office.certificate("x"), office.certificate("x")
    office.desk = Office(tmp_path / "again", office.clients, named_by(shown)).desk
    assert (office.ask(shown).status_code, office.ask(other).status_code) == (200, 401)


def test_clients_by_fingerprint_are_as_many_callers_as_certificates(tmp_path: Path) -> None:
    """Though they have one subject: each has its own Idempotency-Keys, rate, and name in the audit log."""
    office = Office(tmp_path)
    shown = [office.certificate(), office.certificate()]
    table = API.replace("'off'", "'1 per minute'") + CLIENTS.removeprefix(API).partition("[[")[0]
    clients = "".join(
        f'[[registrar.api.clients]]\nfingerprint = "{one.fingerprint(SHA256()).hex()}"\n'
        f'scopes = ["issue:server", "read"]\nissuers = ["home"]\n'
        for one in shown
    )
    office.desk = Office(tmp_path / "again", office.clients, table + clients).desk
    ids = [office.post(one, csr_for("a.example"), "1a" * 16).json["serial"] for one in shown]
    assert ids[0] != ids[1]
    (first, one), (second, other) = ((id_, body.asked_by) for id_, _, body in office.desk.signer.asked)
    assert first != second
    assert [one, other] == [f"client sha256:{each.fingerprint(SHA256()).hex()} CN=backup" for each in shown]


def test_subject_that_does_not_fit_into_a_name_is_refused_at_the_start(tmp_path: Path) -> None:
    """Two whose beginnings are alike would be one caller."""
    with pytest.raises(ConfigurationError, match=r"at most 180 characters: name the client by its `fingerprint`"):
        Office(tmp_path, api=CLIENTS.replace("CN=backup", "CN=" + "x" * 178))


def named_by(shown: x509.Certificate) -> str:
    """The tables, with the fingerprint of a certificate in place of the subject."""
    return CLIENTS.replace('subject = "CN=backup"', f'fingerprint = "{shown.fingerprint(SHA256()).hex(":")}"')
