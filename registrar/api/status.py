"""What is published of a certificate: asked of the OCSP responder now, and verified as a relying party would."""

from registrar.api.models import Status
from registrar.api.problems import APIProblem, Kind, unavailable
from registrar.api.services import APIServices
from registrar.api.signer import SOON
from registrar.api.verify import NoProof, verify
from registrar.published_status import NoPlace
from revocation import serials
from revocation.issuer import Issuer


def look(services: APIServices, issuer: Issuer, serial: int) -> Status:
    """What the responder says of it.

    Raises:
        APIProblem: nobody answers, or with nothing that can be verified; or too many wait for it.
    """
    try:
        octets = services.responder.ask(issuer, serial)
    except NoPlace:
        raise unavailable("too many wait for the OCSP responder, which is slow or hangs", SOON) from None
    if octets is None:
        raise APIProblem(Kind.NO_ANSWER, "the OCSP responder does not answer")
    try:
        proof = verify(octets, issuer, serial, services.clock())
    except NoProof as error:
        raise APIProblem(Kind.NO_ANSWER, str(error)) from error
    name = serials.to_hex(serials.from_int(serial))
    if proof is None:
        return Status(issuer=issuer.name, serial=name, status="unpublished")
    return Status(
        issuer=issuer.name,
        serial=name,
        status=proof.status,
        revoked_at=proof.revoked_at,
        reason=proof.reason,
        this_update=proof.this_update,
        next_update=proof.next_update,
    )
