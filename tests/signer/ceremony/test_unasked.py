"""The folder of a ceremony whose request the ledger does not know: it took the place of the one that made it."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, text

from revocation.errors import Refused
from signer.ceremony.accept import accept
from signer.ledger import continuity, schema
from tests.authority import NOW
from tests.signer.ceremony.pair import SECOND, Pair
from tests.signer.reading import crl_serials

AT = NOW + 10 * SECOND


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Two installations."""
    return Pair(tmp_path)


def held(pair: Pair, at: datetime) -> Path:
    """The folder of a ceremony."""
    request = pair.request(at)
    pair.hold(request, at)
    return pair.written(request, pair.online.folder / f"stick-{at:%H%M%S}")


def forget(pair: Pair, *, reconciled: bool = True) -> None:
    """Have the online ledger know of no ceremony, as after a backup from before was restored."""
    with pair.signer.ledger.write() as connection:
        triggers = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ceremonies'")
        for name in connection.execute(triggers).scalars().all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(delete(schema.ceremonies))
        if reconciled:
            continuity.note_reconciled(connection, AT, "reconciled", 0)


def test_reconciled_ledger_takes_in_the_folder_that_was_filed_and_goes_on(pair: Pair) -> None:
    """Again too; and the next request follows on it."""
    pair.revoke(1)
    folder = held(pair, NOW + SECOND)
    accept(pair.signer, folder, NOW + SECOND)
    forget(pair)
    for stored in pair.signer.exchange.list():
        pair.signer.exchange.remove(stored.name)
    assert accept(pair.signer, folder, AT).put
    assert accept(pair.signer, folder, AT).was_known
    pair.revoke(2, AT + SECOND)
    request = pair.request(AT + 2 * SECOND)
    signer = pair.hold(request, AT + 2 * SECOND)
    assert crl_serials(signer) == [1, 2]
    assert not accept(pair.signer, pair.written(request, pair.online.folder / "next"), AT + 2 * SECOND).was_known


def test_ledger_that_was_never_reconciled_does_not(pair: Pair) -> None:
    """The folder is of another one, or this is a copy: it says what to do."""
    folder = held(pair, NOW + SECOND)
    forget(pair, reconciled=False)
    with pytest.raises(Refused, match="answers no request that this ledger made") as told:
        accept(pair.signer, folder, AT)
    assert "`revocast ledger reconcile`" in (told.value.advice or "")


def test_folder_that_is_older_than_what_is_known_is_refused(pair: Pair) -> None:
    """By the numbers of its CRLs, which are signed."""
    old = held(pair, NOW + SECOND)
    accept(pair.signer, old, NOW + SECOND)
    accept(pair.signer, held(pair, NOW + 2 * SECOND), NOW + 2 * SECOND)
    forget(pair)
    with pytest.raises(Refused, match="is below"):
        accept(pair.signer, old, AT)


def test_folder_that_does_not_say_all_that_is_known_is_refused(pair: Pair) -> None:
    """Another ceremony will."""
    folder = held(pair, NOW + SECOND)
    pair.revoke(1, NOW + 2 * SECOND)
    forget(pair)
    with pytest.raises(Refused, match="does not say that 01 is revoked"):
        accept(pair.signer, folder, AT)
