"""A disk that is full, by a limit on the size of files that the kernel enforces: nothing is lost or half done."""

import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.archive import Archive
from revocation.clock import now
from revocation.status import Revocation
from tests.authority import Authority
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.place import Place

KIB = 1024
SECOND = timedelta(seconds=1)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An installation in the present, since commands read the clock."""
    return Place(tmp_path / "place", CA(Authority(not_before=now() - timedelta(days=1))))


@pytest.fixture
def responder(ca: CA) -> Responder:
    """A responder in the present."""
    return ca.responder(not_before=now() - timedelta(hours=1), not_after=now() + timedelta(days=7))


def test_full_disk_leaves_the_published_crl_and_serves_the_other_target(
    place: Place, ca: CA, responder: Responder
) -> None:
    """The error says what, where and what to do; the rest of a write is gone; with room again the CRL goes out."""
    small = crl(ca, 1, this_update=now() - SECOND)
    put_crl(place.exchange, ca, 1, small)
    place.publish(now())
    large = crl(ca, 2, {n: Revocation(now()) for n in range(1, 5000)}, this_update=now())
    assert len(large) > 100 * KIB
    put_crl(place.exchange, ca, 2, large)
    put_slice(place.exchange, ca, 3, both(ca, responder, 1, this_update=now()), this_update=now())
    done = _publish(place, limit=80 * KIB)
    assert done.returncode == 1, done.stderr
    assert "the archive of published CRLs cannot be read or written: File too large" in done.stderr
    assert place.crl_file().read_bytes() == small
    archive = Archive(place.state / "crls", place.config.archive)
    archive.keep(ca.issuer.id, "all", 2, large, now())
    done = _publish(place, limit=80 * KIB)
    assert done.returncode == 1, done.stderr
    assert "File too large" in done.stderr
    assert "all.crl" in done.stderr
    assert "what was published before is still there" in done.stderr
    assert place.crl_file().read_bytes() == small
    assert sorted(file.name for file in place.crl_file().parent.iterdir()) == ["all.crl", "crls.json"]
    assert place.says(1) == "GOOD"
    assert _publish(place).returncode == 0
    assert place.crl_file().read_bytes() == large


def test_full_disk_leaves_the_store_as_it_was(place: Place, ca: CA, responder: Responder) -> None:
    """A slice that does not fit is not put at all; the cursor stays; with room again it goes out."""
    before = both(ca, responder, 1, this_update=now() - SECOND)
    put_slice(place.exchange, ca, 1, before, this_update=now() - SECOND)
    place.publish(now())
    many = [der for serial in range(1, 400) for der in both(ca, responder, serial, this_update=now())]
    put_slice(place.exchange, ca, 2, many, revision=2, this_update=now())
    put_crl(place.exchange, ca, 3, crl(ca, 2, this_update=now()))
    done = _publish(place, limit=200 * KIB)
    assert done.returncode == 1, done.stderr
    assert str(place.store) in done.stderr
    assert "map_size_gib" in done.stderr
    stored = place.stored(1)
    assert stored
    assert stored.der == before[1]
    assert place.says(399) is None
    assert place.crl_file().exists()
    assert _publish(place).returncode == 0
    assert place.says(399) == "GOOD"
    assert place.publish(now())[1].slices[0].revision == 2


def test_full_disk_under_the_marks_publishes_nothing(place: Place, ca: CA) -> None:
    """What cannot be remembered is not shown."""
    put_crl(place.exchange, ca, 1, crl(ca, 1, this_update=now()))
    done = _publish(place, limit=4 * KIB)
    assert done.returncode == 1
    assert "marks" in done.stderr
    assert not place.crl_file().exists()
    assert _publish(place).returncode == 0
    assert place.crl_file().exists()


def _publish(place: Place, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "revocation", "publish", "--config", str(place.write_config())],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=_limited(limit) if limit else None,
    )


def _limited(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
