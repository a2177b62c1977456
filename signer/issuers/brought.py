"""A CA certificate that somebody else made: read, and held against what is known of its issuer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from revocation.clock import iso
from revocation.config import IssuerProfile, PublicConfig
from revocation.errors import InputError, Refused
from revocation.extensions import extension_value
from revocation.issuer import Issuer
from signer.ceremony.stick import read_file
from signer.importers.certificate import load, owns
from signer.issuers.files import LARGEST
from signer.issuers.samename import is_same_name, is_self_issued
from signer.issuers.subject import shown_name
from signer.signer import Signer


@dataclass(frozen=True)
class Brought:
    """What is in a file.

    Attributes:
        issuer: whose certificates they are.
        chain: the certificates of others that lie beside them.
        place: the file.
    """

    issuer: Issuer
    chain: Sequence[x509.Certificate]
    place: Path


def read_brought(path: Path, name: str) -> Brought:
    """The CA certificates in a PEM or DER file: those of the first one's issuer, and the chain behind them.

    Raises:
        InputError: it holds none.
        ConfigurationError: what it holds is no CA's certificate.
        Refused: it does not say that it is.
    """
    read_file(path, LARGEST)  # what comes on a stick is no pipe, and not without end
    first, *others = load(path)
    issuer = Issuer.of(name, [first])
    own = [first, *(one for one in others if owns(issuer, one))]
    for one in own:
        _require_ca(one, path)
    return Brought(Issuer.of(name, own), [one for one in others if not owns(issuer, one)], path)


def _require_ca(certificate: x509.Certificate, path: Path) -> None:
    """Return if clients take it for a CA's: with basicConstraints, or of version 1, which has no extensions.

    Raises:
        Refused: it is a user's, of those that say nothing of it (RFC 5280 section 4.2.1.9).
    """
    if certificate.version is x509.Version.v1 or extension_value(certificate.extensions, x509.BasicConstraints):
        return
    raise Refused(
        f"is no CA's: the certificate of {shown_name(certificate.subject)} has no basicConstraints",
        where=str(path),
        advice="bring the certificate of the CA",
    )


def require_lasting(brought: Brought, now: datetime) -> None:
    """Return if none of them has expired.

    Raises:
        Refused: one has.
    """
    for certificate in brought.issuer.certificates:
        if now >= (end := certificate.not_valid_after_utc):
            raise Refused(f"has expired at {iso(end)}", where=str(brought.place), advice="bring one that is valid")


def certifiers(signer: Signer, brought: Brought, given: Path | None) -> list[str]:
    """Who issued each certificate, in words; one whose issuer is known has to be signed with its key.

    Args:
        given: a file with certificates of who issued it; else it is looked for in the chain, and in the configuration.

    Raises:
        Refused: none of them issued it.
    """
    if given is not None:
        known: list[x509.Certificate] = list(load(given))
    else:
        known = [*brought.chain, *(one for issuer in _issuers(signer) for one in issuer.certificates)]
    return [_certifier(one, known, brought, given) for one in brought.issuer.certificates]


def parent_here(public: PublicConfig, certificate: x509.Certificate) -> IssuerProfile | None:
    """The configured issuer that issued a certificate, where one did; never its own."""
    for profile in public.profiles.values():
        if not owns(profile.issuer, certificate) and _find(certificate, profile.issuer.certificates):
            return profile
    return None


def lineage(public: PublicConfig, issuer: Issuer) -> Sequence[Issuer]:
    """An issuer, and every configured one above it, by any of its certificates: who stands in chains of what it issues.

    Of those that are not configured nothing is known here.
    """
    found = {issuer.id: issuer}
    waiting = [issuer]
    for one in waiting:
        for certificate in one.certificates:
            above = parent_here(public, certificate)
            if above is not None and above.issuer.id not in found:
                found[above.issuer.id] = above.issuer
                waiting.append(above.issuer)
    return tuple(found.values())


def _certifier(
    certificate: x509.Certificate, known: list[x509.Certificate], brought: Brought, given: Path | None
) -> str:
    name = shown_name(certificate.issuer)
    by_itself = is_self_issued(certificate)
    if by_itself:
        known = [certificate]
    issuer = certificate.issuer.public_bytes()
    candidates = [one for one in known if is_same_name(one.subject.public_bytes(), issuer)]
    if not candidates and given is None:
        return f"issued by {name}, of whom no certificate is here: not verified (--issuer FILE)"
    if not candidates:
        raise Refused(
            f"was issued by {name}, and not by {', '.join(shown_name(one.subject) for one in known)}",
            where=str(brought.place),
            advice="give --issuer the certificate of who issued it",
        )
    if _find(certificate, candidates) is None:
        raise Refused(
            f"says that {name} issued it, and is not signed with that one's key",
            where=str(brought.place),
            advice="it is damaged, or of another CA of that name, or writes that name in other octets",
        )
    return "signed by itself" if by_itself else f"issued by {name}, verified"


def _find(certificate: x509.Certificate, known: Iterable[x509.Certificate]) -> x509.Certificate | None:
    for one in known:
        try:
            certificate.verify_directly_issued_by(one)
        except (InvalidSignature, TypeError, ValueError, UnsupportedAlgorithm):
            continue
        return one
    return None


def require_same_name_as_request(path: Path, brought: Brought, asked: Issuer) -> None:
    """Return if the certificate is what a request asked for.

    Raises:
        InputError: it has another name or another key.
    """
    for what, mine, theirs in (
        ("key", brought.issuer.public_key_info, asked.public_key_info),
        ("subject", brought.issuer.subject, asked.subject),
    ):
        if mine != theirs:
            raise InputError(
                f"has another {what} than the request {path} that was made for this issuer",
                where=str(brought.place),
                advice="bring the certificate that was made for that request, or move the request away",
            )


def _issuers(signer: Signer) -> list[Issuer]:
    return [profile.issuer for profile in signer.public.profiles.values()]
