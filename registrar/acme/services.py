"""What the ACME server works with; each part can be another one."""

from collections.abc import Mapping
from dataclasses import dataclass

from registrar.acme.nonces import Nonces
from registrar.acme.rates import Rates
from registrar.acme.validations import Validations
from registrar.config import RegistrarConfig
from registrar.database import Database
from registrar.issuance import Issuance
from registrar.published_status import Statuses
from registrar.tenant import Tenant
from revocation.clock import Clock
from revocation.config import PublicConfig


@dataclass(frozen=True)
class Services:
    """All of it, for all issuers.

    Attributes:
        tenants: the issuers that serve ACME, by name.
        public: for the chains above them.
    """

    settings: RegistrarConfig
    public: PublicConfig
    tenants: Mapping[str, Tenant]
    database: Database
    nonces: Nonces
    rates: Rates
    validations: Validations
    issuance: Issuance
    statuses: Statuses
    clock: Clock
