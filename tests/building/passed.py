"""What the gate lets through, without processes."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from publisher.gate import Checks
from publisher.verify_ocsp import VerifiedResponse
from publisher.verifying import Verifying
from revocation.config import IssuerProfile


def passed(profile: IssuerProfile, now: datetime, responses: Sequence[bytes]) -> list[VerifiedResponse]:
    """The responses, in the order in which they came, checked as the piece of a bundle is.

    Raises:
        GateError: one did not pass.
    """
    found = chain.from_iterable(Checks(profile, now, Verifying())(responses))
    return sorted(found, key=lambda one: responses.index(one.der))
