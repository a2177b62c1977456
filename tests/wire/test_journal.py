"""What is noted of periodic work: read as it was written, believed only as far as it is of our form, and no burden."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from revocation.artifacts import Kind
from revocation.errors import QueueUnreachable
from revocation.messages import Verb
from revocation.published import DisturbedCRL, TargetStatus
from revocation.wire.journal import NotForUs
from revocation.wire.notes import all_names, of_job, of_publisher, of_signer
from revocation.wire.queue import Wire
from revocation.wire.statusnote import note_of
from tests.infra.valkey_users import GuardedServer
from tests.wire.server import Server

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRESIGN, FILES = of_signer(Verb.PRESIGN), of_publisher("files")
NAMES = all_names(["files"])


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    """A server with the shipped users."""
    with GuardedServer(tmp_path_factory.mktemp("guarded")) as server:
        yield server


def test_each_service_notes_and_the_operator_reads(guarded: GuardedServer) -> None:
    """With the rights that users.acl gives each, and nothing is refused."""
    scheduler, signer, publisher, operator = (
        Wire(guarded.url_of(user)).journal for user in ("scheduler", "signer", "publisher", "operator")
    )
    scheduler.asked(Verb.PRESIGN, NOW)
    signer.succeeded([PRESIGN], NOW)
    signer.failed({of_job("signer", "revoke"): "the disk is full"}, NOW, NOW + timedelta(seconds=4))
    publisher.succeeded([FILES], NOW + timedelta(minutes=1))
    notes = operator.read(NAMES)
    assert notes.asked == {"presign": NOW}
    assert notes.successes == {PRESIGN: NOW, FILES: NOW + timedelta(minutes=1)}
    (failure,) = notes.failures.values()
    assert (failure.error, failure.again_at) == ("the disk is full", NOW + timedelta(seconds=4))
    signer.over([of_job("signer", "revoke")])
    assert operator.read(NAMES).failures == {}


@pytest.mark.parametrize("user", ["scheduler", "publisher"])
def test_service_notes_no_success_of_another(guarded: GuardedServer, user: str) -> None:
    """Who could, would make a signer that hangs look well."""
    with guarded.client() as administrator:
        administrator.flushall()
    Wire(guarded.url_of(user)).journal.succeeded([PRESIGN], NOW)
    assert Wire(guarded.url_of("operator")).journal.read(NAMES).successes == {}


def test_user_who_may_not_read_is_told_whom_to_ask_as(guarded: GuardedServer) -> None:
    """Nothing noted would look like work that never succeeded."""
    with pytest.raises(NotForUs, match="operator"):
        Wire(guarded.url_of("scheduler")).journal.read(NAMES)


def test_success_ends_a_failure_and_failures_are_kept_for_a_day(own_server: Server) -> None:
    """What went wrong and is over is nobody's trouble."""
    journal = Wire(own_server.url).journal
    journal.failed({PRESIGN: "first", FILES: "second"}, NOW)
    assert 0 < own_server.client().ttl(f"revocast:failure:{PRESIGN}") <= 86400
    journal.succeeded([PRESIGN], NOW)
    assert set(journal.read(NAMES).failures) == {FILES}


def test_note_that_is_none_is_not_there(own_server: Server) -> None:
    """Garbage, times without a zone, large values and keys of another type reassure nobody and break nothing."""
    client, journal = own_server.client(), Wire(own_server.url).journal
    for garbage in (b"", b"\xff", b"{}", b"soon", b"2026-03-01T12:00:00", b"0001-01-01T00:00:00+14:00", b"9" * 99999):
        client.set(f"revocast:success:{PRESIGN}", garbage)
        client.set(f"revocast:failure:{PRESIGN}", garbage)
        notes = journal.read(NAMES)
        assert (notes.successes, notes.failures) == ({}, {})
    client.delete(f"revocast:success:{PRESIGN}")
    client.rpush(f"revocast:success:{PRESIGN}", "x")
    assert journal.read(NAMES).successes == {}


def test_fields_of_a_later_version_are_let_be(own_server: Server) -> None:
    """A note is a cache and no proof: an operator's machine that is upgraded last sees what it knows of."""
    journal, client = Wire(own_server.url).journal, own_server.client()
    row = DisturbedCRL(path="crl/1a2b3c4d/all.crl", what="was changed", at=NOW, times=1)
    status = TargetStatus(target="files", kinds=(Kind.CRL,), updated_at=NOW, disturbed=[row])
    journal.tell([note_of(status, [], NOW)])
    journal.publishes([status])
    journal.failed({PRESIGN: "the disk is full"}, NOW)
    for key in ("published:status:files", "published:crls", "published:crls:files", f"failure:{PRESIGN}"):
        text = client.get(f"revocast:{key}")
        for known in (b'"at":', b'"target":'):
            text = text.replace(known, b'"of_a_later_version":[1],' + known)
        client.set(f"revocast:{key}", text)
    assert journal.told(["files"])["files"].status.disturbed == [row]
    assert [one.target for one in journal.published(["files"])] == ["files"]
    assert journal.read(NAMES).failures[PRESIGN].error == "the disk is full"


def test_what_a_failure_says_moves_no_cursor(own_server: Server) -> None:
    """It may be the words of somebody's server or file."""
    journal = Wire(own_server.url).journal
    journal.failed({PRESIGN: "\x1b[2J" * 1000}, NOW)
    (failure,) = journal.read(NAMES).failures.values()
    assert failure.error.isprintable()


def test_server_that_is_away_fails_no_work_and_is_told_to_who_reads(tmp_path: Path) -> None:
    """To note is a courtesy; not to know is something else than nothing noted."""
    journal = Wire(f"unix://{tmp_path}/nobody.sock").journal
    journal.asked(Verb.PRESIGN, NOW)
    journal.succeeded([PRESIGN], NOW)
    journal.failed({PRESIGN: "x"}, NOW)
    with pytest.raises(QueueUnreachable):
        journal.read(NAMES)
