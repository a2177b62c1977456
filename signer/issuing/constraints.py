"""The nameConstraints of an issuer (RFC 5280 section 4.2.1.10): relying parties refuse what is outside of them.

Where its certificates have different ones, what is issued is within all of them. No subject is held against them:
an issuer that is restricted in directory names issues nothing by message.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from cryptography import x509

from revocation.errors import Refused
from revocation.extensions import extension_value
from revocation.issuer import Issuer
from revocation.refusalkind import RefusalKind
from signer.issuing.names import Name, type_of
from signer.refusal import refused_as


def require_within(issuer: Issuer, names: Sequence[Name]) -> None:
    """Return if these names are within what the issuer's certificates let it certify.

    Raises:
        Refused: one is not, or they restrict what is not looked at here.
    """
    for certificate in issuer.certificates:
        found = extension_value(certificate.extensions, x509.NameConstraints)
        if found is not None:
            _require(issuer, found, names)


def _require(issuer: Issuer, constraints: x509.NameConstraints, names: Sequence[Name]) -> None:
    permitted, excluded = constraints.permitted_subtrees or [], constraints.excluded_subtrees or []
    where = f"issuer {issuer.name}"
    _require_known((*permitted, *excluded), where)
    for name in names:
        of_type = [one for one in permitted if type_of(one) == name.type]
        if (of_type and not _is_in(name, of_type)) or _is_in(name, [o for o in excluded if type_of(o) == name.type]):
            raise Refused(
                f"{name} is outside of the nameConstraints of its certificate: relying parties would refuse it",
                where=where,
            )


@refused_as(RefusalKind.ISSUER)
def _require_known(subtrees: Iterable[x509.GeneralName], where: str) -> None:
    if odd := next((one for one in subtrees if type_of(one) not in _KNOWN), None):
        what = f"its certificate restricts names of the type {type(odd).__name__}, against which nothing is held here"
        raise Refused(what, where=where, advice="`revocast issuer sign` for CAs; or another issuer")


def _is_in(name: Name, subtrees: Iterable[x509.GeneralName]) -> bool:
    return any(_MATCHES[name.type](name, str(one.value)) for one in subtrees)


def _below(host: str, domain: str) -> bool:
    """With or without a dot in front: implementations take both for all that is below."""
    domain = domain.lower().removeprefix(".")
    return not domain or host == domain or host.endswith(f".{domain}")


def _dns(name: Name, domain: str) -> bool:
    return _below(name.value.removeprefix("*."), domain)


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


_MATCHES: Final = {"dns": _dns, "ip": _ip, "email": _email, "uri": _uri}
_KNOWN: Final = frozenset(_MATCHES)
