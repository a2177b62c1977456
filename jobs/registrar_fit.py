"""What a revocast.toml says of a registrar against what it says elsewhere: told before clients notice it."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from jobs.acme import ACME
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError


class _Part(BaseModel):
    """As far as it is of interest here; the service whose table it is reads all of it."""

    model_config = ConfigDict(extra="ignore")


class _Public(_Part):
    base_url: str = ""


class _Offer(_Part):
    name: str = ""
    acme: bool = False
    api: bool = False
    profiles: Mapping[str, Any] = Field(default={"server": ""})
    requester: str = "registrar"
    dns_names: tuple[str, ...] = ()
    ip_networks: tuple[str, ...] = ()


class _Own(_Part):
    issuer: str = ""
    profile: str = "server"


class _Registrar(_Part):
    url: str = ""
    issuers: tuple[_Offer, ...] = ()
    own_certificate: _Own | None = None


class _Issuance(_Part):
    profiles: Mapping[str, Any] = Field(default={})


class _Issuer(_Part):
    name: str = ""
    issuance: _Issuance = _Issuance()


class _Requester(_Part):
    name: str = ""


class _Signer(_Part):
    issuers: tuple[_Issuer, ...] = ()
    requesters: tuple[_Requester, ...] = ()


def require_reachable(config: Path, acme: ACME) -> None:
    """Return if those who get certificates from a new registrar can reach what stands in them.

    Raises:
        ConfigurationError: CRLs and OCSP are for this machine alone, and the registrar is not.
    """
    base_url = ConfigFile.read(config).table("public", _Public, may_lack=True).base_url
    if acme.is_local or not _is_local(base_url):
        return
    wanted = acme.status_url(urlsplit(base_url).port or 80)
    raise ConfigurationError(
        f"`base_url` of [public] is {base_url}: certificates would name that for CRLs and OCSP, and only this machine "
        f"reaches it, while clients come to {acme.url}",
        where=str(config),
        advice=f'set `base_url = "{wanted}"` in [public], `host = "{acme.everywhere}"` in [responder], and ask again',
    )


def misfits(config: Path) -> Iterator[str]:
    """What stands in [registrar] and cannot work as the rest is, a sentence each; nothing where there is none."""
    file = ConfigFile.read(config)
    if not file.has("registrar"):
        return
    registrar = file.table("registrar", _Registrar)
    yield from out_of_reach(file)
    if file.has("signer"):
        yield from _unknown_to(file.table("signer", _Signer), registrar)


def out_of_reach(file: ConfigFile) -> Iterator[str]:
    """A sentence where certificates go to clients elsewhere, by ACME or the API, and name this machine's loopback."""
    if not file.has("registrar"):
        return
    registrar, base_url = file.table("registrar", _Registrar), file.table("public", _Public, may_lack=True).base_url
    is_served = any(one.acme or one.api for one in registrar.issuers)
    if is_served and _is_local(base_url) and not _is_local(registrar.url):
        yield (
            f"certificates name {base_url} for CRLs and OCSP, which only this machine reaches, while clients come to "
            f"{registrar.url}: set `base_url` in [public], and `host` in [responder]"
        )


def not_used(config: Path, acme: ACME) -> Iterator[str]:
    """What options say other than the registrar that is configured already, with the lines to change."""
    registrar = ConfigFile.read(config).table("registrar", _Registrar)
    if acme.says_url and acme.url != registrar.url:
        yield (
            f"--acme-url {acme.url} is not used: for another than {registrar.url} change `url` and `listen` in "
            "[registrar], `names` of [signer.issuers.issuance.profiles.registrar], and `base_url` in [public]; then "
            "tell clients"
        )
    offered = [_networks((*one.dns_names, *one.ip_networks)) for one in registrar.issuers]
    if acme.says_names and _networks((*acme.domains, *acme.networks)) not in offered:
        yield (
            f"--names {' '.join((*acme.domains, *acme.networks))} is not used: change `dns_names` and `ip_networks` in "
            "[[registrar.issuers]], and `dns` and `ip` in [signer.issuers.issuance.names]"
        )


def _networks(names: tuple[str, ...]) -> set[str]:
    """The names, networks as they are written by everybody."""
    return {str(ip_network(name)) if "/" in name else name for name in names}


def _unknown_to(signer: _Signer, registrar: _Registrar) -> Iterator[str]:
    """Profiles and requesters that the signer does not have."""
    issued = {one.name: one.issuance.profiles for one in signer.issuers}
    requesters = {one.name for one in signer.requesters}
    wanted = [(one.name, profile, "profiles") for one in registrar.issuers for profile in one.profiles]
    if (own := registrar.own_certificate) is not None:
        wanted.append((own.issuer, own.profile, "own_certificate.profile"))
    for issuer, profile, place in wanted:
        known = issued.get(issuer, {})
        if profile not in known:
            has = f"it has {', '.join(known)}" if known else "it issues nothing"
            yield (
                f"`{place}` of [registrar] names {profile}, which is no profile of {issuer} in "
                f"[signer.issuers.issuance.profiles]: {has}; each order for it fails"
            )
    for one in registrar.issuers:
        if one.requester not in requesters:
            yield (
                f"`requester` of {one.name} in [[registrar.issuers]] is {one.requester}, which is none of "
                f"[[signer.requesters]]: the signer refuses all that is asked for {one.name}"
            )


def _is_local(url: str) -> bool:
    """Whether only this machine gets there."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
