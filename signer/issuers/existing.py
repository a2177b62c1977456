"""`revocast issuer import`: a CA that issued certificates elsewhere becomes an issuer here, with its key or without."""

from dataclasses import replace
from pathlib import Path

import click

from revocation import cli
from signer.auditing.sealing import seal
from signer.issuers import options
from signer.issuers.agreeing import People
from signer.issuers.install import bring_in
from signer.issuers.prospect import prospect


@click.command("import", short_help="Take a CA that exists for an issuer, with its key.")
@click.argument("name")
@click.option(
    "--certificate", required=True, type=click.Path(path_type=Path), help="Its CA certificate, alone or with the chain."
)
@click.option("--issuer", "above", type=click.Path(path_type=Path), help="The certificate of who issued it.")
@options.key_options
@click.option("--offline", is_flag=True, help="Its key is on a machine without network, which holds ceremonies.")
@options.append
@click.option("--operator", "operators", multiple=True, help="Who is there, for the audit log; else who is logged in.")
@cli.config_option
@cli.json_option
def import_(
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
    """Make an existing CA the issuer NAME. Its certificate is copied, its key stays where it is.

    A key that is given makes a signature as a trial, and has to be that of the certificate. What the CA has issued and
    revoked is taken over by `revocast import`, which is next.
    """
    found = prospect(config, name, replace(options.key_source(key, passphrase), offline=offline))
    bring_in(found, certificate, above, People(operators).who, appended=append, as_json=as_json)
    if not as_json:
        click.echo(
            f"next: revocast import WHAT --issuer {name}, for what it has issued: a folder of Easy-RSA or openssl ca, "
            "a CSV, certificates; and its last CRL, so that CRL numbers go on above"
        )
    seal(found.signer)
