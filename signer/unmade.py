"""Why something was not made, and what an operator can do about it, where the error itself does not say."""

import tempfile
from datetime import datetime

from revocation.clock import iso
from revocation.config import IssuerProfile
from revocation.errors import RevocastError
from signer.due import Due
from signer.signer import Signer


def not_stored(what: str, signer: Signer, profile: IssuerProfile, error: OSError) -> RevocastError:
    """Nothing of it is there.

    A disk that fills up does not say which one it is: bundles go to the exchange, a CRL is put together before.
    """
    likely = f"the exchange {signer.config.exchange} and in {tempfile.gettempdir()}"
    return RevocastError(
        f"{what} could not be stored: {error.strerror or error}",
        where=f"issuer {profile.issuer.name}",
        advice=f"see to room and rights in {error.filename or likely}; it is tried again at the next look",
    )


def not_listed(signer: Signer, error: OSError) -> RevocastError:
    """The exchange, a folder, hides what lies in it."""
    return RevocastError(
        f"it could not be seen what is due: {error.strerror or error}",
        where="exchange",
        advice=f"see to rights in {error.filename or signer.config.exchange}; it is tried again in a second",
    )


def clock_behind(due: Due, not_before: datetime, now: datetime) -> RevocastError:
    """It would have to say that it is older than what it replaces."""
    return RevocastError(
        f"{due.what} was signed, or something on it was revoked, at {iso(not_before)}; the clock says {iso(now)}",
        where=f"issuer {due.profile.issuer.name}",
        advice=f"set the clock right; if it ran ahead then: `revocast discard --issuer {due.profile.issuer.name}`",
    )
