"""The main job with a CA of every kind of key: one installation, its processes, and what relying parties make of it.

`revocast init`, `import`, `up` with its `worker signer` and responder, `revoke`, `check`; the judges are of others.
"""

import base64
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from revocation import clock
from tests.building.ca_places import KINDS, CAFolder, CAKind, KeyPlaces, PlacedKey
from tests.infra.running_nginx import free_port
from tests.whole import libcrypto
from tests.whole.running import Running
from tests.whole.service import revocast, succeed

_HASHES: Final = {"sha1": SHA1(), "sha256": SHA256()}
_SECONDS: Final = 60


@dataclass(frozen=True)
class MainJob:
    """An installation that runs, with an issuer for each kind of key.

    Attributes:
        url: without a path.
        folder: for files of judges.
    """

    data: Path
    url: str
    folder: Path
    cas: Mapping[CAKind, CAFolder]

    def command(self, *words: object) -> "subprocess.CompletedProcess[str]":
        """One of Revocast's, on this installation."""
        return revocast(*words, "--config", self.data / "revocast.toml")

    def crl(self, kind: CAKind) -> Path:
        """The CRL, DER, as curl fetched it just now."""
        target = self.folder / f"{kind.name}.crl"
        _run("curl", "-sSf", "-o", target, f"{self.url}/crl/{self.cas[kind].issuer.id}/all.crl")
        return target

    def response(self, kind: CAKind, status: str, hash_: str) -> Path:
        """The OCSP response about a certificate, as curl fetched it by GET (RFC 9919 section 5)."""
        ca, leaf = (x509.load_pem_x509_certificate(file.read_bytes()) for file in self._files(kind, status))
        request = ocsp.OCSPRequestBuilder().add_certificate(leaf, ca, _HASHES[hash_]).build().public_bytes(Encoding.DER)
        target = self.folder / f"{kind.name}-{status}-{hash_}.ocsp"
        path = quote(base64.b64encode(request).decode(), safe="")
        _run("curl", "-sSf", "--path-as-is", "-o", target, f"{self.url}/ocsp/{path}")
        return target

    def openssl(self, kind: CAKind, status: str, *options: str) -> str:
        """`openssl ocsp`, by POST unless the options name a file with the response."""
        ca, leaf = self._files(kind, status)
        where = () if "-respin" in options else ("-url", f"{self.url}/ocsp/")
        said = _run("openssl", "ocsp", "-issuer", ca, "-CAfile", ca, *options, *where, "-cert", leaf)
        found = re.search(r"^\S+: (good|revoked)$", said, re.M)
        return found[1] if found and "Response verify OK" in said else said

    def ocsptool(self, kind: CAKind, status: str) -> str:
        """GnuTLS, which asks with SHA-1."""
        ca, leaf = self._files(kind, status)
        files = ("--load-issuer", ca, "--load-trust", ca, "--load-cert", leaf)
        said = _run("ocsptool", f"--ask={self.url}/ocsp/", *files, "--no-nonce")
        found = set(re.findall(r"Certificate Status: (good|revoked)", said))
        return found.pop() if "Verifying OCSP Response: Success." in said and len(found) == 1 else said

    def certtool(self, kind: CAKind) -> set[int]:
        """The serials on a CRL whose signature GnuTLS has verified."""
        crl = self._pem_crl(kind)
        said = _run("certtool", "--verify-crl", "--load-ca-certificate", self.cas[kind].ca, "--infile", crl)
        assert "Verification output: Verified." in said, said
        said = _run("certtool", "--crl-info", "--infile", crl)
        return {int(serial, 16) for serial in re.findall(r"Serial Number \(hex\): ([0-9a-f]+)", said)}

    def openssl_verify(self, kind: CAKind, status: str) -> str:
        """`openssl verify -crl_check` with the CRL, whose signature that verifies."""
        ca, leaf = self._files(kind, status)
        said = _run("openssl", "verify", "-crl_check", "-CAfile", ca, "-CRLfile", self._pem_crl(kind), leaf)
        return "good" if said == f"{leaf}: OK\n" else "revoked" if "error 23 at 0 depth lookup" in said else said

    def libcrypto(self, kind: CAKind, status: str) -> set[str]:
        """OpenSSL 3.5, with the CRL, and with the response by either hash."""
        ca, leaf = (self.cas[kind].der(file) for file in self._files(kind, status))
        by_ocsp = {libcrypto.ocsp(ca, leaf, self.response(kind, status, one).read_bytes(), one) for one in _HASHES}
        return by_ocsp | {libcrypto.verify(ca, leaf, self.crl(kind).read_bytes())}

    def cryptography(self, kind: CAKind, status: str) -> set[str]:
        """pyca/cryptography, the same."""
        ca, leaf = (x509.load_pem_x509_certificate(file.read_bytes()) for file in self._files(kind, status))
        crl = x509.load_der_x509_crl(self.crl(kind).read_bytes())
        assert crl.is_signature_valid(ca.public_key())  # type: ignore[arg-type]
        found = {"revoked" if crl.get_revoked_certificate_by_serial_number(leaf.serial_number) else "good"}
        for hash_ in _HASHES:
            response = ocsp.load_der_ocsp_response(self.response(kind, status, hash_).read_bytes())
            (delegate,) = response.certificates
            delegate.verify_directly_issued_by(ca)
            delegate.public_key().verify(response.signature, response.tbs_response_bytes)  # type: ignore[union-attr,call-arg]
            found.add(response.certificate_status.name.lower())
        return found

    def _pem_crl(self, kind: CAKind) -> Path:
        pem = self.folder / f"{kind.name}.pem"
        pem.unlink(missing_ok=True)
        _run("openssl", "crl", "-inform", "DER", "-in", self.crl(kind), "-out", pem)
        return pem

    def _files(self, kind: CAKind, status: str) -> tuple[Path, Path]:
        return self.cas[kind].ca, self.cas[kind].leaf(status)


@contextmanager
def main_job(folder: Path, places: KeyPlaces) -> Iterator[MainJob]:
    """It, with every certificate imported and published. No key lies in a PKI folder: each is named where it is."""
    now = clock.now().replace(microsecond=0)
    keys = {kind.name: places.generate(kind) for kind in KINDS}
    cas = {kind: keys[kind.name].write_pki(folder / "pki" / kind.name, now) for kind in KINDS}
    data, port = folder / "data", free_port()
    options = [word for ca in cas.values() for word in ("--pki", ca.path)]
    succeed("init", data, *options, "--base-url", f"http://127.0.0.1:{port}")
    config = data / "revocast.toml"
    config.write_text(_with_keys(config.read_text(), keys))
    for ca in cas.values():
        succeed("import", ca.path, "--config", config)
    (files := folder / "fetched").mkdir()
    system = Running(data, "--port", str(port))
    try:
        yield MainJob(data, f"http://127.0.0.1:{port}", files, cas)
    finally:
        system.process.terminate()
        system.process.wait(30)


def _with_keys(text: str, keys: Mapping[str, PlacedKey]) -> str:
    """The configuration, with each key where it is, and for ML-DSA a responder key of that kind."""
    for name, key in keys.items():
        text = re.sub(
            rf'(\[\[signer\.issuers\]\]\nname = "{name}"\n)key = .*\n(passphrase = .*\n)?',
            lambda found, key=key: f"{found[1]}{key.settings}\n",  # type: ignore[misc]
            text,
        )
        if key.kind.is_post_quantum:
            named = f'[[public.issuers]]\nname = "{name}"'
            text = text.replace(
                named, named.replace("\nname", f'\nocsp = {{ responder_key = "{key.kind.algorithm}" }}\nname')
            )
    return text


def _run(*command: object) -> str:
    """Both outputs, whatever the exit code."""
    words = [str(word) for word in command]
    ended = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=_SECONDS, check=False
    )
    return ended.stdout
