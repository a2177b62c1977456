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


def test_signer_is_asked_where_the_note_is_nonsense(guarded: GuardedServer, shipped: Installation) -> None:
    """Who can write to the queue server can put anything there."""
    guarded.client().set("revocast:published:crls", b'[{"target": 1}')
    assert asked(guarded, shipped).body["crls"] == []


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
    (noted,) = Wire(guarded.url_of("scheduler")).journal.published()
    assert (len(noted.crls), noted.crls[0].label) == (2000, "user.2999")
