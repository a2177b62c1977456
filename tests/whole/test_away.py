"""A publisher that was away for long, or forgot a week: whatever left the CRLs meanwhile, the next look heals it."""

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from publisher.config import PublisherConfig
from publisher.publish import publish_each
from revocation.clock import fixed
from revocation.errors import TargetError
from revocation.messages import Message, Outcome, Release, Reply, Verb
from revocation.published import SetAside
from revocation.status import Reason, Revocation
from signer import departed
from signer.handle import handle
from signer.importers.entry import ImportEntry
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate
from tests.whole.world import World

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HOLD = Revocation(NOW - HOUR, Reason.certificateHold)


@pytest.fixture(params=["", 'crl = { delta = "4h" }'], ids=["complete", "delta"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """On the CRL: 3, which expires after a day; 4 and 5, on hold; 20, revoked for good."""
    with World(Estate.build(tmp_path / "estate", public=request.param)) as world:
        world.estate.register(world.signer, [3], not_after=NOW + DAY)
        world.estate.register(world.signer, [4, 5, 20])
        for serial, reason in (
            (3, "keyCompromise"),
            (4, "certificateHold"),
            (5, "certificateHold"),
            (20, "superseded"),
        ):
            world.revoke(serial, reason)
        world.tick()
        yield world


def live(world: World, days: float) -> None:
    """4 is released, and time goes by."""
    end = world.now + days * DAY
    assert asked(world, release(world, 4)).outcome is Outcome.DONE
    while world.now < end:
        world.now += 6 * HOUR
        world.tick()
        world.now += timedelta(seconds=1)
        world.tick()


def release(world: World, serial: int) -> Message:
    """The operator's message."""
    return world.estate.ask(Verb.RELEASE, Release(issuer="test", serial=f"{serial:02X}"), world.now)


def asked(world: World, message: Message) -> Reply:
    """The signer's reply."""
    return handle(world.signer, message, fixed(world.now))


class Second:
    """Another publisher, with a state folder and a web root of its own."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world, self._root = world, folder / "public"
        targets = [{"name": "files", "kind": "directory", "path": self._root}]
        said = {"exchange": world.estate.folder / "exchange", "state": folder / "state", "targets": targets}
        self._config = PublisherConfig.model_validate(said)

    def publish(self, now: datetime) -> tuple[dict[str, set[int]], list[SetAside]]:
        """One look: the serials on each CRL, and what was refused."""
        (outcome,) = publish_each(self._config, self._world.public, fixed(now))
        crls = {file.stem: x509.load_der_x509_crl(file.read_bytes()) for file in self._root.rglob("*.crl")}
        return {name: {entry.serial_number for entry in crl} for name, crl in crls.items()}, outcome.set_aside


@pytest.mark.long
@pytest.mark.parametrize("days", [5, 20])
def test_second_publisher_that_was_off_is_well_again_at_its_next_look(
    world: World, tmp_path: Path, days: float
) -> None:
    """Much longer than two lives of a CRL: entries expired and a hold was released meanwhile."""
    second = Second(world, tmp_path / "second")
    assert second.publish(world.now)[0]["all"] == {3, 4, 5, 20}
    live(world, days)
    crls, refused = second.publish(world.now)
    assert (crls["all"], refused) == ({5, 20}, [])


@pytest.mark.long
def test_publisher_whose_state_is_of_a_week_ago_is_well_again_at_its_next_look(world: World, tmp_path: Path) -> None:
    """Restored from a backup, with an empty web root."""
    state = world.estate.folder / "publisher"
    shutil.copytree(state, tmp_path / "backup")
    live(world, 7)
    assert world.crl_serials() == {5, 20}
    shutil.rmtree(state)
    shutil.copytree(tmp_path / "backup", state)
    shutil.rmtree(world.estate.folder / "public")
    world.tick()
    assert world.crl_serials() == {5, 20}
    assert [row.set_aside for row in world.statuses()] == [[], []]


@pytest.mark.parametrize(
    "damage",
    ["UPDATE crl_pages SET positions_sha256 = x'00'", "UPDATE crl_pages SET entries_sha256 = x'00'"],
    ids=["positions", "entries"],
)
def test_release_survives_pages_that_are_damaged(world: World, tmp_path: Path, damage: str) -> None:
    """They are made again from the facts, which know of the release too."""
    second = Second(world, tmp_path / "second")
    second.publish(world.now)
    world.now += timedelta(minutes=1)
    with sqlite3.connect(world.estate.folder / "signer/ledger.sqlite") as ledger:
        ledger.execute(damage)
    asked(world, release(world, 4))
    for _ in range(4):
        world.tick()
        world.now += HOUR
    assert world.crl_serials() == {3, 5, 20}
    crls, refused = second.publish(world.now)
    assert (crls["all"], refused) == ({3, 5, 20}, [])
    if "all.delta" in crls:
        served = x509.load_der_x509_crl((world.root / f"crl/{world.issuer.id}/all.delta.crl").read_bytes())
        assert {entry.serial_number for entry in served} <= {4}, "nothing is taken off that is revoked still"


@pytest.mark.long
def test_many_entries_that_leave_together_fit_through_the_gate(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No bundle grows with their number."""
    monkeypatch.setattr(departed, "LINES", 50)
    serials = range(1000, 1400)
    world.estate.register(world.signer, serials, world.now, not_after=NOW + DAY, revocation=HOLD)
    world.tick()
    live(world, 5)
    assert world.crl_serials() == {5, 20}
    names = [file.name for file in (world.estate.folder / "exchange").glob("*-departed-*")]
    assert len(names) >= 8


@pytest.fixture
def scoped(tmp_path: Path) -> Iterator[World]:
    """Serial 3 is on hold, and on the CRL of users."""
    with World(Estate.build(tmp_path / "estate", public='crl = { scopes = ["user", "ca"] }')) as world:
        world.estate.import_(world.signer, [ImportEntry(b"\x03", NOW + 99 * DAY, False, HOLD, None, "index")])
        world.tick()
        assert listed(world) == {"user": {3}, "ca": set()}
        world.now += HOUR
        yield world


def listed(world: World) -> dict[str, set[int]]:
    """The serials on each CRL of the web root."""
    crls = {file.stem: x509.load_der_x509_crl(file.read_bytes()) for file in (world.root / "crl").rglob("*.crl")}
    return {name: {entry.serial_number for entry in crl} for name, crl in crls.items()}


def move(world: World) -> None:
    """It turns out that serial 3 is a CA's."""
    found = ImportEntry(b"\x03", NOW + 99 * DAY, True, HOLD, b"its certificate", "3.pem")
    world.estate.import_(world.signer, [found], world.now)


@pytest.mark.parametrize("is_released_first", [False, True])
def test_hold_of_what_moved_is_released_from_every_crl(scoped: World, is_released_first: bool) -> None:
    """Before a CRL showed the move: it left the one by moving and the other by its release."""
    if is_released_first:
        asked(scoped, release(scoped, 3))
    move(scoped)
    if not is_released_first:
        asked(scoped, release(scoped, 3))
    scoped.tick()
    assert listed(scoped) == {"user": set(), "ca": set()}
    assert scoped.statuses()[0].set_aside == []


@pytest.mark.parametrize("is_published", [False, True])
def test_change_of_what_moved_names_the_crl_on_which_it_stood(scoped: World, is_published: bool) -> None:
    """Whoever waits for the release waits until that one is published too, and it is."""
    move(scoped)
    if is_published:
        scoped.tick()
        scoped.now += HOUR
    reply = asked(scoped, release(scoped, 3))
    assert set(reply.data["crls"]) == {"user", "ca"}
    scoped.tick()
    assert all(row.revision >= (reply.revision or 0) for row in scoped.statuses()[0].crls)


def test_moved_certificate_is_known_to_have_moved_by_its_facts(scoped: World) -> None:
    """Also when the pages were lost before a CRL showed it."""
    move(scoped)
    with sqlite3.connect(scoped.estate.folder / "signer/ledger.sqlite") as ledger:
        ledger.executescript("DELETE FROM crl_pages; DELETE FROM crl_paged; DELETE FROM departures")
    scoped.tick()
    assert listed(scoped) == {"user": set(), "ca": {3}}


def test_certificates_that_change_places_are_published_in_one_look(scoped: World) -> None:
    """Neither CRL waits for the other."""
    scoped.estate.import_(scoped.signer, [ImportEntry(b"\x04", NOW + 99 * DAY, True, HOLD, None, "csv")], scoped.now)
    scoped.tick()
    assert listed(scoped) == {"user": {3}, "ca": {4}}
    scoped.now += HOUR
    move(scoped)
    found = ImportEntry(b"\x04", NOW + 99 * DAY, False, HOLD, b"another certificate", "4.pem")
    scoped.estate.import_(scoped.signer, [found], scoped.now)
    scoped.tick()
    assert listed(scoped) == {"user": {4}, "ca": {3}}


def test_move_to_a_crl_that_is_refused_leaves_the_entry_where_it_is(scoped: World, tmp_path: Path) -> None:
    """The waiting CRL lacks what a restored ledger forgot: 4 would be on neither."""
    final = Revocation(NOW - HOUR, Reason.superseded)
    scoped.estate.import_(scoped.signer, [ImportEntry(b"\x04", NOW + 99 * DAY, True, final, None, "csv")], scoped.now)
    scoped.estate.register(scoped.signer, [5], scoped.now)
    scoped.tick()
    scoped.estate.copy_ledger(tmp_path / "copy")
    scoped.now += HOUR
    scoped.revoke(5)
    scoped.tick()
    scoped.close()
    scoped.estate.restore_ledger(tmp_path / "copy")
    with World(scoped.estate, scoped.now + HOUR) as world:
        found = ImportEntry(b"\x04", NOW + 99 * DAY, False, final, b"its certificate", "4.pem")
        world.estate.import_(world.signer, [found], world.now)
        world.tick()
        assert listed(world) == {"user": {3, 5}, "ca": {4}}


@pytest.mark.parametrize(
    "more", ["", ', lists = { urgent = { scope = "user", only_some_reasons = ["keyCompromise"] } }']
)
def test_move_to_where_no_crl_is_configured_keeps_no_revocation_waiting(tmp_path: Path, more: str) -> None:
    """The signer says that a CRL is wanted; the others are published all the same."""
    with World(Estate.build(tmp_path / "estate", public=f'crl = {{ scopes = ["user"]{more} }}')) as world:
        world.estate.import_(world.signer, [ImportEntry(b"\x03", NOW + 99 * DAY, False, HOLD, None, "index")])
        world.estate.register(world.signer, [4])
        world.tick()
        world.now += HOUR
        move(world)
        world.revoke(4)
        report = look(world.signer, fixed(world.now))
        assert any("no CRL is configured that lists them" in problem.what for problem in report.problems)
        world.publish()
        assert listed(world)["user"] == {4}


def test_hold_that_was_released_and_revoked_for_good_meanwhile_blocks_no_crl(tmp_path: Path) -> None:
    """It left the CRL for some reasons as released, and is on the other one for good: nothing is forgotten."""
    lists = '{ urgent = { scope = "user", only_some_reasons = ["keyCompromise", "certificateHold"] } }'
    public = f'crl = {{ scopes = ["user"], lists = {lists} }}'
    with World(Estate.build(tmp_path / "estate", public=public)) as world:
        world.estate.register(world.signer, [3, 4])
        world.revoke(3, "certificateHold")
        world.tick()
        world.now += HOUR
        assert asked(world, release(world, 3)).outcome is Outcome.DONE
        world.look()
        world.now += HOUR
        world.revoke(3, "superseded")
        world.look()
        web, aside = tmp_path / "estate/public", tmp_path / "aside"
        web.rename(aside)
        web.write_text("no folder, so that OCSP is published alone")
        with pytest.raises(TargetError):
            world.publish()
        web.unlink()
        aside.rename(web)
        world.now += HOUR
        world.revoke(4)
        world.tick()
        assert listed(world) == {"user": {3, 4}, "urgent": {4}}
