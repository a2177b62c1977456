"""`revocast up`: everything on this machine, from nothing, in one command that stays in the foreground.

It only supervises: each service is a process of its own, started from the same command table, with its own rights.
"""

import contextlib
import signal
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel, ConfigDict

from jobs.acme import ACME, acme_options, asked_for
from jobs.announce import announcement
from jobs.check import report
from jobs.findings import Level, worst
from jobs.first_start import prepare
from jobs.init import CONFIG_NAME, DEFAULT_HOST, DEFAULT_PORT
from jobs.interruption import interruptible
from jobs.lock import held
from jobs.port import usable_port
from jobs.private_folder import make_private
from jobs.registrar_fit import misfits
from jobs.running import Address, Running, bring_up
from jobs.stop import Stop
from jobs.supervisor import Stopped, Supervisor
from jobs.unlock import unlock
from revocation import cli
from revocation.configfile import ConfigFile
from revocation.installed import require_embedded


class _Listen(BaseModel):
    """Where [responder] says to listen: the only thing of that table that is of interest here."""

    model_config = ConfigDict(extra="ignore")

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT


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
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="For encrypted CA keys of --pki; without it they are asked for at each start.",
)
@click.option("--host", help="The address to listen on.  [default: as configured, 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="The port; 0 picks a free one.  [default: as configured, 8889]"
)
@acme_options
@click.option("--once", is_flag=True, help="Start, check everything from outside, print the report and stop.")
@click.pass_context
def up(
    context: click.Context,
    /,
    data: Path,
    pkis: tuple[Path, ...],
    passphrase_file: Path | None,
    host: str | None,
    port: int | None,
    *,
    once: bool,
    **acme: Any,
) -> None:
    """Start everything on this machine, from nothing if need be; stays in the foreground until Ctrl-C.

    Without --pki, the first start makes a small demonstration PKI, and with --acme a private CA of your own. Starting
    again continues where it was.

    Exit code 0: stopped as asked (with --once: the check was fine). 1: it could not run (with --once: or the check was
    not fine, or not made). 2: configuration, passphrase.
    """
    require_embedded("`revocast up`")
    wanted = asked_for(**acme)
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    with held(data / "up.lock", "`revocast up` on this folder"):
        address = _address(data, host, port, wanted)
        ends = (signal.SIGTERM, signal.SIGINT, *_hang_up())
        stop = Stop.on(*ends)
        try:
            with interruptible(*ends):
                base_url = wanted.status_url(address.port) if wanted else f"http://localhost:{address.port}"
                prepared = prepare(data, pkis, base_url, passphrase_file, wanted)
                unlocked = unlock(prepared.config)
        except KeyboardInterrupt:
            _say("told to stop before anything was started")
            _say("stopped")
            context.exit(1 if once else 0)
        for misfit in misfits(prepared.config):
            _say(misfit)
        for reason in unlocked.unusable:
            _say(f"a CA key cannot be used: {reason}")
        supervisor = Supervisor(make_private(data / "logs"), stop, _say)
        try:
            running = bring_up(prepared, address, unlocked, supervisor, stop)
            _tell_unreconciled(running)
            code = _once(running) if once else _serve(running)
        except Stopped:
            _say("told to stop before anything was checked" if once else "told to stop")
            code = 1 if once else 0
        finally:
            supervisor.stop()
            _say("stopped")
    context.exit(code)


def _address(data: Path, host: str | None, port: int | None, acme: ACME | None) -> Address:
    """Where to listen: as told, else as configured, else as usual. Raises PortInUse before anything is made."""
    config = data / CONFIG_NAME
    listen = ConfigFile.read(config).table("responder", _Listen) if config.exists() else _usual(acme)
    chosen_host = host or listen.host
    chosen_port = usable_port(chosen_host, listen.port if port is None else port)
    if port == 0:
        _say(f"port {chosen_port} is free and was chosen")
    return Address(chosen_host, chosen_port)


def _usual(acme: ACME | None) -> _Listen:
    """Where whoever reaches the registrar reaches the responder too; without one, this machine alone."""
    return _Listen(host=acme.everywhere) if acme else _Listen()


def _serve(running: Running) -> int:
    findings = running.until_published(_say)
    if worst(findings) is Level.OK:
        _say("everything is published and answers")
    else:
        with cli.unheard():
            report([finding for finding in findings if finding.level is not Level.OK], as_json=False)
        _say("not everything is as it should be; going on")
    _tell_not_imported(running)
    _tell_unreconciled(running)
    configured = running.installation.public.url("")
    if configured != running.base:
        _say(f"[public] says {configured}: relying parties that read URLs in certificates and CRLs ask there")
    scene = running.scene()
    with cli.unheard():
        click.echo("\n".join(("", *announcement(scene), "", "Ctrl-C stops everything.")))
    running.until_stopped()
    return 0


def _once(running: Running) -> int:
    findings = running.until_published(_say)
    with cli.unheard():
        report(findings, as_json=False)
    _tell_not_imported(running)
    _tell_unreconciled(running)
    return 0 if worst(findings) is Level.OK and not running.not_imported else 1


def _tell_not_imported(running: Running) -> None:
    for pki in running.not_imported:
        _say(f"{pki} could not be imported, and the reason stands above: what is served is what was known before")


def _tell_unreconciled(running: Running) -> None:
    """At once, and again at the end: what is published may answer for days, while nothing that is asked is done."""
    if why := running.why_unreconciled():
        _say(why)


def _hang_up() -> tuple[signal.Signals, ...]:
    """The end of the terminal, unless `nohup` says that this is to be outlived."""
    return () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)


def _say(line: str) -> None:
    """To whoever reads standard error; a pipe that nobody reads any more must not end what is supervised."""
    with contextlib.suppress(OSError):
        click.echo(f"revocast up: {line}", err=True)
