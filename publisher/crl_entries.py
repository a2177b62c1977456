"""What the entries of a CRL say, RFC 5280 section 5.3: read from the parsed list when somebody asks."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property

from cryptography import x509

from revocation import serials
from revocation.clock import iso
from revocation.errors import GateError, InputError
from revocation.status import Reason, Revocation


class Entries(Mapping[bytes, Revocation]):
    """The entries of a CRL by the content octets of their serials; indexed when first asked, read when asked for."""

    def __init__(self, crl: x509.CertificateRevocationList) -> None:
        self._crl = crl

    def check(self, latest: datetime) -> None:
        """Read every entry: relying parties that cannot read one reject the whole CRL.

        Args:
            latest: the last moment at which something on it may have been revoked.

        Raises:
            GateError: an entry that is none, or one that was revoked later.
        """
        try:
            for entry in self._crl:
                if revocation_of(entry).revoked_at > latest:
                    raise GateError(
                        f"its serial {serials.to_hex(serials.from_int(entry.serial_number))} "
                        f"is revoked from {iso(entry.revocation_date_utc)} on, later than its thisUpdate"
                    )
        except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
            raise GateError(f"an entry cannot be read: {error}") from error

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
        GateError: a reason that has no place on a complete CRL, a critical extension, or an issuer of its own.
    """
    reason, invalidity = Reason.unspecified, None
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = reason_of(extension.value.reason)
        elif isinstance(extension.value, x509.InvalidityDate):
            invalidity = extension.value.invalidity_date_utc
        elif extension.critical or isinstance(extension.value, x509.CertificateIssuer):
            raise GateError(f"an entry has the extension {extension.oid.dotted_string}, which clients must reject")
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
