"""CRLs signed after a discard that publishers see late: what a clock that ran ahead had published has begun."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from jobs.reconcile import looks
from revocation.clock import fixed
from revocation.messages import Outcome, compose
from signer.handle import handle
from tests.estate import Estate
from tests.signer.reading import names
from tests.whole.test_discard import discard
from tests.whole.world import World

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def publish_ahead(world: World) -> datetime:
    """2 is revoked and published by clocks two hours ahead, which is taken back; what time it is."""
    right = world.now
    world.now += 2 * HOUR
    world.revoke(2)
    world.tick()
    world.now = right
    assert discard(world).outcome is Outcome.DONE
    return right


@pytest.mark.parametrize("hours", [0, 1])
def test_publisher_that_comes_late_is_given_a_crl_that_can_follow(tmp_path: Path, hours: int) -> None:
    """What it published by the clock that ran ahead has begun, and no CRL of before can follow: one is made, once."""
    lines = f'crl = {{ backdate = "{hours}h", renewal = "16h", look = "1h" }}\n[public.ocsp]\nslices = 1\n'
    world = World(Estate.build(tmp_path / "e", public=lines))
    world.estate.register(world.signer, [1, 2, 3])
    world.tick()
    world.now += 3 * HOUR
    right = publish_ahead(world)
    world.revoke(3)
    world.look()
    world.now = right + (2 - hours) * HOUR + SECOND
    world.publish()
    assert [len(status.set_aside) for status in world.statuses()] == [1, 0]
    assert world.crl_serials() == {2}
    world.now += SECOND
    world.tick()
    assert world.crl_serials() == {2, 3}
    assert [len(status.set_aside) for status in world.statuses()] == [1, 0]
    (made,) = newest(world)
    world.now += SECOND
    world.tick()
    assert newest(world) == [made]


def test_crl_is_not_made_again_while_what_ran_ahead_may_be_followed(tmp_path: Path) -> None:
    """Publishers that were not there yet go on from what is published; the CRL of before is no better for being new."""
    world = World(Estate.build(tmp_path / "e", public="[public.ocsp]\nslices = 2\n"))
    world.estate.register(world.signer, [1, 2])
    world.revoke(1)
    world.tick()
    world.now += HOUR
    publish_ahead(world)
    hear(world)
    (made,) = newest(world)
    world.now += SECOND
    hear(world)
    assert newest(world) == [made]
    world.publish()
    assert world.crl_serials() == {1, 2}
    assert all(status.set_aside == [] for status in world.statuses())


def hear(world: World) -> None:
    """The signer is told what is published, and looks; no publisher does."""
    for verb, body in looks(world.statuses()).items():
        assert handle(world.signer, compose(verb, body, world.now), fixed(world.now)).outcome is Outcome.DONE


def newest(world: World) -> list[str]:
    """The CRLs in the exchange."""
    return [name for name in names(world.signer) if "-crl-" in name]
