"""The head of the audit log, as each look puts it beside the bundles."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from revocation.audithead import AuditHead
from revocation.clock import fixed
from signer.auditing.log import extent
from signer.keys.audit_key import load_audit_key
from signer.ledger import audit, continuity
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate

LATER = NOW + timedelta(hours=1)


def head_of(signer: Signer) -> AuditHead:
    """The one in the exchange."""
    found = signer.exchange.head()
    assert found
    return AuditHead.parse(found, "it")


def test_each_look_puts_the_head_and_one_at_which_nothing_was_added_leaves_it(estate: Estate) -> None:
    """Signed with a key of its own, which only the signer's user can read; a head that is gone is put again."""
    signer = estate.signer()
    assert look(signer, fixed(NOW)).problems == []
    head = head_of(signer)
    head.verify((head.key,), "it")
    with signer.ledger.read() as connection:
        log = extent(connection)
    assert log
    assert (head.entry, head.chain, head.log, head.began) == (log.last.id, log.last.chain.hex(), log.log, None)
    assert (estate.folder / "signer/keys/audit.key").stat().st_mode & 0o777 == 0o600
    path = estate.folder / "exchange/audit.head"
    before = path.stat()
    assert look(signer, fixed(LATER)).problems == []
    assert path.stat() == before
    path.unlink()
    assert look(signer, fixed(LATER)).problems == []
    assert head_of(signer) == head


def test_look_tells_of_a_log_that_was_cut_off_and_leaves_the_head_that_shows_it(estate: Estate) -> None:
    """It goes on signing: what is published is no less true. The evidence is not written over."""
    signer = estate.signer()
    look(signer, fixed(NOW))
    head = head_of(signer)
    with signer.ledger.write() as connection:
        connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text("DELETE FROM audit WHERE id > 1"))
    estate.register(signer, [1], now=LATER)
    report = look(signer, fixed(NOW + timedelta(hours=13)))
    assert any("crl all" in made for made in report.made)
    assert head_of(signer) == head
    (problem,) = look(signer, fixed(NOW + timedelta(hours=13))).problems
    assert f"names entry {head.entry}" in str(problem)


@pytest.mark.parametrize(
    ("put", "told"),
    [
        (lambda path: path.write_bytes(b"{"), "is no head of an audit log"),
        (lambda path: path.write_bytes(b"{" * 100_000), "is larger than a head of an audit log can be"),
        (lambda path: path.write_bytes(b'{"format": 2}'), "is of format 2"),
        (lambda path: (path.unlink(), path.symlink_to("elsewhere")), "is no file"),
    ],
    ids=["damaged", "large", "later", "link"],
)
def test_head_that_is_none_is_told_once_and_replaced(estate: Estate, put: Callable[[Path], object], told: str) -> None:
    """Who can write into the exchange can put anything there, and keep no head from being put."""
    signer = estate.signer()
    look(signer, fixed(NOW))
    head = head_of(signer)
    put(estate.folder / "exchange/audit.head")
    (problem,) = look(signer, fixed(LATER)).problems
    assert told in str(problem)
    assert head_of(signer) == head
    assert look(signer, fixed(LATER)).problems == []


def test_look_tells_of_a_log_that_was_emptied_though_no_head_is_left(estate: Estate) -> None:
    """Each import and each signature wrote an entry: a ledger that knows of one cannot have none."""
    signer = estate.signer()
    assert look(signer, fixed(NOW)).problems == []
    (estate.folder / "exchange/audit.head").unlink()
    with signer.ledger.write() as connection:
        connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text("DELETE FROM audit"))
    (problem,) = look(signer, fixed(NOW)).problems
    assert "it was emptied" in str(problem)


def test_restore_that_the_head_did_not_know_of_explains_nothing(estate: Estate) -> None:
    """Who cut the log off wrote into the ledger that it was restored, at a time before the head."""
    signer = estate.signer()
    look(signer, fixed(NOW))
    head = head_of(signer)
    with signer.ledger.write() as connection:
        connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text("DELETE FROM audit WHERE id > 1"))
        continuity.note_reconciled(connection, NOW - timedelta(days=1), "reconciled", 0)
    (problem,) = look(signer, fixed(NOW)).problems
    assert "knew nothing of it that the ledger was reconciled at 2026-02-28T12:00:00Z" in str(problem)
    assert head_of(signer) == head


def test_head_of_another_signers_log_says_nothing_of_this_one(estate: Estate) -> None:
    """Somebody copied the whole folder of a ceremony into the exchange: told once, and replaced."""
    signer = estate.signer()
    look(signer, fixed(NOW))
    head, other = head_of(signer), load_audit_key(estate.folder / "other")
    foreign = other.sign(head.model_copy(update={"log": "00" * 32, "entry": 900, "key": other.public}))
    signer.exchange.put_head(foreign.line())
    (problem,) = look(signer, fixed(LATER)).problems
    assert "another signer's log" in str(problem)
    assert head_of(signer) == head
    own = load_audit_key(estate.folder / "signer/keys")
    replaced = own.sign(head.model_copy(update={"log": "00" * 32}))
    signer.exchange.put_head(replaced.line())
    (problem,) = look(signer, fixed(LATER)).problems
    assert "of another log: this one was made anew" in str(problem)
    assert head_of(signer) == replaced


def test_restored_and_reconciled_ledger_begins_a_chapter_that_its_head_names(estate: Estate) -> None:
    """Its log is shorter than the head that lies there, rightly so: that one is replaced, without an alarm here."""
    signer = estate.signer()
    look(signer, fixed(NOW))
    before = head_of(signer)
    with signer.ledger.write() as connection:
        connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text("DELETE FROM audit WHERE id > 1"))
        continuity.note_restored(connection, LATER, "restored from a backup")
        audit.record(connection, LATER, "restore", None)
        continuity.note_reconciled(connection, LATER, "reconciled", 1000)
    assert look(signer, fixed(LATER)).problems == []
    head = head_of(signer)
    assert (head.log, head.began, head.why) == (before.log, LATER, "reconciled")


@pytest.mark.parametrize("octets", [0, 31, 33])
def test_look_tells_of_a_last_entry_that_was_damaged(estate: Estate, octets: int) -> None:
    """Its chain value is none of SHA-256: no head can name it, and the look ends all the same."""
    signer = estate.signer()
    look(signer, fixed(NOW))
    with signer.ledger.write() as connection:
        connection.execute(text("DROP TRIGGER audit_no_update"))
        last = "(SELECT max(id) FROM audit)"
        connection.execute(text(f"UPDATE audit SET chain = :chain WHERE id = {last}"), {"chain": bytes(octets)})  # noqa: S608
    (problem,) = look(signer, fixed(LATER)).problems
    assert "was edited: it holds a value of a kind that none has" in str(problem)
