"""OCSP by GET, in every encoding that clients and proxies were seen to use, over a listening server of each kind."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from tests.responder.asking import VERSION_1
from tests.responder.filling import GOOD, UNKNOWN
from tests.responder.wire import (
    KINDS,
    MALFORMED,
    ODD,
    UNAUTHORIZED,
    Place,
    assert_error,
    assert_stored,
    get,
    place,
    send,
)

Form = Callable[[str], str]
PLUS_AND_SLASHES = ODD


@pytest.fixture(scope="module", params=KINDS)
def served(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A server of each kind."""
    with place(tmp_path_factory.mktemp("forms"), request.param) as served:
        yield served


def _lower(text: str) -> str:
    return quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d")


FORMS: dict[str, Form] = {
    "escaped": lambda text: f"/ocsp/{quote(text, safe='')}",
    "escaped in small letters": lambda text: f"/ocsp/{_lower(text)}",
    "unescaped": lambda text: f"/ocsp/{text}",
    "all escaped but the slashes": lambda text: f"/ocsp/{quote(text, safe='/')}",
    "only the padding escaped": lambda text: f"/ocsp/{text.replace('=', '%3D')}",
    "plus turned into an escaped space": lambda text: f"/ocsp/{text.replace('+', '%20')}",
    "padding missing": lambda text: f"/ocsp/{text.rstrip('=')}",
    "padding missing, escaped": lambda text: f"/ocsp/{quote(text.rstrip('='), safe='')}",
    "too much padding": lambda text: f"/ocsp/{text}==",
    "doubled slash before": lambda text: f"/ocsp//{text}",
    "doubled slash before, escaped": lambda text: f"/ocsp//{quote(text, safe='')}",
    "every slash doubled": lambda text: f"/ocsp/{text.replace('/', '//')}",
    "every slash doubled, escaped": lambda text: f"/ocsp/{quote(text.replace('/', '//'), safe='')}",
    "merged slashes": lambda text: f"/ocsp/{text.replace('//', '/')}",
    "merged slashes, then escaped": lambda text: f"/ocsp/{quote(text.replace('//', '/'), safe='')}",
    "double escaping": lambda text: f"/ocsp/{quote(quote(text, safe=''), safe='')}",
    "triple escaping": lambda text: f"/ocsp/{quote(quote(quote(text, safe=''), safe=''), safe='')}",
    "a query string": lambda text: f"/ocsp/{quote(text, safe='')}?cache=0&x=%2F",
    "an empty query string": lambda text: f"/ocsp/{quote(text, safe='')}?",
    "a trailing slash": lambda text: f"/ocsp/{quote(text, safe='')}/",
    "a trailing slash, unescaped": lambda text: f"/ocsp/{text}/",
    "line breaks as of encoders of mail": lambda text: f"/ocsp/{quote(text[:64] + chr(10) + text[64:], safe='')}",
    "the URL as a whole": lambda text: f"http://pki.example/ocsp/{quote(text, safe='')}",
}


REFUSED_BY_FASTPYSGI = ("line breaks as of encoders of mail", "the URL as a whole")
"""Which it does by itself, and so do the documents; nginx turns the latter into an ordinary path."""


@pytest.mark.parametrize("serial", [GOOD, PLUS_AND_SLASHES])
@pytest.mark.parametrize("name", FORMS)
def test_form_is_answered_with_what_was_asked_for(served: Place, name: str, serial: int) -> None:
    """Of a certificate whose base64 has nothing special, and of one with plus, slash and a doubled slash."""
    form = FORMS[name]
    if served.kind == "fastpysgi" and name in REFUSED_BY_FASTPYSGI:
        assert send(served, get(form(served.base64(serial)))).status in (400, 404)
        return
    assert_stored(served, get(form(served.base64(serial))), serial)
    assert_stored(served, get(form(served.base64(serial, before=VERSION_1))), serial)


@pytest.mark.parametrize("name", FORMS)
def test_form_of_an_unknown_certificate_is_never_anothers_answer(served: Place, name: str) -> None:
    """One that differs from a known one in a bit, and one far from any."""
    form = FORMS[name]
    if served.kind == "fastpysgi" and name in REFUSED_BY_FASTPYSGI:
        return
    for serial in (PLUS_AND_SLASHES ^ 1, PLUS_AND_SLASHES ^ 1 << 40, GOOD ^ 8, UNKNOWN):
        assert_error(served, get(form(served.base64(serial))), UNAUTHORIZED)


def test_serial_has_all_that_is_special(served: Place) -> None:
    """Else the forms would differ in nothing."""
    text = served.base64(PLUS_AND_SLASHES)
    assert "+" in text
    assert "//" in text
    assert text.endswith("=")
    assert "//" in served.base64(PLUS_AND_SLASHES, before=VERSION_1)


@pytest.mark.parametrize(
    "target",
    [
        "/ocsp/",
        "/ocsp",
        "/ocsp//",
        "/ocsp/?x",
        "/ocsp/favicon.ico",
        "/ocsp/../../etc/passwd",
        "/ocsp/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/ocsp/" + "/" * 300,
        "/ocsp/" + "%25" * 300,
        "/ocsp/" + "M" * 8000,
    ],
)
def test_rubbish_is_malformed_and_never_a_crash(served: Place, target: str) -> None:
    """Nor a redirect."""
    assert_error(served, get(target), MALFORMED)


@pytest.mark.parametrize("target", ["/ocsp/%", "/ocsp/%2", "/ocsp/%zz", "/ocsp/%00%ff"])
def test_path_that_is_no_url_is_refused(served: Place, target: str) -> None:
    """By fastpysgi itself, with 400 and no body; under waitress as any other that is no request."""
    got = send(served, get(target))
    assert (got.status, got.body) == ((400, b"") if served.kind == "fastpysgi" else (200, MALFORMED))
    assert send(served, get("/ocsp/MFYw\xfc\xff")).status == 400  # by either


def test_cut_path_is_malformed(served: Place) -> None:
    """At every fourth character: base64 that is right, of DER that is not."""
    whole = served.base64(GOOD)
    for size in range(4, len(whole) - 4, 16):
        assert_error(served, get(f"/ocsp/{quote(whole[:size], safe='')}"), MALFORMED)
