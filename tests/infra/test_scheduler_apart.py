"""The scheduler as infra/config has it, which can read no target: the signer is told all the same what is published."""

import logging
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from jobs.installation import Installation
from jobs.noted import published
from jobs.scheduler import Scheduler
from publisher import worker
from publisher.alarms import NowAndThen
from revocation.artifacts import Kind
from revocation.clock import fixed, now
from revocation.messages import Message, Outcome, Verb
from revocation.wire.queue import Wire
from signer.handle import handle
from tests.authority import NOW, Authority
from tests.estate import Estate
from tests.infra.valkey_users import FOLDER, GuardedServer
from tests.jobs.issuers import crl_row, status
from tests.jobs.test_scheduler import sent
from tests.whole.world import World


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[GuardedServer]:
    """A queue server with the users of infra/valkey."""
    with GuardedServer(tmp_path / "valkey") as running:
        yield running


@pytest.fixture
def shipped(tmp_path: Path) -> Installation:
    """infra/config/scheduler.toml."""
    Authority("Example CA").write(tmp_path / "example-ca.pem")
    return Installation.read(Path(shutil.copy(FOLDER.parent / "config/scheduler.toml", tmp_path)))


def asked(server: GuardedServer, installation: Installation, at: datetime = NOW) -> Message:
    """What the scheduler tells the signer, as its user of the queue server."""
    wire = Wire(server.url_of("scheduler"))
    tasks = [task for task in installation.tasks if task.verb is Verb.GENERATE_CRLS]
    Scheduler(wire, tasks, lambda now: published(installation, wire.journal, now), lambda _: None).look(at)
    (message,) = sent(server)
    return message


def test_delta_is_made_where_the_scheduler_reads_no_target(
    guarded: GuardedServer, shipped: Installation, tmp_path: Path
) -> None:
    """The publisher notes what lies on its targets, the scheduler tells the signer, and that has a base then."""
    estate = Estate.build(tmp_path / "e", public='crl = { delta = "4h" }\n[public.ocsp]\nslices = 1\n')
    with World(estate, now()) as world:
        world.look()
        worker._look(world.publisher, world.public, Wire(guarded.url_of("publisher")).journal, NowAndThen())
        later = world.now + timedelta(seconds=5)
        message = asked(guarded, shipped, later)
        assert handle(world.signer, message, fixed(later)).outcome is Outcome.DONE
    assert [file.name for file in (estate.folder / "exchange").iterdir() if ".delta" in file.name]


def test_signer_is_told_what_the_publisher_noted(guarded: GuardedServer, shipped: Installation) -> None:
    """Without it the signer would know of no base, and make no delta for ever."""
    journal = Wire(guarded.url_of("publisher")).journal
    journal.publishes([status("files", crl_row(number=7)), status("store", kinds=(Kind.OCSP,))])
    (row,) = asked(guarded, shipped).body["crls"]
    assert (row["label"], row["number"]) == ("all", 7)


def test_publishers_of_several_targets_leave_one_another_what_they_noted(
    guarded: GuardedServer, shipped: Installation
) -> None:
    """A delta adds to what lies on all of them, whoever wrote last."""
    journal = Wire(guarded.url_of("publisher")).journal
    for number, target in ((7, "files"), (9, "responses"), (8, "of-none")):
        journal.publishes([status(target, crl_row(number=number))])
    (row,) = asked(guarded, shipped).body["crls"]
    assert row["number"] == 7


def test_publisher_of_before_is_heard_beside_one_that_notes_each_target(
    guarded: GuardedServer, shipped: Installation
) -> None:
    """It writes one note for all, which lies there for a day; a scheduler of before reads no other."""
    journal = Wire(guarded.url_of("publisher")).journal
    journal.publishes([status("responses", crl_row(number=6))])
    text = guarded.client().get("revocast:published:crls")
    guarded.client().delete("revocast:published:crls:responses")  # which it knows nothing of
    journal.publishes([status("files", crl_row(number=7))])
    guarded.client().set("revocast:published:crls", text)
    (row,) = asked(guarded, shipped).body["crls"]
    assert row["number"] == 6


def test_note_of_a_target_that_speaks_of_another_is_not_believed(guarded: GuardedServer, shipped: Installation) -> None:
    """Each note is for its own target; the queue keeps them for a day."""
    journal = Wire(guarded.url_of("publisher")).journal
    journal.publishes([status("files", crl_row(number=7))])
    client = guarded.client()
    client.set("revocast:published:crls:responses", client.get("revocast:published:crls:files").replace(b"7", b"3"))
    (row,) = asked(guarded, shipped).body["crls"]
    assert row["number"] == 7
    for key in ("revocast:published:crls", "revocast:published:crls:files"):
        assert 0 < client.ttl(key) <= 86400


def test_publisher_of_before_is_heard_over_what_a_newer_one_said_of_the_target(
    guarded: GuardedServer, shipped: Installation
) -> None:
    """After a rollback it writes the note of all targets alone, and the target's own lies there for a day."""
    journal, client = Wire(guarded.url_of("publisher")).journal, guarded.client()
    told = status("files", crl_row(number=8))
    journal.publishes([told.model_copy(update={"updated_at": told.updated_at + timedelta(minutes=1)})])
    of_before = client.get("revocast:published:crls")
    journal.publishes([status("files", crl_row(number=7))])
    client.set("revocast:published:crls", of_before)
    (row,) = asked(guarded, shipped).body["crls"]
    assert row["number"] == 8


@pytest.mark.parametrize("of", ["", ":files"])
def test_signer_is_asked_where_the_note_is_nonsense(guarded: GuardedServer, shipped: Installation, of: str) -> None:
    """Who can write to the queue server can put anything there, of any type."""
    for put in (
        lambda key: guarded.client().set(key, b'[{"target": 1}'),
        lambda key: guarded.client().hset(key, "x", 1),
    ):
        guarded.client().flushall()
        put(f"revocast:published:crls{of}")
        assert asked(guarded, shipped).body["crls"] == []


def test_users_of_before_let_the_scheduler_read_what_one_publisher_says(
    guarded: GuardedServer, shipped: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    """As it did, and the log says what to take."""
    guarded.client().execute_command(  # type: ignore[no-untyped-call]
        *("ACL", "SETUSER", "scheduler", "resetkeys", "~rq:*", "~revocast:tick:*", "~revocast:asked:*"),
        "~revocast:published:crls",
    )
    Wire(guarded.url_of("publisher")).journal.publishes([status("files", crl_row(number=7))])
    with caplog.at_level(logging.WARNING):
        (row,) = asked(guarded, shipped).body["crls"]
    assert row["number"] == 7
    assert "take the newest infra/valkey/users.acl" in caplog.text


def test_signer_is_asked_where_the_note_may_not_be_read(
    guarded: GuardedServer, shipped: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    """With a users.acl of before, the scheduler says which one to take."""
    guarded.client().execute_command(  # type: ignore[no-untyped-call]
        "ACL", "SETUSER", "scheduler", "resetkeys", "~rq:*", "~revocast:tick:*", "~revocast:asked:*"
    )
    with caplog.at_level(logging.WARNING):
        assert asked(guarded, shipped).body["crls"] == []
    assert "take the newest infra/valkey/users.acl" in caplog.text


def test_note_has_what_one_message_can_carry(guarded: GuardedServer) -> None:
    """Of 3,000 CRLs those that are to be renewed first."""
    rows = [
        crl_row(label=f"user.{n}").model_copy(update={"renew_at": NOW + timedelta(seconds=3000 - n)})
        for n in range(3000)
    ]
    Wire(guarded.url_of("publisher")).journal.publishes([status("files", *rows)])
    (noted,) = Wire(guarded.url_of("scheduler")).journal.published(["files"])
    assert (len(noted.crls), noted.crls[0].label) == (2000, "user.2999")
