"""Reading what the signer put into the exchange, with `cryptography` and nothing of the signer's."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta

from cryptography import x509
from cryptography.x509 import ocsp

from revocation.bundle import BundleReader
from revocation.bundle.reader import split_responses
from revocation.errors import BundleError
from revocation.messages import Look
from revocation.published import CRLRow
from revocation.wire.exchange import Stored
from signer.signer import Signer
from tests.authority import NOW


def bundles(signer: Signer, kind: str) -> Iterator[tuple[BundleReader, list[bytes]]]:
    """Every bundle of a kind with the objects in it, oldest first; anew where a signer that runs took one out."""
    while True:
        listed = signer.exchange.list()
        try:
            return iter(list(_read(signer, listed, kind)))
        except BundleError:
            if signer.exchange.list() == listed:
                raise


def _read(signer: Signer, listed: Sequence[Stored], kind: str) -> Iterator[tuple[BundleReader, list[bytes]]]:
    for stored in listed:
        if f"-{kind}-" not in stored.name:
            continue
        with signer.exchange.open(stored.name) as source:
            reader = BundleReader(stored.name, source)
            files = [data for _, data in reader.artifacts()]
        objects = files[:1] if kind == "crl" else [response for chunk in files for response in split_responses(chunk)]
        yield reader, objects


def told(signer: Signer) -> Look:
    """What jobs would tell the signer if all that lies in the exchange were published."""
    rows = {}
    for reader, (data,) in bundles(signer, "crl"):
        manifest = reader.manifest
        rows[manifest.part.label] = CRLRow(
            issuer=manifest.part.issuer,
            label=manifest.part.label,
            number=manifest.crl_number or 0,
            revision=manifest.revision,
            this_update=manifest.this_update,
            next_update=manifest.next_update,
            renew_at=manifest.next_update,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
        )
    return Look(crls=tuple(rows.values()))


def newest_crl(signer: Signer, scope: str = "all") -> x509.CertificateRevocationList:
    """The CRL in the newest bundle of a scope."""
    found = [data for reader, (data,) in bundles(signer, "crl") if reader.manifest.part.label == scope]
    return x509.load_der_x509_crl(found[-1])


def crl_serials(signer: Signer, scope: str = "all") -> list[int]:
    """The serials on the newest CRL of a scope."""
    return [entry.serial_number for entry in newest_crl(signer, scope)]


def statuses(signer: Signer) -> dict[tuple[int, str], str]:
    """The status in the newest response for each (serial, hash): GOOD or REVOKED."""
    newest: dict[tuple[int, str], str] = {}
    for _, responses in bundles(signer, "ocsp"):
        for data in responses:
            for single in ocsp.load_der_ocsp_response(data).responses:
                newest[single.serial_number, single.hash_algorithm.name] = single.certificate_status.name
    return newest


def names(signer: Signer) -> list[str]:
    """What lies in the exchange."""
    return [stored.name for stored in signer.exchange.list()]


def behind(signer: Signer, revision: int) -> CRLRow:
    """What a target would say that has a CRL of another revision."""
    (profile,) = signer.public.profiles.values()
    times = {"this_update": NOW, "next_update": NOW + timedelta(hours=1), "renew_at": NOW + timedelta(hours=1)}
    return CRLRow(issuer=profile.issuer.id, label="all", number=1, revision=revision, sha256="0" * 64, size=1, **times)
