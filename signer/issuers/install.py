"""`revocast issuer install`: the first certificate of an issuer, made elsewhere, with or without its key."""

from dataclasses import replace
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from revocation import cli, clock, serials
from revocation.config import IssuerProfile
from revocation.errors import KeyUnavailable
from signer.auditing.sealing import seal
from signer.importers.certificate import serial_of
from signer.issuers import options
from signer.issuers.agreeing import People
from signer.issuers.brought import (
    Brought,
    certifiers,
    parent_here,
    read_brought,
    require_lasting,
    require_same_name_as_request,
)
from signer.issuers.create import require_unknown, tell
from signer.issuers.files import require_new, write_new
from signer.issuers.prospect import Prospect, prospect
from signer.issuers.request import read_request
from signer.issuers.unfit import flaws
from signer.keys.purpose import Purpose
from signer.ledger import audit, facts
from signer.signer import Signer


@click.command(short_help="Put in its place a CA certificate that was made elsewhere.")
@click.argument("name")
@click.argument("certificate", type=click.Path(path_type=Path))
@click.option("--issuer", "above", type=click.Path(path_type=Path), help="The certificate of who issued it.")
@options.key_options
@click.option("--offline", is_flag=True, help="Its key is on a machine without network, which holds ceremonies.")
@options.append
@click.option("--operator", "operators", multiple=True, help="Who is there, for the audit log; else who is logged in.")
@cli.config_option
@cli.json_option
def install(
    name: str,
    certificate: Path,
    above: Path | None,
    key: str | None,
    passphrase: str | None,
    offline: bool,
    append: bool,
    operators: tuple[str, ...],
    config: Path | None,
    as_json: bool,
) -> None:
    """Put a CA certificate where [[public.issuers]] names it, as that of issuer NAME.

    Where a key is configured, or given, it has to be that of the certificate. Without one this machine publishes what
    is signed elsewhere; the key may come later.
    """
    found = prospect(config, name, replace(options.key_source(key, passphrase), offline=offline))
    bring_in(found, certificate, above, People(operators).who, appended=append, as_json=as_json)
    seal(found.signer)


def bring_in(
    found: Prospect, certificate: Path, above: Path | None, who: str, *, appended: bool, as_json: bool
) -> None:
    """Put the certificates in a file in their place, and say so.

    Raises:
        InputError, Refused, KeyUnavailable: they are not such as `read_fitting` and `put_in_place` want them.
    """
    brought = read_fitting(found, certificate)
    lines = put_in_place(found, brought, above, who, appended=appended)
    for flaw in flaws(brought.issuer, found.compliance):
        click.echo(f"warning: {found.name} can publish status, and may certify nothing here: {flaw}", err=True)
    if not as_json:
        for line in lines:
            click.echo(line)
    tell(found, brought.issuer.certificates[0], appended=appended, as_json=as_json)


def read_fitting(found: Prospect, certificate: Path) -> Brought:
    """The certificates in a file, if they may be those of the issuer that is to be, and its key is theirs.

    Raises:
        InputError: a certificate of it is there; or these are of another issuer that is, or not what was requested.
        Refused: one has expired.
        KeyUnavailable: the key cannot be used, or is another's.
    """
    require_new(found.certificate, f"a certificate of {found.name}")
    brought = read_brought(certificate, found.name)
    require_lasting(brought, clock.now())
    require_unknown(found.signer, brought.issuer)
    request = options.beside(found.file.path, found.name, ".csr")
    if request.exists():
        require_same_name_as_request(request, brought, read_request(request).ca)
    _require_its_key(found, brought)
    return brought


def put_in_place(found: Prospect, brought: Brought, above: Path | None, who: str, *, appended: bool) -> list[str]:
    """Write them where the configuration says, the tables where `--append` wants it, and an entry of the audit log.

    Returns:
        Who issued them, and what is left to do, in words.

    Raises:
        Refused: who is said to have issued one did not.
        InputError: something cannot be written.
    """
    if appended:
        found.require_appendable()
    verified = certifiers(found.signer, brought, above)
    write_new(found.certificate, b"".join(one.public_bytes(Encoding.PEM) for one in brought.issuer.certificates))
    if appended:
        found.append()
    note(found.signer, brought, who)
    return [*verified, *hints(found.signer, brought)]


def note(signer: Signer, brought: Brought, who: str) -> None:
    """Record that they are the issuer's, for the audit log."""
    said = [serials.to_hex(serial_of(one)) for one in brought.issuer.certificates]
    with signer.ledger.write() as connection:
        audit.record(connection, clock.now(), "install CA certificate", brought.issuer.id, requester=who, serials=said)


def hints(signer: Signer, brought: Brought) -> list[str]:
    """What is left to do where the parent is an issuer of this machine, and does not know what was made in its name."""
    parents = [(one, parent_here(signer.public, one)) for one in brought.issuer.certificates]
    return [_hint(parent, brought) for one, parent in parents if parent and not _knows(signer, parent, one)]


def _hint(parent: IssuerProfile, brought: Brought) -> str:
    name = parent.issuer.name
    return f"the ledger does not know it yet: revocast import {brought.place} --issuer {name} --kind certificates"


def _knows(signer: Signer, parent: IssuerProfile, certificate: x509.Certificate) -> bool:
    with signer.ledger.read() as connection:
        return facts.find(connection, parent.issuer, serial_of(certificate)) is not None


def _require_its_key(found: Prospect, brought: Brought) -> None:
    if found.entry is None or found.entry.key is None:
        return
    key = found.signer.keyring.uncertified(found.name, Purpose.CSR)
    public = brought.issuer.certificates[0].public_key()
    if key.public_key_info != public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise KeyUnavailable(
            f"its key is not that of {brought.place}",
            where=f"issuer {found.name}",
            advice="bring the certificate that was made for it, or correct `key` in [[signer.issuers]]",
        )
