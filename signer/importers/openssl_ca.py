"""The folder of a plain `openssl ca`: index.txt, with the certificates in newcerts/ (or, without it, certs/)."""

from collections.abc import Iterator
from pathlib import Path

from revocation.issuer import Issuer
from revocation.pkifolder import find_ca_certificate
from signer.importers import folder
from signer.importers.certificate import SUFFIXES
from signer.importers.entry import ImportSource


def read(path: Path, issuer: Issuer) -> ImportSource:
    """Every certificate of the CA; see `folder.source` for what is checked.

    Raises:
        InputError: not such a folder, or another CA's; errors in lines and certificates come while iterating.
    """
    return folder.source("openssl CA", path, issuer, _certificates(path))


def _certificates(path: Path) -> Iterator[Path]:
    new = path / "newcerts"
    place = new if new.is_dir() else path / "certs"
    own = find_ca_certificate(path)
    if place.is_dir():
        for file in place.iterdir():
            if file.suffix.lower() in SUFFIXES and file.is_file() and file != own:
                yield file
