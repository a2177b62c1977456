"""Addresses and networks in the configuration of the registrar."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator


def _network(value: object) -> object:
    text = str(value)
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(_why_not(text)) from None


def _why_not(text: str) -> str:
    try:
        whole = ip_network(text, strict=False)
    except ValueError:
        return "is neither an address nor a network: write 192.168.1.2, 192.168.1.0/24, fd00::/8"
    return (
        f"is an address within a network: write {whole} for all of that, or the address without its /{whole.prefixlen}"
    )


IPNetwork: TypeAlias = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
"""A network, or one address."""
