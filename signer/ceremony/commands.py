"""`revocast ceremony request`, `sign` and `accept`. They only wire."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import click

from revocation import cli, clock
from revocation.clock import iso
from revocation.configfile import ConfigFile
from revocation.durable import replace_file
from revocation.durations import show
from revocation.errors import InputError, Refused
from revocation.visible import visible
from signer.auditing.sealing import seal
from signer.ceremony import collecting
from signer.ceremony.accept import accept as accept_folder
from signer.ceremony.approvals import how_to_approve, require_approvals
from signer.ceremony.consent import ask
from signer.ceremony.output import require_room, write_output
from signer.ceremony.plan import Plan
from signer.ceremony.request import Request, digest_of, read
from signer.ceremony.schedule import of_a_request
from signer.ceremony.sign import People, earlier, hold, prepare, table_of
from signer.ceremony.transcript import TEXT_NAME, Transcript
from signer.signer import open_signer

_MODE = 0o600
"""As the ledger's: it names certificates, who asked for what, and what is revoked and not published yet."""
_SOON = timedelta(hours=12)
"""From the request to its ceremony, where both are on one day."""


@click.command(short_help="Write what the offline machine is to sign.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file; one that is there stays."
)
@click.option(
    "--all", "everything", is_flag=True, help="All messages there ever were, not those since the last ceremony."
)
@click.option(
    "--copied-ledger", "copied", is_flag=True, help="The offline ledger began as a copy of this one: before the first."
)
@cli.config_option
@cli.json_option
def request(out: Path, everything: bool, copied: bool, config: Path | None, as_json: bool) -> None:
    """Write a request for a ceremony: what was recorded about issuers whose key is offline, for a stick.

    Nothing is lost with it: as long as no ceremony was accepted, the next request has the same and more.
    """
    if out.exists():
        raise InputError("is there already", where=str(out), advice="name a new file")
    signer = open_signer(ConfigFile.read(config), clock.now())
    header, data = collecting.collect(signer, clock.now, everything=everything, copied=copied)

    def write(file: BinaryIO) -> None:
        file.write(data)

    replace_file(out, write, _MODE)
    seal(signer)
    digest = digest_of(data)
    if as_json:
        cli.print_json({"request": str(out), "sha256": digest, **header.model_dump(mode="json")})
        return
    names = ", ".join(issuer.name for issuer in header.issuers)
    since = "since the last ceremony" if header.predecessor else "there are"
    click.echo(f"{out}: for {names}, with all {header.messages} messages {since}, made at {iso(header.made_at)}")
    click.echo(f"sha256:{digest}")
    click.echo("note the digest down: the offline machine shows it before it signs, and who approves signs it:")
    click.echo(f"  {how_to_approve(digest)}")
    for line in of_a_request(signer.offline):
        click.echo(line)


@click.command(short_help="Show, and sign, what a request asks for.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder to make, for the stick."
)
@click.option("--operator", "operators", multiple=True, help="Who is there, for the transcript. May be given again.")
@click.option(
    "--approval",
    "approvals",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A signature by `ssh-keygen -Y sign` over the digest, and over --leave-out and --late where they are given. "
    "May be given again.",
)
@click.option(
    "--leave-out",
    "left_out",
    multiple=True,
    metavar="MESSAGE",
    help="Do not do what the message with this id asks for. May be given again.",
)
@click.option(
    "--late",
    multiple=True,
    metavar="MESSAGE",
    help="Do what it asks for, although an earlier ceremony should have had it. May be given again.",
)
@click.option("--yes", metavar="sha256:DIGEST", help="Agree to the request with this digest, and do not ask.")
@cli.config_option
@cli.json_option
def sign(
    file: Path,
    out: Path,
    operators: tuple[str, ...],
    approvals: tuple[Path, ...],
    left_out: tuple[str, ...],
    late: tuple[str, ...],
    yes: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Hold a ceremony on the offline machine: show what the request FILE asks for, and sign it when people agree.

    Safe to give again: a ceremony that broke off goes on, and one that was held is written again, as long as none came
    after it.
    """
    asked = replace(read(file), left_out=frozenset(left_out), late=frozenset(late))
    _require_digest(asked, yes)
    require_room(out, asked.digest)
    signer = open_signer(ConfigFile.read(config), clock.now())
    held = earlier(signer, asked)
    if held is None:
        agreed_by = require_approvals(table_of(signer), asked.digest, approvals, asked.exemptions)
        plan = prepare(signer, asked, clock.now)
        _show(asked, plan, err=as_json)
        question = "Is the digest the one that was noted down, and is all of this to be signed?"
        ask("request", asked.digest, question, yes, err=as_json)
        held = hold(signer, asked, plan, People(tuple(map(visible, operators)), agreed_by))
        seal(signer)
        said = "signed"
    else:
        said = f"was signed at {iso(held.at)} already, and is written again"
    write_output(out, held, signer.exchange)
    _print(held, out, said, as_json=as_json)


@click.command(short_help="Take in what a ceremony signed.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--leave-out",
    "left_out",
    multiple=True,
    metavar="MESSAGE",
    help="What the message with this id asks for may be missing: the ceremony left it out. May be given again.",
)
@click.option(
    "--ahead", is_flag=True, help="What it signed may begin later than this clock says; it is held until then."
)
@cli.config_option
@cli.json_option
def accept(folder: Path, left_out: tuple[str, ...], config: Path | None, *, ahead: bool, as_json: bool) -> None:
    """Take the FOLDER of a ceremony into the exchange of the online machine, for its publishers.

    Each CRL and OCSP response has to be signed by its issuer, each CRL to say what was recorded here before the
    request was made, and the ceremony not to be older than the last that was accepted. Publishers check all of it
    again.
    """
    signer = open_signer(ConfigFile.read(config), clock.now())
    done = accept_folder(signer, folder, clock.now(), left_out, ahead=ahead)
    seal(signer)
    if as_json:
        known = {"was_known": done.was_known, "put": list(done.put), "crls": list(done.crls)}
        known["left_out"] = list(done.left_out)
        cli.print_json({"ceremony": str(folder), "request": done.transcript.request, **known})
        return
    again = ", which was accepted before" if done.was_known else ""
    click.echo(f"the ceremony of {iso(done.transcript.at)}{again}: {len(done.put)} bundles put into {signer.exchange}")
    for line in done.crls:
        click.echo(f"  {line}")
    for line in done.left_out:
        click.echo(f"  left out: {line}")
    click.echo("`revocast publish`, or a publisher's next look, publishes them")


def _require_digest(asked: Request, yes: str | None) -> None:
    """Return if a digest that was given is that of the request."""
    if yes is not None and yes != f"sha256:{asked.digest}":
        raise Refused(
            f"agrees to {visible(yes)}, and the request is sha256:{asked.digest}",
            where="--yes",
            advice="take the request that was meant, or give its digest",
        )


def _show(asked: Request, plan: Plan, *, err: bool) -> None:
    """What people agree to; on standard error where standard output is JSON."""
    header = asked.header
    click.echo(f"request sha256:{asked.digest}", err=err)
    before = f"sha256:{header.predecessor}" if header.predecessor else "none, it has all messages there are"
    click.echo(f"made at {iso(header.made_at)}; the ceremony before: {before}", err=err)
    if (apart := abs(plan.at - header.made_at)) > _SOON:
        when = f"{show(apart)} {'before' if header.made_at < plan.at else 'after'} this ceremony"
        click.echo(f"  {when}, by the clocks of the two machines: are both right?", err=err)
    for line in plan.lines():
        click.echo(line, err=err)


def _print(held: Transcript, out: Path, said: str, *, as_json: bool) -> None:
    if as_json:
        cli.print_json({"folder": str(out), **held.model_dump(mode="json")})
        return
    click.echo(f"{said}: {len(held.bundles)} bundles in {out}, and {TEXT_NAME} beside them")
    click.echo("take the folder to the online machine: `revocast ceremony accept FOLDER`")
