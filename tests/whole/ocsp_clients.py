"""Clients of OCSP that others wrote: what each makes of an answer of the running responder.

A verdict is `good`, `revoked`, or the client's own words.
"""

import asyncio
import os
import re
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError, ValidationError

from tests.waiting import until_listening

_HASHES: Final = {"sha1": SHA1(), "sha256": SHA256()}
_STAPLED_WITHIN: Final = 20


@dataclass(frozen=True)
class Asked:
    """A question to the responder.

    Attributes:
        folder: has `ca.pem`, and NAME.pem and NAME.key of each certificate.
        url: of the responder.
        name: of the certificate that it is about.
        hash: of the CertID, `sha1` or `sha256`.
    """

    folder: Path
    url: str
    name: str
    hash: str


def openssl(asked: Asked) -> str:
    """`openssl ocsp`."""
    files = ["-issuer", "ca.pem", "-CAfile", "ca.pem", f"-{asked.hash}", "-cert", f"{asked.name}.pem"]
    said = _run(["openssl", "ocsp", *files, "-no_nonce", "-url", asked.url], asked.folder)
    found = re.match(r"Response verify OK\n\S+: (good|revoked)\n", said)
    return found[1] if found else said


def ocsptool(asked: Asked) -> str:
    """GnuTLS, which asks with SHA-1 when it asks itself: here it gets the question by the hash as a file."""
    _write_request(asked, answer := asked.folder / f"{asked.name}-{asked.hash}.der")
    files = ["--load-issuer", "ca.pem", "--load-trust", "ca.pem", "--load-cert", f"{asked.name}.pem"]
    if asked.hash == "sha1":
        said = _run(["ocsptool", f"--ask={asked.url}", *files, "--no-nonce"], asked.folder)
    else:
        said = _run(["ocsptool", "--verify-response", *files[:4], "--load-response", answer.name], asked.folder)
        said += _run(["ocsptool", "--response-info", "--load-response", answer.name], asked.folder)
    found = set(re.findall(r"Certificate Status: (good|revoked)", said))
    return found.pop() if "Verifying OCSP Response: Success." in said and len(found) == 1 else said


def cryptography(asked: Asked) -> str:
    """pyca/cryptography as most programs call it (certbot is one): by the properties of the response."""
    try:
        return ocsp.load_der_ocsp_response(_fetched(asked)).certificate_status.name.lower()
    except ValueError as error:
        return str(error)


def pyhanko(asked: Asked) -> str:
    """pyhanko-certvalidator: a path whose status it has to know, and a response that was fetched."""
    return asyncio.run(_pyhanko(asked))


async def _pyhanko(asked: Asked) -> str:
    ca, leaf = (
        asn1.Certificate.load(ssl.PEM_cert_to_DER_cert((asked.folder / f"{name}.pem").read_text()))
        for name in ("ca", asked.name)
    )
    response = asn1_ocsp.OCSPResponse.load(_fetched(asked))
    context = ValidationContext([ca], ocsps=[response], revocation_mode="require")
    try:
        await CertificateValidator(leaf, validation_context=context).async_validate_path()
    except RevokedError:
        return "revoked"
    except ValidationError as error:
        return str(error)
    return "good"


def nginx_and_curl(asked: Asked) -> str:
    """nginx fetches the response (with SHA-1 alone), verifies and staples it; curl --cert-status wants it stapled.

    nginx staples nothing that says revoked, and says so in its log.
    """
    revoked = 'certificate status "revoked" in the OCSP response'
    fetching = f"ssl_stapling_verify on; ssl_stapling_responder {asked.url};"
    with _nginx(asked, fetching) as (port, log):
        deadline = time.monotonic() + _STAPLED_WITHIN
        while time.monotonic() < deadline:  # the first connections come before nginx has its answer
            said = _curl(asked, port)
            if "No OCSP response received" not in said or "OCSP" in log.read_text():
                break
            time.sleep(0.1)
        logged = log.read_text()
    if said == "a page" and "OCSP" not in logged:
        return "good"
    return "revoked" if revoked in logged and "No OCSP response received" in said else said + logged


def curl(asked: Asked) -> str:
    """curl --cert-status, of a response that nginx staples from a file, whatever it says (`ssl_stapling_file`)."""
    _write_request(asked, answer := asked.folder / f"{asked.name}-{asked.hash}.stapled")
    with _nginx(asked, f"ssl_stapling_file {answer};") as (port, _):
        said = _curl(asked, port)
    if said == "a page":
        return "good"
    return "revoked" if "SSL certificate revocation reason: keyCompromise" in said else said


CLIENTS: Final[dict[str, tuple[Callable[[Asked], str], tuple[str, ...]]]] = {
    "openssl": (openssl, ("sha1", "sha256")),
    "ocsptool": (ocsptool, ("sha1", "sha256")),
    "pyhanko": (pyhanko, ("sha1", "sha256")),
    "cryptography": (cryptography, ("sha1", "sha256")),
    "nginx and curl": (nginx_and_curl, ("sha1",)),
    "curl": (curl, ("sha1",)),
}
"""Each client, with the hashes in which it can be asked."""


def _request(asked: Asked) -> bytes:
    leaf, ca = (
        x509.load_pem_x509_certificate((asked.folder / f"{name}.pem").read_bytes()) for name in (asked.name, "ca")
    )
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf, ca, _HASHES[asked.hash])
    return builder.build().public_bytes(Encoding.DER)


def _fetched(asked: Asked) -> bytes:
    headers = {"Content-Type": "application/ocsp-request"}
    with urllib.request.urlopen(urllib.request.Request(asked.url, _request(asked), headers), timeout=20) as reply:
        body: bytes = reply.read()
    return body


def _write_request(asked: Asked, answer: Path) -> None:
    answer.write_bytes(_fetched(asked))


def _run(command: list[str], folder: Path) -> str:
    """Both outputs, whatever the exit code."""
    ended = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, check=False
    )
    return ended.stdout


def _curl(asked: Asked, port: int) -> str:
    where = ["--resolve", f"{asked.name}.example:{port}:127.0.0.1", f"https://{asked.name}.example:{port}/"]
    return _run(["curl", "-sS", "--noproxy", "*", "--cacert", "ca.pem", "--cert-status", *where], asked.folder)


@contextmanager
def _nginx(asked: Asked, stapling: str) -> Iterator[tuple[int, Path]]:
    """nginx with the certificate, stapling what `stapling` says: its port, and its log."""
    folder = Path(mkdtemp(prefix=f"nginx-{asked.name}-", dir=asked.folder))
    chain = [(asked.folder / f"{name}.pem").read_text() for name in (asked.name, "ca")]
    (folder / "chain.pem").write_text("".join(chain))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
    (folder / "nginx.conf").write_text(
        ("user root; " if os.getuid() == 0 else "")
        + f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{ }}\n"
        + f"http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{port} ssl;\n"
        + f"ssl_certificate {folder}/chain.pem; ssl_certificate_key {asked.folder}/{asked.name}.key;\n"
        + f"ssl_trusted_certificate {asked.folder}/ca.pem; ssl_stapling on; {stapling}\n"
        + "location / { return 200 'a page'; } } }\n"
    )
    process = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log"])
    try:
        until_listening(port)
        yield port, folder / "error.log"
    finally:
        process.terminate()
        process.wait(10)
