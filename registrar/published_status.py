"""What is published of a certificate: the registrar asks the OCSP responder, as everybody may.

So it knows of revocations that others asked for, tells of one as done before where the signer says so too, and holds
back a certificate until its response is served. Nothing else follows from it, so a response is believed without its
signature.
"""

import base64
import http.client
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

from cryptography import x509
from cryptography.x509 import ocsp

from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.clock import Clock
from revocation.issuer import Issuer
from revocation.ocsppath import canonical_request
from revocation.paths import OCSP_PATH

_SECONDS: Final = 1.0
_PLACES: Final = 8
_PLACE_SECONDS: Final = 0.05
_LARGEST: Final = 1 << 16
_KEPT: Final = timedelta(minutes=5)
_MOST_KEPT: Final = 10_000


@dataclass(frozen=True)
class Published:
    """What a response says.

    Attributes:
        revoked_at: since when it is revoked, or on hold; None of one that is good.
        on_hold: whether it may be good again.
        is_there: whether anything is published of it: a responder can answer that it has nothing (RFC 5019).
    """

    revoked_at: datetime | None
    on_hold: bool = False
    is_there: bool = True

    @property
    def revoked_for_good(self) -> datetime | None:
        """Since when it is revoked and will stay so; None of one that is on hold, as of one that is good."""
        return None if self.on_hold else self.revoked_at


UNPUBLISHED: Final = Published(None, is_there=False)


class Statuses(Protocol):
    """Who knows what is published."""

    def published(self, issuer: Issuer, serial: int, *, fresh: bool = False) -> Published | None:
        """What is published of a certificate now, or was a little while ago; None: nobody answers."""


class NoPlace(Exception):
    """Too many wait for the responder at this moment."""


class Responder(Protocol):
    """Who answers for certificates."""

    def ask(self, issuer: Issuer, serial: int) -> bytes | None:
        """Its answer of now, whatever that is; None where there is none. Raises NoPlace."""


class OCSPResponder:
    """The OCSP responder, over HTTP.

    Args:
        base: the URL that `/ocsp/` lies below.
        places: how many may wait for it at a time; beyond, nobody does, so that one that hangs does not take all
            threads.
        seconds: for how long it may say nothing.
    """

    def __init__(self, base: str, places: int = _PLACES, seconds: float = _SECONDS) -> None:
        self._base, self._seconds = urlsplit(base), seconds
        self._places = threading.BoundedSemaphore(places)

    def ask(self, issuer: Issuer, serial: int) -> bytes | None:
        """Its answer to a GET (RFC 6960 appendix A.1).

        Raises:
            NoPlace: too many wait for it, and go on doing so: one that answers has a place free in a moment.
        """
        if not self._places.acquire(timeout=_PLACE_SECONDS):
            raise NoPlace
        try:
            return self._answer(issuer, serial)
        finally:
            self._places.release()

    def _answer(self, issuer: Issuer, serial: int) -> bytes | None:
        cert_id = CertID.of(issuer, serials.from_int(serial), CertIDHash.SHA256)
        path = f"{self._base.path}/{OCSP_PATH}{quote(base64.b64encode(canonical_request(cert_id)), safe='')}"
        connection = http.client.HTTPConnection(self._base.netloc, timeout=self._seconds)
        try:
            connection.request("GET", path)
            return connection.getresponse().read(_LARGEST)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


class OCSPStatuses:
    """What the OCSP responder says, kept for a while.

    Args:
        clock: for how long an answer is kept.
    """

    def __init__(self, responder: Responder, clock: Clock) -> None:
        self._responder, self._clock = responder, clock
        self._kept: OrderedDict[tuple[str, int], tuple[datetime, Published]] = OrderedDict()
        self._turn = threading.Lock()

    def published(self, issuer: Issuer, serial: int, *, fresh: bool = False) -> Published | None:
        """Ask, unless an answer is at hand and may be a few minutes old; or older, where there is no other."""
        key, now = (issuer.id, serial), self._clock()
        with self._turn:
            kept = self._kept.get(key)
        if kept and not fresh and now - kept[0] < _KEPT:
            return kept[1]
        found = self._ask(issuer, serial)
        if found is None or not found.is_there:
            return kept[1] if kept and not fresh else found
        with self._turn:
            self._kept[key] = (now, found)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def _ask(self, issuer: Issuer, serial: int) -> Published | None:
        try:
            body = self._responder.ask(issuer, serial)
        except NoPlace:
            return None
        return None if body is None else _read(body, serial)


def _read(body: bytes, serial: int) -> Published:
    """What an answer says; one that says nothing of the certificate, such as tryLater, is no silence."""
    try:
        response = ocsp.load_der_ocsp_response(body)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return UNPUBLISHED
        for one in response.responses:
            if one.serial_number == serial and one.certificate_status is not ocsp.OCSPCertStatus.UNKNOWN:
                on_hold = one.revocation_reason is x509.ReasonFlags.certificate_hold
                return Published(one.revocation_time_utc, on_hold)
    except ValueError:
        return UNPUBLISHED
    return UNPUBLISHED
