"""A home: `revocast up --acme` on loopback with a private CA, DNS of its own, and what its clients are held against."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from jobs.acme import ACME
from jobs.first_start import prepare
from tests.signer.pkilint import pkilint_certificate
from tests.waiting import until, until_listening
from tests.whole.relying import fetch_crl
from tests.whole.running import Running

BIN = Path(sys.executable).parent
DOMAIN = "home.arpa"


@dataclass(frozen=True)
class Home:
    """The system, and where its validations look.

    Attributes:
        http_port: where http-01 is looked for, at 127.0.0.1 for each name.
        tls_port: the same of tls-alpn-01.
        dns: the port of the DNS server, and that on which it is told what to say.
    """

    folder: Path
    system: Running
    directory: str
    http_port: int
    tls_port: int
    dns: tuple[int, int]

    @property
    def data(self) -> Path:
        return self.system.data

    @property
    def root(self) -> Path:
        return self.data / "issuers/home-root.pem"

    @property
    def environment(self) -> dict[str, str]:
        """For clients: they trust the root."""
        trust = {name: str(self.root) for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "LEGO_CA_CERTIFICATES")}
        return {**os.environ, **trust}

    def client(self, *command: str | Path, cwd: Path | None = None) -> str:
        """Run a client; what it said. Fails with that where it failed."""
        done = self.tried(*command, cwd=cwd)
        assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}\n{self.logs()}"
        return done.stdout + done.stderr

    def tried(self, *command: str | Path, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=cwd or self.folder,
            timeout=120,
            check=False,
        )

    def logs(self) -> str:
        """The last lines of both of the registrar's processes."""
        files = (self.data / "logs/registrar.log", self.data / "logs/worker-registrar.log")
        return "\n".join("\n".join(file.read_text().splitlines()[-15:]) for file in files if file.exists())

    def say_in_dns(self, path: str, **what: str) -> None:
        """Tell the DNS server, as `set-txt`."""
        asking = http.client.HTTPConnection("127.0.0.1", self.dns[1])
        asking.request("POST", f"/{path}", json.dumps(what))
        assert asking.getresponse().status == 200
        asking.close()


def free_ports(number: int) -> list[int]:
    """Ports on which nobody listens now, all different."""
    held = [socket.socket() for _ in range(number)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


@contextmanager
def home(folder: Path, *, issuer: str = "", behind: int | None = None) -> Iterator[Home]:
    """Brought up, and stopped in the end.

    Args:
        issuer: lines for its [[registrar.issuers]].
        behind: the port at which the registrar listens for a web server of this machine, which ends TLS.
    """
    status, registrar, web, tls, dns, management = free_ports(6)
    url = f"https://localhost:{registrar}"
    data = folder / "data"
    data.mkdir()
    prepared = prepare(data, (), f"http://127.0.0.1:{status}", None, ACME.of(url, (DOMAIN, "127.0.0.0/8")))
    text = prepared.config.read_text()  # pkilint takes `localhost` in a URL for no host
    validation = f'resolvers = ["127.0.0.1:{dns}"]\nhttp_port = {web}\ntls_port = {tls}\n'
    text = text.replace("[registrar.validation]\n", f"[registrar.validation]\n{validation}")
    if behind is not None:
        text = re.sub(r"(?s)\[registrar\.own_certificate\].*?(?=\[registrar\.validation\])", "", text)
        proxied = f'listen = "127.0.0.1:{behind}"\ntrusted_proxies = ["127.0.0.1/32"]'
        text = re.sub(r"(?m)^listen = .*", proxied, text)
    prepared.config.write_text(f"{text}{issuer}\n")
    with _dns(dns, management):
        system = Running(data, "--port", str(status))
        try:
            yield Home(folder, system, f"{url}/acme/home/directory", web, tls, (dns, management))
        finally:
            if system.process.poll() is None:
                system.process.terminate()
                system.process.wait(30)


@contextmanager
def _dns(port: int, management: int) -> Iterator[None]:
    """Each name is at 127.0.0.1; TXT as it is told."""
    off = [part for name in ("http01", "https01", "tlsalpn01") for part in (f"-{name}", "")]
    options = ["-dns01", f"127.0.0.1:{port}", "-management", f"127.0.0.1:{management}", "-defaultIPv6", ""]
    command = ["pebble-challtestsrv", *off, *options, "-defaultIPv4", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            until_listening(management)
            yield
        finally:
            running.terminate()


def taken_by_openssl(place: Home, chain: Path) -> tuple[bool, str]:
    """Whether a certificate (the first in a file, its issuer behind it) verifies with the CRL, and what OCSP says."""
    leaf, above = x509.load_pem_x509_certificates(chain.read_bytes())[:2]
    folder = chain.parent
    leaf_file, above_file, crl = (folder / f"judged-{name}.pem" for name in ("leaf", "above", "crl"))
    leaf_file.write_bytes(leaf.public_bytes(Encoding.PEM))
    above_file.write_bytes(above.public_bytes(Encoding.PEM))
    crl.write_bytes(fetch_crl(crl_url(leaf)).public_bytes(Encoding.PEM))
    verify = ["openssl", "verify", "-crl_check", "-CRLfile", crl, "-CAfile", place.root]
    verified = _openssl(*verify, "-untrusted", above_file, leaf_file)
    ask = ["openssl", "ocsp", "-issuer", above_file, "-cert", leaf_file, "-url", ocsp_url(leaf)]
    said = _openssl(*ask, "-CAfile", place.root, "-verify_other", above_file)
    if "Responder Error: unauthorized (6)" in said.stdout + said.stderr:
        return verified.returncode == 0, "unknown to it"
    assert "Response verify OK" in said.stderr, said.stdout + said.stderr
    return verified.returncode == 0, said.stdout.split(f"{leaf_file}: ")[1].split()[0]


def _openssl(*command: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=30)


def seconds_until_taken(place: Home, chain: Path) -> float:
    """How long it takes from now, since its client has it, until OCSP answers for it and it verifies."""
    return _seconds_until(place, chain, (True, "good"))


def seconds_until_refused(place: Home, chain: Path) -> float:
    """How long it takes from now, since its client was told, until both CRL and OCSP say that it is revoked."""
    return _seconds_until(place, chain, (False, "revoked"))


def _seconds_until(place: Home, chain: Path, judged: tuple[bool, str]) -> float:
    began = time.monotonic()
    until(lambda: taken_by_openssl(place, chain) == judged, 20)
    return time.monotonic() - began


def crl_url(certificate: x509.Certificate) -> str:
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    (name,) = points[0].full_name or ()
    return str(name.value)


def ocsp_url(certificate: x509.Certificate) -> str:
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    return next(
        str(one.access_location.value) for one in access if one.access_method == AuthorityInformationAccessOID.OCSP
    )


def names_in(chain: Path) -> Sequence[str]:
    leaf = x509.load_pem_x509_certificates(chain.read_bytes())[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(one.value) for one in names]


def found_by_pkilint(chain: Path) -> str:
    """What pkilint says of the first certificate in a file."""
    leaf = chain.with_name("linted.pem")
    certificate = x509.load_pem_x509_certificates(chain.read_bytes())[0]
    leaf.write_bytes(certificate.public_bytes(Encoding.PEM))
    return pkilint_certificate(leaf, "lint_pkix_cert")
