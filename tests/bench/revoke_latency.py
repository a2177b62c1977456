"""From `revoke` being acknowledged to `revoked` being answered, in a running system: by POST, static GET and CRL.

Two systems, one after the other: in the first the ledger has all certificates and the store their responses; in the
second there are fewer, and all of their responses are static files too, since writing two files for each of a million
certificates takes an hour. Then, in the first, the same while a whole slice is signed and published again.
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

from tests.bench.revoking import System, running
from tests.waiting import until

_CERTIFICATES = 1_000_000
_STATIC = 20_000
_SLICES = 16
_IN_A_SLICE = 4000
_POLL = 0.005
_LONGEST = 120.0
_PAUSES = (0.2, 1.8)
_BUSY_PAUSES = (0.05, 1.5)
_RENEWALS = 8

Seen = dict[str, list[float]]


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures, in seconds; `p50_seconds` and `p99_seconds` are those of the slowest way."""
    certificates = arguments.certificates or _CERTIFICATES
    slices = arguments.slices or max(_SLICES, certificates // _IN_A_SLICE)
    chance, begun = random.Random(2), time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="revocast-bench-") as folder,
        running(Path(folder), certificates, slices, static=False) as system,
    ):
        prepared = time.monotonic() - begun
        seen = _quiet(system, arguments.samples, chance)
        renewing = _renewing(system, certificates, chance)
    count = min(certificates, _STATIC)
    with (
        tempfile.TemporaryDirectory(prefix="revocast-bench-") as folder,
        running(Path(folder), count, slices, static=True) as system,
    ):
        static = _quiet(system, arguments.samples, chance)
    ways = {**seen, "get": static["get"]}
    return {
        "certificates": certificates,
        "static_certificates": count,
        "slices": slices,
        "samples": arguments.samples,
        "p50_seconds": max(_at(behind, 50) for behind in ways.values()),
        "p99_seconds": max(_at(behind, 99) for behind in ways.values()),
        **_figures("", ways),
        **_figures("beside_static_", {way: behind for way, behind in static.items() if way != "get"}),
        **_figures("renewing_", renewing),
        "prepared_seconds": round(prepared),
    }


def _quiet(system: System, samples: int, chance: random.Random) -> Seen:
    """One revocation after the other, at any part of a second."""
    seen: Seen = {}
    for _ in range(samples):
        time.sleep(chance.uniform(*_PAUSES))
        _revoke(system, seen)
    return seen


def _renewing(system: System, certificates: int, chance: random.Random) -> Seen:
    """Revocations that come while a whole slice is signed, verified and put again."""
    seen: Seen = {}
    for _ in range(_RENEWALS):
        system.lose_a_slice()
        _revoke(system, {})  # has the signer look: it finds that a slice is due, behind what this revocation needs
        time.sleep(chance.uniform(*_BUSY_PAUSES))
        _revoke(system, seen)
        until(lambda: system.all_is_published(certificates), _LONGEST)
    return seen


def _revoke(system: System, seen: Seen) -> None:
    """Revoke one that is good, and note how long after the acknowledgement each way says so."""
    serial = system.good.pop()
    waiting = system.ways(serial)
    message = system.send(serial)
    system.await_acknowledgement(message)
    acknowledged = time.monotonic()
    while waiting:
        for way in list(waiting):
            if system.says_revoked(way, serial):
                seen.setdefault(way, []).append(time.monotonic() - acknowledged)
                waiting.remove(way)
        if time.monotonic() - acknowledged > _LONGEST:
            raise SystemExit(f"not revoked by {waiting} after {_LONGEST:g} s")
        time.sleep(_POLL)


def _figures(name: str, ways: Seen) -> dict[str, float]:
    return {f"{name}{way}_p{n}_seconds": _at(behind, n) for way, behind in ways.items() for n in (50, 99)}


def _at(behind: list[float], percent: int) -> float:
    return round(sorted(behind)[min(len(behind) - 1, len(behind) * percent // 100)], 3)
