"""An installation whose services are processes, each with its own user of one queue server and a file of its own."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.x509 import ocsp

from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.clock import now
from tests.authority import Authority
from tests.estate import Estate
from tests.infra.valkey_users import GuardedServer
from tests.responder.asking import request
from tests.responder.running import ready, respond

REVOCAST = [sys.executable, "-P", "-m", "revocation"]
SERIALS = (1, 2)
_LMDB = 'name = "responses"\nkind = "lmdb"\npath = "store"\n'
_RESPONDER = """
[public]
base_url = "http://crl.example"
[[public.issuers]]
name = "test"
certificates = ["ca.pem"]
[responder]
port = 0
[responder.redis]
"""

Queue = Callable[[str], str]
"""The URL of the queue for a user."""
Behind = Callable[[str, list[str]], list[str]]
"""A service's name and command, and what is run for it."""


class SplitSite:
    """The files of a signer, a publisher, a scheduler, an operator and a responder, with two certificates known.

    Args:
        queue: says which URL a user has for its queue.
        store: the lines that name the server with the responses; without the user.
        behind: what a service's command is put behind, such as a filter of system calls.

    Attributes:
        environments: variables of a service's processes besides those of here; may be changed while they are down.
    """

    def __init__(
        self, folder: Path, server: GuardedServer, queue: Queue, store: str, behind: Behind = lambda _, command: command
    ) -> None:
        self._server = server
        self._behind = behind
        self.environments: dict[str, dict[str, str]] = {}
        self._store = store
        self.authority = Authority(days=7300)
        self.issuer = self.authority.issuer()
        self.estate = Estate.build(folder, authority=self.authority)
        public, rest = (folder / "revocast.toml").read_text().split("[signer]\n")
        signer, rest = rest.split("[publisher]\n")
        publisher = rest.partition("[responder]")[0]
        reading = f"{public}[publisher]\n{publisher.replace(_LMDB, self._target('responder'))}"
        jobs = '[jobs]\nrequester = "operator"\nrequester_key = "operator.key"\n'
        files = {
            "signer": f'{public}[signer]\nqueue = "{queue("signer")}"\n{signer}',
            "publisher": f'{public}[publisher]\nqueue = "{queue("publisher")}"\n'
            + publisher.replace(_LMDB, self._target("publisher")),
            "scheduler": f'{reading}{jobs}queue = "{queue("scheduler")}"\n',
            "operator": f'{reading}{jobs}queue = "{queue("operator")}"\n',
            "responder": _RESPONDER + self._table("responder"),
        }
        for name, content in files.items():
            self.config(name).write_text(content)
        self.estate.register(self.estate.signer(now()), SERIALS, now())

    def config(self, name: str) -> Path:
        """The file of a service."""
        return self.estate.folder / f"{name}.toml"

    def revocast(self, user: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command with that service's file."""
        command = [*REVOCAST, *arguments, "--config", str(self.config(user))]
        environment = self._environment(user)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)

    @contextmanager
    def services(self) -> Iterator[str]:
        """All of them, running and ready; the URL of the responder."""
        commands: Mapping[str, tuple[str, ...]] = {
            "signer": ("worker", "signer"),
            "publisher": ("worker", "publisher"),
            "scheduler": ("scheduler",),
        }
        started = []
        try:
            for user, command in commands.items():
                started.append(self._start(user, *command))
            more = self.environments.get("responder")
            with ready(respond(self.config("responder"), environment=more)) as responder:
                yield responder.url
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.communicate(timeout=60)

    @contextmanager
    def running(self, user: str, *command: str) -> Iterator[None]:
        """One more process, ready, with that service's file."""
        process = self._start(user, *command)
        try:
            yield
        finally:
            process.terminate()
            process.communicate(timeout=60)

    def ask(self, url: str, serial: int) -> str:
        """What the responder says of a certificate: its status, or why it says none."""
        cert_id = CertID.of(self.issuer, serials.from_int(serial), CertIDHash.SHA256)
        asked = urllib.request.Request(f"{url}/ocsp/", request(cert_id), {"Content-Type": "application/ocsp-request"})
        with urllib.request.urlopen(asked, timeout=20) as reply:
            answer = ocsp.load_der_ocsp_response(reply.read())
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return answer.response_status.name
        status: str = answer.certificate_status.name
        return status

    def log(self, user: str) -> str:
        """What a service said."""
        return (self.estate.folder / f"{user}.log").read_text()

    def _start(self, user: str, *command: str) -> "subprocess.Popen[str]":
        with (self.estate.folder / f"{user}.log").open("w") as log:
            whole = self._behind(user, [*REVOCAST, *command, "--config", str(self.config(user))])
            environment = self._environment(user)
            process = subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        assert process.stdout
        assert process.stdout.readline() == "ready\n", self.log(user)
        return process

    def _environment(self, user: str) -> dict[str, str]:
        return {**os.environ, **self.environments.get(user, {})}

    def _target(self, user: str) -> str:
        return f'name = "responses"\nkind = "redis"\n{self._table(user)}'

    def _table(self, user: str) -> str:
        password = self._server.passwords / f"{user}.password"
        return f'{self._store}user = "{user}"\npassword = "file:{password}"\n'
