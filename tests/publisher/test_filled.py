"""A store that is being filled: what it does not have yet is not called unknown, until all of the exchange is in it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import lmdb
import pytest

from publisher.targets.lmdb import LMDBTarget
from responder.answers import Answer, ErrorAnswer, answer_cert_id
from responder.lmdbsource import LMDBSource
from responder.readiness import readiness
from responder.redissource import RedisSource
from responder.source import Store
from revocation import serials
from revocation.bundle import BundleReader
from revocation.certid import CertID, CertIDHash
from revocation.errors import TargetError, Unreadable
from revocation.redisserver import RedisServer
from revocation.store import FILLED, RESPONSES_DATABASE, STATUS_DATABASE
from tests.authority import NOW
from tests.building.bundles import put_slice
from tests.building.ocsp import both
from tests.building.place import Place
from tests.building.redisplace import RedisPlace
from tests.wire.server import Server

FIRST, SECOND, NOBODY = 0x1001, 0x2001, 0x7777


def put_slices(place: Place, *numbers: int, more: int = 0) -> None:
    """A slice for each certificate, `more` others in each."""
    responder = place.ca.responder()
    for slice_, number in enumerate(numbers, 1):
        data = [der for serial in range(number, number + 1 + more) for der in both(place.ca, responder, serial)]
        put_slice(place.exchange, place.ca, slice_, data, slice_=slice_)


@contextmanager
def read(place: Place) -> Iterator[Store]:
    """The LMDB store as a responder reads it."""
    source = LMDBSource(place.store)
    yield source
    source.close()


def answers(place: Place, source: Store, *numbers: int) -> list[Answer]:
    """What is answered about certificates."""
    asked = [CertID.of(place.ca.issuer, serials.from_int(number), CertIDHash.SHA256) for number in numbers]
    return [answer_cert_id(one, source, NOW) for one in asked]


@contextmanager
def failing_at(monkeypatch: pytest.MonkeyPatch, nth: int) -> Iterator[None]:
    """The store takes no n-th batch."""
    put, calls = LMDBTarget.put, list[int]()

    def fails(target: LMDBTarget, *arguments: object) -> int:
        calls.append(1)
        if len(calls) >= nth:
            raise TargetError("no room", where="here", advice="none")
        return put(target, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(LMDBTarget, "put", fails)
        yield


def _delete(store: Path) -> None:
    shutil.rmtree(store)


def _damage(store: Path) -> None:
    (store / "data.mdb").write_bytes(b"\x00" * 65536)


def _lose_responses(store: Path) -> None:
    with lmdb.open(str(store), max_dbs=4) as env, env.begin(write=True) as txn:
        txn.drop(env.open_db(RESPONSES_DATABASE, txn), delete=False)


@pytest.mark.parametrize("lose", [_delete, _damage, _lose_responses])
def test_known_certificate_is_not_called_unknown_while_a_store_is_refilled(
    place: Place, monkeypatch: pytest.MonkeyPatch, lose: Callable[[Path], None]
) -> None:
    """One slice is in it, the other failed: tryLater for what is not there, not ready; and all is well in the end."""
    put_slices(place, FIRST, SECOND)
    place.publish()
    lose(place.store)
    with failing_at(monkeypatch, 2):
        assert place.outcomes()[1].error
    with read(place) as source:
        refused = [one for one in answers(place, source, FIRST, SECOND, NOBODY) if isinstance(one, ErrorAnswer)]
        assert refused == [ErrorAnswer.TRY_LATER] * 2
        assert "it is being filled" in readiness(source, NOW).reason
    place.publish()
    with read(place) as source:
        *found, unknown = answers(place, source, FIRST, SECOND, NOBODY)
        assert not any(isinstance(one, ErrorAnswer) for one in found)
        assert unknown is ErrorAnswer.UNAUTHORIZED
        assert readiness(source, NOW).reason == ""


def test_full_store_that_takes_no_further_batch_knows_what_it_knew(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publication that fails makes nobody doubt what was published before."""
    put_slices(place, FIRST)
    place.publish()
    put_slices(place, FIRST, SECOND)
    with failing_at(monkeypatch, 1):
        assert place.outcomes()[1].error
    with read(place) as source:
        assert answers(place, source, NOBODY) == [ErrorAnswer.UNAUTHORIZED]
        assert readiness(source, NOW).reason == ""


@pytest.mark.parametrize("why", ["unreadable", "held"])
def test_store_is_not_filled_while_a_bundle_waits(place: Place, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    """Of one that the disk does not give, or that the publisher's clock says is of the future, nothing is in it."""
    put_slices(place, FIRST)
    with monkeypatch.context() as patch:
        if why == "unreadable":
            patch.setattr(BundleReader, "content", _fail)
        place.outcomes(NOW - timedelta(minutes=6) if why == "held" else NOW)
    with read(place) as source:
        assert answers(place, source, FIRST) == [ErrorAnswer.TRY_LATER]
    place.publish(NOW + timedelta(seconds=1))
    with read(place) as source:
        assert answers(place, source, NOBODY) == [ErrorAnswer.UNAUTHORIZED]


def _fail(*_: object) -> NoReturn:
    raise Unreadable("cannot be read: Input/output error")


def test_store_of_before_there_was_the_word_has_it_after_the_next_look(place: Place) -> None:
    """Until then it answers what it has; nothing new need lie in the exchange."""
    put_slices(place, FIRST)
    place.publish()
    with lmdb.open(str(place.store), max_dbs=4) as env, env.begin(write=True) as txn:
        txn.delete(FILLED, db=env.open_db(STATUS_DATABASE, txn))
    with read(place) as source:
        assert not isinstance(answers(place, source, FIRST)[0], ErrorAnswer)
        assert answers(place, source, NOBODY) == [ErrorAnswer.TRY_LATER]
    place.publish()
    with read(place) as source:
        assert answers(place, source, NOBODY) == [ErrorAnswer.UNAUTHORIZED]


def test_installation_without_a_bundle_knows_no_certificate(place: Place) -> None:
    """Nothing was signed yet: that is an answer, and it is not ready all the same."""
    place.publish()
    with read(place) as source:
        assert answers(place, source, NOBODY) == [ErrorAnswer.UNAUTHORIZED]
        assert readiness(source, NOW).reason == "nothing has been published into the store"


def test_store_that_is_being_filled_is_told_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By the responder's log, and so is that it is filled."""
    put_slices(place, FIRST, SECOND)
    with failing_at(monkeypatch, 2):
        place.outcomes()
    with read(place) as source:
        caplog.clear()
        for _ in range(3):
            answers(place, source, FIRST, SECOND)
        assert [(one.levelname, one.getMessage()[:23]) for one in caplog.records] == [
            ("ERROR", "the store is being fill")
        ]
        source.close()
        place.publish()
        caplog.clear()
        answers(place, source, NOBODY)
        assert [one.getMessage() for one in caplog.records] == [f"the store is filled: {place.store}"]


def test_server_that_is_full_before_all_is_in_it_says_nothing_of_a_certificate(tmp_path: Path) -> None:
    """Half of the slices found room: no version, tryLater for all, and not ready."""
    with Server(tmp_path, "--maxmemory", "6mb", "--maxmemory-policy", "noeviction") as server:
        place = RedisPlace(tmp_path / "place", server)
        put_slices(place, *range(0x100000, 0x600000, 0x100000), more=1000)
        assert "memory" in str(place.outcomes()[1].error)
        with server.client() as client:
            assert client.hlen("revocast:responses.2") > 0
            source = RedisSource(RedisServer(url=server.url))
            assert answers(place, source, 0x100000, 0x500000) == [ErrorAnswer.TRY_LATER] * 2
            assert "being filled" in readiness(source, NOW).reason
            client.config_set("maxmemory", "0")
        place.publish()
        source.close()
        source = RedisSource(RedisServer(url=server.url))
        assert not any(isinstance(one, ErrorAnswer) for one in answers(place, source, 0x100000, 0x500000))
        assert answers(place, source, NOBODY) == [ErrorAnswer.UNAUTHORIZED]
        source.close()


def test_server_that_lost_its_responses_alone_says_nothing_of_a_certificate(tmp_path: Path) -> None:
    """Evicted: the version stayed, and goes when the refill begins, which is not done here."""
    with Server(tmp_path) as server, server.client() as client:
        place = RedisPlace(tmp_path / "place", server)
        put_slices(place, FIRST)
        place.publish()
        client.delete("revocast:responses.2")
        client.config_set("maxmemory", "1")
        assert place.outcomes()[1].error
        source = RedisSource(RedisServer(url=server.url))
        assert answers(place, source, FIRST) == [ErrorAnswer.TRY_LATER]
        source.close()
