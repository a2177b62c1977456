"""Which names and requests are certified, and which are refused. Each test perturbs one thing."""

import base64
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.messages import Outcome
from tests.signer.issuing.office import NAMES, PROFILES, Office, request_of

KEY = ec.generate_private_key(ec.SECP256R1())


def names_in(certificate: x509.Certificate) -> list[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in found]


def test_certificate_has_the_names_of_the_message_and_not_those_of_the_request(shared: Office) -> None:
    """Who signed the message answers for its names; in lower case, each once."""
    csr = request_of(KEY, names=["dns:other.example.com"])
    issued = shared.issue("server", ("dns:WWW.example.com", "dns:www.example.com", "ip:192.168.0.7"), csr=csr)
    assert names_in(issued) == ["www.example.com", "192.168.0.7"]


def test_reply_says_to_which_message_it_is(shared: Office) -> None:
    """By a digest of what was asked."""
    message = shared.ask()
    assert shared.reply(message).asked == message.content_digest()


def test_certificate_has_the_names_of_the_request_where_the_message_has_none(shared: Office) -> None:
    """As tools make requests."""
    csr = request_of(KEY, names=["dns:www.example.com", "ip:192.168.0.8"])
    assert names_in(shared.issue("server", (), csr=csr)) == ["www.example.com", "192.168.0.8"]


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ("server", "dns:example.org"),
        ("server", "dns:notexample.com"),
        ("server", "dns:www.example.com.example.org"),
        ("server", "dns:*.example.org"),
        ("server", "ip:192.0.2.1"),
        ("server", "ip:::1"),
        ("server", "email:a@example.com"),
        ("client", "email:a@sub.example.com"),
        ("client", "uri:spiffe://example.com.attacker.org/"),
        ("client", "uri:spiffe://example.org/x"),
        ("email", "email:a@example.com.attacker.org"),
        ("email", "dns:www.example.com"),
    ],
)
def test_name_beyond_the_policy_is_refused(shared: Office, profile: str, name: str) -> None:
    """A name beside the permitted ones, one that only looks like them, and one of another type."""
    assert name in shared.refused(profile, (name,), subject="CN=x" if profile == "client" else None)


@pytest.mark.parametrize(
    "name",
    [
        "dns:",
        "dns:www..example.com",
        "dns:-www.example.com",
        "dns:www.example.com.",
        "dns:www.*.example.com",
        "dns:a_b.example.com",
        "dns:wẃw.example.com",
        "dns:\u212a.example.com",
        "dns:www.example.com\0.attacker.org",
        "dns:1.2.3.4",
        f"dns:{'a' * 64}.example.com",
        "dns:" + "a." * 125 + "example.com",
        "ip:192.168.0.300",
        "ip:192.168.0.0/16",
        "ip:fe80::1%eth0",
        "email:@example.com",
        "email:a@b@example.com",
        "uri:spiffe://example.com/../x",
        "uri:spiffe://example.com/%2e%2e/x",
        "uri:spiffe://example.com/%252e%252e/x",
        "uri:spiffe://example.com/..%5cx",
        "uri:spiffe://example.com/..\\x",
        "uri:spiffe://example.com/..;/x",
        "uri:spiffe://example.com/.;a=b/x",
        "uri:spiffe://example.com/%61",
        "uri:spiffe://example.com@attacker.org/",
        "uri:https://secret.example.com./x",
        "uri:https://example.com.:443/x",
        "uri:https://.example.com/x",
        "uri:https://a..example.com/x",
        "uri:https://example.com:99999/x",
        "other:x",
        "www.example.com",
    ],
)
def test_malformed_name_is_refused(shared: Office, name: str) -> None:
    """Before it is held against any policy."""
    profile = "server" if name.startswith(("dns", "ip")) else "client"
    said = shared.refused(profile, (name,), subject="CN=x" if profile == "client" else None)
    assert "is no name that is certified" in said


def test_name_in_a_request_is_read_like_one_in_a_message(shared: Office) -> None:
    """The Kelvin sign is no k, although it is one in lower case."""
    names = x509.SubjectAlternativeName([x509.DNSName._init_without_validation("\u212a.example.com")])
    csr = request_of(KEY, extensions=[names])
    assert "is no name that is certified" in shared.refused("server", (), csr=csr)


@pytest.mark.parametrize(
    "uri", ["spiffe://example.com/ns/a/..b", "https://example.com/a;b?c=../d#e", "https://example.com/"]
)
def test_uri_that_stays_below_its_beginning_is_certified(shared: Office, uri: str) -> None:
    """Dots within a segment, parameters, and what is in a query lead nowhere."""
    assert names_in(shared.issue("client", (f"uri:{uri}",))) == [uri]


def test_request_has_no_more_names_than_a_message_may(shared: Office) -> None:
    """100, and one more is refused, wherever they stand; the same one twice counts once."""
    names = [f"dns:{n}.example.com" for n in range(100)]
    assert (
        len(
            names_in(
                shared.issue("server", (), csr=request_of(KEY, names=[*names, names[0].upper().replace("DNS", "dns")]))
            )
        )
        == 100
    )
    assert "101 names" in shared.refused("server", (), csr=request_of(KEY, names=[*names, "dns:www.example.com"]))


def test_wildcard_is_refused_where_the_policy_has_none(tmp_path: Path) -> None:
    """Absent, `wildcards` is no."""
    office = Office.build(tmp_path, issuance=NAMES.replace("wildcards = true\n", "") + PROFILES)
    assert "*.example.com" in office.refused("server", ("dns:*.example.com",))


@pytest.mark.parametrize(
    ("pattern", "host", "allowed"),
    [
        (".example.com", "example.com", False),
        (".example.com", "a.example.com", True),
        (".example.com", "*.example.com", True),
        ("*", "printer", True),
        ("example.com", "example.com", True),
    ],
)
def test_pattern_of_a_domain_covers_what_it_says(tmp_path: Path, pattern: str, host: str, allowed: bool) -> None:
    """With a dot in front what is below alone; an asterisk everything."""
    office = Office.build(tmp_path, issuance=NAMES.replace('["example.com"]\nw', f'["{pattern}"]\nw') + PROFILES)
    outcome = office.reply(office.ask("server", (f"dns:{host}",))).outcome
    assert (outcome is Outcome.DONE) is allowed


def test_server_without_a_name_is_refused(shared: Office) -> None:
    """A common name is none."""
    assert "there are none" in shared.refused("server", (), csr=request_of(KEY, "CN=www.example.com"))


def test_profile_that_the_issuer_does_not_have_is_refused(shared: Office) -> None:
    """With the names of those that it has."""
    reply = shared.reply(shared.ask("gold"))
    assert (reply.outcome, "server, client" in (reply.advice or "")) == (Outcome.REFUSED, True)


def test_issuer_without_issuance_certifies_nothing(tmp_path: Path) -> None:
    """Absent, nothing is issued by message."""
    assert "certifies nothing" in Office.build(tmp_path, issuance="").refused()


def test_request_that_its_key_did_not_sign_is_refused(shared: Office) -> None:
    """Proof of possession: the last octet of the signature is another."""
    csr = bytearray(request_of(KEY))
    csr[-1] ^= 1
    assert "is not signed with the key that it names" in shared.refused(csr=bytes(csr))


def test_what_is_no_request_is_refused(shared: Office) -> None:
    """Octets, and a certificate in the place of a request."""
    for octets in (b"\x30\x03\x02\x01\x05", shared.issue().public_bytes(Encoding.DER)):
        assert "is no PKCS #10 request" in shared.refused(csr=octets)


def test_request_in_a_message_is_base64_of_bounded_size(shared: Office) -> None:
    """What is none never reaches a parser of requests."""
    message = shared.ask()
    body = {**message.body, "csr": base64.b64encode(bytes(60_000)).decode()}
    reply = shared.reply(shared.estate.operator.sign(message.model_copy(update={"body": body})))
    assert reply.outcome is Outcome.REFUSED
