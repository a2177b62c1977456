"""A machine with a configuration, no issuer yet, and keys; its commands run within the test."""

import subprocess
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from revocation import clock
from revocation.commands import root
from revocation.configfile import ConfigFile
from revocation.errors import RevocastError
from revocation.messages import Outcome, RequesterKey, Revoke, Verb, compose
from signer.ceremony import consent
from signer.change import change_together
from signer.keys.generating import KINDS
from signer.signer import Signer, open_signer
from tests.authority import CAKey
from tests.newdatabases import put_ledger

PASSPHRASE: Final = "correct horse"
ROOT: Final = "CN=Example Root, O=Example, C=EE"
SUB: Final = "CN=Example CA 1, O=Example, C=EE"

_TABLES: Final = """
[public]
base_url = "http://pki.example.com"
{public}
[signer]
ledger = "signer/ledger.sqlite"
keys = "signer/keys"
exchange = "exchange"
[[signer.requesters]]
name = "operator"
public_key = "{operator}"
verbs = ["revoke", "import"]
{signer}
"""


class Machine:
    """The machine of a signer."""

    def __init__(self, folder: Path, *, public: str = "", signer: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.config = folder, folder / "revocast.toml"
        self.operator = RequesterKey.generate()
        self.operator.save(folder / "operator.key")
        self.config.write_text(_TABLES.format(public=public, signer=signer, operator=self.operator.public))
        (folder / "pw").write_text(PASSPHRASE)
        put_ledger(folder / "signer/ledger.sqlite")

    @classmethod
    def at(cls, folder: Path) -> "Machine":
        """One whose configuration is there."""
        machine = cls.__new__(cls)
        machine.folder, machine.config = folder, folder / "revocast.toml"
        return machine

    @property
    def signer(self) -> Signer:
        """As a new process would open it."""
        return open_signer(ConfigFile.read(self.config), clock.now())

    def key(self, name: str, kind: str = "p256", made: CAKey | None = None) -> tuple[str, ...]:
        """Options that name a new key."""
        key = made or KINDS[kind]()
        encryption = BestAvailableEncryption(PASSPHRASE.encode())
        path = self.folder / f"{name}.key"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))  # type: ignore[union-attr]
        path.chmod(0o600)
        return "--key", f"file:{path}", "--passphrase", f"file:{self.folder / 'pw'}"

    def run(self, *words: str | Path) -> str:
        """What a command that succeeds prints."""
        result = CliRunner().invoke(root, [*map(str, words), "--config", str(self.config)])
        assert result.exit_code == 0, f"{result.output}{result.exception!r}"
        return result.output

    def refused(self, *words: str | Path) -> RevocastError:
        """What a command says that fails."""
        result = CliRunner().invoke(root, [*map(str, words), "--config", str(self.config)])
        assert isinstance(result.exception, RevocastError), f"{result.output}{result.exception!r}"
        return result.exception

    def certificate(self, name: str) -> x509.Certificate:
        """The certificate of an issuer."""
        return x509.load_pem_x509_certificate(self.pem(name).read_bytes())

    def pem(self, name: str) -> Path:
        """The file it is in."""
        return self.folder / f"issuers/{name}.pem"

    def create_root(self, *words: str, days: int = 3650) -> None:
        """A root called `root`."""
        key = () if "--key" in words else self.key("root")
        self.run("issuer", "create", "root", "--subject", ROOT, "--days", str(days), "--append", *key, *words)

    def create_sub(self, *words: str, days: int = 10) -> None:
        """A CA below it called `sub`."""
        usual = ("--issued-by", "root", "--subject", SUB, "--days", str(days), "--append")
        self.run("issuer", "create", "sub", *usual, *self.key("sub"), *words)

    def revoke(self, serial: int, reason: str = "cessationOfOperation") -> None:
        """Revoke a certificate of the root."""
        body = Revoke(issuer="root", serial=f"{serial:X}", reason=reason)
        message = self.operator.sign(compose(Verb.REVOKE, body, clock.now(), requester="operator"))
        ((_, reply),) = change_together(self.signer, [message.model_dump_json()], clock.now)
        assert reply.outcome is Outcome.DONE, reply.detail


def as_at_a_terminal(monkeypatch: pytest.MonkeyPatch, *, is_one: bool = True) -> None:
    """Have commands within the test take their standard input for a terminal; a real one: `tests.terminal`."""
    monkeypatch.setattr(consent, "is_attended", lambda: is_one)
    monkeypatch.setattr(consent, "has_terminal", lambda *, err: is_one)
    monkeypatch.setattr(consent, "_forget_what_was_typed", lambda: None)


def asked_for(machine: Machine, tmp_path: Path) -> tuple[str, ...]:
    """The command that signs a request of another machine."""
    there = Machine(tmp_path / "there")
    there.run("issuer", "csr", "sub", "--subject", SUB, *there.key("sub"))
    file, out = there.folder / "issuers/sub.csr", machine.folder / "x.pem"
    return ("issuer", "sign", str(file), "--issued-by", "root", "--days", "10", "--out", str(out))


def judged(root_pem: Path, *below: Path) -> None:
    """OpenSSL and GnuTLS find a chain that leads to the root."""
    chain = [argument for one in below[1:] for argument in ("-untrusted", str(one))]
    leaf = below[0] if below else root_pem
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(root_pem), *chain, str(leaf)]
    subprocess.run(command, check=True, capture_output=True)
    bundle = b"".join(one.read_bytes() for one in (*below, root_pem))
    said = subprocess.run(["certtool", "--verify-chain"], input=bundle, capture_output=True, check=False)
    assert b"Verified. The certificate is trusted." in said.stdout + said.stderr, said.stdout
