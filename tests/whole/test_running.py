"""`revocast up` as an operator runs it: real processes, a real Valkey, real HTTP, and `kill -9`."""

import hashlib
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from cryptography import x509

from jobs.installation import Installation
from tests.conformance.examine import Examination
from tests.conformance.exchange import Server
from tests.conftest import MEASURED
from tests.waiting import until
from tests.whole.relying import HTTPWatch
from tests.whole.running import REVOCAST, Running, running

pytestmark = pytest.mark.timeout(300)

CHILDREN = ("valkey", "worker publisher", "worker signer", "scheduler", "respond")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One system for the tests that leave it running."""
    with running(tmp_path_factory.mktemp("up") / "data") as started:
        yield started


def serial(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:X}"


def test_revocation_on_the_running_system_is_served_within_two_seconds(
    system: Running, record_property: Callable[[str, object], None]
) -> None:
    """From pressing return to the new answer and the new CRL: the median of three is under 2 s.

    Each of the three is under 2 s too once the start of the command is taken off: what `revocast revoke --help` needs
    on this machine at that moment, measured right before. So the bound is about the product, and not about Python's
    start on a machine that does something else as well.

    Each begins in a second of its own: a second CRL within one second waits for the next by design. What was measured
    stands in the summary at the end of the run.
    """
    seconds, starts = [], []
    for certificate in system.certificates()[:3]:
        starts.append(seconds_of_a_start())
        wait_for_next_second()
        seconds.append(revoke_and_see(system, certificate))
    shown = (", ".join(f"{taken:.2f}" for taken in row) for row in (seconds, starts))
    record_property(MEASURED, "revoke -> OCSP and CRL served: {} s; a start of Python alone: {} s".format(*shown))
    assert statistics.median(seconds) < 2.0
    assert max(taken - start for taken, start in zip(seconds, starts, strict=True)) < 2.0


def seconds_of_a_start() -> float:
    """How long a command takes here and now that does nothing."""
    began = time.monotonic()
    subprocess.run([*REVOCAST, "revoke", "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def wait_for_next_second() -> None:
    second = int(time.time())
    until(lambda: int(time.time()) > second)


def revoke_and_see(system: Running, certificate: x509.Certificate) -> float:
    """The seconds until a revocation is served by OCSP and on the CRL."""
    assert system.ocsp(certificate) == "GOOD"
    began = time.monotonic()
    command = [*REVOCAST, "revoke", serial(certificate), "--issuer", issuer_name(system), "--config"]
    with subprocess.Popen([*command, str(system.data / "revocast.toml")], stdout=subprocess.DEVNULL) as process:
        until(lambda: system.ocsp(certificate) == "REVOKED" and system.on_crl(certificate), 20)
        taken = time.monotonic() - began
        assert process.wait(20) == 0
    return taken


def test_second_revocation_exits_1_and_says_since_when(system: Running) -> None:
    """Refused, with the words of the signer, over the queue."""
    certificate = system.certificates()[0]
    until(lambda: system.ocsp(certificate) != "TRY_LATER")
    if system.ocsp(certificate) == "GOOD":
        assert system.revocast("revoke", serial(certificate), "--issuer", issuer_name(system)).returncode == 0
    result = system.revocast("revoke", serial(certificate), "--issuer", issuer_name(system))
    assert result.returncode == 1
    assert "already revoked" in result.stderr + result.stdout


def test_status_and_check_of_the_running_system_are_clean(system: Running) -> None:
    """Both exit with 0; `status --json` has a row for every CRL."""
    status = system.revocast("status", "--json")
    assert status.returncode == 0, status.stdout + status.stderr
    assert json.loads(status.stdout)
    check = system.revocast("check", "--base-url", system.url)
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.judge("curl")
def test_ocsp_of_the_running_system_keeps_every_rule(system: Running) -> None:
    """What the conformance script looks at: windows, CertIDs, signers, headers, conditions and errors."""
    asked = tuple(certificate.serial_number for certificate in system.certificates()[:3])
    report = Examination(Server(f"{system.url}ocsp/"), system.issuer(), asked, renewal=timedelta(hours=12)).run()
    assert report.violations == []
    assert report.looked > 50


def test_crl_is_served_with_the_headers_that_caches_go_by(system: Running) -> None:
    """As curl sees it: the media type of RFC 5280, ETag = SHA-256, Last-Modified = thisUpdate, a constant max-age."""
    url = system.crl_url()
    shown = subprocess.run(["curl", "-sS", "-D", "-", "-o", "-", url], capture_output=True, check=True).stdout
    head, _, body = shown.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:])
    tag = f'"{hashlib.sha256(body).hexdigest()}"'
    assert headers["content-type"] == "application/pkix-crl"
    assert headers["etag"] == tag
    issued = x509.load_der_x509_crl(body).last_update_utc
    assert headers["last-modified"] == format_datetime(issued, usegmt=True).lower()
    assert headers["cache-control"] == "max-age=300, public, no-transform"
    again = ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "-H", f"If-None-Match: {tag}", url]
    assert subprocess.run(again, capture_output=True, check=True).stdout == b"304"


def test_second_up_on_the_same_folder_is_refused(system: Running) -> None:
    """Two supervisors of one folder would fight."""
    command = [*REVOCAST, "up", "--data", str(system.data), "--port", "0"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode != 0
    assert "Traceback" not in result.stderr


def test_only_the_responder_listens_on_the_network(system: Running) -> None:
    """Neither the queue nor a worker opens a TCP port."""
    listening = {}
    for pid, command in system.children().items():
        inodes = set(sockets(pid))
        rows = [
            line.split() for t in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{t}").read_text().splitlines()[1:]
        ]
        if any(fields[3] == "0A" and fields[9] in inodes for fields in rows):
            listening[pid] = command
    assert len(listening) == 1
    assert " respond " in next(iter(listening.values()))


def sockets(pid: int) -> list[str]:
    names = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink()]
    return [name.removeprefix("socket:[").removesuffix("]") for name in names if name.startswith("socket:[")]


@pytest.mark.long
@pytest.mark.parametrize(
    ("victim", "moment"),
    [
        ("valkey-server", "job"),
        ("worker signer", "job"),
        ("worker publisher", "reply"),
        ("scheduler", "job"),
        ("respond", "reply"),
    ],
)
def test_system_heals_after_kill_9_of_each_process(system: Running, victim: str, moment: str) -> None:
    """Killed while a revocation is on its way: it is restarted and reported, what was asked is published, and at no
    moment is an answer expired or for another certificate, a CRL older, or what was seen revoked good.

    It dies when the message was sent (job), or when the signer has replied and publishing begins (reply).
    """
    watch, hold, id_ = system.watch(), next(c for c in system.certificates() if system.ocsp(c) == "GOOD"), uuid4().hex
    assert watch.look()
    (pid,) = [pid for pid, command in system.children().items() if victim in command and "leash" not in command]
    restarted = f"{victim.removesuffix('-server')}: started again"
    before = system.log.read_text().count(restarted)
    put_on_hold = ["revoke", serial(hold), "--issuer", issuer_name(system), "--reason", "certificateHold", "--id", id_]
    with system.command(*put_on_hold) as command:
        wait_for_message(system, id_, moment)
        os.kill(pid, signal.SIGKILL)
        until_seen(watch, lambda: system.log.read_text().count(restarted) > before)
        until_seen(watch, lambda: command.poll() is not None)
    code = command.returncode
    assert code in (0, 4, 5)
    if code == 5:
        until_seen(watch, lambda: system.revocast(*put_on_hold).returncode == 0, 120)
    until_seen(watch, lambda: {hold.serial_number} <= watch.revoked & watch.listed, 0 if code == 0 else 60)
    assert (system.ocsp(hold), system.on_crl(hold)) == ("REVOKED", True)
    released = system.revocast("release", serial(hold), "--issuer", issuer_name(system))
    assert released.returncode == 0, released.stderr
    assert (system.ocsp(hold), system.on_crl(hold)) == ("GOOD", False)
    with pytest.raises(AssertionError, match="gone from the CRL"):  # it would have noticed before the release
        watch.look()


def wait_for_message(system: Running, id_: str, moment: str) -> None:
    """Return within a millisecond of the message being sent, or replied to."""
    url = Installation.read(system.data / "revocast.toml").jobs.queue
    assert url
    keys = [f"reply:{id_}"] if moment == "reply" else [f"reply:{id_}", f"rq:job:{id_}"]
    deadline = time.monotonic() + 30
    with redis.Redis.from_url(url) as client:
        while not client.exists(*keys):
            assert time.monotonic() < deadline, "the message was not seen in the queue"
            time.sleep(0.001)


def until_seen(watch: HTTPWatch, true: Callable[[], object], seconds: float = 90) -> None:
    """Go on looking until it is true and everything is reachable; fails at what must not be seen, or at the end."""
    until(lambda: watch.look() and true(), seconds)


def answers(system: Running) -> bool:
    try:
        return system.ocsp(system.certificates()[0]) in ("GOOD", "REVOKED")
    except OSError:
        return False


def issuer_name(system: Running) -> str:
    return next(
        n for n in re.findall(r'^name = "(.*)"', (system.data / "revocast.toml").read_text(), re.M) if "issuing" in n
    )


@pytest.mark.long
def test_stopped_system_leaves_nothing_running_and_continues_where_it_was(tmp_path: Path) -> None:
    """Ctrl-C ends every process with exit code 0; started again, what was revoked is revoked."""
    system = Running(tmp_path / "data")
    certificate = system.certificates()[0]
    assert system.revocast("revoke", serial(certificate), "--issuer", issuer_name(system)).returncode == 0
    children = system.children()
    assert len(children) >= len(CHILDREN)
    assert system.stop() == 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    with running(tmp_path / "data") as again:
        assert again.ocsp(certificate) == "REVOKED"


@pytest.mark.long
def test_killed_supervisor_leaves_no_orphans(tmp_path: Path) -> None:
    """`kill -9` of the supervisor takes its processes with it, and the folder can be used again."""
    system = Running(tmp_path / "data")
    children = system.children()
    system.process.kill()
    system.process.wait()
    until(lambda: not [pid for pid in children if Path(f"/proc/{pid}").exists()])
    with running(tmp_path / "data") as again:
        assert answers(again)


def test_port_in_use_is_said_and_nothing_is_left_running(tmp_path: Path) -> None:
    """Exit 1 with the port in the message, before anything was made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [*REVOCAST, "up", "--data", str(tmp_path / "data"), "--port", port, "--once"]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    assert port in result.stderr
    assert not (tmp_path / "data/revocast.toml").exists()


def test_once_checks_from_outside_prints_the_report_and_stops(tmp_path: Path) -> None:
    """The first command of the README, with an end."""
    command = [*REVOCAST, "up", "--data", str(tmp_path / "data"), "--port", "0", "--once"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "OK" in result.stdout
