"""Names that an order asks for: of which form they are, and whether the issuer offers them. The signer decides."""

import re
from ipaddress import ip_address
from typing import Any, Final

from registrar.acme.strict_json import malformed
from registrar.issuer_table import IssuerTable
from registrar.problem import Identifier, Problem, ProblemType
from registrar.tenant import Tenant
from revocation.compliance import Compliance
from revocation.hostlabels import unfit_label
from revocation.specialnames import is_reserved, why_special

DNS: Final = "dns"
IP: Final = "ip"
STAR: Final = "*."

_MOST: Final = 100
_LONGEST: Final = 253
_LONGEST_TYPE: Final = 32
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def read_identifiers(wanted: object, tenant: Tenant) -> tuple[Identifier, ...]:
    """The names of an order, each once, in its sequence.

    Raises:
        Problem: some are not of their form or not offered: one problem, with a subproblem for each.
    """
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= _MOST:
        raise malformed(f"an order has 1 to {_MOST} identifiers")
    found: dict[Identifier, None] = {}
    problems: list[Problem] = []
    for one in wanted:
        try:
            found[_read(one, tenant)] = None
        except Problem as problem:
            problem.identifier = _told(one)
            problems.append(problem)
    if len(problems) == 1 and len(wanted) == 1:
        raise Problem(problems[0].type, problems[0].detail, subproblems=problems)
    if problems:
        types = {problem.type for problem in problems}
        kind = types.pop() if len(types) == 1 else ProblemType.COMPOUND
        raise Problem(kind, f"{len(problems)} identifiers are refused", subproblems=problems)
    return tuple(found)


def base(identifier: Identifier) -> Identifier:
    """What is validated: a wildcard's name without `*.`."""
    return Identifier(identifier.type, identifier.value.removeprefix(STAR))


def is_wildcard(identifier: Identifier) -> bool:
    """Whether it stands for all names a label below."""
    return identifier.value.startswith(STAR)


def as_name(identifier: Identifier) -> str:
    """As a message to the signer has it."""
    return f"{identifier.type}:{identifier.value}"


def in_lower_case(name: str) -> str:
    """A DNS name as it is compared; what is not in ASCII stays: U+212A is no `k`."""
    return name.lower() if name.isascii() else name


def _told(one: Any) -> Identifier | None:
    """The identifier as a subproblem names it; None of what is none, or that nobody could read."""
    match one:
        case {"type": str(type_), "value": str(value)} if len(type_) <= _LONGEST_TYPE and len(value) <= _LONGEST:
            is_seen = (type_ + value).isascii() and (type_ + value).isprintable()
            return Identifier(type_, value.lower()) if is_seen else None
    return None


def _read(one: Any, tenant: Tenant) -> Identifier:
    if not isinstance(one, dict) or not isinstance(value := one.get("value"), str) or "type" not in one:
        raise malformed("an identifier has a type and a value")
    is_br = tenant.profile.compliance is Compliance.BR
    if one["type"] == DNS:
        return _dns(value, tenant.table, is_br=is_br)
    if one["type"] == IP:
        return _ip(value, tenant.table, is_br=is_br)
    raise Problem(ProblemType.UNSUPPORTED_IDENTIFIER, "identifiers are of the types dns and ip")


def _dns(value: str, table: IssuerTable, *, is_br: bool) -> Identifier:
    if not value.isascii():  # in lower case the Kelvin sign is a k
        raise _refused(ProblemType.MALFORMED, "is no DNS name, which is in ASCII", Identifier(DNS, value))
    identifier = Identifier(DNS, value[: _LONGEST + len(STAR)].lower())
    name = base(identifier).value
    labels = name.split(".")
    if len(value) > _LONGEST or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdecimal():
        raise _refused(ProblemType.MALFORMED, "is no DNS name, in ASCII and without a dot at its end", identifier)
    if why := unfit_label(name):
        raise _refused(ProblemType.REJECTED_IDENTIFIER, why, identifier)
    if is_wildcard(identifier) and not table.offers_wildcards:
        raise _refused(ProblemType.REJECTED_IDENTIFIER, "is a wildcard, which this CA does not offer", identifier)
    if table.dns_names and not any(name == one or name.endswith(f".{one}") for one in table.dns_names):
        raise _refused(ProblemType.REJECTED_IDENTIFIER, "does not lie in a domain of this CA", identifier)
    if is_br and (why := why_special(name)):
        raise _refused(ProblemType.REJECTED_IDENTIFIER, f"is an internal name: it {why}", identifier)
    return identifier


def _ip(value: str, table: IssuerTable, *, is_br: bool) -> Identifier:
    try:
        address = ip_address(value)
    except ValueError:
        raise malformed("an identifier of type ip is an IPv4 or IPv6 address (RFC 8738 section 3)") from None
    identifier = Identifier(IP, str(address))
    if "%" in value:
        raise malformed("an address has no zone")
    if not any(address in network for network in table.ip_networks):
        raise _refused(ProblemType.REJECTED_IDENTIFIER, "does not lie in a network of this CA", identifier)
    if is_br and is_reserved(address):
        raise _refused(ProblemType.REJECTED_IDENTIFIER, "is a reserved address (BRs section 4.2.2)", identifier)
    return identifier


def _refused(type_: ProblemType, why: str, identifier: Identifier) -> Problem:
    shown = identifier.value if identifier.value.isascii() and identifier.value.isprintable() else "it"
    return Problem(type_, f"{shown} {why}")
