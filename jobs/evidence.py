"""Proof that a change of status is published: read from the targets, and verified with the issuer's key.

Where this machine has no targets, it is fetched from the public URLs as relying parties do.
A reply over the queue is a claim that anybody with write access there can make. What a target holds was signed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jobs.check_crl import look_at_crl
from jobs.check_ocsp import look_at_ocsp
from jobs.installation import Installation
from publisher.config import DirectoryTable, LMDBTable, RedisTable, S3Table
from publisher.targets.opening import open_files, static_response
from publisher.targets.protocol import StaticTarget
from publisher.verify_crl import verify_crl
from publisher.verify_ocsp import verify_response
from revocation.artifacts import Kind
from revocation.certid import CertID, CertIDHash
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.errors import GateError, TargetError
from revocation.published import TargetStatus
from revocation.status import Reason, Revocation
from revocation.store import BOTH_HASHES, StoredResponse, StoreFormatError, response_key

_FETCH_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Expected:
    """What is to be seen.

    Attributes:
        profile: the issuer.
        serial: the octets of the certificate's serial.
        reason: of the revocation; None when the certificate is to be good.
        revision: the ledger revision that contains the change.
        crls: the CRLs that it is to be seen on, where the signer named them; else all of the issuer's.
        revoked_at: the date of the revocation; None for whatever it is.
    """

    profile: IssuerProfile
    serial: bytes
    reason: Reason | None
    revision: int
    crls: tuple[str, ...] = ()
    revoked_at: datetime | None = None

    @property
    def shown_on(self) -> list[CRLSpec]:
        """The CRLs to look at: one that still lists what is to be good contradicts it, whatever the signer named."""
        return self.specs if self.reason is not None else list(self.profile.complete_crls.values())

    @property
    def specs(self) -> list[CRLSpec]:
        """The CRLs that have to cover the change."""
        configured = self.profile.complete_crls
        return [configured[label] for label in self.crls if label in configured] or list(configured.values())


@dataclass(frozen=True)
class Seen:
    """One published artifact and what it says of the certificate.

    Attributes:
        where: the target and the artifact.
        revocation: None when it says good, or is a CRL without the serial.
        is_crl: whether it is a CRL, which lists only what it covers.
    """

    where: str
    revocation: Revocation | None
    is_crl: bool


def missing(installation: Installation, expected: Expected, now: datetime) -> str | None:
    """Why the change cannot be called published yet; None when every required target shows it.

    Every CRL covers the revision, no artifact says the opposite, and at least one says what is expected. An OCSP answer
    that is not there says nothing: the signer makes none for a certificate that has expired.
    """
    if behind := _behind(installation.statuses(now), expected):
        return behind
    try:
        seen = [*_look_at_crls(installation, expected, now), *_look_at_answers(installation, expected, now)]
    except TargetError as error:
        return str(error)
    wrong = [one for one in seen if not _fits(one, expected)]
    if wrong:
        return f"{wrong[0].where} does not show it yet"
    proofs = [one for one in seen if expected.reason is None or one.revocation is not None]
    return None if proofs else "no target shows it yet"


def unanswered(installation: Installation, profile: IssuerProfile, serial: bytes, now: datetime) -> str | None:
    """Why a certificate that was just issued cannot be called answered yet; None where OCSP says that it is good.

    Where nothing that this machine publishes answers by OCSP there is nothing to wait for.
    """
    if profile.answers_cas_alone or not _has_answers(installation):
        return None
    try:
        seen = list(_look_at_answers(installation, Expected(profile, serial, None, 0), now))
    except TargetError as error:
        return str(error)
    if wrong := [one for one in seen if one.revocation is not None]:
        return f"{wrong[0].where} says that it is revoked"
    return None if seen else "no target answers for it yet"


def _has_answers(installation: Installation) -> bool:
    if installation.publisher is None:
        return True
    return any(not isinstance(one, DirectoryTable | S3Table) or one.ocsp for one in installation.publisher.targets)


def _behind(statuses: list[TargetStatus], expected: Expected) -> str | None:
    issuer = expected.profile.issuer.id
    for status in statuses:
        if Kind.CRL not in status.kinds:
            continue
        revisions = {row.label: row.revision for row in status.crls if row.issuer == issuer}
        for spec in expected.specs:
            if revisions.get(spec.label, -1) < expected.revision:
                return f"{status.target}: the CRL `{spec.label}` does not cover revision {expected.revision} yet"
    return None


def _fits(seen: Seen, expected: Expected) -> bool:
    if expected.reason is None:
        return seen.revocation is None
    if seen.revocation is None:
        return seen.is_crl and len(expected.specs) > 1  # one that does not list this certificate, or this reason
    is_dated = expected.revoked_at is None or seen.revocation.revoked_at == expected.revoked_at
    return seen.revocation.reason is expected.reason and is_dated


def _look_at_crls(installation: Installation, expected: Expected, now: datetime) -> Iterator[Seen]:
    if installation.publisher is None:
        yield from _served_crls(installation.public.url(""), expected, now)
        return
    for target in installation.publisher.targets:
        if isinstance(target, DirectoryTable | S3Table):
            yield from _crls(target.name, open_files(target, installation.public), expected, now)


def _look_at_answers(installation: Installation, expected: Expected, now: datetime) -> Iterator[Seen]:
    if installation.publisher is None:
        yield from _served_answers(installation.public.url(""), expected, now)
        return
    for target in installation.publisher.targets:
        if not isinstance(target, DirectoryTable | S3Table):
            yield from _responses(target, expected, now)
        elif target.ocsp:
            yield from _static_responses(target, expected, now)


def _served_crls(base: str, expected: Expected, now: datetime) -> Iterator[Seen]:
    """What relying parties get, where the targets are on other machines."""
    for spec in expected.shown_on:
        crl = look_at_crl(spec, base, None, now, _FETCH_SECONDS).crl
        if crl is not None:
            yield Seen(f"{base}: the CRL `{spec.label}`", crl.revoked.get(expected.serial), is_crl=True)


def _served_answers(base: str, expected: Expected, now: datetime) -> Iterator[Seen]:
    for way, answer in look_at_ocsp(expected.profile, expected.serial, base, now, _FETCH_SECONDS).answers.items():
        yield Seen(f"{base}: the OCSP response to {way}", answer.revocation, is_crl=False)


def _crls(target: str, files: StaticTarget, expected: Expected, now: datetime) -> Iterator[Seen]:
    for spec in expected.shown_on:
        try:
            crl = verify_crl(files.get(spec.path) or b"", spec, now)
        except (TargetError, GateError):
            continue  # not there, or not to be believed: it proves nothing
        yield Seen(f"{target}: the CRL `{spec.label}`", crl.revoked.get(expected.serial), is_crl=True)


def _static_responses(target: DirectoryTable | S3Table, expected: Expected, now: datetime) -> Iterator[Seen]:
    issuer = expected.profile.issuer
    for hash_ in CertIDHash:
        try:
            found = static_response(target, CertID.of(issuer, expected.serial, hash_))
            response = verify_response(found or b"", issuer, now)
        except (OSError, GateError):
            continue  # where none lies a responder answers
        if response.serial == expected.serial:
            yield Seen(f"{target.name}: the static OCSP response", response.revocation, is_crl=False)


def _responses(target: LMDBTable | RedisTable, expected: Expected, now: datetime) -> Iterator[Seen]:
    issuer = expected.profile.issuer
    octets = {hash_.octet for hash_ in CertIDHash} | {BOTH_HASHES}  # clients also get what an old profile left
    keys = [response_key(issuer.octets, octet, expected.serial) for octet in sorted(octets)]
    for value in _read(target, keys):
        try:
            response = verify_response(StoredResponse.decode(value).der, issuer, now)
        except (StoreFormatError, GateError):
            continue
        if response.serial == expected.serial:
            yield Seen(f"{target.name}: an OCSP response", response.revocation, is_crl=False)


def _read(target: LMDBTable | RedisTable, keys: list[bytes]) -> list[bytes]:
    """The values of the keys that a store has; nothing where there is no LMDB store that can be read.

    Raises:
        TargetError: a server cannot be asked: once it is back, it may say what it said before.
    """
    if isinstance(target, RedisTable):
        from publisher.targets import redis_reading  # redis and lmdb, only when needed

        return redis_reading.read_responses(target, keys)
    from publisher.targets.lmdb_reading import read_responses

    try:
        return read_responses(target.path, keys)
    except TargetError:  # damaged: it proves nothing
        return []
