"""The responder in an application of somebody's: several of them in one process, and what that does before."""

import gc
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask import request as flask_request
from werkzeug.test import Client

from responder.api import blueprint, wsgi_application
from revocation import serials
from revocation.certid import CertID, CertIDHash
from tests.jobs.present import Present
from tests.responder.asking import request


@pytest.fixture
def body(present: Present) -> bytes:
    """A request for a certificate that is good."""
    return request(CertID.of(present.authority.issuer(), serials.from_int(5), CertIDHash.SHA256))


@pytest.fixture
def present(tmp_path: Path) -> Present:
    """Certificates 5 and 6, signed and published."""
    return Present(tmp_path / "data")


def mounted(present: Present) -> Any:
    """As WSGI."""
    return wsgi_application(present.config)


def registered(present: Present) -> Any:
    """As a blueprint."""
    app = Flask("theirs")
    app.register_blueprint(blueprint(present.config))
    return app


def is_good(application: Any, body: bytes) -> bool:
    """Whether it hands a signed response out, and no tryLater, which has five octets."""
    answered = Client(application).post("/ocsp", data=body)
    return answered.status_code == 200 and len(answered.data) > 5


@pytest.mark.parametrize("make", [mounted, registered])
def test_applications_of_one_process_all_answer(present: Present, body: bytes, make: Callable[[Present], Any]) -> None:
    """As a fixture makes one for each test, or two prefixes have one each; also once the first is gone."""
    first, second = make(present), make(present)
    assert [is_good(one, body) for one in (first, second, first)] == [True, True, True]
    del first
    gc.collect()
    assert is_good(second, body)
    del second
    gc.collect()
    assert is_good(make(present), body)


def test_store_by_two_names_is_the_same(present: Present, body: bytes) -> None:
    """One configuration names it through a link."""
    (present.estate.folder / "link").symlink_to("store")
    other = present.estate.folder / "other.toml"
    other.write_text(present.config.read_text().replace('[responder]\nstore = "store"', '[responder]\nstore = "link"'))
    applications = [wsgi_application(path) for path in (present.config, other)]
    assert [is_good(one, body) for one in applications] == [True, True]


@pytest.mark.parametrize("chunked", [False, True])
def test_blueprint_answers_where_the_application_has_read_the_body_before(
    present: Present, body: bytes, *, chunked: bool
) -> None:
    """A log of requests, or a check of signatures, in `before_request`; what is too long stays malformed."""
    app = registered(present)
    app.before_request(lambda: flask_request.get_data() and None)
    more: dict[str, Any] = {"input_stream": BytesIO(body), "content_length": None} if chunked else {"data": body}
    told = Client(app).post("/ocsp", **more, environ_overrides={"wsgi.input_terminated": True})
    assert (told.status_code, len(told.data) > 5) == (200, True)
    assert Client(app).post("/ocsp", data=b"x" * 5000).status_code == 413
