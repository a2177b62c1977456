"""CRLs that come to be for less than before: what is on them goes where it belongs, and nothing new waits for it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from revocation.clock import fixed
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate
from tests.whole.world import World

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
BOTH = 'only_some_reasons = ["keyCompromise", "superseded"]'
COMPROMISED = 'only_some_reasons = ["keyCompromise"]'


def public(urgent: str, delta: str = "") -> str:
    """Two CRLs of users: one of everything, and `urgent`."""
    return f'crl = {{ scopes = ["user"]{delta}, lists = {{ urgent = {{ scope = "user", {urgent} }} }} }}'


def configure(world: World, before: str, after: str) -> World:
    """The same installation, with another line in its configuration."""
    file = world.estate.folder / "revocast.toml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    world.close()
    return World(world.estate, world.now + HOUR)


def listed(world: World, label: str) -> set[int]:
    """The serials on a CRL that is served and on its delta, if it has one; their windows are checked."""
    found = set()
    for file in (world.root / "crl" / world.issuer.id).glob(f"{label}*.crl"):
        crl = x509.load_der_x509_crl(file.read_bytes())
        assert crl.next_update_utc
        assert crl.last_update_utc <= world.now < crl.next_update_utc, "an expired CRL was served"
        found |= {entry.serial_number for entry in crl}
    return found


def tick(world: World) -> None:
    """Look and publish, also where the signer has something to say."""
    look(world.signer, fixed(world.now))
    world.publish()


def refusals(world: World) -> list[str]:
    """What was not published, and why."""
    return [one.reason for status in world.statuses() for one in (*status.set_aside, *status.held)]


@pytest.fixture(params=["", ', delta = "4h"'], ids=["complete", "delta"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """Serials 1 (keyCompromise) and 2 (superseded) are on `urgent`, and on the CRL of everything."""
    with World(Estate.build(tmp_path / "estate", public=public(BOTH, request.param))) as world:
        world.estate.register(world.signer, range(1, 9))
        world.revoke(1)
        world.revoke(2, "superseded")
        world.tick()
        assert listed(world, "urgent") == {1, 2}
        yield world


def test_crl_whose_reasons_are_narrowed_goes_on_with_those_that_are_left(world: World) -> None:
    """What it lets go of is on the CRL of everything; with a delta too, and what is revoked later is on it."""
    with configure(world, BOTH, COMPROMISED) as narrowed:
        narrowed.tick()
        assert (listed(narrowed, "urgent"), listed(narrowed, "user")) == ({1}, {1, 2})
        narrowed.now += SECOND
        narrowed.revoke(3)
        narrowed.tick()
        assert listed(narrowed, "urgent") == {1, 3}
        assert refusals(narrowed) == []


def test_delta_of_a_narrowed_crl_adds_to_one_of_its_own_scope(tmp_path: Path) -> None:
    """RFC 5280 section 5.2.4: the base has the scope of the delta, whatever is published of before and still valid."""
    with World(Estate.build(tmp_path / "estate", public=public(BOTH, ', delta = "4h"'))) as world:
        world.estate.register(world.signer, range(1, 9))
        world.revoke(1)
        world.tick()
        with configure(world, BOTH, COMPROMISED) as narrowed:
            narrowed.tick()
            (complete,) = (narrowed.root / "crl").rglob("urgent.crl")
            first = number(complete)
            for second in range(1, 4):
                narrowed.now += SECOND
                narrowed.revoke(1 + second)
                narrowed.tick()
            (delta,) = (narrowed.root / "crl").rglob("urgent.delta.crl")
            crl = x509.load_der_x509_crl(delta.read_bytes())
            assert {entry.serial_number for entry in crl} == {2, 3, 4}
            assert crl.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number == first


def number(file: Path) -> int:
    """CRLNumber of a CRL."""
    crl = x509.load_der_x509_crl(file.read_bytes())
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


@pytest.mark.parametrize(
    ("before", "after", "serial"),
    [
        ('scopes = ["user"], lists = { extra = { scope = "all" } }', '{ scope = "user" }', 11),
        ('scopes = ["ca"], lists = { extra = { scope = "all" } }', '{ scope = "ca" }', 1),
    ],
    ids=["user", "ca"],
)
def test_list_that_comes_to_be_of_one_kind_stays_where_no_other_lists_what_it_drops(
    tmp_path: Path, before: str, after: str, serial: int
) -> None:
    """Whoever fetches the CRL of before relies on it until it expires."""
    with World(Estate.build(tmp_path / "estate", public=f"crl = {{ {before} }}")) as world:
        world.estate.register(world.signer, [1])
        world.estate.register(world.signer, [11], is_ca=True)
        world.revoke(1)
        world.revoke(11)
        world.tick()
        with configure(world, '{ scope = "all" }', after) as changed:
            tick(changed)
            assert serial in listed(changed, "extra")
            changed.now = NOW + 25 * HOUR
            tick(changed)
            assert listed(changed, "extra") == {1, 11} - {serial}


def test_list_that_comes_to_be_of_users_forgets_no_user_of_a_restored_ledger(tmp_path: Path) -> None:
    """What another CRL of users lists is no CA, so that is not why it is gone."""
    lists = 'crl = { scopes = ["user"], lists = { extra = { scope = "all" } } }'
    with World(Estate.build(tmp_path / "estate", public=lists)) as world:
        world.estate.register(world.signer, [1, 2])
        world.revoke(1)
        world.tick()
        world.estate.copy_ledger(tmp_path / "copy")
        world.now += SECOND
        world.revoke(2)
        world.tick()
        world.estate.restore_ledger(tmp_path / "copy")
        with configure(world, '{ scope = "all" }', '{ scope = "user" }') as changed:
            tick(changed)
            assert listed(changed, "extra") == {1, 2}
            assert sum("lacks 1 serials (02)" in reason for reason in refusals(changed)) == 2


@pytest.mark.parametrize(
    "after",
    ['compliance = "br"\ncrl = { expires = "10d", renewal = "5d" }', 'crl = { expires = "9d", renewal = "5d" }'],
)
def test_crl_whose_window_is_longer_than_is_configured_now_is_made_anew(tmp_path: Path, after: str) -> None:
    """Signed before the change and published after it, it is refused: what is on it must not wait for renewal."""
    before = 'crl = { expires = "10d", renewal = "5d" }'
    with World(Estate.build(tmp_path / "estate", public=before)) as world:
        world.estate.register(world.signer, [1, 2])
        world.revoke(1)
        world.tick()
        world.now += HOUR
        world.revoke(2)
        look(world.signer, fixed(world.now))
        with configure(world, before, after) as changed:
            tick(changed)
            assert listed(changed, "all") == {1, 2}


def test_narrowed_crl_that_forgot_something_else_is_refused(world: World, tmp_path: Path) -> None:
    """A restored ledger is found out also then: what the CRL is still for has to be on it."""
    world.estate.copy_ledger(tmp_path / "copy")
    world.now += SECOND
    world.revoke(4)
    world.tick()
    assert listed(world, "urgent") == {1, 2, 4}
    world.estate.restore_ledger(tmp_path / "copy")
    with configure(world, BOTH, COMPROMISED) as narrowed:
        narrowed.tick()
        assert listed(narrowed, "urgent") == {1, 2, 4}
        assert any("lacks 1 serials (04)" in reason for reason in refusals(narrowed))


def test_list_that_comes_to_be_of_the_other_kind_waits_for_no_crl_longer_than_anybody_relies_on_it(
    tmp_path: Path,
) -> None:
    """Where no published CRL takes over what it listed, the CRL before stays to its end, and the next follows then."""
    with World(Estate.build(tmp_path / "estate", public=public(BOTH))) as world:
        world.estate.register(world.signer, [1, 2])
        world.revoke(1)
        world.tick()
        aside = 'scopes = ["user"], lists = { urgent = { scope = "user", '
        with configure(world, aside + BOTH, 'scopes = ["ca"], lists = { urgent = { scope = "ca", ' + BOTH) as changed:
            tick(changed)
            assert listed(changed, "urgent") == {1}
            assert any("moved to another CRL" in reason for reason in refusals(changed))
            changed.now = NOW + 25 * HOUR
            tick(changed)
            assert listed(changed, "urgent") == set()
            assert refusals(changed) == []
