"""What whoever can write in the ledger, or in the exchange, may put beside the bundles as a head of the audit log."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.audit_heads import AuditHeads
from revocation.wire.exchange import FolderExchange
from signer.keys.audit_key import AuditSigner, load_audit_key
from tests.authority import NOW
from tests.building.audit_heads import head

DAY = timedelta(days=1)


@pytest.fixture
def key(tmp_path: Path) -> AuditSigner:
    """The signer's."""
    return load_audit_key(tmp_path / "keys")


@pytest.fixture
def exchange(tmp_path: Path) -> FolderExchange:
    """Where heads lie."""
    return FolderExchange(tmp_path / "exchange")


def test_break_that_an_earlier_head_did_not_know_of_is_an_alarm(
    tmp_path: Path, key: AuditSigner, exchange: FolderExchange
) -> None:
    """No restore of long ago explains that a log was cut off: one look tells it, and the next ones go on."""
    heads = AuditHeads(tmp_path / "state", (key.public,))
    restored = {"began": NOW - 90 * DAY, "why": "restored from a backup"}
    for one in (head(key, 12, at=NOW - DAY), head(key, 20), head(key, 9, **restored)):
        exchange.put_head(one.line())
        heads.look(exchange, NOW)
    (warning,) = heads.warnings
    assert "restored from a backup at 2025-12-01T12:00:00Z, and the head of 2026-" in warning
    assert "did not know of that yet" in warning
    assert heads.breaks(NOW) == []
    (tmp_path / "state/audit-warnings.txt").unlink()
    exchange.put_head(head(key, 10, **restored).line())
    heads.look(exchange, NOW)
    assert (heads.warnings, heads.seen()[-1].entry) == ([], 10)


def test_break_is_told_for_a_month_from_when_it_was_seen(
    tmp_path: Path, key: AuditSigner, exchange: FolderExchange
) -> None:
    """A publisher that was off for long tells it too, and so does one of a signer whose clock is set back."""
    heads = AuditHeads(tmp_path / "state", (key.public,))
    chapter = {"began": NOW - 60 * DAY, "why": "reconciled"}
    for one in (head(key, 20, at=NOW - 61 * DAY), head(key, 9, **chapter)):
        exchange.put_head(one.line())
        heads.look(exchange, NOW)
    assert heads.warnings == []
    (told,) = heads.breaks(NOW + 29 * DAY)
    assert "it was reconciled at 2025-12-31T12:00:00Z" in told
    assert heads.breaks(NOW + 31 * DAY) == []


@pytest.mark.parametrize("times", [{"at": NOW + DAY}, {"began": NOW + DAY, "why": "restored"}])
def test_head_of_a_time_to_come_is_not_remembered(
    tmp_path: Path, key: AuditSigner, exchange: FolderExchange, times: dict[str, object]
) -> None:
    """Or every one after it would seem to have gone back."""
    heads = AuditHeads(tmp_path / "state", ())
    for one in (head(key, 20), head(key, 30, **times), head(key, 21)):
        exchange.put_head(one.line())
        heads.look(exchange, NOW)
    (warning,) = heads.warnings
    assert "is of a time that is still to come" in warning
    assert [one.entry for one in heads.seen()] == [21]


def test_heads_of_other_keys_are_forgotten_once_it_is_said_whose_count(
    tmp_path: Path, key: AuditSigner, exchange: FolderExchange
) -> None:
    """Who could write into the exchange before that cannot have an alarm be raised for ever."""
    state, forged = tmp_path / "state", load_audit_key(tmp_path / "others")
    for one in (head(key, 20), head(forged, 1 << 62), head(key, 21)):
        exchange.put_head(one.line())
        AuditHeads(state, ()).look(exchange, NOW)
    (warning,) = AuditHeads(state, ()).warnings
    assert "it went back" in warning
    (state / "audit-warnings.txt").unlink()
    heads = AuditHeads(state, (key.public,))
    heads.look(exchange, NOW)
    assert (heads.warnings, [one.entry for one in AuditHeads(state, ()).seen()]) == ([], [21])


@pytest.mark.parametrize(
    "put",
    [
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("elsewhere"),
        os.mkfifo,
        lambda path: path.write_bytes(b"{" * 5000),
    ],
    ids=["folder", "link", "pipe", "large"],
)
def test_what_is_no_file_or_too_large_is_warned_of(
    tmp_path: Path, key: AuditSigner, exchange: FolderExchange, put: Callable[[Path], object]
) -> None:
    """It takes the head away as well as deleting it would; and costs no descriptor at each look."""
    heads = AuditHeads(tmp_path / "state", (key.public,))
    exchange.put_head(head(key, 20).line())
    heads.look(exchange, NOW)
    (tmp_path / "exchange/audit.head").unlink()
    put(tmp_path / "exchange/audit.head")
    for _ in range(3):
        heads.look(exchange, NOW)
    (warning,) = heads.warnings
    assert "audit.head in the exchange: is " in warning
    opened = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
    assert not any(one.startswith(str(tmp_path / "exchange")) for one in opened)


def test_damaged_line_takes_no_other_head_with_it(tmp_path: Path, key: AuditSigner, exchange: FolderExchange) -> None:
    """What the others show is noticed still, and somebody is to look who wrote there."""
    heads, kept = AuditHeads(tmp_path / "state", (key.public,)), tmp_path / "state/audit-heads.jsonl"
    for number in (1, 2, 3):
        exchange.put_head(head(key, 10 * number, at=NOW - (4 - number) * DAY).line())
        heads.look(exchange, NOW)
    lines = kept.read_bytes().splitlines(keepends=True)
    kept.write_bytes(lines[0] + lines[1][:40] + b"\n" + lines[2])
    exchange.put_head(head(key, 25).line())
    heads.look(exchange, NOW)
    damaged, back = heads.warnings
    assert "line 2 of " in damaged
    assert "it went back" in back
    assert [one.entry for one in heads.seen()] == [10, 30]
