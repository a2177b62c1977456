"""What a key may be used for, how long what it signs may last, and how often it may sign: whatever anybody asks.

The limits stand in the configuration of the machine that has the key, and hold here, between whoever wants a signature
and the key. How often it signed stands in the ledger, so that all processes and signers that share it count together.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from pydantic import Field, model_validator
from sqlalchemy import Connection

from revocation.clock import iso
from revocation.configfile import Table
from revocation.durations import Duration, show
from revocation.errors import KeyUnavailable, RevocastError
from signer.keys.protocol import TBS, SigningKey
from signer.keys.purpose import Purpose, key_id
from signer.ledger import key_uses

_RESERVED: Final = 4
"""A part of the signatures of an hour is for revocations, unless it is said how many: one in so many."""


class LimitReached(RevocastError):
    """A key does not sign, because a limit of its own says so."""


class KeyLimits(Table):
    """The limits of one key; what is absent is not limited."""

    purposes: tuple[Purpose, ...] = Field(
        default=tuple(Purpose), description="What the key may sign; absent: all that there is to sign."
    )
    crl_validity: Duration | None = Field(default=None, description="Longest thisUpdate to nextUpdate of a CRL.")
    ocsp_validity: Duration | None = Field(
        default=None, description="The same of OCSP responses about its certificates, whoever signs them."
    )
    certificate_validity: Duration | None = Field(default=None, description="Longest life of a certificate.")
    crl_ahead: Duration = Field(
        default=timedelta(0),
        description="How far after the signing thisUpdate of a CRL may lie: for a `series`. Absent: not at all.",
    )
    signatures_per_hour: int | None = Field(
        default=None,
        ge=1,
        description="In any hour, counted in the ledger; OCSP responses count where the CA key signs them itself.",
    )
    reserved_for_revocations: int | None = Field(
        default=None,
        ge=0,
        description="How many of these are for what is due because a status changed; absent: a quarter.",
    )

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.signatures_per_hour is None and self.reserved_for_revocations is not None:
            raise ValueError("reserved_for_revocations is a part of signatures_per_hour, which is not set")
        if self.signatures_per_hour is not None and self.reserved >= self.signatures_per_hour:
            raise ValueError(
                f"reserved_for_revocations ({self.reserved}) leaves nothing of signatures_per_hour "
                f"({self.signatures_per_hour}) for renewals"
            )
        return self

    @property
    def reserved(self) -> int:
        """How many signatures of an hour only what is due because of a revocation may take."""
        if self.reserved_for_revocations is not None:
            return self.reserved_for_revocations
        return (self.signatures_per_hour or 0) // _RESERVED

    def longest(self, purpose: Purpose) -> timedelta | None:
        """How long what is signed may last."""
        match purpose:
            case Purpose.CRL:
                return self.crl_validity
            case Purpose.OCSP:
                return self.ocsp_validity
            case Purpose.RESPONDER_CERTIFICATE | Purpose.CA_CERTIFICATE:
                return self.certificate_validity
            case Purpose.CSR:
                return None


@dataclass(frozen=True)
class Use:
    """What is to be signed.

    Attributes:
        number: how many signatures.
        lasts: from thisUpdate to nextUpdate, or the life of a certificate; None of what does not end.
        for_revocation: whether it is due because a status changed.
        begins: thisUpdate of a CRL.
    """

    number: int = 1
    lasts: timedelta | None = None
    for_revocation: bool = False
    begins: datetime | None = None


class LimitedKey:
    """A `SigningKey` for one purpose, which signs no more than was permitted.

    Args:
        where: whose key it is, for messages.
    """

    def __init__(self, key: SigningKey, purpose: Purpose, limits: KeyLimits, where: str) -> None:
        self._key, self._purpose, self._limits, self._where = key, purpose, limits, where
        self._permitted = 0
        self._last: tuple[Use, datetime] | None = None
        self._turn = threading.Lock()

    @property
    def public_key_info(self) -> bytes:
        """DER of the SubjectPublicKeyInfo."""
        return self._key.public_key_info

    @property
    def algorithm_identifier(self) -> bytes:
        """DER of the signature's AlgorithmIdentifier."""
        return self._key.algorithm_identifier

    def permit(self, connection: Connection, use: Use, now: datetime) -> None:
        """Count signatures that are about to be made, in the transaction that records what they are.

        Raises:
            LimitReached: the key may not make them: what, which limit, and when it may again. Nothing was counted.
        """
        check_use(self._limits, self._purpose, use.lasts, self._where)
        if use.begins is not None:
            check_ahead(self._limits, use.begins - now, self._where)
        id_ = key_id(self)
        self._check_room(connection, id_, use, now)
        key_uses.note(connection, id_, use.number, now, for_revocation=use.for_revocation)
        with self._turn:
            self._permitted += use.number
            self._last = use, now

    def give_back(self, connection: Connection) -> None:
        """Count no longer what was permitted last and is not signed, since the key could not be used."""
        if self._last is None:
            return
        use, now = self._last
        with self._turn:
            number = min(use.number, self._permitted)
            self._permitted -= number
        key_uses.take_back(connection, key_id(self), number, now, for_revocation=use.for_revocation)

    def _check_room(self, connection: Connection, id_: str, use: Use, now: datetime) -> None:
        limit = self._limits.signatures_per_hour
        if limit is None:
            return
        rooms = [(limit, key_uses.of_last_hour(connection, id_, now))]
        if not use.for_revocation:
            others = key_uses.of_last_hour(connection, id_, now, for_revocation=False)
            rooms.append((limit - self._limits.reserved, others))
        for room, uses in rooms:
            if sum(one.number for one in uses) + use.number > room:
                raise self._reached(room, uses, use)

    def _reached(self, room: int, uses: Sequence[key_uses.Uses], use: Use) -> LimitReached:
        made = sum(one.number for one in uses)
        reserved = f", {self._limits.reserved} of them reserved for revocations" if not use.for_revocation else ""
        said = f"has made {made} signatures within the hour, and may make {self._limits.signatures_per_hour}{reserved}"
        again = key_uses.free_at(uses, made + use.number - room)
        when = f"no {self._purpose} before {iso(again)}" if again else f"never {use.number} at once"
        return LimitReached(
            f"the key {said}: {when}",
            where=self._where,
            advice="who asked for so many shows `revocast audit show`; signatures_per_hour of [signer.issuers.limits]",
        )

    def sign(self, tbs: TBS) -> bytes:
        """One signature, of those that were permitted."""
        with self._taken(1):
            return self._key.sign(tbs)

    def sign_many(self, batch: Sequence[bytes]) -> list[bytes]:
        """The signatures of many, of those that were permitted."""
        with self._taken(len(batch)):
            return self._key.sign_many(batch)

    @contextmanager
    def _taken(self, number: int) -> Iterator[None]:
        """Within, they are taken of what was permitted; not where the key says that it cannot be used."""
        with self._turn:
            if number > self._permitted:
                what = f"{number} signatures for {self._purpose} were asked for, and {self._permitted} are permitted"
                raise LimitReached(what, where=self._where)
            self._permitted -= number
        try:
            yield
        except KeyUnavailable:
            with self._turn:
                self._permitted += number
            raise


def check_use(limits: KeyLimits, purpose: Purpose, lasts: timedelta | None, where: str) -> None:
    """Return if the key may be used for that, for so long.

    Raises:
        LimitReached: it may not.
    """
    if purpose not in limits.purposes:
        allowed = ", ".join(limits.purposes) or "nothing"
        raise LimitReached(
            f"the key is for {allowed} alone, and not for {purpose}",
            where=where,
            advice="`purposes` of [signer.issuers.limits], where the key is",
        )
    check_lasts(limits, purpose, lasts, where)


def check_lasts(limits: KeyLimits, purpose: Purpose, lasts: timedelta | None, where: str) -> None:
    """Return if what is signed may last so long.

    Raises:
        LimitReached: it may not.
    """
    longest = limits.longest(purpose)
    if longest is not None and lasts is not None and lasts > longest:
        name = "certificate" if purpose in (Purpose.CA_CERTIFICATE, Purpose.RESPONDER_CERTIFICATE) else purpose
        raise LimitReached(
            f"what the key signs for {purpose} lasts {show(longest)} at most, and this lasts {show(lasts)}",
            where=where,
            advice=f"{name}_validity of [signer.issuers.limits], where the key is, or a shorter profile",
        )


def check_ahead(limits: KeyLimits, ahead: timedelta, where: str) -> None:
    """Return if a CRL may begin so long after it is signed.

    Raises:
        LimitReached: it may not.
    """
    if ahead > limits.crl_ahead:
        may = f"{show(limits.crl_ahead)} after it is signed at most" if limits.crl_ahead else "when it is signed"
        raise LimitReached(
            f"a CRL of this key begins {may}, and this one would begin {show(ahead)} after",
            where=where,
            advice="crl_ahead of [signer.issuers.limits], where the key is, lets it sign a series; or take `series` "
            "out of [public.crl]",
        )
