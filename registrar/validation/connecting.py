"""A connection to a host: looked up once by our resolvers, judged, and connected to at the very address judged.

Whoever answers for the name in DNS could say another address to each question; there is no second one.
"""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from registrar.problem import Problem, ProblemType
from registrar.validation.addresses import Address, is_named, why_refused
from registrar.validation.config import Networks
from registrar.validation.deadline import Deadline
from registrar.validation.failure import MayPass, NoSuchName
from registrar.validation.resolver import Resolver

_OF_EACH: Final = 2
"""Addresses of IPv6, then of IPv4, that are tried."""

_CONNECT_SECONDS: Final = 3.0
"""For one address, so that one which swallows everything leaves time for the next."""

_FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_NOBODYS: Final[dict[int, Address]] = {4: IPv4Address("192.0.2.1"), 6: IPv6Address("2001:db8::1")}
"""Addresses for examples, which no machine has (RFC 5737, RFC 3849)."""


@dataclass(frozen=True)
class Host:
    """A host as it is named: by a DNS name, or by an address."""

    name: str
    address: Address | None = None

    def __str__(self) -> str:
        """As in a URL."""
        return f"[{self.name}]" if self.address and self.address.version == 6 else self.name


@dataclass(frozen=True)
class Connection:
    """A TCP connection, and where it goes."""

    socket: socket.socket
    address: Address


@contextlib.contextmanager
def connected(
    host: Host, port: int, resolver: Resolver, networks: Networks, deadline: Deadline
) -> Iterator[Connection]:
    """A connection to one of its addresses, IPv6 first; closed in the end.

    Raises:
        Problem: it has no address that may be connected to.
        MayPass: none of them takes the connection, or it cannot be looked up now.
    """
    connection = _connect(host, port, _allowed(host, resolver, networks), networks, deadline)
    with connection.socket:
        yield connection


def _allowed(host: Host, resolver: Resolver, networks: Networks) -> list[Address]:
    addresses = [host.address] if host.address else _looked_up(host.name, resolver)
    refusals = {address: why_refused(address, networks) for address in addresses}
    allowed = [address for address in addresses if not refusals[address]]
    if not allowed:
        raise Problem(ProblemType.CONNECTION, f"{host} was not connected to: {next(iter(refusals.values()))}")
    six = [address for address in allowed if address.version == 6]
    four = [address for address in allowed if address.version == 4]
    return [*six[:_OF_EACH], *four[:_OF_EACH]]


def _looked_up(name: str, resolver: Resolver) -> list[Address]:
    """Its addresses of both families; what fails of one does not matter where the other has some."""
    found, problems = list[Address](), list[Problem]()
    for type_ in ("AAAA", "A"):
        try:
            found += [ip_address(record.to_text()) for record in resolver.look_up(name, type_)]
        except NoSuchName:
            raise
        except Problem as problem:
            problems.append(problem)
    if not found:
        raise problems[0] if problems else Problem(ProblemType.DNS, f"{name} has no address (neither AAAA nor A)")
    return found


def _connect(host: Host, port: int, addresses: list[Address], networks: Networks, deadline: Deadline) -> Connection:
    failures = []
    for address in addresses:
        try:
            seconds = min(_CONNECT_SECONDS, deadline.left())
            opened = _opened(address, port, seconds)
        except TimeoutError:
            failures.append(f"{address} did not answer in time")
        except OSError as error:
            failures.append(f"{address}: {error.strerror or type(error).__name__}")
        else:
            require_elsewhere(opened, address, networks)
            return Connection(opened, address)
    raise MayPass(ProblemType.CONNECTION, f"could not connect to {host}, port {port}: {'; '.join(failures)}")


def require_elsewhere(opened: socket.socket, address: Address, networks: Networks) -> None:
    """Return if the other end is another machine, or in a network that is named; it is closed otherwise.

    Raises:
        Problem: it is this one, by whichever of its addresses; nothing was sent.
    """
    if is_named(address, networks):
        return
    if opened.getsockname()[0] == opened.getpeername()[0] or _is_own(address):
        opened.close()
        raise Problem(ProblemType.CONNECTION, f"{address} is an address of the machine itself: nothing was sent there")


def _is_own(address: Address) -> bool:
    """Whether a socket can have it; where the system lets it have any, that says nothing."""
    return _can_be_bound(address) and not _can_be_bound(_NOBODYS[address.version])


def _can_be_bound(address: Address) -> bool:
    with socket.socket(_FAMILIES[address.version], socket.SOCK_DGRAM) as tried:
        try:
            tried.bind((str(address), 0))
        except OSError:
            return False
    return True


def _opened(address: Address, port: int, seconds: float) -> socket.socket:
    opened = socket.socket(_FAMILIES[address.version], socket.SOCK_STREAM)
    try:
        opened.settimeout(seconds)
        opened.connect((str(address), port))
    except BaseException:
        opened.close()
        raise
    return opened
