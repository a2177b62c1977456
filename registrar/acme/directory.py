"""The directory (RFC 8555 section 7.1.1): where everything is, and what the CA wants clients to know."""

from typing import Any

from registrar.acme.asked import Answer
from registrar.acme.services import Services
from registrar.issuer_table import Need
from registrar.tenant import Tenant


def directory(_services: Services, tenant: Tenant) -> Answer:
    """All URLs that a client begins with. Without newAuthz: authorizations come with orders."""
    table = tenant.table
    meta: dict[str, Any] = {
        "externalAccountRequired": table.external_accounts is Need.REQUIRED,
        "profiles": table.profiles,
    }
    if table.terms:
        meta["termsOfService"] = table.terms
    if table.website:
        meta["website"] = table.website
    if table.caa_identities:
        meta["caaIdentities"] = list(table.caa_identities)
    return Answer(
        {
            "newNonce": tenant.url("new-nonce"),
            "newAccount": tenant.url("new-account"),
            "newOrder": tenant.url("new-order"),
            "revokeCert": tenant.url("revoke-cert"),
            "keyChange": tenant.url("key-change"),
            "renewalInfo": tenant.url("renewal-info"),
            "meta": meta,
        }
    )
