"""What the hot path keeps, when the store changes under it: nothing of one state is said in the next."""

from datetime import datetime
from threading import Event, Thread

from responder.app import create_app
from revocation.certid import CertID
from revocation.store import StoredResponse
from tests.responder.asking import request
from tests.responder.conftest import Clock
from tests.responder.filling import GOOD, UNKNOWN, Filling


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
