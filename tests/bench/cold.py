"""One piece of the product's work in a process of its own: how long it took and how much memory that process had.

    python -m tests.bench.cold FOLDER SECONDS AGAIN

makes the CRL that is due, SECONDS after the installation's first moment, and then, as a worker does that has run for a
while, AGAIN further ones, whose times stand apart. The time runs from the first question to the
ledger to the bundle in the exchange, durable. The start of Python, its imports and the opening of ledger and key are
not in it, and stand in the figures apart.
"""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

_STARTED = time.perf_counter()


def cold(folder: Path, seconds: int = 0, again: int = 0) -> dict[str, Any]:
    """Make the CRL in a new process, and further ones; its figures. What the set-up wrote is on the disk before."""
    os.sync()
    command = [sys.executable, "-m", "tests.bench.cold", str(folder), str(seconds), str(again)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _main() -> None:
    from revocation.clock import fixed
    from signer.crls import make_crl
    from tests.authority import NOW
    from tests.bench.memory import peak_rss_mb
    from tests.estate import Estate

    imported = time.perf_counter()
    signer = Estate.at(Path(sys.argv[1])).signer()
    (profile,) = signer.public.profiles.values()
    signer.keyring.require_usable(profile.issuer)
    opened = time.perf_counter()

    def make(seconds: int) -> tuple[str, float]:
        begun = time.perf_counter()
        row = make_crl(signer, profile, profile.crls["all"], fixed(NOW + timedelta(seconds=seconds)))
        return row.name, time.perf_counter() - begun

    first, again = int(sys.argv[2]), int(sys.argv[3])
    bundle, seconds = make(first)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "peak_rss_mb": peak_rss_mb(),
                "bundle": bundle,
                "import_seconds": imported - _STARTED,
                "open_seconds": opened - imported,
                "again_seconds": [make(first + number)[1] for number in range(1, again + 1)],
            }
        )
    )


if __name__ == "__main__":
    _main()
