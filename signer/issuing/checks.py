"""What contradicts itself between the `issuance` of an issuer and its profile in `[public]`: said at the start."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from revocation.compliance import Compliance
from revocation.config import IssuerProfile
from revocation.durations import show
from revocation.errors import ConfigurationError, Refused
from revocation.keykind import KeyKind
from signer.issuers.pointers import pointers
from signer.issuers.unfit import flaws
from signer.issuing.config import Issuance
from signer.issuing.kinds import Kind
from signer.keys.limits import KeyLimits, LimitReached, check_use

_BR_KINDS: Final = (Kind.SERVER, Kind.SERVER_CLIENT, Kind.OCSP, Kind.INTERMEDIATE)
_WHERE: Final = "[signer.issuers.issuance]"


def check_issuance(issuance: Issuance, profile: IssuerProfile, limits: KeyLimits, responders_last: timedelta) -> None:
    """Return if the issuer may certify, and what the profiles want is to be had from it and its key.

    Args:
        responders_last: `responder_certificate_validity` of `[signer.limits]`.

    Raises:
        ConfigurationError: it is not, with the numbers.
    """
    where = f"issuer {profile.issuer.name}"
    for flaw in flaws(profile.issuer, profile.compliance):
        raise ConfigurationError(
            f"may certify nothing: {flaw}", where=where, advice=f"take {_WHERE} out, and have another CA certify"
        )
    for problem in _problems(issuance, profile, responders_last):
        raise ConfigurationError(problem, where=where, advice=f"correct it in {_WHERE}")
    for name, one in issuance.profiles.items():
        try:
            check_use(limits, issuance.kind_of(name).purpose, one.validity, f"{where}, profile {name}")
        except LimitReached as error:
            raise ConfigurationError(error.what, where=error.where, advice=error.advice) from error


def _problems(issuance: Issuance, profile: IssuerProfile, responders_last: timedelta) -> Iterator[str]:
    is_br = profile.compliance is Compliance.BR
    for name, one in issuance.profiles.items():
        kind = issuance.kind_of(name)
        if is_br and kind not in _BR_KINDS:
            yield (
                f'profile {name}: under compliance = "br" a TLS CA certifies servers, and not `{kind}` '
                "(BRs section 7.1.2.10.6)"
            )
        if is_br and (odd := [key for key in one.keys or () if key is KeyKind.ED25519 or key.is_post_quantum]):
            yield f"profile {name}: the BRs, section 6.1.5, do not know keys of the kind {odd[0]}"
        if is_br and one.no_rev_avail is not None:
            yield (
                f'profile {name}: no_rev_avail does not go with compliance = "br": Microsoft\'s root program wants a '
                "CRL or an OCSP responder in each certificate"
            )
        if kind is Kind.OCSP and one.most > responders_last:
            limit = f"responder_certificate_validity ({show(responders_last)}) of [signer.limits]"
            yield f"profile {name}: {show(one.most)} is beyond {limit}"
        if kind.needs_names and not any(getattr(issuance.names_of(name), type_) for type_ in kind.name_types):
            yield f"profile {name}: no names of the types {', '.join(kind.name_types)} are permitted, so none is issued"
        if kind is not Kind.OCSP:
            yield from _without_crl(name, kind, profile)


def _without_crl(name: str, kind: Kind, profile: IssuerProfile) -> Iterator[str]:
    try:
        pointers(profile, 1, is_ca=kind.is_ca)
    except Refused as error:
        yield f"profile {name}: {error.what}"
