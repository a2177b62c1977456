"""What the entries of a CRL say, RFC 5280 section 5.3: read from the parsed list when somebody asks."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property

from cryptography import x509

from publisher.unreadable import unreadable
from revocation import serials
from revocation.clock import iso
from revocation.errors import GateError, InputError
from revocation.extensions import extension_value
from revocation.status import Reason, Revocation


class Entries(Mapping[bytes, Revocation]):
    """The entries of a CRL by the content octets of their serials; indexed when first asked, read when asked for.

    Those of a delta that take a certificate off the complete CRL are not among them: they are `removed`.
    """

    def __init__(self, crl: x509.CertificateRevocationList, *, is_delta: bool = False) -> None:
        self._crl = crl
        self._is_delta = is_delta

    @cached_property
    def removed(self) -> frozenset[bytes]:
        """The serials with removeFromCRL; only a delta has some (section 5.3.1)."""
        return frozenset(serials.from_int(e.serial_number) for e in self._crl if self._is_delta and _is_removal(e))

    def check(self, latest: datetime, forbids: Callable[[Reason], str | None]) -> None:
        """Read every entry: relying parties that cannot read one reject the whole CRL.

        Args:
            latest: the last moment at which something on it may have been revoked.
            forbids: why nothing may be revoked for a reason; None when it may be.

        Raises:
            GateError: an entry that is none, one that was revoked later, or for a reason that is forbidden.
        """
        try:
            for entry in self._crl:
                said = None if self._is_delta and _is_removal(entry) else revocation_of(entry)
                if said is not None and (forbidden := forbids(said.reason)):
                    raise GateError(f"its serial {serials.to_hex(serials.from_int(entry.serial_number))}: {forbidden}")
                if entry.revocation_date_utc > latest:
                    raise GateError(
                        f"its serial {serials.to_hex(serials.from_int(entry.serial_number))} "
                        f"is revoked from {iso(entry.revocation_date_utc)} on, later than its thisUpdate"
                    )
        except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
            raise unreadable("an entry", error) from error

    @cached_property
    def _numbers(self) -> frozenset[int]:
        return frozenset(entry.serial_number for entry in self._crl if not (self._is_delta and _is_removal(entry)))

    @cached_property
    def _index(self) -> dict[bytes, x509.RevokedCertificate]:
        listed = (entry for entry in self._crl if not (self._is_delta and _is_removal(entry)))
        return {serials.from_int(entry.serial_number): entry for entry in listed}

    def __getitem__(self, serial: bytes) -> Revocation:
        return revocation_of(self._index[serial])

    def __contains__(self, serial: object) -> bool:
        return isinstance(serial, bytes) and serials.to_int(serial) in self._numbers

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._crl) - len(self.removed) if self._is_delta else len(self._crl)


def _is_removal(entry: x509.RevokedCertificate) -> bool:
    reason = extension_value(entry.extensions, x509.CRLReason)
    return reason is not None and reason.reason is x509.ReasonFlags.remove_from_crl


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
