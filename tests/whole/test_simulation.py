"""Thirty days in seconds: the same reconcile, signer, gate and responder, with time as an argument."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.authority import NOW
from tests.estate import Estate
from tests.whole.world import Watch, World

HOUR = timedelta(hours=1)
SERIALS = set(range(1, 13))


@pytest.mark.long
@pytest.mark.timeout(300)
def test_thirty_days_serve_nothing_expired_and_renew_everything(tmp_path: Path) -> None:
    """Hourly looks: no object expires before the next one, CRLs are renewed, delegates rotate, revocations stay."""
    world, watch = World(Estate.build(tmp_path, public="[public.ocsp]\nslices = 4\n")), Watch()
    world.estate.register(world.signer, SERIALS)
    revoked, numbers, delegates = set[int](), set[int](), set[str]()
    for hour in range(30 * 24):
        world.now = NOW + hour * HOUR
        if hour % 60 == 59:
            revoked.add(hour // 60 + 1)
            world.revoke(hour // 60 + 1)
        world.tick()
        world.now += HOUR - timedelta(seconds=1)  # just before the next look
        answers = watch.look(world, SERIALS)
        assert world.crl_serials() == revoked
        for serial, found in answers.items():
            assert {answer.status for answer in found} == {"REVOKED" if serial in revoked else "GOOD"}
            delegates |= {answer.responder for answer in found}
        numbers.add(watch.crl_number)
    assert len(numbers) >= 60
    assert len(delegates) >= 5
    assert len(list((tmp_path / "signer/keys").glob("*.pem"))) <= 2
    assert len(list((tmp_path / "exchange").iterdir())) <= 40


def test_two_days_without_a_look_heal_at_the_next(tmp_path: Path) -> None:
    """While nobody looks nothing expired is handed out; one look later all is fresh."""
    world = World(Estate.build(tmp_path))
    world.estate.register(world.signer, SERIALS)
    world.tick()
    world.now += timedelta(days=2)
    assert {world.ocsp(serial).status for serial in SERIALS} == {"TRY_LATER"}
    world.tick()
    assert {world.ocsp(serial).status for serial in SERIALS} == {"GOOD"}
    assert world.crl_serials() == set()


def test_delegate_is_replaced_before_it_ends_whenever_somebody_looks(tmp_path: Path) -> None:
    """Looks at odd times, as far apart as may be: no answer is missing between the end of a delegate and a look."""
    with World(Estate.build(tmp_path, public="[public.ocsp]\nslices = 1\nlook = '6h'\n")) as world:
        world.estate.register(world.signer, [1])
        delegates = set[str]()
        for turn in range(40):
            world.now = NOW + turn * timedelta(hours=5, minutes=17)
            world.tick()
            delegates.add(world.ocsp(1).responder)
            world.now += timedelta(hours=5, minutes=16, seconds=59)
            assert world.ocsp(1).status == "GOOD"
    assert len(delegates) == 2
