"""A complete CRL from a cold ledger: signed, checked, and durable in the exchange."""

import argparse
from statistics import median

from tests.bench.cold import cold
from tests.bench.floor import floor, ready
from tests.bench.installation import installation
from tests.bench.peers import builder_seconds, openssl_seconds


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures: ours, the floor, two peers, and the ratios."""
    with installation(arguments.entries, arguments.ledger) as estate:
        runs = [cold(estate.folder, seconds) for seconds in range(arguments.runs)]
        entries = ready(estate)
        floors = [floor(entries, estate.folder / "floor") for _ in range(arguments.runs)]
        seconds, least = median(one["seconds"] for one in runs), median(floors)
        openssl = openssl_seconds(arguments.entries, estate.folder / "openssl")
    return {
        "ledger": arguments.ledger,
        "entries": arguments.entries,
        "seconds": round(seconds, 3),
        "peak_rss_mb": round(max(one["peak_rss_mb"] for one in runs), 1),
        "bytes": sum(map(len, entries)),
        "floor_seconds": round(least, 4),
        "ratio_to_floor": round(seconds / least, 1),
        "builder_seconds": round(builder_seconds(arguments.entries), 2),
        "openssl_seconds": round(openssl, 2),
        "openssl_ratio": round(openssl / seconds, 1),
    }
