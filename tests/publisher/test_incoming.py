"""Responses of bundle after bundle, of which some are verified before their turn has come."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from publisher import gate
from publisher.incoming import Incoming
from publisher.verifying import Verifying
from revocation.bundle import BundleReader, Entry
from revocation.clock import fixed
from revocation.errors import BundleError, GateError, Unreadable
from revocation.wire.exchange import FolderExchange, Stored
from tests.authority import NOW
from tests.building.bundles import put_slice
from tests.building.ca import CA, Responder
from tests.building.ocsp import response
from tests.building.place import Place


@pytest.fixture(autouse=True)
def _all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.incoming.WORTH", 0)
    monkeypatch.setattr(Verifying, "start", lambda _: None)


@pytest.fixture
def incoming(place: Place) -> Iterator[Incoming]:
    """Over the exchange of a place."""
    with Incoming(FolderExchange(place.exchange), place.public, Verifying(), fixed(NOW)) as found:
        yield found


@pytest.fixture
def bundles(place: Place, ca: CA, responder: Responder) -> list[Stored]:
    """Three, with the serials 1 to 4, 5 to 8, 9 to 12."""
    for slice_ in range(3):
        data = [response(ca, responder, 4 * slice_ + n) for n in (1, 2, 3, 4)]
        put_slice(place.exchange, ca, slice_ + 1, data, slice_=slice_)
    return FolderExchange(place.exchange).list()


def taken(place: Place, incoming: Incoming, bundle: Stored) -> list[int]:
    """The serials of the responses of a bundle that pass, opened as a session does."""
    with gate.opened(FolderExchange(place.exchange), bundle.name) as reader:
        pieces = incoming.responses(bundle, reader, place.profile)
        return sorted(one.serial[0] for piece in pieces for some in piece for one in some)


Serials = Callable[[Stored], list[int]]


@pytest.fixture
def serials_in(place: Place, incoming: Incoming) -> Serials:
    """What of a bundle passes."""
    return lambda bundle: taken(place, incoming, bundle)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bundles that were opened in the exchange, in turn."""
    names = list[str]()
    open_ = FolderExchange.open
    monkeypatch.setattr(FolderExchange, "open", lambda self, name: names.append(name) or open_(self, name))
    return names


def test_next_bundle_is_begun_before_its_turn(
    incoming: Incoming, bundles: list[Stored], opened: list[str], serials_in: Serials
) -> None:
    """While the responses of one are put, those of the next are verified: at its turn its manifest alone is read."""
    incoming.expect(bundles)
    first, second, third = (bundle.name for bundle in bundles)
    assert serials_in(bundles[0]) == [1, 2, 3, 4]
    assert opened == [first, second, third]
    assert [serials_in(bundle) for bundle in bundles[1:]] == [[5, 6, 7, 8], [9, 10, 11, 12]]
    assert opened == [first, second, third, second, third]


def test_other_bundle_may_turn_out_to_be_more_urgent(
    incoming: Incoming, bundles: list[Stored], serials_in: Serials
) -> None:
    """What was begun is dropped, and comes all the same when its turn has come."""
    incoming.expect(bundles)
    assert serials_in(bundles[0]) == [1, 2, 3, 4]
    incoming.expect([bundles[2], bundles[1]])
    assert serials_in(bundles[2]) == [9, 10, 11, 12]
    assert serials_in(bundles[1]) == [5, 6, 7, 8]


def test_small_bundle_waits_for_no_other(
    incoming: Incoming, bundles: list[Stored], opened: list[str], serials_in: Serials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revocation is in a small one."""
    monkeypatch.setattr("publisher.incoming.WORTH", 1 + max(bundle.size for bundle in bundles))
    incoming.expect(bundles)
    assert serials_in(bundles[0]) == [1, 2, 3, 4]
    assert opened == [bundles[0].name]


def test_bundle_that_nobody_expected_is_read(incoming: Incoming, bundles: list[Stored], serials_in: Serials) -> None:
    """Nothing but time depends on the guess."""
    incoming.expect(bundles[:1])
    found = [serials_in(bundle) for bundle in reversed(bundles)]
    assert found == [[9, 10, 11, 12], [5, 6, 7, 8], [1, 2, 3, 4]]


def test_bundle_that_was_replaced_since_it_was_begun_says_what_it_says_now(
    place: Place, ca: CA, responder: Responder, incoming: Incoming, bundles: list[Stored], serials_in: Serials
) -> None:
    """A folder that is filled by hand, or from a copy: the manifest is that of what is put."""
    incoming.expect(bundles)
    assert serials_in(bundles[0]) == [1, 2, 3, 4]
    put_slice(place.exchange, ca, 2, [response(ca, responder, 77)], slice_=1, revision=9)
    assert serials_in(bundles[1]) == [77]
    assert serials_in(bundles[2]) == [9, 10, 11, 12]


def test_bundle_that_is_whole_at_its_turn_is_taken(
    place: Place, incoming: Incoming, bundles: list[Stored], serials_in: Serials
) -> None:
    """Its copy was not at its end yet when it was begun."""
    file = place.exchange / bundles[1].name
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    incoming.expect(bundles)
    assert serials_in(bundles[0]) == [1, 2, 3, 4]
    file.write_bytes(whole)
    assert serials_in(bundles[1]) == [5, 6, 7, 8]


def test_bundle_that_breaks_off_after_it_was_begun_is_tried_again(
    place: Place, ca: CA, responder: Responder, incoming: Incoming, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be whole at the next look: so it is not set aside for what it was for a moment."""
    for slice_ in range(2):
        data = [response(ca, responder, 64 * slice_ + n) for n in range(1, 40)]
        put_slice(place.exchange, ca, slice_ + 1, data, slice_=slice_, chunk=10)
    bundles = FolderExchange(place.exchange).list()
    content = BundleReader.content

    def breaks_off(reader: BundleReader, entry: Entry) -> bytes:
        if entry.path.endswith("1-00003.ders"):
            raise BundleError("is truncated")
        return content(reader, entry)

    with monkeypatch.context() as broken:
        broken.setattr(gate, "_PIECE", 1)
        broken.setattr(BundleReader, "content", breaks_off)
        incoming.expect(bundles)
        assert taken(place, incoming, bundles[0]) == list(range(1, 40))
        with pytest.raises(Unreadable, match="was changed while it was read: it is truncated"):
            taken(place, incoming, bundles[1])
    assert taken(place, incoming, bundles[1]) == list(range(65, 104))


def test_what_is_wrong_with_a_bundle_is_told_at_its_turn(
    place: Place, ca: CA, incoming: Incoming, bundles: list[Stored], serials_in: Serials
) -> None:
    """Not at that of the one before it, whether it cannot be read or a response does not pass."""
    (place.exchange / bundles[1].name).write_bytes(b"no tar")
    put_slice(place.exchange, ca, 7, [response(CA(), CA().responder(), 7)], slice_=7)
    stranger = FolderExchange(place.exchange).list()[-1]
    incoming.expect([bundles[0], bundles[1], stranger, bundles[2]])
    assert serials_in(bundles[0]) == [1, 2, 3, 4]
    with pytest.raises(BundleError, match="is not a readable tar"):
        serials_in(bundles[1])
    with pytest.raises(GateError):
        serials_in(stranger)
    assert serials_in(bundles[2]) == [9, 10, 11, 12]


def test_bundle_that_was_not_taken_to_its_end_begins_anew(
    place: Place, incoming: Incoming, bundles: list[Stored], serials_in: Serials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target failed in the middle: at the next try nothing of the bundle is missing."""
    monkeypatch.setattr(gate, "_PIECE", 1)
    incoming.expect(bundles)
    with gate.opened(FolderExchange(place.exchange), bundles[0].name) as reader:
        responses = incoming.responses(bundles[0], reader, place.profile)
        next(responses)
        responses.close()
    assert serials_in(bundles[0]) == [1, 2, 3, 4]
    assert serials_in(bundles[1]) == [5, 6, 7, 8]


def test_window_is_that_of_the_time_at_which_a_bundle_is_begun(place: Place, bundles: list[Stored]) -> None:
    """A publication takes minutes: what has expired meanwhile does not pass."""
    times = iter([NOW, *[NOW + timedelta(days=2)] * 3])
    with Incoming(FolderExchange(place.exchange), place.public, Verifying(), lambda: next(times)) as incoming:
        incoming.expect(bundles[:2])
        assert taken(place, incoming, bundles[0]) == [1, 2, 3, 4]
        with pytest.raises(GateError, match="nextUpdate"):
            taken(place, incoming, bundles[1])


def test_nothing_goes_on_behind_the_end(place: Place, bundles: list[Stored]) -> None:
    """No thread, though a bundle was begun that nobody asked for."""
    before = threading.active_count()
    with Incoming(FolderExchange(place.exchange), place.public, Verifying(), fixed(NOW)) as incoming:
        incoming.expect(bundles)
        taken(place, incoming, bundles[0])
        assert threading.active_count() > before
    assert threading.active_count() == before
