"""Slices of certificates: stable, without gap and without overlap."""

from hypothesis import given
from hypothesis import strategies as st

from signer.ledger.facts import SLICE_HASHES, slice_hash, slice_hashes, slice_of


@given(st.integers(1, 2000))
def test_slices_part_all_hashes_without_gap_or_overlap(slices: int) -> None:
    """Whatever their number: each begins where the one before ends, and the ends are the ends."""
    ranges = [slice_hashes(slice_, slices) for slice_ in range(slices)]
    assert [r.start for r in ranges[1:]] == [r.stop for r in ranges[:-1]]
    assert (ranges[0].start, ranges[-1].stop) == (0, SLICE_HASHES)


@given(st.integers(0, SLICE_HASHES - 1), st.integers(1, SLICE_HASHES))
def test_hash_lies_in_the_slice_that_is_said_of_it(hash_: int, slices: int) -> None:
    """What changed is looked for in the slice that has it, also where the number of slices is no power of two."""
    assert hash_ in slice_hashes(slice_of(hash_, slices), slices)


@given(st.binary(min_size=1, max_size=40))
def test_certificate_stays_in_its_slice(serial: bytes) -> None:
    """The hash follows from the serial alone."""
    assert slice_hash(serial) == slice_hash(bytes(serial)) in range(SLICE_HASHES)
