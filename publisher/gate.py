"""The gate: from a bundle that nobody vouches for to artifacts that a configured issuer signed.

The manifest is a hint. Issuer, scope, number and window are worked out again from the artifact and the configuration;
only the ledger revision is taken from it, since no artifact carries one: it decides nothing that is published.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Final

from publisher.alike import Alike, Shape
from publisher.signature import Scheme
from publisher.verified import Verified
from publisher.verify_crl import VerifiedCRL, read_crl
from publisher.verify_ocsp import Signed, VerifiedResponse, peek, read_response, verify_signed
from publisher.verifying import Group, Verifying
from publisher.window import check_length, check_window
from revocation import serials
from revocation.artifacts import Kind
from revocation.bundle import BundleReader, Manifest
from revocation.bundle.manifest import part_of
from revocation.bundle.reader import split_responses
from revocation.clock import iso
from revocation.config import IssuerProfile, PublicConfig
from revocation.crlspec import CRLSpec
from revocation.der import DERError
from revocation.errors import BundleError, GateError
from revocation.keykind import forbidden_key
from revocation.ocspprofile import OCSPProfile
from revocation.part import Part
from revocation.wire.exchange import Exchange

_PIECE: Final = 512
"""Responses that a thread takes at a time: some milliseconds of verifying."""

_SAYS_REVOKED: Final = re.compile(rb"\xa1.\x18.[0-9]{14}", re.DOTALL)
"""The CertStatus `revoked` has no other form in DER (RFC 6960 section 4.2.1): [1], then its time, a GeneralizedTime."""


@contextmanager
def opened(exchange: Exchange, name: str) -> Iterator[BundleReader]:
    """A bundle, its tar and manifest checked.

    Raises:
        BundleError: gone, truncated, dangerous, or not of the part that its name says.
        Unreadable: it cannot be read for now.
    """
    with exchange.open(name) as source:
        reader = BundleReader(name, source)
        if reader.manifest.part != _part_named(name):
            raise BundleError("its manifest names another part than its name", where=f"bundle {name}")
        yield reader


def _part_named(name: str) -> Part:
    try:
        return part_of(name)
    except ValueError as error:
        raise BundleError(f"its name names no part: {error}", where=f"bundle {name}") from error


def profile_of(manifest: Manifest, public: PublicConfig) -> IssuerProfile:
    """The configured issuer that a bundle is about.

    Raises:
        GateError: not configured here, or it has no such CRL.
    """
    part = manifest.part
    profile = public.profiles.get(part.issuer)
    if profile is None:
        raise GateError(
            f"issuer {part.issuer} is not configured",
            where=f"bundle {manifest.bundle}",
            advice="add its certificate to [public], then it is tried again",
        )
    if part.kind is Kind.CRL and part.label not in profile.crls:
        raise GateError(
            f"the CRL `{part.label}` is not configured for issuer {profile.issuer.name}",
            where=f"bundle {manifest.bundle}",
            advice=f"configured are: {', '.join(profile.crl.crls)}",
        )
    return profile


def crl_in(reader: BundleReader, spec: CRLSpec) -> VerifiedCRL:
    """The CRL of a bundle, which is to be that of `spec`; its window is not looked at yet.

    Raises:
        BundleError: not one file, or not the one that the manifest lists.
        GateError: not such a CRL.
    """
    if len(reader.manifest.entries) != 1 or not reader.manifest.crls:
        raise BundleError("a CRL bundle has one file, the CRL", where=f"bundle {reader.name}")
    return read_crl(reader.content(reader.manifest.crls[0]), spec)


def check_empty(manifest: Manifest, profile: IssuerProfile, now: datetime) -> None:
    """Return if a slice that has no responses may be published: nothing but the manifest says when it was signed.

    Raises:
        GateError: it is not to be published now.
    """
    check_window(manifest.this_update, manifest.next_update, now)
    check_length(manifest.this_update, manifest.next_update, profile.ocsp.expires)


class Checks:
    """All checks of the responses of a bundle that may be published now, in whichever thread.

    Of those that are alike, the signature of each is verified; the rest holds for all of them or for none.
    """

    def __init__(self, profile: IssuerProfile, now: datetime, verifying: Verifying) -> None:
        self._profile, self._now, self._verifying = profile, now, verifying
        self._alike: Alike[Signed] = Alike()

    def __call__(self, piece: Sequence[bytes]) -> list[Verified]:
        """The responses of a piece. Where a signature is wrong, each is looked at in full, for why.

        Raises:
            GateError: one did not pass.
        """
        alike: dict[Shape[Signed], list[bytes]] = {}
        found = [Verified.alone(self._whole(der)) for der in piece if not self._is_like_another(der, alike)]
        try:
            self._verifying.require_signed(
                [Group(shape.meaning.scheme, shape.tbs, shape.signature, ders) for shape, ders in alike.items()]
            )
        except GateError:
            return [Verified.alone(self._whole(der)) for der in piece]
        return found + [
            Verified(shape.meaning.response, [der[shape.serial] for der in ders], ders) for shape, ders in alike.items()
        ]

    def _is_like_another(self, der: bytes, alike: dict[Shape[Signed], list[bytes]]) -> bool:
        """Whether the response is like one that passed; then its signature is to be verified yet."""
        shape = self._alike.find(der)
        if shape is not None:
            alike.setdefault(shape, []).append(der)
        return shape is not None

    def _whole(self, der: bytes) -> VerifiedResponse:
        signed = verify_signed(der, self._profile.issuer, self._now)
        response = signed.response
        _check_response(response, self._profile)
        _check_key(response, signed.scheme, self._profile)
        if response.revocation is None:
            self._alike.learn(der, signed)
        return response


def _check_key(response: VerifiedResponse, scheme: Scheme, profile: IssuerProfile) -> None:
    if forbidden := forbidden_key(profile.compliance, scheme.key_info):
        advice = "a signer with the same `compliance` signs with another; `revocast generate-ocsp-keys` makes one"
        raise GateError(f"the key that signed it: {forbidden}", where=_place(response, profile), advice=advice)


def _place(response: VerifiedResponse, profile: IssuerProfile) -> str:
    return f"OCSP response of {profile.issuer.name}, serial {serials.to_hex(response.serial)}"


def _check_response(response: VerifiedResponse, profile: IssuerProfile) -> None:
    where = _place(response, profile)
    if other := _other_form(response, profile.ocsp):
        advice = "[public.ocsp] of the signer and of the publisher have to say the same; then it is tried again"
        raise GateError(other, where=where, advice=advice)
    check_length(response.this_update, response.next_update, profile.ocsp.expires)
    try:
        profile.compliance.check_ocsp_window(response.this_update, response.next_update, profile.crl.only_cas)
    except ValueError as error:
        raise GateError(str(error), where=where) from error


def forbidden_answer(response: VerifiedResponse, profile: IssuerProfile) -> str | None:
    """Why a response is not to be published by itself, whatever becomes of others; None when it may be.

    Nobody sees whether it is about a CA's certificate; where all of them are, it is.
    """
    if response.revocation is None:
        return None
    forbidden = profile.compliance.forbids(response.revocation.reason, profile.answers_cas_alone)
    return (
        forbidden
        and f"it says {response.revocation.reason.name} of serial {serials.to_hex(response.serial)}: {forbidden}"
    )


def _other_form(response: VerifiedResponse, ocsp: OCSPProfile) -> str | None:
    """What a response has that is configured otherwise."""
    if response.hashes not in ocsp.accepted:
        return f"it answers {'+'.join(hash_.value for hash_ in response.hashes)}, and configured are {ocsp.form}"
    if response.direct is not ocsp.direct:
        who = "the CA key" if response.direct else "a delegate"
        return f"{who} signed it, and configured is signed_by = '{ocsp.signed_by}'"
    cutoff = ocsp.answered_since(response.this_update) if ocsp.archive_cutoff else None
    if response.archive_cutoff != cutoff:
        says, wanted = (iso(moment) if moment else "none" for moment in (response.archive_cutoff, cutoff))
        return f"its archive cutoff is {says}, and by what is configured it would be {wanted}"
    return None


def revocations_in(reader: BundleReader, profile: IssuerProfile, now: datetime) -> Iterator[VerifiedResponse]:
    """The responses of a bundle that say revoked and have begun, expired or not; the others are not verified here.

    Raises:
        BundleError: a file is not as the manifest lists it.
        GateError: a response cannot be read, or one that says revoked is not the issuer's.
    """
    for der in _each(reader, _SAYS_REVOKED):
        if peek(der).revocation is None:
            continue
        response = read_response(der, profile.issuer)
        if response.this_update <= now:
            yield response


def pieces_in(reader: BundleReader) -> Iterator[list[bytes]]:
    """The responses of a bundle, as many at a time as a thread takes.

    Raises:
        BundleError: a file is not as the manifest lists it.
    """
    responses = _each(reader)
    while piece := list(islice(responses, _PIECE)):
        yield piece


def _each(reader: BundleReader, wanted: re.Pattern[bytes] | None = None) -> Iterator[bytes]:
    """All responses, or those in whose octets something is found."""
    for place, chunk in _files(reader):
        if wanted is not None and not wanted.search(chunk):
            continue
        try:
            found = split_responses(chunk)
            yield from found if wanted is None else filter(wanted.search, found)
        except DERError as error:
            raise BundleError(f"is no row of OCSP responses: {error}", where=place) from error


def _files(reader: BundleReader) -> Iterator[tuple[str, bytes]]:
    """Each file with where it is."""
    for entry, data in reader.artifacts():
        yield f"bundle {reader.name}, {entry.path}", data
