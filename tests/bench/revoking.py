"""A running system to revoke in: queue, signer, publisher, responder and nginx as processes, and what they answer.

The ledger has many certificates, 10,000 of them revoked, so that a CRL has as many entries and a few more; the store
has a response in SHA-1 and one in SHA-256 for each of them, signed by the signer and verified by the gate, and so has
the folder of static files where there is one.
"""

import random
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

from cryptography.x509 import ocsp

from publisher.config import PublisherConfig
from publisher.status import read_statuses
from revocation import clock, crlbytes, serials
from revocation.certid import CertID, CertIDHash
from revocation.config import PublicConfig
from revocation.messages import Message, Outcome
from revocation.ocsppath import canonical_request, static_path
from revocation.paths import crl_path
from revocation.status import Reason, Revocation
from revocation.wire.queue import SIGNER_QUEUE, Wire
from signer.importers.entry import ImportEntry
from signer.ledger import pages
from signer.ledger.bulk import Change, apply_changes
from signer.ledger.facts import Origin
from tests.bench.load import wait_for_port
from tests.estate import Estate
from tests.infra.test_nginx import free_port, nginx
from tests.waiting import until
from tests.whole.burst import REVOCAST, worker
from tests.wire.server import Server

REVOKED = 10_000
_BATCH = 5000
_LONGEST = 3600
_ACKNOWLEDGED_WITHIN = 60


class System:
    """What can be revoked in it, and what it answers.

    Attributes:
        good: serials that are not revoked yet, in no order.
        static: whether responses are static files too.
    """

    def __init__(self, folder: Path, queue: str, certificates: int, slices: int, *, static: bool) -> None:
        self.folder, self.static = folder, static
        self.estate = Estate.build(folder, signer=f'queue = "{queue}"', public=f"ocsp = {{ slices = {slices} }}")
        self._ports = {"respond": free_port(), "nginx": free_port()}
        config = folder / "revocast.toml"
        text = config.read_text().replace("[publisher]\n", f'[publisher]\nqueue = "{queue}"\n')
        text = text.replace('files = "public/www"\n', f'server = "fastpysgi"\nport = {self._ports["respond"]}\n')
        config.write_text(text.replace('path = "public"\n', 'path = "public"\nocsp = true\n') if static else text)
        self._public = PublicConfig.read(self.estate.file)
        self._publisher = PublisherConfig.read(self.estate.file)
        (self._profile,) = self._public.profiles.values()
        self._wire = Wire(queue)
        self.good = self._fill(certificates)
        self._seen = 0
        self._connections: dict[str, HTTPConnection] = {}

    @property
    def ports(self) -> dict[str, int]:
        """Where the responder and nginx listen."""
        return self._ports

    @property
    def crl(self) -> Path:
        """The file that nginx serves."""
        return self.folder / "public/www" / crl_path(self._profile.issuer.id, "all")

    def send(self, serial: int) -> Message:
        """Have a certificate revoked."""
        message = self.estate.revoke(serial, now=clock.now())
        self._wire.send(SIGNER_QUEUE, message)
        return message

    def await_acknowledgement(self, message: Message) -> None:
        """Return when the ledger has it for certain."""
        reply = self._wire.await_reply(message.id, _ACKNOWLEDGED_WITHIN)
        if reply is None or reply.outcome is not Outcome.DONE:
            raise SystemExit(f"not revoked: {reply}")

    def says_revoked(self, way: str, serial: int) -> bool:
        """What a client is told: by `post` to the responder, by `get` of the static file, by `crl`.

        A CRL is fetched when its file is another one: a client that did all the time would slow everything down.
        """
        if way == "crl":
            if (version := self.crl.stat().st_ino) == self._seen:
                return False
            self._seen = version
            entries = crlbytes.entries(self._http("nginx", "GET", "/" + crl_path(self._profile.issuer.id, "all")))
            return serials.from_int(serial) in set(map(crlbytes.serial_of, entries))
        cert_id = CertID.of(self._profile.issuer, serials.from_int(serial), CertIDHash.SHA256)
        request = canonical_request(cert_id)
        if way == "post":
            data = self._http("respond", "POST", "/ocsp/", request)
        else:
            data = self._http("nginx", "GET", "/ocsp/" + quote(b64encode(request), safe=""))
        return ocsp.load_der_ocsp_response(data).certificate_status is ocsp.OCSPCertStatus.REVOKED

    def ways(self, serial: int) -> list[str]:
        """How the status of a certificate can be seen here."""
        cert_id = CertID.of(self._profile.issuer, serials.from_int(serial), CertIDHash.SHA256)
        return ["post", "crl", *(["get"] if self.static and static_path(cert_id) else [])]

    def lose_a_slice(self) -> Path:
        """Take a bundle out of the exchange: its slice is due, and signed and published whole at the next look."""
        bundle = max((self.folder / "exchange").glob("*-ocsp-*.tar"), key=lambda file: file.stat().st_size)
        bundle.unlink()
        return bundle

    def all_is_published(self, count: int) -> bool:
        """Whether each target that has responses has them for that many certificates."""
        if not self.crl.exists():
            return False
        statuses = read_statuses(self._publisher, self._public, clock.now())
        counts = [sum(row.count for row in status.slices) for status in statuses]
        return counts == [2 * count if self.static else 0, 2 * count]

    def _fill(self, certificates: int) -> list[int]:
        signer = self.estate.signer(clock.now())
        now, chance, good = clock.now(), random.Random(1), list[int]()
        revocation, origin = Revocation(now - timedelta(days=1), Reason.superseded), Origin("operator", "0" * 32, now)
        with signer.ledger.write() as connection:
            for start in range(0, certificates, _BATCH):
                batch = list[Change]()
                for number in range(start, min(start + _BATCH, certificates)):
                    serial = chance.getrandbits(127) | 1 << 126
                    said = revocation if number < REVOKED else None
                    good += [serial] if said is None else []
                    entry = ImportEntry(
                        serials.from_int(serial), now + timedelta(days=365), False, said, None, "a benchmark"
                    )
                    batch.append(Change(entry, register=True, revocation=said))
                apply_changes(connection, self._profile.issuer, batch, origin)
            pages.settle(connection, self._profile.issuer, now)
        chance.shuffle(good)
        return good

    def _http(self, server: str, method: str, path: str, body: bytes | None = None) -> bytes:
        connection = self._connections.setdefault(server, HTTPConnection("127.0.0.1", self._ports[server], timeout=30))
        headers = {"Content-Type": "application/ocsp-request"} if body else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status}")
        return data


@contextmanager
def running(folder: Path, certificates: int, slices: int, *, static: bool) -> Iterator[System]:
    """All of it, with everything published, until the block ends."""
    folder.chmod(0o755)
    with ExitStack() as stack:
        server = stack.enter_context(Server(folder))
        system = System(folder / "estate", server.url, certificates, slices, static=static)
        for service in ("signer", "publisher"):
            stack.enter_context(worker(system.estate.folder, service))
        stack.enter_context(_responder(system))
        stack.enter_context(nginx(system.folder, system.ports["nginx"], system.ports["respond"]))
        until(lambda: system.all_is_published(certificates), _LONGEST)
        time.sleep(1)
        yield system


@contextmanager
def _responder(system: System) -> Iterator[None]:
    command = [*REVOCAST, "respond", "--config", str(system.folder / "revocast.toml")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for_port(system.ports["respond"])
            yield
        finally:
            process.terminate()
