"""Which address a client has: what the connection says or, of a proxy that is trusted, what that says."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

_ONE_CLIENT: Final = 64
"""Bits of an IPv6 network, of which a host has all addresses (RFC 4291 section 2.5.4)."""


def client_address(environ: Mapping[str, Any], trusted: Sequence[IPv4Network | IPv6Network]) -> str:
    """The last address on the way here that is no trusted proxy's: what stands before it anybody can write.

    Args:
        environ: of WSGI.
        trusted: the proxies in front.
    """
    peer = str(environ.get("REMOTE_ADDR", ""))
    found = _address(peer)
    forwarded = [one for one in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",") if one.strip()]
    while forwarded and found is not None and any(found in network for network in trusted):
        found = _address(forwarded.pop().strip())
    return str(found) if found else peer


def network_of(address: str) -> str:
    """What one client has of addresses, as rates count it: an IPv4 address, or an IPv6 network of 64 bits."""
    found = _address(address)
    return str(IPv6Network((found, _ONE_CLIENT), strict=False)) if isinstance(found, IPv6Address) else address


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
