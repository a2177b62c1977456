"""The folder of a plain `openssl ca`: index.txt, with the certificates in newcerts/ (or, without it, certs/)."""

from collections.abc import Iterator
from pathlib import Path

from revocation.issuer import Issuer
from revocation.pkifolder import find_ca_certificate
from signer.importers import folder
from signer.importers.entry import ImportSource
from signer.importers.files import certificate_files


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
    yield from (file for file in certificate_files(place, below=False) if file != own)
