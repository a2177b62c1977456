"""What is certified and what is refused: names, keys, windows, subjects, profiles. Each test perturbs one thing."""

import base64
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from revocation.errors import ConfigurationError
from revocation.messages import Outcome
from tests.authority import NOW, Authority
from tests.signer.issuing.office import NAMES, PROFILES, Office, SubjectKey, request_of

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


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (ec.generate_private_key(ec.SECP192R1()), "secp192r1 is weak"),
        (ec.generate_private_key(ec.SECP521R1()), "its key is p521, and the profile has p256"),
        (ec.generate_private_key(ec.SECP256K1()), "of no kind that is certified"),
        (rsa.generate_private_key(65537, 1024), "RSA of 1024 bits is weak"),  # noqa: S505 - it is to be refused
        (rsa.generate_private_key(3, 2048), "exponent 3 is weak"),
        (rsa.generate_private_key(65537, 2056), "of no kind that is certified"),
    ],
)
def test_key_that_is_weak_or_of_another_kind_is_refused(
    shared: Office, key: ec.EllipticCurvePrivateKey, said: str
) -> None:
    """Small, with a small exponent, or none of the profile's kinds."""
    assert said in shared.refused(key=key)


def test_profile_certifies_the_kinds_of_keys_that_it_names_alone(tmp_path: Path) -> None:
    """P-256 alone here."""
    office = Office.build(tmp_path, issuance=NAMES + PROFILES.replace(".server]\n", '.server]\nkeys = ["p256"]\n'))
    office.issue("server")
    assert "its key is ed25519" in office.refused("server", key=ed25519.Ed25519PrivateKey.generate())


def test_p_521_is_certified_where_the_profile_names_it(tmp_path: Path) -> None:
    """Of CAs and for code it is usual; of servers it is not, since browsers do not know it."""
    office = Office.build(tmp_path, issuance=NAMES + PROFILES.replace(".server]\n", '.server]\nkeys = ["p521"]\n'))
    key = ec.generate_private_key(ec.SECP521R1())
    assert office.issue("server", key=key).public_key() == key.public_key()
    assert office.issue("intermediate", (), subject="CN=Sub CA", key=key).public_key() == key.public_key()
    assert "its key is p521" in office.refused("client", (), subject="CN=x", key=key)


def test_key_with_close_primes_is_refused(shared: Office) -> None:
    """Fermat factors its modulus at once; badkeys notices."""
    assert "fermat" in shared.refused(key=close_primes())


def close_primes() -> rsa.RSAPrivateKey:
    """An RSA key of 2048 bits whose second prime is the next one after the first."""
    p = next_prime(0xC000000000000000 << 960 | 12345)
    q = next_prime(p + 2)
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def next_prime(number: int) -> int:
    """By Fermat's test, which is enough for what is not adversarial."""
    number |= 1
    while pow(2, number - 1, number) != 1 or (number - 1) % 65537 == 0:
        number += 2
    return number


@pytest.mark.parametrize("key", [KEY, rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()])
def test_key_on_the_blocklist_is_refused(tmp_path: Path, key: SubjectKey) -> None:
    """A list in the form of badkeys with this key among others; another key is certified."""
    office = Office.build(tmp_path / "office", signer=f'weak_keys = "{tmp_path}"')
    records = sorted(hashlib.sha256(one).digest()[:15] + b"\7" for one in (number(key), b"a", b"b", b"c"))
    (tmp_path / "blocklist.dat").write_bytes(b"".join(records))
    (tmp_path / "badkeysdata.json").write_text('{"blocklists": [{"id": 7, "name": "debianssl"}]}')
    assert "is known to everybody (debianssl)" in office.refused(key=key)
    office.issue()


def number(key: SubjectKey) -> bytes:
    """What badkeys hashes of a key."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return public.public_numbers().n.to_bytes(256, "big")
    if isinstance(public, ec.EllipticCurvePublicKey):
        return public.public_numbers().x.to_bytes(32, "big").lstrip(b"\0")
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw).lstrip(b"\0")


def test_blocklist_that_is_not_there_issues_nothing_and_is_no_refusal(tmp_path: Path) -> None:
    """It failed: the same message is done once the list is back."""
    office = Office.build(tmp_path / "office", signer=f'weak_keys = "{tmp_path / "list"}"')
    message = office.ask()
    reply = office.reply(message)
    assert (reply.outcome, "blocklist.dat" in reply.detail) == (Outcome.FAILED, True)
    (tmp_path / "list").mkdir()
    (tmp_path / "list/blocklist.dat").write_bytes(bytes(16))
    assert office.reply(message).outcome is Outcome.DONE


def test_key_of_the_ca_is_not_certified(tmp_path: Path) -> None:
    """Also in another encoding of the same point."""
    authority = Authority(days=7300)
    office = Office.build(tmp_path, authority=authority)
    assert "is that of the CA test" in office.refused(key=authority.key)


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


@pytest.mark.parametrize(
    ("issuance", "said"),
    [
        ("[signer.issuers.issuance.profiles.gold]\n", "set `kind`"),
        (
            '[signer.issuers.issuance.profiles.server]\nvalidity = "9d"\nlongest = "8d"\n',
            "longest (8d) is less than validity (9d)",
        ),
        ("[signer.issuers.issuance.profiles.server]\npath_length = 1\n", "are of intermediates"),
        ('[signer.issuers.issuance.profiles.intermediate]\nno_rev_avail = "6d"\n', "RFC 9608"),
        ("[signer.issuers.issuance.profiles.ocsp]\n", "90d is beyond responder_certificate_validity (31d)"),
        ("[signer.issuers.issuance.profiles.email]\n", "no names of the types email are permitted"),
        ('[signer.issuers.issuance.profiles.client]\nsubject = "x"\n', "is no subject"),
        ('[signer.issuers.issuance.profiles.server]\nsubject = "CN=x"\n', "the common name of a server"),
        ('[signer.issuers.issuance.profiles.server]\nasked_subject = ["CN"]\n', "the common name of a server"),
        ('[signer.issuers.issuance.profiles.client]\nasked_subject = ["DC"]\n', "is none of CN"),
        ('[signer.issuers.issuance.profiles.client]\npolicies = ["1.2.x"]\n', "is no object identifier"),
        ('[signer.issuers.issuance.names]\ndns = ["Example.com"]\n', "is no domain"),
        ('[signer.issuers.issuance.names]\nuri = ["spiffe://example.com"]\n', "a slash behind it"),
    ],
)
def test_issuance_that_contradicts_itself_is_refused_at_the_start(tmp_path: Path, issuance: str, said: str) -> None:
    """With the numbers, before anything is asked for."""
    with pytest.raises(ConfigurationError) as refused:
        Office.build(tmp_path, issuance=issuance)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("[signer.issuers.issuance.profiles.client]\n", "a TLS CA certifies servers"),
        ('[signer.issuers.issuance.profiles.server]\nkeys = ["ed25519"]\n', "do not know keys of the kind ed25519"),
        ('[signer.issuers.issuance.profiles.server]\nno_rev_avail = "6d"\n', "Microsoft's root program"),
    ],
)
def test_issuance_beyond_the_brs_is_refused_at_the_start(tmp_path: Path, profile: str, said: str) -> None:
    """Where the issuer follows them."""
    with pytest.raises(ConfigurationError) as refused:
        Office.build(tmp_path, public='compliance = "br"', issuance=NAMES + profile)
    assert said in str(refused.value)


def test_limits_of_the_key_hold_for_its_profiles_at_the_start(tmp_path: Path) -> None:
    """A profile that lasts longer than the key may certify, and a key that may certify no CA."""
    for limits, said in (
        ('[signer.issuers.limits]\ncertificate_validity = "89d"\n', "lasts 89d at most"),
        (
            '[signer.issuers.limits]\npurposes = ["crl", "responder_certificate", "certificate"]\n',
            "not for ca_certificate",
        ),
    ):
        with pytest.raises(ConfigurationError) as refused:
            Office.build(tmp_path / str(hash(said)), limits=limits)
        assert said in str(refused.value)


def test_request_in_a_message_is_base64_of_bounded_size(shared: Office) -> None:
    """What is none never reaches a parser of requests."""
    message = shared.ask()
    body = {**message.body, "csr": base64.b64encode(bytes(60_000)).decode()}
    reply = shared.reply(shared.estate.operator.sign(message.model_copy(update={"body": body})))
    assert reply.outcome is Outcome.REFUSED
