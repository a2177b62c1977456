"""The certificate files of a PKI folder by serial, so that each line of its index finds its certificate."""

from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import serials
from revocation.errors import InputError
from revocation.issuer import Issuer
from signer.importers.certificate import IssuedCertificate, issued_by, load, serial_of

_NAMED_BY_SERIAL = frozenset({"certs_by_serial", "newcerts"})


class Catalogue:
    """Certificate files, found by serial; read and verified when they are asked for, not before.

    Files in `certs_by_serial` and `newcerts` are named for their serial, others are opened to learn it. The first
    certificate of a file is the one; what follows it is its chain.
    """

    def __init__(self, issuer: Issuer, files: Iterable[Path]) -> None:
        self._issuer = issuer
        self._files: dict[bytes, list[Path]] = {}
        for file in files:
            self._files.setdefault(_serial(file), []).append(file)

    def take(self, serial: bytes) -> IssuedCertificate | None:
        """The certificate of that serial, once; None where no file has it.

        Raises:
            InputError: not readable, not this issuer's, of another serial, or two files contradict each other.
        """
        found: IssuedCertificate | None = None
        for file in self._files.pop(serial, ()):
            certificate = load(file)[0]
            if found and certificate.public_bytes(Encoding.DER) != found.der:
                raise InputError(
                    f"two certificates have the serial {serials.to_hex(serial)}", where=f"{found.place}, {file}"
                )
            found = found or self._checked(certificate, serial, file)
        return found

    def left(self) -> tuple[bytes, Path] | None:
        """A serial that was never asked for, with its file; None when every file was."""
        return next(((serial, files[0]) for serial, files in self._files.items()), None)

    def _checked(self, certificate: x509.Certificate, serial: bytes, file: Path) -> IssuedCertificate:
        issued = issued_by(certificate, self._issuer, str(file))
        if issued.serial != serial:
            raise InputError(
                f"is named for the serial {serials.to_hex(serial)} and holds {serials.to_hex(issued.serial)}",
                where=str(file),
            )
        return issued


def _serial(file: Path) -> bytes:
    if file.parent.name in _NAMED_BY_SERIAL:
        try:
            return serials.from_hex(file.stem)
        except InputError:
            pass  # somebody put it there under a name of its own: what it holds will tell
    return serial_of(load(file)[0])
