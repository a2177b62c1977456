"""Whether everybody who can be asked says what the ledger says, of every certificate."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.e2e.clients import Away, Edge, PublicBucket
from tests.e2e.configuration import BUCKET_OF
from tests.e2e.programs import Programs
from tests.e2e.servers import Verdict
from tests.e2e.verify import Verifier, Wrong

WAYS: Final = {"1": ("sha256", "POST"), "2": ("sha1", "GET")}
"""How all certificates are asked about at each edge."""

_THREADS: Final = 3
_Saying = Callable[[Programs, Path, int], str]
_OPENSSL: Final[Mapping[str, _Saying]] = {"openssl ocsp": lambda programs, file, _: programs.openssl(file)}
_OTHERS: Final[Mapping[str, _Saying]] = {
    "ocsptool": lambda programs, file, _: programs.ocsptool(file),
    "curl": lambda programs, file, serial: programs.curl(file, serial),
}


class Parties:
    """Those who ask.

    Args:
        bucket: None where none of them looks there.
        files: the PEM file of each certificate.

    Attributes:
        verdicts: how many each of them gave in `answers`, `verified`, `by_openssl` and `by_others`, by its name.
    """

    def __init__(
        self,
        edges: Mapping[str, Edge],
        bucket: PublicBucket | None,
        verifier: Verifier,
        programs: Mapping[str, Programs],
        files: Mapping[int, Path],
    ) -> None:
        self.edges, self._bucket, self._verifier = edges, bucket, verifier
        self._programs, self._files = programs, files
        self.verdicts: Counter[str] = Counter()

    def of(self, edge: str) -> "Parties":
        """Those who ask at one edge, and at the bucket where it is of the same publisher."""
        bucket = self._bucket if edge == BUCKET_OF else None
        return Parties({edge: self.edges[edge]}, bucket, self._verifier, self._programs, self._files)

    def crls(self) -> dict[str, Callable[[], bytes]]:
        """Everywhere that a CRL can be fetched. Each raises Away."""
        found = {f"web server {name}": edge.crl for name, edge in self.edges.items()}
        return found if self._bucket is None else {**found, "bucket": self._bucket.crl}

    def answers(self, ledger: Mapping[int, Verdict]) -> Iterator[str]:
        """Where an edge says something else by OCSP; every certificate is asked about at each."""
        for name, edge in self.edges.items():
            hash_, method = WAYS[name]
            said = edge.everything(ledger, hash_, method)
            self.verdicts["cryptography"] += len(said)
            for serial, verdict in said.items():
                if verdict != ledger[serial]:
                    yield f"edge {name} says of {serial:X}: {verdict}, and the ledger: {ledger[serial]}"

    def lists(self, ledger: Mapping[int, Verdict]) -> Iterator[str]:
        """Where a CRL lists another set, other dates or reasons."""
        wanted = {serial: verdict for serial, verdict in ledger.items() if verdict}
        for where, fetch in self.crls().items():
            try:
                _, listed, _ = self._verifier.crl(fetch(), datetime.now(UTC))
            except (Away, Wrong) as error:
                yield f"{where}: {error}"
                continue
            if listed != wanted:
                odd = {serial for serial in listed.keys() | wanted if listed.get(serial) != wanted.get(serial)}
                yield f"the CRL of {where} is another than the ledger's about {len(odd)} certificates"

    def verified(self, ledger: Mapping[int, Verdict], folder: Path) -> Iterator[str]:
        """Where `openssl verify -crl_check` takes another set for revoked, of all certificates, by each CRL."""
        wanted = {self._files[serial] for serial, verdict in ledger.items() if verdict}
        for where, fetch in self.crls().items():
            programs = self._programs["1"]
            pem = programs.crl(fetch(), where.replace(" ", "-"))
            odd = programs.revoked(pem, (self._files[serial] for serial in ledger)) ^ wanted
            self.verdicts["openssl verify"] += len(ledger)
            if odd:
                yield f"`openssl verify` with the CRL of {where}: wrong about {len(odd)} certificates"

    def by_openssl(self, ledger: Mapping[int, Verdict], draw: random.Random) -> Iterator[str]:
        """Where `openssl ocsp` says something else, of all certificates, each at one of the edges.

        Each has a process to itself: of a request for several certificates the responder answers the first.
        """
        yield from self._said(_OPENSSL, ledger, ledger.keys(), draw)

    def by_others(self, ledger: Mapping[int, Verdict], serials: Collection[int], draw: random.Random) -> Iterator[str]:
        """Where ocsptool or curl say something else of these certificates, each at one of the edges."""
        yield from self._said(_OTHERS, ledger, serials, draw)

    def _said(
        self,
        clients: Mapping[str, _Saying],
        ledger: Mapping[int, Verdict],
        serials: Collection[int],
        draw: random.Random,
    ) -> Iterator[str]:
        asked = [
            (name, client, serial, self._programs[draw.choice(sorted(self._programs))])
            for serial in serials
            for name, client in clients.items()
        ]
        with ThreadPoolExecutor(_THREADS) as pool:
            said = pool.map(lambda one: one[1](one[3], self._files[one[2]], one[2]), asked)
            for (name, _, serial, _), verdict in zip(asked, said, strict=True):
                self.verdicts[name] += 1
                if verdict != ("revoked" if ledger[serial] else "good"):
                    yield f"{name} says of {serial:X}: {verdict}"
