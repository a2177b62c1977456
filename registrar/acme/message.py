"""The message that asks the signer for an order's certificate: its id follows from the order, the CSR and the CA.

So an order that is finalized again with the same CSR asks for the same certificate, whoever said in between that there
is none; and of an order that waits it can be told which CA was asked, also where its issuer has another key by now.
"""

import hashlib
import json
from dataclasses import replace

from registrar.database.rows import Order
from registrar.database.schema import ID_LENGTH
from registrar.tenant import Tenant
from revocation.config import PublicConfig


def message_of(order_id: str, csr: bytes, ca: str) -> str:
    """The id.

    Args:
        csr: DER.
        ca: the id of the issuer.
    """
    what = [order_id, hashlib.sha256(csr).hexdigest(), ca]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:ID_LENGTH]


def tenant_asked(tenant: Tenant, public: PublicConfig, one: Order) -> Tenant | None:
    """The tenant with the key that it had when its certificate was asked for; None where no issuer has that now."""
    for profile in (tenant.profile, *public.profiles.values()):
        if one.message == message_of(one.id, one.csr or b"", profile.issuer.id):
            return replace(tenant, profile=profile)
    return None
