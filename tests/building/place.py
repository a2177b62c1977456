"""A publisher's installation in a temporary folder: a CA, an exchange, targets, marks, and a look into all of them."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import lmdb
from cryptography.x509 import ocsp

from publisher.config import PublisherConfig
from publisher.publish import Outcome, publish, publish_each
from revocation import serials
from revocation.certid import CertIDHash
from revocation.clock import fixed
from revocation.config import IssuerProfile, PublicConfig
from revocation.crlspec import CRLSpec
from revocation.paths import crl_path
from revocation.published import TargetStatus
from revocation.store import RESPONSES_DATABASE, StoredResponse, response_key
from tests.authority import NOW
from tests.building.ca import CA


class Place:
    """One publisher with a directory and a store.

    Args:
        files: keys of the directory's table, such as `numbered` and `pem`.
        public: keys of the table [public] that differ, `crl` or `ocsp`.

    Attributes:
        told: what the table [public] is made of.
    """

    def __init__(
        self, root: Path, ca: CA | None = None, files: Mapping[str, object] | None = None, **public: object
    ) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.ca = ca or CA()
        issuers = [{"name": self.ca.name, "certificates": [self.ca.write(root)]}]
        self.told = {"base_url": "http://pki.example", "issuers": issuers, **public}
        self.public = PublicConfig.model_validate(self.told)
        self.exchange, self.state = root / "exchange", root / "state"
        self.directory, self.store = root / "public", root / "store"
        targets = [
            {"name": "files", "kind": "directory", "path": self.directory, **(files or {})},
            {"name": "responses", "kind": "lmdb", "path": self.store, "map_size_gib": 1},
        ]
        self.config = PublisherConfig.model_validate(
            {"exchange": self.exchange, "state": self.state, "targets": targets}
        )

    @property
    def profile(self) -> IssuerProfile:
        """The CA's."""
        return self.public.profiles[self.ca.issuer.id]

    def write_config(self, queue: str | None = None) -> Path:
        """A revocast.toml for commands, which read the real clock."""
        file = self.root / "revocast.toml"
        file.write_text(
            f"""
[public]
base_url = "{self.public.base_url}"
[[public.issuers]]
name = "{self.ca.name}"
certificates = ["{self.ca.name}.pem"]
[publisher]
exchange = "exchange"
state = "state"
{f'queue = "{queue}"' if queue else ""}
[[publisher.targets]]
name = "files"
kind = "directory"
path = "public"
[[publisher.targets]]
name = "responses"
kind = "lmdb"
path = "store"
map_size_gib = 1
"""
        )
        return file

    def publish(self, now: datetime = NOW) -> tuple[TargetStatus, TargetStatus]:
        """Publish; the status of the directory and of the store."""
        files, responses = publish(self.config, self.public, fixed(now))
        return files, responses

    def outcomes(self, now: datetime = NOW) -> tuple[Outcome, Outcome]:
        """Publish; the outcome of the directory and of the store."""
        files, responses = publish_each(self.config, self.public, fixed(now))
        return files, responses

    def spec(self, label: str = "all") -> CRLSpec:
        """One of the CA's CRLs as it is configured."""
        return self.profile.crls[label]

    def crl_file(self, label: str = "all") -> Path:
        """Where a CRL lies."""
        return self.directory / "www" / crl_path(self.ca.issuer.id, label)

    def stored(self, serial: int, hash_: CertIDHash = CertIDHash.SHA256) -> StoredResponse | None:
        """What the store holds."""
        with lmdb.open(str(self.store), readonly=True, max_dbs=4) as env:
            database = env.open_db(RESPONSES_DATABASE, create=False)
            with env.begin(db=database) as txn:
                raw = txn.get(response_key(self.ca.issuer.octets, hash_.octet, serials.from_int(serial)))
        return StoredResponse.decode(raw) if raw is not None else None

    def says(self, serial: int, hash_: CertIDHash = CertIDHash.SHA256) -> str | None:
        """`GOOD` or `REVOKED`; None where the store has no answer."""
        stored = self.stored(serial, hash_)
        return said(stored.der) if stored else None

    def overwrite(self, serials_: Sequence[int], stored: StoredResponse, hash_: CertIDHash = CertIDHash.SHA256) -> None:
        """Write into the store as nobody should."""
        with lmdb.open(str(self.store), max_dbs=4, map_size=1 << 30) as env:
            database = env.open_db(RESPONSES_DATABASE)
            with env.begin(db=database, write=True) as txn:
                for serial in serials_:
                    key = response_key(self.ca.issuer.octets, hash_.octet, serials.from_int(serial))
                    txn.put(key, stored.encode())

    def wipe(self, *folders: Path) -> None:
        """Delete folders whole."""
        for folder in folders:
            shutil.rmtree(folder)

    def assert_kept(self, bundle: str, message: str) -> None:
        """The bundle was set aside: its record says what and where, and the copy is the bundle."""
        record = json.loads((self.state / "set-aside" / f"{bundle}.json").read_text())
        assert record["bundle"] == bundle
        told = f"{record['where']}: {record['what']}"
        assert record["where"].startswith(("bundle ", "CRL test/all", "OCSP response of test"))
        assert re.search(message, told), told
        assert (self.state / "set-aside" / bundle).read_bytes() == (self.exchange / bundle).read_bytes()


def said(der: bytes) -> str:
    """The status in an OCSP response."""
    return next(iter(ocsp.load_der_ocsp_response(der).responses)).certificate_status.name
