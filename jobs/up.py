"""`revocast up`: everything on this machine, from nothing, in one command that stays in the foreground.

It only supervises: each service is a process of its own, started from the same command table, with its own rights.
"""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from pydantic import BaseModel, ConfigDict

from jobs.announce import Scene, announcement
from jobs.check import report, run
from jobs.check_crl import look_at_crl
from jobs.check_marks import MarksFile
from jobs.check_plan import Plan
from jobs.findings import Finding, Level, worst
from jobs.first_start import Prepared, prepare
from jobs.init import CONFIG_NAME, DEFAULT_PORT
from jobs.installation import Installation
from jobs.lock import held
from jobs.port import usable_port
from jobs.private_folder import make_private
from jobs.samples import Sample, samples
from jobs.services import services
from jobs.supervisor import Stopped, Supervisor
from jobs.unlock import unlock
from jobs.valkey import valkey
from publisher.config import DirectoryTable
from revocation.clock import now as clock_now
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError

_PUBLISHED_SECONDS: Final = 90.0
_POLL_SECONDS: Final = 0.2
_SAMPLES_PER_ISSUER: Final = 10


class _Listen(BaseModel):
    """Where [responder] says to listen: the only thing of that table that is of interest here."""

    model_config = ConfigDict(extra="ignore")

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT


@dataclass(frozen=True)
class _Running:
    """A system that was started."""

    installation: Installation
    base: str
    samples: list[Sample]
    supervisor: Supervisor
    stop: threading.Event


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("revocast-data"),
    show_default=True,
    help="Where everything is kept.",
)
@click.option(
    "--pki",
    "pkis",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="An Easy-RSA or `openssl ca` folder to import; given again, what is new in it is added.",
)
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="For encrypted CA keys of --pki; without it they are asked for at each start.",
)
@click.option("--host", help="The address to listen on.  [default: as configured, 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="The port; 0 picks a free one.  [default: as configured, 8889]"
)
@click.option("--once", is_flag=True, help="Start, check everything from outside, print the report and stop.")
@click.pass_context
def up(
    context: click.Context,
    data: Path,
    pkis: tuple[Path, ...],
    passphrase_file: Path | None,
    host: str | None,
    port: int | None,
    *,
    once: bool,
) -> None:
    """Start everything on this machine, from nothing if need be; stays in the foreground until Ctrl-C.

    Without --pki, the first start makes a small demonstration PKI. Starting again continues where it was.

    Exit code 0: stopped as asked (with --once: the check was fine). 1: it could not run. 2: configuration, passphrase.
    """
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    with held(data / "up.lock", "`revocast up` on this folder"):
        host, port = _address(data, host, port)
        prepared = prepare(data, pkis, f"http://localhost:{port}", passphrase_file)
        passphrases = unlock(prepared.config)
        stop = _stop_event()
        supervisor = Supervisor(_logs(data), stop, _say)
        try:
            running = _start(prepared, host, port, passphrases, supervisor, stop)
            context.exit(_once(running) if once else _serve(running))
        except Stopped:
            _say("told to stop")
        finally:
            _say("stopping")
            supervisor.stop()
            _say("stopped")


def _address(data: Path, host: str | None, port: int | None) -> tuple[str, int]:
    """Where to listen: as told, else as configured, else as usual. Raises PortInUse before anything is made."""
    config = data / CONFIG_NAME
    listen = ConfigFile.read(config).table("responder", _Listen) if config.exists() else _Listen()
    chosen_host = host or listen.host
    chosen_port = usable_port(chosen_host, listen.port if port is None else port)
    if port == 0:
        _say(f"port {chosen_port} is free and was chosen")
    return chosen_host, chosen_port


def _start(
    prepared: Prepared, host: str, port: int, passphrases: bytes, supervisor: Supervisor, stop: threading.Event
) -> _Running:
    installation = Installation.read(prepared.config)
    if installation.jobs.queue is None:
        raise ConfigurationError("[jobs] names no queue", where=str(prepared.config), advice="set it to a unix:// path")
    if installation.jobs.queue.startswith("unix://"):
        supervisor.start(valkey(Path(installation.jobs.queue.removeprefix("unix://"))))
    supervisor.start(*services(prepared.config, host, port, passphrases))
    shown_host = "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0", "::") else host  # noqa: S104 - compared with
    base = f"http://{shown_host}:{port}{installation.public.prefix}/"
    found = samples(prepared.pkis, installation.public, clock_now(), _SAMPLES_PER_ISSUER)
    return _Running(installation, base, found, supervisor, stop)


def _serve(running: _Running) -> int:
    findings = _until_published(running)
    if running.stop.is_set():
        return 0
    if worst(findings) is Level.OK:
        _say("everything is published and answers\n")
    else:
        report([finding for finding in findings if finding.level is not Level.OK], as_json=False)
        _say("not everything is published yet; going on\n")
    for line in announcement(_scene(running)):
        click.echo(line)
    click.echo("\nCtrl-C stops everything.")
    while not running.stop.wait(_POLL_SECONDS):
        running.supervisor.tend()
    return 0


def _once(running: _Running) -> int:
    findings = _until_published(running)
    report(findings, as_json=False)
    return 0 if worst(findings) is Level.OK else 1


def _until_published(running: _Running) -> list[Finding]:
    """What `check` finds from outside, as soon as all is well, or when that took too long."""
    deadline = time.monotonic() + _PUBLISHED_SECONDS
    certificates = [sample.certificate for sample in running.samples]
    plan = Plan(running.installation.public, running.base, certificates)
    marks = MarksFile(running.installation.jobs.state)
    while True:
        findings = run(plan, marks, clock_now())
        if worst(findings) is Level.OK or time.monotonic() > deadline:
            return findings
        if running.stop.wait(_POLL_SECONDS):
            return findings
        running.supervisor.tend()


def _scene(running: _Running) -> Scene:
    targets = running.installation.targets().targets
    webroots = [target.path / "www" for target in targets if isinstance(target, DirectoryTable)]
    good = [sample for sample in running.samples if not _is_revoked(sample, running.base)]
    config = running.installation.path
    return Scene(running.installation.public, running.base, config, webroots[0] if webroots else None, good)


def _is_revoked(sample: Sample, base: str) -> bool:
    views = (
        look_at_crl(sample.profile, scope, base, None, clock_now(), seconds=10) for scope in sample.profile.crl.scopes
    )
    return any(view.crl is not None and sample.serial in view.crl.revoked for view in views)


def _logs(data: Path) -> Path:
    return make_private(data / "logs")


def _stop_event() -> threading.Event:
    stop = threading.Event()
    handler: Callable[..., None] = lambda *_: stop.set()  # noqa: E731
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, handler)
    return stop


def _say(line: str) -> None:
    click.echo(f"revocast up: {line}", err=True)
