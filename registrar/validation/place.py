"""Where http-01 asks, and where a redirect may lead (RFC 8555 section 8.3): to nothing that a client could not name.

Ports and schemes are those of the web, since the client proves control of a web server; hosts are names, so that
nobody is sent to an address; an address alone where an address is what is proved.
"""

from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from registrar.problem import Problem, ProblemType
from registrar.validation.addresses import Address
from registrar.validation.challenge import Challenge
from registrar.validation.config import Network
from registrar.validation.connecting import Host
from registrar.validation.failure import shown
from registrar.validation.hostname import is_hostname

_LONGEST: Final = 2000


@dataclass(frozen=True)
class Place:
    """One URL.

    Attributes:
        port: that is connected to.
        default_port: the one that the URL need not name.
        target: path and query, as they are asked for.
    """

    scheme: str
    host: Host
    port: int
    default_port: int
    target: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        return str(self.host) if self.port == self.default_port else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def first_place(challenge: Challenge, network: Network) -> Place:
    """Where the key authorization has to be; the port of a network of one's own goes unsaid like port 80."""
    value = challenge.identifier.value
    host = Host(value, ip_address(value)) if challenge.identifier.type == "ip" else Host(value)
    target = f"/.well-known/acme-challenge/{challenge.token}"
    return Place("http", host, network.http_port, network.http_port, target)


def redirected(place: Place, location: str, network: Network) -> Place:
    """Where a redirect leads.

    Raises:
        Problem: nowhere that we go.
    """
    if len(location) > _LONGEST or not all("!" <= character <= "~" for character in location):
        raise _refused(place, location, f"is no URL of at most {_LONGEST} visible ASCII characters")
    try:
        parts = urlsplit(urljoin(str(place), location))
        port = parts.port
    except ValueError:
        raise _refused(place, location, "is no URL") from None
    ports = {"http": network.http_port, "https": network.tls_port}
    if parts.scheme not in ports:
        raise _refused(place, location, "is neither http nor https")
    if parts.username is not None or parts.password is not None:
        raise _refused(place, location, "has a user in it")
    default = ports[parts.scheme]
    if port is not None and port not in ports.values():
        raise _refused(place, location, f"names another port than {network.http_port} and {network.tls_port}")
    host = _host(place, parts, location)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, host, default if port is None else port, default, target)


def _host(place: Place, parts: SplitResult, location: str) -> Host:
    name = (parts.hostname or "").removesuffix(".")
    address = _address(name)
    if address is not None:
        if place.host.address is None:
            raise _refused(place, location, "names an address instead of a host")
        return Host(str(address), address)
    if not is_hostname(name):
        raise _refused(place, location, "names no host")
    return replace(place.host, name=name, address=None)


def _address(name: str) -> Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _refused(place: Place, location: str, why: str) -> Problem:
    return Problem(ProblemType.CONNECTION, f"{shown(str(place))} redirects to {shown(location)}, which {why}")
