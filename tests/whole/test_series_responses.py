"""OCSP responses that a CA key signs beside a series: they last as long as it, and are renewed when it is."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from jobs.overview import Line, State, lines
from jobs.wanted import Wanted
from revocation.config import PublicConfig
from revocation.errors import ConfigurationError
from tests.authority import NOW
from tests.building.year import COUNT, DAY, EVERY, EXPIRES, Year

pytestmark = pytest.mark.timeout(300)

ENDS = (COUNT - 1) * EVERY + EXPIRES


@pytest.fixture
def year(tmp_path: Path) -> Year:
    """The first ceremony was held."""
    year = Year(tmp_path)
    year.online.register(year.signer, [1, 2, 3], not_after=NOW + 3000 * DAY)
    year.hold(NOW, "first")
    return year


def slices(year: Year, now: datetime) -> list[Line]:
    """What `status` says of the responses after a look."""
    statuses = [one.status for one in year.publish_all(now)]
    found = lines(statuses, PublicConfig.read(year.online.file), Wanted(), now)
    return [line for line in found if line.what.startswith("ocsp")]


def test_responses_last_to_the_end_of_the_series_without_an_alarm_before(year: Year) -> None:
    """There is an answer as long as there is a CRL, and nobody is called before the next ceremony is due."""
    for after in (timedelta(0), 180 * DAY, 200 * DAY, (COUNT - 1) * EVERY - DAY):
        found = slices(year, NOW + after)
        assert {line.left for line in found} == {ENDS - after}
        assert {line.state for line in found} == {State.FRESH}
    assert {line.state for line in slices(year, NOW + ENDS - EXPIRES / 2)} == {State.OVERDUE}


def test_ceremony_in_between_signs_the_responses_anew_too(year: Year) -> None:
    """Else they would end with the series that it superseded."""
    slices(year, NOW)
    year.revoke(3, NOW + 130 * DAY)
    year.hold(NOW + 131 * DAY, "second")
    found = slices(year, NOW + 131 * DAY)
    assert {line.left for line in found} == {ENDS}


def test_series_that_outlasts_the_limit_of_responses_is_refused_at_the_start(year: Year) -> None:
    """Not at the ceremony, and with the numbers."""
    file = year.offline.folder / "revocast.toml"
    file.write_text(file.read_text().replace(', direct_ocsp_validity = "370d"', ""))
    with pytest.raises(
        ConfigurationError, match=r"by direct_ocsp_validity \(370d\) is beyond the signer's limit \(366d"
    ):
        year.there()
