"""Does a CRL forget anything? Each serial that is gone since the CRL before it has to be explained.

The signer says in the bundle why an entry left. It is believed only where that cannot be wrong: what is known to be
revoked for good is not released, what answers of OCSP speak of later has not expired, what moved is on another CRL.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from publisher.line import Known
from revocation.clock import epoch
from revocation.departed import Departed, Why
from revocation.errors import GateError, Held
from revocation.serials import to_hex

_MOST_NAMED: Final = 20

Mark = Callable[[bytes], Known | None]
"""What the marks know of a serial: that it is revoked; None when nothing was ever published that says so."""


def check_explained(
    missing: Iterable[bytes],
    explained: Mapping[bytes, Departed],
    mark: Mark,
    listed_elsewhere: Callable[[], set[bytes]],
    now: datetime,
) -> None:
    """Return if every missing serial has an explanation that holds.

    Args:
        listed_elsewhere: the serials on the other published CRLs of the issuer, when they are needed.

    Raises:
        Held: one moved to a CRL that is not published yet.
        GateError: some are not explained; names them.
    """
    unexplained, moved = [], []
    for serial in sorted(missing):
        departed = explained.get(serial)
        if departed is None or not _holds(departed, mark(serial), now):
            unexplained.append(serial)
        elif departed.why is Why.MOVED:
            moved.append(serial)
    if unexplained:
        raise GateError(
            f"it lacks {_named(unexplained)}, listed before, and nothing says that they expired or were released",
            advice="was the ledger restored from an old copy? Import the published CRL, or `revocast excuse` them",
        )
    if moved and (waiting := sorted(set(moved) - listed_elsewhere())):
        raise Held(f"{_named(waiting)} moved to a CRL that is not published yet; held until then")


def _holds(departed: Departed, known: Known | None, now: datetime) -> bool:
    if departed.why is Why.RELEASED:
        return known is None or known.releasable
    if departed.expired_at is not None:
        return departed.expired_at <= epoch(now) and (known is None or known.this_update <= departed.expired_at)
    return True


def _named(serials: list[bytes]) -> str:
    more = f" and {len(serials) - _MOST_NAMED} more" if len(serials) > _MOST_NAMED else ""
    return f"{len(serials)} serials ({', '.join(map(to_hex, serials[:_MOST_NAMED]))}{more})"
