"""The responder in an application of somebody's: several of them in one process, and what that does before."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client

from responder.api import blueprint, wsgi_application
from revocation import serials
from revocation.certid import CertID, CertIDHash
from tests.jobs.present import Present
from tests.responder.asking import request

GOOD = "application/ocsp-response"


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
