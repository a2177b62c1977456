"""CRLs of a series at the publisher: looked at when they arrive, held without trouble, released when they begin."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.pending import pending
from revocation.config import PublicConfig
from revocation.published import TargetStatus
from revocation.status import Reason, Revocation
from revocation.wire.exchange import FolderExchange
from tests.authority import NOW, Authority
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.place import Place

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
SERIES = {"expires": "40d", "series": {"count": 3, "every": "30d"}}
EXPIRES, EVERY = 40 * DAY, 30 * DAY


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A publisher of a CA with a series of three; the first is published."""
    place = Place(tmp_path / "place", CA(Authority(not_before=NOW - DAY, days=3650)), crl=SERIES)
    put(place, 1, NOW)
    return place


def put(
    place: Place,
    sequence: int,
    begin: datetime,
    *revoked: int,
    lifetime: timedelta = EXPIRES,
    signed_by: CA | None = None,
) -> str:
    """A CRL whose number is the sequence of its bundle."""
    entries = dict.fromkeys(revoked, Revocation(NOW - HOUR, Reason.superseded))
    data = crl(place.ca, sequence, entries, this_update=begin, lifetime=lifetime, signed_by=signed_by)
    return put_crl(place.exchange, place.ca, sequence, data, this_update=begin)


def files(place: Place, now: datetime) -> TargetStatus:
    """The status of the directory after a look."""
    return place.publish(now)[0]


def number(status: TargetStatus) -> int:
    """Of the CRL that is published."""
    (row,) = status.crls
    return row.number


def test_each_is_released_at_the_first_look_from_its_beginning(place: Place) -> None:
    """Not a second before; and it is no trouble until then, however long that is."""
    second, third = put(place, 2, NOW + EVERY), put(place, 3, NOW + 2 * EVERY)
    status = files(place, NOW)
    assert [one.bundle for one in status.scheduled] == [second, third]
    assert (status.held, status.set_aside, number(status)) == ([], [], 1)
    assert number(files(place, NOW + EVERY - SECOND)) == 1
    status = files(place, NOW + EVERY)
    assert (number(status), [one.bundle for one in status.scheduled]) == (2, [third])
    assert number(files(place, NOW + 2 * EVERY)) == 3


def test_one_that_another_key_signed_is_set_aside_when_it_arrives(place: Place) -> None:
    """Not in a month, when nobody can hold a ceremony in time."""
    bad = put(place, 2, NOW + EVERY, signed_by=CA(Authority("Another CA")))
    status = files(place, NOW)
    assert [one.bundle for one in status.set_aside] == [bad]
    assert status.scheduled == []


def test_one_whose_window_the_profile_does_not_allow_is_set_aside_when_it_arrives(place: Place) -> None:
    """It would be refused when it begins."""
    bad = put(place, 2, NOW + EVERY, lifetime=EXPIRES + DAY)
    (refused,) = files(place, NOW).set_aside
    assert refused.bundle == bad
    assert "is longer than `expires` of the profile" in refused.reason


def test_one_that_forgets_what_is_published_is_set_aside_when_it_arrives(place: Place) -> None:
    """Nothing explains why the serial left: it was signed by another ledger, or an old copy of this one."""
    put(place, 2, NOW + SECOND, 5)
    assert number(files(place, NOW + SECOND)) == 2
    bad, good = put(place, 3, NOW + EVERY), put(place, 4, NOW + 2 * EVERY, 5)
    status = files(place, NOW + HOUR)
    assert [one.bundle for one in status.set_aside] == [bad]
    assert [one.bundle for one in status.scheduled] == [good]


def test_one_that_changed_while_it_was_held_is_looked_at_again(place: Place) -> None:
    """Somebody wrote over it in the exchange, where it lies for months."""
    name = put(place, 2, NOW + EVERY)
    assert files(place, NOW).scheduled
    put(place, 2, NOW + EVERY, signed_by=CA(Authority("Another CA")))
    status = files(place, NOW + DAY)
    assert [one.bundle for one in status.set_aside] == [name]
    assert status.scheduled == []
    assert number(files(place, NOW + EVERY)) == 1


def test_held_one_is_not_read_at_each_look(place: Place) -> None:
    """A look a minute reads nothing until one begins; with another profile all are looked at again."""
    put(place, 2, NOW + EVERY)
    status = files(place, NOW)
    listed = FolderExchange(place.exchange).list()
    assert pending(listed, status, place.public, (), NOW + DAY) == []
    other = PublicConfig.model_validate({**place.told, "crl": {**SERIES, "max_age": "1m"}})
    assert len(pending(listed, status, other, (), NOW + DAY)) == 1
    assert len(pending(listed, status, place.public, (), NOW + EVERY)) == 1


def test_one_that_begins_after_every_series_is_trouble(place: Place) -> None:
    """No ceremony of now signs it: a clock is wrong, and after an hour somebody is told."""
    files(place, NOW)
    put(place, 2, NOW + 2 * EVERY + HOUR)
    status = files(place, NOW)
    assert status.scheduled == []
    (held,) = status.held
    assert held.is_overdue(NOW + 2 * HOUR)


def test_without_a_series_what_begins_later_is_trouble_as_ever(tmp_path: Path) -> None:
    """It is held, told after an hour, and published when it begins."""
    place = Place(tmp_path / "place", CA(Authority(not_before=NOW - DAY, days=3650)), crl={"expires": "40d"})
    put(place, 1, NOW)
    put(place, 2, NOW + EVERY)
    status = files(place, NOW)
    assert status.scheduled == []
    (held,) = status.held
    assert held.is_overdue(NOW + 2 * HOUR)
    assert number(files(place, NOW + EVERY)) == 2


def test_what_is_held_is_let_go_where_the_series_is_not_configured_any_more(place: Place) -> None:
    """It is held as ever then, and shown."""
    put(place, 2, NOW + EVERY)
    assert files(place, NOW).scheduled
    place.public = PublicConfig.model_validate({**place.told, "crl": {"expires": "40d"}})
    status = files(place, NOW + DAY)
    assert status.scheduled == []
    assert len(status.held) == 1
