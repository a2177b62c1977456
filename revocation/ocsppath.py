"""Where a pre-signed response lies as a static file: at the path that a GET for it names (RFC 9919 section 6).

Web servers decode `%2F`, merge `//` and know no file whose name ends in `/`, and base64 has slashes wherever it likes.
So what is stored is the path as it is after that, and only where no other certificate's path can become the same, nor
a folder on the way to this one: a client must never get an answer about something else.
"""

import base64
import re
from typing import Final

from revocation import der
from revocation.certid import CertID
from revocation.paths import OCSP_PATH

_SLASHES: Final = re.compile(r"/+")
_LONGEST_NAME: Final = 255
"""Octets in the name of a file or a folder, on any common file system."""


def canonical_request(cert_id: CertID) -> bytes:
    """The DER of the OCSPRequest for one certificate: no version, no nonce, no extension, parameters NULL.

    So OpenSSL, GnuTLS, NSS, Go, Java and Windows ask. What asks otherwise (Apple's clients spell version 1 out) names
    another path.
    """
    return der.sequence(der.sequence(der.sequence(der.sequence(cert_id.encode()))))


def get_path(cert_id: CertID) -> str:
    """The path that a GET names, without its escapes and with all its slashes (RFC 9919 section 6).

    For places whose keys are any text, as those of S3 are: each certificate has one, and no two have the same.
    """
    return OCSP_PATH + base64.b64encode(canonical_request(cert_id)).decode()


def static_path(cert_id: CertID) -> str | None:
    """The path below the root of public paths, like `ocsp/MFMw…`; None where there can be no file.

    None is for names over 255 octets, and for paths that another certificate could claim: see `_is_ambiguous`. Of
    random serials 0.03 % to 2.3 % have none, by their length and the hash, and have to be answered by a responder.
    """
    request = canonical_request(cert_id)
    text = base64.b64encode(request).decode()
    whole = (
        (len(request) - len(cert_id.serial)) * 8 // 6
    )  # characters that the serial, which comes last, decides nothing of
    if _is_ambiguous(text[whole - 1 :]):
        return None
    path = _SLASHES.sub("/", text)
    return None if max(map(len, path.split("/"))) > _LONGEST_NAME else OCSP_PATH + path


def _is_ambiguous(tail: str) -> bool:
    """Whether merging slashes, or taking one from the end, loses which serial was asked for.

    All before `tail`, and so the number of characters, is the same for an issuer, a hash and a length of serials. Hence
    a path says how many slashes it lost; if that is one, and it can have been in one place only, it also says where.
    More of them, and the path could be that of a folder on the way to another. A slash at the end is in no file's name.

    Args:
        tail: the base64 that the serial decides, and the one character before it.
    """
    runs = _SLASHES.findall(tail)
    lost = sum(len(run) - 1 for run in runs)
    places = len(runs) + (not tail.endswith("="))
    return tail.endswith("/") or lost > 1 or (lost == 1 and places > 1)
