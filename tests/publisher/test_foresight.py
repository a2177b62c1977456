"""Which waiting bundles are looked into before others are taken."""

from datetime import datetime
from typing import cast

import pytest

from publisher.foresight import Foresight
from publisher.taking import Taker
from revocation.bundle import BundleReader
from revocation.config import IssuerProfile
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
        for sequence, revision in bundles:
            put_slice(self._place.exchange, self._ca, sequence, [], revision=revision)
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
