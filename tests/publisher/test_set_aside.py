"""What is kept of bundles that were set aside."""

import os

from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.place import Place


def test_large_bundle_is_set_aside_without_a_copy(place: Place, ca: CA) -> None:
    """A sparse file takes no room in the exchange and all of its size elsewhere: only the reason is kept."""
    name = put_crl(place.exchange, ca, 1, crl(ca, signed_by=CA()))
    place.publish()
    copy = place.state / "set-aside" / name
    assert copy.read_bytes() == (place.exchange / name).read_bytes()
    os.truncate(place.exchange / name, (4 << 20) + 1)
    outcome, _ = place.outcomes()
    assert [refused.bundle for refused in outcome.set_aside] == [name]
    assert not copy.exists()
    assert copy.with_name(f"{name}.json").exists()


def test_of_many_bundles_set_aside_the_newest_twenty_are_kept(place: Place, ca: CA) -> None:
    """A signer gone mad does not fill the disk with what it makes."""
    put_crl(place.exchange, ca, 1, crl(ca, signed_by=CA()))
    place.publish()
    folder = place.state / "set-aside"
    (first,) = folder.glob("*.json")
    for n in range(2, 130):
        copy = folder / first.name.replace("000000000001", f"{n:012d}")
        copy.write_text(first.read_text())
        copy.with_suffix("").write_bytes(b"")
        os.utime(copy, (n, n))
    put_crl(place.exchange, ca, 999, crl(ca, signed_by=CA()))
    place.publish()
    assert len(list(folder.glob("*.json"))) == 20
    assert len(list(folder.glob("*.tar"))) == 20
    assert (folder / first.name.replace("000000000001", "000000000999")).exists()
