"""A publisher's clock that ran ahead and was put right: what the time of then took out is served again at once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from publisher import session
from publisher.alarms import alarms
from publisher.gate import opened
from publisher.publish import publish_each
from publisher.targets.lmdb import LMDBTarget
from revocation.bundle import BundleReader
from revocation.errors import TargetError, Unreadable
from revocation.status import Reason, Revocation
from revocation.wire.exchange import Exchange
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl, put_slice
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.place import Place
from tests.building.redisplace import RedisPlace
from tests.building.s3server import S3Place
from tests.publisher import bucketed, statics
from tests.wire.server import Server

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
GOOD = ["GOOD", "GOOD"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running Valkey."""
    with Server(tmp_path) as running:
        yield running


def fill(place: Place) -> None:
    """A CRL and responses that are valid for a day."""
    responder = place.ca.responder()
    put_crl(place.exchange, place.ca, 1, crl(place.ca, 1))
    put_slice(place.exchange, place.ca, 2, [one for serial in (1, 2) for one in both(place.ca, responder, serial)])


def look_ahead_and_back(place: Place) -> None:
    """Looks when all is right, after the end of the CA by a clock that is ahead, and when that is right again."""
    fill(place)
    place.publish(NOW)
    place.outcomes(place.ca.issuer.not_after + 2 * DAY)
    for outcome in place.outcomes(NOW + HOUR):
        assert outcome.error is None
        assert (outcome.status.set_aside, outcome.status.held) == ([], [])
    assert [outcome.lines for outcome in place.outcomes(NOW + HOUR)] == [[], []]


def test_store_has_its_responses_again(place: Place) -> None:
    """At the next look, out of the exchange."""
    look_ahead_and_back(place)
    assert [place.says(1), place.says(2)] == GOOD


def test_directory_has_its_responses_again(tmp_path: Path) -> None:
    """Files of what has expired, by whichever clock, are removed."""
    place = Place(tmp_path / "place", files={"ocsp": True})
    look_ahead_and_back(place)
    assert statics.shows(place, 1) == GOOD


def test_server_has_its_responses_again(tmp_path: Path, server: Server) -> None:
    """As a store on disk."""
    place = RedisPlace(tmp_path / "place", server)
    look_ahead_and_back(place)
    assert [place.says(1), place.says(2)] == GOOD


def test_bucket_has_its_responses_again(tmp_path: Path, s3: S3Place) -> None:
    """As a directory."""
    place = BucketPlace(tmp_path / "place", s3, target={"ocsp": True})
    look_ahead_and_back(place)
    assert bucketed.shows(place, 1) == GOOD


def test_look_that_fails_leaves_it_to_the_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk was full just then."""
    fill(place)
    place.publish(NOW)
    place.publish(place.ca.issuer.not_after + 2 * DAY)
    assert place.says(1) is None
    with monkeypatch.context() as patch:

        def fail(*_: object) -> int:
            raise TargetError("full", where="store")

        patch.setattr(LMDBTarget, "put", fail)
        assert place.outcomes(NOW + HOUR)[1].error is not None
    place.publish(NOW + 2 * HOUR)
    assert place.says(1) == "GOOD"


def test_clock_that_is_behind_puts_no_older_response(place: Place) -> None:
    """What says that a hold ended has not begun by it, and what said hold is valid; it is put right, and says so."""
    responder = place.ca.responder()
    held = Revocation(NOW, Reason.certificateHold)
    put_slice(place.exchange, place.ca, 1, both(place.ca, responder, 1, held))
    later = {"this_update": NOW + 3 * HOUR}
    put_slice(place.exchange, place.ca, 2, both(place.ca, responder, 1, **later), base_revision=1, revision=2, **later)
    for quarters in range(13):
        place.publish(NOW + quarters * HOUR / 4)
    for hours in (1, 1.5):
        (_, responses) = place.publish(NOW + hours * HOUR)
        assert (place.says(1), responses.held) == ("GOOD", [])
        assert "clock is behind" in alarms(place.config)[0].sentence
    for hours in (3, 3.25):
        (_, responses) = place.publish(NOW + hours * HOUR)
        assert (place.says(1), responses.held, alarms(place.config)) == ("GOOD", [], [])


def test_who_says_that_a_clock_is_right_after_all_has_the_responses_again(place: Place) -> None:
    """It was ahead for more than a week of looks."""
    fill(place)
    place.publish(NOW)
    for day in range(10):
        place.publish(place.ca.issuer.not_after + (2 + day) * DAY)
    place.publish(NOW + HOUR)
    assert place.says(1) is None
    (place.state / "clock.json").unlink()
    place.publish(NOW + 2 * HOUR)
    assert place.says(1) == "GOOD"


def test_times_that_cannot_be_kept_or_read_hold_nothing_up(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """The clock of a look counts as right where nothing is known of one before."""
    fill(place)
    kept = place.state / "clock.json"
    kept.mkdir(parents=True)
    place.publish(NOW)
    assert place.says(1) == "GOOD"
    assert "clock.json: the time of this look could not be kept" in caplog.text
    kept.rmdir()
    kept.write_text("{")
    place.publish(NOW + HOUR)
    assert '"latest"' in kept.read_text()


def test_look_ahead_lets_go_of_no_copy_of_a_crl(tmp_path: Path) -> None:
    """Neither in the archive nor beside the CRL: they are not in the exchange any more."""
    place = Place(tmp_path / "place", files={"numbered": True})
    for number in (1, 2, 3):
        for old in place.exchange.glob("*-crl-*"):
            old.unlink()
        at = NOW + number * HOUR
        put_crl(place.exchange, place.ca, number, crl(place.ca, number, this_update=at))
        place.publish(at)
    for at in (NOW + 400 * DAY, NOW + 401 * DAY, NOW + 4 * HOUR):
        place.publish(at)
        archive = place.state / "crls" / place.ca.issuer.id / "all"
        assert {one.name for one in archive.iterdir()} == {"1.crl", "2.crl", "3.crl"}
        beside = {one.name for one in place.crl_file().parent.glob("all-*.crl")}
        assert beside == {"all-1.crl", "all-2.crl", "all-3.crl"}


def test_bundle_that_a_clock_ahead_set_aside_is_not_shown_once_it_left(place: Place) -> None:
    """Nobody has to act on it; a day of that clock would be up only when its time comes."""
    place.publish(NOW)
    fill(place)
    assert all(outcome.status.set_aside for outcome in place.outcomes(NOW + 60 * DAY))
    for old in place.exchange.glob("*.tar"):
        old.unlink()
    for at in (NOW + HOUR, NOW + 2 * HOUR):
        assert [outcome.status.set_aside for outcome in place.outcomes(at)] == [[], []]


def look_by(place: Place, times: Callable[[int], datetime]) -> int:
    """A look whose clock shows these times, one each time that it is asked; how often it was."""
    asked = count()
    publish_each(place.config, place.public, lambda: times(next(asked)))
    return next(asked)


@pytest.mark.parametrize("is_wrong_at_its_end", [True, False])
def test_clock_that_runs_ahead_within_a_look_loses_no_response(place: Place, *, is_wrong_at_its_end: bool) -> None:
    """By the beginning of the look it was right, and by that of the next it is again."""
    fill(place)
    place.publish(NOW)
    last = look_by(place, lambda _: NOW + HOUR) - 1
    wrong = range(1, last + 100 if is_wrong_at_its_end else last)
    look_by(place, lambda nth: place.ca.issuer.not_after + 2 * DAY if nth in wrong else NOW + HOUR)
    assert place.says(1) is None
    place.publish(NOW + HOUR + MINUTE)
    assert [place.says(1), place.says(2)] == GOOD
    assert alarms(place.config) == []


def test_look_that_breaks_off_after_its_clock_ran_ahead_loses_no_response(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noted how far the clock came, whatever ends the look."""
    fill(place)
    place.publish(NOW)

    def stopped(own: session.Session) -> None:
        finish(own)
        raise KeyboardInterrupt

    finish = session.Session.finish
    with monkeypatch.context() as patched:
        patched.setattr(session.Session, "finish", stopped)
        with pytest.raises(KeyboardInterrupt):
            look_by(place, lambda nth: place.ca.issuer.not_after + 2 * DAY if nth else NOW + HOUR)
    place.publish(NOW + HOUR + MINUTE)
    assert [place.says(1), place.says(2)] == GOOD


def test_bundle_that_cannot_be_read_is_tried_again_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could be read was taken again, and is not at each look that follows."""
    place = Place(tmp_path / "place", ocsp={"slices": 2})
    fill(place)
    bad = put_slice(place.exchange, place.ca, 3, both(place.ca, place.ca.responder(), 3), slice_=1)
    place.publish(NOW + HOUR)

    def fail(exchange: Exchange, name: str) -> AbstractContextManager[BundleReader]:
        if name == bad:
            raise Unreadable("cannot be read", where=name)
        return opened(exchange, name)

    with monkeypatch.context() as patch:
        patch.setattr(session, "opened", fail)
        (_, again) = place.outcomes(NOW)
        assert "OCSP test/0: 0 of 4 responses put (complete)" in again.lines
        for minutes in (1, 2):
            (_, after) = place.outcomes(NOW + minutes * MINUTE)
            assert (after.error is None, [line for line in after.lines if bad not in line]) == (False, [])
    (_, mended) = place.outcomes(NOW + 3 * MINUTE)
    assert (mended.error, mended.lines) == (None, ["OCSP test/1: 0 of 2 responses put (complete)"])


def test_looks_that_go_on_are_noted_once_in_five_minutes(place: Place) -> None:
    """To note one takes longer than all else of a look that has nothing to do; a leap is noted at once."""
    fill(place)
    kept = place.state / "clock.json"
    noted = []
    for minutes in range(12):
        place.publish(NOW + minutes * MINUTE)
        noted.append(kept.stat().st_ino)
    assert [minute for minute in range(12) if noted.index(noted[minute]) == minute] == [0, 5, 10]
    place.publish(NOW + 12 * MINUTE + DAY / 2)
    assert '"last":"2026-03-02T00:12:00Z"' in kept.read_text()
    place.publish(NOW + 12 * MINUTE)
    assert '"last":"2026-03-01T12:12:00Z"' in kept.read_text()
