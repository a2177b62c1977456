"""All of it, running: three servers, two of each service, an nginx before each responder, and links between them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from jobs.courier import QueueCourier
from revocation import clock
from revocation.messages import Message, Reply, RequesterKey, Revoke, Verb, compose
from tests.authority import Authority
from tests.e2e.configuration import EDGES, Setting, environment, write
from tests.e2e.linked import Links, Upstream
from tests.e2e.pki import PKI
from tests.e2e.process import Program
from tests.e2e.servers import Servers
from tests.infra.running_nginx import configuration, free_port
from tests.responder.tlsproxy import issue
from tests.waiting import until_listening

REVOCAST: Final = [sys.executable, "-P", "-m", "revocation"]
_COMMANDS: Final = {
    "signer": ("worker", "signer"),
    "publisher": ("worker", "publisher"),
    "scheduler": ("scheduler",),
    "responder": ("respond",),
}
_REACHES: Final = {
    "signer": ("valkey", "postgresql", "s3"),
    "publisher": ("valkey", "s3"),
    "scheduler": ("valkey",),
    "responder": ("valkey",),
}
SERVICES: Final = tuple(f"{service}-{number}" for service in _COMMANDS for number in EDGES)


class Site:
    """Everything in a folder.

    Args:
        windows: lines for [public], in every service's file.

    Attributes:
        programs: services and web servers by name.
    """

    def __init__(self, folder: Path, pki: PKI, windows: str = "") -> None:
        self.folder, self.pki = folder, pki
        self.operator = RequesterKey.generate()
        self._windows = windows
        self._own = {f"{kind}-{edge}": free_port() for kind in ("web", "responder") for edge in EDGES}
        self.programs: dict[str, Program] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.servers = stack.enter_context(Servers(self.folder))
            authority = Authority("TLS CA", not_before=clock.now() - timedelta(days=1))
            tls_ca = authority.write(self.folder / "tls-ca.pem")
            certificate = issue(authority, self.folder, "server")
            encrypted = frozenset({"valkey"})  # the others have TLS of their own, or none
            self.links = stack.enter_context(Links(self.folder, self._upstreams(), encrypted, certificate))
            ports = {**self.links.ports, **self._own}
            self.setting = Setting(
                self.folder, self.pki, self.servers, ports, tls_ca, self.operator.public, self._windows
            )
            self._make()
            stack.callback(self._end)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start every program at once, in no order, and wait until each is ready."""
        for program in self.programs.values():
            program.start()
        for program in self.programs.values():
            program.await_ready()

    def web(self, edge: str) -> int:
        """The port of an edge's web server."""
        return self.setting.ports[f"web-{edge}"]

    def revocast(self, name: str, *arguments: str, seconds: float = 600) -> "subprocess.CompletedProcess[str]":
        """A command as one of the services or as the operator, with what that has and no more."""
        command = [*REVOCAST, *arguments]
        environ = environment(self.setting, name, os.environ["PATH"])
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, env=environ)

    def ask(self, message: Message, seconds: float) -> Reply:
        """The signer's reply to the operator's message, over the operator's user of the queue.

        Raises:
            NoAnswer: none came in time.
        """
        password, port = self.servers.valkey.password("operator"), self.setting.ports["operator:valkey"]
        url = f"rediss://operator:{password}@127.0.0.1:{port}/0?ssl_ca_certs={self.setting.tls_ca}"
        (reply,) = QueueCourier(url).ask([message], seconds)
        return reply

    def revocation(self, serial: int, reason: str) -> Message:
        """The operator's message that revokes a certificate."""
        body = Revoke(issuer="example-ca", serial=f"{serial:X}".zfill(2), reason=reason)
        return self.operator.sign(compose(Verb.REVOKE, body, clock.now(), requester="operator"))

    def _upstreams(self) -> dict[str, Upstream]:
        places: dict[str, Upstream] = {
            "valkey": str(self.servers.valkey.socket),
            "postgresql": self.servers.database_port,
            "s3": self.servers.s3.port,
        }
        links = {
            f"{service}-{edge}:{server}": places[server]
            for service, reached in _REACHES.items()
            for edge in EDGES
            for server in reached
            if (service, edge) != ("responder", "2")  # its store is on its own host
        }
        webs: dict[str, Upstream] = {f"web-{edge}:responder": self._own[f"responder-{edge}"] for edge in EDGES}
        return {**links, **webs, "operator:valkey": places["valkey"]}

    def _make(self) -> None:
        for name in (*SERVICES, "operator"):
            write(self.setting, name)
        self.operator.save(self.setting.home("operator") / "operator.key")
        for name in SERVICES:
            command = [*REVOCAST, *_COMMANDS[name.partition("-")[0]]]
            variables = environment(self.setting, name, os.environ["PATH"])
            self.programs[name] = Program(name, command, variables, self.folder / f"{name}.log")
        for edge in EDGES:
            self.programs[f"web-{edge}"] = self._web(edge)

    def _web(self, edge: str) -> Program:
        """An nginx with the shipped configuration, before the responder of its host and the publisher's directory."""
        home = self.setting.home(f"web-{edge}")
        (home / "public").parent.mkdir(parents=True, exist_ok=True)
        (home / "public").symlink_to(self.setting.home(f"publisher-{edge}") / "public")
        port = self.web(edge)
        main = configuration(home, port, self.setting.ports[f"web-{edge}:responder"])
        command = [str(shutil.which("nginx")), "-c", str(main), "-e", str(home / "error.log")]
        return Program(f"web-{edge}", command, dict(os.environ), self.folder / f"web-{edge}.log", listens(port))

    def _end(self) -> None:
        for program in self.programs.values():
            program.kill()


def listens(port: int) -> Callable[[], bool]:
    """Whether something takes connections there."""

    def does() -> bool:
        try:
            until_listening(port, 0)
        except AssertionError:
            return False
        return True

    return does


@contextmanager
def running(folder: Path, pki: PKI, windows: str = "") -> Iterator[Site]:
    """A site whose programs are all ready, with nothing in its ledger yet."""
    with Site(folder, pki, windows) as site:
        site.start()
        yield site
