"""The benchmark of growth measures what is asked for."""

from tests.bench.crl_growth import sizes


def test_sizes_follow_the_entries_that_are_asked_for() -> None:
    """The whole, a tenth and a hundredth: a quick look takes no million."""
    assert sizes(1_000_000) == [10_000, 100_000, 1_000_000]
    assert sizes(20_000) == [200, 2000, 20_000]
