"""A burst of revocations through the queue: how many CRLs, and how long from an acknowledgement to the CRL with it."""

import argparse
import tempfile
import time
from pathlib import Path

from revocation import clock
from revocation.messages import verify_signature
from tests.whole.burst import Workers, workers

_LONGEST = 1200


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures: CRLs, and seconds from acknowledgement to publication; the floor verifies the signatures alone."""
    count = arguments.revocations
    with tempfile.TemporaryDirectory(prefix="revocast-bench-") as folder, workers(Path(folder) / "w", count) as running:
        burst = running.burst(running.serials, _LONGEST)
        least = _floor(running)
    behind = burst.latencies
    acknowledged = max(burst.acknowledged.values())
    return {
        "revocations": count,
        "refused": len(burst.refused),
        "crls": burst.crls,
        "sent_seconds": round(burst.sent_in, 2),
        "acknowledged_seconds": round(acknowledged, 2),
        "published_seconds": round(max(burst.published.values()), 2),
        "behind_median_seconds": round(behind[len(behind) // 2], 3),
        "behind_p99_seconds": round(behind[len(behind) * 99 // 100], 3),
        "behind_max_seconds": round(behind[-1], 3),
        "within_a_second": sum(one <= 1.0 for one in behind) / count,
        "floor_seconds": round(least, 3),
        "ratio_to_floor": round(acknowledged / least, 1),
    }


def _floor(running: Workers) -> float:
    """Seconds to verify as many signatures of requesters, which nobody can leave out."""
    key = running.estate.operator.public
    messages = [running.estate.revoke(number, now=clock.now()) for number in running.serials]
    began = time.perf_counter()
    for message in messages:
        verify_signature(message, key)
    return time.perf_counter() - began
