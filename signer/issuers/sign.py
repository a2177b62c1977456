"""`revocast issuer sign`: certify the CA of another machine, as its request and the parent's configuration say."""

from pathlib import Path

import click
from cryptography import x509

from revocation import cli, clock
from revocation.clock import iso
from revocation.configfile import ConfigFile
from signer.auditing.sealing import seal
from signer.ceremony.consent import ask
from signer.issuers import options
from signer.issuers.agreeing import People, approved, people_options, require_digest, show_order, turn_of, yes_option
from signer.issuers.certify import certify
from signer.issuers.create import certifying_key, require_here
from signer.issuers.files import keep, require_new
from signer.issuers.order import Order
from signer.issuers.request import read_request
from signer.issuers.rules import require_allowed
from signer.signer import open_signer


@click.command(short_help="Certify the CA that a request names.")
@click.argument("request", type=click.Path(path_type=Path))
@click.option("--issued-by", "parent", metavar="ISSUER", required=True, help="The issuer that certifies it.")
@options.days
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file; one that is there stays."
)
@options.profile_options
@yes_option
@people_options
@cli.config_option
@cli.json_option
def sign(
    request: Path,
    parent: str,
    days: int,
    out: Path,
    path_length: str | None,
    usages: tuple[str, ...],
    policies: tuple[str, ...],
    signs_responses: bool,
    yes: str | None,
    operators: tuple[str, ...],
    approvals: tuple[Path, ...],
    config: Path | None,
    as_json: bool,
) -> None:
    """Show what the REQUEST asks for, ask, and certify it. Its sender has to have the key.

    Subject and key are taken from it, and nothing else: what the CA may do is said by the options, and where its
    status is by the configuration of who certifies it, in whose ledger it is then.
    """
    now = clock.now()
    require_new(out, "a certificate")
    asked = read_request(request)
    signer = open_signer(ConfigFile.read(config), now)
    above = signer.public.profile(parent)
    profile = options.profile_of(
        path_length,
        usages,
        policies,
        signs_responses=signs_responses,
        compliance=above.compliance,
        is_root=False,
    )
    known = signer.public.profiles.get(asked.ca.id)
    ca = known.issuer if known else asked.ca
    turn = turn_of(signer, above.issuer)
    order = Order(ca, asked.subject, above, profile, options.lasting(days), above.compliance, turn, asked.sha256)
    require_digest(signer, order, yes)
    require_allowed(order, now)
    require_here(signer, above)
    show_order(signer, order, now, err=as_json)
    people = People(operators, approvals)
    agreed = approved(signer, order, people)
    ask("order", order.digest, "Is this the request that was meant, and is all of this to be signed?", yes, err=as_json)
    key = certifying_key(signer, above)
    certificate = certify(signer, order, key, now, people.who, agreed)
    keep(out, certificate)
    _tell(out, ca.id, certificate, order, as_json=as_json)
    seal(signer)


def _tell(out: Path, id_: str, certificate: x509.Certificate, order: Order, *, as_json: bool) -> None:
    """What is there now."""
    serial = f"{certificate.serial_number:X}"
    if as_json:
        until = iso(certificate.not_valid_after_utc)
        cli.print_json({"certificate": str(out), "id": id_, "serial": serial, "until": until, "order": order.digest})
        return
    click.echo(f"{out}: issuer {id_}, serial {serial}, in the ledger of {order.certifier.name}")
