"""Which CA is asked about a certificate: an issuer that has another key by now is another CA, of the same name."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from registrar.api.asked import Asked
from registrar.api.services import APIServices
from registrar.database.rows import Certificate
from revocation.issuer import Issuer
from revocation.messages import Change, Issue
from revocation.serials import from_int, to_hex


def issuer_of(asked: Asked, one: Certificate | None) -> Issuer:
    """Who is asked about a certificate: the issuer, or what it was when it had the former key that signed this one.

    A row alone does not send anybody to another CA: that has to have signed what the row has.
    """
    former = asked.services.public.profiles.get(one.ca) if one else None
    return former.issuer if one and former and _is_signed(one, former.issuer) else asked.tenant.issuer


def _is_signed(one: Certificate, issuer: Issuer) -> bool:
    try:
        found = x509.load_der_x509_certificate(one.der)
        found.verify_directly_issued_by(issuer.certificates[0])
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion):
        return False
    return to_hex(from_int(found.serial_number)) == one.serial


def is_of_no_issuer(services: APIServices, body: Change) -> bool:
    """Whether a certificate is wanted of a CA that is configured no more: nobody here could tell it from another."""
    return isinstance(body, Issue) and body.issuer not in services.public.profiles


def is_of_a_key_that_is_gone(asked: Asked, one: Certificate | None) -> bool:
    """Whether the CA that signed it is no longer among the issuers that are configured."""
    return one is not None and one.ca not in asked.services.public.profiles
