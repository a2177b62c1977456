"""Having a certificate issued, and registering what was issued elsewhere."""

import base64
import binascii
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registrar.api.asked import Answer, Asked
from registrar.api.certificates import etag, shown
from registrar.api.former_keys import is_of_no_issuer
from registrar.api.models import Imported, ImportRequest, IssueRequest, Pending
from registrar.api.problems import APIProblem, Fault, Kind
from registrar.api.recording import record
from registrar.api.scopes import IMPORT
from registrar.api.scopes import issue as scope_of
from registrar.api.seen import see_all, seen
from registrar.api.signer import ask, ask_now, end, said
from registrar.database import certificates
from registrar.database.rows import Certificate
from registrar.received import require_signed_by
from revocation.messages import Issue, Register, Verb
from revocation.pkcs10 import UNREADABLE

_AGAIN: Final = "2"
_GONE: Final = "the key by which this certificate was to be issued is not in use here any more"
_HOW: Final = (
    "ask with another Idempotency-Key; or have the CA with the former key in [[public.issuers]] under another name, "
    "and ask again"
)
_FORM: Final = PublicFormat.SubjectPublicKeyInfo


def issue(asked: Asked) -> Answer:
    """A certificate, or that it is not there yet: then the same is asked again, and nothing is issued twice.

    Who asks again for one that is in the list is given that one, and nobody else is asked.
    """
    body = asked.body
    if not isinstance(body, IssueRequest):
        raise TypeError("it has its body")
    tenant = asked.tenant
    asked.caller.require(scope_of(body.profile))
    csr = _csr(body.csr)
    wanted = Issue(
        issuer=tenant.issuer.id,
        asked_by=asked.caller.name,
        profile=body.profile,
        csr=base64.b64encode(csr).decode(),
        names=tuple(body.names),
        subject=body.subject,
        not_before=body.not_before,
        not_after=body.not_after,
    )
    is_repeat = asked.is_repeat
    if is_repeat and (one := _known(asked)):
        return _handed_out(asked, seen(asked.services, one))
    begun = asked.begin(Verb.ISSUE, wanted)
    if is_of_no_issuer(asked.services, begun.body):
        end(asked)
        raise APIProblem(Kind.ISSUER, _GONE, _HOW)
    reply = ask(asked, begun)
    found = record(asked.services, begun, reply) if reply else None
    if not found:
        detail = "it is not issued yet, and will be: ask again with the same Idempotency-Key"
        pending = Pending(id=asked.message_id, idempotency_key=asked.key, detail=detail)
        return Answer(pending, 202, {"Retry-After": _AGAIN, "Idempotency-Key": asked.key})
    with asked.services.database.read() as connection:
        one = certificates.by_serial(connection, tenant.name, found[0].ca, found[0].serial) or found[0]
    return _handed_out(asked, seen(asked.services, one) if is_repeat else one)


def _known(asked: Asked) -> Certificate | None:
    """What was issued for the same request before."""
    with asked.services.database.read() as connection:
        return certificates.by_id(connection, asked.tenant.name, asked.message_id)


def _handed_out(asked: Asked, one: Certificate) -> Answer:
    answer = shown(asked, one)
    place = f"{asked.tenant.root}/api/v1/issuers/{asked.tenant.name}/certificates/{one.serial}"
    return Answer(answer, 201, {"Location": place, "ETag": etag(answer, one.revision), "Idempotency-Key": asked.key})


def import_(asked: Asked) -> Answer:
    """Have certificates registered that the issuer signed elsewhere."""
    body = asked.body
    if not isinstance(body, ImportRequest):
        raise TypeError("it has its body")
    asked.caller.require(IMPORT)
    tenant = asked.tenant
    found = [_certificate(text, number) for number, text in enumerate(body.certificates)]
    for number, one in enumerate(found):
        _require_ours(asked, one, number)
    encoded = tuple(base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in found)
    wanted = Register(issuer=tenant.issuer.id, asked_by=asked.caller.name, certificates=encoded)
    begun = asked.begin(Verb.REGISTER, wanted)
    reply = ask_now(asked, begun)
    rows = record(asked.services, begun, reply) or []
    told = reply.data.get("serials", [])
    each = list(dict.fromkeys(row.serial for row in rows))
    known = [serial for serial in each if serial not in told]
    see_all(asked.services, tenant, begun.body.issuer, known)
    answer = Imported(
        id=asked.message_id,
        issuer=tenant.name,
        detail=said(reply),
        registered=[serial for serial in each if serial in told],
        known=known,
    )
    return Answer(answer, headers={"Idempotency-Key": asked.key})


def _csr(text: str) -> bytes:
    """DER of a request that its own key has signed.

    Raises:
        APIProblem: it is none.
    """
    try:
        found = x509.load_pem_x509_csr(text.encode()) if "-----" in text else x509.load_der_x509_csr(_decoded(text))
        if found.is_signature_valid:
            return found.public_bytes(Encoding.DER)
        detail = "is not signed by its own key"
    except UNREADABLE:
        detail = "is none that can be read"
    raise _unreadable("csr", detail)


def _certificate(text: str, number: int) -> x509.Certificate:
    try:
        if "-----" in text:
            return x509.load_pem_x509_certificate(text.encode())
        return x509.load_der_x509_certificate(_decoded(text))
    except (ValueError, TypeError, x509.InvalidVersion):
        raise _unreadable(f"certificates.{number}", "is no certificate that can be read") from None


def _require_ours(asked: Asked, one: x509.Certificate, number: int) -> None:
    """Return if the issuer signed it for somebody else, and it can be read; who asks is told of which it is not so."""
    at, issuer = f"certificates.{number}", asked.tenant.issuer
    try:
        require_signed_by(asked.tenant, one)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise _unreadable(at, f"is none that {issuer.name} signed") from None
    if one.serial_number <= 0:
        raise _unreadable(at, "has no serial above 0")
    try:
        is_own = one.public_key().public_bytes(Encoding.DER, _FORM) == issuer.public_key_info
        list(one.extensions)
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise _unreadable(at, "has a key or an extension that cannot be read") from None
    if is_own:
        raise _unreadable(at, f"is of the key of {issuer.name} itself: who certified that publishes its status")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError("is not base64") from error


def _unreadable(at: str, detail: str) -> APIProblem:
    return APIProblem(Kind.UNREADABLE, f"`{at}` {detail}", faults=(Fault(at, detail),))
