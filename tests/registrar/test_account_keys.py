"""Keys of accounts and their algorithms (RFC 8555 section 6.2): which there are, in one form each, no private ones."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from registrar.acme.strict_json import decode
from tests.registrar.site import Raw, Site, b64, csr_for, jwk, problem


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


def test_another_key_than_the_accounts_is_refused(site: Site) -> None:
    """The signature counts, and not the kid."""
    one, other = site.client(), site.client()
    other.kid = one.kid
    assert problem(other.post(one.kid)) == "malformed"
