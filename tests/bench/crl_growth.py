"""Whether the cost of an entry stays the same when there are more of them.

A CRL costs something however few entries it has: statements are compiled, transactions and files are made durable. What
an entry costs is therefore the time of a CRL less that of one with a single entry, divided by their number. Noise only
adds to a time, so the least of several runs counts.
"""

import argparse

from tests.bench.cold import cold
from tests.bench.installation import installation

_PARTS = (100, 10, 1)
_RUNS = 9


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """Seconds of the whole, microseconds of an entry, and memory, at each size; how far the costs lie apart."""
    single, _ = _least(1, arguments)
    figures: dict[str, object] = {"ledger": arguments.ledger, "us_per_entry": "(t(n) - t(1)) / n, least of runs"}
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
    """Seconds of the fastest run, and the most memory that any took."""
    with installation(size, arguments.ledger) as estate:
        runs = [cold(estate.folder, seconds) for seconds in range(max(_RUNS, arguments.runs))]
    return min(one["seconds"] for one in runs), max(one["peak_rss_mb"] for one in runs)
