"""Finalizing (RFC 8555 section 7.4): what a CSR has to be, and what becomes of the order, whatever the signer says."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.problem import Problem, ProblemType
from revocation import der
from tests.building.keyforms import EC
from tests.building.requests import attribute, extension, info_of, names, request_info, signed_by, wanting, wish
from tests.registrar.site import Raw, Site, b64, csr_for, problem


def test_finalize_before_all_names_are_validated_is_refused(site: Site) -> None:
    """orderNotReady, with one of two validated as well."""
    one = site.client()
    order = one.order("a.example", "b.example")
    assert problem(one.finalize(order, csr_for("a.example", "b.example"))) == "orderNotReady"
    challenge = one.post(order.json["authorizations"][0]).json["challenges"][0]["url"]
    one.post(challenge, {})
    assert problem(one.finalize(order, csr_for("a.example", "b.example"))) == "orderNotReady"
    assert one.post(order.headers["Location"]).json["status"] == "pending"


def test_order_is_finalized_once(site: Site) -> None:
    """And shows its certificate afterwards."""
    one = site.client()
    _, order = one.certificate("a.example")
    assert problem(one.finalize(order, csr_for("a.example"))) == "orderNotReady"
    assert one.post(order.headers["Location"]).json["status"] == "valid"
    assert len(site.ca.issued) == 1


def _email() -> x509.CertificateSigningRequest:
    names = x509.SubjectAlternativeName([x509.DNSName("a.example"), x509.RFC822Name("a@a.example")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, critical=False)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256())


@pytest.mark.parametrize(
    "csr",
    [
        lambda: csr_for("b.example"),
        lambda: csr_for("a.example", "b.example"),
        lambda: csr_for("*.example"),
        lambda: csr_for("a.example", "192.168.1.1"),
        lambda: csr_for("a.example", common="b.example"),
        _email,
    ],
    ids=["other", "more", "wildcard", "address", "common name", "email"],
)
def test_csr_for_other_names_is_refused(site: Site, csr: Callable[[], x509.CertificateSigningRequest]) -> None:
    """badCSR, and the order stays ready."""
    one = site.client()
    order = one.ready("a.example")
    assert problem(one.finalize(order, csr())) == "badCSR"
    assert one.post(order.headers["Location"]).json["status"] == "ready"


def test_csr_without_all_names_is_refused(site: Site) -> None:
    """An order is for all of them; the common name counts as one."""
    one = site.client()
    order = one.ready("a.example", "b.example")
    answer = one.finalize(order, csr_for("a.example"))
    assert problem(answer) == "badCSR"
    assert "b.example" in answer.json["detail"]
    assert one.finalize(order, csr_for("A.example", common="b.example")).json["status"] == "valid"


def test_csr_with_the_key_of_an_account_is_refused(site: Site) -> None:
    """Of the account that asks, and of any other."""
    one, other = site.client(), site.client()
    order = one.ready("a.example")
    for key in (one.key, other.key):
        assert problem(one.finalize(order, csr_for("a.example", key=key))) == "badCSR"


def _odd(**more: Any) -> bytes:
    """What a library chokes on, in one place or another."""
    return signed_by(EC, request_info(info_of(EC), **more))


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30\x00",
        b"no CSR",
        b"\x30\x84\xff\xff\xff\xff",
        _odd(extensions=[names("a.example")], version=1),
        wanting(EC, wish(names("a.example")), wish(names("b.example"))),
        _odd(
            extensions=[names("a.example")], subject=der.sequence(attribute("2.5.4.3", der.BIT_STRING, b"\0a.example"))
        ),
        _odd(extensions=[names("a.example"), extension("1.3.6.1.5.5.7.1.24", der.sequence(der.integer(22)))]),
    ],
    ids=["empty", "SEQUENCE", "text", "cut off", "version 2", "extensions twice", "BIT STRING", "TLS feature"],
)
def test_csr_that_is_none_is_refused(site: Site, octets: bytes) -> None:
    """badCSR."""
    one = site.client()
    order = one.ready("a.example")
    assert problem(one.post(order.json["finalize"], {"csr": b64(octets)})) == "badCSR"
    assert problem(one.post(order.json["finalize"], {})) == "malformed"


def test_csr_that_its_key_did_not_sign_is_refused(site: Site) -> None:
    """Proof of possession."""
    one = site.client()
    order = one.ready("a.example")
    der = bytearray(csr_for("a.example").public_bytes(Encoding.DER))
    der[-1] ^= 1
    assert problem(one.post(order.json["finalize"], {"csr": b64(bytes(der))})) == "badCSR"


def test_signer_that_is_silent_leaves_the_order_processing(site: Site) -> None:
    """A later look at the order asks again under the same id, and gets the certificate."""
    site.ca.silent = True
    one = site.client()
    order = one.ready("a.example")
    answer = one.finalize(order, csr_for("a.example"))
    assert answer.json["status"] == "processing"
    assert int(answer.headers["Retry-After"]) > 0
    assert "certificate" not in answer.json
    site.ca.silent = False
    assert one.post(order.headers["Location"]).json["status"] == "valid"
    assert len({asked.id for asked in site.ca.asked}) == 1


def test_refusal_of_the_csr_ends_an_order_that_is_only_looked_at(site: Site) -> None:
    """Who finalized it was told that it is processing, and finds the signer's words in it."""
    one = site.client()
    order = one.ready("a.example")
    site.ca.silent = True
    one.finalize(order, csr_for("a.example"))
    site.ca.refusal = Problem(ProblemType.BAD_CSR, "the CA refuses: a weak key")
    shown = one.post(order.headers["Location"]).json
    assert (shown["status"], shown["error"]["detail"]) == ("invalid", "the CA refuses: a weak key")


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP192R1()), ed448.Ed448PrivateKey.generate()],  # noqa: S505
    ids=["rsa1024", "p192", "ed448"],
)
def test_key_that_nobody_certifies_is_refused_before_the_signer_is_asked(site: Site, key: Any) -> None:
    """badPublicKey; the order is ready as before."""
    one = site.client()
    order = one.ready("a.example")
    assert problem(one.finalize(order, csr_for("a.example", key=key))) == "badPublicKey"
    assert one.post(order.headers["Location"]).json["status"] == "ready"
    assert not site.ca.asked


def test_order_whose_name_is_not_authorized_says_so_and_is_listed_no_more(site: Site) -> None:
    """A validation that failed, an authorization that was given up, an order that expired."""
    one = site.client()
    site.validator.problem = Problem(ProblemType.DNS, "NXDOMAIN")
    orders = [one.ready("a.example", "b.example"), one.order("c.example"), one.order("d.example")]
    one.post(orders[1].json["authorizations"][0], {"status": "deactivated"})
    urls = [order.headers["Location"] for order in orders]
    errors = [one.post(url).json["error"] for url in urls[:2]]
    assert {error["type"].rpartition(":")[2] for error in errors} == {"unauthorized"}
    assert [{each["identifier"]["value"] for each in error["subproblems"]} for error in errors] == [
        {"a.example", "b.example"},
        {"c.example"},
    ]
    assert one.post(f"{one.kid}/orders").json["orders"] == [urls[2]]
    site.clock.forward(days=7)
    assert "expired" in one.post(urls[2]).json["error"]["detail"]
    assert one.post(f"{one.kid}/orders").json["orders"] == []


def test_refusal_of_the_signer_ends_the_order(site: Site) -> None:
    """Its words are the order's error."""
    site.ca.refusal = Problem(ProblemType.REJECTED_IDENTIFIER, "the CA refuses: no such name")
    one = site.client()
    order = one.ready("a.example")
    answer = one.finalize(order, csr_for("a.example"))
    assert (answer.json["status"], answer.json["error"]["detail"]) == ("invalid", "the CA refuses: no such name")
    site.ca.refusal = None
    assert one.post(order.headers["Location"]).json["status"] == "invalid"


@pytest.mark.parametrize("what", ["garbage", "another key", "another issuer", "other names"])
def test_forged_reply_is_no_certificate(site: Site, tmp_path_factory: pytest.TempPathFactory, what: str) -> None:
    """Who writes into the queue hands nobody a certificate that was not asked for."""
    one = site.client()
    key = ec.generate_private_key(ec.SECP256R1())
    if what == "another issuer":
        elsewhere = Site.build(tmp_path_factory.mktemp("elsewhere"))
        certificate, _ = elsewhere.client().certificate("a.example", key=key)
    else:
        names = ("b.example",) if what == "other names" else ("a.example",)
        certificate, _ = one.certificate(*names, key=key if what == "other names" else None)
    site.ca.forged = b"no DER" if what == "garbage" else certificate.public_bytes(Encoding.DER)
    order = one.ready("a.example")
    assert one.finalize(order, csr_for("a.example", key=key)).json["status"] == "processing"
    site.ca.forged = None
    assert one.post(order.headers["Location"]).json["status"] == "valid"


def test_order_takes_five_commits(site: Site) -> None:
    """The order, its challenge asked and shown, the certificate asked and received: on these rests its speed."""
    one = site.client()
    before = site.services.database.commits
    one.certificate("a.example")
    assert site.services.database.commits - before == 5


def test_account_asks_in_its_own_name(site: Site) -> None:
    """The signer's audit log has the account's URL."""
    one: Raw = site.client()
    one.certificate("a.example", "192.168.3.4")
    assert site.ca.asked[0].asked_by == f"account {one.kid}"
    assert list(site.ca.asked[0].names) == ["dns:a.example", "ip:192.168.3.4"]
