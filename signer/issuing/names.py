"""The names that a certificate is to have: read, written in one way, and held against what the issuer may certify."""

import re
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from revocation.errors import Refused
from revocation.hostlabels import unfit_label
from revocation.visible import visible
from signer.issuing.config import NamePolicy

_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#$&-;=?-Z_a-z~]+")
_LONGEST_HOST: Final = 253
_LONGEST: Final = 1000
_KINDS: Final = "dns:HOST, ip:ADDRESS, email:MAILBOX or uri:URI"
_KINDS_TOO: Final = f"{_KINDS}; or cn:NAME, a common name"

COMMON_NAME: Final = "cn:"
"""What stands before a common name, which is none of the names of a certificate, and by which it is found too."""


@dataclass(frozen=True)
class Name:
    """One name of a subjectAltName.

    Attributes:
        type: `dns`, `ip`, `email` or `uri`.
        value: as it stands in the certificate: lower case where that makes no difference.
    """

    type: str
    value: str

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"

    @cached_property
    def address(self) -> IPv4Address | IPv6Address:
        """That of a name of type `ip`."""
        return ip_address(self.value)

    @property
    def host(self) -> str:
        """That of a name of type `uri`; empty where it has none."""
        return (urlsplit(self.value).hostname or "").lower()

    def is_in_network(self, network: str) -> bool:
        """Whether a name of type `ip` is in one."""
        return self.address in ip_network(network)

    @property
    def general_name(self) -> x509.GeneralName:
        """The same as RFC 5280, section 4.2.1.6, has it."""
        match self.type:
            case "dns":
                return x509.DNSName(self.value)
            case "ip":
                return x509.IPAddress(self.address)
            case "email":
                return x509.RFC822Name(self.value)
        return x509.UniformResourceIdentifier(self.value)


def parse_name(text: str) -> Name:
    """A name from its text.

    Raises:
        Refused: it is none.
    """
    type_, _, value = text.partition(":")
    found = _READ[type_](value) if type_ in _READ and len(text) <= _LONGEST else None
    if found is None:
        raise Refused(f"{visible(text[:_LONGEST])!r} is no name that is certified", where="names", advice=_KINDS)
    return Name(type_, found)


def sought(text: str) -> str:
    """As what certificates with a name are in the ledger: the name with its type, or `cn:` and the common name.

    Raises:
        Refused: it is no name; says which type it looks to have.
    """
    if text.startswith(COMMON_NAME) and len(text) > len(COMMON_NAME):
        return visible(text)
    try:
        return str(parse_name(text))
    except Refused as error:
        raise Refused(
            f"{visible(text[:_LONGEST])!r} is no name of a certificate, with its type before it",
            where="names",
            advice=_KINDS_TOO if text.partition(":")[0] in _READ else f"is {_typed(text)} meant?",
        ) from error


def _typed(text: str) -> str:
    types = [*(type_ for type_, read in _READ.items() if read(text)), "cn"]
    return " or ".join(f"`{type_}:{visible(text[:_LONGEST])}`" for type_ in types)


def name_of(general: x509.GeneralName) -> Name:
    """A name from that of a request.

    Raises:
        Refused: it is of a type that is not certified, or malformed.
    """
    if type_ := type_of(general):
        return parse_name(f"{type_}:{general.value}")
    raise Refused(
        f"the request wants a name of the type {type(general).__name__}",
        where="names",
        advice=f"certified are {_KINDS}",
    )


def type_of(general: x509.GeneralName) -> str:
    """The type of a name; empty of one that is not certified."""
    return next((type_ for class_, type_ in _CLASSES if isinstance(general, class_)), "")


def require_permitted(name: Name, policy: NamePolicy) -> None:
    """Return if a policy permits a name, and its host is one.

    Raises:
        Refused: it may not be certified.
    """
    if not _permits(name, policy):
        raise Refused(
            f"{name} is none of the names that this profile certifies",
            where="names",
            advice=f"`names` of [signer.issuers.issuance] permits {_shown(name.type, policy)}",
        )
    if why := unfit_label(_host_of(name)):
        raise Refused(f"{name} {why}", where="names")


def is_wildcard(name: Name) -> bool:
    """Whether it stands for many."""
    return name.value.startswith("*.")


def is_domain(host: str) -> bool:
    """Whether it is the full name of one host in the DNS: no address, and nothing that stands for many."""
    return _dns(host) is not None and "." in host and not host.startswith("*.")


def _host_of(name: Name) -> str:
    match name.type:
        case "dns":
            return name.value
        case "email":
            return name.value.rpartition("@")[2]
        case "uri":
            return name.host
    return ""


def _permits(name: Name, policy: NamePolicy) -> bool:
    match name.type:
        case "dns":
            host = name.value.removeprefix("*.")
            covered = any(_is_below(host, domain, is_wildcard=is_wildcard(name)) for domain in policy.dns)
            return covered and (policy.wildcards or not is_wildcard(name))
        case "ip":
            return any(name.address in network for network in policy.ip)
        case "email":
            local, _, host = name.value.rpartition("@")
            return any(_is_mailbox(local, host, wanted) for wanted in policy.email)
    return any(name.value.startswith(beginning) for beginning in policy.uri)


def _is_below(host: str, domain: str, *, is_wildcard: bool = False) -> bool:
    if domain.startswith("."):  # *.example.com is below it, although example.com is not
        return host.endswith(domain) or (is_wildcard and host == domain[1:])
    return domain == "*" or host == domain or host.endswith(f".{domain}")


def _is_mailbox(local: str, host: str, wanted: str) -> bool:
    its_local, _, domain = wanted.rpartition("@")
    if its_local:
        return (local, host) == (its_local, domain)
    return host.endswith(domain) if domain.startswith(".") else domain in ("*", host)


def _shown(type_: str, policy: NamePolicy) -> str:
    permitted = ", ".join(map(str, getattr(policy, type_)))
    if not permitted:
        return f"no {type_} names"
    return permitted + (", without wildcards" if type_ == "dns" and not policy.wildcards else "")


def _dns(text: str) -> str | None:
    """A host name of letters, digits and hyphens (RFC 5280 section 4.2.1.6); others as xn--…; not an address."""
    if not text.isascii():
        return None  # in lower case the Kelvin sign is a k
    host = text.lower()
    labels = host.removeprefix("*.").split(".")
    is_host = len(host) <= _LONGEST_HOST and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    return host if is_host else None


def _ip(text: str) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id else str(address)


def _email(text: str) -> str | None:
    local, _, host = text.rpartition("@")
    found = _dns(host)
    is_mailbox = _LOCAL.fullmatch(local) and len(local) <= 64 and found and not found.startswith("*")
    return f"{local}@{found}" if is_mailbox else None


def _uri(text: str) -> str | None:
    """An absolute URI in ASCII, with a host where it has an authority (section 4.2.1.6), which ends in no dot.

    Nothing in it is percent-encoded, and no segment is of dots, with parameters or without: what stands behind the
    beginning that is permitted could lead out of it, wherever somebody decodes once more (RFC 3986 sections 5.2.4 and
    7.3).
    """
    if not _URI.fullmatch(text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    try:
        parts.port  # noqa: B018 - urlsplit looks at it now
    except ValueError:
        return None
    leads_away = any(one in (".", "..") for one in re.split("[/;]", parts.path)) or "@" in parts.netloc
    host = parts.hostname or ""
    has_odd_host = ("//" in text and not host) or host.startswith(".") or host.endswith(".") or ".." in host
    return None if leads_away or has_odd_host else text


_READ: Final = {"dns": _dns, "ip": _ip, "email": _email, "uri": _uri}
_CLASSES: Final = (
    (x509.DNSName, "dns"),
    (x509.IPAddress, "ip"),
    (x509.RFC822Name, "email"),
    (x509.UniformResourceIdentifier, "uri"),
)
