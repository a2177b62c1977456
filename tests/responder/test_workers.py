"""The processes of a responder: what becomes of it and of what it tells when they hang, die or are stopped."""

import os
import signal
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from revocation import clock
from tests.authority import Authority
from tests.responder.asking import VERSION_1, request
from tests.responder.filling import GOOD, Filling
from tests.responder.running import Running, running
from tests.responder.scraping import ANSWERS, FAST, TWO, configured, fetch, post, scrape
from tests.waiting import until


@pytest.fixture(scope="module")
def filling() -> Filling:
    """An issuer of today, since the process reads the clock."""
    return Filling(Authority(not_before=clock.now() - timedelta(days=3)))


def children(server: Running) -> list[int]:
    """Those of the process."""
    pid = server.process.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.long
@pytest.mark.parametrize(("kind", "count"), [(FAST, 1), (TWO, 2)], ids=["one", "two"])
def test_not_ready_while_nobody_answers_the_public(tmp_path: Path, filling: Filling, kind: str, count: int) -> None:
    """All workers hang, which ends none of them: a load balancer hears of it, and when they go on."""
    with running(configured(tmp_path, filling, kind)) as server:
        until(lambda: len(listeners(server)) == count)
        workers = listeners(server)
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        try:
            assert fetch(server.admin_port, "/readyz")[::2] == (
                503,
                "not ready: the public address does not answer: timed out\n",
            )
            assert scrape(server.admin_port)["revocast_ready"] == 0
        finally:
            for pid in workers:
                os.kill(pid, signal.SIGCONT)
        assert fetch(server.admin_port, "/readyz")[::2] == (200, "ready\n")


def listeners(server: Running) -> list[int]:
    """The processes that listen for the public."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{server.port:04X}") and row[3] == "0A"}
    files = {pid: [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()] for pid in children(server)}
    return [pid for pid in files if sockets.intersection(files[pid])]


def test_server_that_cannot_be_kept_alive_ends_it_all(tmp_path: Path, filling: Filling) -> None:
    """Another program took the port of one that died: whoever supervises the responder learns it by the exit code."""
    with running(configured(tmp_path, filling, FAST)) as server:
        (worker,) = listeners(server)
        os.kill(worker, signal.SIGKILL)
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            until(lambda: not _connects(server.port))
            taken.bind(("127.0.0.1", server.port))
            taken.listen()
            assert fetch(server.admin_port, "/readyz")[0] == 503
            assert server.process.wait(40) == 1
        assert server.process.stderr
        assert "5 times in a row" in server.process.stderr.read()


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except (ConnectionRefusedError, ConnectionResetError):  # reset: it was just going
        return False
    return True


def test_counts_outlive_the_workers(tmp_path: Path, filling: Filling) -> None:
    """Each of three children dies once, the one that tells included: nothing that was counted is lost."""
    known = request(filling.cert_id(GOOD))
    name = ANSWERS.format("POST", "response", "sha256")
    with running(configured(tmp_path, filling, TWO)) as server:
        for _ in range(20):
            post(server, known)
        first = children(server)
        assert len(first) == 3
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(set(children(server)) - set(first)) == 3)
        until(lambda: _answers(server))
        assert scrape(server.admin_port)[name] == 20
        for _ in range(20):
            post(server, known)
        assert scrape(server.admin_port)[name] == 40
        assert scrape(server.admin_port)["revocast_worker_restarts_total"] == 3


def _answers(server: Running) -> bool:
    try:
        return fetch(server.admin_port, "/healthz")[0] == fetch(server.port, "/healthz")[0] == 200
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_behind(tmp_path: Path, filling: Filling, number: signal.Signals) -> None:
    """However the first one ends, each of its three goes with it."""
    with running(configured(tmp_path, filling, TWO)) as server:
        left = children(server)
        server.process.send_signal(number)
        server.process.wait(20)
        until(lambda: not any(_lives(pid) for pid in left), 10)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_both_workers_answer(tmp_path: Path, filling: Filling) -> None:
    """Connections are shared out between them, and each has its own process to answer in."""
    with running(configured(tmp_path, filling, TWO)) as server:
        for _ in range(200):
            post(server, b"")
        ticks = [sum(map(int, Path(f"/proc/{pid}/schedstat").read_text().split()[:1])) for pid in children(server)]
        for _ in range(400):
            post(server, request(filling.cert_id(GOOD), before=VERSION_1))
        after = [sum(map(int, Path(f"/proc/{pid}/schedstat").read_text().split()[:1])) for pid in children(server)]
        assert sum(later > sooner for sooner, later in zip(ticks, after, strict=True)) >= 2
