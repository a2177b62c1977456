"""New orders (RFC 8555 section 7.4): names, profiles and times, and what is not there, whatever a client asks for."""

from datetime import timedelta
from pathlib import Path

import pytest

from revocation.clock import iso
from tests.authority import Authority
<<<<<<< HEAD
from tests.registrar.site import UNLIMITED, Site, csr_for, problem
=======
from tests.building.keyforms import EC
from tests.building.requests import attribute, extension, info_of, names, request_info, signed_by, wanting, wish
from tests.registrar.site import UNLIMITED, Raw, Site, b64, csr_for, problem
>>>>>>> sign8


@pytest.mark.parametrize(
    ("identifiers", "expected"),
    [
        ([], "malformed"),
        (None, "malformed"),
        ("a.example", "malformed"),
        ([{"type": "dns"}], "malformed"),
        (["a.example"], "malformed"),
        ([{"type": "dns", "value": f"{number}.example"} for number in range(101)], "malformed"),
        ([{"type": "email", "value": "a@b.example"}], "unsupportedIdentifier"),
        ([{"type": ["dns"], "value": "a"}], "unsupportedIdentifier"),
        ([{"type": "dns", "value": "a.example."}], "malformed"),
        ([{"type": "dns", "value": "-a.example"}], "malformed"),
        ([{"type": "dns", "value": "a..example"}], "malformed"),
        ([{"type": "dns", "value": "a.*.example"}], "malformed"),
        ([{"type": "dns", "value": "*.*.example"}], "malformed"),
        ([{"type": "dns", "value": "ä.example"}], "malformed"),
        ([{"type": "dns", "value": "a.example\n"}], "malformed"),
        ([{"type": "dns", "value": "192.168.1.1"}], "malformed"),
        ([{"type": "dns", "value": "a" * 64 + ".example"}], "malformed"),
        ([{"type": "dns", "value": "a." * 130 + "example"}], "malformed"),
        ([{"type": "ip", "value": "192.168.1.300"}], "malformed"),
        ([{"type": "ip", "value": "192.168.1.0/24"}], "malformed"),
        ([{"type": "ip", "value": "fe80::1%eth0"}], "malformed"),
        ([{"type": "ip", "value": "8.8.8.8"}], "rejectedIdentifier"),
        ([{"type": "dns", "value": "\u212a.example"}], "malformed"),
        ([{"type": "dns", "value": "ab--cd.example"}], "rejectedIdentifier"),
        ([{"type": "dns", "value": "*.xn--0.example"}], "rejectedIdentifier"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_identifier_that_is_none_is_refused(site: Site, identifiers: object, expected: str) -> None:
    """Of another type or form, or not offered."""
    assert problem(site.client().post("new-order", {"identifiers": identifiers})) == expected


def test_several_refused_identifiers_have_a_problem_each(site: Site) -> None:
    """Subproblems of section 6.7.1, with the identifier."""
    answer = site.client().order("good.example", "-bad.example", "8.8.8.8")
    assert problem(answer) == "compound"
    assert [one["identifier"]["value"] for one in answer.json["subproblems"]] == ["-bad.example", "8.8.8.8"]


@pytest.mark.parametrize(
    ("type_", "value", "shown"),
    [
        *(("ip", "192.168.1.300", "192.168.1.300"), ("email", "a@b.example", "a@b.example")),
        *(("dns", "-a.example", "-a.example"), ("ip", "fe80::1%eth0", "fe80::1%eth0"), ("dns", "A..b", "a..b")),
    ],
)
def test_each_subproblem_names_its_identifier(site: Site, type_: str, value: str, shown: str) -> None:
    """In `identifier`, which the problem above has not: also of a single one."""
    wanted = [{"type": "dns", "value": "good.example"}, {"type": type_, "value": value}]
    for identifiers in (wanted, wanted[1:]):
        said = site.client().post("new-order", {"identifiers": identifiers}).json
        assert "identifier" not in said
        assert [one["identifier"] for one in said["subproblems"]] == [{"type": type_, "value": shown}]


def test_identifier_that_nobody_could_read_is_not_repeated(site: Site) -> None:
    """Nor is what is none: its subproblem has no identifier."""
    for one in ("a.example", {"type": "dns", "value": "\u202ea.example"}, {"type": "x" * 33, "value": "a"}):
        (found,) = site.client().post("new-order", {"identifiers": [one]}).json["subproblems"]
        assert "identifier" not in found


def test_names_outside_the_domains_of_the_issuer_are_refused(tmp_path: Path) -> None:
    """dns_names; and wildcards where they are not offered."""
    site = Site.build(tmp_path, issuer=f'dns_names = ["home.arpa"]\nwildcards = false\n{UNLIMITED}')
    one = site.client()
    assert one.order("a.home.arpa", "home.arpa").status_code == 201
    for name in ("home.example", "xhome.arpa", "*.home.arpa"):
        assert problem(one.order(name)) == "rejectedIdentifier"


def test_names_that_the_brs_never_let_be_certified_are_refused_at_once(tmp_path: Path) -> None:
    """Where the issuer follows them: before anything is validated; which domains there are only the signer knows."""
    site = Site.build(tmp_path, public='compliance = "br"', authority=Authority(organization="Home"))
    one = site.client()
    assert one.order("www.example.com", "*.example.com").status_code == 201
    for name in ("printer.local", "*.a.test", "x.onion", "1.2.3.4.in-addr.arpa", "192.168.0.1", "fd00::1"):
        assert problem(one.order(name)) == "rejectedIdentifier", name


def test_names_are_lower_case_and_there_once(site: Site) -> None:
    """As they will stand in the certificate."""
    order = site.client().order("A.example", "a.example", "fd00:0:0::1")
    assert [one["value"] for one in order.json["identifiers"]] == ["a.example", "fd00::1"]


def test_profile(tmp_path: Path) -> None:
    """One that is offered; the first where none is asked for."""
    profiles = 'profiles = { server = "Servers", short = "Six days" }'
    site = Site.build(tmp_path, issuer=f"{profiles}\n{UNLIMITED}")
    assert site.get("directory").json["meta"]["profiles"] == {"server": "Servers", "short": "Six days"}
    one = site.client()
    assert one.order("a.example").json["profile"] == "server"
    assert problem(one.order("a.example", profile="long")) == "invalidProfile"
    assert problem(one.order("a.example", profile=["short"])) == "invalidProfile"
    one.certificate("a.example", profile="short")
    assert site.ca.asked[-1].profile == "short"


def test_validity_that_is_asked_for_reaches_the_signer(site: Site) -> None:
    """notBefore and notAfter, and they are shown."""
    begin, end = site.clock.now, site.clock.now + timedelta(days=3)
    _, order = site.client().certificate("a.example", notBefore=iso(begin), notAfter=iso(end))
    assert (order.json["notBefore"], order.json["notAfter"]) == (iso(begin), iso(end))
    assert (site.ca.asked[-1].not_before, site.ca.asked[-1].not_after) == (begin, end)


@pytest.mark.parametrize(
    ("times", "expires"),
    [
        ({"notBefore": timedelta()}, timedelta(minutes=55)),
        ({"notBefore": timedelta(minutes=-50)}, timedelta(minutes=5)),
        ({"notBefore": timedelta(hours=48)}, timedelta(hours=48, minutes=55)),
        ({"notAfter": timedelta(hours=2)}, timedelta(hours=2)),
        ({}, timedelta(days=7)),
    ],
)
def test_order_lives_no_longer_than_what_it_asks_for_can_be_issued(
    site: Site, times: dict[str, timedelta], expires: timedelta
) -> None:
    """With the signer's bounds, and some minutes to ask it."""
    now, one = site.clock.now, site.client()
    order = one.ready("a.example", **{name: iso(now + by) for name, by in times.items()})
    assert order.json["expires"] == iso(now + expires)
    site.clock.now = now + expires - timedelta(seconds=1)
    assert one.finalize(order, csr_for("a.example")).json["status"] == "valid"


@pytest.mark.parametrize("moment", ["tomorrow", "2026-03-09", "2026-03-09T00:00:00", 7, "2020-01-01T00:00:00Z"])
def test_validity_that_is_none_is_refused(site: Site, moment: object) -> None:
    """No RFC 3339, or past."""
    assert problem(site.client().order("a.example", notAfter=moment)) == "malformed"


def test_order_of_another_account_is_refused(site: Site) -> None:
    """Its authorizations, challenges and certificate too."""
    one, other = site.client(), site.client()
    _, order = one.certificate("a.example")
    (authorization,) = order.json["authorizations"]
    challenge = one.post(authorization).json["challenges"][0]["url"]
    location = order.headers["Location"]
    for url in (location, authorization, challenge, location.replace("/order/", "/certificate/")):
        answer = other.post(url)
        assert (answer.status_code, problem(answer)) == (403, "unauthorized")
    assert problem(other.finalize(order, csr_for("a.example"))) == "unauthorized"


def test_things_of_another_issuer_are_not_there(site: Site) -> None:
    """The same ids below another issuer's URL name nothing."""
    one, other = site.client(), site.client("lab")
    _, order = one.certificate("a.example")
    for url in (order.headers["Location"], *order.json["authorizations"], order.json["finalize"]):
        answer = other.post(url.replace("/home/", "/lab/"), {} if url.endswith("finalize") else None)
        assert (answer.status_code, problem(answer)) == (404, "malformed")


@pytest.mark.parametrize("path", ["order/x", "authorization/x", "challenge/x", "certificate/x", "certificate/x/1"])
def test_what_is_not_there_is_404(site: Site, path: str) -> None:
    """With a problem document."""
    assert site.client().post(path).status_code == 404


<<<<<<< HEAD
=======
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


def test_deactivated_authorization_makes_its_order_invalid(site: Site) -> None:
    """And cannot be used again."""
    one = site.client()
    order = one.ready("a.example")
    (authorization,) = order.json["authorizations"]
    assert one.post(authorization, {"status": "deactivated"}).json["status"] == "deactivated"
    assert problem(one.finalize(order, csr_for("a.example"))) == "orderNotReady"
    assert one.post(order.headers["Location"]).json["status"] == "invalid"
    challenge = one.post(authorization).json["challenges"][0]["url"]
    one.post(challenge, {})
    assert one.post(authorization).json["status"] == "deactivated"
    assert problem(one.post(authorization, {"status": "valid"})) == "malformed"


def test_failed_challenge_makes_its_order_invalid(site: Site) -> None:
    """The authorization shows why."""
    site.validator.problem = Problem(ProblemType.DNS, "no such name")
    one = site.client()
    order = one.ready("a.example")
    shown = one.post(order.json["authorizations"][0]).json
    assert shown["status"] == "invalid"
    assert shown["challenges"][0]["error"]["type"].endswith(":dns")
    assert one.post(order.headers["Location"]).json["status"] == "invalid"
    again = one.post(shown["challenges"][0]["url"], {})
    assert problem(again) == "malformed"


def test_challenge_that_waits_is_shown_as_processing(site: Site) -> None:
    """With Retry-After, and a link to its authorization; asked once, however often the client says so."""
    site.validator.waits = True
    one = site.client()
    (url,) = one.order("a.example").json["authorizations"]
    challenge = one.post(url).json["challenges"][0]["url"]
    answer = one.post(challenge, {})
    assert answer.json["status"] == "processing"
    assert int(answer.headers["Retry-After"]) > 0
    assert f'<{url}>;rel="up"' in answer.headers.getlist("Link")
    one.post(challenge, {})
    assert len(site.validator.asked) == 1
    assert "Retry-After" in one.post(url).headers


def test_key_authorization_is_the_token_and_the_thumbprint(site: Site) -> None:
    """What the validation looks for (section 8.1), and for whom."""
    site.validator.waits = True
    one = site.client()
    (url,) = one.order("*.a.example").json["authorizations"]
    challenge = one.post(url).json["challenges"][0]
    one.post(challenge["url"], {})
    pending = to_validate(site.services.database, site.validator.asked[0], site.clock.now)
    assert pending is not None
    assert pending.key_authorization.startswith(f"{challenge['token']}.")
    assert (pending.type, pending.identifier.value, pending.is_wildcard) == ("dns-01", "a.example", True)
    assert (pending.issuer, one.kid) == ("home", site.url(f"account/{pending.account}"))


def test_lost_validation_is_found_by_a_look(site: Site) -> None:
    """As long as anybody waits for it, and no longer."""
    site.validator.waits = True
    one = site.client()
    one.ready("a.example")
    database, now = site.services.database, site.clock.now
    (id_,) = site.validator.asked
    assert waiting(database, now - timedelta(seconds=1), 10) == []
    assert waiting(database, now, 10) == [id_]
    assert waiting(database, now + timedelta(days=8), 10) == []
    record_valid(database, id_, now)
    assert waiting(database, now, 10) == []
    record_invalid(database, id_, Problem(ProblemType.DNS, "too late"), now)
    assert to_validate(database, id_, now) is None
    assert to_validate(database, "nothing", now) is None


>>>>>>> sign8
def test_order_expires(site: Site) -> None:
    """After order_lifetime it is invalid, and so are its authorizations."""
    one = site.client()
    order = one.ready("a.example")
    pending = one.order("b.example")
    site.clock.forward(days=7)
    assert one.post(order.headers["Location"]).json["status"] == "invalid"
    assert one.post(pending.json["authorizations"][0]).json["status"] == "invalid"
    assert problem(one.finalize(order, csr_for("a.example"))) == "orderNotReady"
    assert order.headers["Location"] not in one.post(f"{one.kid}/orders").json["orders"]


@pytest.mark.parametrize(
    "times",
    [
        {"notBefore": timedelta(hours=-2)},
        {"notBefore": timedelta(minutes=-59, seconds=-57)},
        {"notBefore": timedelta(hours=48, seconds=1)},
        {"notAfter": timedelta(days=36500)},
    ],
    ids=["in the past", "in the past by then", "too far ahead", "after its issuer"],
)
def test_validity_that_no_certificate_can_have_is_refused(site: Site, times: dict[str, timedelta]) -> None:
    """A new order that could not be fulfilled is an error (section 7.4)."""
    wanted = {name: iso(site.clock.now + by) for name, by in times.items()}
    assert problem(site.client().order("a.example", **wanted)) == "malformed"
