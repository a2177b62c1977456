"""Which addresses are connected to."""

from ipaddress import ip_address, ip_network

import pytest

from registrar.validation.addresses import why_refused
from registrar.validation.config import Networks

PUBLIC = ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]
PRIVATE = ["10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1", "fd12::1", "::ffff:192.168.1.1", "64:ff9b::10.0.0.1"]
RESERVED = ["5f00::1", "4000::1", "fe00::1", "3fff::1", "2001:db8::1", "192.0.2.1", "192.88.99.1", "64:ff9b:1::a01:203"]
NEVER = [
    "fec0::1", "64:ff9b:1::7f00:1", "::ffff:0:7f00:1",
    "127.0.0.1", "127.9.9.9", "0.1.2.3", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "169.254.1.1",
    "fe80::1", "224.0.0.1", "255.255.255.255", "ff02::1", "2002:7f00:1::", "64:ff9b::127.0.0.1",
]  # fmt: skip
METADATA = [
    "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::", "169.254.170.2",
    "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:42::42",
]  # fmt: skip
HOME = tuple(map(ip_network, ("10.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "fc00::/7")))
EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@pytest.mark.parametrize(
    ("addresses", "networks", "is_refused"),
    [
        (PUBLIC, "refuse", False),
        (PRIVATE, "refuse", True),
        (RESERVED, "refuse", True),
        (PRIVATE, "allow", False),
        (NEVER, "refuse", True),
        (NEVER, "allow", True),
        (NEVER, (ip_network("10.0.0.0/8"),), True),
        (NEVER, EVERYTHING, False),
        (METADATA, "refuse", True),
        (METADATA, "allow", True),
        (METADATA, HOME, True),
        (METADATA, EVERYTHING, True),
        (["169.254.169.254", "::ffff:169.254.169.254"], (ip_network("169.254.169.254/32"),), False),
        (["fd00:ec2::254"], (*HOME, ip_network("fd00:ec2::254")), False),
        (["fd00:ec2::254"], (ip_network("fd00:ec2::/64"), ip_network("fd00:ec2::23")), True),
        (["169.254.169.253", "fd00:ec2::253"], HOME, False),
        (["192.168.7.1", "::ffff:192.168.7.1"], (ip_network("192.168.7.0/24"),), False),
        (["192.168.8.1"], (ip_network("192.168.7.0/24"),), True),
        (["1.1.1.1"], (ip_network("192.168.7.0/24"),), False),
    ],
)  # fmt: skip
def test_address_is_refused_by_where_it_leads(addresses: list[str], networks: Networks, is_refused: bool) -> None:
    """In IPv6's clothes too; this machine's need a network that is named, and metadata services' their own name."""
    for address in addresses:
        assert bool(why_refused(ip_address(address), networks)) is is_refused, address
