"""Every OCSP response of an installation, from bundles in the exchange through the gate into an empty LMDB store.

    python -m tests.bench.gate FOLDER KEY RUNS

publishes what lies in the exchange of an installation, in a process of its own, and prints the figures of each run.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.beside_raw import SLICES, beside_raw, of_median_ratio
from tests.bench.installation import registered
from tests.bench.presign import presigned
from tests.bench.raw import KEYS, raw_verify_per_second

_CERTIFICATES = 200_000


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures: responses per second, every signature verified, and verifications alone in the same run."""
    certificates = arguments.certificates or _CERTIFICATES
    with registered(certificates, arguments.ledger, arguments.slices or SLICES, arguments.one_signature) as estate:
        presigned(estate.folder, arguments.key, 1)
        os.sync()
        command = [sys.executable, "-m", "tests.bench.gate", str(estate.folder), arguments.key, str(arguments.runs)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        runs: list[dict[str, Any]] = json.loads(done.stdout)
    figures = beside_raw(runs, "raw_verify_per_second", arguments, certificates)
    return {**figures, "store_mb": round(of_median_ratio(runs)["store_mb"])}


def _main() -> None:
    from publisher.config import PublisherConfig
    from publisher.publish import publish
    from revocation.clock import fixed
    from revocation.config import PublicConfig
    from tests.authority import NOW
    from tests.bench.memory import peak_rss_mb, watching_children
    from tests.estate import Estate

    folder, key, runs = Path(sys.argv[1]), KEYS[sys.argv[2]](), int(sys.argv[3])
    file = Estate.at(folder).file
    config, public = PublisherConfig.read(file), PublicConfig.read(file)
    found = []
    for _ in range(runs):
        for name in ("store", "publisher", "public"):
            shutil.rmtree(folder / name, ignore_errors=True)
        before = raw_verify_per_second(key)
        with watching_children() as processes_mb:
            begun = time.perf_counter()
            statuses = publish(config, public, fixed(NOW))
            seconds = time.perf_counter() - begun
        raw = (before + raw_verify_per_second(key)) / 2
        responses = sum(row.count for status in statuses for row in status.slices)
        found.append(
            {
                "responses": responses,
                "seconds": seconds,
                "raw": raw,
                "ratio": responses / seconds / raw,
                "store_mb": (folder / "store/data.mdb").stat().st_size / (1 << 20),
                "peak_rss_mb": peak_rss_mb(),
                "processes_mb": processes_mb[0],
            }
        )
    print(json.dumps(found))


if __name__ == "__main__":
    _main()
