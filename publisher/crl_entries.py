"""What the entries of a CRL say, RFC 5280 section 5.3: read from the parsed list when somebody asks."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from cryptography import x509

from revocation import serials
from revocation.errors import GateError, InputError
from revocation.status import Reason, Revocation


class Entries(Mapping[bytes, Revocation]):
    """The entries of a CRL by the content octets of their serials; indexed when first asked, read when asked for."""

    def __init__(self, crl: x509.CertificateRevocationList) -> None:
        self._crl = crl

    @cached_property
    def _numbers(self) -> frozenset[int]:
        return frozenset(entry.serial_number for entry in self._crl)

    @cached_property
    def _index(self) -> dict[bytes, x509.RevokedCertificate]:
        return {serials.from_int(entry.serial_number): entry for entry in self._crl}

    def __getitem__(self, serial: bytes) -> Revocation:
        return revocation_of(self._index[serial])

    def __contains__(self, serial: object) -> bool:
        return isinstance(serial, bytes) and serials.to_int(serial) in self._numbers

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._crl)


def revocation_of(entry: x509.RevokedCertificate) -> Revocation:
    """What a CRL entry says (section 5.3).

    Raises:
        GateError: a reason that has no place on a complete CRL, or a critical extension.
    """
    reason, invalidity = Reason.unspecified, None
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = reason_of(extension.value.reason)
        elif isinstance(extension.value, x509.InvalidityDate):
            invalidity = extension.value.invalidity_date_utc
        elif extension.critical:
            raise GateError(f"an entry has the critical extension {extension.oid.dotted_string}")
    return Revocation(entry.revocation_date_utc, reason, invalidity)


def reason_of(flag: x509.ReasonFlags) -> Reason:
    """A reason as the library names it.

    Raises:
        GateError: removeFromCRL, which belongs to delta CRLs.
    """
    try:
        return Reason.parse(flag.name)
    except InputError as error:
        raise GateError(f"the reason {flag.value} has no place in a complete status") from error
