"""The chains behind a certificate (RFC 8555 section 7.4.2): as configured, or made of what is public."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from registrar.tenant import Tenant
from revocation.config import PublicConfig, load_certificates
from revocation.errors import ConfigurationError
from revocation.issuer import Issuer

_LONGEST = 8

Chain = tuple[x509.Certificate, ...]


def chains_of(tenant: Tenant, public: PublicConfig, ca: str) -> tuple[Chain, ...]:
    """The chains behind a certificate of an issuer, the usual one first.

    Args:
        ca: the id of who signed it: the issuer, or what it was with a former key. Of that the chains are made of what
            is public; one without any certificate where it is not.
    """
    if tenant.table.chains and ca == tenant.issuer.id:
        return tuple(_configured(paths) for paths in tenant.table.chains)
    if ca not in public.profiles:
        return ((),)
    known = tuple(one for profile in public.profiles.values() for one in profile.issuer.certificates)
    return tuple(dict.fromkeys(_above(one, known) for one in public.profiles[ca].issuer.certificates))


def require_chains(tenants: Iterable[Tenant]) -> None:
    """Return if each configured chain begins with its issuer, and each certificate of it is signed by the next.

    Raises:
        ConfigurationError: a file cannot be read, or a chain is none.
    """
    for tenant in tenants:
        for paths in tenant.table.chains:
            where = f"chains of {tenant.name} in [[registrar.issuers]]: {', '.join(map(str, paths))}"
            try:
                chain = _configured(paths)
                first = Issuer.of(tenant.name, chain[:1])
            except ConfigurationError as error:
                advice = "name the PEM files of its CA certificates, its own first; or leave `chains` out"
                raise ConfigurationError(error.what, where=f"{where}: {error.where}", advice=advice) from error
            _require_chain(chain, first, tenant.issuer, where)


def _require_chain(chain: Chain, first: Issuer, issuer: Issuer, where: str) -> None:
    if first.id != issuer.id:
        raise ConfigurationError(
            f"begins with {chain[0].subject.rfc4514_string()}, which is not this issuer",
            where=where,
            advice="the first file has the issuer's own CA certificate, the next the one that signed it",
        )
    for below, above in pairwise(chain):
        if not _signed(above, below):
            raise ConfigurationError(
                f"{above.subject.rfc4514_string()} did not sign {below.subject.rfc4514_string()} before it",
                where=where,
                advice="put each certificate behind the one that it signed, and a second chain into a list of its own",
            )


@lru_cache(maxsize=64)
def _configured(paths: tuple[Path, ...]) -> Chain:
    return tuple(one for path in paths for one in load_certificates(path))


def _above(first: x509.Certificate, known: Sequence[x509.Certificate]) -> Chain:
    """Up to the root, which its relying parties have, and which stands there only where it would stand alone."""
    chain = [first]
    while len(chain) < _LONGEST and not _is_root(chain[-1]):
        above = next((one for one in known if one not in chain and _signed(one, chain[-1])), None)
        if above is None or _is_root(above):
            break
        chain.append(above)
    return tuple(chain)


def _is_root(one: x509.Certificate) -> bool:
    """Whether it is self-signed."""
    return one.subject == one.issuer and _signed(one, one)


@lru_cache(maxsize=256)
def _signed(above: x509.Certificate, below: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
