"""Responses of bundle after bundle, of which some are verified before their turn has come."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from publisher import gate
from publisher.incoming import Incoming
from publisher.verifying import Verifying
from revocation.clock import fixed
from revocation.errors import BundleError, GateError
from revocation.wire.exchange import FolderExchange
from tests.authority import NOW
from tests.building.bundles import put_slice
from tests.building.ca import CA, Responder
from tests.building.ocsp import response
from tests.building.place import Place


@pytest.fixture
def incoming(place: Place) -> Iterator[Incoming]:
    """Over the exchange of a place."""
    with Incoming(FolderExchange(place.exchange), place.public, Verifying(), fixed(NOW)) as found:
        yield found


@pytest.fixture
def bundles(place: Place, ca: CA, responder: Responder) -> list[str]:
    """Three, with the serials 1 to 4, 5 to 8, 9 to 12."""
    return [
        put_slice(
            place.exchange,
            ca,
            slice_ + 1,
            [response(ca, responder, 4 * slice_ + n) for n in (1, 2, 3, 4)],
            slice_=slice_,
        )
        for slice_ in range(3)
    ]


def serials_in(incoming: Incoming, bundle: str) -> list[int]:
    """Of the responses of a bundle that pass."""
    return sorted(one.serial[0] for piece in incoming.responses(bundle) for some in piece for one in some)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bundles that were opened in the exchange, in turn."""
    names = list[str]()
    open_ = FolderExchange.open
    monkeypatch.setattr(FolderExchange, "open", lambda self, name: names.append(name) or open_(self, name))
    return names


def test_next_bundle_is_begun_before_its_turn_and_read_once(
    incoming: Incoming, bundles: list[str], opened: list[str]
) -> None:
    """While the responses of one are put, those of the next are verified."""
    incoming.expect(bundles)
    assert serials_in(incoming, bundles[0]) == [1, 2, 3, 4]
    assert opened == bundles
    assert [serials_in(incoming, bundle) for bundle in bundles[1:]] == [[5, 6, 7, 8], [9, 10, 11, 12]]
    assert opened == bundles


def test_other_bundle_may_turn_out_to_be_more_urgent(incoming: Incoming, bundles: list[str]) -> None:
    """What was begun is dropped, and comes all the same when its turn has come."""
    incoming.expect(bundles)
    assert serials_in(incoming, bundles[0]) == [1, 2, 3, 4]
    incoming.expect([bundles[2], bundles[1]])
    assert serials_in(incoming, bundles[2]) == [9, 10, 11, 12]
    assert serials_in(incoming, bundles[1]) == [5, 6, 7, 8]


def test_bundle_that_nobody_expected_is_read(incoming: Incoming, bundles: list[str]) -> None:
    """Nothing but time depends on the guess."""
    incoming.expect(bundles[:1])
    assert [serials_in(incoming, bundle) for bundle in reversed(bundles)] == [
        [9, 10, 11, 12],
        [5, 6, 7, 8],
        [1, 2, 3, 4],
    ]


def test_what_is_wrong_with_a_bundle_is_told_at_its_turn(
    place: Place, ca: CA, responder: Responder, incoming: Incoming, bundles: list[str]
) -> None:
    """Not at that of the one before it, whether it cannot be read or a response does not pass."""
    (place.exchange / bundles[1]).write_bytes(b"no tar")
    stranger = put_slice(place.exchange, ca, 7, [response(CA(), CA().responder(), 7)], slice_=7)
    incoming.expect([bundles[0], bundles[1], stranger, bundles[2]])
    assert serials_in(incoming, bundles[0]) == [1, 2, 3, 4]
    with pytest.raises(BundleError, match="is not a readable tar"):
        serials_in(incoming, bundles[1])
    with pytest.raises(GateError):
        serials_in(incoming, stranger)
    assert serials_in(incoming, bundles[2]) == [9, 10, 11, 12]


def test_bundle_that_was_not_taken_to_its_end_begins_anew(
    incoming: Incoming, bundles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target failed in the middle: at the next try nothing of the bundle is missing."""
    monkeypatch.setattr(gate, "_PIECE", 1)
    incoming.expect(bundles)
    responses = incoming.responses(bundles[0])
    next(responses)
    responses.close()
    assert serials_in(incoming, bundles[0]) == [1, 2, 3, 4]
    assert serials_in(incoming, bundles[1]) == [5, 6, 7, 8]


def test_window_is_that_of_the_time_at_which_a_bundle_is_begun(
    place: Place, bundles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publication takes minutes: what has expired meanwhile does not pass."""
    monkeypatch.setattr("publisher.incoming._AHEAD", 1)
    times = iter([NOW, NOW + timedelta(days=2)])
    with Incoming(FolderExchange(place.exchange), place.public, Verifying(), lambda: next(times)) as incoming:
        incoming.expect(bundles[:2])
        assert serials_in(incoming, bundles[0]) == [1, 2, 3, 4]
        with pytest.raises(GateError, match="nextUpdate"):
            serials_in(incoming, bundles[1])


def test_nothing_goes_on_behind_the_end(place: Place, bundles: list[str]) -> None:
    """No thread, though a bundle was begun that nobody asked for."""
    before = threading.active_count()
    with Incoming(FolderExchange(place.exchange), place.public, Verifying(), fixed(NOW)) as incoming:
        incoming.expect(bundles)
        serials_in(incoming, bundles[0])
        assert threading.active_count() > before
    assert threading.active_count() == before
