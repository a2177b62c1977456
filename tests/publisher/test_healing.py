"""What gets lost comes back: targets, status, marks and bundles, wiped, restored, damaged or forged."""

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path

import lmdb
import pytest

from publisher.status import read_statuses
from revocation.certid import CertIDHash
from revocation.published import TargetStatus
from revocation.status import Reason, Revocation
from revocation.store import RESPONSES_DATABASE, STATUS_DATABASE, StoredResponse
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.place import Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)


@pytest.fixture
def filled(place: Place, ca: CA, responder: Responder) -> Place:
    """A CRL, a complete slice, and a partial bundle with a revocation, published."""
    put_crl(place.exchange, ca, 1, crl(ca, 5, this_update=NOW - SECOND))
    early = [der for serial in (1, 2, 3) for der in both(ca, responder, serial, this_update=NOW - SECOND)]
    put_slice(place.exchange, ca, 2, early, this_update=NOW - SECOND)
    put_slice(place.exchange, ca, 3, both(ca, responder, 1, FINAL), base_revision=1, revision=2)
    place.publish()
    return place


def shown(place: Place) -> list[object]:
    """Everything that relying parties can see."""
    answers = [place.says(serial, hash_) for serial in (1, 2, 3) for hash_ in CertIDHash]
    return [place.crl_file().read_bytes(), *answers]


def rows(place: Place) -> list[object]:
    """What the statuses say is published."""
    return [(s.target, s.crls, s.slices) for s in read_statuses(place.config, place.public, NOW)]


LOSSES = {
    "directory": lambda place: place.wipe(place.directory),
    "store": lambda place: place.wipe(place.store),
    "both targets": lambda place: place.wipe(place.directory, place.store),
    "state": lambda place: place.wipe(place.state),
    "state and store": lambda place: place.wipe(place.state, place.store),
    "everything but the exchange": lambda place: place.wipe(place.state, place.store, place.directory),
    "status of the directory": lambda place: (place.directory / "status.json").unlink(),
    "www": lambda place: place.wipe(place.directory / "www"),
    "CRL": lambda place: place.crl_file().unlink(),
    "CRL emptied": lambda place: place.crl_file().write_bytes(b""),
    "CRL with one bit changed": lambda place: _flip(place.crl_file()),
    "status of the store": lambda place: _drop(place, STATUS_DATABASE),
    "responses of the store": lambda place: _drop(place, RESPONSES_DATABASE),
    "store cut short": lambda place: _cut(place.store / "data.mdb"),
    "store overwritten": lambda place: (place.store / "data.mdb").write_bytes(b"\x00" * 65536),
    "status forged": lambda place: _forge(place.directory / "status.json"),
    "status is no JSON": lambda place: (place.directory / "status.json").write_text("x"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_heals_at_the_next_look(filled: Place, loss: str) -> None:
    """What relying parties see, and what the status says, is as before; nothing is set aside for it."""
    seen, said = shown(filled), rows(filled)
    LOSSES[loss](filled)
    outcomes = filled.outcomes()
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert [outcome.set_aside for outcome in outcomes] == [[], []]
    assert shown(filled) == seen
    assert rows(filled) == said
    assert [outcome.lines for outcome in filled.outcomes()] == [[], []]


def test_deleted_bundle_takes_nothing_away(filled: Place) -> None:
    """What was published stays, and so do its rows."""
    seen, said = shown(filled), rows(filled)
    for bundle in filled.exchange.iterdir():
        bundle.unlink()
    filled.publish()
    assert (shown(filled), rows(filled)) == (seen, said)


def test_target_wiped_with_its_bundles_gone_says_so(filled: Place) -> None:
    """What cannot be replayed has no row, and a CRL out of the archive no revision: the signer sees what is due."""
    for bundle in filled.exchange.iterdir():
        bundle.unlink()
    filled.wipe(filled.directory, filled.store)
    files, responses = filled.publish()
    assert (len(files.crls), [crl.number for crl in files.put_back], responses.slices) == (1, [5], [])


@pytest.mark.parametrize("is_kept", [True, False])
def test_older_crl_is_not_published_into_a_wiped_target(filled: Place, ca: CA, is_kept: bool) -> None:
    """The newest bundle is lost with the target, an older one is left: the older CRL would hide a revocation. The
    newest comes out of the archive; where that is lost too, there is none."""
    newest = crl(ca, 6, {1: FINAL})
    put_crl(filled.exchange, ca, 9, newest)
    filled.publish()
    next(filled.exchange.glob("000000000009*")).unlink()
    filled.wipe(filled.directory)
    if not is_kept:
        filled.wipe(filled.state / "crls")
    files, _ = filled.publish()
    assert (len(files.crls), len(files.put_back), files.set_aside) == (is_kept, is_kept, [])
    assert filled.crl_file().exists() == is_kept
    assert not is_kept or filled.crl_file().read_bytes() == newest


def test_marks_that_are_lost_are_read_off_the_target(filled: Place, ca: CA) -> None:
    """An older CRL in the exchange does not replace the newer one of the target when the marks are gone."""
    newest = crl(ca, 8, {1: FINAL})
    put_crl(filled.exchange, ca, 9, newest)
    filled.publish()
    next(filled.exchange.glob("000000000009*")).unlink()
    filled.wipe(filled.state)
    outcome, _ = filled.outcomes()
    assert filled.crl_file().read_bytes() == newest
    assert outcome.set_aside == []


def test_forged_crl_in_the_target_makes_no_mark(filled: Place, ca: CA) -> None:
    """With the marks gone and a CRL of a foreign key in the target, the issuer's own is published over it."""
    right = filled.crl_file().read_bytes()
    filled.wipe(filled.state)
    filled.crl_file().write_bytes(crl(ca, 999, signed_by=CA()))
    filled.publish()
    assert filled.crl_file().read_bytes() == right


@pytest.mark.parametrize("with_state", [False, True])
def test_restored_target_is_noticed_and_shows_nothing_revoked_as_good(
    place: Place, ca: CA, responder: Responder, tmp_path: Path, with_state: bool
) -> None:
    """Targets put back to before a revocation: CRL and responses of today are there again after one look."""
    put_crl(place.exchange, ca, 1, crl(ca, 5, this_update=NOW - SECOND))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, this_update=NOW - SECOND), this_update=NOW - SECOND)
    place.publish()
    saved = [place.directory, place.store, *([place.state] if with_state else [])]
    for folder in saved:
        shutil.copytree(folder, tmp_path / "backup" / folder.name)
    put_crl(place.exchange, ca, 3, crl(ca, 6, {1: FINAL}))
    put_slice(place.exchange, ca, 4, both(ca, responder, 1, FINAL), base_revision=1, revision=2)
    place.publish()
    today = place.crl_file().read_bytes()
    for folder in saved:
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "backup" / folder.name, folder)
    assert place.says(1) == "GOOD"
    files, responses = place.publish()
    assert (place.crl_file().read_bytes(), place.says(1)) == (today, "REVOKED")
    assert (files.crls[0].number, responses.slices[0].revision) == (6, 2)


def test_restored_store_shows_nothing_revoked_as_good_even_without_bundles(
    place: Place, ca: CA, responder: Responder, tmp_path: Path
) -> None:
    """The bundle of the revocation is gone too: no answer is better than a wrong one."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, this_update=NOW - SECOND), this_update=NOW - SECOND)
    place.publish()
    shutil.copytree(place.store, tmp_path / "backup")
    late = put_slice(place.exchange, ca, 2, both(ca, responder, 1, FINAL), base_revision=1, revision=2)
    place.publish()
    (place.exchange / late).unlink()
    shutil.rmtree(place.store)
    shutil.copytree(tmp_path / "backup", place.store)
    _, outcome = place.outcomes()
    assert [place.says(1, hash_) for hash_ in CertIDHash] == [None, None]
    assert any("withdrawn" in line for line in outcome.lines)
    assert outcome.status.slices[0].revision == 1


def test_restored_good_of_the_second_of_a_hold_is_withdrawn(place: Place, ca: CA, responder: Responder) -> None:
    """A release comes later than its hold: good of the same second was said before it."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    place.publish()
    before = {hash_: place.stored(1, hash_) for hash_ in CertIDHash}
    hold = Revocation(NOW - DAY, Reason.certificateHold)
    put_slice(place.exchange, ca, 2, both(ca, responder, 1, hold), base_revision=1, revision=2)
    place.publish()
    for hash_, good in before.items():
        assert good
        place.overwrite([1], good, hash_)
    for bundle in place.exchange.iterdir():
        bundle.unlink()
    _drop(place, STATUS_DATABASE)
    place.publish(NOW + SECOND)
    assert [place.says(1, hash_) for hash_ in CertIDHash] == [None, None]


def test_released_certificate_stays_good_when_the_status_is_lost(place: Place, ca: CA, responder: Responder) -> None:
    """Only what marks contradict is withdrawn from a suspect store: a newer good after a hold is none of it."""
    hold = Revocation(NOW - DAY, Reason.certificateHold)
    put_slice(place.exchange, ca, 1, both(ca, responder, 1, hold, this_update=NOW - SECOND))
    put_slice(place.exchange, ca, 2, both(ca, responder, 1), base_revision=1, revision=2)
    place.publish()
    for bundle in place.exchange.iterdir():
        bundle.unlink()
    _drop(place, STATUS_DATABASE)
    place.publish()
    assert place.says(1) == "GOOD"


def test_forged_answers_in_a_store_do_not_stand_in_the_way(filled: Place, ca: CA, responder: Responder) -> None:
    """Somebody wrote answers that no issuer signed: a far thisUpdate or a false revocation stops no real response."""
    mallory = CA()
    forged_revoked = both(ca, mallory.responder(), 2, FINAL, this_update=NOW + DAY)[1]
    late = int((NOW + 300 * DAY).timestamp())
    real = filled.stored(3)
    assert real
    filled.overwrite([2], StoredResponse(late, late, late, forged_revoked))
    filled.overwrite([3], StoredResponse(late, late, late, real.der))
    put_slice(
        filled.exchange,
        ca,
        7,
        [der for serial in (2, 3) for der in both(ca, responder, serial, this_update=NOW + SECOND)],
        base_revision=2,
        revision=3,
    )
    _, responses = filled.publish(NOW + SECOND)
    assert responses.set_aside == []
    assert (filled.says(2), filled.says(3)) == ("GOOD", "GOOD")
    healed = filled.stored(3)
    assert healed
    assert healed.this_update == int((NOW + SECOND).timestamp())


def test_end_that_was_altered_around_a_response_is_put_right(place: Place, ca: CA, responder: Responder) -> None:
    """A response is handed out until the end that stands beside it: the same one, signed as it is, is put again."""
    put_slice(place.exchange, ca, 1, both(ca, responder, 1))
    place.publish()
    right = {hash_: place.stored(1, hash_) for hash_ in CertIDHash}
    for hash_, stored in right.items():
        assert stored
        place.overwrite([1], stored._replace(next_update=stored.next_update + 30 * 86_400), hash_)
    put_slice(place.exchange, ca, 2, both(ca, responder, 1), revision=2)
    place.publish(NOW + SECOND)
    ends = {hash_: (stored := place.stored(1, hash_)) and stored.next_update for hash_ in CertIDHash}
    assert ends == {hash_: stored.next_update for hash_, stored in right.items() if stored}


def test_status_of_a_wiped_or_unreadable_target_is_empty_for_who_asks(filled: Place) -> None:
    """read_statuses never fails for a lost status, and writes nothing."""
    filled.wipe(filled.store)
    (filled.directory / "status.json").write_text('{"target": "files"}')
    statuses = read_statuses(filled.config, filled.public, NOW)
    assert [(s.target, s.crls, s.slices) for s in statuses] == [("files", [], []), ("responses", [], [])]
    assert not filled.store.exists()


def test_status_of_a_publisher_that_never_ran_is_empty(place: Place) -> None:
    """Asked before anything was published, there is a status for every target."""
    statuses = read_statuses(place.config, place.public, NOW)
    assert [s.target for s in statuses] == ["files", "responses"]
    assert not place.state.exists()


def _flip(file: Path) -> None:
    """One bit, with size and times kept."""
    before = file.stat()
    data = bytearray(file.read_bytes())
    data[100] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _drop(place: Place, database: bytes) -> None:
    with lmdb.open(str(place.store), max_dbs=4, map_size=1 << 30) as env, env.begin(write=True) as txn:
        txn.drop(env.open_db(database, txn), delete=False)


def _cut(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


def _forge(file: Path) -> None:
    """Say that the next renewal is years away."""
    status = TargetStatus.model_validate(json.loads(file.read_text()))
    row = status.crls[0].model_copy(update={"renew_at": NOW + 900 * DAY, "revision": 10**9})
    file.write_text(status.model_copy(update={"crls": [row]}).model_dump_json())
