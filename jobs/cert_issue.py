"""`revocast cert issue`: have a certificate issued, and say "done" when relying parties are answered for it."""

import base64
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from jobs import subscriber_key
from jobs.change import Ask, await_evidence, how_to_go_on, interrupted, problems_of, publish_here, signed
from jobs.courier import courier
from jobs.evidence import unanswered
from jobs.installation import Installation
from jobs.interruption import interruptible
from jobs.issued import certificate_of, names_of, read_request
from jobs.moment import Moment
from jobs.revoke import message_id
from jobs.signer_process import SignerProcess
from jobs.subject import the_issuer
from jobs.terminal import printable
from jobs.word import require_done
from revocation import cli, serials
from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.durable import write_new
from revocation.errors import InputError, NoAnswer, Refused, RevocastError
from revocation.messages import Issue, Message, Reply, Verb, fill
from revocation.messages.bodies import MOST_DAYS

_CODES: Final = """

    Exit code 0: issued, and answered for by OCSP. 4: issued and written, and not answered for yet. 1: refused. 5: no
    answer: ask again with the printed --id. 2: bad input or configuration.
    """


@dataclass(frozen=True)
class _Wanted:
    """What is asked for.

    Attributes:
        request: DER.
        key: where a key was made for it; None where the request was there.
    """

    profile: IssuerProfile
    body: Issue
    request: bytes
    out: Path
    key: Path | None
    with_issuer: bool


@click.command(epilog=_CODES)
@click.option("--issuer", help="Who issues it; needed where several are configured.")
@click.option("--profile", required=True, help="As in [signer.issuers.issuance], such as server.")
@click.option("--csr", type=click.Path(path_type=Path, dir_okay=False), help="A request (PKCS #10), PEM or DER.")
@click.option("--key-out", type=click.Path(path_type=Path, dir_okay=False), help="Make a key here, in a new file.")
@click.option(
    "--key-kind", type=click.Choice(list(subscriber_key.KINDS)), default="p256", show_default=True, help="Of that key."
)
@click.option("--name", "names", multiple=True, help="dns:HOST, ip:ADDRESS, email:MAILBOX or uri:URI; several times.")
@click.option("--subject", help='Such as "CN=Alice", where the profile lets you say it.')
@click.option("--days", type=click.IntRange(1, MOST_DAYS), help="How long it lasts; else as the profile says.")
@click.option("--not-before", type=Moment(), help="When it begins; else an hour ago.")
@click.option("--not-after", type=Moment(), help="When it ends, in place of --days.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The certificate, PEM.")
@click.option("--with-issuer", is_flag=True, help="Put the issuer's certificate behind it, as servers want it.")
@click.option("--asked-by", help="Whom you ask for: for the audit log.")
@click.option("--no-publish-wait", is_flag=True, help="Do not wait until OCSP answers for it.")
@click.option("--id", "id_", callback=message_id, help="Ask again with the id of an earlier message: it is done once.")
@click.option("--timeout", default=60.0, show_default=True, type=click.FloatRange(min=0.1), help="Seconds in all.")
@click.option("--no-queue", is_flag=True, help="Start a signer for this, even where a queue is configured.")
@cli.config_option
@cli.json_option
def issue(
    issuer: str | None,
    csr: Path | None,
    key_out: Path | None,
    key_kind: str,
    out: Path,
    with_issuer: bool,
    no_publish_wait: bool,
    **more: Any,
) -> None:
    """Have a certificate issued for the key of a request, or for one that is made here.

    The signer decides what stands in it. It is written once the signer has issued it; then this waits until relying
    parties are answered that it is good.
    """
    if csr is not None and key_out is not None:
        raise InputError("name a request with --csr, or where to make a key with --key-out, and not both")
    asked = Ask(**{name: more.pop(name) for name in ("config", "id_", "timeout", "no_queue", "as_json")})
    installation = Installation.read(asked.config)
    profile = the_issuer(installation.public, issuer, "a profile")
    _require_free(out, asked)
    _require_apart(out, csr, key_out)
    request = _request(csr, key_out, key_kind)
    with _key_taken_back(key_out, InputError):
        body = _body(profile, request, **more)
        wanted = _Wanted(profile, body, request, out, key_out, with_issuer)
        message = signed(installation, asked, (Verb.ISSUE, body))
    _issue(installation, asked, wanted, message, waits=not no_publish_wait)


def _issue(installation: Installation, asked: Ask, wanted: _Wanted, message: Message, *, waits: bool) -> None:
    started = time.monotonic()
    chosen = courier(installation.path, installation.jobs, no_queue=asked.no_queue)
    if sys.stderr.isatty():
        click.echo(f"asking the signer; to ask the same again, whatever happens: --id {message.id}", err=True)
    reply: Reply | None = None
    try:
        with interruptible(signal.SIGTERM):
            (reply,) = chosen.ask([message], asked.timeout)
            with _key_taken_back(wanted.key, Refused):
                require_done(reply, f"issuer {wanted.profile.issuer.name}")
            found = certificate_of(reply, wanted.profile, wanted.request, wanted.body.names)
            _write(wanted, found, message)
            if isinstance(chosen, SignerProcess) and installation.publisher is not None and waits:
                publish_here(installation, message)
            if waits:
                nobody_else_makes_it = isinstance(chosen, SignerProcess) and problems_of(reply)
                deadline = started if nobody_else_makes_it else started + asked.timeout
                lacks = partial(_unanswered, installation, wanted.profile, found)
                await_evidence(installation, lacks, message, reply, deadline)
    except NoAnswer as error:
        error.advice = f"{how_to_go_on(message, error, chosen)}{_with_request(wanted)}"
        raise
    except KeyboardInterrupt:
        raise interrupted(message, replied=reply is not None) from None
    with cli.telling(f"issued: {wanted.out} (message {message.id})"):
        _print(asked, wanted, message, found, time.monotonic() - started, waited=waits)


def _unanswered(
    installation: Installation, profile: IssuerProfile, certificate: x509.Certificate, now: datetime
) -> str | None:
    return unanswered(installation, profile, serials.from_int(certificate.serial_number), now)


def _body(certifier: IssuerProfile, request: bytes, *, days: int | None, names: tuple[str, ...], **more: Any) -> Issue:
    """With a duration and no end, so that the same command asks the same again."""
    if days is not None and more["not_after"] is not None:
        raise InputError("say --days or --not-after, and not both")
    lasts = int(timedelta(days=days).total_seconds()) if days is not None else None
    said = {"csr": base64.b64encode(request).decode(), "names": names, "lasts": lasts, **more}
    return fill(Issue, issuer=certifier.issuer.id, **said)


def _request(csr: Path | None, key_out: Path | None, kind: str) -> bytes:
    """DER of the request."""
    if csr is not None:
        return read_request(csr)
    if key_out is None:
        raise InputError("name a request with --csr, or where to make a key with --key-out")
    return subscriber_key.make_key(key_out, kind)


@contextmanager
def _key_taken_back(key: Path | None, by: type[RevocastError]) -> Iterator[None]:
    """Within, such an error means that the key that was made is certified for certain not: it goes again."""
    try:
        yield
    except by:
        if key is not None:
            subscriber_key.take_back(key)
        raise


def _require_free(out: Path, asked: Ask) -> None:
    """Before anything is asked for; who asks again may have it there already."""
    if out.exists() and asked.id_ is None:
        raise InputError("is there already, and is not written over", where=str(out), advice="another --out")
    if not out.absolute().parent.is_dir():
        raise InputError("its folder is not there", where=str(out), advice="make it, or choose another --out")


def _require_apart(out: Path, csr: Path | None, key_out: Path | None) -> None:
    """Before anything is asked for: a certificate that cannot be written is issued all the same."""
    others = [csr] if csr else [key_out, subscriber_key.request_beside(key_out)] if key_out else []
    if other := next((one for one in others if one.resolve() == out.resolve()), None):
        what = "the key" if other is key_out else "the request"
        raise InputError(f"is where {what} is to lie too", where=str(out), advice="another --out")


def _write(wanted: _Wanted, certificate: x509.Certificate, message: Message) -> None:
    """The certificate, for all to read; what is there already is the same."""
    pem = certificate.public_bytes(Encoding.PEM)
    if wanted.with_issuer:
        pem += wanted.profile.issuer.certificates[0].public_bytes(Encoding.PEM)
    issued = f"certificate {serials.to_hex(serials.from_int(certificate.serial_number))} is issued"
    again = f"ask again with --id {message.id}{_with_request(wanted)}"
    where = str(wanted.out)
    try:
        write_new(wanted.out, pem, 0o644)
    except FileExistsError as error:
        if wanted.out.read_bytes() != pem:
            what = f"{issued}, and something else is there, which is not written over"
            raise InputError(what, where=where, advice=f"{again}, and another --out") from error
    except OSError as error:
        what = f"{issued}, and cannot be written: {error.strerror}"
        raise InputError(what, where=where, advice=f"see to room and rights there, then {again}") from error


def _with_request(wanted: _Wanted) -> str:
    """A key that was made is there: it is asked for again with its request."""
    return f", and with --csr {subscriber_key.request_beside(wanted.key)} in place of --key-out" if wanted.key else ""


def _print(
    asked: Ask, wanted: _Wanted, message: Message, certificate: x509.Certificate, seconds: float, *, waited: bool
) -> None:
    serial = serials.to_hex(serials.from_int(certificate.serial_number))
    said = {
        "message": message.id,
        "issuer": wanted.profile.issuer.name,
        "serial": serial,
        "subject": certificate.subject.rfc4514_string(),
        "names": names_of(certificate),
        "not_before": iso(certificate.not_valid_before_utc),
        "not_after": iso(certificate.not_valid_after_utc),
        "certificate": str(wanted.out),
        "key": str(wanted.key) if wanted.key else None,
        "answered": waited,
        "seconds": round(seconds, 3),
    }
    if asked.as_json:
        cli.print_json(said)
        return
    named = ", ".join(names_of(certificate)) or said["subject"]
    click.echo(f"certificate {serial} of {wanted.profile.issuer.name} for {printable(str(named))}")
    click.echo(f"valid       from {said['not_before']} to {said['not_after']}")
    click.echo(f"in          {wanted.out}{f', its key in {wanted.key}' if wanted.key else ''}")
    until = "answered for by OCSP" if waited else "issued"
    click.echo(f"{until} after {seconds:.2f} s (message {message.id})")
