"""What cannot be published yet: it waits for something, is shown with what that is, and not for ever in silence."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jobs.overview import held
from revocation.clock import iso, now
from revocation.commands import root
from revocation.published import TargetStatus
from revocation.status import Reason, Revocation
from tests.authority import NOW, Authority
from tests.building.bundles import put_crl, put_departed
from tests.building.ca import CA
from tests.building.crl import crl, distribution_point
from tests.building.place import Place

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A publisher of two CRLs, in the present, since commands read the clock."""
    ca = CA(Authority(not_before=NOW - DAY, days=3650))
    return Place(tmp_path / "place", ca, crl={"scopes": ["user", "ca"]})


def put(place: Place, sequence: int, now: datetime, scope: str, *serials: int) -> str:
    """The CRL of a scope."""
    idp = distribution_point(place.spec(scope).url, **{f"only_contains_{scope}_certs": True})
    entries = dict.fromkeys(serials, Revocation(NOW - DAY, Reason.superseded))
    data = crl(place.ca, sequence, entries, this_update=now, idp=idp)
    return put_crl(place.exchange, place.ca, sequence, data, label=scope, this_update=now)


def moving(place: Place, now: datetime) -> str:
    """Serial 1 left the CRL of users for one that is not there; the name of that bundle."""
    put(place, 1, now - MINUTE, "user", 1)
    put(place, 2, now - MINUTE, "ca")
    place.publish(now)
    put_departed(place.exchange, place.ca, 3, {1: "moved"}, now)
    return put(place, 4, now, "user")


def files(place: Place, now: datetime) -> TargetStatus:
    """The status of the directory after a look."""
    return place.publish(now)[0]


def test_held_bundle_is_shown_with_what_it_waits_for_and_since_when(place: Place) -> None:
    """The first look at it counts, whichever bundle of its part there is by now."""
    name = moving(place, NOW)
    status = files(place, NOW)
    assert held([status]) == [f"files: {name} since {iso(NOW)}: {status.held[0].reason}"]
    assert "none that is there lists them" in status.held[0].reason
    assert "is none configured" in status.held[0].reason
    assert files(place, NOW + MINUTE).held == status.held
    (place.exchange / name).unlink()
    later = put(place, 5, NOW + 2 * MINUTE, "user")
    (row,) = files(place, NOW + 2 * MINUTE).held
    assert (row.bundle, row.since) == (later, NOW)
    assert not row.is_overdue(NOW + HOUR)
    assert row.is_overdue(NOW + HOUR + MINUTE)


def test_hold_ends_when_the_bundle_is_published_set_aside_or_gone(place: Place) -> None:
    """Nobody has to wait for it any more."""
    moving(place, NOW)
    assert files(place, NOW).held
    put(place, 5, NOW + MINUTE, "ca", 1)
    assert (files(place, NOW + MINUTE).held, files(place, NOW + MINUTE).set_aside) == ([], [])
    put_departed(place.exchange, place.ca, 6, {1: "moved"}, NOW)
    held_again = put(place, 7, NOW + 2 * MINUTE, "ca")
    assert [row.bundle for row in files(place, NOW + 2 * MINUTE).held] == [held_again]
    (place.exchange / held_again).unlink()
    assert files(place, NOW + 3 * MINUTE).held == []
    held_again = put(place, 8, NOW + 4 * MINUTE, "ca")
    assert [row.bundle for row in files(place, NOW + 4 * MINUTE).held] == [held_again]
    for told in place.exchange.glob("*-departed-*"):
        told.unlink()
    status = files(place, NOW + 5 * MINUTE)
    assert (status.held, [refused.bundle for refused in status.set_aside]) == ([], [held_again])


@pytest.mark.parametrize(("age", "code"), [(timedelta(0), 0), (2 * HOUR, 1)])
def test_publish_exits_1_when_a_bundle_has_been_held_for_an_hour(place: Place, age: timedelta, code: int) -> None:
    """Whatever it waits for does not come by itself any more."""
    moving(place, now() - age)
    place.publish(now() - age)
    done = publish(place)
    assert "held: " in done.output
    assert done.exit_code == code


def publish(place: Place) -> Result:
    """The command with the installation's configuration."""
    config = place.write_config()
    config.write_text(
        config.read_text().replace("[[public.issuers]]", 'crl = { scopes = ["user", "ca"] }\n[[public.issuers]]', 1)
    )
    return CliRunner().invoke(root, ["publish", "--config", str(config)])
