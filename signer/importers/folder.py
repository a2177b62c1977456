"""A PKI folder as Easy-RSA and `openssl ca` keep it: the index says what is, certificates beside it are evidence.

The index knows every certificate and its status. Where a certificate itself lies in the folder it is taken along,
after it was checked to be the issuer's and to agree with its line; a certificate without a line is an error, since
either the index lost it or it is not this CA's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from revocation import clock, serials
from revocation.errors import InputError
from revocation.issuer import Issuer
from revocation.pkifolder import INDEX, find_ca_certificate
from signer.importers import crl
from signer.importers.catalogue import Catalogue
from signer.importers.certificate import IssuedCertificate, load, owns
from signer.importers.entry import ImportEntry, ImportSource, each_once
from signer.importers.index import count_lines, read_index

_CRL_NUMBER, _CRL = "crlnumber", "crl.pem"


def source(what: str, path: Path, issuer: Issuer, certificates: Iterable[Path]) -> ImportSource:
    """A PKI folder with these certificate files in it.

    Raises:
        InputError: no index, the folder is another CA's, or its CRL or CRL number is unreadable.
    """
    index = path / INDEX
    if not index.is_file():
        raise InputError("has no index.txt", where=str(path), advice="name the folder in which index.txt lies")
    _require_own(path, issuer)
    return ImportSource(
        description=f"{what} at {path}",
        entries=_entries(index, Catalogue(issuer, certificates)),
        crl_number=_floor(path, issuer),
        expected=count_lines(index),
    )


def _entries(index: Path, catalogue: Catalogue) -> Iterator[ImportEntry]:
    for entry in each_once(read_index(index)):
        certificate = catalogue.take(entry.serial)
        if certificate is None:
            yield entry
            continue
        if certificate.not_after != entry.not_after:
            raise _contradiction(entry, certificate)
        yield replace(entry, is_ca=certificate.is_ca, says_kind=True, certificate=certificate.der)
    if stray := catalogue.left():
        serial, file = stray
        raise InputError(
            f"holds the certificate {serials.to_hex(serial)}, which has no line in {index}",
            where=str(file),
            advice="find out which of them is incomplete; a certificate that is no business of this CA goes elsewhere",
        )


def _require_own(path: Path, issuer: Issuer) -> None:
    """The lines of an index cannot be checked, so the CA certificate beside it has to vouch for the folder."""
    certificate = find_ca_certificate(path)
    if certificate and not any(owns(issuer, own) for own in load(certificate)):
        raise InputError(
            f"is not the certificate of issuer {issuer.name}, so this folder is another CA's",
            where=str(certificate),
            advice="name the issuer whose index this is, or add this certificate to its configuration",
        )


def _floor(path: Path, issuer: Issuer) -> int | None:
    """The highest CRL number that was used: by crl.pem, or the one before that which `crlnumber` has in store."""
    numbers = [_last_number(path / _CRL_NUMBER)] if (path / _CRL_NUMBER).is_file() else []
    if (path / _CRL).is_file():
        numbers.append(crl.crl_number(crl.load(path / _CRL, issuer), path / _CRL))
    return max((number for number in numbers if number is not None), default=None)


def _last_number(file: Path) -> int | None:
    try:
        text = file.read_text("ascii").strip()
        return int(text, 16) - 1 if int(text, 16) > 0 else None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(file)) from error
    except ValueError as error:
        raise InputError("is not a CRL number: expected one hexadecimal number", where=str(file)) from error


def _contradiction(entry: ImportEntry, certificate: IssuedCertificate) -> InputError:
    said = clock.iso(entry.not_after) if entry.not_after else "nothing"
    return InputError(
        f"says that {serials.to_hex(entry.serial)} expires {said}, and its certificate says "
        f"{clock.iso(certificate.not_after)}",
        where=f"{entry.place}, {certificate.place}",
        advice="correct the line: a certificate cannot be changed",
    )
