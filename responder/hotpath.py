"""Nearly every request, answered before Flask sees it: canonical OCSP by POST, for a few microseconds each.

What is kept between requests is an answer with its ready headers, and never longer than its source says that the store
is in the state in which it was found: a publication is seen by the next request. Everything that is unusual in any way
goes on to the application, unread, and gets the same answer as it would without this: `tests/responder/test_hotpath.py`
compares the two octet by octet.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from io import BytesIO
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from werkzeug.http import http_date

from responder.answers import ErrorAnswer, answer_cert_id
from responder.caching import UNCACHED, cache_control, etag, jittered, max_age
from responder.canonical import SIZES, cert_id, cert_id_octets
from responder.counts import AGE_SUM, Method, Sheet, count_refused, count_served, same_slot_for, served_slot
from responder.source import Source
from revocation.certid import CertIDHash
from revocation.clock import epoch, from_epoch
from revocation.paths import OCSP_MEDIA_TYPE
from revocation.store import StoredResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

GLANCE: Final = 2e-3
"""Seconds for which a publication may remain unseen."""
_MOST_KEPT: Final = 1 << 14
_ERROR: Final = (*UNCACHED.items(), ("Content-Type", OCSP_MEDIA_TYPE), ("Content-Length", "5"))
_date: Final = lru_cache(1024)(http_date)  # the responses of a slice share theirs, and all answers of a second
_shared: Final = lru_cache(1024)(int)  # for the same reason: one number in memory is found sooner than thousands


_Header: TypeAlias = tuple[str, str]
_Key: TypeAlias = bytes | tuple[bytes]
_Kept: TypeAlias = tuple[int, int, int, tuple[_Header, ...], _Header, bytes, CertIDHash]
"""An answer, its headers and where it is counted, which hold before a second.

That second. Where it is counted. Its thisUpdate, or when it was kept, if that is earlier: what its age is counted from.
The headers that stand before the date, see `_before_date`, and the one behind it. The body, and with which hash it was
asked for. A tuple of no class of its own: nothing is taken apart faster.
"""


def _kept(stored: StoredResponse, hash_: CertIDHash, second: int, longest: timedelta) -> _Kept:
    """It, as it is handed out in that second."""
    tag = etag(stored.der)
    age = max_age(stored, from_epoch(second), longest)
    since = min(stored.this_update, second)
    alike = since + same_slot_for(second - since) if since == stored.this_update else second + 1
    return (
        _shared(min(_same_age_until(stored, second, longest) + 1, alike)),
        served_slot(Method.POST, hash_, second - since),
        _shared(since),
        _before_date(stored.this_update, stored.next_update, jittered(age, tag), len(stored.der)),
        ("ETag", f'"{tag}"'),
        stored.der,
        hash_,
    )


@lru_cache(_MOST_KEPT)
def _before_date(this_update: int, next_update: int, age: int, size: int) -> tuple[_Header, ...]:
    """The headers that many answers share: once in memory, or fetching them would take longer than all else."""
    return (
        _header("Last-Modified", _date(this_update)),
        _header("Expires", _date(next_update)),
        _header("Cache-Control", cache_control(age)),
        _header("Content-Type", OCSP_MEDIA_TYPE),
        _header("Content-Length", str(size)),
    )


@lru_cache(_MOST_KEPT)
def _header(name: str, value: str) -> _Header:
    return name, value


def _same_age_until(stored: StoredResponse, second: int, longest: timedelta) -> int:
    """The last second in which `max_age` says what it says at `second`: until then the cap alone decides."""
    cap = int(longest.total_seconds())
    return max(second, min(stored.fresh_until - max(cap, 1), stored.next_update - 1 - cap))


class HotPath:
    """What answers, by `answer`, what it knows how to, and leaves the rest to another WSGI application.

    Args:
        application: the other one.
        source: where responses come from.
        paths: those that a request may be posted to.
        longest: the longest that a cache may keep a response.
        now: the clock.
        sheet: where answers are counted.
        glance: seconds for which the time and the state of the store are taken to be those of the last look.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        source: Source,
        paths: Iterable[str],
        longest: timedelta,
        now: Callable[[], datetime],
        sheet: Sheet,
        glance: float,
    ) -> None:
        self._application = application
        self._source = source
        self._paths = frozenset(paths)
        self._longest = longest
        self._now = now
        self._sheet = sheet
        self._glance = glance
        self._kept: dict[_Key, _Kept] = {}
        self._look_at = 0.0
        self._version: int | None = None
        self._second = 0
        self._date = ("Date", _date(0))

    def answer(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """The WSGI callable, see PEP 3333."""
        try:
            size = SIZES[environ["CONTENT_LENGTH"]]
        except KeyError:
            return self._application(environ, start_response)
        if (
            environ["REQUEST_METHOD"] != "POST"
            or environ.get("PATH_INFO") not in self._paths
            or "HTTP_TRANSFER_ENCODING" in environ
            or "HTTP_UPGRADE" in environ
        ):
            return self._application(environ, start_response)
        request = environ["wsgi.input"].read(size)
        if monotonic() >= self._look_at:
            self._look()
        kept = self._kept.get(request)
        if kept and len(request) == size:
            end, slot, since, (modified, expires, caching, type_, length), tag, body, _ = kept
            second = self._second
            if second < end:
                start_response("200 OK", [modified, expires, caching, type_, length, self._date, tag])
                sheet = self._sheet
                sheet[slot] += 1
                sheet[AGE_SUM] += second - since
                return [body]
        try:
            found = self._answer(request) if len(request) == size else None
        except Exception:
            found = None
        if found is None:
            environ["wsgi.input"] = BytesIO(request)
            return self._application(environ, start_response)
        body, headers = found
        start_response("200 OK", headers)
        return [body]

    def _look(self) -> None:
        """See what time it is, and in which state the store."""
        second, version = epoch(self._now()), self._source.version()
        if second < self._second or version != self._version:
            self._kept = {}  # a clock was set back, and the ages in there were for later; or something was published
        if second != self._second:
            self._date = ("Date", _date(second))
        self._second, self._version = second, version
        self._look_at = monotonic() + self._glance

    def _answer(self, request: bytes) -> tuple[bytes, list[tuple[str, str]]] | None:
        """Body and headers of the answer, or None where it is the application's to find."""
        octets = cert_id_octets(request)
        if octets is None:
            return None
        # A nonce is another each time; in a tuple, since what lies in a CertID is found by nobody who posts that alone.
        key = request if request.find(octets) + len(octets) == len(request) else (octets,)
        second = self._second
        current = self._kept  # of this state: what is found in it while a thread sees the next one is found by nobody
        kept = current.get(key)
        if kept is None or second >= kept[0]:
            asked = cert_id(octets)
            if asked is None:
                return None
            found = answer_cert_id(asked, self._source, from_epoch(second))
            if isinstance(found, ErrorAnswer):
                count_refused(self._sheet, Method.POST, found, asked.hash)
                return found.der, [*_ERROR, ("Date", _date(second))]
            kept = _kept(found, asked.hash, second, self._longest)
            self._keep(current, key, kept)
        _, _, since, before, tag, body, hash_ = kept
        count_served(self._sheet, Method.POST, hash_, second - since)
        return body, [*before, ("Date", _date(second)), tag]

    def _keep(self, current: dict[_Key, _Kept], key: _Key, kept: _Kept) -> None:
        if self._version is not None:
            if len(current) >= _MOST_KEPT:
                current.clear()
            current[key] = kept
