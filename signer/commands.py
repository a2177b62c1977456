"""`revocast import`, on the signer's machine. It only wires; the work is below."""

import contextlib
from pathlib import Path

import click

from revocation import cli, clock
from revocation.config import IssuerProfile, PublicConfig, load_certificates
from revocation.configfile import ConfigFile
from revocation.errors import InputError, NoAnswer
from revocation.issuer import Issuer
from revocation.messages import Import, ImportSummary, Look, RequesterKey, Verb, compose, fill
from revocation.pkifolder import find_ca_certificate, kind_of
from signer.finding import EVERYTHING
from signer.importers.detect import KINDS, read_source
from signer.importing import apply_import, digest_of
from signer.progress import progress
from signer.signer import Signer, open_signer


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
    signer = open_signer(file, clock.now())
    profile = signer.public.profile(issuer) if issuer else _issuer_of(signer.public, path)
    key = RequesterKey.load(requester_key or file.directory / "operator.key", "name it with --requester-key")
    source = read_source(path, profile.issuer, kind)
    with progress(f"reading {source.description}", source.expected) as advance:
        digest, count = digest_of(source.entries, advance)
    now = clock.now()
    number = None if source.crl_number is None else str(source.crl_number)
    said = {"source": source.description, "entries_sha256": digest, "crl_number": number}
    body = fill(Import, issuer=profile.issuer.id, **said)
    message = key.sign(compose(Verb.IMPORT, body, now, requester=requester))
    with progress("recording", count) as advance:
        summary = apply_import(signer, message, read_source(path, profile.issuer, kind), now, advance)
    _tell_worker(signer)
    if as_json:
        cli.print_json(summary.model_dump())
        return
    _print_summary(source.description, summary)
    if not summary.registered and not summary.revoked:
        return
    if signer.is_offline(profile.issuer):
        click.echo("nothing of it is published yet: the CA key is offline, and the next ceremony signs it")
    elif signer.config.queue is None:
        click.echo("nothing of it is published yet: `revocast refresh` does that")


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
    cli.print_titled((("ahead of the source", summary.ahead), ("contradictions", summary.contradictions)))
