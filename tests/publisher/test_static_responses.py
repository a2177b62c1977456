"""OCSP responses as static files, through bundles, the gate and the marks: what a web server would hand out."""

import shutil
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.status import read_statuses
from publisher.targets import static_responses
from publisher.targets.ocsp_files import OCSPFiles
from publisher.targets.static_responses import StaticResponses
from revocation import serials
from revocation.artifacts import Kind
from revocation.certid import CertID, CertIDHash
from revocation.clock import epoch
from revocation.errors import TargetError
from revocation.ocsppath import static_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import both, response
from tests.building.place import Place, said

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)
HOLD = Revocation(NOW - DAY, Reason.certificateHold)
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


def test_response_lies_where_a_get_looks_for_it(place: Place, ca: CA, responder: Responder) -> None:
    """By both hashes, readable for all, its time thisUpdate (Last-Modified), and the index is the publisher's alone."""
    one, other = both(ca, responder, 0xAB)
    put_slice(place.exchange, ca, 1, [one, other], revision=4, slice_=3)
    files, responses = place.publish()
    for hash_, data in zip(CertIDHash, (one, other), strict=True):
        assert file(place, 0xAB, hash_).read_bytes() == data
        status = file(place, 0xAB, hash_).stat()
        assert (status.st_mtime, status.st_mode & 0o777) == (epoch(NOW), 0o644)
    assert (place.directory / "ocsp-index/lock.mdb").stat().st_mode & 0o777 == 0o600
    assert len(files_in(place)) == 2
    assert files.slices == responses.slices
    assert read_statuses(place.config, place.public, NOW)[0].slices == responses.slices
    assert files.kinds == (Kind.CRL, Kind.ISSUER, Kind.OCSP)


def test_response_for_both_hashes_lies_at_both_paths(place: Place, ca: CA, responder: Responder) -> None:
    """Two SingleResponses under one signature (RFC 9919 section 3.2.1)."""
    place = Place(place.root, ca, {"ocsp": True}, ocsp={"one_signature": True})
    data = response(ca, responder, 7, hashes=tuple(CertIDHash))
    put_slice(place.exchange, ca, 1, [data])
    place.publish()
    assert [file(place, 7, hash_).read_bytes() for hash_ in CertIDHash] == [data, data]


def test_revocation_replaces_good_and_good_never_a_revocation(place: Place, ca: CA, responder: Responder) -> None:
    """The line in time holds for files as for stores; what is withheld is told."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1) + both(ca, responder, 2))
    place.publish()
    assert shows(place, 1) == ["GOOD", "GOOD"]
    later = NOW + SECOND
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, FINAL, this_update=later), base_revision=1, revision=2)
    place.publish(later)
    assert shows(place, 1) == ["REVOKED", "REVOKED"]
    put_slice(place.exchange, ca, 3, both(ca, responder, 1, this_update=later + SECOND), base_revision=2, revision=3)
    files, _ = place.publish(later + SECOND)
    assert (shows(place, 1), shows(place, 2)) == (["REVOKED"] * 2, ["GOOD"] * 2)
    assert "withheld" in files.set_aside[0].reason


def test_revocation_in_one_hash_takes_the_other_file_away(place: Place, ca: CA, responder: Responder) -> None:
    """No file is better than a good that is false."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    place.publish()
    revoked = [response(ca, responder, 1, FINAL, this_update=NOW + SECOND)]
    put_slice(place.exchange, ca, 2, revoked, base_revision=1, revision=2)
    place.publish(NOW + SECOND)
    assert shows(place, 1) == [None, "REVOKED"]


def test_what_the_gate_refuses_is_in_no_file(place: Place, ca: CA) -> None:
    """A response that the issuer's delegate did not sign."""
    put_slice(place.exchange, ca, 1, both(ca, CA().responder(), 1))
    files, _ = place.publish()
    assert files_in(place) == {}
    assert len(files.set_aside) == 1


def test_file_of_an_expired_certificate_goes(place: Place, ca: CA, responder: Responder) -> None:
    """At the first look after its last response's nextUpdate, with the folders that are empty then."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    later = both(ca, responder, 2, this_update=NOW + DAY / 2)
    put_slice(place.exchange, ca, 2, later, this_update=NOW + DAY / 2, slice_=1)
    place.publish(NOW)
    place.publish(NOW + DAY - SECOND)
    assert shows(place, 1) == ["GOOD", "GOOD"]
    outcome, _ = place.outcomes(NOW + DAY)
    assert (shows(place, 1), shows(place, 2)) == ([None, None], ["GOOD", "GOOD"])
    assert outcome.lines == ["2 responses had expired, and their files were removed"]
    place.publish(NOW + 2 * DAY)
    assert [f.name for f in (place.directory / "www/ocsp").iterdir()] == [".publisher"]


def _restore(place: Place) -> None:
    """Put `www/ocsp` back to before the revocation."""
    shutil.rmtree(place.directory / "www/ocsp")
    shutil.copytree(place.root / "backup", place.directory / "www/ocsp")


def _change(place: Place) -> None:
    """Other bytes, of the same length, with the times kept."""
    shutil.copystat(damaged := file(place, 2), other := place.root / "times")
    damaged.write_bytes(bytes(len(damaged.read_bytes())))
    shutil.copystat(other, damaged)


def _in_the_way(place: Place) -> None:
    """A folder with something in it where a file belongs."""
    file(place, 2).unlink()
    (file(place, 2) / "x").mkdir(parents=True)


LOSSES: dict[str, Callable[[Place], object]] = {
    "web root": lambda place: place.wipe(place.directory / "www"),
    "files of responses": lambda place: place.wipe(place.directory / "www/ocsp"),
    "one file": lambda place: file(place, 1).unlink(),
    "file emptied": lambda place: file(place, 1).write_bytes(b""),
    "file with other bytes": _change,
    "file that nobody may read": lambda place: file(place, 1).chmod(0),
    "folder in the way": _in_the_way,
    "older copy of the files": _restore,
    "status": lambda place: (place.directory / "status.json").unlink(),
    "index": lambda place: place.wipe(place.directory / "ocsp-index"),
    "index emptied": lambda place: (place.directory / "ocsp-index/data.mdb").unlink(),
    "index damaged": lambda place: (place.directory / "ocsp-index/data.mdb").write_bytes(b"\0" * 65536),
    "whole target": lambda place: place.wipe(place.directory),
    "target and marks": lambda place: place.wipe(place.directory, place.state),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_heals_at_the_next_look(place: Place, ca: CA, responder: Responder, loss: str) -> None:
    """The files and the rows are as before, nothing is set aside, and the look after that finds nothing to do."""
    put_crl(place.exchange, ca, 1, crl(ca, 5, this_update=NOW - SECOND))
    early = [der for serial in (1, 2, 3) for der in both(ca, responder, serial, this_update=NOW - SECOND)]
    put_slice(place.exchange, ca, 2, early, this_update=NOW - SECOND)
    place.publish()
    shutil.copytree(place.directory / "www/ocsp", place.root / "backup")
    put_slice(place.exchange, ca, 3, both(ca, responder, 1, FINAL), base_revision=1, revision=2)
    before, _ = place.publish()
    seen = files_in(place)
    (place.root / "times").touch()
    LOSSES[loss](place)
    outcome, _ = place.outcomes()
    assert (outcome.error, outcome.set_aside) == (None, [])
    assert files_in(place) == seen
    assert {(place.directory / "www" / path).stat().st_mode & 0o777 for path in seen} == {0o644}
    assert shows(place, 1) == ["REVOKED", "REVOKED"]
    assert outcome.status.slices == before.slices
    assert place.outcomes()[0].lines == []


def test_older_copy_shows_nothing_revoked_as_good_though_the_bundles_are_gone(
    place: Place, ca: CA, responder: Responder
) -> None:
    """Files and index put back together, to before a revocation: the marks know of it."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, this_update=NOW - SECOND), this_update=NOW - SECOND)
    place.publish()
    shutil.copytree(place.directory, place.root / "backup")
    late = put_slice(place.exchange, ca, 2, both(ca, responder, 1, FINAL), base_revision=1, revision=2)
    place.publish()
    (place.exchange / late).unlink()
    shutil.rmtree(place.directory)
    shutil.copytree(place.root / "backup", place.directory)
    assert shows(place, 1) == ["GOOD", "GOOD"]
    place.publish()
    assert shows(place, 1) == [None, None]


def test_crash_between_index_and_files_is_made_up_for(
    place: Place, ca: CA, responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index has the revocation, the disk was full for its files, and its bundle is gone by the next look."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, this_update=NOW - SECOND), this_update=NOW - SECOND)
    place.publish()
    late = put_slice(place.exchange, ca, 2, both(ca, responder, 1, FINAL), base_revision=1, revision=2)

    def full(files: OCSPFiles, name: str, stored: object, *, wait: bool) -> None:
        raise TargetError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(OCSPFiles, "_stage", full)
        outcome, store = place.outcomes()
    assert (str(outcome.error), store.error) == ("no space left", None)
    assert shows(place, 1) == ["GOOD", "GOOD"]
    (place.exchange / late).unlink()
    place.publish()
    assert shows(place, 1) == ["REVOKED", "REVOKED"]


def test_files_of_an_issuer_that_is_not_configured_any_more_go(place: Place, ca: CA, responder: Responder) -> None:
    """And what was never ours: whoever puts files there is told."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    place.publish()
    place = Place(place.root, CA(name="other"), files={"ocsp": True})
    (place.directory / "www/ocsp/MFMw").symlink_to("/etc")
    outcome, _ = place.outcomes()
    assert files_in(place) == {}
    assert not (place.directory / "www/ocsp/MFMw").is_symlink()
    assert any(line.startswith("3 files in the folder of OCSP responses belong to none") for line in outcome.lines)


def test_option_turned_off_removes_the_files_and_on_again_puts_them(place: Place, ca: CA, responder: Responder) -> None:
    """Nobody would renew them; CRLs stay."""
    put_crl(place.exchange, ca, 1, crl(ca, 5))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1))
    on, _ = place.publish()
    seen = files_in(place)
    off = Place(place.root, ca)
    files, _ = off.publish()
    assert not (off.directory / "www/ocsp").exists()
    assert (files.slices, files.kinds, files.crls) == ([], (Kind.CRL, Kind.ISSUER), on.crls)
    again, _ = place.publish()
    assert (files_in(place), again.slices) == (seen, on.slices)


def test_certificate_without_a_path_is_told_and_the_others_are_published(
    place: Place, ca: CA, responder: Responder
) -> None:
    """A responder behind answers for it."""
    hashes = tuple(CertIDHash)
    without = next(
        n
        for n in range(1 << 120, 1 << 121)
        if static_path(CertID.of(ca.issuer, serials.from_int(n), hashes[1])) is None
    )
    put_slice(place.exchange, ca, 1, both(ca, responder, without) + both(ca, responder, 1))
    outcome, _ = place.outcomes()
    assert shows(place, 1) == ["GOOD", "GOOD"]
    assert any("of 1 certificates no static file can be named" in line for line in outcome.lines)


@pytest.mark.parametrize("form", [{"hashes": ["sha1"]}, {"hashes": ["sha1"], "one_signature": True}])
def test_certificates_without_a_path_are_counted_by_the_hashes_that_are_answered(
    place: Place, ca: CA, responder: Responder, form: dict[str, object]
) -> None:
    """A path that only a request with another hash would have is missed by nobody."""
    sha1, sha256 = CertIDHash.SHA1, CertIDHash.SHA256
    place = Place(place.root, ca, {"ocsp": True}, ocsp=form)
    numbers = [(1 << bits) + n for bits in (120, 128) for n in range(1000)]
    lacking = {
        hash_: {n for n in numbers if static_path(CertID.of(ca.issuer, serials.from_int(n), hash_)) is None}
        for hash_ in CertIDHash
    }
    others = sorted(lacking[sha256] - lacking[sha1])
    assert others
    put_slice(place.exchange, ca, 1, [response(ca, responder, n, hashes=(sha1,)) for n in others])
    outcome, _ = place.outcomes()
    assert not [line for line in outcome.lines if "no static file" in line]
    few = sorted(lacking[sha1] - lacking[sha256])
    put_slice(place.exchange, ca, 2, [response(ca, responder, n, hashes=(sha1,)) for n in few], slice_=1)
    outcome, _ = place.outcomes()
    assert [line for line in outcome.lines if f"of {len(few)} certificates no static file can be named" in line]


def test_read_statuses_has_no_rows_where_the_files_were_wiped(place: Place, ca: CA, responder: Responder) -> None:
    """Who asks is not told that responses are there."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    place.publish()
    place.wipe(place.directory / "www/ocsp")
    assert read_statuses(place.config, place.public, NOW)[0].slices == []


def test_revocation_does_not_wait_until_all_files_were_looked_at(
    place: Place, ca: CA, responder: Responder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What arrives while a publisher looks at files is published before it looks at the next of them."""
    numbers = range(1, 9)
    put_slice(place.exchange, ca, 1, [one for n in numbers for one in both(ca, responder, n)])
    place.publish()
    (place.directory / "www" / OWN / "seal").unlink()
    seen: list[list[str | None]] = []
    look_at = StaticResponses._look_at

    def looking(target: StaticResponses, rows: Sequence[tuple[bytes, int]], now: datetime) -> tuple[int, int]:
        if not seen:
            later = both(ca, responder, 5, FINAL, this_update=NOW + SECOND)
            put_slice(place.exchange, ca, 2, later, base_revision=1, revision=2, this_update=NOW + SECOND)
        seen.append(shows(place, 5))
        return look_at(target, rows, now)

    monkeypatch.setattr(StaticResponses, "_look_at", looking)
    monkeypatch.setattr(static_responses, "_PIECE", 2)
    place.publish(NOW + 2 * SECOND)
    assert seen[0] == ["GOOD", "GOOD"]
    assert seen[1] == ["REVOKED", "REVOKED"]
    assert (place.directory / "www" / OWN / "seal").exists()
