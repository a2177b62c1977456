"""Which waiting bundles are looked into before others are taken."""

from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO, cast

import pytest

from publisher.foresight import Foresight
from publisher.taking import Taker
from revocation.bundle import BundleReader
from revocation.config import IssuerProfile
from revocation.errors import Unreadable
from revocation.wire.exchange import FolderExchange
from tests.authority import NOW
from tests.building.bundles import put_slice
from tests.building.ca import CA
from tests.building.place import Place


class Learner:
    """A taker that notes of which bundles it learns, by their sequences."""

    def __init__(self, place: Place, ca: CA) -> None:
        self._place, self._ca = place, ca
        self._exchange = FolderExchange(place.exchange)
        self._foresight = Foresight(self._exchange, cast("Taker", self), place.public)
        self.learned = list[int]()

    def look_ahead(self, reader: BundleReader, profile: IssuerProfile, now: datetime) -> None:
        """See `Taker`."""
        assert (profile.issuer, now) == (self._ca.issuer, NOW)
        self.learned.append(int(reader.name[:12]))

    def look(self, *bundles: tuple[int, int]) -> list[int]:
        """Those that it learns of now, where bundles with these sequences and revisions wait in this order."""
        there = {int(stored.name[:12]) for stored in self._exchange.list()}
        for sequence, revision in (one for one in bundles if one[0] not in there):
            put_slice(self._place.exchange, self._ca, sequence, [], slice_=sequence, revision=revision)
        waiting = {int(stored.name[:12]): stored for stored in self._exchange.list()}
        before = len(self.learned)
        self._foresight.look([waiting[sequence] for sequence, _ in bundles], NOW)
        return self.learned[before:]


@pytest.fixture
def learner(place: Place, ca: CA) -> Learner:
    """With an empty exchange."""
    return Learner(place, ca)


def test_bundle_behind_an_older_one_is_learned_from_once(learner: Learner) -> None:
    """It may say revoked of what the older one says good of, however many stand between them."""
    bundles = (1, 10), (2, 10), (3, 12), (4, 11)
    assert learner.look(*bundles) == [3, 4]
    assert learner.look(*bundles) == []


def test_nothing_is_learned_from_bundles_that_say_what_the_ledger_said_at_one_time(learner: Learner) -> None:
    """All slices that are signed in one look: none contradicts another."""
    assert learner.look((1, 10), (2, 10), (3, 10)) == []


def test_nothing_is_learned_from_what_is_taken_first(learner: Learner) -> None:
    """It says itself what it says."""
    assert learner.look((5, 11), (1, 10)) == []
    assert learner.look((7, 12)) == []


def test_bundle_that_gets_an_older_one_before_it_is_learned_from_then(learner: Learner) -> None:
    """What waits changes from step to step."""
    assert learner.look((2, 10), (3, 10)) == []
    assert learner.look((1, 9), (2, 10), (3, 10)) == [2, 3]


def test_bundle_that_follows_on_another_of_its_part_is_learned_from_at_the_same_revision(
    learner: Learner, place: Place, ca: CA
) -> None:
    """A ledger that was restored may say another thing at a revision that it had already."""
    for sequence in (1, 2):
        put_slice(place.exchange, ca, sequence, [], slice_=7, revision=10)
    Foresight(FolderExchange(place.exchange), cast("Taker", learner), place.public).look(
        FolderExchange(place.exchange).list(), NOW
    )
    assert learner.learned == [2]


def test_what_follows_on_a_bundle_that_cannot_be_read_is_learned_from(
    learner: Learner, place: Place, ca: CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be the oldest of all, and can perhaps be read at its turn; it is looked into then."""
    for sequence in (1, 2):
        put_slice(place.exchange, ca, sequence, [], slice_=sequence, revision=12 - sequence)
    exchange = FolderExchange(place.exchange)
    foresight = Foresight(exchange, cast("Taker", learner), place.public)
    first, second = exchange.list()
    with monkeypatch.context() as failing:
        failing.setattr(FolderExchange, "open", _fails_for(first.name, FolderExchange.open))
        foresight.look([first, second], NOW)
        assert learner.learned == [2]
    foresight.look_into(first, NOW)
    assert learner.learned == [2, 1]


def _fails_for(
    name: str, open_: Callable[[FolderExchange, str], BinaryIO]
) -> Callable[[FolderExchange, str], BinaryIO]:
    def fail(exchange: FolderExchange, wanted: str) -> BinaryIO:
        if wanted == name:
            raise Unreadable("cannot be read for a moment")
        return open_(exchange, wanted)

    return fail


def test_bundle_that_cannot_be_read_keeps_no_other_from_being_learned_from(learner: Learner, place: Place) -> None:
    """It is judged when its turn comes."""
    assert learner.look((1, 10), (2, 11)) == [2]
    for file in place.exchange.glob("000000000002-*"):
        file.write_bytes(b"no tar")
    (place.exchange / f"000000000003-{place.ca.issuer.id}-ocsp-0.tar").write_bytes(b"nor this")
    waiting = FolderExchange(place.exchange).list()
    foresight = Foresight(FolderExchange(place.exchange), cast("Taker", learner), place.public)
    put_slice(place.exchange, place.ca, 4, [], revision=12)
    foresight.look([*waiting, *FolderExchange(place.exchange).list()[-1:]], NOW)
    assert learner.learned == [2, 4]
