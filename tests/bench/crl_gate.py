"""What the publisher's gate takes for a CRL of many entries: the first one it sees, and the next one.

    python -m tests.bench.crl_gate FOLDER

holds the two CRLs in the exchange of an installation against the gate, in a process of its own, and prints the figures.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from tests.bench.cold import cold
from tests.bench.installation import installation, revoke
from tests.bench.memory import peak_rss_mb


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures: verified (digest of the bundle, form, signature), all entries the first time, the new ones after."""
    with installation(arguments.entries, arguments.ledger) as estate:
        cold(estate.folder)
        revoke(estate, arguments.new, seed=2)
        cold(estate.folder, 1)
        command = [sys.executable, "-m", "tests.bench.crl_gate", str(estate.folder)]
        runs = []
        for _ in range(arguments.runs):
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
            runs.append(json.loads(done.stdout))
    figures: dict[str, object] = {"entries": arguments.entries, "new": arguments.new}
    for key in runs[0]:
        figures[key] = round(median(one[key] for one in runs), 4)
    figures["verify_ratio_to_floor"] = round(_median(runs, "verify_seconds") / _median(runs, "floor_seconds"), 1)
    figures["next_ratio_to_floor"] = round(_median(runs, "next_seconds") / _median(runs, "floor_seconds"), 1)
    return figures


def _median(runs: list[dict[str, Any]], key: str) -> float:
    return float(median(one[key] for one in runs))


def _main() -> None:
    from publisher.crl_diff import difference
    from publisher.gate import crl_in, opened
    from publisher.verify_crl import check_crl_window, check_entries
    from revocation.wire.exchange import FolderExchange
    from tests.authority import NOW
    from tests.estate import Estate

    folder = Path(sys.argv[1])
    (profile,) = Estate.at(folder).signer().public.profiles.values()
    spec, now = profile.crls["all"], NOW + timedelta(seconds=1)
    exchange = FolderExchange(folder / "exchange")
    first, next_ = (stored.name for stored in exchange.list())

    times = [time.perf_counter()]
    with opened(exchange, first) as reader:
        before = crl_in(reader, spec)
    check_crl_window(before, spec, now)
    times.append(time.perf_counter())
    verify_peak = peak_rss_mb()
    check_entries(before, spec, None)
    times.append(time.perf_counter())
    with opened(exchange, next_) as reader:
        crl = crl_in(reader, spec)
    check_crl_window(crl, spec, now)
    check_entries(crl, spec, difference(before.der, crl.der).added)
    times.append(time.perf_counter())
    print(
        json.dumps(
            {
                "bytes": len(before.der),
                "verify_seconds": times[1] - times[0],
                "verify_peak_rss_mb": verify_peak,
                "first_entries_seconds": times[2] - times[1],
                "next_seconds": times[3] - times[2],
                "peak_rss_mb": peak_rss_mb(),
                "floor_seconds": _floor(before.der),
            }
        )
    )


def _floor(data: bytes) -> float:
    """Seconds of what cannot be left out: a digest of all of it, and the verification of a signature."""
    key = ec.generate_private_key(ec.SECP256R1())
    prehashed = ec.ECDSA(utils.Prehashed(SHA256()))
    signature = key.sign(hashlib.sha256(data).digest(), prehashed)
    begun = time.perf_counter()
    key.public_key().verify(signature, hashlib.sha256(data).digest(), prehashed)
    return time.perf_counter() - begun


if __name__ == "__main__":
    _main()
