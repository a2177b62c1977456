"""A PKI of 120 certificates and the days of its life, of which judges and ledger have to think the same in the end.

The certificates name their CRLs, whatever the form that these have. GnuTLS judges by the clock of the machine, so the
history ends now.
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from revocation import clock, serials
from revocation.clock import fixed
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.departed import Why
from revocation.messages import Outcome, Release, Verb
from revocation.status import Reason, Revocation
from signer.handle import handle
from signer.importers.entry import ImportEntry
from signer.ledger import facts
from signer.ledger.groups import Selection
from tests.authority import Authority
from tests.building.departures import left
from tests.estate import Estate
from tests.signer.importers.issuing import with_serial
from tests.whole.judges import Case
from tests.whole.world import World

NUMBER = 120
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REASONS = list(Reason)
_KEY = ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Life:
    """What becomes of one certificate.

    Attributes:
        expires: before (negative) or after the end.
        imported, first, last: the reason for which it comes revoked, is revoked at the start, or in the last hour.
        released: from its hold, in the last hour.
    """

    number: int
    is_ca: bool
    expires: timedelta = timedelta(days=90)
    imported: Reason | None = None
    first: Reason | None = None
    last: Reason | None = None
    released: bool = False

    @property
    def name(self) -> str:
        """The common name of its subject."""
        return f"certificate {self.number}"

    @property
    def serial(self) -> bytes:
        """Content octets of every length and sign: one or many, leading zeros, negative, longer than the RFC allows."""
        n = self.number
        odd = {0: n + 1, 1: 0x80 + n, 2: 0xFF00 + n, 3: (1 << 159) - n, 4: (1 << 160) + n, 5: -n, 6: -(1 << 63) - n}
        return serials.from_int(odd.get(n % 12, (0x1234567890ABCDEF << 64) + n))


KINDS: list[dict[str, object]] = [
    {},
    {"imported": ...},
    {"first": ...},
    {"last": ...},
    {"first": Reason.certificateHold},
    {"first": Reason.certificateHold, "released": True},
    {"first": Reason.certificateHold, "last": ...},
    {"expires": -HOUR},
    {"first": ..., "expires": -HOUR},
    {"first": ..., "expires": -4 * DAY},
    {"imported": ..., "expires": 10 * DAY},
    {"last": Reason.keyCompromise},
]
"""What may become of a certificate; `...` stands for each reason in turn."""


def lives(reasons: Sequence[Reason]) -> list[Life]:
    """Ten of each kind; one in six is a CA's."""
    final = [reason for reason in reasons if reason is not Reason.certificateHold]
    return [_life(number, final) for number in range(NUMBER)]


def _life(number: int, reasons: Sequence[Reason]) -> Life:
    turn, kind = divmod(number, len(KINDS))
    chosen = {key: reasons[turn % len(reasons)] if value is ... else value for key, value in KINDS[kind].items()}
    return Life(number, is_ca=turn in (3, 7), **chosen)  # type: ignore[arg-type]


class Judged:
    """The PKI at the end of its history, published.

    Args:
        crl: the table [public.crl], in TOML.
        named: the CRLs that certificates name and judges get, by the beginning of their label; all of them if empty.
    """

    def __init__(
        self, folder: Path, crl: str, *, named: Sequence[str] = (), reasons: Sequence[Reason] = REASONS
    ) -> None:
        self.folder = folder
        self.end = clock.now().replace(microsecond=0)
        self._authority = Authority(not_before=self.end - 10 * DAY)
        estate = Estate.build(folder, authority=self._authority, public=f"crl = {crl}")
        self.world = World(estate, self.end - 5 * DAY)
        self.profile: IssuerProfile = next(iter(self.world.public.profiles.values()))
        complete = self.profile.complete_crls.values()
        self.specs = [spec for spec in complete if not named or spec.label.partition(".")[0] in named]
        self._before: dict[str, bytes] = {}
        self.lives = lives(reasons)
        self._live()

    def case(self) -> Case:
        """What the judges get: the complete CRLs."""
        files = {life.name: self.folder / f"{life.number}.pem" for life in self.lives}
        crls = {spec.label: self._served(spec) for spec in self.specs}
        named = {life.name: [spec.label for spec in self._named(life)] for life in self.lives}
        return Case(self.folder, self.folder / "ca.pem", files, crls, named)

    def case_of_deltas(self) -> Case:
        """The complete CRLs of before the changes of the last hour, and the deltas of now."""
        deltas = [self.profile.crls[str(spec.name.of_delta)] for spec in self.specs]
        return replace(self.case(), crls=self._before | {spec.label: self._served(spec) for spec in deltas})

    def _served(self, spec: CRLSpec) -> bytes:
        return (self.world.root / spec.path).read_bytes()

    def truth(self) -> dict[str, str]:
        """What the ledger says: of what expired longer ago than its CRLs speak of it, that it is not revoked."""
        with self.world.signer.ledger.read() as connection:
            issuer = self.profile.issuer
            gone = {
                departed.serial
                for spec in self.profile.crls.values()
                for departed in left(connection, issuer, Selection.of(spec))
                if departed.why is Why.EXPIRED
            }
            found = {life.name: facts.find(connection, issuer, life.serial) for life in self.lives}
        return {name: _words(one.revocation if one and one.serial not in gone else None) for name, one in found.items()}

    def expired(self) -> set[str]:
        """The names of the certificates that have."""
        return {life.name for life in self.lives if life.expires <= timedelta(0)}

    def _live(self) -> None:
        world = self.world
        world.estate.import_(world.signer, [self._entry(life) for life in self.lives], world.now)
        self._revoke({life: life.first for life in self.lives})
        while world.now < self.end - HOUR:
            world.tick()
            world.now = min(world.now + 12 * HOUR, self.end - HOUR)
        self._before = {spec.label: self._served(spec) for spec in self.specs}
        self._revoke({life: life.last for life in self.lives})
        for life in self.lives:
            if life.released:
                body = Release(issuer="test", serial=serials.to_hex(life.serial))
                reply = handle(world.signer, world.estate.ask(Verb.RELEASE, body, world.now), fixed(world.now))
                assert reply.outcome is Outcome.DONE, reply.detail
        world.tick()
        world.now = self.end
        world.tick()
        world.publish()
        assert not any(status.set_aside for status in world.statuses())

    def _revoke(self, reasons: dict[Life, Reason | None]) -> None:
        for life, reason in reasons.items():
            if reason is not None:
                self.world.revoke(serials.to_int(life.serial), reason.name)

    def _entry(self, life: Life) -> ImportEntry:
        data, not_after = self._certificate(life), self.end + life.expires
        (self.folder / f"{life.number}.pem").write_text(ssl.DER_cert_to_PEM_cert(data))
        revocation = None
        if life.imported is not None:
            revocation = Revocation(self.end - 6 * DAY, life.imported, self.end - 7 * DAY)
        return ImportEntry(life.serial, not_after, life.is_ca, revocation, data, f"{life.number}.pem")

    def _certificate(self, life: Life) -> bytes:
        points = [
            x509.DistributionPoint([x509.UniformResourceIdentifier(spec.url)], None, _flags(spec), None)
            for spec in self._named(life)
        ]
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, life.name)]))
            .issuer_name(self._authority.certificate.subject)
            .public_key(_KEY.public_key())
            .serial_number(1)
            .not_valid_before(self.end - 8 * DAY)
            .not_valid_after(self.end + life.expires)
            .add_extension(x509.BasicConstraints(ca=life.is_ca, path_length=None), critical=True)
            .add_extension(x509.CRLDistributionPoints(points), critical=False)
        )
        return with_serial(self._authority, life.serial, builder.sign(self._authority.key, SHA256()))

    def _named(self, life: Life) -> list[CRLSpec]:
        covering = [spec for spec in self.specs if spec.settings.scope.covers(life.is_ca)]
        return [spec for spec in covering if spec.name.shard in (0, life.number % (spec.settings.shards or 1) + 1)]


def _flags(spec: CRLSpec) -> frozenset[x509.ReasonFlags] | None:
    return frozenset(x509.ReasonFlags(reason.name) for reason in spec.settings.only_some_reasons) or None


def _words(revocation: Revocation | None) -> str:
    return f"revoked since {clock.iso(revocation.revoked_at)} ({revocation.reason.name})" if revocation else "good"
