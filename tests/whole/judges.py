"""Judges of CRLs: what relying parties that others wrote make of each certificate with an issuer's CRLs at hand.

A verdict is `good`, `revoked` (with reason and date, where the judge says them), or the judge's own words.
"""

import asyncio
import re
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import CRLNoMatchesError, CRLValidationError, RevokedError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl

from revocation.clock import iso
from revocation.status import Reason

Verdicts: TypeAlias = dict[str, str]
"""By the common name of the certificate."""

EXPIRED, REVOKED, OTHER_SCOPE = "10", "23", "44"
"""Errors of OpenSSL: X509_V_ERR_CERT_HAS_EXPIRED, _CERT_REVOKED, _DIFFERENT_CRL_SCOPE."""

_NOT_VERIFIED = "Not verified. The certificate is NOT trusted. The certificate chain"
_CERTTOOL = {
    "Verified. The certificate is trusted.": "good",
    f"{_NOT_VERIFIED} is revoked.": "revoked",
    f"{_NOT_VERIFIED} uses expired certificate.": "expired",
}


@dataclass(frozen=True)
class Case:
    """What is to be judged.

    Attributes:
        folder: for files that judges want.
        ca: the CA certificate, PEM.
        certificates: PEM files by the common name of their subject.
        crls: of the CA, DER, by label.
        named: the labels of the CRLs that each certificate names.
    """

    folder: Path
    ca: Path
    certificates: Mapping[str, Path]
    crls: Mapping[str, bytes]
    named: Mapping[str, Sequence[str]]

    def pem(self, *labels: str) -> Path:
        """Those CRLs in one PEM file; all of them where none is named."""
        file = self.folder / f"crl-{'-'.join(labels)}.pem"
        parsed = [x509.load_der_x509_crl(self.crls[label]) for label in labels or self.crls]
        file.write_bytes(b"".join(crl.public_bytes(Encoding.PEM) for crl in parsed))
        return file

    def without(self, label: str) -> "Case":
        """The same with one CRL less."""
        return replace(self, crls={name: data for name, data in self.crls.items() if name != label})


def openssl(case: Case, now: datetime, *options: str) -> dict[str, frozenset[str]]:
    """The numbers of the errors that `openssl verify` has for each certificate, in one run over all; none is good.

    It looks for the CRLs that a certificate names among all of them, and stops at a revocation.
    """
    command = ["openssl", "verify", "-crl_check", *options, "-attime", str(int(now.timestamp()))]
    command += ["-CAfile", str(case.ca), "-CRLfile", str(case.pem())]
    done = subprocess.run([*command, *case.certificates.values()], capture_output=True, text=True, check=False)
    found: dict[str, set[str]] = {name: set() for name in case.certificates}
    for name, error in re.findall(r"^CN = (.+)\nerror (\d+) at 0 depth", done.stderr, re.M):
        found[name].add(error)
    right = {name for name, file in case.certificates.items() if f"{file}: OK\n" in done.stdout}
    assert right == {name for name, errors in found.items() if not errors}, done.stdout + done.stderr
    return {name: frozenset(errors) for name, errors in found.items()}


def gnutls(case: Case) -> Verdicts:
    """What `certtool --verify` says: `good`, `revoked` or `expired`, at which it stops.

    It knows no IDP and keeps one CRL of an issuer, so it gets those that a certificate names one at a time: revoked is
    what is on one of them. Its clock is that of the machine.
    """
    files = {label: case.pem(label) for label in case.crls}
    found = {}
    for name, file in case.certificates.items():
        said = {_certtool(case, file, files[label]) for label in case.named[name]}
        found[name] = max(said, key=("good", "expired", "revoked").index)
    return found


def _certtool(case: Case, certificate: Path, crl: Path) -> str:
    command = ["certtool", "--verify", "--load-ca-certificate", case.ca, "--load-crl", crl, "--infile", certificate]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Loaded CAs (2 available)" in done.stdout + done.stderr, "the CRL was not loaded"
    (verdict,) = re.findall("^Chain verification output: (.*?) *$", done.stdout, re.M)
    return _CERTTOOL[verdict]


def gnutls_verifies(case: Case, label: str) -> bool:
    """Whether `certtool --verify-crl` accepts signature and window of a CRL."""
    command = ["certtool", "--verify-crl", "--load-ca-certificate", case.ca, "--infile", case.pem(label)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "Verification output: Verified." in done.stdout


def pyhanko(case: Case, now: datetime) -> Verdicts:
    """What pyhanko-certvalidator says by the algorithm of RFC 5280 section 6.3, with deltas."""
    return asyncio.run(_pyhanko(case, now))


async def _pyhanko(case: Case, now: datetime) -> Verdicts:
    ca = _asn1(case.ca)
    context = ValidationContext([ca], crls=case.crls.values(), moment=now, revocation_mode="require")
    found = {}
    for name, file in case.certificates.items():
        leaf = _asn1(file)
        try:
            await verify_crl(leaf, ValidationPath(CertTrustAnchor(ca), [], leaf), context)
        except RevokedError as error:
            found[name] = f"revoked since {iso(error.revocation_dt)} ({Reason.parse(error.reason.native).name})"
        except (CRLNoMatchesError, CRLValidationError) as error:
            found[name] = str(error)
        else:
            found[name] = "good"
    return found


def _asn1(file: Path) -> asn1.Certificate:
    return asn1.Certificate.load(ssl.PEM_cert_to_DER_cert(file.read_text()))
