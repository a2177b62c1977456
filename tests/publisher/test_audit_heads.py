"""What a publisher notices of the signer's audit log from the heads beside the bundles."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.alarms import alarms
from publisher.audit_heads import AuditHeads
from publisher.config import PublisherConfig
from publisher.publish import publish_each
from revocation.clock import fixed
from revocation.config import PublicConfig
from revocation.wire.exchange import FolderExchange
from signer.keys.audit_key import AuditSigner, load_audit_key
from signer.look import look
from tests.authority import NOW
from tests.building.audit_heads import head
from tests.estate import Estate

DAY = timedelta(days=1)


@pytest.fixture
def key(tmp_path: Path) -> AuditSigner:
    """The signer's."""
    return load_audit_key(tmp_path / "keys")


@pytest.fixture
def exchange(tmp_path: Path) -> FolderExchange:
    """Where heads lie."""
    return FolderExchange(tmp_path / "exchange")


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ({"entry": 19}, "it went back: the head of 2026-03-01T12:00:00Z named entry 20, and .* names 19"),
        ({"entry": 20, "chain": "bb" * 32}, "was written anew: .* named entry 20"),
        ({"entry": 30, "log": "bb" * 32}, "another log took its place without a word"),
    ],
)
def test_log_that_did_not_just_grow_is_warned_of_until_somebody_looked(
    tmp_path: Path, key: AuditSigner, exchange: FolderExchange, then: dict[str, object], told: str
) -> None:
    """Once, whatever comes after; taking the file away says that it was looked into."""
    heads = AuditHeads(tmp_path / "state", (key.public,))
    for one in (head(key, 12), head(key, 20), head(key, **then)):  # type: ignore[arg-type]
        assert heads.warnings == []
        exchange.put_head(one.line())
        heads.look(exchange, NOW)
    exchange.put_head(head(key, 40, **{name: then[name] for name in ("log", "began", "why") if name in then}).line())
    for _ in range(2):
        heads.look(exchange, NOW + DAY)
    (warning,) = heads.warnings
    assert re.search(told, warning)
    (tmp_path / "state/audit-warnings.txt").unlink()
    heads.look(exchange, NOW + DAY)
    assert heads.warnings == []


def test_log_that_says_itself_that_it_was_restored_is_told_for_a_month_and_no_alarm(
    tmp_path: Path, key: AuditSigner, exchange: FolderExchange
) -> None:
    """What comes of the log of before, as an old signer would put it that still runs, is an alarm."""
    heads = AuditHeads(tmp_path / "state", ())
    chapter = {"began": NOW + DAY, "why": "restored from a backup"}
    for one in (head(key, 20), head(key, 9, **chapter), head(key, 12, **chapter)):
        exchange.put_head(one.line())
        heads.look(exchange, NOW + DAY)
    assert (heads.warnings, heads.seen()[-1].entry) == ([], 12)
    (told,) = heads.breaks(NOW + 30 * DAY)
    assert "was restored from a backup at 2026-03-02T12:00:00Z. The head of 2026-03-01T12:00:00Z named entry 20" in told
    assert heads.breaks(NOW + 32 * DAY) == []
    exchange.put_head(head(key, 21).line())
    heads.look(exchange, NOW + DAY)
    (warning,) = heads.warnings
    assert "is of before the log was restored" in warning
    assert heads.seen()[-1].entry == 12


def test_head_of_another_key_or_that_is_gone_or_of_a_later_format_is_warned_of(
    tmp_path: Path, key: AuditSigner, exchange: FolderExchange
) -> None:
    """Who can write into the exchange alone cannot move what was seen, nor take the heads away unnoticed."""
    heads = AuditHeads(tmp_path / "state", (key.public,))
    exchange.put_head(head(key, 20).line())
    heads.look(exchange, NOW)
    exchange.put_head(head(load_audit_key(tmp_path / "others"), 99).line())
    heads.look(exchange, NOW)
    exchange.put_head(b'{"format": 2}')
    heads.look(exchange, NOW)
    (tmp_path / "exchange/audit.head").unlink()
    for minutes in range(3):
        heads.look(exchange, NOW + minutes * DAY / 1440)
    other, later, gone = heads.warnings
    assert "another key than the configured" in other
    assert "upgrade Revocast here" in later
    assert "is gone" in gone
    assert [one.entry for one in heads.seen()] == [20]


def test_last_head_of_each_day_is_kept_for_auditors(tmp_path: Path, key: AuditSigner, exchange: FolderExchange) -> None:
    """What `audit verify --head` of the signer is given, a year later too."""
    heads = AuditHeads(tmp_path / "state", ())
    for number in range(1, 10):
        exchange.put_head(head(key, number, at=NOW + number * DAY / 3).line())
        heads.look(exchange, NOW + number * DAY / 3)
    assert [one.entry for one in heads.seen()] == [1, 4, 7, 9]


def test_publish_looks_at_the_head_and_its_warnings_are_alarms_of_the_first_target(tmp_path: Path) -> None:
    """So `publish`, the publisher's log, `status` and metrics show it; bundles are published all the same."""
    estate = Estate.build(tmp_path)
    config, public = PublisherConfig.read(estate.file), PublicConfig.read(estate.file)
    signer = estate.signer()
    look(signer, fixed(NOW))
    publish_each(config, public, fixed(NOW))
    assert alarms(config) == []
    exchange = FolderExchange(tmp_path / "exchange")
    exchange.put_head(head(load_audit_key(tmp_path / "signer/keys"), 1).line())
    (outcome, _) = publish_each(config, public, fixed(NOW))
    assert (len(outcome.status.crls), outcome.error) == (1, None)
    (alarm,) = alarms(config)
    assert (alarm.target, "another log took its place" in alarm.sentence) == ("files", True)
