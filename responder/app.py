"""The public face: OCSP by POST and GET (RFC 6960 appendix A, RFC 9919), and in the embedded mode CRLs and issuers.

Stateless and without keys: an answer is bytes that a signer made earlier, or one of OCSP's unsigned errors. Whatever
else arrives, and whatever goes wrong, ends in a short text with status 404, 405 or 503.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.http import http_date
from werkzeug.routing import BaseConverter
from werkzeug.wsgi import wrap_file

from responder.answers import Answered, ErrorAnswer, answer, answer_readings
from responder.caching import UNCACHED, MaxAges, etag, file_headers, response_headers
from responder.counted import Counted
from responder.counts import Method, Sheet, alone, count_answered, count_code
from responder.files import StaticFiles
from responder.getpath import readings
from responder.hotpath import GLANCE, HotPath
from responder.source import Source
from revocation import clock
from revocation.artifacts import Kind
from revocation.clock import epoch
from revocation.paths import OCSP_MEDIA_TYPE, number_in

_log: Final = logging.getLogger(__name__)
LONGEST_REQUEST: Final = 4096
"""Octets of an OCSP request, as the body of a POST or decoded from the path of a GET."""


class Rest(BaseConverter):
    """All that is left of a path, leading and doubled slashes included."""

    regex = r"[\s\S]*"
    part_isolating = False


def create_app(
    source: Source,
    *,
    files: Path | None = None,
    prefix: str = "",
    max_ages: MaxAges | None = None,
    now: Callable[[], datetime] = clock.now,
    sheet: Sheet | None = None,
) -> Flask:
    """The WSGI application.

    Args:
        source: where responses come from.
        files: the folder with `crl/` and `issuer/`; None serves neither.
        prefix: the path before `/ocsp/`, `/crl/` and `/issuer/`: empty, or like `/pki`. `/healthz` has none.
        max_ages: how long caches may keep what.
        now: the clock.
        sheet: where answers are counted; None where nobody asks.
    """
    sheet = alone() if sheet is None else sheet
    source = Counted(source, sheet)
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_REQUEST
    app.url_map.merge_slashes = False  # `//` is part of a request's base64
    app.url_map.converters["rest"] = Rest

    def route(rule: str, view: Callable[..., Response], method: str = "GET") -> None:
        app.add_url_rule(rule, f"{method} {rule}", view, methods=[method], provide_automatic_options=False)

    ocsp = _OCSP(source, max_ages or MaxAges(), now, sheet)
    for path in (f"{prefix}/ocsp", f"{prefix}/ocsp/"):
        route(path, ocsp.post, "POST")
    route(f"{prefix}/ocsp", ocsp.get)
    route(f"{prefix}/ocsp/<rest:encoded>", ocsp.get)
    if files:
        static = _Static(StaticFiles(files), max_ages or MaxAges(), now)
        route(f"{prefix}/crl/<rest:path>", static.crl)
        route(f"{prefix}/issuer/<rest:path>", static.issuer)
    route("/healthz", _health)
    app.register_error_handler(HTTPException, _short)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(lambda response: _completed(response, sheet, now))
    app.wsgi_app = HotPath(  # type: ignore[method-assign]  # as Flask's documentation says that middleware is added
        app.wsgi_app,
        source,
        (f"{prefix}/ocsp", f"{prefix}/ocsp/"),
        (max_ages or MaxAges()).ocsp,
        now,
        sheet,
        GLANCE if now is clock.now else 0,  # a clock of its own may move by hours at once
    ).answer  # bound once: a class that is called is looked up each time
    return app


class _OCSP:
    """The views of OCSP."""

    def __init__(self, source: Source, max_ages: MaxAges, now: Callable[[], datetime], sheet: Sheet) -> None:
        self._source = source
        self._longest = max_ages.ocsp
        self._now = now
        self._sheet = sheet

    def post(self) -> Response:
        """RFC 6960 appendix A.1: the request is the body, whatever media type it is said to have."""
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            too_long = Answered(ErrorAnswer.MALFORMED_REQUEST, None)
            count_answered(self._sheet, Method.POST, too_long, epoch(self._now()))
            return _ocsp_response(ErrorAnswer.MALFORMED_REQUEST.der, UNCACHED, 413)
        now = self._now()
        return self._respond(answer(body, self._source, now), now)

    def get(self, encoded: str = "") -> Response:
        """RFC 9919 section 6: the request is the rest of the path, in base64."""
        now = self._now()
        return self._respond(answer_readings(readings(encoded, LONGEST_REQUEST), self._source, now), now)

    def _respond(self, answered: Answered, now: datetime) -> Response:
        count_answered(self._sheet, Method[request.method], answered, epoch(now))
        found = answered.answer
        if isinstance(found, ErrorAnswer):
            return _ocsp_response(found.der, UNCACHED)
        tag = etag(found.der)
        response = _ocsp_response(found.der, response_headers(found, now, self._longest, tag))
        response.headers["Date"] = http_date(now)
        response.set_etag(tag)
        return _conditional(response)


class _Static:
    """The views of static files."""

    def __init__(self, files: StaticFiles, max_ages: MaxAges, now: Callable[[], datetime]) -> None:
        self._files = files
        self._max_ages = {Kind.CRL: max_ages.crl, Kind.ISSUER: max_ages.issuer}
        self._now = now

    def crl(self, path: str) -> Response:
        """A CRL of the directory target."""
        return self._respond(Kind.CRL, path)

    def issuer(self, path: str) -> Response:
        """An issuer's certificates, out of the same folder."""
        return self._respond(Kind.ISSUER, path)

    def _respond(self, kind: Kind, path: str) -> Response:
        try:
            file = self._files.open(kind, path)
        except OSError as error:
            _log.error("%s/%s cannot be read: %s", kind, path, error.strerror)
            return _text(503, "Service Unavailable")
        if file is None:
            return _text(404, "Not Found")
        content = wrap_file(request.environ, file.content)
        response = Response(content, content_type=file.media_type, direct_passthrough=True)
        stays = number_in(f"{kind}/{path}") is not None
        response.headers.update(file_headers(file.modified, None if stays else self._max_ages[kind]))
        response.headers["Date"] = http_date(self._now())
        response.content_length = file.size
        response.set_etag(file.sha256)
        return _conditional(response)


def _conditional(response: Response) -> Response:
    """Its 304 where a client has it (RFC 9110 section 13); a 412 has no body, and none of the headers of the object."""
    response.make_conditional(request)
    if response.status_code != HTTPStatus.PRECONDITION_FAILED:
        return response
    response.close()
    return Response(status=response.status_code, headers=UNCACHED)


def _completed(response: Response, sheet: Sheet, now: Callable[[], datetime]) -> Response:
    """With the Date that every answer has (RFC 9110 section 6.6.1), and counted where it is not usual."""
    response.headers.setdefault("Date", http_date(now()))
    if response.status_code != HTTPStatus.OK:
        count_code(sheet, response.status_code)
    return response


def _health() -> Response:
    return _text(200, "ok")


def _ocsp_response(body: bytes, headers: dict[str, str], status: int = 200) -> Response:
    return Response(body, status, headers, content_type=OCSP_MEDIA_TYPE)


def _text(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, UNCACHED, content_type="text/plain; charset=utf-8")


def _short(error: HTTPException) -> Response:
    """A short text in place of werkzeug's pages."""
    response = _text(error.code or 500, error.name)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _unexpected(error: Exception) -> Response:
    """A defect of ours: told in the log, and to the client as something that may be over soon, never as a status."""
    _log.error("an unexpected error", exc_info=error)
    return _text(503, "Service Unavailable")
