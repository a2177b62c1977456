"""A whole installation in a folder, valid by default: one issuer with its key, one operator, every service's table."""

import shutil
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from revocation import serials
from revocation.configfile import ConfigFile
from revocation.messages import Body, Import, Message, RequesterKey, Revoke, Verb, compose
from revocation.status import Revocation
from signer.importers.entry import ImportEntry, ImportSource
from signer.importing import apply_import, digest_of
from signer.signer import Signer, open_signer
from tests.authority import NOW, Authority
from tests.newdatabases import put_ledger

PASSPHRASE = b"correct horse"
LEDGER = "signer/ledger.sqlite"

_TABLES = """
[public]
base_url = "http://crl.example"
{public}
[[public.issuers]]
name = "test"
certificates = ["ca.pem"]
[signer]
ledger = "{ledger}"
keys = "signer/keys"
exchange = "exchange"
{signer}
[[signer.issuers]]
name = "test"
key = "file:ca.key"
passphrase = "file:ca.passphrase"
[[signer.requesters]]
name = "operator"
public_key = "{operator}"
verbs = ["revoke", "release", "raise", "excuse", "discard", "import"]
[[signer.requesters]]
name = "clerk"
public_key = "{clerk}"
verbs = ["release"]
issuers = ["another"]
[publisher]
exchange = "exchange"
state = "publisher"
[[publisher.targets]]
name = "files"
kind = "directory"
path = "public"
[[publisher.targets]]
name = "responses"
kind = "lmdb"
path = "store"
[responder]
store = "store"
files = "public/www"
[jobs]
requester = "operator"
requester_key = "operator.key"
"""

_ISSUER = """
[[public.issuers]]
name = "{name}"
certificates = ["{name}.pem"]
[[signer.issuers]]
name = "{name}"
key = "file:{name}.key"
passphrase = "file:{name}.passphrase"
"""


@dataclass
class Estate:
    """The folder and what is in it."""

    folder: Path
    operator: RequesterKey
    clerk: RequesterKey

    @classmethod
    def build(
        cls,
        folder: Path,
        *,
        authority: Authority | None = None,
        public: str = "",
        signer: str = "",
        ledger: str = LEDGER,
    ) -> "Estate":
        """An installation; `public` and `signer` are lines for those tables."""
        folder.mkdir(parents=True, exist_ok=True)
        authority = authority or Authority(days=7300)
        operator, clerk = RequesterKey.generate(), RequesterKey.generate()
        authority.write(folder / "ca.pem")
        encryption = BestAvailableEncryption(PASSPHRASE)
        (folder / "ca.key").write_bytes(authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        (folder / "ca.key").chmod(0o600)
        (folder / "ca.passphrase").write_bytes(PASSPHRASE + b"\n")
        operator.save(folder / "operator.key")
        clerk.save(folder / "clerk.key")
        tables = _TABLES.format(
            public=public, signer=signer, ledger=ledger, operator=operator.public, clerk=clerk.public
        )
        (folder / "revocast.toml").write_text(tables)
        if ledger == LEDGER:
            put_ledger(folder / ledger)
        return cls(folder, operator, clerk)

    def add_issuer(self, name: str, authority: Authority) -> None:
        """One more, with its encrypted key and its passphrase in files of its name."""
        authority.write(self.folder / f"{name}.pem")
        encryption = BestAvailableEncryption(PASSPHRASE)
        key = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        (self.folder / f"{name}.key").write_bytes(key)
        (self.folder / f"{name}.key").chmod(0o600)
        (self.folder / f"{name}.passphrase").write_bytes(PASSPHRASE + b"\n")
        with (self.folder / "revocast.toml").open("a") as config:
            config.write(_ISSUER.format(name=name))

    @classmethod
    def at(cls, folder: Path) -> "Estate":
        """The installation that was built in a folder, or copied to it."""
        return cls(folder, RequesterKey.load(folder / "operator.key"), RequesterKey.load(folder / "clerk.key"))

    @property
    def file(self) -> ConfigFile:
        """The configuration, read again."""
        return ConfigFile.read(self.folder / "revocast.toml")

    def signer(self, now: datetime = NOW) -> Signer:
        """The signer, opened as a new process would."""
        return open_signer(self.file, now)

    def copy_ledger(self, to: Path) -> None:
        """Copy the ledger (SQLite) as it is now."""
        with sqlite3.connect(self.folder / "signer/ledger.sqlite") as ledger, sqlite3.connect(to) as copy:
            ledger.backup(copy)

    def restore_ledger(self, copy: Path) -> None:
        """Put an old copy in the place of a ledger that nobody has open, and empty the exchange."""
        ledger = self.folder / "signer/ledger.sqlite"
        for file in ledger.parent.glob("ledger.sqlite*"):
            file.unlink()
        shutil.copy(copy, ledger)
        shutil.rmtree(self.folder / "exchange")

    def ask(self, verb: Verb, body: Body, now: datetime = NOW, *, id_: str | None = None) -> Message:
        """A message that the operator signed."""
        return self.operator.sign(compose(verb, body, now, requester="operator", id_=id_))

    def revoke(
        self, serial: int, reason: str = "keyCompromise", now: datetime = NOW, issuer: str = "test", **more: datetime
    ) -> Message:
        """The operator's message that revokes a serial."""
        hexadecimal = serials.to_hex(serials.from_int(serial))
        return self.ask(Verb.REVOKE, Revoke(issuer=issuer, serial=hexadecimal, reason=reason, **more), now)

    def register(self, signer: Signer, numbers: Iterable[int], now: datetime = NOW, **entry: object) -> None:
        """Import certificates with these serials, good unless `entry` says otherwise."""
        self.import_(signer, [certificate(number, **entry) for number in numbers], now)

    def import_(
        self, signer: Signer, entries: list[ImportEntry], now: datetime = NOW, issuer: str = "test", **source: object
    ) -> object:
        """Import these entries as the operator."""
        digest, _ = digest_of(entries, lambda: None)
        found = ImportSource("a test", entries, **source)
        number = None if found.crl_number is None else str(found.crl_number)
        body = Import(issuer=issuer, source="a test", entries_sha256=digest, crl_number=number)
        return apply_import(signer, self.ask(Verb.IMPORT, body, now), found, now, lambda: None)


def certificate(
    number: int,
    *,
    not_after: datetime | None = NOW + timedelta(days=365),
    is_ca: bool = False,
    revocation: Revocation | None = None,
) -> ImportEntry:
    """A certificate as an importer finds it."""
    return ImportEntry(serials.from_int(number), not_after, is_ca, revocation, None, f"line {number}")
