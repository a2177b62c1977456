"""The issuers that one may ask something of, and what is published of a certificate of theirs."""

from cryptography.hazmat.primitives.serialization import Encoding

from registrar.api.asked import Answer, Asked
from registrar.api.certificates import known
from registrar.api.former_keys import issuer_of
from registrar.api.models import IssuerAnswer, Issuers
from registrar.api.scopes import READ
from registrar.api.seen import note
from registrar.api.status import look
from registrar.tenant import Tenant


def list_(asked: Asked) -> Answer:
    """Those that the caller is for, and no others."""
    mine = [one for name, one in sorted(asked.services.tenants.items()) if name in asked.caller.issuers]
    return Answer(Issuers(caller=asked.caller.name, issuers=[_shown(one, asked.caller.scopes) for one in mine]))


def status(asked: Asked) -> Answer:
    """What is published of a certificate, whoever issued it how."""
    asked.caller.require(READ)
    one = known(asked)
    found = look(asked.services, issuer_of(asked, one), asked.serial_number)
    if one is not None:
        note(asked.services, one, found, asked.now)
    return Answer(found.model_copy(update={"issuer": asked.tenant.name}))


def _shown(one: Tenant, scopes: tuple[str, ...]) -> IssuerAnswer:
    return IssuerAnswer(
        name=one.name,
        id=one.issuer.id,
        subject=one.issuer.certificates[0].subject.rfc4514_string(),
        scopes=list(scopes),
        certificates=[each.public_bytes(Encoding.PEM).decode() for each in one.issuer.certificates],
    )
