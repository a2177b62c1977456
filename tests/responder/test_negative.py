"""What is not known is looked up once in a state of the store and a second, and never said of what became known."""

from datetime import datetime

import pytest

from responder.negative import Negatives
from responder.source import SourceUnavailable
from revocation.certid import CertID
from revocation.store import StoredResponse
from tests.authority import NOW
from tests.responder.filling import GOOD, UNKNOWN, Filling


class Remote:
    """A source that counts how often it is asked."""

    def __init__(self) -> None:
        self.state: int | None = 1
        self.known: dict[CertID, StoredResponse] = {}
        self.asked = 0
        self.reachable = True

    def find(self, cert_id: CertID, now: datetime) -> StoredResponse | None:
        self.asked += 1
        if not self.reachable:
            raise SourceUnavailable("gone")
        return self.known.get(cert_id)

    def version(self) -> int | None:
        return self.state

    def close(self) -> None:
        pass


@pytest.fixture
def remote() -> Remote:
    """Empty."""
    return Remote()


def test_unknown_is_asked_for_once(remote: Remote, filling: Filling) -> None:
    """However often; what is known is asked for each time, since the hot path keeps it."""
    source = Negatives(remote, lambda: 0)
    for _ in range(5):
        assert source.find(filling.cert_id(UNKNOWN), NOW) is None
    assert remote.asked == 1
    remote.known[filling.cert_id(GOOD)] = filling.response(GOOD)
    for _ in range(2):
        assert source.find(filling.cert_id(GOOD), NOW) == remote.known[filling.cert_id(GOOD)]
    assert remote.asked == 3


def test_publication_is_seen_by_the_next_request(remote: Remote, filling: Filling) -> None:
    """The store is in another state."""
    source = Negatives(remote, lambda: 0)
    assert source.find(filling.cert_id(GOOD), NOW) is None
    remote.known[filling.cert_id(GOOD)] = filling.response(GOOD)
    remote.state = 2
    assert source.find(filling.cert_id(GOOD), NOW) is not None


def test_nothing_is_remembered_for_more_than_a_second(remote: Remote, filling: Filling) -> None:
    """Of a source that says the same state all the time."""
    elapsed = [0.0]
    source = Negatives(remote, lambda: elapsed[0])
    for elapsed[0] in (0.0, 0.5, 0.99, 1.0, 1.5, 2.0):
        assert source.find(filling.cert_id(UNKNOWN), NOW) is None
    assert remote.asked == 3


def test_nothing_is_remembered_of_a_source_that_cannot_say_its_state(remote: Remote, filling: Filling) -> None:
    """Nor that it could not be asked."""
    remote.state = None
    source = Negatives(remote, lambda: 0)
    for _ in range(2):
        assert source.find(filling.cert_id(UNKNOWN), NOW) is None
    assert remote.asked == 2
    remote.state, remote.reachable = 1, False
    for _ in range(2):
        with pytest.raises(SourceUnavailable):
            source.find(filling.cert_id(UNKNOWN), NOW)
    remote.reachable = True
    assert source.find(filling.cert_id(UNKNOWN), NOW) is None
    assert remote.asked == 5


def test_answer_of_before_a_publication_is_not_remembered_after_it(remote: Remote, filling: Filling) -> None:
    """A thread asks, and the store changes while it waits for the answer, which another thread sees first."""
    source = Negatives(remote, lambda: 0)

    def slow(cert_id: CertID, now: datetime) -> StoredResponse | None:
        remote.find = found  # type: ignore[method-assign]
        remote.state = 2
        remote.known[filling.cert_id(GOOD)] = filling.response(GOOD)
        assert source.find(filling.cert_id(UNKNOWN), NOW) is None  # the other thread, in the new state
        return None

    found = remote.find
    remote.find = slow  # type: ignore[method-assign]
    assert source.find(filling.cert_id(GOOD), NOW) is None
    assert source.find(filling.cert_id(GOOD), NOW) is not None


def test_flood_of_different_serials_takes_bounded_memory(
    remote: Remote, filling: Filling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too much is looked up."""
    monkeypatch.setattr("responder.negative._MOST", 10)
    source = Negatives(remote, lambda: 0)
    for serial in range(100):
        source.find(filling.cert_id(0x7000 + serial), NOW)
    assert remote.asked == 100
    assert len(source._unknown) == 10
