"""A key that signs what its limits permit, and no more: the check between whoever wants a signature and the key.

How often it signed stands in the ledger, so that all processes and signers that share it count together.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from revocation.clock import iso
from revocation.errors import KeyUnavailable
from signer.keys.limits import KeyLimits, LimitReached, NotNow, TooManyAtOnce, check_ahead, check_use
from signer.keys.protocol import TBS, KeyAway, SigningKey
from signer.keys.purpose import Purpose, key_id
from signer.ledger import key_uses


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
        on_away: told where the key did not answer.
    """

    def __init__(
        self,
        key: SigningKey,
        purpose: Purpose,
        limits: KeyLimits,
        where: str,
        on_away: Callable[[KeyAway], None] = lambda _: None,
    ) -> None:
        self._key, self._purpose, self._limits, self._where = key, purpose, limits, where
        self._on_away = on_away
        self._permitted = 0
        self._uses: list[tuple[Use, datetime]] = []
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
            self._uses.append((use, now))

    def give_back(self, connection: Connection) -> None:
        """Count no longer what was permitted and is not signed, since the key could not be used."""
        while self._uses:
            use, now = self._uses.pop()
            with self._turn:
                number = min(use.number, self._permitted)
                self._permitted -= number
            if number:
                key_uses.take_back(connection, key_id(self), number, now, for_revocation=use.for_revocation)

    def _check_room(self, connection: Connection, id_: str, use: Use, now: datetime) -> None:
        limit = self._limits.signatures_per_hour
        if limit is None:
            return
        most = limit if use.for_revocation else limit - self._limits.reserved
        if use.number > most:
            needed = self._limits.needed(use.number, for_revocation=use.for_revocation)
            what = f"the key may make {self._said(use)} within the hour: never {use.number} at once"
            raise TooManyAtOnce(what, self._where, use.number, most, needed)
        rooms = [(limit, key_uses.of_last_hour(connection, id_, now))]
        if not use.for_revocation:
            others = key_uses.of_last_hour(connection, id_, now, for_revocation=False)
            rooms.append((limit - self._limits.reserved, others))
        for room, uses in rooms:
            if sum(one.number for one in uses) + use.number > room:
                raise self._reached(room, uses, use)

    def _reached(self, room: int, uses: Sequence[key_uses.Uses], use: Use) -> LimitReached:
        made = sum(one.number for one in uses)
        again = key_uses.free_at(uses, made + use.number - room)
        return NotNow(
            f"the key has made {made} signatures within the hour, and may make {self._said(use)}: "
            f"no {self._purpose} before {iso(again)}",
            where=self._where,
            advice="who asked for so many shows `revocast audit show`; signatures_per_hour of [signer.issuers.limits]",
            again_at=again,
        )

    def _said(self, use: Use) -> str:
        """How many it may make in an hour."""
        reserved = f", {self._limits.reserved} of them reserved for revocations" if not use.for_revocation else ""
        return f"{self._limits.signatures_per_hour}{reserved}"

    def sign(self, tbs: TBS) -> bytes:
        """One signature, of those that were permitted."""
        with self._turn:
            if not self._permitted:
                raise self._not_permitted(1)
            self._permitted -= 1
        try:
            return self._key.sign(tbs)
        except KeyUnavailable as error:
            self._put_back(1, error)
            raise

    def sign_many(self, batch: Sequence[bytes]) -> list[bytes]:
        """The signatures of many, of those that were permitted."""
        number = len(batch)
        with self._turn:
            if number > self._permitted:
                raise self._not_permitted(number)
            self._permitted -= number
        try:
            return self._key.sign_many(batch)
        except KeyUnavailable as error:
            self._put_back(number, error)
            raise

    def _not_permitted(self, number: int) -> LimitReached:
        what = f"{number} signatures for {self._purpose} were asked for, and {self._permitted} are permitted"
        return LimitReached(what, where=self._where)

    def _put_back(self, number: int, error: KeyUnavailable) -> None:
        """What was taken and not made, since the key could not be used."""
        with self._turn:
            self._permitted += number
        if isinstance(error, KeyAway):
            self._on_away(error)
