"""From what targets say of themselves to what the signer is told: the furthest behind counts."""

from jobs.reconcile import MOST_ROWS, everything, looks
from revocation.artifacts import Kind
from revocation.messages import Verb, compose, parse_message
from revocation.published import TargetStatus
from tests.authority import NOW
from tests.jobs.issuers import crl_row, slice_row, status


def test_task_is_told_its_own_kind_of_rows() -> None:
    """CRLs to `generate_crls`, slices to `presign`, nothing to `generate_ocsp_keys`."""
    found = looks([status("a", crl_row(), slice_row(3))])
    assert found[Verb.GENERATE_CRLS].crls == (crl_row(),)
    assert found[Verb.GENERATE_CRLS].slices == ()
    assert found[Verb.PRESIGN].slices == (slice_row(3),)
    assert found[Verb.GENERATE_OCSP_KEYS].crls == found[Verb.GENERATE_OCSP_KEYS].slices == ()


def test_target_that_is_furthest_behind_counts() -> None:
    """Two targets carry the same scope: what is published is what the slower one shows."""
    new, old = crl_row(revision=9, number=12), crl_row(revision=8, number=11)
    for order in ([status("a", new), status("b", old)], [status("b", old), status("a", new)]):
        assert looks(order)[Verb.GENERATE_CRLS].crls == (old,)


def test_part_that_one_target_lacks_is_not_said_to_be_published() -> None:
    """A wiped target shows in what the signer is told."""
    assert looks([status("a", slice_row(1), slice_row(2)), status("b", slice_row(2))])[Verb.PRESIGN].slices == (
        slice_row(2),
    )


def test_target_that_carries_no_crls_takes_none_away() -> None:
    """An LMDB store has no CRL rows, and is not behind for that."""
    files = status("files", crl_row(), kinds=(Kind.CRL, Kind.ISSUER))
    store = status("store", slice_row(1), kinds=(Kind.OCSP,))
    assert looks([files, store])[Verb.GENERATE_CRLS].crls == (crl_row(),)
    assert looks([files, store])[Verb.PRESIGN].slices == (slice_row(1),)


def test_nothing_is_said_where_nothing_is_known() -> None:
    """No target, no rows: the signer goes by its ledger and its bundles."""
    empty: list[TargetStatus] = []
    assert everything(empty).crls == everything(empty).slices == ()


def test_message_stays_small_with_the_most_slices_there_can_be() -> None:
    """65,536 slices do not fit into one message; the first to be renewed do."""
    rows = [slice_row(number) for number in range(65536)]
    body = everything([status("store", *rows)])
    assert len(body.slices) == MOST_ROWS
    text = compose(Verb.PRESIGN, body, NOW).model_dump_json()
    assert parse_message(text).typed_body() == body
