"""Challenges as the database has them, and as validation wants them: with the account and the issuer that CAA names."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from registrar.acme import validated
from registrar.database import Database
from registrar.problem import Problem
from registrar.tenant import Tenant
from registrar.validation.challenge import Challenge, ChallengeType


class DatabaseRecords:
    """What is recorded of challenges.

    Args:
        tenants: the issuers that serve ACME, by their names; challenges of others are nobody's.
    """

    def __init__(self, database: Database, tenants: Mapping[str, Tenant]) -> None:
        self._database, self._tenants = database, tenants

    def challenge(self, challenge_id: str, now: datetime) -> Challenge | None:
        """What is to be validated; None where nobody waits for it any more."""
        pending = validated.to_validate(self._database, challenge_id, now)
        tenant = self._tenants.get(pending.issuer) if pending else None
        if pending is None or tenant is None:
            return None
        return Challenge(
            type=ChallengeType(pending.type),
            identifier=pending.identifier,
            token=pending.token,
            key_authorization=pending.key_authorization,
            is_wildcard=pending.is_wildcard,
            account_uri=tenant.url("account", pending.account),
            caa_identities=tenant.table.caa_identities,
        )

    def valid(self, challenge_id: str, now: datetime) -> None:
        """It is met."""
        validated.record_valid(self._database, challenge_id, now)

    def invalid(self, challenge_id: str, problem: Problem, now: datetime) -> None:
        """It failed for good, and why."""
        validated.record_invalid(self._database, challenge_id, problem, now)

    def waiting(self, now: datetime, most: int) -> Sequence[str]:
        """The ids of those whose clients are ready, and which have no verdict; the oldest first."""
        return validated.waiting(self._database, now, most)
