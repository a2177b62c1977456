"""A relying party over HTTP that never forgets: what it saw must not go backwards, whatever dies behind the URLs.

What is not reachable says nothing. What is answered has to be valid now, and for what was asked.
"""

import http.client
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp


def ask(url: str, certificate: x509.Certificate, issuer: x509.Certificate) -> ocsp.OCSPResponse:
    """What the responder at `url` says of a certificate. Raises OSError when it is away."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA256())
    request = urllib.request.Request(
        url, builder.build().public_bytes(Encoding.DER), headers={"Content-Type": "application/ocsp-request"}
    )
    return ocsp.load_der_ocsp_response(_fetched(request))


def fetch_crl(url: str) -> x509.CertificateRevocationList:
    """The CRL that is served at `url`. Raises OSError when nobody serves it."""
    return x509.load_der_x509_crl(_fetched(urllib.request.Request(url)))


def _fetched(request: urllib.request.Request) -> bytes:
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            body: bytes = reply.read()
    except http.client.HTTPException as error:  # torn off in the middle
        raise ConnectionError(str(error)) from error
    return body


@dataclass
class HTTPWatch:
    """One who asks again and again, and compares with what was said before.

    Attributes:
        ocsp_url: the responder.
        crl_url: the issuer's CRL.
        looks: how often everything was seen.
    """

    ocsp_url: str
    crl_url: str
    issuer: x509.Certificate
    certificates: Sequence[x509.Certificate]
    crl_number: int = 0
    looks: int = 0
    revoked: set[int] = field(default_factory=set)
    listed: set[int] = field(default_factory=set)

    def look(self) -> bool:
        """See everything that is served now, and compare; False when it is not reachable."""
        try:
            self._look_at_crl()
            for certificate in self.certificates:
                self._look_at_ocsp(certificate)
        except urllib.error.HTTPError:  # somebody answered, and it is not what was asked for
            raise
        except OSError:
            return False
        self.looks += 1
        return True

    def _look_at_crl(self) -> None:
        crl, now = fetch_crl(self.crl_url), datetime.now(UTC)
        assert crl.is_signature_valid(self.issuer.public_key())  # type: ignore[arg-type]
        assert crl.next_update_utc
        assert crl.last_update_utc <= now < crl.next_update_utc, "an expired CRL was served"
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        assert number >= self.crl_number, "the CRL number went backwards"
        listed = {entry.serial_number for entry in crl}
        assert self.listed <= listed, "a revoked certificate is gone from the CRL"
        self.crl_number, self.listed = number, listed

    def _look_at_ocsp(self, certificate: x509.Certificate) -> None:
        response, now, serial = (
            ask(self.ocsp_url, certificate, self.issuer),
            datetime.now(UTC),
            certificate.serial_number,
        )
        assert response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
        assert response.serial_number == serial, "the answer is for another certificate"
        assert response.next_update_utc
        assert response.this_update_utc <= now < response.next_update_utc, "an expired response was served"
        revoked = response.certificate_status is ocsp.OCSPCertStatus.REVOKED
        assert revoked or serial not in self.revoked, "a revoked certificate turned good again"
        if revoked:
            self.revoked.add(serial)
