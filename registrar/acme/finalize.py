"""Finalizing (RFC 8555 section 7.4): what is asked for is written down first, and the signer is asked then."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registrar.acme.asked import Answer, Asked
from registrar.acme.csr import bad_csr, read_csr, require_certifiable, require_names, thumbprint_of
from registrar.acme.issuing import pursue
from registrar.acme.message import message_of
from registrar.acme.orders import find, shown
from registrar.acme.replacing import renews
from registrar.database import accounts
from registrar.database import orders as stored
from registrar.database.rows import Authorization, Order, Status
from registrar.problem import Problem, ProblemType


def finalize(asked: Asked, id_: str) -> Answer:
    """Have the certificate issued; a client that waits long enough gets it told as `processing`.

    Where the signer had enough for now, or refuses the CSR, the order is ready as before, to be finalized again
    (section 7.4): after Retry-After, or with another CSR. With the same one the same message is asked again.
    """
    found, authorized = find(asked, id_)
    _require_ready(asked, found, authorized)
    csr = read_csr(asked.payload())
    require_names(csr, found.names)
    _require_own_key(asked, csr)
    require_certifiable(csr, asked.tenant.profile.compliance)
    counts = not renews(asked, found)
    if counts:
        asked.services.rates.certificate(asked.tenant, found.names)
    der = csr.public_bytes(Encoding.DER)
    message = message_of(id_, der, asked.tenant.issuer.id)
    with asked.services.database.write() as connection:
        _require_ready(asked, found, stored.authorizations_of(connection, asked.tenant.name, id_))
        if not stored.begin(connection, found, der, message):
            raise _not_ready(Status.PROCESSING)
        begun = stored.order(connection, asked.tenant.name, id_) or found
    wait = asked.services.settings.finalize_wait.total_seconds()
    try:
        return shown(asked, pursue(asked.services, asked.tenant, begun, wait, may_be_mended=True), authorized)
    except Problem:
        _put_back(asked, begun, counts=counts)
        raise


def _put_back(asked: Asked, begun: Order, *, counts: bool) -> None:
    with asked.services.database.write() as connection:
        is_ours = stored.put_back(connection, begun)
    if is_ours and counts:
        asked.services.rates.not_had(asked.tenant, begun.names)


def _require_ready(asked: Asked, found: Order, authorized: list[Authorization]) -> None:
    status = found.status_at(authorized, asked.now)
    if status is not Status.READY:
        raise _not_ready(status)


def _not_ready(status: Status) -> Problem:
    return Problem(ProblemType.ORDER_NOT_READY, f"the order is {status}, and not ready to be finalized", status=403)


def _require_own_key(asked: Asked, csr: x509.CertificateSigningRequest) -> None:
    """A key signs requests or TLS handshakes, and not both (section 11.1)."""
    thumbprint = thumbprint_of(csr)
    if thumbprint is None:
        return
    with asked.services.database.read() as connection:
        if accounts.by_thumbprint(connection, asked.tenant.name, thumbprint) is not None:
            raise bad_csr("has the key of an account: make another one for the certificate")
