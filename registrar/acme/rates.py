"""Rate limits: counted in the queue server over sliding windows, and told with the time at which one may come again."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import Storage
from limits.strategies import SlidingWindowCounterRateLimiter

from registrar.acme.client_address import network_of
from registrar.acme.identifiers import as_name
from registrar.acme.rate_counts import QueueCounts
from registrar.problem import Identifier, Problem, ProblemType
from registrar.queue_server import connect
from registrar.tenant import Tenant
from revocation.clock import Clock, epoch
from revocation.errors import QueueUnreachable

_OFF: Final = "off"


class Rates:
    """The limits of all issuers.

    Args:
        storage: where it is counted.
        clock: for when one may come again.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._clock = clock

    @classmethod
    def in_queue_server(cls, url: str, clock: Clock) -> "Rates":
        """Counted there, for all registrars together."""
        return cls(QueueCounts(connect(url), clock), clock)

    def new_account(self, tenant: Tenant, address: str) -> None:
        """Count a new account. Raises Problem: rateLimited."""
        where = network_of(address)
        self._hit(tenant, tenant.table.limits.accounts_per_address, ("accounts", where), f"new accounts from {where}")

    def new_order(self, tenant: Tenant, account: str, names: Sequence[Identifier], *, renews: bool) -> None:
        """Count a new order, once it is seen that it could be finalized: one that is refused counts for no name.

        Raises:
            Problem: rateLimited.
        """
        limits = tenant.table.limits
        self._hit(tenant, limits.orders_per_account, ("orders", account), "new orders of this account")
        by_name = [
            (limits.orders_per_name, ("orders", account, name), f"new orders for {name}")
            for name in map(as_name, names)
        ]
        for rate, place, what in (*by_name, *(() if renews else self._of_certificates(tenant, names))):
            self._test(tenant, rate, place, what)
        for rate, place, what in by_name:
            self._hit(tenant, rate, place, what)

    def revocation(self, tenant: Tenant, account: str | None, address: str) -> None:
        """Count a revocation that the signer is asked for. Raises Problem: rateLimited."""
        place = ("revocations", account) if account else ("revocations by key", network_of(address))
        self._hit(tenant, tenant.table.limits.revocations, place, "revocations")

    def certificate(self, tenant: Tenant, names: Sequence[Identifier]) -> None:
        """Count a certificate that renews none. Raises Problem: rateLimited."""
        for rate, place, what in self._of_certificates(tenant, names):
            self._hit(tenant, rate, place, what)

    def not_had(self, tenant: Tenant, names: Sequence[Identifier]) -> None:
        """Count a certificate no longer: the signer had enough for now."""
        for rate, place, what in self._of_certificates(tenant, names):
            self._hit(tenant, rate, place, what, -1)

    def request(self, rate: str, caller: str) -> int | None:
        """Count a request to the API; in how many seconds to come again, if there were too many."""
        if rate == _OFF:
            return None
        item = _item(rate)
        with _reached():
            return None if self._limiter.hit(item, "api", caller) else self._again(item, "api", caller)

    def _of_certificates(
        self, tenant: Tenant, names: Sequence[Identifier]
    ) -> Iterator[tuple[str, tuple[str, ...], str]]:
        limits = tenant.table.limits
        told = sorted(map(as_name, names))
        for name in told:
            yield limits.certificates_per_name, ("certificates", name), f"certificates for {name}"
        together = hashlib.sha256("\n".join(told).encode()).hexdigest()
        yield limits.certificates_per_set, ("sets", together), "certificates for exactly these names"

    def _hit(self, tenant: Tenant, rate: str, place: tuple[str, ...], what: str, number: int = 1) -> None:
        if rate == _OFF:
            return
        item = _item(rate)
        with _reached():
            if not self._limiter.hit(item, tenant.name, *place, cost=number):
                raise self._limited(item, tenant, place, what)

    def _test(self, tenant: Tenant, rate: str, place: tuple[str, ...], what: str) -> None:
        if rate == _OFF:
            return
        item = _item(rate)
        with _reached():
            if not self._limiter.test(item, tenant.name, *place):
                raise self._limited(item, tenant, place, what)

    def _limited(self, item: RateLimitItem, tenant: Tenant, place: tuple[str, ...], what: str) -> Problem:
        return Problem(
            ProblemType.RATE_LIMITED,
            f"too many {what}: {item} at most",
            status=429,
            retry_after=self._again(item, tenant.name, *place),
        )

    def _again(self, item: RateLimitItem, *place: str) -> int:
        again = self._limiter.get_window_stats(item, *place).reset_time - epoch(self._clock())
        return max(1, min(int(again) + 1, item.get_expiry()))


@lru_cache(maxsize=256)
def _item(rate: str) -> RateLimitItem:
    return parse(rate)


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        raise QueueUnreachable("rate limits cannot be counted: the queue server does not answer") from error
