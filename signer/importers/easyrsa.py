"""The `pki/` folder of Easy-RSA 3: index.txt, and certificates that its commands move about as their status changes."""

from collections.abc import Iterator
from pathlib import Path

from revocation.issuer import Issuer
from signer.importers import folder
from signer.importers.entry import ImportSource
from signer.importers.files import certificate_files

# `revoke`, `renew` and `expire` of the 3.0, 3.1 and 3.2 series move certificates into folders below these.
_PLACES = ("certs_by_serial", "issued", "revoked", "renewed", "expired")

# Beside the certificates in these lie their keys and requests, which nobody but the CA's own user may see.
_NO_CERTIFICATES = frozenset({"private", "private_by_serial", "reqs", "reqs_by_serial"})


def read(path: Path, issuer: Issuer) -> ImportSource:
    """Every certificate of the PKI; see `folder.source` for what is checked.

    Raises:
        InputError: not such a folder, or another CA's; errors in lines and certificates come while iterating.
    """
    return folder.source("Easy-RSA PKI", path, issuer, _certificates(path))


def _certificates(path: Path) -> Iterator[Path]:
    for place in _PLACES:
        yield from certificate_files(path / place, below=True, besides=_NO_CERTIFICATES)
