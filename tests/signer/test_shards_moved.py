"""A certificate that was in another shard, or on another CRL: its entry goes where relying parties look for it."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.messages import ImportSummary
from revocation.status import Reason
from signer.look import look
from tests.authority import NOW, Authority
from tests.estate import Estate
from tests.signer.reading import crl_serials
from tests.signer.sharded import BY_SERIAL, SECOND, SHARDED, authority, issued, listed
from tests.whole.world import World

__all__ = ["authority"]


@pytest.mark.parametrize("by_certificate", [True, False])
def test_ca_that_was_taken_for_a_user_leaves_its_shard(tmp_path: Path, by_certificate: bool) -> None:
    """It is on the CRL for CAs, and the signer starts again."""
    world = World(Estate.build(tmp_path / "e", public=BY_SERIAL))
    world.estate.import_(world.signer, [listed(2, reason=Reason.superseded), listed(3)])
    world.tick()
    world.now += SECOND
    entry = replace(listed(2), is_ca=True, certificate=b"itself" if by_certificate else None)
    world.estate.import_(world.signer, [entry], world.now)
    world.close()
    world = World(world.estate, world.now)
    world.tick()
    assert all(status.set_aside == [] for status in world.statuses())
    assert [crl_serials(world.signer, label) for label in ("ca", "user.3")] == [[2], []]


def test_ca_that_was_taken_for_a_user_is_in_the_shard_of_its_new_kind(tmp_path: Path) -> None:
    """Whoever said the first one said it of another CRL; no contradiction."""
    lists = 'lists = { user = { shards = 4 }, ca = { shards = 4, assign = "serial" } }'
    estate = Estate.build(tmp_path / "e", public=f'crl = {{ scopes = ["user", "ca"], {lists} }}')
    signer = estate.signer()
    estate.import_(signer, [listed(2, shard=1, reason=Reason.superseded)])
    summary = estate.import_(signer, [replace(listed(2), is_ca=True)])
    assert isinstance(summary, ImportSummary)
    assert summary.contradictions == ()
    look(signer, fixed(NOW))
    assert crl_serials(signer, "ca.3") == [2]


def test_list_that_takes_a_ca_for_a_user_gives_it_no_shard(tmp_path: Path) -> None:
    """It stays a CA's, so the shard would be one of CRLs that it is not on: no later start may fail for it."""
    estate = Estate.build(tmp_path / "e", public=BY_SERIAL)
    estate.import_(estate.signer(), [replace(listed(2), is_ca=True)])
    assert "a user's certificate there, a CA's here" in str(estate.import_(estate.signer(), [listed(2)]))
    assert estate.signer()


@pytest.mark.parametrize("shard", [None, 4])
def test_certificate_corrects_the_shard_that_a_list_or_its_serial_said(
    tmp_path: Path, authority: Authority, shard: int | None
) -> None:
    """Its relying parties fetch the CRL that it names; its entry moves there, and the gate is told where it went."""
    public = SHARDED.replace("shards = 4", 'shards = 4, assign = "serial"')
    world = World(Estate.build(tmp_path / "e", authority=authority, public=public))
    (profile,) = world.signer.public.profiles.values()
    world.estate.import_(world.signer, [replace(listed(11, shard=shard), not_after=NOW + timedelta(days=90))])
    world.revoke(11, "superseded")
    world.look()
    world.publish()
    assert crl_serials(world.signer, "user.4") == [11]
    world.now += SECOND
    entry = issued(authority, 11, profile.crls["user.2"].url)
    summary = world.estate.import_(world.signer, [entry], world.now)
    assert "in shard 2 there, in shard 4 here; the certificate itself is believed" in str(summary)
    world.look()
    assert world.publish()[0].set_aside == []
    assert [crl_serials(world.signer, f"user.{n}") for n in (2, 4)] == [[11], []]
    again = world.estate.import_(world.signer, [listed(11, shard=3)], world.now)
    assert "in shard 3 there, in shard 2 here" in str(again)
    assert crl_serials(world.signer, "user.2") == [11]


def test_certificate_learned_later_moves_from_the_unsharded_crl_to_its_shard(
    tmp_path: Path, authority: Authority
) -> None:
    """The list came first, the certificate then: its entry is on its shard, and the gate is told where it went."""
    lists = '{ user = { shards = 2, assign = "cdp" }, whole = { scope = "user" } }'
    estate = Estate.build(tmp_path / "e", authority=authority, public=f'crl = {{ scopes = ["user"], lists = {lists} }}')
    world = World(estate)
    (profile,) = world.signer.public.profiles.values()
    estate.register(world.signer, [8], not_after=NOW + timedelta(days=90))
    world.revoke(8)
    assert world.signer.public.profile("test").crls.keys() == {"user.1", "user.2", "whole"}
    look(world.signer, fixed(NOW))
    world.publish()
    world.now += SECOND
    estate.import_(world.signer, [issued(authority, 8, profile.crls["user.2"].url)], world.now)
    look(world.signer, fixed(world.now))
    status = world.publish()[0]
    assert status.set_aside == []
    assert [crl_serials(world.signer, label) for label in ("user.1", "user.2", "whole")] == [[], [8], [8]]
    urls = json.loads((world.root / f"crl/{world.issuer.id}/crls.json").read_text())
    assert urls == [spec.url for spec in profile.crls.values()]
