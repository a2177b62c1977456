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
from revocation.errors import ConfigurationError
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


@pytest.mark.parametrize("prefix", ["pki", "/pki/", "/pki//x", "/<name>", "/pki x", "/pki\n", "/a%20b", "/a?b", "/a#b"])
def test_prefix_that_no_request_would_match_is_refused_at_construction(present: Present, prefix: str) -> None:
    """All would be 404, which a client may take for a CA that answers for nobody."""
    with pytest.raises(ConfigurationError, match=r"prefix: .* is no path before /ocsp/"):
        wsgi_application(present.config, prefix=prefix)


@pytest.mark.parametrize("prefix", ["/<name>", "pki", "/pki//x", "/a%20b", "/a?b", "/a#b"])
def test_url_prefix_that_no_request_would_match_is_refused_at_registration(present: Present, prefix: str) -> None:
    """The same of a blueprint, whose place the application says."""
    with pytest.raises(ConfigurationError, match=r"url_prefix: .* is no path before /ocsp/"):
        Flask("theirs").register_blueprint(blueprint(present.config), url_prefix=prefix)


@pytest.mark.parametrize("prefix", ["", "/", "/pki", "/pki/", "/a/b-1"])
def test_blueprint_answers_below_every_other_url_prefix(present: Present, body: bytes, prefix: str) -> None:
    """Flask takes a slash at its end off."""
    app = Flask("theirs")
    app.register_blueprint(blueprint(present.config), url_prefix=prefix)
    assert len(Client(app).post(f"{prefix.rstrip('/')}/ocsp", data=body).data) > 5
