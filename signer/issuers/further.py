"""`revocast issuer renew` and `add-certificate`: further certificates of an issuer, with the key that it has."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import click
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from revocation import cli, clock
from revocation.config import IssuerProfile, PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import InputError, Refused
from revocation.extensions import extension_value
from revocation.issuer import Issuer
from revocation.paths import issuer_path, issuers_path
from signer.auditing.sealing import seal
from signer.encoding.ca_certificate import CAProfile
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
from signer.issuers.brought import certifiers, parent_here, read_brought, require_lasting
from signer.issuers.certify import certify
from signer.issuers.create import certifying_key, require_here
from signer.issuers.files import append_certificate, require_room
from signer.issuers.install import hints, note
from signer.issuers.order import Order
from signer.issuers.renewable import Renewable
from signer.issuers.rules import require_allowed, with_defaults
from signer.issuers.samename import is_self_issued
from signer.issuers.turn import Turn
from signer.signer import Signer, open_signer

_RESTRICTING: Final = {
    ExtensionOID.NAME_CONSTRAINTS,
    ExtensionOID.POLICY_CONSTRAINTS,
    ExtensionOID.POLICY_MAPPINGS,
    ExtensionOID.INHIBIT_ANY_POLICY,
}
_MADE_HERE: Final = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES,
}


@click.command(short_help="Make another certificate of an issuer, with the same key.")
@click.argument("name")
@options.days
@click.option(
    "--issued-by",
    "parent",
    metavar="ISSUER",
    help="Who certifies it, or NAME itself; else who did so last.",
)
@click.option("--path-length", metavar="N|any", help="Another than in its newest certificate.")
@options.signs_responses
@yes_option
@people_options
@cli.config_option
@cli.json_option
def renew(
    name: str,
    days: int,
    parent: str | None,
    path_length: str | None,
    signs_responses: bool,
    yes: str | None,
    operators: tuple[str, ...],
    approvals: tuple[Path, ...],
    config: Path | None,
    as_json: bool,
) -> None:
    """Make a certificate for issuer NAME with its name, its key and what its newest certificate lets it do.

    It goes behind those that the issuer has. All of them share CRLs, responses and what was issued. What will be signed
    is shown, and asked for at a terminal; where standard input is none, the options are what is agreed to.
    """
    now = clock.now()
    signer = open_signer(ConfigFile.read(config), now, table=Renewable if signs_responses else PublicConfig)
    own = signer.public.profile(name)
    above = _above(signer, own, parent)
    place = _place(signer, own.issuer)
    require_room(place)
    turn = turn_of(signer, (above or own).issuer)
    order = _renewal(own, above, options.lasting(days), path_length, turn)
    if signs_responses:
        order = replace(order, profile=replace(order.profile, signs_responses=True))
    require_digest(signer, order, yes)
    require_allowed(order, now)
    require_here(signer, above or own)
    show_order(signer, order, now, err=as_json)
    people = People(operators, approvals)
    agreed = approved(signer, order, people)
    agree(order, yes, err=as_json)
    key = certifying_key(signer, above or own)
    made = certify(signer, order, key, now, people.who, agreed)
    append_certificate(place, made)
    _tell(own, place, [made], [], as_json=as_json)
    seal(signer)


@click.command("add-certificate", short_help="Add a certificate of an issuer that was made elsewhere.")
@click.argument("name")
@click.argument("certificate", type=click.Path(path_type=Path))
@click.option("--issuer", "above", type=click.Path(path_type=Path), help="The certificate of who issued it.")
@click.option("--operator", "operators", multiple=True, help="Who is there, for the audit log; else who is logged in.")
@cli.config_option
@cli.json_option
def add_certificate(
    name: str,
    certificate: Path,
    above: Path | None,
    operators: tuple[str, ...],
    config: Path | None,
    as_json: bool,
) -> None:
    """Put a renewed or cross-signed certificate of issuer NAME behind those that it has. Its key is not needed."""
    now = clock.now()
    signer = open_signer(ConfigFile.read(config), now, table=Renewable)
    own = signer.public.profile(name)
    place = _place(signer, own.issuer)
    brought = read_brought(certificate, name)
    require_lasting(brought, now)
    for one in brought.issuer.certificates:
        _require_same(own.issuer, one, certificate)
    _require_signs_on(own, brought.issuer.certificates, certificate)
    verified = certifiers(signer, brought, above)
    for one in brought.issuer.certificates:
        append_certificate(place, one)
    note(signer, brought, People(operators).who)
    _tell(own, place, brought.issuer.certificates, [*verified, *hints(signer, brought)], as_json=as_json)
    seal(signer)


def _above(signer: Signer, own: IssuerProfile, parent: str | None) -> IssuerProfile | None:
    """Who is to certify it; None where it does so itself."""
    if parent is None:
        return _last_parent(signer, own)
    named = signer.public.profile(parent)
    return None if named.issuer.id == own.issuer.id else named


def _last_parent(signer: Signer, own: IssuerProfile) -> IssuerProfile | None:
    """Who certified it last; None of a root.

    Raises:
        Refused: nobody of this configuration.
    """
    newest = own.issuer.certificates[0]
    if is_self_issued(newest):
        return None
    parent = parent_here(signer.public, newest)
    if parent is None:
        raise Refused(
            "was certified by none of the issuers here",
            where=f"issuer {own.issuer.name}",
            advice="`revocast issuer csr` for who did so, then `revocast issuer add-certificate`; or --issued-by",
        )
    return parent


def _renewal(
    own: IssuerProfile, above: IssuerProfile | None, lasts: timedelta, path_length: str | None, turn: Turn
) -> Order:
    issuer, newest = own.issuer, own.issuer.certificates[0]
    _require_not_retired(own)
    _require_nothing_lost(issuer, newest, is_root=above is None)
    compliance = (above or own).compliance
    profile = with_defaults(_profile_in(newest, own, is_root=above is None), compliance, is_root=above is None)
    if path_length is not None:
        profile = replace(profile, path_length=options.path_length_of(path_length))
    return Order(issuer, newest.subject, above, profile, lasts, compliance, turn)


def _require_not_retired(own: IssuerProfile) -> None:
    """Return unless its last CRL is to be its last: that was made for the certificates that it has.

    Raises:
        Refused: it is.
    """
    if own.last_crl is not None:
        raise Refused(
            f'is retired (last_crl = "{own.last_crl}"): it certifies nothing any more, and its last CRL is made for '
            "the certificates that it has",
            where=f"issuer {own.issuer.name}",
            advice="take last_crl out, as long as nobody has the last CRL; else make another CA, with a key of its own",
        )


def _require_nothing_lost(issuer: Issuer, certificate: x509.Certificate, *, is_root: bool) -> None:
    """Return if a certificate that is made here restricts the CA as much as the one that it has.

    Raises:
        Refused: it has a restriction that is not made here.
    """
    restricting = _RESTRICTING | ({ExtensionOID.EXTENDED_KEY_USAGE} if is_root else set())
    for one in certificate.extensions:
        if one.oid in restricting or (one.critical and one.oid not in _MADE_HERE):
            name = one.oid._name
            raise Refused(
                f"its newest certificate has {name}, which would be lost: none is made here",
                where=f"issuer {issuer.name}",
                advice="have it certified elsewhere: `revocast issuer csr`, then `revocast issuer add-certificate`",
            )


def _profile_in(certificate: x509.Certificate, own: IssuerProfile, *, is_root: bool) -> CAProfile:
    """What a certificate lets its CA do; a root has no usages and no policies."""
    constraints = extension_value(certificate.extensions, x509.BasicConstraints)
    usage = extension_value(certificate.extensions, x509.KeyUsage)
    signs = own.ocsp.direct or bool(usage and usage.digital_signature)
    length = constraints.path_length if constraints else None
    if is_root:
        return CAProfile(length, signs)
    usages = extension_value(certificate.extensions, x509.ExtendedKeyUsage) or ()
    policies = extension_value(certificate.extensions, x509.CertificatePolicies) or ()
    return CAProfile(
        length,
        signs,
        tuple(one.dotted_string for one in usages),
        tuple(one.policy_identifier.dotted_string for one in policies),
    )


def _place(signer: Signer, issuer: Issuer) -> Path:
    """The file of its certificates."""
    return next(table.certificates[0] for table in signer.public.issuers if table.name == issuer.name)


def _require_same(issuer: Issuer, certificate: x509.Certificate, path: Path) -> None:
    if certificate in issuer.certificates:
        raise InputError(f"is a certificate of {issuer.name} already", where=str(path))
    both = Issuer.of(issuer.name, [*issuer.certificates, certificate])
    if len({Issuer.of(issuer.name, [one]).key_identifier for one in both.certificates}) > 1:
        raise Refused(
            "has another subjectKeyIdentifier than the certificates that the issuer has: clients that follow it would "
            "refuse what was issued (RFC 5280 section 4.2.1.1)",
            where=str(path),
            advice="have it issued again with the key id that `revocast issuer show` shows; `revocast issuer sign` "
            "takes that of a certificate of this issuer, where one is installed before",
        )


def _require_signs_on(own: IssuerProfile, more: Sequence[x509.Certificate], path: Path) -> None:
    """Return unless the newest certificate lets the CA key sign its responses, and no longer would."""
    both = Issuer.of(own.issuer.name, [*own.issuer.certificates, *more])
    if own.ocsp.direct and own.issuer.signs_responses and not both.signs_responses:
        raise Refused(
            'would be its newest, and its keyUsage lacks digitalSignature, which signed_by = "issuer" needs',
            where=str(path),
            advice="have it issued again: `revocast issuer sign --signs-responses`, or as its maker does it",
        )


def _tell(
    own: IssuerProfile, place: Path, added: Sequence[x509.Certificate], lines: Sequence[str], *, as_json: bool
) -> None:
    issuer = Issuer.of(own.issuer.name, [*own.issuer.certificates, *added])
    urls = {"newest": own.url(issuer_path(issuer.id)), "all": own.url(issuers_path(issuer.id))}
    if as_json:
        said = {"name": issuer.name, "id": issuer.id, "certificates": len(issuer.certificates), "file": str(place)}
        cli.print_json({**said, "added": [f"{one.serial_number:X}" for one in added], "urls": urls})
        return
    for line in lines:
        click.echo(line)
    click.echo(f"{place}: {len(issuer.certificates)} certificates of issuer {issuer.id}")
    click.echo("services read it when they start; take it to every machine that publishes this issuer")
    click.echo(f"then {urls['newest']} is the one that began last, and {urls['all']} has all of them")
