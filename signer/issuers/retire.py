"""`revocast issuer retire`: an issuer issues nothing any more, and has one last CRL. It is said in the configuration.

The publisher lets no CRL pass that ends later than its own configuration says, and the registrar believes no ledger:
so what a message could tell the signer alone is a line of `[public]`, the same on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from revocation import cli, clock
from revocation.clock import iso
from revocation.compliance import Compliance
from revocation.config import IssuerProfile, PublicConfig
from revocation.configfile import ConfigFile
from revocation.crlspec import LastCRL
from revocation.errors import InputError, Refused
from signer.auditing.sealing import seal
from signer.config import SignerConfig
from signer.issuers.agreeing import People
from signer.issuers.appending import rewrite
from signer.issuers.below import Living, living_below
from signer.issuers.inserting import Inserted, parsed, with_last_crl
from signer.ledger import audit
from signer.signer import Signer, open_signer


@dataclass(frozen=True)
class _Retirement:
    """What is to be.

    Attributes:
        profile: of the issuer, once it is retired.
        limited: whether limits of a signer here have to permit it.
        file: the configuration as it will be.
        signer: of that; None where this machine has none.
        lines: that are new in it; none where all of them stand there already.
    """

    profile: IssuerProfile
    last: LastCRL
    limited: bool
    file: ConfigFile
    public: PublicConfig
    signer: Signer | None
    lines: Sequence[Inserted]

    def text_of(self, present: bytes) -> bytes:
        """The content of the file with the lines.

        Raises:
            ValueError: something else would be put there now, or it is no TOML.
        """
        text, lines = with_last_crl(present, self.profile.issuer.name, self.last, limited=self.limited)
        if lines != self.lines:
            raise ValueError("other lines are to be put there now")
        return text


@click.command(short_help="Let an issuer issue nothing any more.")
@click.argument("name")
@click.option(
    "--last-crl",
    "last",
    type=click.Choice([str(one) for one in LastCRL]),
    default=str(LastCRL.EXPIRY),
    show_default=True,
    help="How long its last CRL is valid: until its certificates have expired, or for ever.",
)
@click.option("--write", is_flag=True, help="Put the lines into the configuration; else they are printed.")
@click.option("--force", is_flag=True, help="Also while CAs are valid that it certified.")
@click.option("--operator", "operators", multiple=True, help="Who is there, for the audit log; else who is logged in.")
@cli.config_option
@cli.json_option
def retire(
    name: str, last: str, write: bool, force: bool, operators: tuple[str, ...], config: Path | None, as_json: bool
) -> None:
    """Retire issuer NAME: it certifies nothing any more, one more CRL of each is made, and OCSP goes on.

    It holds where the configuration says so, on every machine that has the issuer. Without --write nothing is changed.
    """
    now = clock.now()
    found = _planned(config, name, LastCRL(last), now)
    alive = living_below(found.public, found.signer, found.profile.issuer, now)
    if not force:
        _require_childless(found.profile, alive)
    changes = write and bool(found.lines)
    if changes:
        _write(found)
        _record(found, People(operators).who, now, alive)
    _tell(found, alive, written=changes, as_json=as_json)
    if changes and found.signer is not None:
        seal(found.signer)


def _planned(config: Path | None, name: str, last: LastCRL, now: datetime) -> _Retirement:
    """The configuration with the issuer retired, held against the rules and the limits that it has.

    Raises:
        InputError: no such issuer, or it is retired in another way; or the file has a form that is not changed here.
        Refused: it has expired.
        ConfigurationError: rules or limits forbid such a CRL.
    """
    present = ConfigFile.read(config)
    before = PublicConfig.read(present).profile(name)
    issuer = before.issuer
    if now >= issuer.not_after:
        advice = "take it out of [[public.issuers]] and [[signer.issuers]]"
        raise Refused(f"has expired at {iso(issuer.not_after)}", where=f"issuer {issuer.name}", advice=advice)
    if before.last_crl not in (None, last):
        advice = "whoever has its last CRL is told of nothing later; if another is meant all the same, change it there"
        raise InputError(
            f'is retired already, with last_crl = "{before.last_crl}"', where=f"issuer {issuer.name}", advice=advice
        )
    if present.has("signer"):
        present.table("signer", SignerConfig)  # of the form that it should have, or refused
    limited = present.has("signer") and before.compliance is not Compliance.BR
    text, lines = with_last_crl(present.path.read_bytes(), issuer.name, last, limited=limited)
    file = ConfigFile(present.path, parsed(text))
    signer = open_signer(file, now) if file.has("signer") else None
    public = signer.public if signer else PublicConfig.read(file)
    return _Retirement(public.profile(issuer.id), last, limited, file, public, signer, lines)


def _require_childless(profile: IssuerProfile, alive: Living) -> None:
    """Return if no CA is valid that it certified.

    Raises:
        Refused: one is: that it was revoked would not be heard by those who have the last CRL.
    """
    if not alive.cas:
        return
    raise Refused(
        f"certified CAs that are valid: {', '.join(alive.cas)}",
        where=f"issuer {profile.issuer.name}",
        advice="let them end, or revoke them before: whoever has the last CRL of this one is not told of it later; "
        "--force if that is meant",
    )


def _write(found: _Retirement) -> None:
    """Put the lines there, whatever else was edited meanwhile.

    Raises:
        InputError: it cannot be written, and is as it was; says which lines.
    """
    advice = "have its owner write " + ", and ".join(f"`{one.line}` into {one.table}" for one in found.lines)
    try:
        rewrite(found.file.path, found.text_of)
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise InputError(what, where=str(found.file.path), advice=advice) from error
    except ValueError as error:
        what = f"was edited meanwhile: {error}"
        raise InputError(what, where=str(found.file.path), advice=advice) from error


def _record(found: _Retirement, who: str, now: datetime, alive: Living) -> None:
    if found.signer is None:
        return
    said = {"requester": who, "last_crl": str(found.last), "valid_cas": list(alive.cas)}
    with found.signer.ledger.write() as connection:
        audit.record(connection, now, "retire issuer", found.profile.issuer.id, **said)


def _tell(found: _Retirement, alive: Living, *, written: bool, as_json: bool) -> None:
    if as_json:
        cli.print_json(_facts(found, alive, written=written))
        return
    issuer, path = found.profile.issuer, found.file.path
    click.echo(f"{issuer.name} ({issuer.id}), which ends at {iso(issuer.not_after)}")
    for line in _warnings(found, alive):
        click.echo(line)
    if not found.lines:
        click.echo(f"{path} has it retired already")
        return
    for one in found.lines:
        click.echo(f"{path}: {'put' if written else 'to be put'} into {one.table}: {one.line}")
    if not written:
        click.echo("nothing was changed: --write puts it there")
        return
    click.echo(
        "services read it when they start; put the first line on every machine that has the issuer, and start the"
    )
    click.echo("signer anew as the last: publishers take its last CRL only once they know of it")


def _warnings(found: _Retirement, alive: Living) -> list[str]:
    """What whoever retires it has to know before."""
    said = [f"valid: {one}, a CA below it" for one in alive.cas]
    if alive.others:
        until = f", the last until {iso(alive.until)}" if alive.until else ""
        said.append(f"valid: {alive.others} certificates of users{until}")
    if said and found.profile.compliance is not Compliance.BR:
        said.append("what is revoked of these from now on is told by OCSP, and not to who has the last CRL already")
    if found.signer is not None and found.signer.is_offline(found.profile.issuer):
        said.append("its key is offline: put the lines there too; the next ceremony signs its last CRL")
    return said


def _facts(found: _Retirement, alive: Living, *, written: bool) -> dict[str, Any]:
    issuer = found.profile.issuer
    return {
        "name": issuer.name,
        "id": issuer.id,
        "last_crl": str(found.last),
        "file": str(found.file.path),
        "lines": [{"table": one.table, "line": one.line} for one in found.lines],
        "written": written,
        "valid_cas": list(alive.cas),
        "valid_others": alive.others,
        "valid_until": iso(alive.until) if alive.until else None,
    }
