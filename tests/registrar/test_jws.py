"""What is refused of a request before it is looked at: signatures, headers, URLs (RFC 8555 section 6)."""

import json

import pytest

from tests.registrar.site import Site, b64, jwk, problem, sign


@pytest.mark.parametrize("url", ["https://ca.example/acme/home/new-order", "http://ca.example/acme/home/account/1", 7])
def test_wrong_url_in_the_header_is_refused(site: Site, url: object) -> None:
    """A request is for the URL that was signed."""
    one = site.client()
    answer = one.post(one.kid, url=url)
    assert (answer.status_code, problem(answer)) == (403, "unauthorized")


def test_url_is_the_configured_one_whatever_the_host_header_says(site: Site) -> None:
    """A proxy in front may make what it likes of the host."""
    one = site.client()
    path = one.kid.removeprefix("https://ca.example")
    data = json.dumps(one.jws(one.kid))
    answer = site.app.test_client().post(
        f"http://127.0.0.1:8890{path}", data=data, content_type="application/jose+json"
    )
    assert answer.status_code == 200


def test_key_and_account_together_are_refused(site: Site) -> None:
    """`jwk` or `kid`."""
    one = site.client()
    assert problem(one.post(one.kid, jwk=jwk(one.key))) == "malformed"
    assert problem(one.post(one.kid, kid=None)) == "malformed"


def test_key_where_an_account_is_wanted_is_refused(site: Site) -> None:
    """And an account where a key is."""
    one = site.client()
    assert problem(one.post("new-order", {}, kid=None, jwk=jwk(one.key))) == "malformed"
    assert problem(one.post("new-account", {})) == "malformed"


@pytest.mark.parametrize("text", ["\ud800", "a\0"], ids=["half a surrogate pair", "NUL"])
def test_text_that_no_database_keeps_is_refused(site: Site, text: str) -> None:
    """In a header, a payload, a name of a member."""
    one = site.client()
    name = {"type": "dns", "value": "a.example"}
    for payload in ({"identifiers": [name | {"value": text}]}, {"identifiers": [name], "replaces": text}, {text: 1}):
        assert problem(one.post("new-order", payload)) == "malformed"
    assert problem(one.post("new-order", {}, kid=one.kid + text)) == "malformed"
    assert problem(one.post("new-order", {}, nonce=text)) == "malformed"


def test_address_that_no_database_keeps_is_nowhere(site: Site) -> None:
    """An order or a page with U+0000 in it: 404."""
    one = site.client()
    for path in ("order/%00", f"account/{one.kid.rpartition('/')[2]}/orders?after=5-%00"):
        assert one.send(site.url(path), one.jws(site.url(path))).status_code == 404


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-le"])
def test_body_in_another_encoding_is_refused(site: Site, encoding: str) -> None:
    """JSON is UTF-8, without a byte order mark (RFC 8259 section 8.1)."""
    one = site.client()
    body = json.dumps(one.jws(one.kid)).encode(encoding)
    assert problem(one.send(one.kid, body)) == "malformed"


def test_account_that_is_none_is_told_so(site: Site) -> None:
    """accountDoesNotExist, also of another issuer's."""
    one, other = site.client(), site.client("lab")
    assert problem(one.post("new-order", {}, kid=site.url("account/none"))) == "accountDoesNotExist"
    moved = site.url("account/" + other.kid.rpartition("/")[2])
    assert problem(one.post("new-order", {}, kid=moved)) == "accountDoesNotExist"
    assert problem(one.post("new-order", {}, kid=other.kid)) == "malformed"
    assert problem(one.post("new-order", {}, kid=7)) == "malformed"


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "application/jose+json; charset=utf-8", ""])
def test_other_media_type_is_refused(site: Site, media_type: str) -> None:
    """415 (section 6.2)."""
    one = site.client()
    answer = one.send(one.kid, one.jws(one.kid), media_type)
    assert (answer.status_code, problem(answer)) == (415, "malformed")


def _general(body: dict[str, str]) -> object:
    return {
        "payload": body["payload"],
        "signatures": [{"protected": body["protected"], "signature": body["signature"]}],
    }


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: b"no JSON",
        lambda body: b"[]",
        lambda body: b"",
        lambda body: b"[" * 60_000,
        lambda body: ".".join((body["protected"], body["payload"], body["signature"])).encode(),
        _general,
        lambda body: body | {"header": {"alg": "ES256"}},
        lambda body: body | {"extra": "member"},
        lambda body: body | {"payload": None},
        lambda body: {name: value for name, value in body.items() if name != "signature"},
        lambda body: body | {"protected": body["protected"] + "="},
        lambda body: body | {"protected": "!"},
        lambda body: body | {"protected": b64(b"[]")},
        lambda body: body | {"protected": b64(b'{"alg":"ES256","alg":"ES256"}')},
        lambda body: body | {"protected": b64(b'{"alg":NaN}')},
        lambda body: body | {"signature": body["signature"][:-4]},
        lambda body: body | {"signature": ""},
        lambda body: body | {"payload": b64(b'{"a":1}')},
    ],
)
def test_jws_of_another_form_is_refused(site: Site, spoil: object) -> None:
    """malformed, and nothing is done."""
    one = site.client()
    assert problem(one.send(one.kid, spoil(one.jws(one.kid)))) == "malformed"  # type: ignore[operator]


@pytest.mark.parametrize("header", [{"crit": ["exp"], "exp": 1}, {"b64": False}, {"crit": ["b64"], "b64": False}])
def test_extension_in_the_header_is_refused(site: Site, header: dict[str, object]) -> None:
    """What has to be understood is not."""
    one = site.client()
    assert problem(one.post(one.kid, **header)) == "malformed"


def test_body_that_is_too_large_is_refused(site: Site) -> None:
    """413, unread."""
    one = site.client()
    answer = one.send(one.kid, b" " * (1 << 17))
    assert (answer.status_code, problem(answer)) == (413, "malformed")


@pytest.mark.parametrize("payload", [b"no JSON", b"[]", b'"a"', b'{"a":1,"a":2}', b'{"contact":NaN}', b"\xff"])
def test_payload_that_is_no_object_is_refused(site: Site, payload: bytes) -> None:
    """Or says something twice."""
    assert problem(site.client().post("new-order", payload)) == "malformed"


def test_payload_where_none_belongs_is_refused(site: Site) -> None:
    """What is fetched has an empty payload, and not an empty object."""
    one = site.client()
    order = one.order("a.example").headers["Location"]
    assert problem(one.post(order, {})) == "malformed"
    assert problem(one.post(f"{one.kid}/orders", {})) == "malformed"


def test_get_of_what_is_posted_is_a_problem_document(site: Site) -> None:
    """405, and 404 where nothing is."""
    assert problem(site.get("new-order")) == "malformed"
    answer = site.get("new-order")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS, POST")
    assert f'<{site.url("directory")}>;rel="index"' in answer.headers.getlist("Link")
    assert site.get("nothing").status_code == 404
    assert problem(site.get("directory", "nobody")) == "malformed"


def test_signature_is_over_the_octets_that_were_sent(site: Site) -> None:
    """White space in the header is signed with it."""
    one = site.client()
    header = json.dumps({"alg": "ES256", "kid": one.kid, "nonce": site.nonce(), "url": one.kid}, indent=3)
    protected = b64(header.encode())
    signature = b64(sign(one.key, "ES256", f"{protected}.".encode()))
    assert one.send(one.kid, {"protected": protected, "payload": "", "signature": signature}).status_code == 200
