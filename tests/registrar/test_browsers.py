"""Clients of ACME in a browser, on a page from elsewhere (RFC 8555 section 6.1): nothing but ACME is open to them."""

from pathlib import Path

import pytest

from registrar.application import together
from tests.registrar.api.desk import Desk
from tests.registrar.site import ROOT, Site

PAGE = {"Origin": "https://page.example"}


def test_page_from_elsewhere_reads_every_answer(site: Site) -> None:
    """Also one that says what is wrong, and the headers that a client goes on with."""
    for path in ("directory", "new-nonce", "renewal-info/none", "nothing"):
        headers = site.get(path, headers=PAGE).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        shown = headers["Access-Control-Expose-Headers"].split(", ")
        assert {"Replay-Nonce", "Location", "Link", "Retry-After"} == set(shown)
    assert site.client().order("a.example").headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["new-account", "new-order", "order/0123", "revoke-cert"])
def test_page_asks_before_it_posts_and_is_let(site: Site, path: str) -> None:
    """A JWS is of no media type that a page may send unasked."""
    asked = {**PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = site.app.test_client().options(site.url(path), headers=asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_page_from_elsewhere_reads_nothing_of_the_api(tmp_path: Path) -> None:
    """Nor whether the server is well."""
    (other := tmp_path / "desk").mkdir()
    desk, site = Desk.build(other), Site.build(tmp_path)
    site.app.wsgi_app = together(site.app.wsgi_app, desk.app.wsgi_app)  # type: ignore[method-assign]
    client = site.app.test_client()
    for method, path in (("GET", "/api/v1/issuers"), ("OPTIONS", "/api/v1/issuers"), ("GET", "/healthz")):
        answer = client.open(f"{ROOT}{path}", method=method, headers=PAGE)
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
