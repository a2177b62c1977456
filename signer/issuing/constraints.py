"""The nameConstraints of a chain (RFC 5280 section 4.2.1.10): relying parties refuse what is outside of them.

They are those of the issuer and of each one above it that is configured here. Where certificates have different ones,
what is issued is within all of them. Implementations differ on what a dot
in front of a host says: what is permitted is read in the narrow way, what is excluded in the wide one. Of a subject the
common name is held against them as OpenSSL does it; an issuer that is restricted in directory names issues nothing by
message.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography import x509

from revocation.errors import Refused
from revocation.extensions import extension_value
from revocation.issuer import Issuer
from revocation.refusalkind import RefusalKind
from signer.issuing.names import Name, is_domain, is_wildcard, type_of
from signer.refusal import refused_as

_HOST: Final = re.compile(r"(\*\.)?\w([\w-]*\w)?(\.\w([\w-]*\w)?)+", re.ASCII)
"""A common name that OpenSSL takes for a host, and one of a wildcard."""


@refused_as(RefusalKind.NAME)
def require_within(chain: Sequence[Issuer], names: Sequence[Name]) -> None:
    """Return if these names are within what the certificates of a chain let its first one certify.

    Args:
        chain: the issuer, and those above it.

    Raises:
        Refused: one is not, or they restrict what is not looked at here.
    """
    for issuer in chain:
        where = f"issuer {issuer.name}" + ("" if issuer is chain[0] else f", above {chain[0].name}")
        for certificate in issuer.certificates:
            found = extension_value(certificate.extensions, x509.NameConstraints)
            if found is not None:
                _require(where, found, names)


@refused_as(RefusalKind.REQUEST)
def require_subject_within(chain: Sequence[Issuer], subject: x509.Name, names: Sequence[Name]) -> None:
    """Return if no common name is taken for a host that the certificates of a chain do not let its first one certify.

    Args:
        chain: the issuer, and those above it.
        names: those beside it: where one is a host, relying parties look at no common name.

    Raises:
        Refused: one is.
    """
    if any(name.type == "dns" for name in names):
        return
    for one in subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
        if _HOST.fullmatch(str(one.value)):
            try:
                require_within(chain, [Name("dns", str(one.value).lower())])
            except Refused as error:
                what = f"{one.rfc4514_string()} looks like the name of a host, and {error.what}"
                raise Refused(what, where=error.where, advice="another common name, or that of a person") from error


def _require(where: str, constraints: x509.NameConstraints, names: Sequence[Name]) -> None:
    permitted, excluded = constraints.permitted_subtrees or [], constraints.excluded_subtrees or []
    _require_known((*permitted, *excluded), where)
    are_uris_restricted = any(type_of(one) == "uri" for one in (*permitted, *excluded))
    for name in names:
        if name.type == "uri" and are_uris_restricted and not is_domain(name.host):
            raise Refused(
                f"{name} has no host with a name of the DNS, and the nameConstraints of its certificate restrict URIs: "
                "relying parties refuse it (RFC 5280 section 4.2.1.10)",
                where=where,
            )
        of_type = [one for one in permitted if type_of(one) == name.type]
        is_permitted = not of_type or any(_PERMITS[name.type](name, str(one.value)) for one in of_type)
        is_excluded = any(_EXCLUDES[name.type](name, str(o.value)) for o in excluded if type_of(o) == name.type)
        if is_excluded or not is_permitted:
            raise Refused(
                f"{name} is not within the nameConstraints of its certificate, or not all that it stands for",
                where=where,
            )


@refused_as(RefusalKind.ISSUER)
def _require_known(subtrees: Iterable[x509.GeneralName], where: str) -> None:
    if odd := next((one for one in subtrees if type_of(one) not in _KNOWN), None):
        what = f"its certificate restricts names of the type {type(odd).__name__}, against which nothing is held here"
        raise Refused(what, where=where, advice="`revocast issuer sign` for CAs; or another issuer")


def _permits_host(name: Name, domain: str) -> bool:
    """With a dot in front what is below it alone. Of a wildcard: each name that it stands for."""
    domain = domain.lower()
    if domain.startswith("."):
        return name.value.endswith(domain)
    return _is_below(name.value.removeprefix("*."), domain)


def _excludes_host(name: Name, domain: str) -> bool:
    """With or without a dot in front. Of a wildcard: any name that it stands for, which has one label in its place."""
    domain, host = domain.lower().removeprefix("."), name.value.removeprefix("*.")
    stands_for_it = is_wildcard(name) and domain.partition(".")[2] == host
    return _is_below(host, domain) or stands_for_it


def _is_below(host: str, domain: str) -> bool:
    return not domain or host == domain or host.endswith(f".{domain}")


def _ip(name: Name, network: str) -> bool:
    return name.is_in_network(network)


def _email(name: Name, wanted: str) -> bool:
    """A mailbox, a host, or with a dot in front all hosts below."""
    local, _, host = name.value.rpartition("@")
    if "@" in wanted:
        its_local, _, its_host = wanted.rpartition("@")
        return (local, host) == (its_local, its_host.lower())
    return host.endswith(wanted.lower()) if wanted.startswith(".") else host == wanted.lower()


def _uri(name: Name, wanted: str) -> bool:
    host = name.host
    return host.endswith(wanted.lower()) if wanted.startswith(".") else host == wanted.lower()


_PERMITS: Final = {"dns": _permits_host, "ip": _ip, "email": _email, "uri": _uri}
_EXCLUDES: Final = {**_PERMITS, "dns": _excludes_host}
_KNOWN: Final = frozenset(_PERMITS)
