"""The rules on headers of signed answers and of errors (RFC 9919 sections 6 and 7.2, RFC 9110, RFC 9111)."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cryptography.x509 import ocsp

from tests.conformance.exchange import RESPONSE, Reply

Found = Iterator[tuple[str, str, str]]
_NINE = "RFC 9919 section 6"
_FORM = "%a, %d %b %Y %H:%M:%S GMT"
_CLOCKS = timedelta(seconds=5)
"""How far the clocks of two machines may be apart."""


def date(text: str | None) -> datetime | None:
    """An IMF-fixdate of RFC 9110 section 5.6.7; None for anything else, such as one that ends in `UTC`."""
    try:
        return datetime.strptime(text or "", _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def every(reply: Reply) -> Found:
    """Of an answer of any kind that has a body."""
    if reply.headers.get("content-type") != RESPONSE:
        yield "header.content-type", _NINE, f"{reply.headers.get('content-type')}"
    if reply.headers.get("content-length") != str(len(reply.body)):
        yield "header.content-length", _NINE, f"{reply.headers.get('content-length')} of {len(reply.body)} octets"
    yield from _dated(reply)


def _dated(reply: Reply) -> Found:
    sent = date(reply.headers.get("date"))
    if sent is None or not reply.asked - _CLOCKS <= sent <= reply.came + _CLOCKS:
        yield "header.date", _NINE, f"Date: {reply.headers.get('date')} at {reply.came:{_FORM}}"


def signed(reply: Reply, *, static: bool = False, renewal: timedelta | None = None) -> Found:
    """Of a signed answer.

    Args:
        static: it is a file: its entity tag is the web server's, and Expires is left out.
        renewal: how long after thisUpdate a newer response is there: no cache may keep one for longer.
    """
    yield from every(reply)
    single = next(iter(ocsp.load_der_ocsp_response(reply.body).responses))
    begins, ends = single.this_update_utc, single.next_update_utc
    if date(reply.headers.get("last-modified")) != begins:
        yield "header.last-modified", "RFC 9919 section 7.2", f"{reply.headers.get('last-modified')}, not {begins}"
    tag = reply.headers.get("etag", "")
    if tag != f'"{hashlib.sha256(reply.body).hexdigest()}"' and not (static and re.fullmatch(r'"[^"]+"', tag)):
        yield "header.etag", _NINE, f"{tag or 'none'} is not the SHA-256 of the body"
    if date(reply.headers.get("expires")) != ends and not (static and "expires" not in reply.headers):
        yield "header.expires", _NINE, f"{reply.headers.get('expires')}, not {ends}"
    yield from _cached(reply, ends, renewal and begins + renewal)


def _cached(reply: Reply, ends: datetime | None, fresh_until: datetime | None) -> Found:
    words = directives(reply)
    if missing := {"max-age", "public", "no-transform", "must-revalidate"} - words.keys():
        yield "header.cache-control", _NINE, f"without {', '.join(sorted(missing))}"
    if "pragma" in reply.headers or words.keys() & {"no-cache", "no-store", "private"}:
        yield "header.uncached", "RFC 9919 section 7.2", "a signed answer is kept from caches"
    if not words.get("max-age", "").isdecimal():
        yield "header.max-age", _NINE, f"max-age={words.get('max-age')}"
        return
    sent = date(reply.headers.get("date")) or reply.came
    until = sent + timedelta(seconds=int(words["max-age"]))
    if ends is not None and until >= ends:
        yield "header.max-age", "RFC 9919 section 7.2", f"may be kept until {until}, and ends at {ends}"
    if fresh_until is not None and sent < fresh_until < until:
        yield "header.fresh", "RFC 9919 section 7.2", f"may be kept until {until}, and a newer one is due {fresh_until}"


def directives(reply: Reply) -> dict[str, str]:
    """Those of Cache-Control, with what they are set to."""
    parts = (part.strip().partition("=") for part in reply.headers.get("cache-control", "").split(","))
    return {name.lower(): value for name, _, value in parts if name}


def error(reply: Reply) -> Found:
    """Of an unsigned error: HTTP 200, and kept by nobody."""
    if reply.status != 200:
        yield "error.status", "RFC 6960 appendix A.2", f"HTTP {reply.status}"
    yield from every(reply)
    words = directives(reply)
    if not words.keys() & {"no-store", "no-cache"} or "max-age" in words or "expires" in reply.headers:
        yield "error.cached", "RFC 9919 section 7.2", f"{reply.headers.get('cache-control', 'no Cache-Control')}"
    if reply.headers.keys() & {"etag", "last-modified"}:
        yield "error.validators", "RFC 9919 section 7.2", "an error has an entity tag or Last-Modified"


def head(reply: Reply, got: Reply) -> Found:
    """HEAD says what GET says, without the body (RFC 9110 section 9.3.2)."""
    both = {"content-type", "content-length", "last-modified", "etag", "expires"}
    differ = [name for name in sorted(both) if reply.headers.get(name) != got.headers.get(name)]
    if reply.status != got.status or reply.body or differ:
        yield "http.head", "RFC 9110 section 9.3.2", f"HTTP {reply.status}, other: {differ}"


def not_modified(reply: Reply, got: Reply) -> Found:
    """A 304 has no body, and the headers that a cache renews its copy by (RFC 9110 section 15.4.5)."""
    if reply.status != 304 or reply.body:
        yield "http.304", "RFC 9110 section 13.2.2", f"HTTP {reply.status}"
        return
    missing = [name for name in ("cache-control", "etag", "expires") if name in got.headers.keys() - reply.headers]
    if missing or reply.headers.get("etag") != got.headers.get("etag"):
        yield "http.304-headers", "RFC 9110 section 15.4.5", f"without {missing}, ETag {reply.headers.get('etag')}"
    if reply.headers.get("content-length") not in (None, got.headers.get("content-length")):
        yield "http.304-length", "RFC 9110 section 8.6", f"Content-Length: {reply.headers['content-length']}"
    yield from _dated(reply)


def whole(reply: Reply, got: Reply) -> Found:
    """A condition that is not met, or that the method has none of, changes nothing."""
    if reply.status != 200 or reply.body != got.body:
        yield "http.condition", "RFC 9110 section 13.2.2", f"HTTP {reply.status}, {len(reply.body)} octets"
