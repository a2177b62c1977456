"""What the hot path keeps, when the store changes under it: nothing of one state is said in the next."""

from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from responder.app import create_app
from responder.lmdbsource import LMDBSource
from revocation.certid import CertID, CertIDHash
from revocation.store import StoredResponse, response_key
from tests.authority import NOW
from tests.responder.asking import request
from tests.responder.beside import PUT, in_another_process
from tests.responder.both import Both
from tests.responder.conftest import Clock
from tests.responder.filling import GOOD, UNKNOWN, Filling, write


class Told:
    """A source that says of one certificate what a test tells it, and waits before it says so while `held`."""

    def __init__(self, cert_id: CertID, said: StoredResponse, version: int | None) -> None:
        self.cert_id, self.said, self.state = cert_id, said, version
        self.asked, self.held = Event(), Event()
        self.held.set()

    def version(self) -> int | None:
        return self.state

    def find(self, cert_id: CertID, now: datetime) -> StoredResponse | None:
        if cert_id != self.cert_id:
            return None
        found = self.said
        self.asked.set()
        self.held.wait()
        return found

    def close(self) -> None:
        pass


def test_answer_that_a_thread_looked_up_before_a_publication_is_not_kept_after_it(filling: Filling) -> None:
    """Another thread sees the publication meanwhile; good would stand until the next one, or for hours."""
    source = Told(filling.cert_id(GOOD), filling.response(GOOD), 1)
    client = create_app(source, now=Clock()).test_client()
    asked, other = request(source.cert_id), request(filling.cert_id(UNKNOWN))
    source.held.clear()
    late = Thread(target=client.post, args=("/ocsp/",), kwargs={"data": asked})
    late.start()
    source.asked.wait()
    source.said, source.state = filling.response(GOOD, revoked=True), 2
    client.application.test_client().post("/ocsp/", data=other)
    source.held.set()
    late.join()
    assert client.post("/ocsp/", data=asked).data == source.said.der


def test_nothing_is_kept_while_a_store_cannot_tell_its_state(filling: Filling) -> None:
    """As while a store is filled: what was found may be out of date at once, and nobody would know."""
    source = Told(filling.cert_id(GOOD), filling.response(GOOD), None)
    client = create_app(source, now=Clock()).test_client()
    for revoked in (False, True):
        source.said = filling.response(GOOD, revoked=revoked)
        assert client.post("/ocsp/", data=request(source.cert_id)).data == source.said.der


def test_publication_is_seen_by_the_next_request(tmp_path: Path, filling: Filling) -> None:
    """What is kept is kept for one state of the store: good is not said once more after revoked was published."""
    store, clock = tmp_path / "store", Clock()
    write(store, filling.shelf())
    source = LMDBSource(store)
    both = Both(source, clock)
    asked = request(filling.cert_id(GOOD))
    key = response_key(filling.issuer.octets, CertIDHash.SHA256.octet, filling.cert_id(GOOD).serial)
    for second in range(1, 5):
        before = both.same(asked)
        newer = filling.response(GOOD, this_update=NOW + timedelta(seconds=second), revoked=bool(second % 2))
        in_another_process(PUT, store, key.hex(), newer.encode().hex())
        after = both.same(asked)
        assert after[2] == newer.der != before[2]
    assert both.passed_on == 0
    source.close()


def test_certificate_that_left_the_store_is_not_answered_from_memory(tmp_path: Path, filling: Filling) -> None:
    """The store was replaced by one without it."""
    write(tmp_path / "store", filling.shelf())
    source = LMDBSource(tmp_path / "store")
    both = Both(source, Clock())
    asked = request(filling.cert_id(GOOD))
    assert len(both.same(asked)[2]) > 100
    write(tmp_path / "other", [*filling.issuer_entries(), *filling.entries(UNKNOWN)])
    (tmp_path / "store").rename(tmp_path / "old")
    (tmp_path / "other").rename(tmp_path / "store")
    assert both.same(asked)[2] == bytes((0x30, 3, 0x0A, 1, 6))
    source.close()
