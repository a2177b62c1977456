"""Nearly every request, answered before Flask sees it: canonical OCSP by POST, for a few microseconds each.

What is kept between requests is an answer with its ready headers, and never longer than its source says that the store
is in the state in which it was found: a publication is seen by the next request. Everything that is unusual in any way
goes on to the application, unread, and gets the same answer as it would without this: `tests/responder/test_hotpath.py`
compares the two octet by octet.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from werkzeug.http import http_date

from responder.answers import ErrorAnswer, answer_cert_id
from responder.caching import UNCACHED, cache_control, etag, jittered, max_age
from responder.canonical import SIZES, cert_id, cert_id_octets
from responder.source import Source
from revocation.clock import from_epoch
from revocation.paths import OCSP_MEDIA_TYPE
from revocation.store import StoredResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

_MOST_KEPT: Final = 1 << 14
_ERROR: Final = (*UNCACHED.items(), ("Content-Type", OCSP_MEDIA_TYPE), ("Content-Length", "5"))
_Ready: TypeAlias = tuple[list[bytes], list[tuple[str, str]]]
_date: Final = lru_cache(1024)(http_date)  # the responses of a slice share theirs, and all answers of a second


class _Kept:
    """An answer with its headers, and how long they hold: in one state of the store, and from one second to another."""

    __slots__ = ("after", "before", "body", "end", "since", "version")

    def __init__(self, stored: StoredResponse, second: int, longest: timedelta, version: int | None) -> None:
        tag = etag(stored.der)
        age = max_age(stored, from_epoch(second), longest)
        self.version = version
        self.body = [stored.der]
        self.since = second
        self.end = _same_age_until(stored, second, longest) + 1
        self.before = (
            ("Last-Modified", _date(stored.this_update)),
            ("Expires", _date(stored.next_update)),
            ("Cache-Control", cache_control(jittered(age, tag))),
            ("Content-Type", OCSP_MEDIA_TYPE),
            ("Content-Length", str(len(stored.der))),
        )
        self.after = ("ETag", f'"{tag}"')


def _same_age_until(stored: StoredResponse, second: int, longest: timedelta) -> int:
    """The last second in which `max_age` says what it says at `second`: until then the cap alone decides."""
    cap = int(longest.total_seconds())
    return max(second, min(stored.fresh_until - max(cap, 1), stored.next_update - 1 - cap))


class HotPath:
    """A WSGI application that answers what it knows how to, and leaves the rest to another one.

    Args:
        application: the other one.
        source: where responses come from.
        paths: those that a request may be posted to.
        longest: the longest that a cache may keep a response.
        timestamp: the clock, in seconds since 1970.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        source: Source,
        paths: Iterable[str],
        longest: timedelta,
        timestamp: Callable[[], float],
    ) -> None:
        self._application = application
        self._source = source
        self._paths = frozenset(paths)
        self._longest = longest
        self._timestamp = timestamp
        self._kept: dict[bytes, _Kept] = {}
        self._dated = _Dated(0)

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """See PEP 3333."""
        size = SIZES.get(environ.get("CONTENT_LENGTH", ""))
        if (
            size is None
            or environ["REQUEST_METHOD"] != "POST"
            or environ.get("PATH_INFO") not in self._paths
            or "HTTP_TRANSFER_ENCODING" in environ
            or "HTTP_UPGRADE" in environ
        ):
            return self._application(environ, start_response)
        request = environ["wsgi.input"].read(size)
        kept = self._kept.get(request)
        now = self._timestamp()
        if kept and kept.since <= now < kept.end and kept.version == self._source.version() and len(request) == size:
            dated = self._dated
            if not 0 <= now - dated.second < 1:
                self._dated = dated = _Dated(int(now))
            start_response("200 OK", [*kept.before, dated.header, kept.after])
            return kept.body[:]
        try:
            found = self._answer(request, int(now)) if len(request) == size else None
        except Exception:
            found = None
        if found is None:
            environ["wsgi.input"] = BytesIO(request)
            return self._application(environ, start_response)
        body, headers = found
        start_response("200 OK", headers)
        return body

    def _answer(self, request: bytes, second: int) -> _Ready | None:
        """Body and headers of the answer, or None where it is the application's to find."""
        octets = cert_id_octets(request)
        if octets is None:
            return None
        key = request if request.endswith(octets) else octets  # a nonce is another each time
        version = self._source.version()  # before the source is asked
        kept = self._kept.get(key)
        if kept is None or version is None or kept.version != version or not kept.since <= second < kept.end:
            asked = cert_id(octets)
            if asked is None:
                return None
            found = answer_cert_id(asked, self._source, from_epoch(second))
            if isinstance(found, ErrorAnswer):
                return [found.der], list(_ERROR)
            kept = _Kept(found, second, self._longest, version)
            self._keep(key, kept)
        return kept.body[:], [*kept.before, ("Date", _date(second)), kept.after]

    def _keep(self, key: bytes, kept: _Kept) -> None:
        if kept.version is not None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = kept


class _Dated:
    """The header of one second's answers."""

    __slots__ = ("header", "second")

    def __init__(self, second: int) -> None:
        self.second = second
        self.header = ("Date", _date(second))
