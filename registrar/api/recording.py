"""What a reply of the signer leaves in the registrar's database, for a client that waits or one that does not."""

import base64
import logging
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.acme.certid import certid_of
from registrar.api.asked import Begun
from registrar.api.services import APIServices
from registrar.database import certificates, requests
from registrar.database.rows import Certificate, new_id
from registrar.database.states import State, record_told
from registrar.received import names_of, require_key, require_new
from revocation import serials
from revocation.messages import Issue, Register, Release, Reply, Revoke
from revocation.pkcs10 import UNREADABLE
from revocation.status import Reason

_LOG: Final = logging.getLogger("revocast.registrar")


def record(services: APIServices, begun: Begun, reply: Reply) -> list[Certificate] | None:
    """Record what was done, and that the request has ended; the certificates that it is about, where it has them.

    None where the reply does not have what was asked for, as a forged one: it is as if there were none.
    """
    try:
        found = _certificates(services, begun, reply)
    except (*UNREADABLE, InvalidSignature) as error:
        _LOG.error("the reply to %s does not have what was asked: %s", begun.id, error or type(error).__name__)
        return None
    with services.database.write() as connection:
        for one in found:
            certificates.add_new(connection, one)
        match begun.body:
            case Revoke(serial=str(serial)) | Release(serial=serial):
                which = (begun.tenant.name, begun.body.issuer, serial)
                record_told(connection, *which, _state(begun), reply.revision, services.clock())
        requests.end(connection, begun.id, done=True)
    return found


def _certificates(services: APIServices, begun: Begun, reply: Reply) -> list[Certificate]:
    match begun.body:
        case Issue():
            return [_issued(services, begun, begun.body, reply)]
        case Register():
            found = [x509.load_der_x509_certificate(base64.b64decode(one)) for one in begun.body.certificates]
            return [_row(begun, one, new_id(), "") for one in found]
    return []


def _state(begun: Begun) -> State:
    match begun.body:
        case Revoke(reason=Reason.certificateHold.name):
            return State(held_at=begun.since, reason=begun.body.reason)
        case Revoke():
            return State(revoked_at=begun.body.revoked_at or begun.since, reason=begun.body.reason)
    return State()


def _issued(services: APIServices, begun: Begun, wanted: Issue, reply: Reply) -> Certificate:
    """The certificate in a reply, if it is what was asked for. Raises, as parsers do, if it is not."""
    found = x509.load_der_x509_certificate(base64.b64decode(str(reply.data["certificate"]), validate=True))
    found.verify_directly_issued_by(services.public.profiles[wanted.issuer].issuer.certificates[0])
    csr = base64.b64decode(wanted.csr)
    require_key(csr, found)
    names = wanted.names or names_of(x509.load_der_x509_csr(csr))
    if {_plain(one) for one in names} != {_plain(one) for one in names_of(found)}:
        raise ValueError("it is for other names")
    row = _row(begun, found, begun.id, wanted.profile)
    with services.database.read() as connection:
        known = certificates.by_serial(connection, row.issuer, row.ca, row.serial)
    require_new(found, known, begun.id, begun.since)
    return row


def _plain(name: str) -> str:
    """A name as two who write it differently would agree on."""
    kind, _, value = name.partition(":")
    return f"ip:{ip_address(value)}" if kind == "ip" else name if kind == "uri" else name.lower()


def _row(begun: Begun, found: x509.Certificate, id_: str, profile: str) -> Certificate:
    try:
        names = sorted(names_of(found))
    except ValueError:
        names = []
    try:
        certid = certid_of(found)
    except (ValueError, x509.ExtensionNotFound):
        certid = ""
    return Certificate(
        id=id_,
        issuer=begun.tenant.name,
        ca=begun.body.issuer,
        serial=serials.to_hex(serials.from_int(found.serial_number)),
        certid=certid,
        account=None,
        names=names,
        profile=profile,
        not_before=found.not_valid_before_utc.replace(microsecond=0),
        not_after=found.not_valid_after_utc.replace(microsecond=0),
        der=found.public_bytes(Encoding.DER),
        asked_by=begun.body.asked_by,
    )
