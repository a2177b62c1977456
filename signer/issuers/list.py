"""`revocast issuer list`: a line for each issuer: until when, below whom, where its key is, and what it issues."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from revocation import cli, clock
from revocation.clock import iso
from revocation.config import IssuerProfile, PublicConfig
from revocation.configfile import ConfigFile
from signer.config import SignerConfig, SignerIssuer
from signer.issuers.brought import parent_here
from signer.issuers.samename import is_self_issued
from signer.issuers.subject import shown_name
from signer.keys.kind import name_of_kind


@click.command("list", short_help="List issuers: until when, below whom, what they issue.")
@cli.config_option
@cli.json_option
def list_(config: Path | None, as_json: bool) -> None:
    """List the issuers of this machine's configuration, in its order. `issuer show NAME` says more of one.

    It opens no key, and no ledger: what is revoked is in `revocast cert list`.
    """
    file, now = ConfigFile.read(config), clock.now()
    public = PublicConfig.read(file)
    entries = {one.name: one for one in file.table("signer", SignerConfig, may_lack=True).issuers}
    profiles = public.profiles.values()
    found = [_facts(public, profile, entries.get(profile.issuer.name), now) for profile in profiles]
    if as_json:
        cli.print_json({"issuers": found})
        return
    widest = max(len(one["name"]) for one in found)
    for one in found:
        click.echo(f"{one['name']:{widest}}  {_line(one)}")


def _facts(public: PublicConfig, profile: IssuerProfile, entry: SignerIssuer | None, now: datetime) -> dict[str, Any]:
    issuer, newest = profile.issuer, profile.issuer.certificates[0]
    parent = parent_here(public, newest)
    issuance = entry.issuance if entry and entry.key else None
    ended = now >= issuer.not_after or profile.last_crl is not None
    return {
        "name": issuer.name,
        "id": issuer.id,
        "key": name_of_kind(issuer.public_key_info),
        "key_is": _whereabouts(entry),
        "not_after": iso(issuer.not_after),
        "expired": now >= issuer.not_after,
        "issued_by": None if is_self_issued(newest) else shown_name(newest.issuer),
        "parent": parent.issuer.name if parent else None,
        "last_crl": profile.last_crl,
        "retired": profile.last_crl is not None,
        "profiles": sorted(issuance.profiles) if issuance and not ended else [],
    }


def _whereabouts(entry: SignerIssuer | None) -> str:
    if entry is not None and entry.offline:
        return "offline"
    return "here" if entry is not None and entry.key else "not here"


def _line(one: dict[str, Any]) -> str:
    above = one["parent"] or one["issued_by"]
    return "  ".join(
        (
            one["id"],
            one["key"],
            f"{'expired' if one['expired'] else 'until'} {one['not_after']}",
            f"below {above}" if above else "a root",
            f"key {one['key_is']}",
            f"retired ({one['last_crl']})" if one["retired"] else f"issues {', '.join(one['profiles']) or 'nothing'}",
        )
    )
