"""What benchmarks print whose floor is the raw rate of a key."""

import argparse
from collections.abc import Sequence
from typing import Any

SLICES = 16


def of_median_ratio(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The run that counts."""
    return sorted(runs, key=lambda one: one["ratio"])[len(runs) // 2]


def beside_raw(
    runs: Sequence[dict[str, Any]], raw: str, arguments: argparse.Namespace, certificates: int
) -> dict[str, object]:
    """The figures of that run.

    Args:
        raw: what the raw rate is called.
    """
    best = of_median_ratio(runs)
    return {
        "certificates": certificates,
        "key": arguments.key,
        "slices": arguments.slices or SLICES,
        "responses": best["responses"],
        "seconds": round(best["seconds"], 2),
        "per_second": round(best["responses"] / best["seconds"]),
        raw: round(best["raw"]),
        "ratio": round(best["ratio"], 3),
        "ratios": [round(one["ratio"], 3) for one in runs],
        "peak_rss_mb": round(max(one["peak_rss_mb"] for one in runs)),
        "processes_mb": round(max(one["processes_mb"] for one in runs)),
    }
