"""The table [registrar.validation]."""

import pytest
from pydantic import ValidationError

from registrar.validation.config import Network, split_address


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"timeout": "3s"}, r"dns_timeout \(5s\) is longer than timeout \(3s\)"),
        ({"timeout": "0s"}, "0s is not more than 0s"),
        ({"timeout": "2m"}, "2m is not more than 0s and at most 1m"),
        ({"private_addresses": "yes"}, 'is "allow", "refuse", or a list of networks'),
        ({"private_addresses": ["10.0.0.1/8"]}, "or a list of networks"),
        ({"resolvers": ["resolver.example"]}, "is the address of no resolver"),
        ({"resolvers": ["192.0.2.1:0"]}, "has no port of 1 to 65535"),
        ({"caa_identities": ["CA.example"]}, "lower case"),
        ({"proxy": "http://127.0.0.1"}, "not permitted"),
    ],
)
def test_network_that_cannot_be_is_refused(fields: dict[str, object], words: str) -> None:
    """With the numbers, and what may stand there."""
    with pytest.raises(ValidationError, match=words):
        Network.model_validate(fields)


def test_network_refuses_private_addresses_unless_it_says_otherwise() -> None:
    """Safe by default, and CAA is asked for."""
    assert (Network().private_addresses, Network().caa) == ("refuse", True)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
    ],
)
def test_resolver_is_named_by_address_and_port(text: str, place: tuple[str, int]) -> None:
    """The port is 53 where none is named."""
    assert split_address(text) == place
