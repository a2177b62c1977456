"""`revocast cert export`: a certificate out of the ledger, into a file."""

from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import cli, clock
from revocation.durable import write_new
from revocation.errors import InputError
from signer.certs.looking import facts_of, opened, the_one
from signer.importers.certificate import any_serial
from signer.ledger.certificate_pages import Listed
from signer.signer import Signer


@click.command(short_help="Write a certificate to a file, PEM or DER.")
@click.argument("which", metavar="SERIAL|NAME")
@click.option("--issuer", help="Its issuer, where several have such a serial.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A new file.")
@click.option("--der", is_flag=True, help="DER in place of PEM.")
@click.option("--with-issuer", is_flag=True, help="Put the issuer's certificate behind it (PEM).")
@cli.config_option
@cli.json_option
def export(
    which: str, issuer: str | None, out: Path, der: bool, with_issuer: bool, config: Path | None, as_json: bool
) -> None:
    """Write the certificate of a SERIAL (hexadecimal), or of a NAME that one alone has. Nothing is written over."""
    if der and with_issuer:
        raise InputError("DER is one certificate alone: --der or --with-issuer")
    signer, now = opened(config), clock.now()
    found = the_one(signer, which, issuer, now)
    if found.der is None:
        raise InputError("the ledger does not have the certificate itself, only its serial", where=which)
    data = found.der if der else _pem(signer, found, found.der, with_issuer=with_issuer)
    try:
        write_new(out, data, 0o644)
    except FileExistsError as error:
        raise InputError("is there already, and is not written over", where=str(out)) from error
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(out)) from error
    facts = facts_of(signer, found, now)
    if as_json:
        cli.print_json({**facts, "certificate": str(out)})
        return
    click.echo(f"{out}: certificate {facts['serial']} of {facts['issuer']}, {facts['state']}")


def _pem(signer: Signer, listed: Listed, der: bytes, *, with_issuer: bool) -> bytes:
    with any_serial():
        pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    if with_issuer:
        pem += signer.public.profiles[listed.issuer].issuer.certificates[0].public_bytes(Encoding.PEM)
    return pem
