"""Delta CRLs, up to a client: whoever has a complete CRL that is still valid, and the newest delta, is told all."""

import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.clock import fixed
from revocation.messages import Outcome, Raise, Release, Verb
from signer.handle import handle
from tests.authority import NOW, Authority
from tests.estate import Estate
from tests.whole.world import World

HOUR, SECOND, DAY = timedelta(hours=1), timedelta(seconds=1), timedelta(days=1)
SERIALS = range(1, 9)


class Deltas:
    """An issuer with deltas: 1 and 2 revoked, 3, 4 and 5 on hold, the others good, all published."""

    def __init__(self, folder: Path, lines: str, name: str) -> None:
        self.authority = Authority(days=7300)
        public = f"crl = {{ {lines} }}\n[public.ocsp]\nslices = 1\n"
        self.world = World(Estate.build(folder / "e", authority=self.authority, public=public))
        self.folder, self.name = folder, name
        self.world.estate.register(self.world.signer, SERIALS)
        for serial, reason in (
            (1, "keyCompromise"),
            (2, "superseded"),
            *((held, "certificateHold") for held in (3, 4, 5)),
        ):
            self.world.revoke(serial, reason)
        self.settle()

    def settle(self) -> None:
        """Ticks until the delta has followed the complete CRL: numbers and times differ by a second."""
        for _ in range(3):
            self.world.now += SECOND
            self.world.tick()
            assert all(status.set_aside == [] for status in self.world.statuses())

    def ask(self, verb: Verb, serial: int) -> None:
        """The operator's message about one of them."""
        bodies = {Verb.RELEASE: Release, Verb.RAISE: Raise}
        more = {"reason": "keyCompromise"} if verb is Verb.RAISE else {}
        body = bodies[verb](issuer="test", serial=f"{serial:02X}", **more)
        message = self.world.estate.ask(verb, body, self.world.now)
        assert handle(self.world.signer, message, fixed(self.world.now)).outcome is Outcome.DONE

    def published(self, label: str) -> bytes:
        """The bytes of a CRL as it is served."""
        return (self.world.root / f"crl/{self.world.issuer.id}/{label}.crl").read_bytes()

    def read(self, label: str) -> tuple[x509.CertificateRevocationList, dict[int, str]]:
        """A CRL as it is served, with the reason of each entry."""
        crl = x509.load_der_x509_crl(self.published(label))
        assert crl.is_signature_valid(self.authority.key.public_key())
        said = {}
        for entry in crl:
            reasons = [e.value.reason.value for e in entry.extensions if isinstance(e.value, x509.CRLReason)]
            said[entry.serial_number] = reasons[0] if reasons else "unspecified"
        return crl, said

    def openssl(self, complete: bytes, delta: bytes) -> dict[int, bool]:
        """Which of the certificates openssl calls revoked by these two CRLs."""
        (self.folder / "complete.crl").write_bytes(complete)
        (self.folder / "delta.crl").write_bytes(delta)
        ca = self.authority.write(self.folder / "ca.pem")
        return {serial: self._is_revoked(serial, ca) for serial in SERIALS}

    def _is_revoked(self, serial: int, ca: Path) -> bool:
        leaf = self.folder / "leaf.pem"
        leaf.write_bytes(self._leaf(serial).public_bytes(Encoding.PEM))
        at = str(int(self.world.now.timestamp()))
        crls = [word for name in ("complete", "delta") for word in ("-CRLfile", str(self.folder / f"{name}.crl"))]
        options = ["-crl_check", "-extended_crl", "-use_deltas", "-attime", at, "-CAfile", str(ca), *crls]
        done = subprocess.run(["openssl", "verify", *options, str(leaf)], capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert done.returncode == 0 or "certificate revoked" in said, said
        return done.returncode != 0

    def _leaf(self, serial: int) -> x509.Certificate:
        (profile,) = self.world.public.profiles.values()
        url = profile.complete_crls[self.name].url
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"leaf {serial}")])
        builder = x509.CertificateBuilder(
            self.authority.certificate.subject, subject, ec.generate_private_key(ec.SECP256R1()).public_key(), serial
        )
        builder = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + 300 * DAY)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        return builder.sign(self.authority.key, SHA256())


FORMS = {
    "all": 'delta = "4h"',
    "user": 'scopes = ["user"], delta = "4h"',
    "user.1": 'scopes = ["user"], delta = "4h", shards = 1, assign = "serial"',
}


@pytest.fixture(params=FORMS)
def deltas(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Deltas]:
    made = Deltas(tmp_path, FORMS[request.param], request.param)
    yield made
    made.world.close()


@pytest.mark.judge("openssl")
def test_client_with_an_older_complete_crl_and_the_delta_is_told_all(deltas: Deltas) -> None:
    """Revoked, released, made final and held since: openssl calls of each what the ledger says, with the older one."""
    older = deltas.published(deltas.name)
    deltas.world.now += HOUR
    deltas.world.revoke(6)
    deltas.world.revoke(7, "certificateHold")
    deltas.ask(Verb.RELEASE, 3)
    deltas.world.revoke(4, "superseded")
    deltas.settle()
    delta = deltas.published(f"{deltas.name}.delta")
    assert deltas.published(deltas.name) != older
    wanted = {serial: serial in (1, 2, 4, 5, 6, 7) for serial in SERIALS}
    assert deltas.openssl(older, delta) == wanted
    assert deltas.openssl(deltas.published(deltas.name), delta) == wanted
    deltas.ask(Verb.RELEASE, 7)
    deltas.settle()
    assert deltas.openssl(older, deltas.published(f"{deltas.name}.delta")) == {**wanted, 7: False}


def test_delta_says_what_changed_since_a_published_complete_crl(deltas: Deltas) -> None:
    """Its base is one that was published, its number is of the same sequence, and it has what changed and no more."""
    base, _ = deltas.read(deltas.name)
    deltas.world.now += HOUR
    deltas.world.revoke(6)
    deltas.ask(Verb.RELEASE, 3)
    deltas.ask(Verb.RAISE, 2)
    deltas.settle()
    complete, _ = deltas.read(deltas.name)
    delta, said = deltas.read(f"{deltas.name}.delta")
    assert said == {6: "keyCompromise", 2: "keyCompromise", 3: "removeFromCRL"}
    indicator = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    numbers = [c.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for c in (base, complete, delta)]
    assert (indicator.critical, indicator.value.crl_number) == (True, numbers[0])
    assert numbers == sorted(set(numbers))
    assert delta.last_update_utc > complete.last_update_utc
    freshest = complete.extensions.get_extension_for_class(x509.FreshestCRL)
    (name,) = freshest.value[0].full_name or ()
    assert name.value.endswith(f"/crl/{deltas.world.issuer.id}/{deltas.name}.delta.crl")
    assert not any(isinstance(extension.value, x509.FreshestCRL) for extension in delta.extensions)
    idp = [
        [e.value for e in c.extensions if isinstance(e.value, x509.IssuingDistributionPoint)] for c in (complete, delta)
    ]
    assert idp[0] == idp[1]


@pytest.mark.long
@pytest.mark.parametrize("more", ["", ", keep_expired = true"])
def test_base_is_the_oldest_complete_crl_that_is_still_valid(tmp_path: Path, more: str) -> None:
    """So a delta serves everybody who has one; a revocation leaves it when no valid complete CRL lacks it."""
    deltas = Deltas(tmp_path, FORMS["user"] + more, "user")
    deltas.world.now += HOUR
    deltas.world.revoke(6)
    deltas.settle()
    for _ in range(11):
        deltas.world.now += HOUR
        deltas.settle()
    assert set(deltas.read("user.delta")[1]) == {6}
    for _ in range(13):
        deltas.world.now += HOUR
        deltas.settle()
    delta, said = deltas.read("user.delta")
    assert said == {}
    base = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number
    assert base > (NOW + HOUR).timestamp()


def test_delta_takes_nothing_off_that_is_revoked_since_before_its_base(tmp_path: Path) -> None:
    """Pages that are lost have every change of a reason noted again; the certificate is revoked all the same."""
    deltas = Deltas(tmp_path, 'delta = "4h"', "all")
    deltas.world.revoke(3, "keyCompromise")
    deltas.settle()
    for _ in range(5):
        deltas.world.now += 12 * HOUR
        deltas.settle()
    assert deltas.read("all.delta")[1] == {}
    with sqlite3.connect(deltas.world.estate.folder / "signer/ledger.sqlite") as ledger:
        ledger.executescript("DELETE FROM crl_pages; DELETE FROM crl_paged")
    deltas.world.revoke(6)
    deltas.settle()
    assert set(deltas.read("all.delta")[1]) == {6}
    assert set(deltas.read("all")[1]) == {1, 2, 3, 4, 5, 6}


@pytest.mark.long
def test_every_delta_is_valid_at_every_hour_of_three_days(tmp_path: Path) -> None:
    """It is renewed after half of its life, also when nothing changes."""
    deltas = Deltas(tmp_path, FORMS["all"], "all")
    for _ in range(72):
        deltas.world.now += HOUR - SECOND
        deltas.world.tick()
        for label in ("all", "all.delta"):
            crl, _ = deltas.read(label)
            assert crl.next_update_utc
            assert crl.last_update_utc <= deltas.world.now < crl.next_update_utc
        deltas.world.now += SECOND
        deltas.world.tick()


def test_no_delta_before_a_complete_crl_is_published(tmp_path: Path) -> None:
    """Nobody could use it. That the complete one points to it a second early harms nobody."""
    public = 'crl = { delta = "4h" }\n[public.ocsp]\nslices = 1\n'
    world = World(Estate.build(tmp_path / "e", public=public))
    world.estate.register(world.signer, [1])
    for _ in range(3):
        world.now += SECOND
        world.look()
    assert [stored.name for stored in world.signer.exchange.list() if "delta" in stored.name] == []
    world.tick()
    world.now += SECOND
    world.tick()
    assert any("all.delta" in stored.name for stored in world.signer.exchange.list())


def test_switching_deltas_on_and_off_makes_the_complete_crl_anew(tmp_path: Path) -> None:
    """It points to a delta that is there, and not to one that nobody renews; the file goes with the setting."""
    estate = Estate.build(tmp_path / "e", public='crl = { scopes = ["all"] }\n[public.ocsp]\nslices = 1\n')
    config, written = estate.folder / "revocast.toml", (estate.folder / "revocast.toml").read_text()
    now = NOW
    for lines, has in (("", False), (', delta = "4h"', True), ("", False)):
        config.write_text(written.replace('["all"]', f'["all"]{lines}'))
        with World(estate, now) as world:
            for _ in range(3):
                world.now += SECOND
                world.tick()
            crl = world.crl()
            assert crl is not None
            assert any(isinstance(extension.value, x509.FreshestCRL) for extension in crl.extensions) is has
            assert (world.root / f"crl/{world.issuer.id}/all.delta.crl").exists() is has
            assert all(status.set_aside == [] for status in world.statuses())
            now = world.now


def test_retired_issuer_has_no_delta(tmp_path: Path) -> None:
    """Its last CRL is followed by nothing."""
    public = 'crl = { delta = "4h" }\n[public.ocsp]\nslices = 1\n'
    estate = Estate.build(tmp_path / "e", public=public, signer='limits = { last_crl = "never" }')
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('name = "test"\n', 'name = "test"\nlast_crl = "expiry"\n', 1))
    (profile,) = World(estate).public.profiles.values()
    assert list(profile.crls) == ["all"]
    assert profile.crls["all"].freshest is None


@pytest.mark.judge("openssl")
def test_delta_of_a_restored_ledger_does_not_make_a_revoked_certificate_good(tmp_path: Path) -> None:
    """The complete CRL of before and the newest delta still say what they said: 6 is revoked, whatever was lost."""
    deltas = Deltas(tmp_path, FORMS["all"], "all")
    older, world = deltas.published("all"), deltas.world
    world.estate.copy_ledger(tmp_path / "copy")
    world.now += HOUR
    world.revoke(6)
    deltas.settle()
    world.close()
    world.estate.restore_ledger(tmp_path / "copy")
    deltas.world = world = World(Estate.at(world.estate.folder), world.now + HOUR)
    world.revoke(7)
    for _ in range(3):
        world.tick()
        world.now += SECOND
    assert deltas.openssl(older, deltas.published("all.delta"))[6]


def test_delta_that_was_not_renewed_keeps_no_complete_crl_from_being_published(tmp_path: Path) -> None:
    """Nobody told the signer for days what is published: the last delta lists a hold that has long ended."""
    deltas = Deltas(tmp_path, FORMS["all"], "all")
    world = deltas.world
    for day in range(6):
        if day == 2:
            deltas.ask(Verb.RELEASE, 3)
        for _ in range(4):
            world.now += 6 * HOUR
            world.look()
            world.publish()
    assert set(deltas.read("all")[1]) == {1, 2, 4, 5}
    assert all(status.set_aside == [] for status in world.statuses())
    deltas.settle()
    assert deltas.read("all.delta")[0].next_update_utc > world.now
