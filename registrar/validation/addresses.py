"""Which addresses a validation may connect to: it is told by strangers where to go, and stands on our networks."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from registrar.validation.config import Networks
from revocation.specialnames import is_reserved

Address: TypeAlias = IPv4Address | IPv6Address

_METADATA: Final = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # most clouds
            "169.254.170.2",  # AWS, of containers
            "169.254.170.23",  # AWS, of pods
            "fd00:ec2::254",
            "fd00:ec2::23",
            "168.63.129.16",  # Azure
            "fd20:ce::254",  # Google Cloud
            "100.100.100.200",  # Alibaba Cloud
            "192.0.0.192",  # Oracle Cloud
            "fd00:a9fe:a9fe::1",  # Akamai
            "169.254.42.42",  # Scaleway
            "fd00:42::42",
        ),
    )
)
"""Where a cloud tells its machines secrets of theirs; some lie in networks that are named for their hosts."""

_NEVER: Final[tuple[tuple[IPv4Network | IPv6Network, str], ...]] = tuple(
    (ip_network(network), what)
    for what, networks in {
        "of the machine itself": ("127.0.0.0/8", "0.0.0.0/8", "::/96"),
        "link-local": ("169.254.0.0/16", "fe80::/10", "fec0::/10"),
        "of no single machine": ("224.0.0.0/4", "240.0.0.0/4", "ff00::/8"),
    }.items()
    for network in networks
)
_TRANSLATED: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
"""Addresses that end in an IPv4 address to which they lead: NAT64 (RFC 6052, RFC 8215), IVI's (RFC 2765)."""

_LOWEST_32: Final = (1 << 32) - 1


def why_refused(address: Address, networks: Networks) -> str:
    """Why there is no connecting to that address, for people; empty where there may be.

    An IPv6 address that leads to an IPv4 address (mapped, 6to4, NAT64) is judged by both. NAT64's well-known one is
    of the Internet where the IPv4 address is.
    """
    for one in _meant(address):
        if one in _METADATA and not _stands_in(one, networks):
            return f"{address} is an address of a cloud's metadata service"
        if _lies_in(one, networks):
            continue
        never = next((what for network, what in _NEVER if one.version == network.version and one in network), "")
        if never:
            return f"{address} is an address {never}"
        if networks != "allow" and is_reserved(one) and one not in _TRANSLATED[0]:
            return f"{address} is no address of the Internet, and this server's `private_addresses` does not name it"
    return ""


def is_named(address: Address, networks: Networks) -> bool:
    """Whether it lies in a network that is named, as does the IPv4 address that it leads to."""
    return all(_lies_in(one, networks) for one in _meant(address))


def _lies_in(address: Address, networks: Networks) -> bool:
    return isinstance(networks, tuple) and any(
        address.version == network.version and address in network for network in networks
    )


def _stands_in(address: Address, networks: Networks) -> bool:
    """Whether it is named itself, and not only a network around it."""
    return isinstance(networks, tuple) and ip_network(address) in networks


def _meant(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 one in it; of a mapped one that alone, since it is another way to write it."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
        return
    yield address
    if address.sixtofour:
        yield address.sixtofour
    if any(address in network for network in _TRANSLATED):
        yield IPv4Address(int(address) & _LOWEST_32)
