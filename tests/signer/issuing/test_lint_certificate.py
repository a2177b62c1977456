"""The rules that are held against a certificate before it is signed: each can fail, and what is made breaks none."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import gmpy2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID

from revocation import der
from revocation.messages import Issue
from signer.encoding import certificate as encoding
from signer.encoding.certificate import CertificateFrame
from signer.encoding.extensions import NO_REV_AVAIL, Places, extension, key_usage
from signer.issuing.draft import Draft, draft
from signer.issuing.kinds import Kind
from signer.issuing.lint import findings, lint_certificate, sample
from signer.lint import LintFailed
from tests.authority import NOW, Authority
from tests.building import keyforms
from tests.building.requests import disclosed_info
from tests.signer.issuing.office import BR_PROFILES, NAMES, Office, request_of

DAY = timedelta(days=1)

KEY = ec.generate_private_key(ec.SECP256R1())

OTHER = Authority("Other CA")

URL = "http://pki.example.com/x"


@pytest.fixture(scope="module")
def br(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """One that follows the BRs."""
    more = {"authority": Authority(organization="Example"), "public": 'compliance = "br"'}
    return Office.build(tmp_path_factory.mktemp("br"), issuance=NAMES + BR_PROFILES, **more)


def drafted(
    office: Office, profile: str = "server", names: tuple[str, ...] = ("dns:www.example.com",), **more: object
) -> Draft:
    """What would be signed."""
    body = Issue(issuer="test", profile=profile, csr=base64.b64encode(request_of(KEY)).decode(), names=names, **more)
    issuance = office.signer.config.issuers[0].issuance
    assert issuance
    return draft(office.signer.public.profile("test"), issuance, body, NOW, timedelta(days=31), None)


def found(office: Office, made: Draft, **perturbed: object) -> list[str]:
    """What is said of a certificate that differs in these fields from what was decided."""
    assert made.frame
    frame = replace(made.frame, **perturbed)
    return found_in(office, made, partial(encoding.encode_tbs, frame))


def found_in(office: Office, made: Draft, tbs: Callable[[bytes], bytes]) -> list[str]:
    profile = office.signer.public.profile("test")
    return list(findings(sample(replace(made, tbs=tbs)), made, profile, NOW))


MADE = [
    ("server", ("dns:www.example.com",), None),
    ("client", (), "CN=x"),
    ("email", ("email:a@example.com",), None),
    ("code_signing", (), "CN=x"),
    ("ocsp", (), None),
    ("intermediate", (), "CN=Sub, O=Example, C=EE"),
    ("short", ("dns:www.example.com",), None),
]


@pytest.mark.parametrize(("profile", "names", "subject"), MADE)
def test_what_is_made_breaks_no_rule(shared: Office, profile: str, names: tuple[str, ...], subject: str | None) -> None:
    """Of each profile."""
    lint_certificate(drafted(shared, profile, names, subject=subject), shared.signer.public.profile("test"), NOW)


PERTURBED: dict[str, tuple[dict[str, object], str]] = {
    "serial with few bits": ({"serial": b"\x01"}, "4.1.2.2"),
    "negative serial": ({"serial": b"\x80" + bytes(15)}, "4.1.2.2"),
    "serial of 21 octets": ({"serial": b"\x01" + bytes(20)}, "4.1.2.2"),
    "another issuer": ({"issuer": OTHER.issuer()}, "4.1.2.4"),
    "another key": (
        {"public_key_info": OTHER.issuer().public_key_info},
        "its key is not that of the request",
    ),
    "another end": ({"not_after": NOW + DAY}, "is not what was decided"),
    "end before begin": ({"not_after": NOW - DAY}, "ends before it begins"),
    "before its issuer": ({"not_before": NOW - 30 * DAY}, "within the window of its issuer"),
    "after its issuer": ({"not_after": NOW + 9999 * DAY}, "within the window of its issuer"),
    "another name": ({"names": [x509.DNSName("bank.example")]}, "is not what was decided"),
    "no name": ({"names": []}, "is not what was decided"),
    "common name that is no name": (
        {"subject": x509.Name.from_rfc4514_string("CN=bank.example")},
        "7.1.4.3",
    ),
    "key usage of a CA": ({"key_usage": key_usage(signs=True, certifies=True)}, "of CAs alone"),
    "no digitalSignature": ({"key_usage": key_usage(agrees_on_keys=True)}, "lacks digitalSignature"),
    "keyEncipherment of EC": ({"key_usage": key_usage(signs=True, enciphers_keys=True)}, "keyEncipherment"),
    "another usage": ({"usages": [ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string]}, "4.2.1.12"),
    "any usage": ({"usages": [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string]}, "anyExtendedKeyUsage"),
    "no usage": ({"usages": []}, "4.2.1.12"),
    "SKI of another": ({"subject_key": b"x" * 20}, "4.2.1.2"),
    "no SKI": ({"subject_key": None}, "4.2.1.2"),
    "no OCSP": ({"places": Places(URL, None, URL)}, "has not one CRL and one OCSP responder"),
    "a CRL that is not made here": ({"places": Places(URL, URL, URL)}, "is none that is made here"),
    "https": ({"places": Places(URL, "https://x.example", URL)}, "is no http URL"),
    "another serial": ({"serial": b"\x55" * 16}, "serial is not what was decided"),
    "another subject": ({"subject": x509.Name.from_rfc4514_string("C=EE")}, "subject is not what was decided"),
    "another OCSP responder": (
        {"places": Places(URL, "http://evil.example", URL)},
        "1.3.6.1.5.5.7.1.1 is not what was decided",
    ),
    "key usage more": (
        {"key_usage": key_usage(signs=True, agrees_on_keys=True)},
        "2.5.29.15 is not what was decided",
    ),
    "policy twice": ({"policies": ["1.2.3", "1.2.3"]}, "twice"),
    "anyPolicy": ({"policies": ["2.5.29.32.0"]}, "anyPolicy"),
}


@pytest.mark.parametrize("what", PERTURBED)
def test_broken_certificate_breaks_its_rule(shared: Office, what: str) -> None:
    """One field is not as it should be."""
    perturbed, said = PERTURBED[what]
    assert any(said in one for one in found(shared, drafted(shared), **perturbed)), what


@pytest.mark.parametrize(
    ("value", "type_", "said"),
    [
        ("www.example.com", _ASN1Type.IA5String, "4.1.2.4, appendix A.1"),
        ("www.example.com", _ASN1Type.BMPString, "4.1.2.4, appendix A.1"),
        ("www\x1b", _ASN1Type.UTF8String, "characters that nobody sees"),
        (" ", _ASN1Type.UTF8String, "is empty"),
    ],
)
def test_subject_that_clients_read_differently_breaks_a_rule(
    shared: Office, value: str, type_: _ASN1Type, said: str
) -> None:
    """Another type of string, or what is not seen."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, value, type_)])
    assert any(said in one for one in found(shared, drafted(shared), subject=subject))


def test_country_of_another_type_breaks_a_rule(shared: Office) -> None:
    """It is a PrintableString (RFC 5280 appendix A.1)."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "EE", _ASN1Type.UTF8String)])
    assert any("countryName" in one for one in found(shared, drafted(shared), subject=subject))


@pytest.mark.parametrize(
    ("info", "said"),
    [
        (keyforms.EXPLICIT, "its key: its curve is not given by name"),
        (keyforms.HYBRID, "its key: its point has the hybrid form"),
        (keyforms.WITHOUT_NULL, "its key: the parameters of its rsaEncryption are not NULL"),
        (
            keyforms.of(der.sequence(der.oid("1.3.101.112")), b"\1" + bytes(31)),
            "its key: Ed25519 with a point of small",
        ),
        (disclosed_info(int(gmpy2.next_prime(1 << 2047))), "its key: is RSA with a modulus that is a prime"),
    ],
    ids=["explicit curve", "hybrid point", "RSA without NULL", "order 1", "prime modulus"],
)
def test_key_that_clients_refuse_or_that_proves_nothing_breaks_a_rule(shared: Office, info: bytes, said: str) -> None:
    """Also where nobody refused it before."""
    made = replace(drafted(shared), public_key_info=info)
    assert any(said in one for one in found(shared, made, public_key_info=info))


def test_server_without_names_or_subject_breaks_a_rule(shared: Office) -> None:
    """Also where nobody decided that it has one."""
    made = replace(drafted(shared), names=())
    assert any("neither a subject nor names" in one for one in found(shared, made, names=[]))


@pytest.mark.parametrize(
    ("perturbed", "said"),
    [
        ({"not_after": NOW + 201 * DAY}, "6.3.2"),
        ({"policies": []}, "lacks the policy 2.23.140.1.2.1"),
        ({"policies": ["1.2.3"]}, "lacks the policy 2.23.140.1.2.1"),
    ],
)
def test_certificate_that_the_brs_forbid_breaks_a_rule(br: Office, perturbed: dict[str, object], said: str) -> None:
    """Issued on a day when 200 days are the longest."""
    later = NOW + 20 * DAY
    made = drafted(br)
    assert made.frame
    frame = replace(made.frame, **perturbed)
    data = sample(replace(made, tbs=partial(encoding.encode_tbs, frame)))
    assert any(said in one for one in findings(data, made, br.signer.public.profile("test"), later))


def with_extension(frame: CertificateFrame, octets: bytes) -> Callable[[bytes], bytes]:
    """The frame with an extension more at its end."""

    def tbs(algorithm_identifier: bytes) -> bytes:
        whole = encoding.encode_tbs(frame, algorithm_identifier)
        fields = list(der.values(whole, *der.expect(whole, 0, der.SEQUENCE)))
        _, begin, content, _ = fields[-1]
        _, start, end = der.read(whole, content)
        first = fields[0][1]
        return der.sequence(whole[first:begin], der.explicit(3, der.sequence(whole[start:end] + octets)))

    return tbs


@pytest.mark.parametrize(
    ("value", "critical", "said"),
    [
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), True, "1.2.3 is critical"),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier(NO_REV_AVAIL), b"\x05\x00"), False, "RFC 9608 section 3"),
        (x509.OCSPNoCheck(), False, "ocsp-nocheck"),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), False, "1.2.3 is not what was"),
        (x509.SubjectKeyIdentifier(b"x"), False, "cannot be read"),
    ],
)
def test_extension_that_does_not_belong_there_breaks_a_rule(
    shared: Office, value: x509.ExtensionType, critical: bool, said: str
) -> None:
    """Critical and unknown, against another, of responders, there already."""
    made = drafted(shared)
    assert made.frame
    told = found_in(shared, made, with_extension(made.frame, extension(value, critical=critical)))
    assert any(said in one for one in told), told


def test_certificate_of_another_kind_breaks_rules(shared: Office) -> None:
    """A server's that was decided to be a CA's, and to be a responder's."""
    made = drafted(shared)
    assert any("a CA's" in one for one in found(shared, replace(made, kind=Kind.INTERMEDIATE)))
    assert any("ocsp-nocheck" in one for one in found(shared, replace(made, kind=Kind.OCSP)))
    intermediate = drafted(shared, "intermediate", (), subject="CN=Sub, O=Example, C=EE")
    assert any("a CA's" in one for one in found_in(shared, made, intermediate.tbs))


def test_times_in_the_wrong_form_and_versions_break_rules(shared: Office) -> None:
    """GeneralizedTime before 2050; version 1; an algorithm inside that is not the one outside."""
    made = drafted(shared)

    def late(algorithm: bytes) -> bytes:
        whole = made.tbs(algorithm)
        window = der.time(made.window.not_before) + der.time(made.window.not_after)
        other = der.generalized_time(made.window.not_before) + der.generalized_time(made.window.not_after)
        before, _, behind = whole.partition(der.sequence(window))
        inner = before + der.sequence(other) + behind
        start, _ = der.expect(whole, 0, der.SEQUENCE)
        return der.sequence(inner[start:])

    assert any("wrong form" in one for one in found_in(shared, made, late))
    assert any("AlgorithmIdentifiers differ" in one for one in found_in(shared, made, lambda _: made.tbs(RSA)))


RSA = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.tlv(der.NULL))


def test_lint_names_every_rule_that_is_broken(shared: Office) -> None:
    """In one message."""
    made = drafted(shared)
    assert made.frame
    frame = replace(made.frame, serial=b"\x01", usages=[])
    broken = replace(made, tbs=partial(encoding.encode_tbs, frame))
    with pytest.raises(LintFailed) as failed:
        lint_certificate(broken, shared.signer.public.profile("test"), NOW)
    assert "4.1.2.2" in failed.value.what
    assert "4.2.1.12" in failed.value.what
