"""`revocast issuer show`: who the issuers are, what certificates they have, and where what about them is."""

from pathlib import Path
from typing import Any

import click
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from revocation import cli, clock, paths, serials
from revocation.clock import iso
from revocation.config import IssuerProfile, PublicConfig
from revocation.configfile import ConfigFile
from revocation.extensions import extension_value
from signer.config import SignerConfig, SignerIssuer
from signer.importers.certificate import serial_of
from signer.issuers.files import sha256_of
from signer.issuers.samename import is_self_issued
from signer.issuers.subject import shown_name
from signer.keys.kind import name_of_kind
from signer.keys.shown import shown


@click.command(short_help="Show issuers: certificates, key, and where things are.")
@click.argument("name", required=False)
@cli.config_option
@cli.json_option
def show(name: str | None, config: Path | None, as_json: bool) -> None:
    """Show issuer NAME, or all of them: its certificates with their windows, where its key is, and its URLs.

    It opens no key.
    """
    file = ConfigFile.read(config)
    public = PublicConfig.read(file)
    entries = {one.name: one for one in file.table("signer", SignerConfig, may_lack=True).issuers}
    profiles = [public.profile(name)] if name else list(public.profiles.values())
    found = [_facts(profile, entries.get(profile.issuer.name)) for profile in profiles]
    if as_json:
        cli.print_json({"issuers": found})
        return
    for one in found:
        _print(one)


def _facts(profile: IssuerProfile, entry: SignerIssuer | None) -> dict[str, Any]:
    issuer = profile.issuer
    several = len(issuer.certificates) > 1
    return {
        "name": issuer.name,
        "id": issuer.id,
        "subject": shown_name(issuer.certificates[0].subject),
        "compliance": str(profile.compliance),
        "key": {
            "kind": name_of_kind(issuer.public_key_info),
            "where": _where(entry),
            "identifier": issuer.key_identifier.hex(),
            "spki_sha256": sha256_of(issuer.public_key_info),
        },
        "certificates": [_certificate(one) for one in issuer.certificates],
        "expired": clock.now() >= issuer.not_after,
        "urls": {
            "crls": {label: spec.url for label, spec in profile.complete_crls.items()},
            "ocsp": profile.url(paths.OCSP_PATH),
            "issuer": profile.url(paths.issuer_path(issuer.id)),
            "issuers": profile.url(paths.issuers_path(issuer.id)) if several else None,
        },
    }


def _where(entry: SignerIssuer | None) -> str:
    if entry is not None and entry.offline:
        return "on a machine without network"
    return shown(entry.key) if entry is not None and entry.key else "not here"


def _certificate(certificate: x509.Certificate) -> dict[str, Any]:
    constraints = extension_value(certificate.extensions, x509.BasicConstraints)
    by_itself = is_self_issued(certificate)
    return {
        "serial": serials.to_hex(serial_of(certificate)),
        "issued_by": None if by_itself else shown_name(certificate.issuer),
        "not_before": iso(certificate.not_valid_before_utc),
        "not_after": iso(certificate.not_valid_after_utc),
        "path_length": constraints.path_length if constraints else None,
        "sha256": certificate.fingerprint(SHA256()).hex(),
    }


def _print(one: dict[str, Any]) -> None:
    key, urls = one["key"], one["urls"]
    click.echo(f"{one['name']} ({one['id']}){': has expired' if one['expired'] else ''}")
    click.echo(f"  subject      {one['subject']}")
    click.echo(f"  rules        {one['compliance']}")
    click.echo(f"  key          {key['kind']}, {key['where']}")
    click.echo(f"    id         {key['identifier']}")
    click.echo(f"    spki       sha256 {key['spki_sha256']}")
    for each in one["certificates"]:
        click.echo(f"  certificate  {each['serial']}, {each['issued_by'] or 'by itself'}")
        click.echo(f"    valid      from {each['not_before']} to {each['not_after']}")
        click.echo(f"    sha256     {each['sha256']}")
    for label, url in urls["crls"].items():
        click.echo(f"  CRL {label:8} {url}")
    click.echo(f"  OCSP         {urls['ocsp']}")
    click.echo(f"  issuer       {urls['issuer']}")
    if urls["issuers"]:
        click.echo(f"  issuers      {urls['issuers']}")
