"""The split site under somebody who holds a whole store: what stays true of it, and that all is well afterwards.

The site is that of `make e2e`: two of each service as processes, Valkey, PostgreSQL, an S3 server, and a web server
before each responder. The first edge has its responses in Valkey; the second publisher fills the public bucket.
"""

import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from revocation.clock import now
from revocation.errors import NoAnswer
from revocation.messages import Outcome, Publish, Verb, compose
from revocation.wire.queue import PUBLISHER_QUEUE, Wire
from tests.e2e import pki
from tests.e2e.agreement import WAYS, Parties
from tests.e2e.clients import HTTP, Away
from tests.e2e.report import Report
from tests.e2e.run import await_none, parties_of, publish
from tests.e2e.servers import Verdict
from tests.e2e.site import Site
from tests.e2e.verify import Unsaid, Wrong
from tests.waiting import until
from tests.wire.test_attacks_code import Touch

CERTIFICATES: Final = 16
_SECONDS: Final = 60.0
_NOTED: Final = ("success", "failure")


@dataclass
class Siege:
    """A site with everything published, and what a test asks of it.

    Attributes:
        canary: a file that exists once a payload ran.
    """

    site: Site
    parties: Parties
    canary: Path
    _fresh: list[int] = field(default_factory=list)

    @property
    def payload(self) -> bytes:
        """A pickle that makes the canary when it is loaded."""
        return pickle.dumps(Touch(self.canary))

    def fresh(self) -> int:
        """A certificate that is good, and that no test has taken before."""
        return self._fresh.pop()

    def revoke(self, serial: int) -> None:
        """Have it revoked, with the message that the operator's command sends, again where it was lost."""
        message = self.site.revocation(serial, "keyCompromise")
        for attempt in range(3):
            try:
                reply = self.site.ask(message, 20)
            except NoAnswer:
                assert attempt < 2
                continue
            assert reply.outcome is Outcome.DONE, reply.detail
            return

    def look(self) -> None:
        """Tell the publishers to look, as a scheduler does."""
        wire = Wire(self.site.servers.valkey.url_of("scheduler"))
        wire.send(PUBLISHER_QUEUE, compose(Verb.PUBLISH, Publish(), now()))
        wire.send(PUBLISHER_QUEUE, compose(Verb.PUBLISH, Publish(), now()))  # each wakes one publisher

    def looked(self) -> None:
        """Return once both publishers have begun a look, and ended it, since: the first may have begun before."""
        with self.site.servers.valkey.client() as client:
            kinds = [[f"revocast:{kind}:publisher:publish:{one}" for kind in _NOTED] for one in ("files", "bucket")]

            def noted() -> bool:
                if not client.exists("rq:queue:publisher"):
                    self.look()
                return all(client.exists(*keys) for keys in kinds)

            for _ in range(2):
                client.delete(*kinds[0], *kinds[1])
                until(noted, _SECONDS)

    def put_right(self, is_right: Callable[[], object]) -> None:
        """Return once a publisher's looks have made it so; what cannot be fetched is not right yet."""

        def problems() -> list[str]:
            with suppress(Away):
                if is_right():
                    return []
            self.look()
            return ["not right"]

        await_none(problems, _SECONDS)

    def said(self, edge: str) -> dict[int, Verdict | str]:
        """What a careful client takes for true at an edge; for the others why it takes nothing."""
        connection, found = HTTP(self.site.web(edge)), dict[int, Verdict | str]()
        for serial in self.site.pki.files:
            try:
                found[serial] = self.parties.edges[edge].status(connection, serial, *WAYS[edge])
            except (Away, Unsaid, Wrong) as error:
                found[serial] = f"{type(error).__name__}: {error}"
        connection.close()
        return found

    def believed_otherwise(self, replayed: Mapping[int, Verdict] | None = None) -> list[str]:
        """What clients take for true and the ledger does not say; of `replayed`, what it said once is let pass."""
        ledger, once = self.site.servers.ledger(), replayed or {}
        odd = [
            f"edge {edge} has {serial:X} {verdict}, the ledger {ledger[serial]}"
            for edge in self.parties.edges
            for serial, verdict in self.said(edge).items()
            if not isinstance(verdict, str) and verdict != ledger[serial]
            if serial not in once or verdict != once[serial]
        ]
        verifier = self.parties.edges["1"].verifier
        for where, fetch in self.parties.crls().items():
            try:
                _, listed, _ = verifier.crl(fetch(), datetime.now(UTC))
            except (Away, Wrong):
                continue
            odd += [f"{where} lists {serial:X}" for serial, why in listed.items() if ledger.get(serial) != why]
        return odd

    def converges(self) -> None:
        """Everybody says what the ledger says, of every certificate, once the publishers have looked."""
        ledger = self.site.servers.ledger()

        def problems() -> list[str]:
            found = [*self.parties.lists(ledger), *self.parties.answers(ledger)]
            if found:
                self.look()
            return found

        await_none(problems, _SECONDS)

    def stands(self) -> None:
        """No payload ran, and every process is the one that was started."""
        assert not self.canary.exists()
        for program in self.site.programs.values():
            program.await_ready()
            assert program.starts == 1

    def check(self, *more: str) -> tuple[int, str]:
        """`revocast check`, of every serial that a CRL lists; its exit code, and what it says."""
        done = self.site.revocast("operator", "check", "--sample", "1000", *more)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout

    def secrets(self) -> list[bytes]:
        """What must be in no store: keys of CA, delegates and operator, as octets and in hexadecimal; passphrases."""
        files = [self.site.setting.home("operator") / "operator.key"]
        files += [file for number in "12" for file in self.site.setting.home(f"signer-{number}").glob("keys/*.pem")]
        assert len(files) > 1
        scalars = [_scalar(load_pem_private_key(self.site.pki.ca_key.read_bytes(), pki.PASSPHRASE.encode()))]
        scalars += [_scalar(load_pem_private_key(file.read_bytes(), None)) for file in files]
        words = [pki.PASSPHRASE, self.site.servers.password, "PRIVATE KEY"]
        return [*scalars, *(one.hex().encode() for one in scalars), *(word.encode() for word in words)]

    def leaks(self, contents: Mapping[str, bytes]) -> list[str]:
        """The names of what holds a secret."""
        secrets = self.secrets()
        return [name for name, content in contents.items() if any(secret in content for secret in secrets)]


def _scalar(key: Any) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.private_numbers().private_value.to_bytes(key.key_size // 8)
    octets: bytes = key.private_bytes_raw()
    return octets


@contextmanager
def besieged(folder: Path) -> Iterator[Siege]:
    """A site that runs, with everything published."""
    with Site(folder, pki.make(folder, CERTIFICATES, 1)) as site:
        site.start()
        parties = parties_of(site)
        publish(site, parties, Report())
        yield Siege(site, parties, folder / "canary", sorted(site.pki.files))
