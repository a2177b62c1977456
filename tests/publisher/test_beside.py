"""Numbered copies and PEM forms: what stands beside a CRL where that is configured, and what becomes of it."""

import errno
import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from publisher.status import read_statuses
from publisher.targets.directory import DirectoryTarget
from publisher.targets.protocol import StaticObject
from revocation.clock import epoch
from revocation.errors import TargetError
from revocation.status import Reason, Revocation
from tests.authority import NOW, Authority
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.place import Place

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FINAL = Revocation(NOW - DAY, Reason.keyCompromise)
BOTH = {"numbered": True, "pem": True}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A publisher whose directory has copies and PEM forms, and keeps three of each CRL."""
    place = Place(tmp_path / "place", files=BOTH)
    archive = place.config.archive.model_copy(update={"count": 3})
    place.config = place.config.model_copy(update={"archive": archive})
    return place


def published(place: Place, *numbers: int) -> dict[int, bytes]:
    """CRLs with these numbers, a second after each other, published as they come; of each but the last the bundle goes.

    Each revokes one certificate more than the one before.
    """
    made = {}
    for number in numbers:
        at = NOW + number * SECOND
        made[number] = crl(place.ca, number, dict.fromkeys(range(1, number + 1), FINAL), this_update=at)
        for old in place.exchange.glob("*-crl-*"):
            old.unlink()
        put_crl(place.exchange, place.ca, number, made[number])
        place.publish(at)
    return made


def folder(place: Place) -> Path:
    return place.crl_file().parent


def shown(place: Place) -> dict[str, bytes]:
    """Every file beside the current CRL, and itself."""
    return {file.name: file.read_bytes() for file in folder(place).iterdir() if file.name != "crls.json"}


def test_each_published_crl_stays_under_its_number(place: Place) -> None:
    """Beside the current name, byte for byte, with the mtime that becomes Last-Modified: thisUpdate."""
    made = published(place, 1, 2)
    found = shown(place)
    assert found.keys() == {"all.crl", "all.pem", "all-1.crl", "all-2.crl"}
    assert (found["all-1.crl"], found["all-2.crl"], found["all.crl"]) == (made[1], made[2], made[2])
    for name, at in (("all-1.crl", 1), ("all-2.crl", 2), ("all.crl", 2), ("all.pem", 2)):
        status = (folder(place) / name).stat()
        assert (int(status.st_mtime), status.st_mode & 0o777) == (epoch(NOW) + at, 0o644)


def test_copies_are_as_many_as_the_archive_keeps(place: Place) -> None:
    """By number, and by age also while no new CRL is published, as the clock goes on in steps; the last one stays."""
    made = published(place, 1, 2, 3, 4)
    assert shown(place).keys() == {"all.crl", "all.pem", "all-2.crl", "all-3.crl", "all-4.crl"}
    for days in range(45, 91, 5):
        place.publish(NOW + 4 * SECOND + days * DAY)
    assert shown(place) == {"all.crl": made[4], "all.pem": shown(place)["all.pem"], "all-4.crl": made[4]}


@pytest.mark.judge("openssl")
def test_pem_form_is_read_by_openssl_and_is_the_same_crl(place: Place) -> None:
    """RFC 7468: lines of 64 characters between two lines that say what it is."""
    made = published(place, 1, 2)
    text = (folder(place) / "all.pem").read_bytes()
    assert x509.load_pem_x509_crl(text) == x509.load_der_x509_crl(made[2])
    command = ["openssl", "crl", "-inform", "PEM", "-outform", "DER"]
    assert subprocess.run(command, input=text, capture_output=True, check=True).stdout == made[2]
    first, *lines, last, end = text.split(b"\n")
    assert (first, last, end) == (b"-----BEGIN X509 CRL-----", b"-----END X509 CRL-----", b"")
    assert {len(line) for line in lines[:-1]} == {64}


@pytest.mark.parametrize("loss", ["missing", "emptied", "changed", "a link"])
@pytest.mark.parametrize("name", ["all-1.crl", "all-2.crl", "all.pem", "all.crl"])
def test_lost_or_damaged_file_is_put_again(place: Place, name: str, loss: str) -> None:
    """From the current CRL, or from the archive: bundles of old CRLs are long gone. Then nothing is left to do."""
    published(place, 1, 2)
    before, file = shown(place), folder(place) / name
    if loss == "changed":
        data = bytearray(file.read_bytes())
        data[100] ^= 1
        times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
        file.write_bytes(data)
        os.utime(file, ns=times)
    elif loss == "emptied":
        file.write_bytes(b"")
    else:
        file.unlink()
        if loss == "a link":
            file.symlink_to("/etc/hostname")
    assert place.outcomes(NOW + 2 * SECOND)[0].error is None
    assert shown(place) == before
    assert not file.is_symlink()
    assert int(file.stat().st_mtime) == epoch(NOW) + (1 if "1" in name else 2)
    assert place.outcomes(NOW + 2 * SECOND)[0].lines == []


def test_wiped_target_has_its_copies_and_forms_again(place: Place) -> None:
    """By replay of the newest bundle and out of the archive."""
    published(place, 1, 2, 3)
    before = shown(place)
    place.wipe(place.directory)
    place.publish(NOW + 3 * SECOND)
    assert shown(place) == before


def test_copies_that_the_archive_lost_stay_if_the_issuer_signed_them(place: Place) -> None:
    """They may be the last that is left of what was published. What somebody else put there goes."""
    published(place, 1, 2)
    before = shown(place)
    place.wipe(place.state)
    mallory = CA(Authority("Mallory"))
    (folder(place) / "all-0.crl").write_bytes(crl(mallory, 0))
    (folder(place) / "all-99.crl").write_bytes(before["all.crl"])
    (folder(place) / "all-3.crl").write_bytes(before["all-1.crl"])
    place.publish(NOW + 2 * SECOND)
    assert shown(place) == before
    published(place, 3, 4)
    assert shown(place).keys() == {"all.crl", "all.pem", "all-2.crl", "all-3.crl", "all-4.crl"}


def test_what_is_damaged_in_the_archive_is_not_handed_out(place: Place) -> None:
    """A good copy stays, a missing one stays missing, a bad one goes: nothing unverified is published."""
    published(place, 1, 2)
    archived = place.state / "crls" / place.ca.issuer.id / "all" / "1.crl"
    times = archived.stat()
    data = archived.read_bytes()
    archived.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)))
    os.utime(archived, (times.st_atime, times.st_mtime))
    before = shown(place)
    place.publish(NOW + 2 * SECOND)
    assert shown(place) == before
    (folder(place) / "all-1.crl").write_bytes(b"x")
    place.publish(NOW + 2 * SECOND)
    assert "all-1.crl" not in shown(place)
    place.publish(NOW + 2 * SECOND)
    assert "all-1.crl" not in shown(place)


def test_copy_has_the_number_of_its_name(place: Place) -> None:
    """An older CRL of the issuer under another number, put there while the archive was away, is no copy."""
    published(place, 1, 2, 3)
    place.wipe(place.state)
    (folder(place) / "all-2.crl").write_bytes((folder(place) / "all-1.crl").read_bytes())
    place.publish(NOW + 3 * SECOND)
    assert shown(place).keys() == {"all.crl", "all.pem", "all-1.crl", "all-3.crl"}


def test_crl_that_passed_before_its_publisher_died_is_published_without_its_bundle(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A death between archive and target, and the bundle is gone: what it revokes is told, out of the archive."""
    published(place, 1)
    bundle = put_crl(place.exchange, place.ca, 2, crl(place.ca, 2, {1: FINAL}, this_update=NOW + 2 * SECOND))
    with monkeypatch.context() as patch:
        patch.setattr(DirectoryTarget, "put", _dying(DirectoryTarget.put, 1, "before"))
        with pytest.raises(Death):
            place.publish(NOW + 2 * SECOND)
    (place.exchange / bundle).unlink()
    files, *_ = place.publish(NOW + 2 * SECOND)
    assert [crl.number for crl in files.put_back] == [2]
    assert shown(place).keys() == {"all.crl", "all.pem", "all-1.crl", "all-2.crl"}


def test_without_the_options_there_is_the_current_crl_alone(tmp_path: Path) -> None:
    """They are opt-in."""
    place = Place(tmp_path / "place")
    published(place, 1, 2)
    assert shown(place).keys() == {"all.crl"}


@pytest.mark.parametrize(
    ("left", "names"), [("numbered", {"all-1.crl", "all-2.crl"}), ("pem", {"all.pem"})], ids=["numbered", "pem"]
)
def test_option_that_is_turned_off_takes_its_files_away(place: Place, left: str, names: set[str]) -> None:
    """A PEM form that nobody renews would be of yesterday tomorrow. Files of other names are let be; it comes back."""
    published(place, 1, 2)
    before = shown(place)
    foreign = folder(place) / "all-x.pem"
    foreign.write_bytes(b"the operator's")
    one = Place(place.root, place.ca, files={left: True})
    outcome, _ = one.outcomes(NOW + 2 * SECOND)
    assert shown(one).keys() == {"all.crl", foreign.name} | names
    assert any("removed" in line for line in outcome.lines)
    place.publish(NOW + 2 * SECOND)
    assert shown(place) == {**before, foreign.name: b"the operator's"}


def test_copies_of_a_crl_that_is_not_configured_any_more_are_removed(place: Place) -> None:
    """With the current one, which stays until it has expired: then they are of nothing that is served."""
    published(place, 1)
    Place(place.root, place.ca, files=BOTH, crl={"scopes": ["user"]}).publish(NOW + timedelta(days=2))
    assert shown(place) == {}


class Death(BaseException):
    """As if the process was killed here."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_death_between_a_crl_and_its_neighbours_is_made_good(
    place: Place, monkeypatch: pytest.MonkeyPatch, nth: int, when: str
) -> None:
    """The current CRL, its copy and its PEM form are put one by one, and the next look puts what is missing."""
    published(place, 1)
    made = crl(place.ca, 2, {1: FINAL, 2: FINAL}, this_update=NOW + 2 * SECOND)
    put_crl(place.exchange, place.ca, 2, made)
    with monkeypatch.context() as patch:
        patch.setattr(DirectoryTarget, "put", _dying(DirectoryTarget.put, nth, when))
        with pytest.raises(Death):
            place.publish(NOW + 2 * SECOND)
    place.publish(NOW + 2 * SECOND)
    found = shown(place)
    assert found.keys() == {"all.crl", "all.pem", "all-1.crl", "all-2.crl"}
    assert found["all.crl"] == found["all-2.crl"] == made
    assert x509.load_pem_x509_crl(found["all.pem"]) == x509.load_der_x509_crl(made)
    assert place.outcomes(NOW + 2 * SECOND)[0].lines == []


def _dying(put: Callable[..., None], nth: int, when: str) -> Callable[..., None]:
    calls = 0

    def patched(self: DirectoryTarget, thing: StaticObject) -> None:
        nonlocal calls
        calls += 1
        if calls == nth and when == "before":
            raise Death
        put(self, thing)
        if calls == nth:
            raise Death

    return patched


def test_crl_does_not_wait_for_a_neighbour_that_cannot_be_put(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that has room for the CRL and not for its PEM form: told, and the CRL is out and known to be."""
    real = DirectoryTarget.put

    def full(self: DirectoryTarget, thing: StaticObject) -> None:
        if thing.path.endswith(".pem"):
            raise TargetError(os.strerror(errno.ENOSPC), where=thing.path)
        real(self, thing)

    monkeypatch.setattr(DirectoryTarget, "put", full)
    made = crl(place.ca, 1)
    put_crl(place.exchange, place.ca, 1, made)
    outcome, _ = place.outcomes()
    assert outcome.error is not None
    assert "all.pem" in str(outcome.error)
    assert place.crl_file().read_bytes() == made
    assert [row.number for row in read_statuses(place.config, place.public, NOW)[0].crls] == [1]
