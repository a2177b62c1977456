"""What is refused of a request before it is looked at: signatures, headers, nonces, URLs (RFC 8555 section 6)."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from registrar.acme.strict_json import decode
from tests.registrar.site import Raw, Site, b64, csr_for, jwk, problem, sign


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (rsa.generate_private_key(65537, 2048), "RS256"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
    ],
    ids=["ES256", "ES384", "ES512", "RS256", "EdDSA", "Ed25519"],
)
def test_key_of_each_kind_has_an_account(site: Site, key: ec.EllipticCurvePrivateKey, algorithm: str) -> None:
    """And signs with it afterwards."""
    one = Raw(site, key, algorithm)
    answer = one.post("new-account", {})
    assert answer.status_code == 201, answer.text
    one.kid = answer.headers["Location"]
    assert one.post(one.kid).json["status"] == "valid"


def test_nonce_is_new_each_time(site: Site) -> None:
    """An answer has one, which the next request can have."""
    one = site.client()
    first, other = one.order("a.example").headers["Replay-Nonce"], site.nonce()
    assert first != other
    assert one.post(one.kid, nonce=other).status_code == 200
    assert one.post(one.kid, nonce=first).status_code == 200


def test_nonce_is_given_for_head_and_get(site: Site) -> None:
    """With the status and the header of section 7.2."""
    head = site.app.test_client().head(site.url("new-nonce"))
    get = site.get("new-nonce")
    assert (head.status_code, get.status_code) == (200, 204)
    assert head.headers["Replay-Nonce"] != get.headers["Replay-Nonce"]
    assert head.headers["Cache-Control"] == "no-store"
    assert f'<{site.url("directory")}>;rel="index"' in head.headers["Link"]


def test_replayed_nonce_is_refused_with_a_new_one(site: Site) -> None:
    """badNonce, and its client can go on at once."""
    one = site.client()
    nonce = site.nonce()
    assert one.post(one.kid, nonce=nonce).status_code == 200
    again = one.post(one.kid, nonce=nonce)
    assert (again.status_code, problem(again)) == (400, "badNonce")
    assert one.post(one.kid, nonce=again.headers["Replay-Nonce"]).status_code == 200


@pytest.mark.parametrize("nonce", ["never-given-out", "x" * 65])
def test_nonce_that_was_not_given_out_is_refused(site: Site, nonce: str) -> None:
    """Whatever stands in its place."""
    one = site.client()
    assert problem(one.post(one.kid, nonce=nonce)) == "badNonce"


def test_nonce_of_another_issuer_is_refused(site: Site) -> None:
    """Issuers are kept apart."""
    one = site.client()
    assert problem(one.post(one.kid, nonce=site.nonce("lab"))) == "badNonce"


def test_request_with_a_bad_signature_uses_no_nonce_up(site: Site) -> None:
    """The nonce of another one's request is still good after it."""
    one = site.client()
    nonce = site.nonce()
    body = one.jws(one.kid, nonce=nonce)
    forged = body | {"signature": b64(b"\0" * 64)}
    assert problem(one.send(one.kid, forged)) == "malformed"
    assert one.send(one.kid, body).status_code == 200


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


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS1", "PS256", "ES256K", "Ed448", "", None, 7])
def test_algorithm_that_is_not_accepted_is_refused_with_those_that_are(site: Site, algorithm: object) -> None:
    """badSignatureAlgorithm."""
    one = site.client()
    url = site.url("new-order")
    protected = b64(json.dumps({"alg": algorithm, "kid": one.kid, "nonce": site.nonce(), "url": url}).encode())
    answer = one.send(url, {"protected": protected, "payload": "", "signature": ""})
    assert problem(answer) == "badSignatureAlgorithm"
    assert "ES256" in answer.json["algorithms"]


@pytest.mark.parametrize("algorithm", ["ES384", "RS256", "EdDSA"])
def test_algorithm_of_another_key_is_refused(site: Site, algorithm: str) -> None:
    """An account has one key, and that one kind."""
    one = site.client()
    answer = one.post(one.kid, alg=algorithm)
    assert problem(answer) == "malformed"


@pytest.mark.parametrize(
    "wanted",
    [
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"},
        {"kty": "EC", "crv": "P-256", "x": b64(b"\1" * 32), "y": b64(b"\1" * 32)},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "OKP", "crv": "X25519", "x": b64(b"\1" * 32)},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": b64(b"\1" + bytes(31))},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": b64(b"\xff" * 1024), "e": "AQAB"},
        {"kty": "RSA", "n": b64(b"\xff" * 256), "e": "Aw"},
        {"kty": ["EC"]},
        "a key",
        None,
    ],
    ids=str,
)
def test_key_that_is_not_accepted_is_refused(site: Site, wanted: object) -> None:
    """badPublicKey, for those that are none, too small, too large or of another kind."""
    one = Raw(site)
    url = site.url("new-account")
    header = {"alg": "ES256", "jwk": wanted, "nonce": site.nonce(), "url": url}
    answer = one.send(url, {"protected": b64(json.dumps(header).encode()), "payload": "", "signature": ""})
    assert problem(answer) == "badPublicKey"


KEYS = {
    "EC": (ec.generate_private_key(ec.SECP521R1()), "ES512", ("x", "y")),
    "RSA": (rsa.generate_private_key(65537, 2048), "RS256", ("n", "e")),
    "OKP": (ed25519.Ed25519PrivateKey.generate(), "EdDSA", ("x",)),
}


@pytest.mark.parametrize(("kind", "member"), [(kind, one) for kind, (_, _, all_) in KEYS.items() for one in all_])
def test_key_whose_numbers_are_written_otherwise_is_refused(site: Site, kind: str, member: str) -> None:
    """Zeros in front make no second account of one key (RFC 7518 sections 6.2.1.2 and 6.3.1.1)."""
    key, algorithm, _ = KEYS[kind]
    one, right = Raw(site, key, algorithm), jwk(key)
    longer = b64(b"\0" + decode(right[member], member))
    assert problem(one.post("new-account", {}, jwk=right | {member: longer})) == "badPublicKey"
    assert one.post("new-account", {}).status_code == 201


def test_key_with_a_zero_in_front_has_one_form(site: Site) -> None:
    """Coordinates are as long as their curve: one that begins with zeros keeps them, also where its CSR is compared."""
    key = next(one for one in iter(lambda: ec.generate_private_key(ec.SECP256R1()), None) if starts_with_zero(one))
    shorter = jwk(key) | {"x": b64(decode(jwk(key)["x"], "x")[1:])}
    one = Raw(site, key)
    assert problem(one.post("new-account", {}, jwk=shorter)) == "badPublicKey"
    one.kid = one.post("new-account", {}).headers["Location"]
    order = one.ready("a.example")
    assert problem(one.finalize(order, csr_for("a.example", key=key))) == "badCSR"


def starts_with_zero(key: ec.EllipticCurvePrivateKey) -> bool:
    return key.public_key().public_numbers().x < 1 << 248


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


@pytest.mark.parametrize("nonce", ["a b", "ä", "AAAA=="])
def test_nonce_that_is_not_base64url_is_malformed(site: Site, nonce: str) -> None:
    """It could be none of ours (section 6.5.2)."""
    one = site.client()
    assert problem(one.post(one.kid, nonce=nonce)) == "malformed"


def test_small_rsa_key_is_refused_with_its_size(site: Site) -> None:
    """1024 bits are too few."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - what is refused
    answer = Raw(site, key, "RS256").post("new-account", {})
    assert problem(answer) == "badPublicKey"
    assert "1024" in answer.json["detail"]


def test_private_key_is_refused_and_not_repeated(site: Site) -> None:
    """Who sends it has told it to a stranger."""
    one = Raw(site)
    secret = b64(one.key.private_numbers().private_value.to_bytes(32))
    answer = one.post("new-account", {}, jwk=jwk(one.key) | {"d": secret})
    assert problem(answer) == "badPublicKey"
    assert secret not in answer.text


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_member_of_a_private_key_is_refused(site: Site, member: str) -> None:
    """Of whichever kind: part of a secret is one too."""
    one = Raw(site)
    assert problem(one.post("new-account", {}, jwk=jwk(one.key) | {member: "AAAA"})) == "badPublicKey"


def test_account_that_is_none_is_told_so(site: Site) -> None:
    """accountDoesNotExist, also of another issuer's."""
    one, other = site.client(), site.client("lab")
    assert problem(one.post("new-order", {}, kid=site.url("account/none"))) == "accountDoesNotExist"
    moved = site.url("account/" + other.kid.rpartition("/")[2])
    assert problem(one.post("new-order", {}, kid=moved)) == "accountDoesNotExist"
    assert problem(one.post("new-order", {}, kid=other.kid)) == "malformed"
    assert problem(one.post("new-order", {}, kid=7)) == "malformed"


def test_another_key_than_the_accounts_is_refused(site: Site) -> None:
    """The signature counts, and not the kid."""
    one, other = site.client(), site.client()
    other.kid = one.kid
    assert problem(other.post(one.kid)) == "malformed"


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
