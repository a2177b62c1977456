"""The names of a certificate that comes from elsewhere, as those are written that are issued here."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from revocation.errors import Refused
from revocation.extensions import extension_value
from revocation.visible import visible
from signer.importers.certificate import any_serial
from signer.issuing.names import COMMON_NAME, name_of


def names_in(data: bytes) -> list[str]:
    """The names of its subjectAltName, each once: `dns:…`, `ip:…`, `email:…`, `uri:…`; and its common names: `cn:…`.

    Others are left out, and so are malformed ones: nobody can ask for them. What cannot be read has none.

    Args:
        data: DER.
    """
    try:
        with any_serial():
            certificate = x509.load_der_x509_certificate(data)
        found = extension_value(certificate.extensions, x509.SubjectAlternativeName) or ()
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    except (
        ValueError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        x509.InvalidVersion,
    ):
        return []
    names = (name for one in found if (name := _text_of(one)))
    return list(dict.fromkeys([*names, *(f"{COMMON_NAME}{visible(str(one.value))}" for one in common)]))


def _text_of(general: x509.GeneralName) -> str:
    try:
        return str(name_of(general))
    except Refused:
        return ""
