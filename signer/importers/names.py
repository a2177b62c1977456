"""The names of a certificate that comes from elsewhere, as those are written that are issued here."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from revocation.errors import Refused
from revocation.extensions import extension_value
from signer.importers.certificate import any_serial
from signer.issuing.names import name_of


def names_in(data: bytes) -> list[str]:
    """The names of its subjectAltName, each once: `dns:…`, `ip:…`, `email:…`, `uri:…`.

    Others are left out, and so are malformed ones: nobody can ask for them. What cannot be read has none.

    Args:
        data: DER.
    """
    try:
        with any_serial():
            extensions = x509.load_der_x509_certificate(data).extensions
        found = extension_value(extensions, x509.SubjectAlternativeName) or ()
    except (
        ValueError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        x509.InvalidVersion,
    ):
        return []
    return list(dict.fromkeys(name for one in found if (name := _text_of(one))))


def _text_of(general: x509.GeneralName) -> str:
    try:
        return str(name_of(general))
    except Refused:
        return ""
