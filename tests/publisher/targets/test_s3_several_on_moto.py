"""Several publishers on one bucket: none puts back what another has put. moto's server stands for S3."""

from datetime import timedelta
from pathlib import Path

import pytest

from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.faulty import Fault, Faulty, times
from tests.building.s3server import S3Place

SECOND = timedelta(seconds=1)
FINAL = Revocation(NOW, Reason.keyCompromise)


class TestSeveralPublishers:
    """Two publishers with marks of their own share a bucket and an exchange."""

    @pytest.fixture
    def other(self, place: BucketPlace, tmp_path: Path, s3: S3Place) -> BucketPlace:
        """The second one, without the proxy."""
        return BucketPlace(tmp_path / "other", s3, place.ca, target={"name": "bucket-too"}, exchange=place.exchange)

    def test_slower_one_does_not_put_back_what_the_faster_one_replaced(
        self, place: BucketPlace, faulty: Faulty, ca: CA
    ) -> None:
        """It judged by what was there before: it is told, and goes on from what is there at its next look."""
        place.publish()
        put_crl(place.exchange, ca, 2, crl(ca, 2, {1: FINAL}, this_update=NOW + SECOND))

        newest = crl(ca, 3, {1: FINAL, 2: FINAL}, this_update=NOW + 2 * SECOND)
        overtaking = Fault(before=lambda: place.s3.write(place.key(), newest))
        faulty.plan = times(1, overtaking, "PUT", "/all.crl")
        bucket, _ = place.outcomes(NOW + 2 * SECOND)
        assert "another publisher was faster" in str(bucket.error)
        assert bucket.status.crls[0].number == 1
        assert place.shown() == newest
        put_crl(place.exchange, ca, 3, newest)
        bucket, _ = place.outcomes(NOW + 3 * SECOND)
        assert bucket.error is None
        assert bucket.status.crls[0].number == 3
        assert place.shown() == newest

    @pytest.mark.long
    @pytest.mark.parametrize("reads", [0, 1, 2, 3])
    def test_new_one_puts_nothing_back_whenever_it_is_overtaken(
        self, place: BucketPlace, faulty: Faulty, ca: CA, reads: int
    ) -> None:
        """It has no marks yet, and reads the CRL that lies there again and again while it judges."""
        place.s3.write(place.key(), crl(ca, 1))
        put_crl(place.exchange, ca, 2, crl(ca, 2, {1: FINAL}, this_update=NOW + SECOND))
        newest = crl(ca, 3, {1: FINAL, 2: FINAL}, this_update=NOW + 2 * SECOND)
        counted = iter(range(100))

        def plan(method: str, path: str, headers: dict[str, str]) -> Fault | None:
            if method == "GET" and "/all.crl" in path and next(counted) == reads:
                place.s3.write(place.key(), newest)
            return None

        faulty.plan = plan
        place.outcomes(NOW + 2 * SECOND)
        assert next(counted) > reads
        assert place.shown() == newest

    def test_what_one_put_the_other_does_not_put_again(
        self, place: BucketPlace, other: BucketPlace, faulty: Faulty
    ) -> None:
        """Each keeps a status of its own, so they do not doubt each other's either."""
        other.publish()
        faulty.seen.clear()
        bucket, _ = place.outcomes(NOW + SECOND)
        assert bucket.status.crls[0].number == 1
        assert [path for method, path in faulty.seen if method == "PUT" and "private" not in path] == []
        other.publish(NOW + SECOND)
        faulty.seen.clear()
        place.publish(NOW + 2 * SECOND)
        assert faulty.count("PUT") == 0

    def test_one_that_comes_late_with_an_older_bundle_changes_nothing(
        self, place: BucketPlace, other: BucketPlace, ca: CA
    ) -> None:
        """Its marks are lost: what is in the bucket raises them before any bundle is judged."""
        newer = put_crl(place.exchange, ca, 2, crl(ca, 2, this_update=NOW + SECOND))
        other.publish(NOW + SECOND)
        shown = place.shown()
        (place.exchange / newer).rename(place.root / newer)
        place.publish(NOW + SECOND)
        assert place.shown() == shown

    @pytest.mark.parametrize("without", [("if-match", "if-none-match"), ()], ids=["ignored", "refused"])
    def test_endpoint_without_conditions_is_told_of_and_looked_at_before(
        self,
        place: BucketPlace,
        faulty: Faulty,
        ca: CA,
        caplog: pytest.LogCaptureFixture,
        without: tuple[str, ...],
    ) -> None:
        """What another publisher put since the look began is still not written over."""

        def plan(method: str, path: str, headers: dict[str, str]) -> Fault | None:
            if waiting and "list-type=2" in path and "all.crl" in path:
                overtake()
            if not {"if-match", "if-none-match"} & headers.keys():
                return None
            return Fault(without=without) if without else Fault(501, "NotImplemented")

        def overtake() -> None:
            waiting.clear()
            place.s3.write(place.key(), newest)

        waiting: list[str] = []
        newest = crl(ca, 3, {1: FINAL}, this_update=NOW + 2 * SECOND)
        faulty.plan = plan
        place.publish()
        (told,) = [record.getMessage() for record in caplog.records if record.name == "revocast.s3"]
        assert "does not heed If-None-Match and If-Match: what lies there is looked at before" in told
        put_crl(place.exchange, ca, 2, crl(ca, 2, this_update=NOW + SECOND))
        waiting.append("what is looked at just before a put")
        bucket, _ = place.outcomes(NOW + 2 * SECOND)
        assert place.shown() == newest
        assert "another publisher was faster" in str(bucket.error)
