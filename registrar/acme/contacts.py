"""Contacts of accounts (RFC 8555 section 7.3): addresses of mail, one to each URL."""

import re
from typing import Final
from urllib.parse import unquote

from registrar.acme.strict_json import malformed
from registrar.issuer_table import Need
from registrar.problem import Problem, ProblemType

_MOST: Final = 10
_LONGEST: Final = 254  # RFC 5321 section 4.5.3.1.3
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
_SCHEME: Final = "mailto:"


def read_contacts(wanted: object, need: Need) -> list[str]:
    """The contacts that an account says, as its CA keeps them.

    Raises:
        Problem: one is of another scheme, or no address, or none is there.
    """
    if not isinstance(wanted, list) or len(wanted) > _MOST or not all(isinstance(one, str) for one in wanted):
        raise malformed(f"`contact` is a list of at most {_MOST} URLs")
    found = [_read(one) for one in wanted]
    if need is Need.REQUIRED and not found:
        raise Problem(ProblemType.INVALID_CONTACT, 'this CA wants an address: contact = ["mailto:…"]')
    return [] if need is Need.OFF else list(dict.fromkeys(found))


def _read(url: str) -> str:
    if not url.lower().startswith(_SCHEME):
        raise Problem(ProblemType.UNSUPPORTED_CONTACT, "contacts are of the scheme mailto")
    address = unquote(url[len(_SCHEME) :])
    if len(address) > _LONGEST or not _ADDRESS.fullmatch(address) or "?" in url:
        raise Problem(
            ProblemType.INVALID_CONTACT, "a contact is mailto: and one address in ASCII, without header fields"
        )
    return f"{_SCHEME}{address}"
