"""A relying party that never forgets: `python -m tests.e2e.monitor FILE`, a process until its input ends.

Whatever it fetches from any place has to be valid then, or nothing (nobody there, tryLater). A CRL number does not
go backwards, an entry does not leave, a revoked certificate does not turn good, and what was answered once is not
unknown later. Each place is held against what it itself said before: two stores are two views. What breaks one of
these is written down at once, with the time and the octets; the counts are printed in the end.
"""

import base64
import json
import random
import sys
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from tests.e2e.clients import HTTP, Away, Edge, PublicBucket
from tests.e2e.verify import HASHES, Unsaid, Verifier, Wrong

_SECONDS: Final = 4.0
_AT_ONCE: Final = 20
_METHODS: Final = ("POST", "GET")
TRY_LATER: Final = "TRY_LATER"


class Record:
    """Violations, in a file, and how often what was seen."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, threading.Lock()
        self.counts: Counter[str] = Counter()

    def count(self, what: str) -> None:
        """One more."""
        with self._lock:
            self.counts[what] += 1

    def violated(self, where: str, what: str, octets: bytes) -> None:
        """Write it down."""
        self.count("violations")
        line = {"at": datetime.now(UTC).isoformat(), "where": where, "what": what}
        with self._lock, self._file.open("a") as file:
            file.write(json.dumps({**line, "octets": base64.b64encode(octets).decode()}) + "\n")


class CRLWatch:
    """One place where the CRL is fetched."""

    def __init__(self, where: str, source: Edge | PublicBucket, verifier: Verifier, record: Record) -> None:
        self._where, self._source, self._verifier, self._record = where, source, verifier, record
        self._number, self._listed = 0, set[int]()

    def look(self) -> None:
        """Fetch it and compare."""
        try:
            der = self._source.crl()
        except Away as error:
            self._record.count("crl away")
            if "404" in str(error) or "NoSuchKey" in str(error):
                self._record.violated(self._where, f"the CRL is gone: {error}", b"")
            return
        try:
            number, listed, _ = self._verifier.crl(der, datetime.now(UTC))
        except Wrong as error:
            self._record.violated(self._where, f"CRL: {error}", der)
            return
        self._record.count("crl valid")
        if number < self._number:
            self._record.violated(self._where, f"the CRL number went from {self._number} back to {number}", der)
        if lost := self._listed - listed.keys():
            self._record.violated(self._where, f"the CRL does not list {len(lost)} any more", der)
        self._number, self._listed = max(number, self._number), self._listed | listed.keys()


class OCSPWatch:
    """One edge."""

    def __init__(self, edge: Edge, serials: list[int], record: Record, draw: random.Random) -> None:
        self._edge, self._serials, self._record, self._draw = edge, serials, record, draw
        self._connection = HTTP(edge.port, _SECONDS)
        self._revoked: dict[int, None] = {}

    def look(self) -> None:
        """Ask about some certificates, half of them revoked."""
        revoked = list(self._revoked)
        chosen = self._draw.sample(revoked, min(len(revoked), _AT_ONCE // 2))
        for serial in [*chosen, *self._draw.sample(self._serials, min(len(self._serials), _AT_ONCE - len(chosen)))]:
            self._ask(serial, self._draw.choice(sorted(HASHES)), self._draw.choice(_METHODS))

    def _ask(self, serial: int, hash_: str, method: str) -> None:
        where = f"edge {self._edge.name}, {method} by {hash_} of {serial:X}"
        try:
            der = self._edge.ask(self._connection, serial, hash_, method)
        except Away:
            self._record.count("ocsp away")
            return
        try:
            verdict, _ = self._edge.verifier.response(der, serial, hash_, datetime.now(UTC))
        except Unsaid as error:
            self._record.count(f"ocsp {error}")
            if str(error) != TRY_LATER:
                self._record.violated(where, f"{error}, of a certificate that is known", der)
        except Wrong as error:
            self._record.violated(where, str(error), der)
        else:
            self._record.count("ocsp valid")
            if verdict:
                self._revoked[serial] = None
            elif serial in self._revoked:
                self._record.violated(where, "a revoked certificate turned good", der)


def _main() -> None:
    told: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    verifier = Verifier(x509.load_pem_x509_certificate(Path(told["ca"]).read_bytes()))
    record, serials = Record(Path(told["violations"])), [int(serial, 16) for serial in told["serials"]]
    edges = [Edge(name, port, verifier, told["path"], _SECONDS) for name, port in told["edges"].items()]
    bucket = PublicBucket(told["s3"], Path(told["s3_ca"]), told["path"])
    watches: list[CRLWatch | OCSPWatch] = [CRLWatch("bucket", bucket, verifier, record)]
    for edge in edges:
        watches.append(CRLWatch(f"web server {edge.name}", edge, verifier, record))
        watches.append(OCSPWatch(edge, serials, record, random.Random(told["seed"])))
    end = threading.Event()

    def watch(one: CRLWatch | OCSPWatch) -> None:
        while not end.wait(0.25):
            one.look()

    threads = [threading.Thread(target=watch, args=(one,)) for one in watches]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    end.set()
    for thread in threads:
        thread.join()
    print(json.dumps(record.counts))


if __name__ == "__main__":
    _main()
