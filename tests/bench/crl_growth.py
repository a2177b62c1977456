"""Whether the cost of an entry stays the same when there are more of them."""

import argparse
from statistics import median

from tests.bench.cold import cold
from tests.bench.installation import installation

_SIZES = (10_000, 100_000, 1_000_000)


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """Microseconds per entry, and memory, at each size."""
    figures: dict[str, object] = {}
    costs = []
    for size in _SIZES:
        with installation(size, arguments.ledger) as estate:
            runs = [cold(estate.folder, seconds) for seconds in range(arguments.runs)]
        costs.append(median(one["seconds"] for one in runs) / size * 1e6)
        figures[f"us_per_entry_{size}"] = round(costs[-1], 3)
        figures[f"peak_rss_mb_{size}"] = round(max(one["peak_rss_mb"] for one in runs), 1)
    figures["factor"] = round(max(costs) / min(costs), 2)
    return figures
