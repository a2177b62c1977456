"""The signer's commands for a person or a script on its own machine. They only wire; the work is below."""

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Final

import click

from revocation import cli, clock
from revocation.config import IssuerProfile, PublicConfig, load_certificates
from revocation.configfile import ConfigFile
from revocation.errors import InputError, NoAnswer, WrongPassphrase
from revocation.issuer import Issuer
from revocation.messages import Import, ImportSummary, Look, Outcome, RequesterKey, Verb, compose
from revocation.pkifolder import find_ca_certificate, kind_of
from signer.handle import handle_text
from signer.importers.detect import KINDS, read_source
from signer.importing import apply_import, digest_of
from signer.keys.passphrase import ask
from signer.look import EVERYTHING, look
from signer.progress import progress
from signer.signer import Signer, open_signer

_LONGEST_PAUSE: Final = 2.0
_ATTEMPTS: Final = 3


@click.command("import", short_help="Synchronise the ledger with another record.")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--issuer", help="Whose certificates these are; else the CA in the folder.")
@click.option("--kind", type=click.Choice(list(KINDS)), help="What PATH is; found out when not given.")
@click.option("--requester", default="operator", show_default=True, help="Who imports, as in [[signer.requesters]].")
@click.option(
    "--requester-key", type=click.Path(path_type=Path), help="Their key; else operator.key beside the configuration."
)
@cli.config_option
@cli.json_option
def import_(
    path: Path,
    issuer: str | None,
    kind: str | None,
    requester: str,
    requester_key: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Synchronise the ledger with PATH: an Easy-RSA or `openssl ca` folder, a CSV, certificates, or a CRL.

    All or nothing; again, it adds what is new. It never un-revokes: where the ledger knows more, or the two contradict
    each other, that is reported and nothing is changed.
    """
    file = ConfigFile.read(config)
    signer = open_signer(file)
    profile = signer.public.profile(issuer) if issuer else _issuer_of(signer.public, path)
    key = RequesterKey.load(requester_key or file.directory / "operator.key")
    source = read_source(path, profile.issuer, kind)
    with progress(f"reading {source.description}", source.expected) as advance:
        digest, count = digest_of(source.entries, advance)
    now = clock.now()
    body = Import(issuer=profile.issuer.id, source=source.description, entries_sha256=digest)
    message = key.sign(compose(Verb.IMPORT, body, now, requester=requester))
    with progress("recording", count) as advance:
        summary = apply_import(signer, message, read_source(path, profile.issuer, kind), now, advance)
    _tell_worker(signer)
    cli.print_json(summary.model_dump()) if as_json else _print_summary(source.description, summary)


@click.command(short_help="Handle messages from standard input.")
@cli.config_option
def run(config: Path | None) -> None:
    """Handle messages from standard input, one JSON a line; replies go to standard output the same way.

    What a change of facts makes due is made before its reply is printed. Exit status 1 if a message was not done.
    """
    signer = open_signer(ConfigFile.read(config))
    failed = False
    for line in sys.stdin:
        if not line.strip():
            continue
        reply = handle_text(signer, line, clock.now())
        if reply.data.get("again_at") and not reply.data["made"]:
            time.sleep(1.0)  # thisUpdate rises by whole seconds: what is due again within one is made in the next
            reply = handle_text(signer, line, clock.now())
        if reply.outcome is Outcome.DONE and reply.revision is not None:
            _make_now(signer)
        failed |= reply.outcome is not Outcome.DONE
        click.echo(reply.model_dump_json())
    sys.exit(1 if failed else 0)


@click.command(short_help="Ask for passphrases, for a supervisor.")
@click.option("--fd", type=int, required=True, help="Where to write them, as one JSON object by issuer name.")
@cli.config_option
def unlock(fd: int, config: Path | None) -> None:
    """Ask on the terminal for every passphrase configured as `prompt`, try each, and hand them to a supervisor."""
    signer = open_signer(ConfigFile.read(config))
    typed: dict[str, str] = {}
    for name in signer.keyring.asked_for():
        typed[name] = _typed(signer, name).decode()
    with os.fdopen(fd, "w") as pipe:
        json.dump(typed, pipe)


def _typed(signer: Signer, name: str) -> bytes:
    """A passphrase that opens the key; a mistyped one may be typed again."""
    for left in reversed(range(_ATTEMPTS)):
        passphrase = ask(name)
        try:
            signer.keyring.unlock(signer.public.profile(name).issuer, passphrase)
        except WrongPassphrase as error:
            if not left:
                raise
            click.echo(f"{error.what}; try again", err=True)
        else:
            break
    return passphrase


def _make_now(signer: Signer) -> None:
    """Make what a change of facts made due, waiting for the next second where one was already used."""
    while again_at := look(signer, clock.now()).again_at:
        seconds = (again_at - clock.now()).total_seconds()
        if seconds > _LONGEST_PAUSE:
            return
        time.sleep(max(0.05, seconds))


def _issuer_of(public: PublicConfig, path: Path) -> IssuerProfile:
    """The issuer whose CA certificate lies in the folder; for what is no PKI folder, the only one there is."""
    names = [profile.issuer.name for profile in public.profiles.values()]
    if (certificate := find_ca_certificate(path)) is not None:
        issuer = Issuer.of(str(certificate), load_certificates(certificate))
        if issuer.id not in public.profiles:
            raise InputError(
                "is the certificate of a CA that is not configured",
                where=str(certificate),
                advice=f"add it to [[public.issuers]]; configured are: {', '.join(names)}",
            )
        return public.profile(issuer.id)
    if path.is_dir() and kind_of(path):
        raise InputError(
            "has no CA certificate that says whose it is", where=str(path), advice=f"--issuer NAME: {', '.join(names)}"
        )
    if len(names) != 1:
        raise InputError("several issuers are configured", advice="name one with --issuer: " + ", ".join(names))
    return public.profile(names[0])


def _tell_worker(signer: Signer) -> None:
    """Have a running worker look now; without one, or without a queue, the next look finds what is due."""
    if signer.config.queue is None:
        return
    from revocation.wire.queue import LOOKS_QUEUE, Wire

    wire = Wire(signer.config.queue)
    with contextlib.suppress(NoAnswer):
        for verb in EVERYTHING:
            wire.send(LOOKS_QUEUE, compose(verb, Look(), clock.now()))


def _print_summary(source: str, summary: ImportSummary) -> None:
    click.echo(
        f"{source}: {summary.read} certificates read, {summary.registered} new, {summary.revoked} newly revoked, "
        f"{summary.unchanged} known already"
    )
    for title, lines in (
        ("ahead of the source", summary.ahead),
        ("contradictions", summary.contradictions),
    ):
        if lines:
            click.echo(f"{len(lines)} {title}:")
        for line in lines:
            click.echo(f"  {line}")
