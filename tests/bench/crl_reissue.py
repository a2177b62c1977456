"""The next CRL, after some more revocations: what did not change is not made again."""

import argparse
from statistics import median

from tests.bench.cold import cold
from tests.bench.floor import floor, ready
from tests.bench.installation import installation, revoke


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures: ours after each batch of revocations, the floor, and the ratio."""
    with installation(arguments.entries, arguments.ledger) as estate:
        cold(estate.folder)
        runs = []
        for number in range(1, arguments.runs + 1):
            revoke(estate, arguments.new, seed=1 + number)
            runs.append(cold(estate.folder, number))
        entries = ready(estate)
        floors = [floor(entries, estate.folder / "floor") for _ in range(arguments.runs)]
    seconds, least = median(one["seconds"] for one in runs), median(floors)
    return {
        "ledger": arguments.ledger,
        "entries": arguments.entries,
        "new": arguments.new,
        "seconds": round(seconds, 3),
        "peak_rss_mb": round(max(one["peak_rss_mb"] for one in runs), 1),
        "floor_seconds": round(least, 4),
        "ratio_to_floor": round(seconds / least, 1),
    }
