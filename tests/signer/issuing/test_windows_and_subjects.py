"""What stands in a certificate beside its names: its window, subject, usages and serial, and where its status is."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.authority import NOW, Authority
from tests.signer.issuing.office import NAMES, PROFILES, Office, request_of

KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"lasts": 201 * 86400}, "would last 201d, and 200d is the longest"),
        ({"not_after": NOW - timedelta(hours=2)}, "before it is of use"),
        ({"not_before": NOW - timedelta(hours=2)}, "1h back at most"),
        ({"not_before": NOW + timedelta(days=3)}, "2d ahead"),
        ({"lasts": 5, "not_after": NOW + timedelta(days=1)}, "has both"),
    ],
)
def test_window_that_cannot_be_is_refused(shared: Office, more: dict[str, object], said: str) -> None:
    """Longer than the profile's `longest`, in the past, too far ahead, said twice."""
    assert said in shared.refused(**more)


def test_window_lasts_as_the_profile_says_or_as_was_asked(shared: Office) -> None:
    """Both ends counted; begun an hour ago, for clocks that are behind."""
    usual, asked = shared.issue(), shared.issue(lasts=86400)
    assert usual.not_valid_before_utc == NOW - timedelta(hours=1)
    assert usual.not_valid_after_utc - usual.not_valid_before_utc == timedelta(days=90, seconds=-1)
    assert asked.not_valid_after_utc - asked.not_valid_before_utc == timedelta(days=1, seconds=-1)


def test_window_ends_with_the_issuer_at_the_latest(tmp_path: Path) -> None:
    """Shortened where nobody said how long; refused where somebody did."""
    authority = Authority(days=30)
    office = Office.build(tmp_path, authority=authority)
    end = office.signer.public.profile("test").issuer.not_after
    assert office.issue().not_valid_after_utc == end
    assert "after test, which ends at" in office.refused(not_after=end + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("on", "days"), [("2026-03-14", 398), ("2026-03-15", 200), ("2027-03-15", 100), ("2029-03-15", 47)]
)
def test_brs_bound_how_long_a_server_lasts_by_the_day_of_issue(tmp_path: Path, on: str, days: int) -> None:
    """Section 6.3.2: what is asked beyond is refused, and what nobody said is shortened."""
    now = NOW.fromisoformat(f"{on}T00:00:00+00:00")
    profiles = '[signer.issuers.issuance.profiles.server]\nvalidity = "398d"\n'
    authority = Authority(organization="Example", days=7300, not_before=NOW - timedelta(days=300))
    br = {"public": 'compliance = "br"', "issuance": NAMES + profiles, "authority": authority}
    office = Office.build(tmp_path, now=now, **br)
    issued = office.issue(now=now)
    assert issued.not_valid_after_utc - issued.not_valid_before_utc + timedelta(seconds=1) == timedelta(days=days)
    assert "is the longest" in office.refused(lasts=days * 86400 + 1, now=now)


def test_common_name_is_one_of_the_names_or_is_left_out(shared: Office) -> None:
    """What a request says besides is left out; what a message says besides is refused."""
    assert (
        shared.issue(csr=request_of(KEY, "CN=WWW.example.com,O=Nobody")).subject.rfc4514_string()
        == "CN=www.example.com"
    )
    assert shared.issue(csr=request_of(KEY, "CN=bank.example")).subject.rdns == []
    assert "CN=bank.example may not be chosen" in shared.refused(subject="CN=bank.example")


def test_names_are_critical_where_there_is_no_subject(shared: Office) -> None:
    """RFC 5280 section 4.2.1.6."""
    for subject, critical in ((None, True), ("CN=www.example.com", False)):
        extensions = shared.issue(subject=subject).extensions
        assert extensions.get_extension_for_class(x509.SubjectAlternativeName).critical is critical


def test_mail_may_have_the_name_of_a_person_where_the_profile_lets_the_requester_say_it(tmp_path: Path) -> None:
    """By `asked_subject`; without it that is refused."""
    profiles = PROFILES.replace(".email]\n", '.email]\nasked_subject = ["CN"]\n')
    office = Office.build(tmp_path, issuance=NAMES + profiles)
    issued = office.issue("email", ("email:alice@example.com",), subject="CN=Alice")
    assert issued.subject.rfc4514_string() == "CN=Alice"


def test_subject_of_the_profile_stands_in_each_and_the_requester_adds_what_it_may(shared: Office) -> None:
    """Code signing here: country and organization are the profile's, the common name is who asked."""
    assert shared.issue("code_signing", (), subject="CN=Tool").subject.rfc4514_string() == "CN=Tool,O=Example,C=EE"
    assert "may not be chosen" in shared.refused("code_signing", (), subject="CN=Tool, OU=Other")


def test_client_certificate_may_not_be_a_servers_and_the_other_way_round(shared: Office) -> None:
    """clientAuth only where it is asked for."""
    asked = (
        ("server", ("dns:www.example.com",), None),
        ("client", (), "CN=x"),
        ("server_client", ("dns:www.example.com",), None),
    )
    usages = {profile: usages_of(shared.issue(profile, names, subject=subject)) for profile, names, subject in asked}
    server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    assert usages == {"server": {server}, "client": {client}, "server_client": {server, client}}


def usages_of(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_what_a_request_wants_beyond_names_is_not_taken_over(shared: Office) -> None:
    """A request that wants to be a CA gets a server's certificate."""
    wanted = [
        x509.BasicConstraints(ca=True, path_length=None),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]),
    ]
    issued = shared.issue(csr=request_of(KEY, extensions=wanted)).extensions
    assert not issued.get_extension_for_class(x509.BasicConstraints).value.ca
    assert list(issued.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_short_lived_certificate_says_that_it_has_no_status_and_a_longer_one_says_where(shared: Office) -> None:
    """noRevAvail, NULL and not critical, in the place of CRL and OCSP (RFC 9608)."""
    short, longer = shared.issue("short").extensions, shared.issue("server").extensions
    none = short.get_extension_for_oid(x509.ObjectIdentifier("2.5.29.56"))
    assert (none.critical, none.value.public_bytes()) == (False, b"\x05\x00")
    with pytest.raises(x509.ExtensionNotFound):
        short.get_extension_for_class(x509.CRLDistributionPoints)
    (access,) = short.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert access.access_method == x509.AuthorityInformationAccessOID.CA_ISSUERS
    assert len(longer.get_extension_for_class(x509.AuthorityInformationAccess).value) == 2


def test_intermediate_is_held_to_the_rules_of_cas(shared: Office) -> None:
    """No name of its issuer, no country that is none, a path within that of its issuer."""
    own = shared.signer.public.profile("test").issuer.certificates[0].subject.rfc4514_string()
    assert "has the name of test" in shared.refused("intermediate", (), subject=own)
    assert "is no country" in shared.refused("intermediate", (), subject="CN=Sub, C=xx")


def test_serial_is_random_and_positive(shared: Office) -> None:
    """126 random bits behind a one."""
    numbers = {shared.issue().serial_number for _ in range(3)}
    assert len(numbers) == 3
    assert all(number.bit_length() == 127 for number in numbers)
