"""Whether the cost of an entry stays the same when there are more of them.

A CRL costs something however few entries it has: statements, transactions, files that are made durable; and a process
does at its first CRL what it does once. What an entry costs is therefore the time of a CRL that a process makes after
its first, less that of one with a single entry, divided by their number. Noise only adds to a time, so the least of
many counts.
"""

import argparse

from tests.bench.cold import cold
from tests.bench.installation import installation

_PARTS = (100, 10, 1)
_RUNS = 3
_TOGETHER = 4_000_000
"""Entries of the later CRLs of a process, all in all: small ones are made more often, since noise is more to them."""


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """Seconds of the whole, microseconds of an entry, and memory, at each size; how far the costs lie apart."""
    single, _ = _least(1, arguments)
    figures: dict[str, object] = {
        "ledger": arguments.ledger,
        "us_per_entry": "(t(n) - t(1)) / n, t: least, without a first CRL",
    }
    figures["seconds_1"] = round(single, 4)
    costs = []
    for size in sizes(arguments.entries):
        seconds, peak = _least(size, arguments)
        costs.append((seconds - single) / size * 1e6)
        figures[f"seconds_{size}"] = round(seconds, 4)
        figures[f"us_per_entry_{size}"] = round(costs[-1], 3)
        figures[f"peak_rss_mb_{size}"] = round(peak, 1)
    figures["factor"] = round(max(costs) / min(costs), 2) if min(costs) > 0 else "noise: too few entries"
    return figures


def sizes(entries: int) -> list[int]:
    """A hundredth, a tenth and the whole of the entries that are asked for: 10k, 100k and 1M by default."""
    return [max(2, entries // part) for part in _PARTS]


def _least(size: int, arguments: argparse.Namespace) -> tuple[float, float]:
    """Seconds of the fastest CRL, and the most memory that any process took."""
    again = max(8, min(120, _TOGETHER // size))
    with installation(size, arguments.ledger) as estate:
        runs = [cold(estate.folder, 200 * number, again) for number in range(max(_RUNS, arguments.runs))]
    return min(min(one["again_seconds"]) for one in runs), max(one["peak_rss_mb"] for one in runs)
