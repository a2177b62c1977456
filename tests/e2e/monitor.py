"""A relying party that never forgets: `python -m tests.e2e.monitor FILE`, a process until its input ends.

Whatever it fetches from any place has to be valid then, or nothing (nobody there, tryLater). A CRL number or a
thisUpdate does not go backwards, an entry does not leave or change, a revoked certificate does not turn good or become
revoked since another time, and what was answered once is not unknown later. Each place is held against what it itself
said before: two stores are two views. Lines on standard input say what is being done to the servers, which excuses
some of it (see `tests.e2e.trouble`), and are said back. What breaks a rule is written down at once, with the time and
the octets; the counts are printed in the end.
"""

import base64
import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from tests.e2e.clients import HTTP, Away, Edge, PublicBucket
from tests.e2e.servers import Verdict
from tests.e2e.trouble import Trouble
from tests.e2e.verify import HASHES, Unsaid, Verifier, Wrong

_SECONDS: Final = 4.0
_NOT_FOUND: Final = 404
_LONG_AGO: Final = datetime.fromtimestamp(0, UTC)
_AT_ONCE: Final = 20
_METHODS: Final = ("POST", "GET")
TRY_LATER: Final = "TRY_LATER"

_EXCUSES: Final = {"bucket": ("kill s3", "pause s3")}
"""Meanwhile, and until it has answered again, a place may answer with an error; a web server with files has none."""

_EMPTIES: Final = {"1": ("kill valkey",)}
"""An edge whose store is lost by this says older things again while it is filled anew (docs/bundle.md)."""


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

    def __init__(
        self, where: str, source: Edge | PublicBucket, verifier: Verifier, record: Record, trouble: Trouble
    ) -> None:
        self._where, self._source, self._verifier, self._record = where, source, verifier, record
        self._trouble, self._excuses = trouble, _EXCUSES.get(where, ())
        self._number, self._since, self._listed = 0, _LONG_AGO, dict[int, Verdict]()
        self._sound = 0

    def look(self) -> None:
        """Fetch it and compare."""
        trouble = self._trouble.count(*self._excuses)
        try:
            der = self._source.crl()
        except Away as error:
            self._record.count("crl away")
            if error.status is not None:
                self._answered_with(error)
            return
        try:
            number, listed, this_update = self._verifier.crl(der, datetime.now(UTC))
        except Wrong as error:
            self._violated(f"CRL: {error}", der)
            return
        self._record.count("crl valid")
        self._sound = trouble
        self._compare(number, listed, this_update, der)

    def _answered_with(self, error: Away) -> None:
        """It is there, and does not hand it out; excused where its server was disturbed since it last did."""
        if error.status == _NOT_FOUND and "NoSuchBucket" not in str(error):
            self._violated(f"the CRL is gone: {error}", b"")
        elif self._trouble.count(*self._excuses) == self._sound:
            self._violated(f"the CRL is not handed out: {error}", b"")
        else:
            self._record.count(f"crl {error.status} excused")

    def _compare(self, number: int, listed: dict[int, Verdict], this_update: datetime, der: bytes) -> None:
        if number < self._number:
            self._violated(f"the CRL number went from {self._number} back to {number}", der)
        elif this_update < self._since:
            self._violated(f"thisUpdate of the CRL went from {self._since} back to {this_update}", der)
        if lost := self._listed.keys() - listed.keys():
            self._violated(f"the CRL does not list {len(lost)} any more", der)
        if changed := [
            serial for serial in self._listed.keys() & listed.keys() if self._listed[serial] != listed[serial]
        ]:
            told = "; ".join(f"{serial:X} {self._listed[serial]} as {listed[serial]}" for serial in sorted(changed)[:3])
            self._violated(f"the CRL lists {len(changed)} with another date or reason: {told}", der)
        self._number, self._since = max(number, self._number), max(this_update, self._since)
        self._listed |= listed

    def _violated(self, what: str, octets: bytes) -> None:
        self._record.violated(self._where, what, octets)


class OCSPWatch:
    """One edge."""

    def __init__(self, edge: Edge, serials: list[int], record: Record, draw: random.Random, trouble: Trouble) -> None:
        self._edge, self._serials, self._record, self._draw = edge, serials, record, draw
        self._trouble, self._empties = trouble, _EMPTIES.get(edge.name, ())
        self._connection = HTTP(edge.port, _SECONDS)
        self._revoked: dict[int, Verdict] = {}
        self._newest: dict[tuple[int, str], tuple[int, datetime]] = {}

    def look(self) -> None:
        """Ask about some certificates, half of them revoked."""
        revoked = list(self._revoked)
        chosen = self._draw.sample(revoked, min(len(revoked), _AT_ONCE // 2))
        for serial in [*chosen, *self._draw.sample(self._serials, min(len(self._serials), _AT_ONCE - len(chosen)))]:
            self._ask(serial, self._draw.choice(sorted(HASHES)), self._draw.choice(_METHODS))

    def _ask(self, serial: int, hash_: str, method: str) -> None:
        where = f"edge {self._edge.name}, {method} by {hash_} of {serial:X}"
        emptied = self._trouble.count(*self._empties)
        try:
            der = self._edge.ask(self._connection, serial, hash_, method)
        except Away:
            self._record.count("ocsp away")
            return
        try:
            verdict, this_update = self._edge.verifier.response(der, serial, hash_, datetime.now(UTC))
        except Unsaid as error:
            self._record.count(f"ocsp {error}")
            if str(error) != TRY_LATER:
                self._record.violated(where, f"{error}, of a certificate that is known", der)
        except Wrong as error:
            self._record.violated(where, str(error), der)
        else:
            self._record.count("ocsp valid")
            for what in (*self._turned(serial, verdict), *self._went_back((serial, hash_), this_update, emptied)):
                self._record.violated(where, what, der)

    def _turned(self, serial: int, verdict: Verdict) -> Iterator[str]:
        """What is wrong with a status after what was said of the certificate before."""
        before = self._revoked.get(serial)
        if before and not verdict:
            yield "a revoked certificate turned good"
        elif before and verdict != before:
            yield f"a certificate that was revoked {before} is revoked {verdict}"
        if verdict:
            self._revoked.setdefault(serial, verdict)

    def _went_back(self, what: tuple[int, str], this_update: datetime, emptied: int) -> Iterator[str]:
        """What is wrong with thisUpdate after that of the answer before, out of the same store."""
        if emptied != self._trouble.count(*self._empties):
            return  # nobody knows out of which
        then, newest = self._newest.get(what, (emptied, this_update))
        if then == emptied and this_update < newest:
            yield f"thisUpdate went from {newest} back to {this_update}"
        elif then != emptied and this_update < newest:
            self._record.count("ocsp older after its store was lost")
        self._newest[what] = (emptied, max(newest, this_update) if then == emptied else this_update)


def _main() -> None:
    told: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    verifier = Verifier(x509.load_pem_x509_certificate(Path(told["ca"]).read_bytes()))
    record, serials = Record(Path(told["violations"])), [int(serial, 16) for serial in told["serials"]]
    edges = [Edge(name, port, verifier, told["path"], _SECONDS) for name, port in told["edges"].items()]
    bucket = PublicBucket(told["s3"], Path(told["s3_ca"]), told["path"])
    trouble = Trouble()
    watches: list[CRLWatch | OCSPWatch] = [CRLWatch("bucket", bucket, verifier, record, trouble)]
    for edge in edges:
        watches.append(CRLWatch(f"web server {edge.name}", edge, verifier, record, trouble))
        watches.append(OCSPWatch(edge, serials, record, random.Random(told["seed"]), trouble))
    end = threading.Event()

    def watch(one: CRLWatch | OCSPWatch) -> None:
        while not end.wait(0.25):
            one.look()

    threads = [threading.Thread(target=watch, args=(one,)) for one in watches]
    for thread in threads:
        thread.start()
    for line in sys.stdin:
        trouble.told(line.strip())
        print(line.strip(), flush=True)
    end.set()
    for thread in threads:
        thread.join()
    print(json.dumps(record.counts))


if __name__ == "__main__":
    _main()
