"""A system that `revocast up` started: brought up, watched until everything is published, shown."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict

from jobs.acme_shown import acme_directories
from jobs.announce import Scene
from jobs.check import run
from jobs.check_crl import look_at_crl
from jobs.check_marks import MarksFile
from jobs.check_plan import Plan
from jobs.findings import Finding, Level, summary, worst
from jobs.first_start import Prepared
from jobs.installation import Installation
from jobs.samples import Sample, samples
from jobs.services import services
from jobs.stop import Stop
from jobs.supervisor import Stopped, Supervisor
from jobs.unlock import Unlocked
from jobs.unreconciled import why_unreconciled
from jobs.valkey import valkey
from publisher.config import DirectoryTable
from revocation.clock import now as clock_now
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, RevocastError

_PUBLISHED_SECONDS: Final = 90.0
_INCOMPLETE_SECONDS: Final = 20.0
"""The same where a CA key cannot be used: some of it may never be published."""

_VACANT_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.2
_TELL_SECONDS: Final = 10.0
_FETCH_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 5.0
_SAMPLES_PER_ISSUER: Final = 10
_LOCAL: Final = ("127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
_UNIX: Final = "unix://"
_Found = TypeVar("_Found")


class SocketInUse(RevocastError):
    """Another server listens on the socket of our queue."""


@dataclass(frozen=True)
class Running:
    """A system that was started.

    Attributes:
        installation: its configuration.
        base: the URL under which `crl/`, `issuer/` and `ocsp/` lie, ending in `/`.
        samples: certificates of its PKIs, to ask for.
        unusable: for each issuer whose CA key cannot be used, why.
        not_imported: the PKI folders of which the latest import failed: what was known before is served.
        supervisor: its processes.
        stop: set when it is to stop.
    """

    installation: Installation
    base: str
    samples: list[Sample]
    unusable: tuple[str, ...]
    not_imported: tuple[str, ...]
    supervisor: Supervisor
    stop: Stop

    def until_published(self, say: Callable[[str], None]) -> list[Finding]:
        """What `check` finds from outside, when all is well or that took too long; meanwhile says why not yet.

        Raises:
            Stopped: we were told to stop meanwhile.
        """
        deadline = time.monotonic() + (_INCOMPLETE_SECONDS if self.unusable else _PUBLISHED_SECONDS)
        tell_at = time.monotonic() + _TELL_SECONDS
        certificates = [sample.certificate for sample in self.samples]
        plan = Plan(self.installation.public, self.base, certificates, starting=True)
        marks = MarksFile(self.installation.jobs.state)
        while True:
            findings = self._meanwhile(lambda: run(plan, marks, clock_now()))
            if worst(findings) is Level.OK or time.monotonic() > deadline:
                return findings
            if time.monotonic() > tell_at:
                keys = "".join(f"; a CA key cannot be used: {reason}" for reason in self.unusable)
                say(f"not everything answers yet: {summary(findings)}{keys}")
                tell_at = time.monotonic() + _TELL_SECONDS
            self._tend()

    def until_stopped(self) -> None:
        """Restart what dies, until we are told to stop."""
        with contextlib.suppress(Stopped):
            while True:
                self._tend()

    def scene(self) -> Scene:
        """What there is to show, with certificates that are good.

        Raises:
            Stopped: we were told to stop meanwhile.
        """
        targets = self.installation.targets().targets
        webroots = [target.path / "www" for target in targets if isinstance(target, DirectoryTable)]
        revoked = self._meanwhile(self._revoked)
        good = [sample for sample in self.samples if (sample.profile.issuer.id, sample.serial) not in revoked]
        webroot = webroots[0] if webroots else None
        directories = acme_directories(self.installation.path)
        return Scene(self.installation.public, self.base, self.installation.path, webroot, good, directories)

    def why_unreconciled(self) -> str:
        """What the signer waits for where its ledger was restored, and what to type; else empty.

        Raises:
            Stopped: we were told to stop meanwhile.
        """
        return self._meanwhile(lambda: why_unreconciled(self.installation, clock_now(), _ANSWER_SECONDS))

    def _revoked(self) -> set[tuple[str, bytes]]:
        """Which samples a CRL lists, by issuer id and serial; each CRL is fetched once."""
        found = set()
        for spec in (
            spec for profile in self.installation.public.profiles.values() for spec in profile.complete_crls.values()
        ):
            crl = look_at_crl(spec, self.base, None, clock_now(), _FETCH_SECONDS).crl
            wanted = {sample.serial for sample in self.samples if sample.profile.issuer.id == spec.issuer.id}
            found |= {(spec.issuer.id, serial) for serial in wanted if crl is not None and serial in crl.revoked}
        return found

    def _meanwhile(self, look: Callable[[], _Found]) -> _Found:
        """What a look from outside finds: a server of ours that hangs keeps it waiting, and us from nothing."""
        done = threading.Event()
        looking: Future[_Found] = Future()

        def work() -> None:
            try:
                looking.set_result(look())
            except BaseException as error:  # goes on where it is waited for
                looking.set_exception(error)
            done.set()

        threading.Thread(target=work, name="look", daemon=True).start()
        while not done.wait(_POLL_SECONDS / 2):
            self._tend()
        return looking.result()

    def _tend(self) -> None:
        if self.stop.wait(_POLL_SECONDS):
            raise Stopped
        self.supervisor.tend()


class _Responder(BaseModel):
    """Of [responder], who serves the files."""

    model_config = ConfigDict(extra="ignore")

    files: str | None = None


@dataclass(frozen=True)
class Address:
    """Where the HTTP server listens."""

    host: str
    port: int


def bring_up(prepared: Prepared, address: Address, unlocked: Unlocked, supervisor: Supervisor, stop: Stop) -> Running:
    """Start every process, the queue first.

    Raises:
        ConfigurationError, DidNotStart: one did not start; its own words are in the message.
        SocketInUse: somebody else's server has the queue's socket.
        Stopped: we were told to stop meanwhile.
    """
    installation = Installation.read(prepared.config)
    queue = installation.jobs.queue
    if queue is None:
        raise ConfigurationError("[jobs] names no queue", where=str(prepared.config), advice="set it to a unix:// path")
    if queue.startswith(_UNIX):
        socket_path = Path(queue.removeprefix(_UNIX))
        _require_vacant(socket_path)
        supervisor.start(valkey(socket_path))
    wanted = services(
        prepared.config,
        address.host,
        address.port,
        unlocked.passphrases,
        has_registrar=installation.has_registrar,
    )
    supervisor.start(*wanted)
    found = samples(prepared.pkis, installation.public, clock_now(), _SAMPLES_PER_ISSUER)
    return Running(
        installation, _base(installation, address), found, unlocked.unusable, prepared.not_imported, supervisor, stop
    )


def _base(installation: Installation, address: Address) -> str:
    """Where all can be asked for: our own server, or the web server that has the files and hands OCSP on to it."""
    if ConfigFile.read(installation.path).table("responder", _Responder).files is None:
        return installation.public.url("")
    shown_host = "localhost" if address.host in _LOCAL else address.host
    return f"http://{shown_host}:{address.port}{installation.public.prefix}/"


def _require_vacant(path: Path) -> None:
    """Return when nobody listens: the server of a supervisor that was just killed needs a moment to end."""
    deadline = time.monotonic() + _VACANT_SECONDS
    while _is_answered(path):
        if time.monotonic() > deadline:
            raise SocketInUse("another server listens there", where=str(path), advice="stop it, or name another queue")
        time.sleep(_POLL_SECONDS)


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
