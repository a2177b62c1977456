"""OCSP over HTTP from a store that is late, empty, gone or broken, and from a source with a defect."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from responder.app import create_app
from responder.lmdbsource import LMDBSource
from revocation.certid import CertID
from revocation.store import StoredResponse
from tests.responder.answering import about, post
from tests.responder.asking import path
from tests.responder.conftest import Clock
from tests.responder.filling import GOOD, UNKNOWN, Filling, write
from tests.responder.wire import MALFORMED, TRY_LATER, UNAUTHORIZED


def test_response_is_never_handed_out_from_its_next_update_on(
    client: FlaskClient, filling: Filling, clock: Clock, source: LMDBSource
) -> None:
    """Not even as a 304 to a client that has it."""
    answer = client.get(f"/ocsp/{path(about(GOOD)(filling))}")
    clock.time += timedelta(days=1)
    again = client.get(f"/ocsp/{path(about(GOOD)(filling))}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (200, TRY_LATER)
    assert again.headers["Cache-Control"] == "no-store"


def test_empty_store_answers_unauthorized(tmp_path: Path, filling: Filling, clock: Clock) -> None:
    """One that a publisher made, without a response in it."""
    write(tmp_path / "store", [])
    client = create_app(LMDBSource(tmp_path / "store"), now=clock).test_client()
    assert post(client, about(GOOD)(filling)).data == UNAUTHORIZED


def test_store_that_is_not_there_answers_try_later(tmp_path: Path, filling: Filling, clock: Clock) -> None:
    """Nobody has published yet, or it was deleted: of no certificate can be said that it is not known."""
    client = create_app(LMDBSource(tmp_path / "none"), now=clock).test_client()
    answer = post(client, about(GOOD)(filling))
    assert (answer.status_code, answer.data, answer.headers["Cache-Control"]) == (200, TRY_LATER, "no-store")


def test_broken_store_answers_try_later(client: FlaskClient, filling: Filling, store: Path) -> None:
    """Uncached, for every certificate, known or not, and without an HTTP error."""
    shutil.rmtree(store)
    store.mkdir()
    (store / "data.mdb").write_bytes(b"no store" * 1000)
    for serial in (GOOD, UNKNOWN):
        answer = post(client, about(serial)(filling))
        assert (answer.status_code, answer.data) == (200, TRY_LATER)
        assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/ocsp/" + "MEQ//").data == MALFORMED


class _Broken:
    """A source with a defect."""

    def find(self, cert_id: CertID, now: object) -> StoredResponse | None:
        raise ZeroDivisionError

    def version(self) -> int | None:
        return 1

    def close(self) -> None:
        pass


def test_defect_of_ours_is_a_503_without_details(filling: Filling, caplog: pytest.LogCaptureFixture) -> None:
    """It is told in the log; to the client it says nothing of a certificate and nothing of us."""
    answer = post(create_app(_Broken()).test_client(), about(GOOD)(filling))
    assert (answer.status_code, answer.data) == (503, b"Service Unavailable\n")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ZeroDivisionError" in caplog.text
