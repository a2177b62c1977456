"""The CRL encoder against `cryptography`'s parser and builder: whatever the values, both understand the same octets."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import example, given
from hypothesis import strategies as st

from revocation import serials
from revocation.artifacts import CRLName, Scope
from revocation.crlprofile import CRLList
from revocation.crlspec import CRLSpec
from revocation.extensions import extension_value
from revocation.status import Reason, Revocation
from signer.encoding import crl
from signer.keys import BytesTBS, local
from tests.authority import Authority

AUTHORITY = Authority(days=36500)
ISSUER = AUTHORITY.issuer()
KEY = local.of_private_key(AUTHORITY.key, "test")
EXPIRED_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
SECOND = timedelta(seconds=1)

Entries = list[tuple[int, Revocation]]


@dataclass(frozen=True)
class Meant:
    """What a CRL is to say."""

    frame: crl.CRLFrame
    entries: Entries


def spec_of(scope: Scope, url: str, reasons: frozenset[Reason]) -> CRLSpec:
    """Of scope `all` neither reasons nor URL are on the CRL."""
    if scope is Scope.ALL:
        url, reasons = "", frozenset()
    return CRLSpec(ISSUER, CRLName(scope), CRLList(name=scope, scope=scope, only_some_reasons=sorted(reasons)), url)


def moments(first: int) -> st.SearchStrategy[datetime]:
    """Whole seconds of the years from `first` on, every other one near the turn from UTCTime to GeneralizedTime."""
    turn = st.integers(-3, 3).map(lambda seconds: datetime(2050, 1, 1, tzinfo=UTC) + seconds * SECOND)
    any_ = st.datetimes(datetime(first, 1, 1), datetime(9999, 12, 31, 23), timezones=st.just(UTC))  # noqa: DTZ001
    return turn | any_.map(lambda moment: moment.replace(microsecond=0))


def octets(longest: int) -> st.SearchStrategy[bytes]:
    """Octets of every length alike, not of small numbers most of the time."""
    return st.integers(1, longest).flatmap(lambda size: st.binary(min_size=size, max_size=size))


SIGNED = octets(34).map(lambda data: int.from_bytes(data, "big", signed=True))
ALLOWED = octets(20).map(lambda data: int.from_bytes(data, "big") >> 1).filter(lambda number: number > 0)
REASONS = [reason for reason in Reason if reason is not Reason.unspecified]
revocations = st.builds(Revocation, moments(1950), st.sampled_from(Reason), st.none() | moments(1950))
specs = st.builds(
    spec_of,
    st.sampled_from(Scope),
    st.from_regex(r"\Ahttp://[a-z0-9.-]{1,40}/[!-~]{0,200}\Z"),
    st.frozensets(st.sampled_from(REASONS)),
)
frames = st.builds(
    lambda spec, number, times, kept_since: crl.CRLFrame(spec, number, min(times), max(times), kept_since),
    specs,
    octets(20).map(lambda data: int.from_bytes(data, "big") >> 1),
    st.tuples(moments(1950), moments(1950)),
    st.none() | moments(1950),
)


def lists(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[Meant]:
    entries = st.lists(st.tuples(numbers, revocations), max_size=8, unique_by=lambda entry: entry[0])
    return st.builds(Meant, frames, entries)


def encode(meant: Meant) -> bytes:
    """The CRL as the signer writes it."""
    entries = b"".join(crl.encode_entry(serials.from_int(number), said) for number, said in meant.entries)
    before, after = crl.around(meant.frame, len(entries), KEY.algorithm_identifier)
    tbs = before + entries + after
    return crl.assemble(tbs, KEY.algorithm_identifier, KEY.sign(BytesTBS(tbs)))


def parse(data: bytes) -> Meant:
    """What `cryptography` reads, with nothing of what it was made from."""
    parsed = x509.load_der_x509_crl(data)
    found = parsed.extensions
    point = extension_value(found, x509.IssuingDistributionPoint)
    scope, url, reasons = Scope.ALL, "", frozenset[Reason]()
    if point is not None:
        (name,) = point.full_name or ()
        scope, url = Scope.USER if point.only_contains_user_certs else Scope.CA, name.value
        assert (scope is Scope.CA) == point.only_contains_ca_certs
        assert not point.indirect_crl
        assert not point.only_contains_attribute_certs
        reasons = frozenset(Reason.parse(flag.name) for flag in point.only_some_reasons or ())
    kept = [one.value.public_bytes() for one in found if one.oid == EXPIRED_ON_CRL]
    kept_since = datetime.strptime(kept[0][2:].decode(), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC) if kept else None
    number = extension_value(found, x509.CRLNumber)
    assert number
    assert parsed.next_update_utc
    spec = spec_of(scope, url, reasons)
    frame = crl.CRLFrame(spec, number.crl_number, parsed.last_update_utc, parsed.next_update_utc, kept_since)
    return Meant(frame, [(entry.serial_number, said(entry)) for entry in parsed])


def said(entry: x509.RevokedCertificate) -> Revocation:
    """What an entry says."""
    reason = extension_value(entry.extensions, x509.CRLReason)
    date = extension_value(entry.extensions, x509.InvalidityDate)
    return Revocation(
        entry.revocation_date_utc,
        Reason.parse(reason.reason.name) if reason else Reason.unspecified,
        date.invalidity_date_utc if date else None,
    )


def by_cryptography(meant: Meant) -> x509.CertificateRevocationList:
    """The same CRL by the builder of `cryptography`."""
    frame, spec = meant.frame, meant.frame.spec
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(AUTHORITY.certificate.subject)
        .last_update(frame.this_update)
        .next_update(frame.next_update)
        .add_extension(x509.AuthorityKeyIdentifier(ISSUER.key_identifier, None, None), critical=False)
        .add_extension(x509.CRLNumber(frame.number), critical=False)
    )
    if frame.kept_since:
        date = x509.InvalidityDate(frame.kept_since).public_bytes()  # a GeneralizedTime too
        builder = builder.add_extension(x509.UnrecognizedExtension(EXPIRED_ON_CRL, date), critical=False)
    if spec.settings.scope is not Scope.ALL:
        flags = frozenset(x509.ReasonFlags(reason.name) for reason in spec.settings.only_some_reasons) or None
        user = spec.settings.scope is Scope.USER
        name = x509.UniformResourceIdentifier(spec.url)
        point = x509.IssuingDistributionPoint([name], None, user, not user, flags, False, False)
        builder = builder.add_extension(point, critical=True)
    for number, revocation in meant.entries:
        builder = builder.add_revoked_certificate(entry_by_cryptography(number, revocation))
    return builder.sign(AUTHORITY.key, SHA256())


def entry_by_cryptography(number: int, revocation: Revocation) -> x509.RevokedCertificate:
    """An entry by its builder."""
    builder = x509.RevokedCertificateBuilder(number, revocation.revoked_at)
    if revocation.reason is not Reason.unspecified:
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(revocation.reason.name)), critical=False)
    if revocation.invalidity_date:
        builder = builder.add_extension(x509.InvalidityDate(revocation.invalidity_date), critical=False)
    return builder.build()


NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
EDGES = [(0, 127), (128, -1), (-128, -129), (2**159 - 1, 2**159), (2**160, 2**167), (2**168, -(2**159) - 1)]
EDGE = Meant(
    crl.CRLFrame(spec_of(Scope.USER, "http://a/", frozenset(REASONS)), 2**159 - 1, NEVER - SECOND, NEVER, NEVER),
    [(number, Revocation(NEVER, Reason.aACompromise, NEVER)) for pair in EDGES for number in pair],
)


@example(EDGE)
@given(lists(SIGNED))
def test_crl_is_read_as_it_was_meant_and_encodes_to_the_same_octets(meant: Meant) -> None:
    """Serials of all lengths and signs, either kind of time, every reason, number, form of IDP; and back again."""
    data = encode(meant)
    assert x509.load_der_x509_crl(data).is_signature_valid(AUTHORITY.key.public_key())
    found = parse(data)
    assert found == meant
    again = x509.load_der_x509_crl(encode(found))
    assert again.tbs_certlist_bytes == x509.load_der_x509_crl(data).tbs_certlist_bytes


@given(lists(ALLOWED))
def test_crl_is_the_one_that_another_encoder_writes(meant: Meant) -> None:
    """Octet for octet, where RFC 5280 and that encoder allow the serials."""
    ours, theirs = x509.load_der_x509_crl(encode(meant)), by_cryptography(meant)
    assert ours.tbs_certlist_bytes == theirs.tbs_certlist_bytes
