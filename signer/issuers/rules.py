"""What may be certified: by whom, for how long, and with which extensions."""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from revocation.clock import iso
from revocation.compliance import Compliance
from revocation.config import IssuerProfile
from revocation.durations import show
from revocation.errors import InputError, Refused
from revocation.extensions import extension_value
from revocation.issuer import Issuer
from revocation.validity import BACKDATE
from signer.encoding.ca_certificate import CAProfile
from signer.issuers.keyvalue import key_value
from signer.issuers.order import Order
from signer.issuers.samename import is_same_name
from signer.issuers.strength import require_strong
from signer.issuers.subject import require_bounded, require_complete
from signer.issuers.usages import USAGES

ANY_POLICY: Final = "2.5.29.32.0"
_BR_USAGES: Final = frozenset({USAGES["serverAuth"], USAGES["clientAuth"]})
_BR_ROOT: Final = (timedelta(days=2922), timedelta(days=9132))
_SECOND: Final = timedelta(seconds=1)


def begin_of(order: Order, now: datetime) -> datetime:
    """notBefore: a little back, for clients whose clock is behind, and not before its issuer began."""
    backdated = now - BACKDATE
    return max(backdated, order.parent.issuer.certificates[0].not_valid_before_utc) if order.parent else backdated


def require_allowed(order: Order, now: datetime) -> None:
    """Return if this may be certified now.

    Raises:
        Refused: it may not; says which rule is in the way.
        InputError: its subject is not what the BRs want.
    """
    where = f"issuer {order.ca.name}"
    is_certified = bool(order.ca.certificates)
    require_strong(order.ca.public_key_info, order.compliance, where, is_certified=is_certified)
    require_complete(order.subject, order.compliance)
    if order.parent is not None:
        _check_name(order.ca, order.parent.issuer, where)
    if not is_certified or order.compliance is Compliance.BR:  # a name that is in use stays as it is
        require_bounded(order.subject, where)
    if order.parent is None:
        _check_root(order, where)
        return
    parent = order.parent.issuer
    if key_value(order.ca.public_key_info) == key_value(parent.public_key_info):
        raise Refused(f"has the key of {parent.name}, which is to certify it", where=where, advice="make it another")
    require_certifier(order.parent, now)
    _check_path(order, parent)
    _check_end(order, parent, now)
    _check_usages(order, where)


def _check_name(ca: Issuer, parent: Issuer, where: str) -> None:
    if is_same_name(ca.subject, parent.subject):
        raise Refused(
            f"has the name of {parent.name}, which is to certify it: relying parties take the one for the other "
            "(RFC 5280 section 7.1: whatever the case, the white space and the type of its strings are)",
            where=where,
            advice="give it a name of its own; `revocast issuer renew` renews a root",
        )


def path_lengths(issuer: Issuer) -> int | None:
    """The smallest pathLenConstraint of its certificates; None where none has one."""
    found = [extension_value(one.extensions, x509.BasicConstraints) for one in issuer.certificates]
    return min((one.path_length for one in found if one and one.path_length is not None), default=None)


def with_defaults(profile: CAProfile, compliance: Compliance, *, is_root: bool) -> CAProfile:
    """The profile with what the BRs want of a TLS CA where nothing else is said (section 7.1.2.6)."""
    if compliance is Compliance.PKIX or is_root:
        return profile
    usages = profile.usages or (USAGES["serverAuth"],)
    return CAProfile(profile.path_length, profile.signs_responses, usages, profile.policies or (ANY_POLICY,))


def _check_root(order: Order, where: str) -> None:
    if order.profile.usages or order.profile.policies:
        raise InputError(
            "a root has neither extended key usages nor policies: relying parties decide what they trust it for",
            where=where,
            advice="leave out --usage and --policy, or give them to the CAs below it",
        )
    shortest, longest = _BR_ROOT
    if order.compliance is Compliance.BR and not shortest <= order.lasts <= longest:
        raise Refused(
            f"a root that lasts {show(order.lasts)}: the BRs, section 7.1.2.1.1, want {show(shortest)} to "
            f"{show(longest)}",
            where=where,
            advice="another --days",
        )


def require_certifier(profile: IssuerProfile, now: datetime) -> None:
    """Return if an issuer may certify anything now.

    Raises:
        Refused: it has expired, has not begun, is retired, or its certificate does not let it.
    """
    parent = profile.issuer
    where = f"issuer {parent.name}"
    if now >= parent.not_after:
        raise Refused(f"has expired at {iso(parent.not_after)}, and certifies nothing any more", where=where)
    if now < (begins := parent.certificates[0].not_valid_before_utc):
        raise Refused(
            f"begins at {iso(begins)}, and this machine's clock says {iso(now)}", where=where, advice="set the clock"
        )
    usage = extension_value(parent.certificates[0].extensions, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise Refused("the keyUsage of its certificate lacks keyCertSign: it may certify nothing", where=where)
    if profile.last_crl is not None:
        raise Refused(
            f'is retired (last_crl = "{profile.last_crl}"): no CRL would tell of what it certifies now', where=where
        )


def _check_path(order: Order, parent: Issuer) -> None:
    allowed = path_lengths(parent)
    if allowed is None:
        return
    if allowed == 0:
        raise Refused("its certificate allows no CA below it (pathLenConstraint 0)", where=f"issuer {parent.name}")
    wanted = order.profile.path_length
    if wanted is None or wanted >= allowed:
        raise Refused(
            f"its certificate allows {allowed} CAs below it in a chain, so this one at most {allowed - 1}",
            where=f"issuer {parent.name}",
            advice=f"--path-length {allowed - 1}",
        )


def _check_end(order: Order, parent: Issuer, now: datetime) -> None:
    begin, end = order.window(begin_of(order, now))
    if end > parent.not_after:
        days = (parent.not_after + _SECOND - begin).days
        raise Refused(
            f"would end at {iso(end)}, after {parent.name}, which ends at {iso(parent.not_after)}",
            where=f"issuer {order.ca.name}",
            advice=f"--days {days} at most" if days > 0 else f"renew {parent.name} first",
        )


def _check_usages(order: Order, where: str) -> None:
    if order.compliance is Compliance.PKIX:
        return
    usages = set(order.profile.usages)
    if USAGES["serverAuth"] not in usages or not usages <= _BR_USAGES:
        raise Refused(
            "the BRs, section 7.1.2.10.6, want serverAuth in the usages of a TLS CA, and nothing beside it but "
            "clientAuth",
            where=where,
            advice='another --usage, or `compliance = "pkix"` for its issuer',
        )
