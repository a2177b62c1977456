"""OCSP responses as static files, when some are lost, changed or put back: the next look makes up for it."""

import shutil
from collections.abc import Callable

import pytest

from publisher.status import read_statuses
from publisher.targets.ocsp_files import OCSPFiles
from revocation.errors import TargetError
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.place import Place
from tests.publisher.statics import FINAL, SECOND, file, files_in, place, shows

__all__ = ["place"]


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


def test_read_statuses_has_no_rows_where_the_files_were_wiped(place: Place, ca: CA, responder: Responder) -> None:
    """Who asks is not told that responses are there."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    place.publish()
    place.wipe(place.directory / "www/ocsp")
    assert read_statuses(place.config, place.public, NOW)[0].slices == []
