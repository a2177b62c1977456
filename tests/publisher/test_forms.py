"""The two forms in which CertIDs are answered: the gate takes the configured one, and the store holds one."""

from datetime import timedelta

import lmdb
import pytest

from revocation.certid import CertIDHash
from revocation.status import Reason, Revocation
from revocation.store import RESPONSES_DATABASE, serial_in
from tests.authority import NOW
from tests.building.bundles import put_slice
from tests.building.ca import CA, Responder
from tests.building.ocsp import both, response
from tests.building.place import Place

SECOND = timedelta(seconds=1)
FINAL = Revocation(NOW - timedelta(days=1), Reason.keyCompromise)
HOLD = Revocation(NOW - timedelta(days=1), Reason.certificateHold)
ORDERS = [tuple(CertIDHash), tuple(reversed(CertIDHash))]


@pytest.fixture
def together(place: Place, ca: CA) -> Place:
    """The same installation, where one response answers both hashes."""
    return Place(place.root, ca, ocsp={"one_signature": True})


def keys(place: Place) -> list[bytes]:
    """What the store has, without the issuer: hash octet and serial."""
    with lmdb.open(str(place.store), readonly=True, max_dbs=4) as env:
        database = env.open_db(RESPONSES_DATABASE, create=False)
        with env.begin(db=database) as txn:
            return sorted(bytes(key)[4:5] + serial_in(bytes(key)) for key, _ in txn.cursor())


@pytest.mark.parametrize("order", ORDERS)
def test_one_response_for_both_hashes_is_stored_once(
    together: Place, ca: CA, responder: Responder, order: tuple[CertIDHash, ...]
) -> None:
    """Under hash octet 0, whichever of its SingleResponses comes first."""
    put_slice(together.exchange, ca, 1, [response(ca, responder, 1, hashes=order)])
    _, status = together.publish()
    assert keys(together) == [b"\0\1"]
    assert status.slices[0].count == 1


@pytest.mark.parametrize("which", ["one", "both", "a hash"])
def test_form_that_is_not_configured_is_set_aside_until_it_is(
    place: Place, together: Place, ca: CA, responder: Responder, which: str
) -> None:
    """Nothing of it is served, the reason names both forms, and it is tried again with the right configuration."""
    alone = Place(place.root, ca, ocsp={"hashes": ["sha256"]})
    wrong, right, data = {
        "one": (together, place, both(ca, responder, 1)),
        "both": (place, together, [response(ca, responder, 1, hashes=tuple(CertIDHash))]),
        "a hash": (alone, place, both(ca, responder, 1)),
    }[which]
    bundle = put_slice(place.exchange, ca, 1, data)
    _, outcome = wrong.outcomes()
    assert [refused.bundle for refused in outcome.set_aside] == [bundle]
    assert f"and configured are {wrong.profile.ocsp.form} " in outcome.set_aside[0].reason
    assert keys(place) == []
    _, outcome = right.outcomes()
    assert (outcome.set_aside, len(keys(place))) == ([], len(data))


def test_new_form_takes_the_old_one_out(place: Place, together: Place, ca: CA, responder: Responder) -> None:
    """In the transaction that puts it, certificate by certificate; so it does on the way back."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1) + both(ca, responder, 2))
    place.publish()
    later = NOW + SECOND
    data = [response(ca, responder, 1, hashes=tuple(CertIDHash), this_update=later)]
    put_slice(place.exchange, ca, 2, data, base_revision=1, revision=2)
    together.publish(later)
    assert keys(place) == [b"\0\1", b"\1\2", b"\2\2"]
    later += SECOND
    put_slice(place.exchange, ca, 3, both(ca, responder, 1, this_update=later), base_revision=2, revision=3)
    place.publish(later)
    assert keys(place) == [b"\1\1", b"\1\2", b"\2\1", b"\2\2"]


@pytest.mark.parametrize("lost", [False, True])
def test_older_response_does_not_come_before_a_newer_one_of_another_form(
    place: Place, together: Place, ca: CA, responder: Responder, lost: bool
) -> None:
    """A bundle of before the last change of form is replayed: what was released since is not on hold again."""
    later = NOW + SECOND
    put_slice(place.exchange, ca, 2, [response(ca, responder, 1, hashes=tuple(CertIDHash), this_update=later)])
    together.publish(later)
    if lost:
        place.wipe(place.state)
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, HOLD))
    place.publish(later)
    assert keys(place) == [b"\0\1"]
    put_slice(place.exchange, ca, 3, both(ca, responder, 1, this_update=later + SECOND), base_revision=1, revision=2)
    place.publish(later + SECOND)
    assert [place.says(1, hash_) for hash_ in CertIDHash] == ["GOOD", "GOOD"]
    assert keys(place) == [b"\1\1", b"\2\1"]


def test_revocation_for_both_hashes_takes_good_of_each_out(
    place: Place, together: Place, ca: CA, responder: Responder
) -> None:
    """A store that was restored has the old form, and one that claims to be newer: no client is told good."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, this_update=NOW + SECOND))
    place.publish(NOW + SECOND)
    data = [response(ca, responder, 1, FINAL, hashes=tuple(CertIDHash))]
    put_slice(place.exchange, ca, 2, data, base_revision=1, revision=2)
    together.publish(NOW + SECOND)
    assert keys(place) == [b"\0\1"]
