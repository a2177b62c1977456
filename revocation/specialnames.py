"""Names and addresses that stand for no host of the public Internet: under the BRs nobody certifies them.

Addresses are the blocks of IANA's two registries of special purposes as of 2025-10-09 (RFC 6890), whether what is in
them can be reached or not, multicast, and of IPv6 whatever is outside of 2000::/3, from which alone unicast addresses
are assigned (RFC 4291 section 2.4). `ipaddress` has tables of its own, which differ between versions of Python.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

_SPECIAL_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # relays of 6to4, once
            "192.168.0.0/16",
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",
        ),
    )
)
_UNICAST: Final = IPv6Network("2000::/3")
_SPECIAL_V6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo, ORCHID, AMT, AS112 and the IETF's others
            "2001:db8::/32",
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",
        ),
    )
)
_SPECIAL: Final = {
    "alt": "is outside of DNS (RFC 9476)",
    "arpa": "is in the zone of the Internet's own infrastructure, in which no host has its name (RFC 3172)",
    "example": "is for examples (RFC 6761)",
    "internal": "is in a domain that ICANN keeps for private use",
    "invalid": "is in a domain that never exists (RFC 6761)",
    "local": "is of one link (RFC 6762)",
    "localhost": "is of the machine itself (RFC 6761)",
    "onion": "is of Tor (RFC 7686), and validating such names is a matter of its own (BRs appendix B), not done here",
    "test": "is for tests (RFC 6761)",
}


def is_reserved(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address has a special purpose, is of many hosts, or is not assigned to any."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in _SPECIAL_V4)
    return address not in _UNICAST or any(address in network for network in _SPECIAL_V6)


def why_special(host: str) -> str:
    """Why no host of the public DNS can have that name; empty of others, which may all the same be in no known domain.

    Args:
        host: in lower case; a wildcard without `*.`.
    """
    return _SPECIAL.get(host.rpartition(".")[2], "")
