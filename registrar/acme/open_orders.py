"""Orders that are processed, and whose clients may never come back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from registrar.acme.issuing import pursue
from registrar.acme.services import Services
from registrar.database import orders as stored
from registrar.database.rows import Status
from registrar.problem import Problem
from registrar.pursuing import Place, by_turns
from registrar.until_silent import StatusesUntilSilent

_LONGEST: Final = 600.0


class OpenOrders:
    """Those of the issuers that serve ACME; others' wait until they do again."""

    kind = "order"

    def __init__(self, services: Services) -> None:
        self._services = self._of_this_round = services

    def waiting(self, most: int) -> Sequence[Place]:
        """Those that wait for their certificate, in a new round."""
        services = self._services
        self._of_this_round = replace(services, statuses=StatusesUntilSilent(services.statuses))
        with services.database.read() as connection:
            return by_turns({name: stored.processed(connection, name, most) for name in services.tenants})

    def pursue(self, place: Place) -> float | None:
        """Ask the signer, without waiting."""
        issuer, id_ = place
        with self._services.database.read() as connection:
            one = stored.order(connection, issuer, id_)
        tenant = self._services.tenants.get(issuer)
        if one is None or one.status is not Status.PROCESSING or tenant is None:
            return None
        try:
            pursue(self._of_this_round, tenant, one, 0.0)
        except Problem as problem:
            return float(problem.retry_after or _LONGEST)
        return None
