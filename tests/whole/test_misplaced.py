"""A CRL of the issuer that lies where another belongs: it is put right at the next look, and taken for no other."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from tests.estate import Estate
from tests.whole.world import World

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("public", "wrong", "right"),
    [
        ('scopes = ["user", "ca"]', "ca", "user"),
        ('scopes = ["user"], lists = { user = { shards = 2, assign = "serial" } }', "user.1", "user.2"),
        ('scopes = ["all"], delta = "4h"', "all.delta", "all"),
        ('scopes = ["all", "ca"]', "all", "ca"),
    ],
    ids=["scope", "shard", "delta", "everything"],
)
def test_crl_in_the_place_of_another_is_replaced_at_the_next_look(
    tmp_path: Path, public: str, wrong: str, right: str
) -> None:
    """Also where its number is the higher one."""
    with World(Estate.build(tmp_path / "estate", public=f"crl = {{ {public} }}")) as world:
        world.estate.register(world.signer, range(1, 9))
        world.estate.register(world.signer, [11], is_ca=True)
        world.revoke(1)
        world.revoke(3)
        world.tick()
        for serial in (2, 11):
            for _ in range(3):
                world.now += SECOND
                world.tick()
            world.revoke(serial)
        for _ in range(3):
            world.tick()
            world.now += SECOND
        (place,) = (world.root / "crl").rglob(f"{right}.crl")
        content = place.read_bytes()
        assert place.with_name(f"{wrong}.crl").read_bytes() != content
        shutil.copy(place.with_name(f"{wrong}.crl"), place)
        world.tick()
        assert place.read_bytes() == content
        assert not [one for status in world.statuses() for one in (*status.set_aside, *status.held)]
