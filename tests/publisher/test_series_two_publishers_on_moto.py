"""Two publishers of one bucket with a series, of which one has a wrong clock. moto's server stands for S3."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from publisher.alarms import alarms
from tests.authority import NOW, Authority
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.s3server import S3Place

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EVERY, EXPIRES, COUNT = 30 * DAY, 40 * DAY, 4
SERIES = {"expires": "40d", "series": {"count": COUNT, "every": "30d"}}
REAL = NOW + 61 * DAY


class Twins:
    """Both have looked every ten days until the third CRL of the series, number 2, had begun."""

    def __init__(self, folder: Path, s3: S3Place) -> None:
        ca = CA(Authority(not_before=NOW - DAY, days=3650))
        self.right = BucketPlace(folder / "right", s3, ca, crl=SERIES)
        exchange = self.right.exchange
        self.other = BucketPlace(folder / "other", s3, ca, target={"name": "second"}, exchange=exchange, crl=SERIES)
        for number in range(COUNT):
            begin = NOW + number * EVERY
            put_crl(exchange, ca, number + 1, crl(ca, number, this_update=begin, lifetime=EXPIRES), this_update=begin)
        for day in range(0, 70, 10):
            self.look(self.right, NOW + day * DAY)
            self.look(self.other, NOW + day * DAY)

    def look(self, place: BucketPlace, now: datetime) -> int:
        """A look of one of them; the number of the CRL in the bucket after it."""
        bucket, _ = place.outcomes(now)
        assert bucket.error is None
        found = x509.load_der_x509_crl(self.right.shown())
        return int(found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)


def sentences(place: BucketPlace) -> list[str]:
    """The alarms of one."""
    return [alarm.sentence for alarm in alarms(place.config)]


@pytest.fixture
def twins(tmp_path: Path, s3: S3Place) -> Twins:
    """Two publishers of one bucket."""
    return Twins(tmp_path, s3)


@pytest.mark.parametrize("days", [31, 45, 400])
def test_who_is_behind_leaves_what_the_other_put(twins: Twins, days: int) -> None:
    """Also one that comes while it is, and says that its clock is behind; the other has nothing to say."""
    for hours in range(3):
        now = REAL + hours * HOUR
        assert twins.look(twins.other, now - days * DAY) == 2
        assert twins.look(twins.right, now) == 2
    assert "clock is behind" in sentences(twins.other)[0]
    assert twins.look(twins.right, NOW + 90 * DAY) == 3
    assert twins.look(twins.other, NOW + 90 * DAY - days * DAY) == 3
    assert twins.look(twins.other, NOW + 91 * DAY) == 3
    assert (sentences(twins.right), sentences(twins.other)) == ([], [])


def test_who_is_right_tells_of_what_the_other_released_early(twins: Twins) -> None:
    """Each time it takes it back; once the other is right, it takes part in that, and tells the same."""
    for hours in range(2):
        assert twins.look(twins.other, REAL + hours * HOUR + 31 * DAY) == 3
        assert twins.look(twins.right, REAL + hours * HOUR) == 2
    (alarm,) = sentences(twins.right)
    assert "number 3 was released early, by a clock that ran ahead" in alarm
    assert twins.look(twins.other, REAL + 2 * HOUR) == 2
    assert twins.look(twins.right, REAL + 2 * HOUR) == 2
    assert "number 3 was released early" in sentences(twins.other)[0]
