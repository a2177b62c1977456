"""What the API works with; each part can be another one."""

from collections.abc import Mapping
from dataclasses import dataclass

from registrar.acme.rates import Rates
from registrar.api.config import APITable
from registrar.config import RegistrarConfig
from registrar.database import Database
from registrar.issuance import Asking
from registrar.published_status import Responder
from registrar.tenant import Tenant
from revocation.clock import Clock
from revocation.config import PublicConfig


@dataclass(frozen=True)
class APIServices:
    """All of it, for all issuers.

    Attributes:
        tenants: the issuers that have the API, by name.
        signer: who is asked.
        responder: where it is seen what is published.
    """

    settings: RegistrarConfig
    table: APITable
    public: PublicConfig
    tenants: Mapping[str, Tenant]
    database: Database
    rates: Rates
    signer: Asking
    responder: Responder
    clock: Clock
