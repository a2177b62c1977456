"""`revocast issuer create`: a root that certifies itself, or a CA below an issuer whose key is here."""

from pathlib import Path

import click
from cryptography import x509

from revocation import cli, clock
from revocation.compliance import Compliance
from revocation.config import IssuerProfile, PublicConfig
from revocation.errors import InputError, Refused, RevocastError
from revocation.issuer import Issuer
from signer.auditing.sealing import seal
from signer.config import SignerConfig
from signer.issuers import options
from signer.issuers.agreeing import (
    People,
    agree,
    approved,
    people_options,
    require_digest,
    show_order,
    turn_of,
    yes_option,
)
from signer.issuers.certify import certify
from signer.issuers.files import keep, require_new
from signer.issuers.keyvalue import key_value
from signer.issuers.order import Order
from signer.issuers.prospect import Prospect, prospect
from signer.issuers.rules import require_allowed
from signer.issuers.samename import is_same_name
from signer.issuers.subject import parse_subject
from signer.keys.limited_key import LimitedKey
from signer.keys.purpose import Purpose
from signer.signer import Signer


@click.command(short_help="Make a root, or a CA below an issuer whose key is here.")
@click.argument("name")
@click.option("--subject", required=True, help='Such as "CN=Example Root, O=Example, C=EE".')
@options.days
@click.option("--issued-by", "parent", metavar="ISSUER", help="The issuer above it; else it is a root.")
@options.key_options
@options.profile_options
@options.append
@yes_option
@people_options
@cli.config_option
@cli.json_option
def create(
    name: str,
    subject: str,
    days: int,
    parent: str | None,
    key: str | None,
    passphrase: str | None,
    path_length: str | None,
    usages: tuple[str, ...],
    policies: tuple[str, ...],
    signs_responses: bool,
    append: bool,
    yes: str | None,
    operators: tuple[str, ...],
    approvals: tuple[Path, ...],
    config: Path | None,
    as_json: bool,
) -> None:
    """Make the CA certificate of a new issuer NAME, with a key that is there already (`revocast key generate`).

    It goes into the file that `certificates` of [[public.issuers]] names, issuers/NAME.pem by default, where no file
    may be yet. What will be signed is shown, and asked for at a terminal; where standard input is none, the options
    are what is agreed to.
    """
    now = clock.now()
    found = prospect(config, name, options.key_source(key, passphrase))
    require_new(found.certificate, f"a certificate of {name}")
    above = found.signer.public.profile(parent) if parent else None
    compliance = above.compliance if above and above.compliance is Compliance.BR else found.compliance
    profile = options.profile_of(
        path_length,
        usages,
        policies,
        signs_responses=signs_responses or found.signs_responses,
        compliance=compliance,
        is_root=above is None,
    )
    dn = parse_subject(subject)
    own = found.signer.keyring.uncertified(name, Purpose.CSR if above else Purpose.CA_CERTIFICATE)
    ca = Issuer(name, dn.public_bytes(), own.public_key_info, ())
    require_unknown(found.signer, ca)
    if append:
        found.require_appendable()
    turn = turn_of(found.signer, above.issuer if above else ca)
    order = Order(ca, dn, above, profile, options.lasting(days), compliance, turn)
    require_digest(found.signer, order, yes)
    require_allowed(order, now)
    signing = certifying_key(found.signer, above) if above else own
    show_order(found.signer, order, now, err=as_json)
    people = People(operators, approvals)
    agreed = approved(found.signer, order, people)
    agree(order, yes, err=as_json)
    certificate = certify(found.signer, order, signing, now, people.who, agreed)
    keep(found.certificate, certificate)
    if append:
        found.append()
    tell(found, certificate, appended=append, as_json=as_json)
    seal(found.signer)


def certifying_key(signer: Signer, parent: IssuerProfile) -> LimitedKey:
    """The key of who is to certify.

    Raises:
        Refused: it is on another machine.
        KeyUnavailable: it cannot be used.
    """
    require_here(signer, parent)
    return signer.keyring.key_of(parent.issuer, Purpose.CA_CERTIFICATE)


def require_here(signer: Signer, parent: IssuerProfile) -> None:
    """Return unless the key of who is to certify is on another machine.

    Raises:
        Refused: it is.
    """
    if signer.is_offline(parent.issuer):
        raise Refused(
            "its key is on a machine without network",
            where=f"issuer {parent.issuer.name}",
            advice="`revocast issuer csr` here and `issuer sign` there, or to renew its own `issuer renew` there; then "
            "`issuer install` or `issuer add-certificate` here",
        )


def require_unknown(signer: Signer, ca: Issuer) -> None:
    """Return if no issuer is configured that has this subject and this key, however they are encoded.

    Raises:
        InputError: one is, under another name.
    """
    value = key_value(ca.public_key_info)
    for known in signer.public.profiles.values():
        if key_value(known.issuer.public_key_info) != value or not is_same_name(known.issuer.subject, ca.subject):
            continue
        raise InputError(
            f"has subject and key of {known.issuer.name}, and is the same issuer",
            where=f"issuer {ca.name}",
            advice=f"`revocast issuer renew {known.issuer.name}` gives that one another certificate",
        )


def tell(found: Prospect, certificate: x509.Certificate, *, appended: bool, as_json: bool) -> None:
    """What is there now, and what is left to do."""
    issuer = Issuer.of(found.name, [certificate])
    lines = "" if appended else found.lines
    problem = _problem(found)
    if as_json:
        said = {
            "name": found.name,
            "id": issuer.id,
            "certificate": str(found.certificate),
            "serial": _serial(certificate),
        }
        cli.print_json({**said, "configuration_lacks": lines or None, "problem": problem})
        return
    click.echo(f"{found.certificate}: issuer {issuer.id}, serial {_serial(certificate)}")
    if appended and found.lines:
        click.echo(f"{found.file.path}: its tables were put at the end; services read it when they start")
    elif lines:
        click.echo(f"put these lines at the end of {found.file.path}, or give --append the next time:")
        click.echo(lines, nl=False)
    if problem:
        click.echo(f"the configuration does not fit it yet: {problem}")


def _serial(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:X}"


def _problem(found: Prospect) -> str | None:
    """What would keep services from starting with the configuration as it will be."""
    try:
        found.file.table("signer", SignerConfig).check(PublicConfig.read(found.file))
    except RevocastError as error:
        return str(error)
    return None
