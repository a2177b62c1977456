"""The publisher's worker as a process, with a real queue that may be away."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from publisher import worker
from publisher.alarms import NowAndThen
from publisher.targets.alarm import Alarm
from revocation.clock import now
from revocation.messages import Publish, Verb, compose
from revocation.wire.notes import all_names, of_publisher
from revocation.wire.queue import PUBLISHER_QUEUE, Wire
from tests.authority import Authority
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.place import Place
from tests.waiting import until
from tests.wire.server import Server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An installation in the present, since the worker reads the clock."""
    return Place(tmp_path / "place", CA(Authority(not_before=now() - timedelta(days=1))))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running queue server."""
    with Server(tmp_path) as running:
        yield running


def test_worker_publishes_at_its_start_and_on_a_hint_and_stops_when_told(place: Place, ca: CA, server: Server) -> None:
    """What waits is published without a hint; what comes later within a moment of one; SIGTERM ends it with 0."""
    put_crl(place.exchange, ca, 1, crl(ca, 1, this_update=now() - timedelta(seconds=5)))
    with running(place, server.url) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        newest = crl(ca, 2, this_update=now())
        until(place.crl_file().exists)
        put_crl(place.exchange, ca, 2, newest)
        Wire(server.url).send(PUBLISHER_QUEUE, compose(Verb.PUBLISH, Publish(), now()))
        until(lambda: place.crl_file().read_bytes() == newest)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_worker_looks_when_its_queue_server_is_back(place: Place, ca: CA, server: Server) -> None:
    """Hints are lost with it, and so are responses where it holds them: nobody waits a minute for these."""
    put_crl(place.exchange, ca, 1, crl(ca, 1, this_update=now() - timedelta(seconds=5)))
    with running(place, server.url) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        until(place.crl_file().exists)
        server.kill()
        newest = crl(ca, 2, this_update=now())
        put_crl(place.exchange, ca, 2, newest)
        server.start()
        until(lambda: place.crl_file().read_bytes() == newest)


def test_worker_publishes_without_its_queue_server(place: Place, ca: CA, tmp_path: Path) -> None:
    """The queue hurries; it is not needed."""
    put_crl(place.exchange, ca, 1, crl(ca, 1, this_update=now()))
    with running(place, f"unix://{tmp_path}/nobody.sock") as process:
        until(place.crl_file().exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_worker_notes_which_targets_took_all_and_why_one_did_not(place: Place, server: Server) -> None:
    """One that works does not hide one that fails; nor does any that was well before the marks were lost."""
    place.store.write_text("no folder")
    journal, names = Wire(server.url).journal, all_names(["files", "responses"])
    with running(place, server.url) as process:
        until(lambda: of_publisher("responses") in journal.read(names).failures and journal.read(names).successes)
        notes = journal.read(names)
        assert set(notes.successes) == {of_publisher("files")}
        assert str(place.store) in notes.failures[of_publisher("responses")].error
        (place.state / "marks").rename(place.state / "gone")
        (place.state / "marks").write_text("no folder")
        Wire(server.url).send(PUBLISHER_QUEUE, compose(Verb.PUBLISH, Publish(), now()))
        until(lambda: len(journal.read(names).failures) == 2)
        assert "marks" in journal.read(names).failures[of_publisher("files")].error
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_worker_without_a_queue_in_the_configuration_says_what_to_use(place: Place) -> None:
    """Exit 2, and the command that does it."""
    done = subprocess.run(_command(place, None), check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "revocast publish" in done.stderr


@contextmanager
def running(place: Place, queue: str) -> Iterator[subprocess.Popen[str]]:
    """A worker process."""
    with (place.root / "worker.log").open("w") as log:
        process = subprocess.Popen(_command(place, queue), stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _command(place: Place, queue: str | None) -> list[str]:
    return [sys.executable, "-m", "revocation", "worker", "publisher", "--config", str(place.write_config(queue))]


def test_log_of_the_worker_has_an_alarm_once(
    place: Place, server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As a warning, among what it did."""
    place.exchange.mkdir()
    monkeypatch.setattr(worker, "alarms", lambda _config: [Alarm("responses", "map", "81% of the map is used")])
    told, journal = NowAndThen(), Wire(server.url).journal
    for _ in range(3):
        worker._look(place.config, place.public, journal, told)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["responses: 81% of the map is used"]


def test_worker_that_cannot_keep_when_it_succeeded_says_so_and_goes_on(
    place: Place, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """`schedule` on its machine misses it then; whoever reads the queue does not."""
    place.exchange.mkdir()
    place.config.noted.mkdir(parents=True)
    journal = Wire(server.url).journal
    worker._look(place.config, place.public, journal, NowAndThen())
    assert f"{place.config.noted}: what was done could not be noted" in caplog.text
    assert of_publisher("files") in journal.read(all_names(["files"])).successes


def test_log_of_the_worker_warns_once_of_a_bundle_that_is_refused_and_says_what_to_do(
    place: Place, ca: CA, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """With its id and the reason; what was done is no warning."""
    caplog.set_level("INFO")
    put_crl(place.exchange, ca, 1, crl(ca, 1, this_update=now() - timedelta(seconds=5)))
    name = put_crl(place.exchange, ca, 2, crl(ca, 2, this_update=now(), signed_by=CA()))
    told, journal = NowAndThen(), Wire(server.url).journal
    for _ in range(3):
        worker._look(place.config, place.public, journal, told)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning.startswith(f"files: set aside {name}: CRL test/all")
    assert "signature" in warning
    assert str(place.state / "set-aside") in warning
    assert "whether the signer made it" in warning
    assert [record.levelname for record in caplog.records if "number 1 published" in record.getMessage()] == ["INFO"]


def test_log_of_the_worker_warns_once_of_a_crl_that_was_put_back(
    place: Place, ca: CA, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody has written into exchange and target."""
    caplog.set_level("INFO")
    put_crl(place.exchange, ca, 1, crl(ca, 1, this_update=now() - timedelta(seconds=5)))
    place.publish(now())
    place.wipe(place.exchange, place.directory)
    place.exchange.mkdir()
    told, journal = NowAndThen(), Wire(server.url).journal
    for _ in range(3):
        worker._look(place.config, place.public, journal, told)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "number 1 was put again from the archive" in warning
