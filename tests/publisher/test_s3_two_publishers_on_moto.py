"""Two publishers on one bucket with OCSP responses, each in the middle of the other's look: nothing goes back.

The other one is a process of its own, that a proxy before the bucket starts at the request which is said. moto's server
stands for S3.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.ocsppath import get_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_slice
from tests.building.ca import CA, Responder
from tests.building.elsewhere import publish_elsewhere
from tests.building.faulty import Fault, Faulty
from tests.building.ocsp import both, response
from tests.building.s3server import S3Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)
HEADERS = {
    "ContentType": "application/ocsp-response",
    "CacheControl": "max-age=3600, public, no-transform, must-revalidate",
}


@pytest.fixture
def place(tmp_path: Path, s3: S3Place, faulty: Faulty) -> BucketPlace:
    """The first publisher."""
    return BucketPlace(tmp_path / "place", s3, endpoint=faulty.endpoint, target={"ocsp": True})


@pytest.fixture
def other(place: BucketPlace, tmp_path: Path) -> BucketPlace:
    """The second, with a state of its own and an exchange that a test fills by itself."""
    return BucketPlace(tmp_path / "other", place.s3, place.ca, target={"name": "second", "ocsp": True})


def keys(place: BucketPlace, serial: int) -> list[str]:
    """Of a certificate's responses in the bucket, by SHA-1 and by SHA-256."""
    names = (CertID.of(place.ca.issuer, serials.from_int(serial), hash_) for hash_ in CertIDHash)
    return ["pki/" + get_path(name) for name in names]


def there(place: BucketPlace, serial: int) -> list[bytes | None]:
    """What lies there."""
    listed = set(place.s3.listed())
    return [place.s3.read(key) if key in listed else None for key in keys(place, serial)]


def fill(place: BucketPlace, other: BucketPlace, responder: Responder, *numbers: int) -> None:
    """Have both publish good responses for these, as of a second before now."""
    early = [one for n in numbers for one in both(place.ca, responder, n, this_update=NOW - SECOND)]
    for one in (place, other):
        put_slice(one.exchange, place.ca, 1, early, this_update=NOW - SECOND)
        one.publish()


def bring(place: BucketPlace, sequence: int, responses: Sequence[bytes], seconds: int) -> None:
    """Put a partial bundle into a publisher's exchange, so many seconds after now."""
    at = NOW + seconds * SECOND
    put_slice(place.exchange, place.ca, sequence, responses, base_revision=1, revision=sequence, this_update=at)


def once(act: Callable[[], None], method: str, part: str) -> Callable[[str, str, dict[str, str]], Fault | None]:
    """A plan: `act` before the first request of that method with that in its path is handed on."""
    left = [act]

    def plan(asked: str, path: str, headers: dict[str, str]) -> Fault | None:
        return Fault(before=left.pop()) if left and asked == method and part in path else None

    return plan


LISTED = "list-type=2"


def test_response_that_another_publisher_put_during_a_look_stays(
    place: BucketPlace, other: BucketPlace, ca: CA, responder: Responder, faulty: Faulty
) -> None:
    """It is met in the list, and the look knows of no bundle that has it: revoked is not made good for a while."""
    fill(place, other, responder, 1, 2)
    revoked = both(ca, responder, 1, FINAL, this_update=NOW + SECOND)

    def overtake() -> None:
        bring(other, 2, revoked, 1)
        publish_elsewhere(other, NOW + SECOND)

    faulty.plan = once(overtake, "GET", f"{LISTED}&prefix=pki%2Focsp")
    faulty.put.clear()
    outcome, _ = place.outcomes(NOW + SECOND)
    assert there(place, 1) == revoked
    assert (outcome.error, outcome.lines, faulty.put) == (None, [], [])
    bring(place, 2, revoked, 1)
    outcome, _ = place.outcomes(NOW + SECOND)
    assert (outcome.error, [path for path in faulty.put if "/ocsp/" in path]) == (None, [])
    assert there(place, 1) == revoked


def test_newer_response_that_is_met_instead_of_the_noted_one_stays(
    place: BucketPlace, other: BucketPlace, ca: CA, responder: Responder, faulty: Faulty
) -> None:
    """The slower publisher has two older ones to put, one after the other, and puts neither; that is no failure."""
    fill(place, other, responder, 1, 2)
    bring(place, 2, [response(ca, responder, 1, this_update=NOW)], 0)
    bring(place, 3, [response(ca, responder, 1, this_update=NOW + SECOND)], 1)
    newest = response(ca, responder, 1, this_update=NOW + 2 * SECOND)
    states = []

    def overtake() -> None:
        bring(other, 4, [newest], 2)
        publish_elsewhere(other, NOW + 2 * SECOND)
        states.append(there(place, 1)[1])

    faulty.plan = once(overtake, "PUT", "/pki/ocsp/")
    faulty.put.clear()
    for _ in range(2):
        outcome, _ = place.outcomes(NOW + 2 * SECOND)
        states.append(there(place, 1)[1])
        assert outcome.error is None
    assert states == [newest] * 3
    assert [path for path in faulty.put if "/ocsp/" in path] == []


def test_older_response_that_is_met_instead_of_the_noted_one_is_replaced(
    place: BucketPlace, other: BucketPlace, ca: CA, responder: Responder, faulty: Faulty
) -> None:
    """In the same look, as the object that was read: nobody waits for the next."""
    fill(place, other, responder, 1)
    revoked = both(ca, responder, 1, FINAL, this_update=NOW + SECOND)
    bring(place, 3, revoked, 1)

    def overtake() -> None:
        bring(other, 2, both(ca, responder, 1, this_update=NOW), 0)
        publish_elsewhere(other, NOW)

    faulty.plan = once(overtake, "PUT", "/pki/ocsp/")
    outcome, _ = place.outcomes(NOW + SECOND)
    assert outcome.error is None
    assert there(place, 1) == revoked


def test_response_of_a_certificate_that_only_another_publisher_knows_stays_until_it_ends(
    place: BucketPlace, other: BucketPlace, ca: CA, responder: Responder, faulty: Faulty
) -> None:
    """A new one: who hears of it later does not take it for nobody's. What has expired there goes nevertheless."""
    fill(place, other, responder, 1)
    new = both(ca, responder, 9, this_update=NOW)

    def overtake() -> None:
        bring(other, 2, new, 0)
        publish_elsewhere(other, NOW)

    faulty.plan = once(overtake, "GET", f"{LISTED}&prefix=pki%2Focsp")
    place.publish(NOW)
    assert there(place, 9) == new
    place.publish(NOW + DAY - SECOND)
    assert there(place, 9) == new
    place.publish(NOW + DAY)
    assert there(place, 9) == [None, None]


def test_revocation_that_another_publisher_put_is_not_removed_with_what_it_replaced(
    place: BucketPlace, other: BucketPlace, ca: CA, responder: Responder, faulty: Faulty
) -> None:
    """By SHA-1 the slower one has but the good response from before, which it withdraws: another lies there by now."""
    fill(place, other, responder, 1)
    revoked = both(ca, responder, 1, FINAL, this_update=NOW)
    bring(place, 2, revoked[1:], 0)

    def overtake() -> None:
        bring(other, 2, revoked, 0)
        publish_elsewhere(other, NOW)

    faulty.plan = once(overtake, "PUT", "/pki/ocsp/")
    place.publish(NOW)
    assert there(place, 1) == revoked


FORGERIES: dict[str, Callable[[CA, Responder], bytes]] = {
    "signed by nobody": lambda ca, responder: response(CA(), CA().responder(), 1, this_update=NOW + SECOND, about=ca),
    "of another certificate": lambda ca, responder: response(ca, responder, 2, FINAL, this_update=NOW + SECOND),
    "good of what is revoked": lambda ca, responder: response(ca, responder, 1, this_update=NOW + SECOND),
    "older": lambda ca, responder: response(ca, responder, 1, FINAL, this_update=NOW - SECOND),
    "expired": lambda ca, responder: response(ca, responder, 1, FINAL, this_update=NOW - DAY, lifetime=DAY),
    "of tomorrow": lambda ca, responder: response(ca, responder, 1, FINAL, this_update=NOW + DAY),
    "nothing of the kind": lambda ca, responder: b"something else",
    "large": lambda ca, responder: b"x" * ((1 << 20) + 1),
}


@pytest.mark.long
@pytest.mark.parametrize("forgery", FORGERIES)
def test_whoever_writes_into_the_bucket_has_nothing_stand_but_what_may_follow(
    place: BucketPlace, other: BucketPlace, ca: CA, responder: Responder, forgery: str
) -> None:
    """It is not what another publisher would put, so it is replaced at the next look."""
    fill(place, other, responder, 1, 2)
    revoked = both(ca, responder, 1, FINAL, this_update=NOW)
    bring(place, 2, revoked, 0)
    place.publish(NOW)
    place.s3.write(keys(place, 1)[1], FORGERIES[forgery](ca, responder), **HEADERS)
    outcome, _ = place.outcomes(NOW + 2 * SECOND)
    assert outcome.error is None
    assert there(place, 1) == revoked
