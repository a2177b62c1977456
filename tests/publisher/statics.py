"""A publisher whose directory takes OCSP responses as files, and what a web server would hand out of them."""

from datetime import timedelta
from pathlib import Path

import pytest

from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.ocsppath import static_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.place import Place, said

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)
OWN = "ocsp/.publisher"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A publisher whose directory takes OCSP responses too."""
    return Place(tmp_path / "place", files={"ocsp": True})


def file(place: Place, serial: int, hash_: CertIDHash = CertIDHash.SHA256) -> Path:
    """Where a response lies."""
    path = static_path(CertID.of(place.ca.issuer, serials.from_int(serial), hash_))
    assert path is not None
    return place.directory / "www" / path


def shows(place: Place, serial: int) -> list[str | None]:
    """What the files say, by SHA-1 and by SHA-256: `GOOD`, `REVOKED`, None where there is none."""
    files = [file(place, serial, hash_) for hash_ in CertIDHash]
    return [said(one.read_bytes()) if one.exists() else None for one in files]


def files_in(place: Place) -> dict[str, tuple[bytes, int]]:
    """Every file that a web server can see, with its time."""
    www = place.directory / "www"
    found = {f.relative_to(www).as_posix(): f for f in (www / "ocsp").rglob("*") if f.is_file() or f.is_symlink()}
    return {path: (f.read_bytes(), int(f.stat().st_mtime)) for path, f in found.items() if not path.startswith(OWN)}
