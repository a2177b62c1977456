"""A key that is not the certificate's, and an issuer that has expired, wherever the CA key lies: nothing is signed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from revocation import clock
from revocation.clock import fixed
from revocation.messages import Look
from signer.look import look
from signer.signer import Signer
from tests.authority import Authority
from tests.building.ca_places import CAFolder, CAKind, KeyPlaces, PlacedKey, key_places
from tests.building.s3server import S3Server
from tests.estate import Estate
from tests.signer.reading import names

KINDS = [CAKind("file", "mldsa44"), CAKind("token", "p256"), CAKind("kms", "p256")]

pytestmark = [
    pytest.mark.judge("softhsm2-util"),
    pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS]),
]


@pytest.fixture
def places(tmp_path: Path, kms_server: S3Server) -> Iterator[KeyPlaces]:
    """Where keys are made."""
    with key_places(tmp_path, kms_server.endpoint) as made:
        yield made


def build(folder: Path, placed: PlacedKey, now: datetime) -> tuple[Estate, CAFolder]:
    """An installation whose CA key is that one, and the CA's folder."""
    estate, ca = Estate.build(folder / "e"), placed.write_pki(folder / "pki", now)
    (estate.folder / "ca.pem").write_bytes(ca.ca.read_bytes())
    config = estate.folder / "revocast.toml"
    text, before = config.read_text(), 'key = "file:ca.key"\npassphrase = "file:ca.passphrase"'
    assert before in text
    config.write_text(text.replace(before, placed.settings))
    return estate, ca


def artifacts(signer: Signer) -> list[str]:
    """The CRLs and responses in the exchange."""
    return [name for name in names(signer) if "-crl-" in name or "-ocsp-" in name]


def test_key_that_is_not_the_certificates_signs_nothing_until_one_of_them_is_put_right(
    tmp_path: Path, places: KeyPlaces, kind: CAKind
) -> None:
    """Nor does it certify a responder; with the right certificate the next look makes all that is due."""
    now = clock.now().replace(microsecond=0)
    estate, ca = build(tmp_path, places.generate(kind), now)
    Authority(days=30, not_before=now - timedelta(days=1)).write(estate.folder / "ca.pem")
    estate.register(signer := estate.signer(now), [1, 2], now, not_after=now + timedelta(days=20))
    report = look(signer, fixed(now))
    assert report.made == []
    assert "is not the key of its CA certificate" in str(report.problems[0])
    assert artifacts(signer) == []
    (estate.folder / "ca.pem").write_bytes(ca.ca.read_bytes())
    estate.register(mended := estate.signer(now), [1, 2], now, not_after=now + timedelta(days=20))
    assert look(mended, fixed(now + timedelta(minutes=1))).problems == []
    assert len(artifacts(mended)) >= 2


def test_issuer_that_has_expired_signs_nothing_more_though_its_key_is_there(
    tmp_path: Path, places: KeyPlaces, kind: CAKind
) -> None:
    """Who asks is told when it expired; what was signed before stays as it is."""
    now = clock.now().replace(microsecond=0)
    estate, ca = build(tmp_path, places.generate(kind), now)
    estate.register(signer := estate.signer(now), [1, 2], now, not_after=now + timedelta(days=400))
    assert look(signer, fixed(now)).problems == []
    before = artifacts(signer)
    for moment in (ca.issuer.not_after, ca.issuer.not_after + timedelta(days=1)):
        report = look(signer, fixed(moment), hint=Look())
        assert report.made == []
        assert any("its certificate expired at" in str(problem) for problem in report.problems)
    assert artifacts(signer) == before
