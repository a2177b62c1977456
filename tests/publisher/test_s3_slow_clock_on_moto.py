"""Two publishers of one bucket, of which one has a clock that is minutes slow: what the other put stays."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from revocation import serials
from revocation.certid import CertID, CertIDHash
from revocation.ocsppath import get_path
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.bucketplace import BucketPlace
from tests.building.bundles import put_crl, put_slice
from tests.building.crl import crl
from tests.building.elsewhere import publish_elsewhere
from tests.building.ocsp import both
from tests.building.s3server import S3Place

MINUTE = timedelta(minutes=1)
EARLY, LATE = NOW - 60 * MINUTE, NOW - MINUTE / 4
FINAL = Revocation(EARLY, Reason.keyCompromise)


class Two:
    """Both have published CRL 5 and good; since then the first has CRL 7, which has an entry, and its response."""

    def __init__(self, folder: Path, s3: S3Place) -> None:
        self.right = BucketPlace(folder / "right", s3, target={"ocsp": True})
        ca, exchange = self.right.ca, self.right.exchange
        self.slow = BucketPlace(folder / "slow", s3, ca, target={"name": "second", "ocsp": True}, exchange=exchange)
        responder = ca.responder()
        put_crl(exchange, ca, 1, crl(ca, 5, this_update=EARLY), this_update=EARLY)
        put_slice(exchange, ca, 2, [*both(ca, responder, 1, this_update=EARLY), *both(ca, responder, 2)])
        self.right.publish(NOW - 59 * MINUTE)
        publish_elsewhere(self.slow, NOW - 59 * MINUTE)
        put_crl(exchange, ca, 3, crl(ca, 7, {1: FINAL}, this_update=LATE), this_update=LATE)
        put_slice(exchange, ca, 4, both(ca, responder, 1, FINAL, this_update=LATE), this_update=LATE)
        self.right.publish(NOW)

    def shown(self) -> tuple[int, str]:
        """The number of the CRL in the bucket, and what the response of the first certificate there says."""
        found = x509.load_der_x509_crl(self.right.shown())
        cert_id = CertID.of(self.right.ca.issuer, serials.from_int(1), CertIDHash.SHA256)
        (single,) = ocsp.load_der_ocsp_response(self.right.s3.read("pki/" + get_path(cert_id))).responses
        return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number, single.certificate_status.name


@pytest.mark.long
@pytest.mark.parametrize("minutes", [4, 6, 30])
def test_publisher_whose_clock_is_slow_takes_nothing_back(tmp_path: Path, s3: S3Place, minutes: int) -> None:
    """By its clock, what lies there begins later: it holds the same bundles, and puts nothing older in their place."""
    two = Two(tmp_path, s3)
    seen = [two.shown()]
    for turn in range(2):
        publish_elsewhere(two.slow, NOW + (turn - minutes) * MINUTE)
        seen.append(two.shown())
        two.right.publish(NOW + turn * MINUTE)
        seen.append(two.shown())
    assert set(seen) == {(7, "REVOKED")}


def test_publisher_without_state_and_with_bundles_of_before_takes_nothing_back(tmp_path: Path, s3: S3Place) -> None:
    """A machine that was made anew, with a copy of the exchange, and a slow clock: the CRL of the bucket is newer."""
    two = Two(tmp_path, s3)
    old = tmp_path / "old"
    put_crl(old, two.right.ca, 1, crl(two.right.ca, 5, this_update=EARLY), this_update=EARLY)
    fresh = BucketPlace(tmp_path / "fresh", s3, two.right.ca, target={"name": "third"}, exchange=old)
    for now in (NOW + MINUTE, NOW - 20 * MINUTE):
        publish_elsewhere(fresh, now)
        assert two.shown()[0] == 7
