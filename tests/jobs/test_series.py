"""What is told of a series: how many are held, what comes next, and in time that another ceremony is due."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from jobs.check_crl import look_at_crl
from jobs.check_marks import CRLMark
from jobs.exposition import text
from jobs.findings import Level
from jobs.series import SeriesLeft, series_left, series_metrics
from revocation.clock import epoch, iso
from revocation.published import TargetStatus
from revocation.wire.statusnote import StatusNote, note_of
from tests.authority import NOW, Authority
from tests.building.year import COUNT, DAY, EVERY, EXPIRES, Year


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    """The first ceremony was held."""
    year = Year(tmp_path_factory.mktemp("year"))
    year.hold(NOW, "first")
    return year


def left(year: Year, status: TargetStatus) -> SeriesLeft:
    """The series of the directory; the store has none."""
    (found,) = series_left([status], year.signer.public)
    return found


def seen(year: Year, at: datetime) -> SeriesLeft:
    """After a look at that time."""
    return left(year, year.publish(at).status)


def test_next_release_and_end_are_told_and_a_ceremony_in_time(year: Year) -> None:
    """Forty days before nothing is valid any more, and not before; what is released late is told by the CRL itself."""
    ends = NOW + 11 * EVERY + EXPIRES
    first = seen(year, NOW)
    assert (first.held, first.next_release, first.ends) == (COUNT - 1, NOW + EVERY, ends)
    assert first.ceremony_due == ends - EXPIRES
    assert first.trouble(NOW) is None
    assert f"11 are held, the next is released at {iso(NOW + EVERY)}" in str(first)
    late = seen(year, NOW + 10 * EVERY)
    assert (late.held, late.trouble(NOW + 11 * EVERY - DAY)) == (1, None)
    assert "the next ceremony is due" in (late.trouble(NOW + 11 * EVERY) or "")
    last = seen(year, NOW + 11 * EVERY)
    assert (last.held, last.next_release, last.ends) == (0, None, ends)
    assert "none is held any more" in str(last)


def test_lost_exchange_is_told_with_what_heals_it(tmp_path: Path) -> None:
    """Taking in the filed folder again, months later and without a ceremony."""
    year = Year(tmp_path)
    year.hold(NOW, "first")
    seen(year, NOW)
    for bundle in year.crls(year.online):
        (year.online.folder / "exchange" / bundle).unlink()
    at = NOW + 3 * EVERY
    assert "accept the last ceremony again" in (seen(year, at).trouble(at) or "")
    year.accept("first", at)
    found = seen(year, at)
    assert (found.held, found.trouble(at)) == (COUNT - 4, None)


def test_what_holds_before_the_first_ceremony_is_told_and_on_the_machine_that_has_the_key(tmp_path: Path) -> None:
    """Nothing is there in either case, and nothing was lost."""
    found = str(seen(Year(tmp_path), NOW))
    assert "no ceremony was accepted yet" in found
    assert "where the key is, that is always so" in found


def test_nothing_is_due_where_the_ca_ends_before(tmp_path: Path) -> None:
    """Its last CRL is valid until then, and beyond; a ceremony would be refused, and is not asked for."""
    year = Year(tmp_path, authority=Authority(days=200))
    year.hold(NOW, "first")
    found = seen(year, NOW + 199 * DAY)
    ends = year.authority.certificate.not_valid_after_utc
    assert (found.outlasts_issuer, found.ceremony_due) == (True, None)
    for at in (NOW + 199 * DAY, ends + DAY, ends + 100 * DAY):
        assert found.trouble(at) is None
    assert str(found).endswith(f"the CA ends at {iso(ends)}")
    metrics = text(series_metrics([year.publish(NOW + 199 * DAY).status], year.signer.public))
    assert "revocast_series_end_timestamp_seconds{" in metrics
    assert "revocast_series_ceremony_due_timestamp_seconds{" not in metrics


def test_missing_one_is_told_as_a_gap_long_before(tmp_path: Path) -> None:
    """Somebody took it out of the exchange."""
    year = Year(tmp_path)
    year.hold(NOW, "first")
    year.publish(NOW)
    exchange = year.online.folder / "exchange"
    (exchange / year.crls(year.online)[7]).unlink()
    found = seen(year, NOW + DAY)
    begin, end = NOW + 6 * EVERY + EXPIRES, NOW + 8 * EVERY
    assert f"no CRL is valid from {iso(begin)} to {iso(end)}" in (found.trouble(NOW + DAY) or "")


def test_publisher_elsewhere_tells_it_too_and_metrics_have_it(year: Year, tmp_path: Path) -> None:
    """A note in the queue server carries it; without a target there are none."""
    other = Year(tmp_path)
    other.hold(NOW, "first")
    status = other.publish(NOW + DAY).status
    told = StatusNote.read(note_of(status, [], NOW).text().encode()).status
    assert left(other, told).held == COUNT - 1
    metrics = text(series_metrics([told], other.signer.public))
    place = f'{{target="files",issuer="{told.crls[0].issuer}",label="all"}}'
    assert f"revocast_series_held{place} 11\n" in metrics
    assert f"revocast_series_next_release_timestamp_seconds{place} {epoch(NOW + EVERY)}\n" in metrics
    assert f"revocast_series_ceremony_due_timestamp_seconds{place} {epoch(NOW + 11 * EVERY)}\n" in metrics
    assert not [samples for _, samples in series_metrics([], year.signer.public) if list(samples)]


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The URL below which a folder is served."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def test_check_takes_the_higher_number_for_newer_where_there_is_a_series(tmp_path: Path) -> None:
    """One of the series began while the stick was on its way: its thisUpdate is later, and its number lower."""
    year = Year(tmp_path)
    year.hold(NOW, "first")
    year.publish(NOW)
    (profile,) = year.signer.public.profiles.values()
    spec, number = profile.crls["all"], year.number()
    alone = replace(spec, settings=spec.settings.model_copy(update={"series": None}))
    seen_before = CRLMark(number=number - 1, this_update=NOW + DAY)
    with serving(year.served.parents[2]) as base:
        look = partial(look_at_crl, base=base, now=NOW + DAY, seconds=5)
        assert not [one for one in look(spec, mark=seen_before).findings if one.level is Level.CRITICAL]
        assert "went back: thisUpdate" in str(look(alone, mark=seen_before).findings)
        same = seen_before.model_copy(update={"number": number})
        assert "went back: thisUpdate" in str(look(spec, mark=same).findings)
        higher = seen_before.model_copy(update={"number": number + 1})
        assert "went back: number" in str(look(spec, mark=higher).findings)
