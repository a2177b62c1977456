"""Exchange and target put back from a copy: what was published since is in the archive, and is published again."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.publish import Outcome
from revocation.paths import crl_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.place import Place

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def publish_crl(place: Place, ca: CA, number: int, lifetime: timedelta = DAY) -> bytes:
    """Publish a CRL so many seconds after now, which lists as many serials; returns it."""
    at = NOW + number * SECOND
    revoked = {serial: Revocation(NOW - DAY, Reason.keyCompromise) for serial in range(1, number + 1)}
    made = crl(ca, number, revoked, this_update=at, lifetime=lifetime)
    put_crl(place.exchange, ca, number, made, revision=number, this_update=at)
    place.publish(at)
    return made


def copied(place: Place) -> Callable[[], None]:
    """Copy exchange and target as they are; what is returned puts both back."""
    folders = [place.exchange, place.directory]
    copies = [shutil.copytree(folder, place.root / f"{folder.name}.copy") for folder in folders]

    def put_back() -> None:
        place.wipe(*folders)
        for folder, copy in zip(folders, copies, strict=True):
            shutil.copytree(copy, folder)

    return put_back


def look(place: Place, at: timedelta = 10 * SECOND) -> Outcome:
    """Publish, so long after now; what became of the directory."""
    outcome, _ = place.outcomes(NOW + at)
    return outcome


def test_newest_crl_is_there_again_after_exchange_and_target_went_back(place: Place, ca: CA) -> None:
    """It is told once and stands in the status, as one that shows no revision, until the exchange has it again."""
    publish_crl(place, ca, 1)
    put_back = copied(place)
    newest = publish_crl(place, ca, 2)
    bundles = {file.name: file.read_bytes() for file in place.exchange.iterdir()}
    put_back()
    outcome = look(place)
    assert place.crl_file().read_bytes() == newest
    assert (outcome.error, outcome.set_aside) == (None, [])
    (told,) = outcome.status.put_back
    assert (told.path, told.number) == (crl_path(ca.issuer.id, "all"), 2)
    assert outcome.lines.count(str(told)) == 1
    (row,) = outcome.status.crls
    assert (row.number, row.revision, row.next_update) == (2, 0, NOW + 2 * SECOND + DAY)
    outcome = look(place, 20 * SECOND)
    assert (outcome.lines, outcome.status.put_back) == ([], [told])
    for name, content in bundles.items():
        (place.exchange / name).write_bytes(content)
    outcome = look(place, 30 * SECOND)
    assert outcome.status.put_back == []
    assert [(one.number, one.revision) for one in outcome.status.crls] == [(2, 2)]
    assert place.crl_file().read_bytes() == newest


def test_crl_is_there_again_after_exchange_and_target_were_emptied(place: Place, ca: CA) -> None:
    """Nothing of either is needed."""
    newest = publish_crl(place, ca, 1)
    place.wipe(place.exchange, place.directory)
    place.exchange.mkdir()
    assert look(place).error is None
    assert place.crl_file().read_bytes() == newest


def test_next_crl_of_the_signer_follows_on_the_one_that_was_put_back(place: Place, ca: CA) -> None:
    """And ends what the status says of it."""
    publish_crl(place, ca, 1)
    put_back = copied(place)
    publish_crl(place, ca, 2)
    put_back()
    look(place)
    newest = publish_crl(place, ca, 20)
    outcome = look(place, 21 * SECOND)
    assert place.crl_file().read_bytes() == newest
    assert outcome.status.put_back == []


def test_newest_that_is_valid_is_put_back(place: Place, ca: CA) -> None:
    """One that has ended meanwhile is of no use, and one before it is better than the one that lies there."""
    publish_crl(place, ca, 1)
    put_back = copied(place)
    valid = publish_crl(place, ca, 2)
    publish_crl(place, ca, 3, lifetime=timedelta(hours=1))
    put_back()
    outcome = look(place, timedelta(hours=2))
    assert place.crl_file().read_bytes() == valid
    assert [one.number for one in outcome.status.put_back] == [2]


DAMAGES: dict[str, Callable[[Path, CA], object]] = {
    "gone": lambda file, ca: file.unlink(),
    "noise": lambda file, ca: file.write_bytes(b"noise"),
    "signed by nobody": lambda file, ca: file.write_bytes(crl(ca, 2, signed_by=CA(), this_update=NOW + 2 * SECOND)),
    "another with its number": lambda file, ca: file.write_bytes(crl(ca, 2, this_update=NOW + 3 * SECOND)),
    "another number": lambda file, ca: file.write_bytes(crl(ca, 5, this_update=NOW + 3 * SECOND)),
    "never published": lambda file, ca: file.rename(file.with_name("9.crl")).write_bytes(
        crl(ca, 9, this_update=NOW + 3 * SECOND)
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_archive_that_has_not_what_passed_puts_nothing_back(place: Place, ca: CA, damage: str) -> None:
    """What lies there is signed and valid, and stays until the next is made."""
    older = publish_crl(place, ca, 1)
    put_back = copied(place)
    publish_crl(place, ca, 2)
    put_back()
    DAMAGES[damage](place.state / "crls" / ca.issuer.id / "all" / "2.crl", ca)
    outcome = look(place)
    assert outcome.error is None
    assert (place.crl_file().read_bytes(), outcome.status.put_back) == (older, [])
