"""`revocast audit verify`: what somebody does to the log who can write in the database shows, on both databases."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, text

from revocation.clock import fixed
from signer.auditing.commands import show, verify_
from signer.auditing.heads import HeadContradicted, hold_against, sign_head
from signer.auditing.log import ChainBroken, intact_entries
from signer.auditing.verify import verify
from signer.handle import handle
from signer.keys.audit_key import load_audit_key
from signer.ledger import audit, continuity
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate

COUNT = 8


class _Undo(Exception):
    """Ends a transaction that is not to stay."""


@contextmanager
def tampered(signer: Signer) -> Iterator[Connection]:
    """A transaction in which the table is not append-only; nothing of it stays."""
    with suppress(_Undo), signer.ledger.write() as connection:
        open_for_writing(connection)
        yield connection
        raise _Undo


def log_of(signer: Signer) -> Path:
    """Entries of a log, and a file with its signed head."""
    path = signer.config.keys.parent / "kept.jsonl"
    with signer.ledger.write() as connection:
        for number in range(COUNT):
            audit.record(connection, NOW + timedelta(seconds=number), "test", None, number=number)
        head = sign_head(connection, load_audit_key(signer.config.keys))
    assert head
    path.write_bytes(head.line())
    return path


def open_for_writing(connection: Connection) -> None:
    """Take away what keeps the table append-only, as its owner can."""
    if connection.dialect.name == "sqlite":
        for verb in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER audit_no_{verb}"))
    else:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))


def swap(connection: Connection) -> None:
    """Entry 3 and entry 4, each with its own chain value."""
    for old, new in ((3, 100), (4, 3), (100, 4)):
        connection.execute(text("UPDATE audit SET id = :new WHERE id = :old"), {"old": old, "new": new})


EDITS = {
    "UPDATE audit SET detail = '{}' WHERE id = 5": "entry 5 .* does not follow entry 4",
    "UPDATE audit SET at = at - 60 WHERE id = 5": "entry 5 .* does not follow entry 4",
    "UPDATE audit SET issuer = '00000000' WHERE id = 5": "entry 5 .* does not follow entry 4",
    "DELETE FROM audit WHERE id IN (5, 6)": r"entry 7 .* does not follow entry 4: .* \(numbers 5 to 6 are missing\)",
    "DELETE FROM audit WHERE id = 1": "entry 2 .* is not the first that was written",
}


def test_entry_that_was_edited_removed_or_moved_is_named(estate: Estate) -> None:
    """The first that does not fit; those before it are as they were written."""
    signer = estate.signer()
    log_of(signer)
    with signer.ledger.read() as connection:
        assert [entry.id for entry in intact_entries(connection)] == list(range(1, COUNT + 1))
    for statement, told in EDITS.items():
        with tampered(signer) as connection:
            connection.execute(text(statement))
            with pytest.raises(ChainBroken, match=told):
                list(intact_entries(connection))
    with tampered(signer) as connection:
        swap(connection)
        with pytest.raises(ChainBroken, match=r"entry 3 .* does not follow entry 2"):
            list(intact_entries(connection))


def rewrite(connection: Connection) -> None:
    """Entry 5 says something else, and all chain values from there on are worked out anew: each follows the last."""
    connection.execute(text("UPDATE audit SET detail = '{}' WHERE id = 5"))
    before = b""
    for entry in connection.execute(text("SELECT id, at, action, issuer, detail FROM audit ORDER BY id")).all():
        values = {"at": entry.at, "action": entry.action, "issuer": entry.issuer, "detail": entry.detail}
        before = audit.link(before, values)
        connection.execute(text("UPDATE audit SET chain = :chain WHERE id = :id"), {"chain": before, "id": entry.id})


def test_log_that_was_cut_off_or_written_anew_contradicts_a_head_that_was_kept(estate: Estate) -> None:
    """Its own chain says nothing of that: a copy of the head that lies elsewhere does."""
    signer = estate.signer()
    kept = log_of(signer)
    with tampered(signer) as connection:
        connection.execute(text("DELETE FROM audit WHERE id > 6"))
        verdict = verify(connection, signer.exchange, [kept], ())
        assert (verdict.count, verdict.whole) == (6, False)
        assert "names entry 8, and the log ends at entry 6" in str(verdict.problems[0])
    with tampered(signer) as connection:
        rewrite(connection)
        verdict = verify(connection, signer.exchange, [kept], ())
        assert (verdict.count, verdict.whole) == (COUNT, False)
        assert "another chain value" in str(verdict.problems[0])
    with signer.ledger.write() as connection:
        audit.record(connection, NOW, "test", None)
        assert verify(connection, signer.exchange, [kept], ()).whole


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE audit SET at = 'long ago' WHERE id = :number",
        "UPDATE audit SET at = 9e18 WHERE id = :number",
        "UPDATE audit SET at = -1 WHERE id = :number",
        "UPDATE audit SET detail = x'7b7d' WHERE id = :number",
        "UPDATE audit SET issuer = x'00' WHERE id = :number",
        "UPDATE audit SET action = x'00' WHERE id = :number",
        "UPDATE audit SET chain = 'x' WHERE id = :number",
        "UPDATE audit SET chain = x'00' WHERE id = :number",
    ],
)
def test_value_of_a_kind_that_is_never_written_is_told_as_an_edit(tmp_path: Path, edit: str) -> None:
    """SQLite stores whatever it is given. The verdict names the entry all the same."""
    signer = Estate.build(tmp_path).signer()
    kept = log_of(signer)
    for number in (1, 5, COUNT):
        with tampered(signer) as connection:
            connection.execute(text(edit), {"number": number})
            verdict = verify(connection, signer.exchange, [kept], ())
            assert verdict.count == number - 1
            assert f"entry {number} was edited" in str(verdict.problems[0])


def test_log_that_was_emptied_is_not_whole(tmp_path: Path) -> None:
    """Also where nobody kept a head: the ledger knows certificates, and whoever imported them left an entry."""
    estate = Estate.build(tmp_path)
    signer = estate.signer()
    with signer.ledger.read() as connection:
        assert verify(connection, signer.exchange, [], ()).whole
    estate.register(signer, [1])
    with tampered(signer) as connection:
        connection.execute(text("DELETE FROM audit"))
        verdict = verify(connection, signer.exchange, [], ())
        assert (verdict.count, verdict.whole) == (0, False)
        assert "it was emptied" in str(verdict.problems[0])


@pytest.mark.parametrize(
    ("cut", "told"),
    [
        ("action LIKE 'sign crl%'", "no entry of the signature of bundle"),
        ("action LIKE 'sign ocsp%'", "no entry of the signature of bundle"),
        ("action = 'revoke'", "no entry of message"),
    ],
)
def test_entries_that_were_cut_off_before_any_head_are_told_by_what_they_were_of(
    estate: Estate, cut: str, told: str
) -> None:
    """The ledger has the bundle or the fact, and nobody saw a head since: the chain alone would say nothing."""
    signer = estate.signer()
    estate.register(signer, [1])
    handle(signer, estate.revoke(1), fixed(NOW))
    assert look(signer, fixed(NOW)).problems == []
    with signer.ledger.read() as connection:
        assert verify(connection, signer.exchange, [], ()).whole
    (estate.folder / "exchange/audit.head").unlink()
    with tampered(signer) as connection:
        connection.execute(text(f"DELETE FROM audit WHERE id >= (SELECT min(id) FROM audit WHERE {cut})"))  # noqa: S608
        problems = verify(connection, signer.exchange, [], ()).problems
    assert any(told in str(problem) for problem in problems), problems


def test_line_that_is_no_head_is_a_problem_and_the_others_are_held_against(estate: Estate) -> None:
    """Half a line keeps nobody from what the rest of the file shows."""
    signer = estate.signer()
    kept = log_of(signer)
    kept.write_bytes(kept.read_bytes()[:50] + b"\n" + kept.read_bytes())
    with signer.ledger.read() as connection:
        verdict = verify(connection, signer.exchange, [kept], ())
    (problem,) = verdict.problems
    assert "line 1: is no head" in str(problem)
    assert verdict.heads == 1


def test_head_of_before_a_restored_copy_is_no_contradiction_and_is_told(estate: Estate) -> None:
    """The restored log lacks what came after the backup, and says since when; what its own chapter lacks does not."""
    signer = estate.signer()
    kept = log_of(signer)
    with tampered(signer) as connection:
        connection.execute(text("DELETE FROM audit WHERE id > 6"))
        continuity.note_restored(connection, NOW + timedelta(days=1), "restored from a backup")
        audit.record(connection, NOW + timedelta(days=1), "restore", None)
        verdict = verify(connection, signer.exchange, [kept], ())
        assert (verdict.problems, verdict.count) == ([], 7)
        assert "names entry 8, of before the ledger was restored from a backup" in verdict.notes[0]
        head = sign_head(connection, load_audit_key(signer.config.keys))
        assert head
        connection.execute(text("DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)"))
        with pytest.raises(HeadContradicted, match="the log ends at entry 6"):
            hold_against(connection, head, "a copy")


def test_head_that_another_key_signed_counts_only_where_no_key_is_configured(tmp_path: Path) -> None:
    """With `audit_keys` whoever can write where heads lie cannot make one."""
    estate = Estate.build(tmp_path / "e")
    signer = estate.signer()
    kept = log_of(signer)
    other = load_audit_key(tmp_path / "other").public
    with signer.ledger.read() as connection:
        assert verify(connection, signer.exchange, [kept], ()).whole
        assert "another key" in str(verify(connection, signer.exchange, [kept], (other,)).problems[0])
        kept.write_text(kept.read_text().replace('"entry":8', '"entry":7'))
        assert "its signature is not" in str(verify(connection, signer.exchange, [kept], ()).problems[0])


def test_commands_show_the_entries_and_end_with_1_where_the_log_is_not_whole(tmp_path: Path) -> None:
    """As an auditor runs them."""
    estate = Estate.build(tmp_path)
    signer = estate.signer()
    estate.register(signer, [1])
    handle(signer, estate.revoke(1), fixed(NOW))
    assert look(signer, fixed(NOW)).problems == []
    config = ["--config", str(estate.folder / "revocast.toml")]

    def ran(command: click.Command, *arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(command, [*arguments, *config])
        return result.exit_code, result.stdout

    code, shown = ran(show, "--json", "--issuer", "test", "--action", "revoke", "--since", "2026-03-01")
    (entry,) = map(json.loads, shown.splitlines())
    assert (code, entry["action"], entry["detail"]["serial"]) == (0, "revoke", "01")
    assert ran(show, "--since", "2030-01-01") == (0, "")
    assert ran(show, "--key") == (0, f"{load_audit_key(signer.config.keys).public}\n")
    code, verdict = ran(verify_, "--json")
    assert (code, json.loads(verdict)["heads"], json.loads(verdict)["whole"]) == (0, 1, True)
    with signer.ledger.write() as connection:
        open_for_writing(connection)
        connection.execute(text("DELETE FROM audit WHERE action = 'revoke'"))
    code, verdict = ran(verify_, "--json")
    assert (code, json.loads(verdict)["whole"]) == (1, False)
