"""What `revocast up` shows of a registrar: where its directories are, what to trust, and how to try it."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from pydantic import BaseModel, ConfigDict

from revocation.config import IssuerProfile, PublicConfig
from revocation.configfile import ConfigFile


class _Issuer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    acme: bool = False


class _Registrar(BaseModel):
    """Of [registrar], what clients see."""

    model_config = ConfigDict(extra="ignore")

    url: str
    issuers: tuple[_Issuer, ...] = ()


def acme_directories(config: Path) -> dict[str, str]:
    """For each issuer that serves ACME its name, and the URL of its directory."""
    file = ConfigFile.read(config)
    if not file.has("registrar"):
        return {}
    found = file.table("registrar", _Registrar)
    return {one.name: f"{found.url}/acme/{one.name}/directory" for one in found.issuers if one.acme}


def root_of(profile: IssuerProfile, public: PublicConfig) -> Path:
    """The file of the certificate at the top of an issuer's chain, as far as this configuration has it."""
    files = {table.name: table.certificates[0] for table in public.issuers}
    chain = [profile.issuer]
    while len(chain) <= len(files):
        above = [one.issuer for one in public.profiles.values() if one.issuer not in chain]
        found = next((one for one in above if _signed(one.certificates[0], chain[-1].certificates[0])), None)
        if found is None:
            break
        chain.append(found)
    return files[chain[-1].name]


def acme_commands(directory: str, root: Path) -> Iterator[str]:
    """How to see whether it answers, and how to get a certificate."""
    yield shlex.join(("curl", "--cacert", str(root), directory))
    host = urlsplit(directory).hostname or ""
    example = "www.home.arpa" if "." not in host else f"www.{host.partition('.')[2]}"
    options = ("--server", directory, "--standalone", "-d", example)
    yield f"REQUESTS_CA_BUNDLE={shlex.quote(str(root))} certbot certonly {shlex.join(options)}"


def _signed(above: x509.Certificate, below: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
