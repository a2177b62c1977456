"""What a CRL says, for people who compare: read back from a bundle, or kept where a lost ledger learned of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from sqlalchemy import Connection

from revocation import serials
from revocation.bundle import BundleReader
from revocation.clock import epoch, from_epoch
from revocation.errors import BundleError
from revocation.extensions import extension_value
from revocation.part import Part
from revocation.status import Reason
from signer.ledger import ceremonies
from signer.ledger.ceremonies import Ceremony, Step
from signer.signer import Signer


@dataclass(frozen=True)
class CRLContent:
    """What a CRL says.

    Attributes:
        entries: the reason of each serial.
    """

    number: int
    this_update: datetime
    next_update: datetime
    entries: Mapping[bytes, Reason]


def read_crl(signer: Signer, bundle: str) -> CRLContent | None:
    """The CRL in a bundle of the exchange; None where that is not there any more."""
    try:
        with signer.exchange.open(bundle) as source:
            reader = BundleReader(bundle, source)
            found = x509.load_der_x509_crl(reader.content(reader.manifest.entries[0]))
    except BundleError:
        return None
    number = extension_value(found.extensions, x509.CRLNumber)
    entries = {serials.from_int(entry.serial_number): _reason(entry) for entry in found}
    end = found.next_update_utc or found.last_update_utc
    return CRLContent(number.crl_number if number else 0, found.last_update_utc, end, entries)


def keep_reconciled(connection: Connection, crls: Iterable[tuple[Part, CRLContent]], digest: str, at: datetime) -> None:
    """Keep what the newest CRLs of before said: the next ceremony shows what it adds to them.

    Args:
        digest: of all that was read, SHA-256 in hexadecimal; it stands in the place of a request.
    """
    detail = {f"{part.issuer}/{part.label}": _as_json(content) for part, content in crls}
    ceremonies.note(connection, Ceremony(Step.RECONCILED, at, digest, at, None, detail))


def reconciled(connection: Connection, part: Part) -> CRLContent | None:
    """What a CRL said when the ledger last learned of it; None where that never was."""
    held = ceremonies.last(connection, Step.RECONCILED)
    found = held.detail.get(f"{part.issuer}/{part.label}") if held is not None else None
    if found is None:
        return None
    entries = {bytes.fromhex(serial): Reason(reason) for serial, reason in found["entries"].items()}
    times = (from_epoch(found["this_update"]), from_epoch(found["next_update"]))
    return CRLContent(int(found["number"]), *times, entries)


def _as_json(content: CRLContent) -> dict[str, Any]:
    times = {"this_update": epoch(content.this_update), "next_update": epoch(content.next_update)}
    entries = {serial.hex(): int(reason) for serial, reason in content.entries.items()}
    return {"number": str(content.number), **times, "entries": entries}


def _reason(entry: x509.RevokedCertificate) -> Reason:
    reason = extension_value(entry.extensions, x509.CRLReason)
    return Reason.parse(reason.reason.value) if reason is not None else Reason.unspecified
