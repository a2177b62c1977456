"""Every OCSP response of an installation, from the ledger to bundles in the exchange, beside the rate of the key.

    python -m tests.bench.presign FOLDER KEY RUNS

signs the slices of an installation that lies ready, in a process of its own, and prints the figures of each run.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.bench.beside_raw import SLICES, beside_raw, of_median_ratio
from tests.bench.installation import registered
from tests.bench.raw import KEYS, builder_per_second, raw_sign_per_second

_RENEWAL = timedelta(hours=13)
_CERTIFICATES = 200_000


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures: signatures per second, the same of the key alone in the same run, and of cryptography's builder."""
    certificates = arguments.certificates or _CERTIFICATES
    with registered(certificates, arguments.ledger, arguments.slices or SLICES, arguments.one_signature) as estate:
        os.sync()
        runs = presigned(estate.folder, arguments.key, arguments.runs)
    best = of_median_ratio(runs)
    return {
        **beside_raw(runs, "raw_sign_per_second", arguments, certificates),
        "certificates_per_second": round(certificates / best["seconds"]),
        "builder_per_second": round(builder_per_second(KEYS[arguments.key]())),
    }


def presigned(folder: Path, key: str, runs: int) -> list[dict[str, Any]]:
    """Sign all that is due, as often as said, in a new process; the figures of each time."""
    command = [sys.executable, "-m", "tests.bench.presign", str(folder), key, str(runs)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _main() -> None:
    from dataclasses import replace

    from revocation.clock import fixed
    from revocation.messages import Verb
    from signer.look import look
    from tests.authority import NOW
    from tests.bench.memory import peak_rss_mb, watching_children
    from tests.bench.responder_key import KeysOf
    from tests.estate import Estate

    folder, key, runs = Path(sys.argv[1]), KEYS[sys.argv[2]](), int(sys.argv[3])
    signer = Estate.at(folder).signer()
    signer = replace(signer, responder_keys=KeysOf(signer.config.keys, key))
    if problems := look(signer, fixed(NOW), [Verb.GENERATE_OCSP_KEYS]).problems:
        raise SystemExit(str(problems))
    found = []
    for number in range(runs):
        before = raw_sign_per_second(key)
        with watching_children() as processes_mb:
            begun = time.perf_counter()
            report = look(signer, fixed(NOW + number * _RENEWAL), [Verb.PRESIGN])
            seconds = time.perf_counter() - begun
        raw = (before + raw_sign_per_second(key)) / 2
        if report.problems:
            raise SystemExit(str(report.problems))
        responses = _count(signer)
        found.append(
            {
                "responses": responses,
                "seconds": seconds,
                "raw": raw,
                "ratio": responses / seconds / raw,
                "peak_rss_mb": peak_rss_mb(),
                "processes_mb": processes_mb[0],
            }
        )
    print(json.dumps(found))


def _count(signer: Any) -> int:
    from revocation.bundle import BundleReader

    count = 0
    for stored in signer.exchange.list():
        with signer.exchange.open(stored.name) as source:
            count += sum(entry.count for entry in BundleReader(stored.name, source).manifest.entries)
    return count


if __name__ == "__main__":
    _main()
