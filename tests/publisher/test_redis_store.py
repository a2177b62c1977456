"""Publishing into a Redis server: the gate and the marks hold as for LMDB, and what the server loses is replayed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.config import JobsConfig
from jobs.evidence import Expected, missing
from jobs.installation import Installation
from publisher.status import read_statuses
from revocation.certid import CertIDHash
from revocation.clock import epoch
from revocation.published import TargetStatus
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.redisplace import RedisPlace
from tests.wire.server import Server

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running Valkey."""
    with Server(tmp_path) as running:
        yield running


@pytest.fixture
def place(tmp_path: Path, server: Server) -> RedisPlace:
    """A publisher with a store on it."""
    return RedisPlace(tmp_path / "place", server)


def put_first(place: RedisPlace) -> None:
    """A good and a revoked certificate."""
    responder = place.ca.responder()
    data = both(place.ca, responder, 0xAB) + both(place.ca, responder, 0xCD, FINAL)
    put_slice(place.exchange, place.ca, 1, data, revision=4, slice_=3)


def row_of(status: TargetStatus) -> tuple[int, int, int]:
    """Slice, revision and count of the only row."""
    (row,) = status.slices
    return row.slice, row.revision, row.count


def test_slice_is_stored_under_both_hashes_with_its_times(place: RedisPlace) -> None:
    """What the responder reads, and a row in the status, which others read without publishing."""
    put_first(place)
    _, responses = place.publish()
    for hash_ in CertIDHash:
        stored = place.stored(0xAB, hash_)
        assert stored
        assert (stored.this_update, stored.next_update) == (epoch(NOW), epoch(NOW + DAY))
        assert stored.fresh_until == epoch(NOW + DAY / 2)
        assert place.says(0xCD, hash_) == "REVOKED"
    assert row_of(responses) == (3, 4, 4)
    assert read_statuses(place.config, place.public, NOW)[1] == responses


@pytest.mark.parametrize("loss", ["flush", "kill", "one"])
def test_what_the_server_lost_is_put_again_at_the_next_look(place: RedisPlace, loss: str) -> None:
    """FLUSHALL, a crash without persistence, a single answer deleted by hand."""
    put_first(place)
    place.publish()
    if loss == "kill":
        place.server.kill()
        place.server.start()
    else:
        with place.server.client() as client:
            client.flushall() if loss == "flush" else client.hdel("revocast:responses.2", place.key(0xAB))
    assert read_statuses(place.config, place.public, NOW)[1].slices == []
    _, outcome = place.outcomes(NOW + HOUR)
    assert "status is lost" in outcome.lines[0]
    assert row_of(outcome.status) == (3, 4, 4)
    assert [place.says(0xAB, hash_) for hash_ in CertIDHash] == ["GOOD", "GOOD"]
    assert [place.says(0xCD, hash_) for hash_ in CertIDHash] == ["REVOKED", "REVOKED"]


def test_server_that_was_put_back_does_not_undo_a_revocation(place: RedisPlace) -> None:
    """Marks lie outside of the target: a copy of before, its status included, is seen and mended."""
    responder = place.ca.responder()
    put_slice(place.exchange, place.ca, 1, both(place.ca, responder, 0xAB))
    place.publish()
    with place.server.client() as client:
        names = ("revocast:responses.2", "revocast:status.2", "revocast:version.2")
        copies = {name: client.dump(name) for name in names}
        later = NOW + HOUR
        revoked = both(place.ca, responder, 0xAB, FINAL, this_update=later)
        put_slice(place.exchange, place.ca, 2, revoked, base_revision=1, revision=2, this_update=later)
        place.publish(later)
        for name, copy in copies.items():
            client.restore(name, 0, copy, replace=True)
    assert place.says(0xAB) == "GOOD"
    place.publish(later)
    assert place.says(0xAB) == "REVOKED"


def test_good_that_somebody_wrote_over_a_revocation_is_taken_out(place: RedisPlace) -> None:
    """Once the status shows that something is wrong, what the marks contradict goes, before anything is replayed."""
    put_first(place)
    place.publish()
    good = place.stored(0xAB)
    assert good
    place.overwrite([0xCD], good)
    with place.server.client() as client:
        client.delete("revocast:status.2")
    place.publish(NOW + HOUR)
    assert place.says(0xCD) == "REVOKED"


def test_two_responses_of_a_certificate_in_one_bundle_are_judged_each_for_itself(place: RedisPlace) -> None:
    """They are fetched from the bundle together, and the newest of them counts, in whatever order they are."""
    responder = place.ca.responder()
    put_slice(place.exchange, place.ca, 1, both(place.ca, responder, 0xAB))
    place.publish()
    later, before = NOW + 2 * HOUR, NOW - HOUR / 2
    data = [der for at in (later, before) for der in both(place.ca, responder, 0xAB, this_update=at)]
    put_slice(place.exchange, place.ca, 2, data, revision=2, this_update=later)
    place.publish(later)
    stored = place.stored(0xAB)
    assert stored
    assert stored.this_update == epoch(later)


def test_two_issuers_share_a_server(place: RedisPlace, server: Server, tmp_path: Path) -> None:
    """Two publishers, each with its prefix, and each with its own issuer under the same serial."""
    other = RedisPlace(tmp_path / "other", server, CA(name="another"), prefix="another:")
    put_first(place)
    put_slice(other.exchange, other.ca, 1, both(other.ca, other.ca.responder(), 0xAB, FINAL))
    for one in (place, other, place, other):
        one.publish()
    assert (place.says(0xAB), other.says(0xAB)) == ("GOOD", "REVOKED")


def test_server_that_is_away_keeps_no_other_target_waiting(place: RedisPlace) -> None:
    """CRLs go out, the failure is told, and the next look makes up for it."""
    put_first(place)
    put_crl(place.exchange, place.ca, 2, crl(place.ca))
    place.server.kill()
    files, responses = place.outcomes()
    assert files.error is None
    assert place.crl_file().exists()
    assert "no connection" in str(responses.error)
    place.server.start()
    assert row_of(place.publish()[1]) == (3, 4, 4)


def test_revocation_is_proven_from_the_server(place: RedisPlace) -> None:
    """`revoke` waits until the response there says it, whatever the CRL says."""
    put_crl(place.exchange, place.ca, 2, crl(place.ca, 1, {0xAB: FINAL, 0xCD: FINAL}))
    put_first(place)
    place.publish()
    installation = Installation(place.root / "revocast.toml", place.public, JobsConfig(), place.config)

    def lacking(serial: bytes) -> str | None:
        return missing(installation, Expected(place.profile, serial, Reason.keyCompromise, 0), NOW)

    assert lacking(b"\x00\xcd") is None
    assert lacking(b"\x00\xab") == "responses: an OCSP response does not show it yet"
    place.server.kill()
    assert "no connection" in (lacking(b"\x00\xcd") or "")  # once it is back, it may say what it said before
