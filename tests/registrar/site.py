"""An ACME server with two issuers, right by default, and clients of it: certbot's, and one that can do it wrong."""

import base64
import json
from dataclasses import dataclass, field, replace
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import josepy
import requests
from acme import client, messages
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from limits.storage import MemoryStorage
from requests.adapters import BaseAdapter
from urllib3.response import HTTPResponse
from werkzeug.test import TestResponse

from registrar.acme.app import create_app
from registrar.acme.nonces import QueueNonces
from registrar.acme.rates import Rates
from registrar.acme.services import Services
from registrar.config import RegistrarConfig
from registrar.database import Database
from registrar.queue_server import connect
from registrar.tenant import tenants_of
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.messages import RequesterKey
from tests.authority import NOW, Authority
from tests.newdatabases import put_registrar
from tests.registrar.fakes import Clock, FakeCA, FakeStatuses, InstantValidator, MemoryNonces

ROOT = "https://ca.example"
DATABASE = "registrar/registrar.sqlite"

_TABLES = """
[public]
base_url = "http://pki.example"
[[public.issuers]]
name = "home"
certificates = ["home.pem"]
{public}
[[public.issuers]]
name = "lab"
certificates = ["lab.pem"]
[registrar]
database = "{database}"
queue = "unix://queue.sock"
url = "https://ca.example"
trusted_proxies = ["127.0.0.1/32"]
{registrar}
[[registrar.issuers]]
name = "home"
acme = true
requester_key = "registrar.key"
ip_networks = ["192.168.0.0/16", "fd00::/8"]
{issuer}
[[registrar.issuers]]
name = "lab"
acme = true
requester_key = "registrar.key"
{lab}
"""

UNLIMITED = "limits = { accounts_per_address = 'off', orders_per_account = 'off', orders_per_name = 'off', "
UNLIMITED += "certificates_per_name = 'off', certificates_per_set = 'off', revocations = 'off' }"


@dataclass
class Site:
    """The server and what stands in for others."""

    folder: Path
    services: Services
    app: Flask
    clock: Clock
    ca: FakeCA
    validator: InstantValidator
    statuses: FakeStatuses

    @classmethod
    def build(
        cls,
        folder: Path,
        *,
        issuer: str = UNLIMITED,
        registrar: str = "",
        public: str = "",
        lab: str = "",
        database: str = DATABASE,
        authority: Authority | None = None,
    ) -> "Site":
        """A server; `issuer`, `registrar` and `public` are lines for those tables, the first of them of `home`."""
        authority = authority or Authority("Home CA")
        authority.write(folder / "home.pem")
        Authority("Lab CA").write(folder / "lab.pem")
        RequesterKey.generate().save(folder / "registrar.key")
        tables = _TABLES.format(issuer=issuer, registrar=registrar, public=public, database=database, lab=lab)
        (folder / "revocast.toml").write_text(tables)
        if database == DATABASE:
            put_registrar(folder / database)
        return cls.of(folder, authority)

    @classmethod
    def of(cls, folder: Path, authority: Authority) -> "Site":
        """The server that a folder's configuration describes."""
        file = ConfigFile.read(folder / "revocast.toml")
        settings, known = file.table("registrar", RegistrarConfig), PublicConfig.read(file)
        settings.check(known)
        opened, clock = Database(settings.database), Clock(NOW)
        ca, validator, statuses = FakeCA(authority, clock), InstantValidator(opened, clock), FakeStatuses()
        services = Services(
            settings=settings,
            public=known,
            tenants=tenants_of(settings, known),
            database=opened,
            nonces=MemoryNonces(),
            rates=Rates(MemoryStorage(), clock),
            validations=validator,
            issuance=ca,
            statuses=statuses,
            clock=clock,
        )
        return cls(folder, services, create_app(services), clock, ca, validator, statuses)

    def counting_in(self, valkey: str) -> "Site":
        """The same server with its counts and nonces in a real queue server."""
        nonces = QueueNonces(connect(valkey), self.services.settings.nonce_lifetime)
        services = replace(self.services, nonces=nonces, rates=Rates.in_queue_server(valkey, self.clock))
        return replace(self, services=services, app=create_app(services))

    def url(self, path: str, issuer: str = "home") -> str:
        return f"{ROOT}/acme/{issuer}/{path}"

    def get(self, path: str, issuer: str = "home", **options: Any) -> TestResponse:
        return self.app.test_client().get(self.url(path, issuer), **options)

    def nonce(self, issuer: str = "home") -> str:
        return self.app.test_client().head(self.url("new-nonce", issuer)).headers["Replay-Nonce"]

    def judge(self, key: josepy.JWK | None = None, issuer: str = "home") -> client.ClientV2:
        """certbot's client, without an account yet."""
        key = key or josepy.JWKEC(key=ec.generate_private_key(ec.SECP256R1()))
        net = client.ClientNetwork(key, alg=_algorithm(key))
        net.session.mount("https://", InProcess(self.app))
        return client.ClientV2(client.ClientV2.get_directory(self.url("directory", issuer), net), net)

    def client(self, issuer: str = "home", **account: Any) -> "Raw":
        """A client with an account, that does what a test says."""
        found = Raw(self, issuer=issuer)
        answer = found.post("new-account", {"termsOfServiceAgreed": True, **account})
        assert answer.status_code == 201, answer.text
        found.kid = answer.headers["Location"]
        return found


def _algorithm(key: josepy.JWK) -> josepy.JWASignature:
    return josepy.RS256 if isinstance(key, josepy.JWKRSA) else josepy.ES256


class InProcess(BaseAdapter):
    """requests, without a network: a call of the application."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._client = app.test_client()

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        headers = {name: str(value) for name, value in request.headers.items()}
        answer = self._client.open(request.url, method=request.method, headers=headers, data=request.body)
        raw = HTTPResponse(
            body=BytesIO(answer.data), headers=list(answer.headers), status=answer.status_code, preload_content=False
        )
        return requests.adapters.HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        pass


AccountKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def jwk(key: AccountKey) -> dict[str, str]:
    """The public JWK, by another library's hand than the server's."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key().public_bytes_raw())}
    if isinstance(key, rsa.RSAPrivateKey):
        return dict(josepy.JWKRSA(key=key).public_key().to_json())
    return dict(josepy.JWKEC(key=key).public_key().to_json())


def sign(key: AccountKey, algorithm: str, octets: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(octets)
    return bytes(josepy.JWASignature.SIGNATURES[algorithm].sign(key, octets))


@dataclass
class Raw:
    """A client that can do everything wrong."""

    site: Site
    key: AccountKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    algorithm: str = "ES256"
    issuer: str = "home"
    kid: str | None = None
    next_nonce: str | None = None

    def jws(self, to: str, payload: Any = None, *, nonce: str | None = None, **header: Any) -> dict[str, str]:
        """A JWS; `header` are members of the protected header that differ, None of one that is to be missing."""
        said: dict[str, Any] = {"alg": self.algorithm, "url": to, "nonce": nonce or self._nonce()}
        said |= {"kid": self.kid} if self.kid else {"jwk": jwk(self.key)}
        said = {name: value for name, value in (said | header).items() if value is not None}
        protected = b64(json.dumps(said).encode())
        body = "" if payload is None else b64(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
        return {
            "protected": protected,
            "payload": body,
            "signature": b64(sign(self.key, self.algorithm, f"{protected}.{body}".encode())),
        }

    def post(self, path: str, payload: Any = None, **header: Any) -> TestResponse:
        """Post to a path of the issuer, or a URL."""
        url = path if path.startswith("https:") else self.site.url(path, self.issuer)
        return self.send(url, self.jws(url, payload, **header))

    def send(self, url: str, body: Any, media_type: str = "application/jose+json", **options: Any) -> TestResponse:
        """Send a body as it is."""
        data = body if isinstance(body, bytes) else json.dumps(body)
        answer = self.site.app.test_client().post(url, data=data, content_type=media_type, **options)
        self.next_nonce = answer.headers.get("Replay-Nonce")
        return answer

    def _nonce(self) -> str:
        """That of the last answer, as clients do it."""
        nonce, self.next_nonce = self.next_nonce, None
        return nonce or self.site.nonce(self.issuer)

    def order(self, *names: str, **more: Any) -> TestResponse:
        """A new order; a name with a digit at its end is an address."""
        identifiers = [{"type": "ip" if ":" in one or one[-1].isdigit() else "dns", "value": one} for one in names]
        return self.post("new-order", {"identifiers": identifiers, **more})

    def ready(self, *names: str, **more: Any) -> TestResponse:
        """An order all of whose names are validated."""
        answer = self.order(*names, **more)
        assert answer.status_code == 201, answer.text
        for url in answer.json["authorizations"]:
            challenges = self.post(url).json["challenges"]
            self.post(challenges[0]["url"], {})
        return answer

    def finalize(self, order: TestResponse, csr: x509.CertificateSigningRequest) -> TestResponse:
        return self.post(order.json["finalize"], {"csr": b64(csr.public_bytes(Encoding.DER))})

    def certificate(self, *names: str, key: Any = None, **more: Any) -> tuple[x509.Certificate, TestResponse]:
        """A certificate, and its order."""
        order = self.ready(*names, **more)
        done = self.finalize(order, csr_for(*names, key=key))
        assert done.json["status"] == "valid", done.text
        pem = self.post(done.json["certificate"]).data
        return x509.load_pem_x509_certificates(pem)[0], order


def csr_for(*names: str, key: Any = None, common: str = "") -> x509.CertificateSigningRequest:
    """A CSR for DNS names and addresses."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    alternatives = [
        x509.IPAddress(ip_address(one)) if ":" in one or one[-1].isdigit() else x509.DNSName(one) for one in names
    ]
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)] if common else [])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else SHA256())


def problem(answer: TestResponse) -> str:
    """The type of a problem document, without its prefix."""
    assert answer.mimetype == "application/problem+json", answer.text
    kind = answer.json["type"]
    assert kind.startswith("urn:ietf:params:acme:error:")
    assert answer.json["status"] == answer.status_code
    return str(kind.rpartition(":")[2])


def register(judge: client.ClientV2, **more: Any) -> messages.RegistrationResource:
    """An account for certbot's client."""
    return judge.new_account(messages.NewRegistration.from_data(terms_of_service_agreed=True, **more))
