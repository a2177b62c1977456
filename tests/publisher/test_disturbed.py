"""Published CRLs that somebody overwrote, rolled back or removed: put again, and told as long as it goes on."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from publisher import worker
from publisher.alarms import NowAndThen
from revocation.clock import now
from revocation.paths import crl_path
from revocation.wire.queue import Wire
from tests.authority import NOW
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.place import Place
from tests.wire.server import Server

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
FOUND: dict[str, Callable[[Path, bytes, CA], object]] = {
    "went back: number 1 after 2": lambda file, older, ca: file.write_bytes(older),
    "was changed": lambda file, older, ca: file.write_bytes(crl(CA(), 3)),
    "is missing": lambda file, older, ca: file.unlink(),
}


@pytest.fixture
def older(place: Place, ca: CA) -> bytes:
    """The CRL with number 1; that with number 2 is published."""
    first = crl(ca, 1, this_update=NOW)
    for number, made in ((1, first), (2, crl(ca, 2, this_update=NOW + SECOND))):
        put_crl(place.exchange, ca, number, made)
        place.publish(NOW + SECOND)
    return first


@pytest.mark.parametrize("what", FOUND)
def test_crl_that_was_disturbed_is_put_again_and_told_with_what_became_of_it(
    place: Place, ca: CA, older: bytes, what: str
) -> None:
    """In the same look, and for an hour after the last time; who does it every minute is counted."""
    newest, path = place.crl_file().read_bytes(), crl_path(ca.issuer.id, "all")
    for times in (1, 2):
        FOUND[what](place.crl_file(), older, ca)
        at = NOW + times * timedelta(minutes=1)
        outcome, _ = place.outcomes(at)
        (told,) = outcome.status.disturbed
        assert (told.path, told.what, told.at, told.times) == (path, what, at, times)
        assert str(told) in outcome.lines
        assert place.crl_file().read_bytes() == newest
    for after, count in ((HOUR, 1), (HOUR + SECOND, 0)):
        outcome, _ = place.outcomes(at + after)
        assert (outcome.lines, len(outcome.status.disturbed)) == ([], count)


def test_crl_that_went_back_together_with_the_status_is_told(place: Place, ca: CA, older: bytes) -> None:
    """Whoever may write into a bucket may remove what the publisher keeps there: its own marks know what it put."""
    place.crl_file().write_bytes(older)
    (place.directory / "status.json").unlink()
    outcome, _ = place.outcomes(NOW + 2 * SECOND)
    assert [one.what for one in outcome.status.disturbed] == ["went back: number 1 after 2"]


def test_crl_that_came_under_the_number_of_another_is_told(place: Place, ca: CA, older: bytes) -> None:
    """The issuer signed both, as from a ledger that was restored: which is right nobody can tell from the number."""
    place.crl_file().write_bytes(crl(ca, 2, this_update=NOW + 2 * SECOND))
    outcome, _ = place.outcomes(NOW + 3 * SECOND)
    assert [one.what for one in outcome.status.disturbed] == ["was changed"]


def test_target_that_lags_behind_another_and_lost_its_status_did_not_go_back(place: Place, ca: CA) -> None:
    """Number 2 was put elsewhere alone, as with a full disk here: what was there before the status was lost counts."""
    files, responses = place.config.targets
    more = files.model_copy(update={"name": "more", "path": place.root / "more"})
    for number, target in ((1, files), (1, more), (2, files)):
        put_crl(place.exchange, ca, number, crl(ca, number, this_update=NOW + number * SECOND))
        place.config = place.config.model_copy(update={"targets": (target, responses)})
        place.publish(NOW + 2 * SECOND)
    (more.path / "status.json").unlink()
    place.config = place.config.model_copy(update={"targets": (more, responses)})
    outcome, _ = place.outcomes(NOW + 3 * SECOND)
    assert ([one.number for one in outcome.status.crls], outcome.status.disturbed) == ([2], [])


def test_first_fill_of_an_empty_target_is_no_disturbance(place: Place, ca: CA, older: bytes) -> None:
    """Nothing was there that could be missed, though the marks know it of another target."""
    table = place.config.targets[0].model_copy(update={"name": "more", "path": place.root / "more"})
    place.config = place.config.model_copy(update={"targets": (table, place.config.targets[1])})
    outcome, _ = place.outcomes(NOW + 2 * SECOND)
    assert outcome.status.target == "more"
    assert ([one.number for one in outcome.status.crls], outcome.status.disturbed) == ([2], [])


def test_newer_crl_that_another_publisher_put_is_no_disturbance(place: Place, ca: CA, older: bytes) -> None:
    """It is the issuer's, and its number rose."""
    newer = crl(ca, 3, this_update=NOW + 2 * SECOND)
    place.crl_file().write_bytes(newer)
    outcome, _ = place.outcomes(NOW + 3 * SECOND)
    assert outcome.status.disturbed == []
    assert place.crl_file().read_bytes() == newer


def test_log_of_the_worker_warns_each_time_that_a_crl_was_disturbed(
    tmp_path: Path, ca: CA, caplog: pytest.LogCaptureFixture
) -> None:
    """And not in between."""
    place = Place(tmp_path / "place", ca)
    put_crl(place.exchange, ca, 1, crl(ca, 1, this_update=now() - SECOND))
    with Server(tmp_path) as server:
        told, journal = NowAndThen(), Wire(server.url).journal
        for is_there in (False, True, False, True, False):
            if is_there:
                place.crl_file().write_bytes(b"noise")
            worker._look(place.config, place.public, journal, told)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [f"{crl_path(ca.issuer.id, 'all')} was changed" in warning for warning in warnings] == [True, True]
    assert "2 times, the last at" in warnings[1]
