"""Does a CRL forget anything? Each serial that is gone since the CRL before it has to be explained.

The signer says why an entry left. It is believed only where that cannot be wrong: what was revoked for good is not
released, what answers of OCSP speak of later has not expired, what moved is on another CRL.
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from publisher.line import Known
from revocation.clock import epoch
from revocation.departed import Departed, Why
from revocation.errors import GateError, Held
from revocation.serials import to_hex

_MOST_NAMED: Final = 20


@dataclass(frozen=True)
class Evidence:
    """What explanations are held against; each is asked for only when it is needed.

    Attributes:
        mark: what answers of OCSP said of a serial: that it is revoked; None when none ever said so.
        on_hold: whether every published CRL that lists a serial says certificateHold.
        elsewhere: the serials on the other CRLs of the issuer.
        movable: whether what the CRL lists can come to belong elsewhere; one for everything loses nothing so.
        awaited: whether another CRL has to list a serial that moved; where none could, the signer says that it should.
    """

    mark: Callable[[bytes], Known | None]
    on_hold: Callable[[bytes], bool]
    elsewhere: Callable[[], Container[bytes]]
    movable: bool
    awaited: Callable[[bytes], bool]

    def awaits(self, serial: bytes) -> bool:
        """Whether a serial that moved is not yet where it has to be."""
        return self.awaited(serial) and serial not in self.elsewhere()


def check_explained(missing: set[bytes], told: Iterable[Departed], evidence: Evidence, now: datetime) -> None:
    """Return if every missing serial has an explanation that holds: one is enough, whatever else is told of it.

    Args:
        told: why serials left; read until nothing is missing any more.

    Raises:
        Held: one moved to a CRL that is not there yet.
        GateError: some are not explained; names them.
    """
    unexplained, moved = set(missing), set[bytes]()
    for departed in told:
        if departed.serial not in unexplained:
            continue
        if departed.why is Why.MOVED and not evidence.movable:
            continue
        if departed.why is Why.MOVED and evidence.awaits(departed.serial):
            moved.add(departed.serial)
        elif _holds(departed, evidence, now):
            unexplained.remove(departed.serial)
            if not unexplained:
                return
    if lost := sorted(unexplained - moved):
        raise GateError(
            f"it lacks {_named(lost)}, listed before, and nothing that holds says that they expired or were released",
            advice="was the ledger restored from an old copy? Import the published CRL, or `revocast excuse` them",
        )
    if unexplained:
        raise Held(
            f"{_named(sorted(unexplained))} moved to another CRL of the issuer, and none that is there lists them; "
            "held until one does",
            advice="was that one set aside, or is none configured for them (`scopes`, `lists`, `shards`)?",
        )


def _holds(departed: Departed, evidence: Evidence, now: datetime) -> bool:
    known = evidence.mark(departed.serial)
    if departed.why is Why.RELEASED:  # it may have been revoked for good since, and then another CRL says so
        is_good = known is None or known.releasable
        return evidence.on_hold(departed.serial) and (is_good or departed.serial in evidence.elsewhere())
    if departed.expired_at is not None:
        return departed.expired_at <= epoch(now) and (known is None or known.unexpired_at <= departed.expired_at)
    return True


def _named(serials: list[bytes]) -> str:
    more = f" and {len(serials) - _MOST_NAMED} more" if len(serials) > _MOST_NAMED else ""
    return f"{len(serials)} serials ({', '.join(map(to_hex, serials[:_MOST_NAMED]))}{more})"
