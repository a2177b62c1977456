"""The parts that a configuration describes: for `revocast registrar`, and for the worker beside it."""

from registrar.acme.nonces import QueueNonces
from registrar.acme.rates import Rates
from registrar.acme.services import Services
from registrar.acme.validations import QueuedValidations
from registrar.config import RegistrarConfig
from registrar.database import Database
from registrar.issuance import SignerIssuance
from registrar.published_status import OCSPStatuses
from registrar.queue_server import connect
from registrar.tenant import tenants_of
from revocation.clock import Clock
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError
from revocation.messages import RequesterKey
from revocation.wire.queue import Wire

_ADVICE = "`requester_key` in [[registrar.issuers]]; `revocast init` writes such keys"


def read_registrar(file: ConfigFile) -> tuple[RegistrarConfig, PublicConfig]:
    """What the configuration says of the registrar, and of the issuers.

    Raises:
        ConfigurationError: there is no `[registrar]`, or something in it is wrong.
    """
    if not file.has("registrar"):
        raise ConfigurationError(
            "has no table [registrar]: no ACME is served", where=str(file.path), advice="docs/acme.md has one"
        )
    settings, public = file.table("registrar", RegistrarConfig), PublicConfig.read(file)
    settings.check(public)
    return settings, public


def services_of(settings: RegistrarConfig, public: PublicConfig, clock: Clock) -> Services:
    """All parts, the database opened. The queue server may come later.

    Raises:
        ConfigurationError: the database cannot be opened.
        InputError: a requester's key cannot be read.
    """
    wire = Wire(settings.queue)
    keys = {one.name: RequesterKey.load(one.requester_key, _ADVICE) for one in settings.acme_issuers}
    return Services(
        settings=settings,
        public=public,
        tenants=tenants_of(settings, public),
        database=Database(settings.database),
        nonces=QueueNonces(connect(settings.queue), settings.nonce_lifetime),
        rates=Rates.in_queue_server(settings.queue, clock),
        validations=QueuedValidations(wire, clock),
        issuance=SignerIssuance(wire, keys, clock),
        statuses=OCSPStatuses(settings.responder or f"{public.base_url}{public.prefix}", clock),
        clock=clock,
    )
