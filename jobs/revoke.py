"""`revocast revoke`, `release` and `raise`: what becomes of one certificate, and waiting until it is published."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from jobs.certified_name import telling_of_common_names
from jobs.change import Ask, change
from jobs.installation import Installation
from jobs.moment import Moment
from jobs.subject import Named, Subject, named, subject
from revocation import cli
from revocation.errors import InputError
from revocation.messages import Raise, Release, Revoke, Verb, fill
from revocation.status import Reason

_ID: Final = re.compile(r"[0-9a-f]{32}")
_Command = TypeVar("_Command", bound=Callable[..., Any])

_CODES = """

    Exit code 0: published. 4: recorded, but not published yet. 1: refused. 5: no answer: ask again with the printed
    --id. 2: bad input or configuration.
    """


def message_id(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """The id that an option gives, if it is one."""
    if value is not None and not _ID.fullmatch(value):
        raise click.BadParameter("an id has 32 hexadecimal digits, in lower case", context, option)
    return value


def _options(command: _Command) -> _Command:
    for option in (
        cli.json_option,
        cli.config_option,
        click.option("--no-queue", is_flag=True, help="Start a signer for this, even where a queue is configured."),
        click.option(
            "--timeout", default=60.0, show_default=True, type=click.FloatRange(min=0.1), help="Seconds to wait in all."
        ),
        click.option(
            "--id", "id_", callback=message_id, help="Ask again with the id of an earlier message: it is done once."
        ),
        click.option("--cert", type=click.Path(path_type=Path, dir_okay=False), help="The certificate itself."),
        click.option("--issuer", help="Its issuer; needed with a serial where several are configured."),
        click.argument("serial", required=False),
    ):
        command = option(command)
    return command


@click.command(epilog=_CODES)
@_options
@click.option("--name", help="A name that it was issued for: host.example, an address, cn:Carol (a common name).")
@click.option("--all", "takes_all", is_flag=True, help="Each of them, where several have the name.")
@click.option("--reason", default="unspecified", show_default=True, help="Such as keyCompromise or superseded.")
@click.option("--invalidity-date", type=Moment(), help="Since when the key is suspected to be compromised.")
@click.option("--revoked-at", type=Moment(), help="The revocation date, when it is not now.")
def revoke(
    serial: str | None,
    issuer: str | None,
    cert: Path | None,
    name: str | None,
    takes_all: bool,
    reason: str,
    invalidity_date: datetime | None,
    revoked_at: datetime | None,
    **ask: Any,
) -> None:
    """Revoke a certificate, by its serial (hexadecimal), with --cert or by --name, and wait until it is published."""
    why = Reason.parse(reason)
    asked = Ask(**ask)
    installation = Installation.read(asked.config)
    if takes_all and name is None:
        raise InputError("--all is for certificates of a --name")
    with telling_of_common_names(name):
        which = _which(installation, serial, issuer, cert, name)
    body = fill(
        Revoke,
        issuer=which.profile.issuer.id,
        serial=which.serial_hex if isinstance(which, Subject) else None,
        name=which.name if isinstance(which, Named) else None,
        all=takes_all,
        reason=why.name,
        revoked_at=revoked_at,
        invalidity_date=invalidity_date,
    )
    with telling_of_common_names(name):
        change(installation, asked, which, (Verb.REVOKE, body), why)


def _which(
    installation: Installation, serial: str | None, issuer: str | None, cert: Path | None, name: str | None
) -> Subject | Named:
    if name is None:
        return subject(installation.public, serial, issuer, cert)
    if serial is not None or cert is not None:
        raise InputError("name the certificate by its serial, with --cert FILE, or by --name, and by one of them")
    return named(installation, name, issuer)


@click.command(epilog=_CODES)
@_options
def release(serial: str | None, issuer: str | None, cert: Path | None, **ask: Any) -> None:
    """Release a certificate from certificateHold, and wait until it is published as good."""
    asked = Ask(**ask)
    installation = Installation.read(asked.config)
    which = subject(installation.public, serial, issuer, cert)
    body = fill(Release, issuer=which.profile.issuer.id, serial=which.serial_hex)
    change(installation, asked, which, (Verb.RELEASE, body), None)


@click.command("raise", epilog=_CODES)
@_options
@click.option(
    "--reason",
    default="keyCompromise",
    show_default=True,
    help="Such as cACompromise; where none was given so far, any.",
)
@click.option("--invalidity-date", type=Moment(), help="Since when the key is suspected to be compromised.")
@click.option("--revoked-at", type=Moment(), help="An earlier revocation date; the same as before when left out.")
def raise_(
    serial: str | None,
    issuer: str | None,
    cert: Path | None,
    reason: str,
    invalidity_date: datetime | None,
    revoked_at: datetime | None,
    **ask: Any,
) -> None:
    """Say of a revoked certificate that its key is compromised, perhaps since before its revocation.

    Its reason changes, and its revocation date may move back. Where it was revoked without a reason (unspecified), one
    may be given, and the date stays. Waits until that is published.
    """
    why = Reason.parse(reason)
    asked = Ask(**ask)
    installation = Installation.read(asked.config)
    which = subject(installation.public, serial, issuer, cert)
    body = fill(
        Raise,
        issuer=which.profile.issuer.id,
        serial=which.serial_hex,
        reason=why.name,
        revoked_at=revoked_at,
        invalidity_date=invalidity_date,
    )
    change(installation, asked, which, (Verb.RAISE, body), why, revoked_at)
