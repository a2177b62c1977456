"""The gate's look at a CRL: a test perturbs one thing of a CRL that passes."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509.oid import NameOID

from publisher.verify_crl import check_entries, read_crl, verify_crl
from revocation import crlbytes, der, serials
from revocation.artifacts import Scope
from revocation.errors import Expired, GateError, NotYetValid
from revocation.status import Reason, Revocation
from tests.authority import NOW, Authority
from tests.building.ca import CA
from tests.building.crl import crl, distribution_point
from tests.building.place import Place

DAY = timedelta(days=1)
USER_URL = "http://pki.example/crl/{}/user.crl"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An installation with CRLs of all scopes."""
    return Place(tmp_path / "place", crl={"scopes": ["all", "user", "ca"]})


def test_crl_passes_with_its_number_window_and_entries(place: Place, ca: CA) -> None:
    """What is right passes, and says what it holds."""
    held = Revocation(NOW - DAY, Reason.certificateHold)
    compromised = Revocation(NOW - DAY, Reason.keyCompromise, NOW - 2 * DAY)
    data = crl(ca, 7, {0x80: held, 3: compromised, 4: Revocation(NOW)})
    found = verify_crl(data, place.spec(), NOW)
    assert (found.number, found.this_update, found.next_update, found.der) == (7, NOW, NOW + DAY, data)
    assert dict(found.revoked) == {b"\x00\x80": held, b"\x03": compromised, b"\x04": Revocation(NOW)}
    assert len(found.revoked) == 3
    assert serials.from_int(5) not in found.revoked


@pytest.mark.parametrize("new", [True, False])
def test_reason_that_the_brs_forbid_is_refused_on_new_entries(tmp_path: Path, ca: CA, new: bool) -> None:
    """The profile claims them, so a CRL with a hold is not its CRL; under `pkix` it is."""
    data = crl(ca, 7, {3: Revocation(NOW, Reason.superseded), 0x80: Revocation(NOW - DAY, Reason.certificateHold)})
    entries = list(crlbytes.entries(data))
    asked = entries if new else None
    spec = Place(tmp_path / "pkix", ca).spec()
    check_entries(read_crl(data, spec), spec, asked)
    spec = Place(tmp_path / "br", ca, compliance="br").spec()
    with pytest.raises(
        GateError, match=r"serial .*80: the BRs, section 7.2.2, do not allow the reason certificateHold"
    ):
        check_entries(read_crl(data, spec), spec, asked)
    check_entries(read_crl(data, spec), spec, entries[:1])


def test_crl_without_entries_passes(place: Place, ca: CA) -> None:
    """An empty CRL is a CRL."""
    assert dict(verify_crl(crl(ca), place.spec(), NOW).revoked) == {}


@pytest.mark.parametrize("scope", [Scope.USER, Scope.CA])
def test_crl_of_a_scope_has_exactly_its_distribution_point(place: Place, ca: CA, scope: Scope) -> None:
    """A CRL of scope user or ca carries the critical IDP with its flag and its URL."""
    url = f"http://pki.example/crl/{ca.issuer.id}/{scope}.crl"
    right = distribution_point(url, **{f"only_contains_{scope}_certs": True})
    assert verify_crl(crl(ca, idp=right), place.spec(scope), NOW).number == 1
    uncritical = {"idp": (right, False)}
    elsewhere = distribution_point(url + "x", **{f"only_contains_{scope}_certs": True})
    indirect = distribution_point(url, indirect_crl=True, **{f"only_contains_{scope}_certs": True})
    for wrong in (
        crl(ca),
        crl(ca, extensions=uncritical),
        crl(ca, idp=elsewhere),
        crl(ca, idp=indirect),
        crl(ca, idp=distribution_point(url)),
    ):
        with pytest.raises(GateError, match="IssuingDistributionPoint"):
            verify_crl(wrong, place.spec(scope), NOW)


def test_crl_of_scope_all_has_no_distribution_point(place: Place, ca: CA) -> None:
    """A CRL for some certificates does not pass as one for all."""
    idp = distribution_point(USER_URL.format(ca.issuer.id), only_contains_user_certs=True)
    with pytest.raises(GateError, match="scope `all` has none"):
        verify_crl(crl(ca, idp=idp), place.spec(), NOW)


UNHEARD_OF = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
PERTURBED = {
    "signed by another key": (lambda ca: crl(ca, signed_by=CA()), "signature is not that of"),
    "no number": (lambda ca: crl(ca, extensions={"number": None}), "no CRLNumber"),
    "critical number": (lambda ca: crl(ca, extensions={"number": (x509.CRLNumber(1), True)}), "critical"),
    "21 octets of number": (lambda ca: crl(ca, 1 << 159), "out of range"),
    "no AKI": (lambda ca: crl(ca, extensions={"aki": None}), "no AuthorityKeyIdentifier"),
    "AKI of another": (
        lambda ca: crl(ca, extensions={"aki": (x509.AuthorityKeyIdentifier(b"x" * 20, None, None), False)}),
        "is not the issuer's",
    ),
    "delta": (lambda ca: crl(ca, extensions={"delta": (x509.DeltaCRLIndicator(1), True)}), "it is a delta CRL"),
    "uncritical delta": (lambda ca: crl(ca, extensions={"delta": (x509.DeltaCRLIndicator(1), False)}), "delta"),
    "unknown critical extension": (
        lambda ca: crl(ca, extensions={"x": (UNHEARD_OF, True)}),
        "critical extension 1.2.3.4",
    ),
    "name of another": (
        lambda ca: crl(ca, issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Other")])),
        "byte for byte",
    ),
    "same name in another string type": (
        lambda ca: crl(
            ca,
            issuer_name=x509.Name(
                [x509.NameAttribute(NameOID.COMMON_NAME, "Test Issuing CA", x509.name._ASN1Type.PrintableString)]
            ),
        ),
        "byte for byte",
    ),
    "truncated": (lambda ca: crl(ca)[:-5], "cannot be read"),
    "bytes after it": (lambda ca: crl(ca) + b"\x00", "cannot be read"),
    "nothing": (lambda ca: b"", "cannot be read"),
    "PEM": (lambda ca: b"-----BEGIN X509 CRL-----", "cannot be read"),
    "a certificate": (lambda ca: ca.der(), "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", PERTURBED)
def test_crl_is_refused(place: Place, ca: CA, name: str) -> None:
    """Each of these is refused, and the message names the CRL."""
    make, message = PERTURBED[name]
    with pytest.raises(GateError, match=message) as caught:
        verify_crl(make(ca), place.spec(), NOW)
    assert "test/all" in str(caught.value)


def test_crl_with_sha1_is_refused(tmp_path: Path) -> None:
    """A signature over a digest that can be forged proves nothing, even when it verifies."""
    key = rsa.generate_private_key(65537, 2048)
    place = Place(tmp_path / "rsa", CA(Authority(key=key)))
    right = crl(place.ca)
    assert verify_crl(right, place.spec(), NOW).number == 1
    sha1 = der.sequence(der.oid("1.2.840.113549.1.1.5"), der.tlv(der.NULL))
    weak = _signed_again(right, sha1, lambda tbs: key.sign(tbs, padding.PKCS1v15(), SHA1()))
    with pytest.raises(GateError, match="sha1 digest"):
        verify_crl(weak, place.spec(), NOW)


def test_crl_whose_two_algorithms_differ_is_refused(place: Place, ca: CA) -> None:
    """The AlgorithmIdentifier that is signed is the one that is outside."""
    data = crl(ca)
    tbs, algorithm, _ = der.signed_parts(data)
    other = der.sequence(der.oid("1.2.840.10045.4.3.3"))
    assert len(other) == len(algorithm)
    mixed = bytes(tbs).replace(bytes(algorithm), other, 1)
    signature = ca.authority.key.sign(mixed, ec.ECDSA(SHA256()))
    wrong = der.sequence(mixed, bytes(algorithm), der.tlv(der.BIT_STRING, b"\x00", signature))
    with pytest.raises(GateError, match=r"AlgorithmIdentifiers differ|cannot be read.*algorithm"):
        verify_crl(wrong, place.spec(), NOW)


def test_crl_of_version_1_is_refused(place: Place, ca: CA) -> None:
    """A CRL without version is one of version 1."""

    def without_version(tbs: bytes) -> bytes:
        inside, end = der.expect(tbs, 0, der.SEQUENCE)
        fields = [tbs[b:e] for _, b, _, e in der.values(tbs, inside, end)]
        return der.sequence(*fields[1:-1])

    tbs, algorithm, _ = der.signed_parts(crl(ca))
    first = without_version(bytes(tbs))
    signature = ca.authority.key.sign(first, ec.ECDSA(SHA256()))
    wrong = der.sequence(first, bytes(algorithm), der.tlv(der.BIT_STRING, b"\x00", signature))
    with pytest.raises(GateError, match="version"):
        verify_crl(wrong, place.spec(), NOW)


@pytest.mark.parametrize(
    ("this_update", "lifetime", "error", "message"),
    [
        (NOW - 2 * DAY, DAY, Expired, "has expired"),
        (NOW - DAY, DAY, Expired, "has expired"),
        (NOW + timedelta(minutes=5), DAY, NotYetValid, "held"),
        (NOW + timedelta(minutes=5, seconds=1), DAY, NotYetValid, "held until then .compare the clocks"),
        (NOW, DAY + timedelta(minutes=5, seconds=1), GateError, "longer than"),
    ],
)
def test_crl_outside_its_window_is_refused(
    place: Place, ca: CA, this_update: object, lifetime: timedelta, error: type[GateError], message: str
) -> None:
    """Expired, or longer than the profile: refused; too early: held."""
    data = crl(ca, this_update=this_update, lifetime=lifetime)  # type: ignore[arg-type]
    with pytest.raises(error, match=message) as caught:
        verify_crl(data, place.spec(), NOW)
    assert type(caught.value) is error


@pytest.mark.parametrize("scope", [Scope.USER, Scope.ALL])
def test_crl_under_the_brs_counts_both_ends_of_its_window(tmp_path: Path, scope: Scope) -> None:
    """To the second (BRs section 2.2.6); who does not claim them has some minutes for clocks that differ."""
    ca, longest = CA(), 10 * DAY - timedelta(seconds=1)
    url = f"http://pki.example/crl/{ca.issuer.id}/user.crl"
    point = distribution_point(url, only_contains_user_certs=True) if scope is Scope.USER else None
    settings = {"scopes": [scope], "expires": "10d", "renewal": "4d"}
    right, wrong = (crl(ca, lifetime=lifetime, idp=point) for lifetime in (longest, 10 * DAY))
    br = Place(tmp_path / "br", ca, crl=settings, compliance="br").spec(scope)
    assert verify_crl(right, br, NOW).number == 1
    with pytest.raises(GateError, match=r"is more than 10d after its thisUpdate .*, both ends counted"):
        verify_crl(wrong, br, NOW)
    assert verify_crl(wrong, Place(tmp_path / "pkix", ca, crl=settings).spec(scope), NOW).number == 1


def test_crl_of_ca_certificates_under_the_brs_lives_a_year(tmp_path: Path) -> None:
    """Twelve months, the longest of which have 366 days."""
    ca = CA()
    point = distribution_point(f"http://pki.example/crl/{ca.issuer.id}/ca.crl", only_contains_ca_certs=True)
    place = Place(tmp_path / "br", ca, crl={"scopes": ["ca"], "expires": "365d", "renewal": "100d"}, compliance="br")
    data = crl(ca, lifetime=365 * DAY - timedelta(seconds=1), idp=point)
    assert verify_crl(data, place.spec(Scope.CA), NOW).number == 1


def test_crl_passes_until_the_last_second_of_its_window(place: Place, ca: CA) -> None:
    """nextUpdate is the first second at which a CRL is too old."""
    data = crl(ca)
    assert verify_crl(data, place.spec(), NOW + DAY - timedelta(seconds=1)).number == 1


def test_crl_of_a_key_without_curve_agility_passes(tmp_path: Path) -> None:
    """RSA keys sign CRLs too."""
    place = Place(tmp_path / "rsa", CA(Authority(key=rsa.generate_private_key(65537, 2048))))
    assert verify_crl(crl(place.ca, 3), place.spec(), NOW).number == 3


def _signed_again(data: bytes, algorithm: bytes, sign: object) -> bytes:
    """The same CRL under another algorithm, inside and outside."""
    tbs, old, _ = der.signed_parts(data)
    inside, end = der.expect(tbs, 0, der.SEQUENCE)
    fields = [bytes(tbs[b:e]) for _, b, _, e in der.values(tbs, inside, end)]
    fields[fields.index(bytes(old))] = algorithm
    renewed = der.sequence(*fields)
    return der.sequence(renewed, algorithm, der.tlv(der.BIT_STRING, b"\x00", sign(renewed)))  # type: ignore[operator]
