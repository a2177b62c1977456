"""A pair of machines whose ceremonies sign a series, within a process: their clocks are arguments."""

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from publisher.config import PublisherConfig
from publisher.publish import Outcome, publish_each
from revocation import serials
from revocation.clock import epoch, fixed
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.messages import Release, Verb
from signer.ceremony import collecting
from signer.ceremony.accept import Accepted, accept
from signer.ceremony.output import write_output
from signer.ceremony.request import Request, decode
from signer.ceremony.sign import People, hold, prepare
from signer.ceremony.transcript import Transcript
from signer.handle import handle
from signer.signer import Signer, open_signer
from tests.authority import NOW, Authority
from tests.estate import Estate

DAY = timedelta(days=1)
EVERY, EXPIRES, COUNT = 30 * DAY, 40 * DAY, 12
_PUBLIC = """
crl = { expires = "40d", series = { count = 12, every = "30d" }%s }
ocsp = { signed_by = "issuer" }
"""
_KEY = 'key = "file:ca.key"\npassphrase = "file:ca.passphrase"\n'


class Year:
    """Two installations of one CA, and the stick between them; the first has no key.

    Args:
        crl: more of `[public.crl]`.
    """

    def __init__(self, folder: Path, *, authority: Authority | None = None, crl: str = "") -> None:
        self.authority = authority or Authority(days=7300)
        self.stick = folder / "stick"
        self.stick.mkdir(parents=True)
        more = {"public": _PUBLIC % crl, "signer": 'limits = { crl_validity = "40d", direct_ocsp_validity = "370d" }'}
        self.online = Estate.build(folder / "online", authority=self.authority, **more)
        self.offline = Estate.build(folder / "offline", authority=self.authority, **more)
        ours, theirs = (estate.folder / "revocast.toml" for estate in (self.online, self.offline))
        theirs.write_text(ours.read_text())
        ours.write_text(ours.read_text().replace(_KEY, "offline = true\n"))
        limited = theirs.read_text().replace(_KEY, f'{_KEY}limits = {{ crl_ahead = "330d" }}\n')
        theirs.write_text(limited.replace("[signer]", "[signer]\nceremony = {}"))
        self.signer = self.online.signer()

    def revoke(self, serial: int, now: datetime, reason: str = "keyCompromise") -> None:
        """Record a revocation online."""
        assert handle(self.signer, self.online.revoke(serial, reason, now), fixed(now)).revision

    def release(self, serial: int, now: datetime) -> None:
        """Record online that a hold ends."""
        body = Release(issuer="test", serial=serials.to_hex(serials.from_int(serial)))
        assert handle(self.signer, self.online.ask(Verb.RELEASE, body, now), fixed(now)).revision

    def request(self, now: datetime = NOW) -> Request:
        """A request of that time."""
        return decode(collecting.collect(self.signer, fixed(now), everything=False, copied=False)[1])

    def there(self) -> Signer:
        """The offline signer, as a new process has it."""
        return open_signer(ConfigFile.read(self.offline.folder / "revocast.toml"), NOW)

    def sign(self, request: Request, now: datetime, name: str) -> Transcript:
        """A ceremony on the offline machine; its folder lies on the stick."""
        there = self.there()
        held = hold(there, request, prepare(there, request, fixed(now)), People((), ()))
        write_output(self.stick / name, held, there.exchange)
        return held

    def accept(self, name: str, now: datetime) -> Accepted:
        """Take in what lies on the stick."""
        return accept(self.signer, self.stick / name, now)

    def hold(self, now: datetime, name: str) -> Accepted:
        """A whole ceremony, from request to the exchange."""
        self.sign(self.request(now), now, name)
        return self.accept(name, now)

    def publish(self, now: datetime) -> Outcome:
        """A look of the publisher; what became of the directory."""
        return next(one for one in self.publish_all(now) if one.status.target == "files")

    def publish_all(self, now: datetime) -> list[Outcome]:
        """A look of the publisher; what became of each target."""
        file = self.online.file
        return list(publish_each(PublisherConfig.read(file), PublicConfig.read(file), fixed(now)))

    @property
    def served(self) -> Path:
        """Where the CRL is published."""
        (issuer,) = self.signer.public.profiles
        return self.online.folder / f"public/www/crl/{issuer}/all.crl"

    def number(self) -> int:
        """Of the CRL that is published."""
        found = x509.load_der_x509_crl(self.served.read_bytes())
        return int(found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)

    def issue(self, serial: int) -> Path:
        """A certificate of the CA, valid for years."""
        ca = self.authority
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Certificate {serial}")])
        builder = x509.CertificateBuilder(ca.certificate.subject, subject, serial_number=serial)
        builder = builder.public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
        valid = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + 3000 * DAY)
        file = self.stick / f"{serial}.pem"
        file.write_bytes(valid.sign(ca.key, SHA256()).public_bytes(Encoding.PEM))  # type: ignore[arg-type]
        return file

    def verdict(self, certificate: Path, at: datetime) -> str:
        """What `openssl verify -crl_check` says at a time, by the CRL that is published."""
        crl = self.stick / "crl.pem"
        crl.write_bytes(x509.load_der_x509_crl(self.served.read_bytes()).public_bytes(Encoding.PEM))
        root = str(self.online.folder / "ca.pem")
        command = ["openssl", "verify", "-crl_check", "-attime", str(epoch(at)), "-CAfile", root, "-CRLfile", str(crl)]
        done = subprocess.run([*command, str(certificate)], capture_output=True, text=True, check=False, timeout=30)
        return "good" if done.returncode == 0 else "revoked" if "certificate revoked" in done.stderr else done.stderr

    def crls(self, estate: Estate) -> list[str]:
        """The bundles of CRLs in the exchange of a machine."""
        return sorted(file.name for file in (estate.folder / "exchange").glob("*-crl-*.tar"))
