"""Hosts within names of every type: what stands for no name is not certified."""

import pytest

from revocation.errors import Refused
from signer.issuing.config import NamePolicy
from signer.issuing.names import parse_name, require_permitted

ANY = NamePolicy(
    dns=("*",), email=("*",), uri=("https://xn--0.example/", "https://a.example/"), ip=("::/0",), wildcards=True
)


@pytest.mark.parametrize("name", ["dns:*.xn--0.example", "email:a@ab--cd.example", "uri:https://xn--0.example/xn--0"])
def test_host_with_an_unfit_label_is_not_certified(name: str) -> None:
    """Whatever the policy permits."""
    with pytest.raises(Refused, match="has the label"):
        require_permitted(parse_name(name), ANY)


@pytest.mark.parametrize("name", ["email:ab--cd@a.example", "uri:https://a.example/ab--cd", "ip:2001:4860::8888"])
def test_hyphens_elsewhere_are_no_label(name: str) -> None:
    """A mailbox's local part and a URI's path are no host."""
    require_permitted(parse_name(name), ANY)
