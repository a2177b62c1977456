"""The folder of a ceremony whose request the ledger does not know: it took the place of the one that made it."""

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, text

from revocation.errors import Refused
from signer.ceremony.accept import accept
from signer.ledger import ceremonies, continuity, schema
from signer.ledger.ceremonies import Step
from tests.authority import NOW
from tests.signer.ceremony.pair import SECOND, Pair
from tests.signer.reading import crl_serials

AT = NOW + 10 * SECOND


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


def tampered(folder: Path, **fields: str) -> Path:
    """The same with other words in its transcript, which nobody signs."""
    other = folder.with_name(f"{folder.name}-tampered")
    shutil.copytree(folder, other)
    file = other / "transcript.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))
    return other


@pytest.mark.parametrize(
    "fields",
    [
        {"request": "ab" * 32},
        {"request_made_at": "2099-01-01T00:00:00Z"},
        {"request": "ab" * 32, "request_made_at": "2099-01-01T00:00:00Z"},
        {"request": "ab" * 32, "request_made_at": "2099-01-01T00:00:00Z", "predecessor": "cd" * 32},
    ],
    ids=["digest", "time", "both", "predecessor too"],
)
def test_transcript_that_was_tampered_with_stops_no_later_ceremony(pair: Pair, fields: dict[str, str]) -> None:
    """One that has all messages is signed and taken in, whatever the ledger was told before; the next follows on it."""
    pair.revoke(1)
    folder = held(pair, NOW + SECOND)
    accept(pair.signer, folder, NOW + SECOND)
    forget(pair)
    assert not accept(pair.signer, tampered(folder, **fields), AT + SECOND).was_known
    pair.revoke(2, AT + 2 * SECOND)
    for count, everything in ((2, True), (3, False)):
        at = AT + count * 10 * SECOND
        request = pair.request(at, everything=everything)
        assert crl_serials(pair.hold(request, at)) == [1, 2]
        assert accept(pair.signer, pair.written(request, pair.online.folder / f"all-{count}"), at).put


def test_request_counts_as_made_when_the_first_crl_began(pair: Pair) -> None:
    """That is signed; and never as made later than now."""
    folder = held(pair, NOW + SECOND)
    forget(pair)
    accept(pair.signer, tampered(folder, request_made_at="2099-01-01T00:00:00Z"), AT)
    with pair.signer.ledger.read() as connection:
        accepted = ceremonies.last(connection, Step.ACCEPTED)
    assert accepted is not None
    assert (accepted.made_at, accepted.predecessor) == (NOW + SECOND, None)


def test_ledger_that_accepted_a_ceremony_since_takes_in_none_that_it_did_not_ask_for(pair: Pair) -> None:
    """It knows what it asks for by then; the folder in its own words is taken in after the other was refused."""
    pair.revoke(1)
    first = held(pair, NOW + SECOND)
    forget(pair)
    accept(pair.signer, first, AT)
    pair.revoke(2, AT + SECOND)
    second = held(pair, AT + 2 * SECOND)
    with pytest.raises(Refused, match="answers no request that this ledger made") as told:
        accept(pair.signer, tampered(second, request="cd" * 32), AT + 3 * SECOND)
    assert "`revocast ceremony request --all`" in (told.value.advice or "")
    assert accept(pair.signer, second, AT + 3 * SECOND).put
    with pytest.raises(Refused, match="answers no request that this ledger made"):
        accept(pair.signer, tampered(first, request="cd" * 32), AT + 3 * SECOND)


def test_ledger_that_broke_off_again_takes_in_a_folder_again(pair: Pair) -> None:
    """It was put back to what it was after the first time, whatever clock that was by."""
    first = held(pair, NOW + SECOND)
    forget(pair)
    accept(pair.signer, first, AT + 300 * SECOND)
    with pair.signer.ledger.write() as connection:
        continuity.note_reconciled(connection, AT, "reconciled", 0)
    assert not accept(pair.signer, tampered(first, request="cd" * 32), AT + SECOND).was_known


def test_folder_of_all_messages_is_not_taken_in_again_over_a_newer_one(pair: Pair) -> None:
    """What was accepted already counts as old, whatever it was made for."""
    first = held(pair, NOW + SECOND)
    accept(pair.signer, first, NOW + SECOND)
    accept(pair.signer, held(pair, NOW + 2 * SECOND), NOW + 2 * SECOND)
    with pytest.raises(Refused, match="is older than the one that was accepted"):
        accept(pair.signer, first, AT)
