"""Bundles that were damaged or forged as archives: set aside with the reason, and what is published stays as it is."""

import io
import os
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.place import Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)


def _as(member: tarfile.TarInfo, **changed: object) -> tarfile.TarInfo:
    for name, value in changed.items():
        setattr(member, name, value)
    return member


def _rewrite(file: Path, change: Callable[[tarfile.TarInfo], tarfile.TarInfo]) -> None:
    """Write the tar again with its last member changed."""
    with tarfile.open(file) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar]  # type: ignore[union-attr]
    with tarfile.open(file, "w") as tar:
        for n, (member, data) in enumerate(members):
            changed = change(member) if n == len(members) - 1 else member
            tar.addfile(changed, io.BytesIO(data) if changed.isreg() else None)


def _truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9000])


def _cut_inside_the_header(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:300])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _noise(file: Path) -> None:
    file.write_bytes(os.urandom(5000))


def _flipped(file: Path) -> None:
    with tarfile.open(file) as tar:
        at = tar.getmembers()[-1].offset_data + 40
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


def _with_link(file: Path) -> None:
    _rewrite(file, lambda member: _as(member, type=tarfile.SYMTYPE, linkname="/etc/passwd", size=0))


def _with_absolute_path(file: Path) -> None:
    _rewrite(file, lambda member: _as(member, name="/tmp/evil"))


def _leaving_the_bundle(file: Path) -> None:
    _rewrite(file, lambda member: _as(member, name="../../evil"))


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "truncated": (_truncated, "truncated|not a readable tar|does not hold"),
    "cut inside the header": (_cut_inside_the_header, "not a readable tar|no manifest"),
    "empty": (_empty, "not a readable tar"),
    "noise": (_noise, "not a readable tar"),
    "a flipped bit": (_flipped, "digest of the manifest"),
    "a link": (_with_link, "not a regular file"),
    "an absolute path": (_with_absolute_path, "absolute path"),
    "a path that leaves it": (_leaving_the_bundle, "leaves the bundle"),
}


@pytest.mark.parametrize("kind", ["crl", "ocsp"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_bundle_is_set_aside_and_nothing_changes(
    place: Place, ca: CA, responder: Responder, damage: str, kind: str
) -> None:
    """What was published stays, the reason stands in the status and in a file, nothing lands elsewhere."""
    before = crl(ca, 1, this_update=NOW - SECOND)
    put_crl(place.exchange, ca, 1, before)
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, this_update=NOW - SECOND))
    place.publish()
    if kind == "crl":
        name = put_crl(place.exchange, ca, 3, crl(ca, 2))
    else:
        name = put_slice(place.exchange, ca, 3, both(ca, responder, 1, FINAL), base_revision=1, revision=2)
    spoil, message = DAMAGES[damage]
    spoil(place.exchange / name)
    outcome = place.outcomes()[kind == "ocsp"]
    (refused,) = outcome.set_aside
    assert refused.bundle == name
    place.assert_kept(name, message)
    assert place.crl_file().read_bytes() == before
    assert place.says(1) == "GOOD"
    assert not (place.root / "evil").exists()
