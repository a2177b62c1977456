"""A ledger that was lost, and came back older or empty: what was published is in it again, and nothing goes back."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509

from revocation.clock import fixed
from revocation.errors import Refused
from revocation.messages import Excuse, Message, Outcome, Release, Verb
from signer.handle import handle
from signer.ledger.continuity import Unreconciled
from signer.look import look
from signer.produce import ForeignBundle
from tests.authority import NOW
from tests.building.recovery import back_up, lose_ledger, reconcile_with, restore, signer_config
from tests.estate import Estate
from tests.whole.reconciling import MINUTE, SECOND, STATUS, from_backup, from_nothing, lived, number, seen
from tests.whole.world import World

__all__ = ["lived"]


def entries(world: World) -> dict[int, tuple[datetime, str]]:
    """Date and reason of each entry of the CRL."""
    crl = world.crl()
    assert crl is not None
    return {entry.serial_number: (entry.revocation_date_utc, _reason(entry)) for entry in crl}


def _reason(entry: x509.RevokedCertificate) -> str:
    found = [extension.value for extension in entry.extensions if isinstance(extension.value, x509.CRLReason)]
    return found[0].reason.value if found else "unspecified"


def with_exchange(estate: Estate) -> tuple[Path, ...]:
    """The exchange is there, and tells everything."""
    return ()


def with_web_root_alone(estate: Estate) -> tuple[Path, ...]:
    """The exchange is lost too."""
    shutil.rmtree(estate.folder / "exchange")
    return (estate.folder / "public/www",)


@pytest.mark.long
@pytest.mark.parametrize("ledger", [from_backup, from_nothing])
@pytest.mark.parametrize("left", [with_exchange, with_web_root_alone])
def test_what_was_published_is_known_again_and_nothing_goes_back(
    lived: World,
    ledger: Callable[[Estate, datetime], None],
    left: Callable[[Estate], tuple[Path, ...]],
) -> None:
    """Revoked stays revoked, with its date and reason; numbers rise; the gate has nothing to refuse."""
    before, last, estate = entries(lived), number(lived), lived.estate
    highest = max(stored.name for stored in lived.signer.exchange.list())
    lived.close()
    ledger(estate, lived.now)
    paths = left(estate)
    with World(estate, lived.now) as world:
        with pytest.raises(Unreconciled):
            look(world.signer, fixed(world.now))
        reconcile_with(estate, world.signer, world.now, *paths)
        estate.register(world.signer, range(1, 9), world.now)
        world.now += SECOND
        world.tick()
        world.now += SECOND
        world.tick()
        assert min(stored.name for stored in world.signer.exchange.list() if "-crl-" in stored.name) > highest
        assert entries(world) == before
        assert number(world) > last
        assert {serial: world.ocsp(serial).status for serial in STATUS} == STATUS
        assert [refused.reason for status in world.statuses() for refused in status.set_aside] == []
        world.revoke(4, "keyCompromise")
        world.now += SECOND
        world.tick()
        assert world.ocsp(4).status == "REVOKED"
        assert 4 in world.crl_serials()


def test_no_revision_of_before_is_used_again(lived: World) -> None:
    """Whoever waits for a revision would take what was published before for what he waits for.

    Not every revision leaves a fact that can be learned again.
    """
    for _ in range(12):
        body = Excuse(issuer="test", serials=("63",), why="it was never issued")
        assert handle(lived.signer, lived.estate.ask(Verb.EXCUSE, body, lived.now), fixed(lived.now)).revision
    lived.tick()
    lived.now += MINUTE
    published = max(row.revision for status in lived.statuses() for row in (*status.crls, *status.slices))
    lived.close()
    from_backup(lived.estate, lived.now)
    with World(lived.estate, lived.now) as world:
        reconcile_with(world.estate, world.signer, world.now)
        assert world.revoke(8) > published


def test_message_of_before_does_nothing_though_its_id_was_forgotten(lived: World) -> None:
    """7 was held again after its release: who replays the release must not release it once more."""
    body = Release(issuer="test", serial="07")
    hold = lived.estate.revoke(7, "certificateHold", lived.now)
    assert handle(lived.signer, hold, fixed(lived.now)).outcome is Outcome.DONE
    old = lived.estate.ask(Verb.RELEASE, body, lived.now)
    assert handle(lived.signer, old, fixed(lived.now)).outcome is Outcome.DONE
    lived.now += SECOND
    again = lived.estate.revoke(7, "certificateHold", lived.now)
    assert handle(lived.signer, again, fixed(lived.now)).outcome is Outcome.DONE
    lived.tick()
    lived.now += MINUTE
    lived.close()
    from_backup(lived.estate, lived.now)
    with World(lived.estate, lived.now) as world:
        reconcile_with(world.estate, world.signer, world.now)
        for replayed in (old, hold, again):
            with pytest.raises(Refused, match="before the ledger was restored"):
                handle(world.signer, replayed, fixed(world.now + SECOND))
        fresh = world.estate.ask(Verb.RELEASE, body, world.now + SECOND, id_=old.id)
        assert handle(world.signer, fresh, fixed(world.now + SECOND)).outcome is Outcome.DONE


def test_message_that_the_backup_remembers_is_answered_with_the_same_words(tmp_path: Path) -> None:
    """Who asked before the backup, and asks again, is not told that it is unknown."""
    estate = Estate.build(tmp_path)
    signer = estate.signer()
    estate.register(signer, [1])
    asked: Message = estate.revoke(1)
    reply = handle(signer, asked, fixed(NOW))
    look(signer, fixed(NOW))
    backup = back_up(estate, NOW)
    signer.ledger.close()
    lose_ledger(estate)
    restored = restore(estate, backup, NOW + MINUTE)
    reconcile_with(estate, restored, NOW + MINUTE)
    assert handle(restored, asked, fixed(NOW + MINUTE)) == reply


def test_database_that_lost_its_last_transactions_is_reconciled_as_it_is(lived: World) -> None:
    """A standby that was promoted: nobody restored anything, and the exchange is ahead of it."""
    lived.close()
    estate = lived.estate
    (backup,) = (estate.folder / "backups").iterdir()
    lose_ledger(estate)
    (estate.folder / "signer").mkdir()
    shutil.copy(backup / "ledger.sqlite", signer_config(estate).ledger)
    with World(estate, lived.now) as world:
        with pytest.raises(ForeignBundle, match="ledger reconcile"):
            look(world.signer, fixed(world.now))
        reconcile_with(estate, world.signer, world.now)
        world.now += SECOND
        world.tick()
        world.now += SECOND
        world.tick()
        assert seen(world) == STATUS
