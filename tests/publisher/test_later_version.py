"""A publisher beside a signer of a later version: what it cannot read yet waits, and nothing is given up for good."""

import tarfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from revocation.published import TargetStatus
from tests.authority import NOW, Authority
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.place import Place

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A publisher of one CRL."""
    return Place(tmp_path / "place", CA(Authority(not_before=NOW - DAY, days=3650)))


def files(place: Place, now: object) -> TargetStatus:
    """The status of the directory after a look."""
    return place.publish(now)[0]  # type: ignore[arg-type]


def in_later_format(bundle: Path) -> bytes:
    """Put one of format 2 in the place of a bundle, which is returned."""
    before, out = bundle.read_bytes(), BytesIO()
    with tarfile.open(fileobj=BytesIO(before)) as tar, tarfile.open(fileobj=out, mode="w") as changed:
        for member in tar:
            data = tar.extractfile(member)
            assert data is not None
            octets = data.read()
            if member.name == "manifest.json":
                octets = octets.replace(b'"format": 1', b'"format": 2, "compression": "none"').replace(
                    b'"format":1', b'"format":2,"compression":"none"'
                )
                assert b"compression" in octets
            member.size = len(octets)
            changed.addfile(member, BytesIO(octets))
    bundle.write_bytes(out.getvalue())
    return before


def test_bundle_of_a_later_format_is_held_until_it_can_be_read(place: Place) -> None:
    """It is shown with what to do; the same bundle, once the publisher can read it, is published."""
    name = put_crl(place.exchange, place.ca, 1, crl(place.ca, 1))
    before = in_later_format(place.exchange / name)
    status = files(place, NOW)
    assert status.set_aside == []
    (held,) = status.held
    assert "is of format 2, and this version reads 1" in held.reason
    assert "upgrade Revocast here" in held.reason
    (place.exchange / name).write_bytes(before)
    status = files(place, NOW + MINUTE)
    assert [row.number for row in status.crls] == [1]
    assert status.held == []


def test_what_was_set_aside_is_tried_again_by_another_version(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier one may have refused what it did not know yet."""
    put_crl(place.exchange, place.ca, 1, crl(place.ca, 1) + b"more")
    first = files(place, NOW)
    assert [refused.at for refused in first.set_aside] == [NOW]
    assert [refused.at for refused in files(place, NOW + MINUTE).set_aside] == [NOW]
    monkeypatch.setattr("publisher.pending.__version__", "99")
    assert [refused.at for refused in files(place, NOW + 2 * MINUTE).set_aside] == [NOW + 2 * MINUTE]
