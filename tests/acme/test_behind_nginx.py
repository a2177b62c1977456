"""A registrar behind nginx, by the file that we ship: what reaches it, from whom, and which words of clients do not."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import josepy
import pytest
import requests
from acme import client, messages
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from requests.adapters import HTTPAdapter

from registrar.acme.jws import LARGEST
from registrar.api.app import LARGEST as LARGEST_OF_API
from revocation.clock import now
from tests.acme.home import BIN, Home, free_ports, home, names_in
from tests.infra.running_nginx import SHIPPED, free_port, main, running

pytestmark = [pytest.mark.judge("nginx", "pebble-challtestsrv"), pytest.mark.timeout(300)]
MOST_ACCOUNTS = 3
THREADS = 32
"""Of the registrar, by default."""
_MORE = """
api = true
limits = {{ accounts_per_address = "{most} per hour" }}
[registrar.api]
client_cas = ["{clients}"]
client_certificate_header = "X-Client-Cert"
[[registrar.api.clients]]
subject = "CN=backup"
scopes = ["read"]
issuers = ["home"]
"""


def client_certificate(folder: Path, name: str) -> Path:
    """NAME.pem, a client's key and certificate by a CA of that name, which is in NAME-ca.pem."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca, own = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)]) for one in (f"{name} CA", "backup"))
    path = folder / f"{name}.pem"
    for subject, public, file in ((ca, ca_key, folder / f"{name}-ca.pem"), (own, key, path)):
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(ca).public_key(public.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now() - timedelta(hours=1))
        builder = builder.not_valid_after(now() + timedelta(days=9))
        builder = builder.add_extension(x509.BasicConstraints(ca=public is ca_key, path_length=None), critical=True)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        signed = builder.add_extension(usage, critical=False).sign(ca_key, SHA256())
        file.write_bytes(signed.public_bytes(Encoding.PEM))
    with path.open("ab") as file_of_client:
        file_of_client.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


class Front:
    """nginx before a home's registrar, with a certificate that its operator had issued for it."""

    def __init__(self, place: Home, folder: Path, upstream: int) -> None:
        self.place, self.folder, self.upstream = place, folder, upstream
        parts = urlsplit(place.directory)
        self.url, self.port = f"https://{parts.netloc}", parts.port or 443
        tls = (
            "--issuer",
            "home",
            "--key-out",
            str(folder / "tls.key"),
            "--out",
            str(folder / "tls.pem"),
            "--with-issuer",
        )
        done = place.system.revocast("cert", "issue", "--profile", "registrar", "--name", "dns:localhost", *tls)
        assert done.returncode == 0, done.stdout + done.stderr

    def configured(self, port: int, upstream: int, folder: Path) -> Path:
        """The shipped file, with clients' certificates let in and patience for slow ones of three seconds."""
        here = {
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "listen [::]:443 ssl;": "",
            "server 127.0.0.1:8890;": f"server 127.0.0.1:{upstream};",
            "/etc/nginx/registrar/tls.pem": str(self.folder / "tls.pem"),
            "/etc/nginx/registrar/tls.key": str(self.folder / "tls.key"),
            "#ssl_verify_client": "ssl_verify_client",
            "client_header_timeout 10s;": "client_header_timeout 3s;",
            "client_body_timeout 10s;": "client_body_timeout 3s;",
        }
        return main(folder, (SHIPPED / "registrar.conf").read_text(), here)

    def trust(self, certificate: Path | None = None) -> ssl.SSLContext:
        """A client's, with a certificate of its own or without."""
        context = ssl.create_default_context(cafile=str(self.place.root))
        if certificate:
            context.load_cert_chain(certificate)
        return context

    def ask(
        self, path: str, body: bytes | None = None, certificate: Path | None = None, port: int = 0, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One request over TLS, and what came back; `__` in a header's name is `_`, and `_` is `-`."""
        connection = http.client.HTTPSConnection(
            "localhost", port or self.port, timeout=20, context=self.trust(certificate)
        )
        named = {name.replace("__", "\0").replace("_", "-").replace("\0", "_"): text for name, text in headers.items()}
        try:
            connection.request("POST" if body is not None else "GET", path, body, named)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def client(self, address: str, **says: str) -> client.ClientV2:
        """certbot's, without an account yet, that comes from an address of this machine and adds headers."""
        net = client.ClientNetwork(josepy.JWKEC(key=ec.generate_private_key(ec.SECP256R1())), alg=josepy.ES256)
        net.session.mount("https://", _From(address))
        net.session.verify = net.verify_ssl = str(self.place.root)
        net.session.headers.update(says)
        return client.ClientV2(client.ClientV2.get_directory(self.place.directory, net), net)


class _From(HTTPAdapter):
    """requests from one address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *arguments: object, **more: object) -> None:
        super().init_poolmanager(*arguments, **more, source_address=(self._address, 0))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """One for all, with accounts limited."""
    folder, inner = tmp_path_factory.mktemp("front"), free_ports(1)[0]
    for name in ("ours", "theirs"):
        client_certificate(folder, name)
    more = _MORE.format(clients=folder / "ours-ca.pem", most=MOST_ACCOUNTS)
    with home(tmp_path_factory.mktemp("home"), issuer=more, behind=inner) as place:
        found = Front(place, folder, inner)
        with running(found.configured(found.port, inner, folder), found.port):
            yield found


def new_account(judge: client.ClientV2) -> messages.RegistrationResource:
    """Of certbot's client."""
    return judge.new_account(messages.NewRegistration.from_data(terms_of_service_agreed=True))


def test_certbot_gets_a_certificate_through_it(front: Front, tmp_path: Path) -> None:
    """With an account, a challenge and a revocation."""
    place = front.place
    folders = [part for name in ("config", "work", "logs") for part in (f"--{name}-dir", tmp_path / name)]
    certbot = (BIN / "certbot", "-n", *folders, "--server", place.directory)
    account = ("--agree-tos", "--register-unsafely-without-email", "--cert-name", "it", "-d", "www.home.arpa")
    place.client(*certbot, "certonly", *account, "--standalone", "--http-01-port", str(place.http_port))
    assert names_in(tmp_path / "config/live/it/fullchain.pem") == ["www.home.arpa"]
    place.client(*certbot, "revoke", "--cert-name", "it", "--no-delete-after-revoke")


def test_directory_has_the_urls_that_clients_use(front: Front) -> None:
    """Those of `url`, whatever a client says that the host, the port and the scheme are."""
    lies = {"Host": "evil.example", "X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "http", "Forwarded": "x"}
    for says in ({}, lies):
        _, body = front.ask("/acme/home/directory", **says)
        urls = [one for one in json.loads(body).values() if isinstance(one, str)]
        assert urls
        assert all(url.startswith(f"{front.url}/acme/home/") for url in urls)


def test_account_is_counted_for_the_address_that_nginx_sees(front: Front) -> None:
    """A client that says it comes from elsewhere is counted where it is; one at another address is another."""
    for number in range(MOST_ACCOUNTS):
        new_account(front.client("127.0.0.9", **{"X-Forwarded-For": f"192.0.2.{number}"}))
    for name in ("X-Forwarded-For", "X_Forwarded_For"):
        with pytest.raises(messages.Error) as refused:
            new_account(front.client("127.0.0.9", **{name: "192.0.2.99, 127.0.0.10"}))
        assert refused.value.code == "rateLimited"
        assert "127.0.0.9" in str(refused.value)
    new_account(front.client("127.0.0.10"))


def test_client_certificate_is_known_to_the_api(front: Front) -> None:
    """nginx has seen that its key was used, and the registrar by whom it is."""
    answer, body = front.ask("/api/v1/issuers", certificate=front.folder / "ours.pem")
    assert answer.status == 200, body
    assert "home" in body.decode()
    answer, body = front.ask("/api/v1/issuers", certificate=front.folder / "theirs.pem")
    assert answer.status == 401, body


@pytest.mark.parametrize("name", ["X_Client_Cert", "X__Client__Cert", "x_client_cert"])
def test_client_certificate_that_is_only_told_is_nobodys(front: Front, name: str) -> None:
    """Certificates are public: who has seen one could write it there, also beside one of his own."""
    told = {name: quote((front.folder / "ours.pem").read_text().partition("-----BEGIN PRIVATE")[0])}
    answer, body = front.ask("/api/v1/issuers", **told)
    assert answer.status == 401, body
    answer, body = front.ask("/api/v1/issuers", certificate=front.folder / "theirs.pem", **told)
    assert answer.status == 401, body


@pytest.mark.parametrize(("path", "most"), [("/acme/home/new-account", LARGEST), ("/api/v1/issuers", LARGEST_OF_API)])
def test_what_is_too_long_for_the_registrar_does_not_reach_it(front: Front, path: str, most: int) -> None:
    """It gets a problem document by nginx; what is not is answered by the registrar."""
    answer, body = front.ask(path, bytes(most + 1))
    assert (answer.status, answer.getheader("Content-Type")) == (413, "application/problem+json"), body
    assert json.loads(body) == {"type": "about:blank", "title": "Content Too Large", "status": 413}
    answer, body = front.ask(path, bytes(most))
    assert answer.status in (401, 405, 415)
    assert json.loads(body)["type"] != "about:blank"


def test_slow_clients_hold_no_thread_of_the_registrar(front: Front) -> None:
    """More of them than it has threads, with half a body or half a head: others are answered, and these are ended."""
    halves = (
        b"POST /acme/home/new-order HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n{",
        b"GET /acme/home/directory HTTP/1.1\r\nHost: loc",
    )
    with ExitStack() as held:
        slow = []
        for number in range(THREADS + 16):
            plain = held.enter_context(socket.create_connection(("127.0.0.1", front.port)))
            one = held.enter_context(front.trust().wrap_socket(plain, server_hostname="localhost"))
            one.sendall(halves[number % 4 == 0])
            slow.append(one)
        began = time.monotonic()
        answer, _ = front.ask("/acme/home/directory")
        assert answer.status == 200
        assert time.monotonic() - began < 2.0
        for one in slow:
            one.settimeout(10)
            with suppress(ConnectionResetError):
                while one.recv(1000):
                    pass


def test_paths_of_the_registrar_alone_are_there(front: Front) -> None:
    """Who looks whether it lives does so on its own machine."""
    assert front.ask("/healthz")[0].status == 404
    assert front.ask("/")[0].status == 404
    assert front.ask("/api/v1/openapi.json")[0].status == 200


def test_registrar_that_is_away_is_told_with_when_to_come_again(front: Front, tmp_path: Path) -> None:
    """503, which clients of ACME try again, in a problem document."""
    port = free_port()
    with running(front.configured(port, free_port(), tmp_path), port):
        answer, body = front.ask("/acme/home/directory", port=port)
    assert (answer.status, answer.getheader("Retry-After")) == (503, "10")
    assert answer.getheader("Content-Type") == "application/problem+json"
    assert json.loads(body)["status"] == 503


def test_registrar_drops_names_of_headers_that_only_look_alike(front: Front) -> None:
    """`_` is `-` in WSGI: a proxy that lets such a name through, as Caddy does, would else hand on a client's words."""
    told = quote((front.folder / "ours.pem").read_text().partition("-----BEGIN PRIVATE")[0])
    said = requests.get(f"http://127.0.0.1:{front.upstream}/api/v1/issuers", headers={"X_Client_Cert": told}, timeout=9)
    assert said.status_code == 401
