"""An online machine and an offline one, two folders with a configuration each, and a stick between them."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from revocation.messages import RequesterKey
from tests.authority import Authority
from tests.newdatabases import put_ledger

REVOCAST = [sys.executable, "-P", "-m", "revocation"]
PASSPHRASE = b"correct horse"

_PUBLIC = """[public]
base_url = "http://crl.example"
[public.crl]
expires = "200d"
renewal = "1d"
look = "95d"
[public.ocsp]
signed_by = "issuer"
expires = "200d"
renewal = "1d"
look = "95d"
[[public.issuers]]
name = "root"
certificates = ["root.pem"]
"""

_SIGNER = """[signer]
ledger = "ledger.sqlite"
keys = "keys"
exchange = "exchange"
[signer.limits]
crl_validity = "200d"
[[signer.requesters]]
name = "operator"
public_key = "{operator}"
verbs = ["revoke", "release", "raise", "excuse", "import"]
"""

_ONLINE = """[[signer.issuers]]
name = "root"
offline = true
[publisher]
exchange = "exchange"
state = "state"
[[publisher.targets]]
name = "files"
kind = "directory"
path = "public"
ocsp = true
[[publisher.targets]]
name = "responses"
kind = "lmdb"
path = "store"
[responder]
store = "store"
[jobs]
requester = "operator"
requester_key = "operator.key"
"""

_OFFLINE = """[[signer.issuers]]
name = "root"
key = "file:root.key"
passphrase = "file:passphrase"
[signer.ceremony]
"""


@dataclass
class Site:
    """Both machines.

    Attributes:
        certificates: of the CAs below the root, by their serials.
    """

    folder: Path
    authority: Authority
    certificates: dict[int, Path]

    @classmethod
    def build(cls, folder: Path, *, offline: str = "") -> "Site":
        """The machines, right by default; `offline` are lines of the offline machine's configuration."""
        authority = Authority(
            "Example Root", not_before=_now() - timedelta(days=1), days=7300, crl_sign=True, digital_signature=True
        )
        site = cls(folder, authority, {})
        for name in ("online", "offline", "stick", "issued"):
            (folder / name).mkdir(parents=True)
        for machine in (site.online, site.offline):
            authority.write(machine / "root.pem")
            put_ledger(machine / "ledger.sqlite")
        for serial in (0x11, 0x12, 0x13):
            site.certificates[serial] = site.issue(serial)
        operator = RequesterKey.generate()
        operator.save(site.online / "operator.key")
        signer = _SIGNER.format(operator=operator.public)
        (site.online / "revocast.toml").write_text(_PUBLIC + signer + _ONLINE)
        (site.offline / "revocast.toml").write_text(_PUBLIC + signer + _OFFLINE + offline)
        encryption = BestAvailableEncryption(PASSPHRASE)
        (site.offline / "root.key").write_bytes(
            authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        )
        (site.offline / "root.key").chmod(0o600)
        (site.offline / "passphrase").write_bytes(PASSPHRASE)
        return site

    @property
    def online(self) -> Path:
        """The machine that records and publishes."""
        return self.folder / "online"

    @property
    def offline(self) -> Path:
        """The machine that has the key."""
        return self.folder / "offline"

    @property
    def stick(self) -> Path:
        """What goes between them."""
        return self.folder / "stick"

    def issue(self, serial: int) -> Path:
        """A certificate of a CA below the root."""
        ca = self.authority
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Example Issuing {serial:X}")])
        builder = x509.CertificateBuilder(ca.certificate.subject, subject, serial_number=serial)
        certificate = (
            builder.public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
            .not_valid_before(_now() - timedelta(hours=1))
            .not_valid_after(_now() + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(ca.key, SHA256())  # type: ignore[arg-type]
        )
        file = self.folder / "issued" / f"{serial:X}.pem"
        file.write_bytes(certificate.public_bytes(Encoding.PEM))
        return file

    def run(self, machine: Path, *arguments: str, code: int = 0) -> str:
        """A command on a machine; what it printed, where it ended with that code."""
        command = [*REVOCAST, *arguments]
        done = subprocess.run(command, cwd=machine, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def request(self, name: str, *options: str) -> str:
        """Make a request; its digest, as it is printed."""
        shown = self.run(self.online, "ceremony", "request", "--out", f"../stick/{name}", *options)
        (digest,) = re.findall(r"^(sha256:[0-9a-f]{64})$", shown, re.M)
        return str(digest)

    def sign(self, name: str, digest: str, out: str, *options: str, code: int = 0) -> str:
        """Hold a ceremony."""
        arguments = ("ceremony", "sign", f"../stick/{name}", "--out", f"../stick/{out}", "--yes", digest, *options)
        return self.run(self.offline, *arguments, code=code)

    def hold(self, name: str) -> str:
        """A whole ceremony, from request to publication; what the offline machine showed."""
        digest = self.request(f"{name}.json")
        shown = self.sign(f"{name}.json", digest, name)
        self.run(self.online, "ceremony", "accept", f"../stick/{name}")
        self.run(self.online, "publish")
        return shown

    def served(self) -> x509.CertificateRevocationList:
        """The CRL that is published."""
        (file,) = (self.online / "public/www/crl").rglob("all.crl")
        return x509.load_der_x509_crl(file.read_bytes())

    def number(self) -> int:
        """Its number."""
        return int(self.served().extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)

    def listed(self) -> set[int]:
        """The serials on it."""
        return {entry.serial_number for entry in self.served()}

    def verdict(self, serial: int) -> str:
        """What `openssl verify -crl_check` makes of a certificate with the CRL that is published."""
        crl = self.folder / "crl.pem"
        crl.write_bytes(self.served().public_bytes(Encoding.PEM))
        command = ["openssl", "verify", "-crl_check", "-CAfile", str(self.online / "root.pem"), "-CRLfile", str(crl)]
        done = subprocess.run([*command, str(self.certificates[serial])], capture_output=True, text=True, check=False)
        return "good" if done.returncode == 0 else "revoked" if "certificate revoked" in done.stderr else done.stderr

    def answer(self, serial: int) -> str:
        """What `openssl ocsp` makes of the responder's answer about a certificate, by the root alone."""
        command = [*REVOCAST, "respond", "--port", "0"]
        with subprocess.Popen(command, cwd=self.online, stdout=subprocess.PIPE, text=True) as responder:
            try:
                assert responder.stdout
                url = responder.stdout.readline().removeprefix("listening on ").strip()
                root = str(self.online / "root.pem")
                asked = ["-issuer", root, "-CAfile", root, "-cert", str(self.certificates[serial])]
                openssl = ["openssl", "ocsp", "-url", f"{url}/ocsp/", "-no_nonce", *asked]
                done = subprocess.run(openssl, capture_output=True, text=True, check=False, timeout=30)
            finally:
                responder.kill()
        assert "Response verify OK" in done.stderr, done.stderr
        return next(iter(re.findall(r": (good|revoked|unknown)\n", done.stdout)), done.stdout)

    def transcript(self, name: str) -> dict[str, object]:
        """What a ceremony left."""
        found: dict[str, object] = json.loads((self.stick / name / "transcript.json").read_text())
        return found


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
