"""Many revocations at once, through the real queue, signer and publisher: few CRLs, and each is on one soon."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MEASURED
from tests.whole.burst import workers

REVOCATIONS = 1000


@pytest.mark.long
def test_burst_of_revocations_leads_to_few_crls_and_each_is_published_soon(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Each is done, and on a CRL in the target within seconds of its acknowledgement, however busy the machine is.

    The strict measure is `python -m tests.bench crl-burst`, with ten times as many; what was measured here stands in
    the summary at the end of the run.
    """
    with workers(tmp_path / "w", REVOCATIONS) as running:
        burst = running.burst(running.serials, 240)
        assert running.listed() == set(running.serials)
    late = burst.latencies[-1]
    took = max(burst.published.values())
    record_property(
        MEASURED, f"{REVOCATIONS} revocations: {burst.crls} CRLs in {took:.1f} s, at most {late:.2f} s behind"
    )
    assert burst.refused == []
    assert 1 <= burst.crls <= min(took + 2, REVOCATIONS / 20)
    assert late < 10
