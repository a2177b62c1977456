"""Clients of OCSP that others wrote, and what each makes of a response that lies in a file.

A verdict is `good`, `revoked`, or the client's own words.
"""

import asyncio
import re
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import OCSPNoMatchesError, OCSPValidationError, RevokedError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response

from tests.authority import Authority
from tests.whole import libcrypto


@dataclass(frozen=True)
class Signed:
    """A folder with `ca.pem`, and NAME.pem and NAME.ocsp of each certificate."""

    folder: Path

    @classmethod
    def write(
        cls,
        folder: Path,
        authority: Authority,
        responses: Mapping[str, bytes],
        serials: Mapping[str, int],
        ends: datetime,
    ) -> "Signed":
        """The files: certificates with these serials, valid for a month until `ends`, and the responses for them."""
        authority.write(folder / "ca.pem")
        for name, response in responses.items():
            (folder / f"{name}.ocsp").write_bytes(response)
            builder = (
                x509.CertificateBuilder()
                .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
                .issuer_name(authority.certificate.subject)
                .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
                .serial_number(serials[name])
                .not_valid_before(ends - timedelta(days=31))
                .not_valid_after(ends)
            )
            leaf = builder.sign(authority.key, authority.digest)
            (folder / f"{name}.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
        return cls(folder)

    def response(self, name: str) -> bytes:
        """The response for the certificate of that name."""
        return (self.folder / f"{name}.ocsp").read_bytes()


def openssl(signed: Signed, name: str) -> str:
    """`openssl ocsp`."""
    files = ["-issuer", "ca.pem", "-CAfile", "ca.pem", "-cert", f"{name}.pem", "-respin", f"{name}.ocsp"]
    said = _run(["openssl", "ocsp", *files, "-no_nonce"], signed.folder)
    found = re.match(r"Response verify OK\n\S+: (good|revoked)\n", said)
    return found[1] if found else said


def openssl_3_5(signed: Signed, name: str) -> str:
    """What `openssl ocsp` of that version makes of it."""
    ca, leaf = (ssl.PEM_cert_to_DER_cert((signed.folder / f"{one}.pem").read_text()) for one in ("ca", name))
    return libcrypto.ocsp(ca, leaf, signed.response(name), "sha1")


def ocsptool(signed: Signed, name: str) -> str:
    """GnuTLS."""
    return _ocsptool(signed, name, "--load-issuer", "ca.pem", "--load-trust", "ca.pem")


def ocsptool_told_the_signer(signed: Signed, name: str) -> str:
    """The same where the CA key signed: by its ResponderID alone it finds no signer among those that it trusts."""
    return _ocsptool(signed, name, "--load-signer", "ca.pem")


def _ocsptool(signed: Signed, name: str, *options: str) -> str:
    said = _run(["ocsptool", "--verify-response", *options, "--load-response", f"{name}.ocsp"], signed.folder)
    said += _run(["ocsptool", "--response-info", "--load-response", f"{name}.ocsp"], signed.folder)
    found = set(re.findall(r"Certificate Status: (good|revoked)", said))
    return found.pop() if "Verifying OCSP Response: Success." in said and len(found) == 1 else said


def pyhanko(signed: Signed, name: str) -> str:
    """pyhanko-certvalidator."""
    return asyncio.run(_pyhanko(signed, name))


async def _pyhanko(signed: Signed, name: str) -> str:
    ca, leaf = (
        asn1.Certificate.load(ssl.PEM_cert_to_DER_cert((signed.folder / f"{one}.pem").read_text()))
        for one in ("ca", name)
    )
    context = ValidationContext(
        [ca], ocsps=[asn1_ocsp.OCSPResponse.load(signed.response(name))], revocation_mode="require"
    )
    try:
        await verify_ocsp_response(leaf, ValidationPath(CertTrustAnchor(ca), [], leaf), context)
    except RevokedError:
        return "revoked"
    except (OCSPNoMatchesError, OCSPValidationError) as error:
        return str(error)
    return "good"


def _run(command: list[str], folder: Path) -> str:
    """Both outputs, whatever the exit code."""
    ended = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, check=False
    )
    return ended.stdout
