"""The application with its hot path and without, asked the same: each answer of one is that of the other."""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from responder.app import create_app
from responder.caching import MaxAges
from responder.hotpath import HotPath
from responder.lmdbsource import LMDBSource
from revocation.certid import CertIDHash
from tests.responder.conftest import Clock
from tests.responder.filling import EXPIRED, GOOD, LATE, REVOKED, UNKNOWN, Filling, write

Answer = tuple[str, list[tuple[str, str]], bytes]
WSGI = Callable[..., Any]


class Both:
    """The application with its hot path, and without."""

    def __init__(self, source: LMDBSource, clock: Clock) -> None:
        self.app: Flask = create_app(source, prefix="/pki", max_ages=MaxAges(ocsp=timedelta(hours=2)), now=clock)
        hot = self.app.wsgi_app.__self__  # type: ignore[attr-defined]
        assert isinstance(hot, HotPath)
        self.path, self.hot, self.slow = hot, hot.answer, hot._application
        self.passed_on = 0

        def counting(environ: dict[str, Any], start_response: Any) -> Any:
            self.passed_on += 1
            return self.slow(environ, start_response)

        hot._application = counting

    def same(self, body: bytes, **environ: Any) -> Answer:
        """The answer of both."""
        answers = [_ask(application, body, environ) for application in (self.slow, self.hot, self.hot)]
        assert answers[0] == answers[1] == answers[2]
        return answers[0]


def _ask(application: WSGI, body: bytes, more: dict[str, Any]) -> Answer:
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/pki/ocsp/",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "pki.example",
        "CONTENT_TYPE": "application/ocsp-request",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **more,
    }
    said: list[Any] = []
    content = application(
        {name: value for name, value in environ.items() if value is not None}, lambda *words: said.append(words)
    )
    try:
        answered = b"".join(content)
    finally:
        if hasattr(content, "close"):
            content.close()
    status, headers = said[-1][:2]
    return status, headers, answered


@pytest.fixture(scope="module")
def clock() -> Clock:
    """At NOW, and moved by nobody who does not put it back."""
    return Clock()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, filling: Filling, clock: Clock) -> Iterator[Both]:
    """Over a store with one certificate of each kind."""
    store = tmp_path_factory.mktemp("hot") / "store"
    write(store, filling.shelf())
    source = LMDBSource(store)
    yield Both(source, clock)
    source.close()


KNOWN = [GOOD, REVOKED, EXPIRED, LATE, UNKNOWN]
HASHES = list(CertIDHash)
