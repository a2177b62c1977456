"""The archive of published CRLs: how many stay, for how long, and that the last of each stays for ever."""

from datetime import timedelta
from pathlib import Path

import pytest

from publisher.archive import Archive
from publisher.config import ArchiveTable
from tests.authority import NOW
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.place import Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def names(place: Place, label: str = "all") -> set[str]:
    """The files that are kept of a CRL."""
    return {file.name for file in (place.state / "crls" / place.ca.issuer.id / label).iterdir()}


@pytest.mark.parametrize(
    ("numbers", "gone"),
    [(range(1, 4), set()), (range(1, 5), {1}), (range(1, 11), {1, 2, 3, 4, 5, 6, 7})],
    ids=["as many", "one more", "many more"],
)
def test_as_many_stay_as_the_policy_says(numbers: range, gone: set[int]) -> None:
    """Exactly `count`, those with the highest numbers."""
    policy = ArchiveTable(count=3)
    assert policy.given_up({number: NOW + number * SECOND for number in numbers}, NOW + 60 * SECOND) == gone


@pytest.mark.parametrize(
    ("later", "gone"), [(90 * DAY, set()), (90 * DAY + SECOND, {1})], ids=["as old", "a second older"]
)
def test_none_stays_that_was_issued_longer_ago(later: timedelta, gone: set[int]) -> None:
    """What was issued exactly `age` ago still stays."""
    assert ArchiveTable().given_up({1: NOW, 2: NOW + DAY, 3: NOW + DAY}, NOW + later) == gone


def test_last_stays_whatever_its_age_and_the_count() -> None:
    """A successor is held against it, in ten years too."""
    assert ArchiveTable(count=1).given_up({7: NOW, 9: NOW, 10: NOW}, NOW + 3650 * DAY) == {7, 9}
    assert ArchiveTable(count=1).given_up({}, NOW) == set()


def test_old_ones_go_also_while_nothing_new_is_published(place: Place, ca: CA) -> None:
    """The issuer has retired: no CRL follows that would push them out."""
    for number in (1, 2):
        put_crl(place.exchange, ca, number, crl(ca, number, this_update=NOW + number * SECOND))
        place.publish(NOW + number * SECOND)
    assert names(place) == {"1.crl", "2.crl"}
    for days in range(40, 90, 5):  # the clock goes on, and does not leap there
        place.publish(NOW + days * DAY)
    place.publish(NOW + 90 * DAY + SECOND)
    assert names(place) == {"1.crl", "2.crl"}
    place.publish(NOW + 90 * DAY + 2 * SECOND)
    assert names(place) == {"2.crl"}
    place.publish(NOW + 3650 * DAY)
    assert names(place) == {"2.crl"}


def test_last_of_a_crl_that_is_not_configured_any_more_stays(place: Place, ca: CA) -> None:
    """And is what its successor is held against, should it be configured again; the ones before it go by age."""
    for number in (1, 2):
        put_crl(place.exchange, ca, number, crl(ca, number, this_update=NOW + number * SECOND))
        place.publish(NOW + number * SECOND)
    later = Place(place.root, ca, crl={"scopes": ["user"]})
    for days in range(50, 101, 5):  # a clock that leaps there is not believed
        later.publish(NOW + days * DAY)
    assert names(place) == {"2.crl"}


def test_archive_is_files_and_what_is_no_crl_of_it_is_let_be(tmp_path: Path) -> None:
    """Private ones, named by number, the time of each being thisUpdate; no database knows of them."""
    archive = Archive(tmp_path / "crls", ArchiveTable(count=1))
    archive.keep("1a2b3c4d", "all", 5, b"five", NOW)
    archive.keep("1a2b3c4d", "all", 10, b"ten", NOW + SECOND)
    note = tmp_path / "crls/1a2b3c4d/all/note.txt"
    note.touch()
    assert archive.issued("1a2b3c4d", "all") == {5: NOW, 10: NOW + SECOND}
    assert (archive.get("1a2b3c4d", "all", 5), archive.last("1a2b3c4d", "all")) == (b"five", b"ten")
    archive.prune(NOW + SECOND)
    assert archive.issued("1a2b3c4d", "all") == {10: NOW + SECOND}
    assert (archive.get("1a2b3c4d", "all", 5), archive.digest("1a2b3c4d", "all", 5)) == (None, None)
    assert note.exists()
    assert (tmp_path / "crls/1a2b3c4d/all/10.crl").stat().st_mode & 0o777 == 0o600
