"""A name that certificates were issued for, as people type it: with its type before it, or bare."""

from ipaddress import ip_address
from typing import Final

_TYPES: Final = ("dns:", "ip:", "email:", "uri:", "cn:")


def with_type(name: str) -> str:
    """The same with its type before it, as messages have it; what is none of these stays, and the signer says so."""
    if name.startswith(_TYPES) or " " in name:
        return name
    try:
        return f"ip:{ip_address(name)}"
    except ValueError:
        kind = "uri" if "://" in name else "email" if "@" in name else "dns"
        return f"{kind}:{name.lower() if kind == 'dns' else name}"


def common_name_advice(name: str) -> str:
    """How the same is written as a common name, where it was bare, and taken for a host; else empty."""
    is_taken_for_host = with_type(name) == f"dns:{name.lower()}"
    return f"of a common name `cn:{name}` is its name here, letter for letter" if is_taken_for_host else ""
