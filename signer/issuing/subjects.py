"""The subject of a certificate: what the profile puts there, and of what the requester says only what may be chosen."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from cryptography import x509

from revocation.compliance import Compliance
from revocation.errors import InputError, Refused
from revocation.issuer import Issuer
from revocation.messages import Issue
from revocation.refusalkind import RefusalKind
from signer.issuers.samename import is_same_name
from signer.issuers.subject import made_anew, parse_subject, require_bounded
from signer.issuing.config import ATTRIBUTES, Profile
from signer.issuing.kinds import Kind
from signer.issuing.names import Name
from signer.issuing.request import Request
from signer.refusal import refused_as

Attribute: TypeAlias = x509.NameAttribute[str | bytes]

_WHERE: Final = "subject"
_ORDER: Final = tuple(ATTRIBUTES[name] for name in ("C", "ST", "L", "O", "OU", "serialNumber", "UID", "CN"))
_LONGEST_COMMON_NAME: Final = 64


@refused_as(RefusalKind.REQUEST)
def subject_of(
    body: Issue, request: Request, names: Sequence[Name], kind: Kind, profile: Profile, compliance: Compliance
) -> x509.Name:
    """The subject.

    A common name that is one of the certified names may stand in each (BRs section 7.1.4.3). What a request wants
    besides is left out, since tools put all sorts of things there; what a message wants besides is refused.

    Raises:
        Refused: it says what nobody may choose, or there is none where one is needed.
        InputError: it is no subject.
    """
    fixed = list(parse_subject(profile.subject)) if profile.subject else []
    asked = list(parse_subject(body.subject)) if body.subject else list(request.subject)
    allowed = _allowed(kind, profile)
    chosen = []
    for attribute in asked:
        if _is_certified_name(attribute, names):
            chosen.append(_as_certified(attribute, names))
        elif attribute.oid in allowed:
            chosen.append(made_anew(attribute, _WHERE))
        elif body.subject:
            raise Refused(
                f"{attribute.rfc4514_string()} may not be chosen: the profile lets a requester say {_shown(allowed)}",
                where=_WHERE,
                advice="leave it out; `subject` and `asked_subject` of the profile say what stands there",
            )
    return _checked([*fixed, *chosen], names, kind, compliance)


@refused_as(RefusalKind.REQUEST)
def require_no_cas_name(subject: x509.Name, cas: Iterable[Issuer]) -> None:
    """Return if relying parties take the subject for none of these CAs.

    What has the name of who issued it counts as self-issued, what has another CA's as that one's (RFC 5280 section
    4.1.2.6: a CA's name is its own), whatever the case, the blanks and the types of its strings are (section 7.1).

    Raises:
        Refused: it is the name of one.
    """
    octets = subject.public_bytes()
    for ca in cas:
        if is_same_name(octets, ca.subject):
            raise Refused(f"is the name of the CA {ca.name}", where=_WHERE, advice="another one")


def _allowed(kind: Kind, profile: Profile) -> set[x509.ObjectIdentifier]:
    if profile.asked_subject is not None:
        return {ATTRIBUTES[name] for name in profile.asked_subject}
    if kind is Kind.INTERMEDIATE:
        return {ATTRIBUTES[name] for name in ("CN", "O", "OU", "C")}
    return set() if kind.needs_names else {ATTRIBUTES["CN"]}


def _is_certified_name(attribute: Attribute, names: Iterable[Name]) -> bool:
    value = str(attribute.value).lower()
    is_common = attribute.oid == x509.NameOID.COMMON_NAME and len(value) <= _LONGEST_COMMON_NAME
    return is_common and any(value == name.value.lower() for name in names if name.type != "uri")


def _as_certified(attribute: Attribute, names: Iterable[Name]) -> Attribute:
    """With the letters of the name, which the BRs want to be the same (section 7.1.4.3)."""
    value = next(name.value for name in names if name.value.lower() == str(attribute.value).lower())
    return x509.NameAttribute(attribute.oid, value)


def _checked(attributes: list[Attribute], names: Sequence[Name], kind: Kind, compliance: Compliance) -> x509.Name:
    """In the order in which people read it; each attribute once, or relying parties would differ on which counts."""
    oids = [attribute.oid for attribute in attributes]
    if twice := next((one for one in attributes if oids.count(one.oid) > 1 and one.oid != ATTRIBUTES["OU"]), None):
        raise Refused(f"has {twice.rfc4514_string().partition('=')[0]} twice", where=_WHERE)
    if not attributes and not names:
        raise Refused("is empty, and there are no names", where=_WHERE, advice="--subject, or --name")
    if compliance is Compliance.BR and not kind.is_ca and set(oids) - {x509.NameOID.COMMON_NAME, ATTRIBUTES["C"]}:
        raise Refused(
            "a certificate of which domains alone were validated has no more in its subject than country and common "
            "name (BRs section 7.1.2.7.2)",
            where=_WHERE,
        )
    try:
        found = x509.Name(sorted(attributes, key=_place))
    except ValueError as error:
        raise InputError(str(error), where=_WHERE) from error
    require_bounded(found, _WHERE)
    return found


def _place(attribute: Attribute) -> int:
    return _ORDER.index(attribute.oid) if attribute.oid in _ORDER else len(_ORDER) - 1


def _shown(allowed: set[x509.ObjectIdentifier]) -> str:
    names = [name for name, oid in ATTRIBUTES.items() if oid in allowed]
    return ", ".join(names) if names else "a common name that is one of the certified names, and nothing else"
