"""Relying parties that others wrote: `openssl ocsp`, `openssl verify`, GnuTLS's `ocsptool`, and curl.

A verdict is `good` or `revoked`, or all that the program said.
"""

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.e2e.clients import get_path
from tests.e2e.verify import Verifier

PROGRAMS: Final = ("curl", "initdb", "nginx", "ocsptool", "openssl", "easyrsa", "weed")
"""What has to be installed for all of it."""

_AT_ONCE: Final = 1000
_SECONDS: Final = 60


@dataclass(frozen=True)
class Programs:
    """Asked about certificates of one CA.

    Attributes:
        folder: for their files.
        url: of the web server, without a path.
    """

    folder: Path
    ca: Path
    verifier: Verifier
    url: str

    def openssl(self, certificate: Path) -> str:
        """`openssl ocsp` over POST."""
        return _openssl_verdict(_run([*self._openssl(certificate), "-url", f"{self.url}/ocsp/"]))

    def curl(self, certificate: Path, serial: int) -> str:
        """curl fetches what a GET names, as it is written; openssl judges it."""
        answer = self.folder / f"{serial:X}.der"
        place = self.url + get_path(self.verifier.request(serial, "sha1"))
        said = _run(["curl", "-sSf", "--path-as-is", "--noproxy", "*", "-o", str(answer), place])
        return said or _openssl_verdict(_run([*self._openssl(certificate), "-respin", str(answer)]))

    def ocsptool(self, certificate: Path) -> str:
        """GnuTLS, which asks over POST with SHA-1."""
        files = ["--load-issuer", str(self.ca), "--load-trust", str(self.ca), "--load-cert", str(certificate)]
        said = _run(["ocsptool", f"--ask={self.url}/ocsp/", *files, "--no-nonce"])
        found = set(re.findall(r"Certificate Status: (good|revoked)", said))
        return found.pop() if "Verifying OCSP Response: Success." in said and len(found) == 1 else said

    def crl(self, der: bytes, name: str) -> Path:
        """A CRL as PEM, which `openssl crl` has verified."""
        binary, pem = self.folder / f"{name}.crl", self.folder / f"{name}.pem"
        binary.write_bytes(der)
        said = _run(["openssl", "crl", "-inform", "DER", "-in", str(binary), "-CAfile", str(self.ca), "-out", str(pem)])
        assert "verify OK" in said, said
        return pem

    def revoked(self, crl: Path, certificates: Iterable[Path]) -> set[Path]:
        """Which of them `openssl verify -crl_check` calls revoked; every other it has to call good."""
        files, found = list(certificates), set[Path]()
        for start in range(0, len(files), _AT_ONCE):
            found |= self._revoked(crl, files[start : start + _AT_ONCE])
        return found

    def _revoked(self, crl: Path, certificates: Sequence[Path]) -> set[Path]:
        command = ["openssl", "verify", "-CAfile", str(self.ca), "-crl_check", "-CRLfile", str(crl)]
        said = _run([*command, *map(str, certificates)], apart=True)
        good = set(re.findall(r"^(.+): OK$", said, re.M))
        bad = set(re.findall(r"^error (.+): verification failed$", said, re.M))
        assert len(re.findall(r"^error 23 at 0 depth lookup: certificate revoked$", said, re.M)) == len(bad), said
        assert good | bad == set(map(str, certificates)), said
        return set(map(Path, bad))

    def _openssl(self, certificate: Path) -> list[str]:
        return [
            "openssl",
            "ocsp",
            "-issuer",
            str(self.ca),
            "-CAfile",
            str(self.ca),
            "-no_nonce",
            "-cert",
            str(certificate),
        ]


def _openssl_verdict(said: str) -> str:
    found = re.match(r"Response verify OK\n\S+: (good|revoked)\n", said)
    return found[1] if found else said


def _run(command: list[str], *, apart: bool = False) -> str:
    """Both outputs, whatever the exit code; as they came, or one after the other, where lines would get mixed."""
    errors = subprocess.PIPE if apart else subprocess.STDOUT
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, text=True, timeout=_SECONDS, check=False)
    return ended.stdout + (ended.stderr or "")
