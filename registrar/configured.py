"""The parts that a configuration describes: for `revocast registrar`, and for the worker beside it."""

from registrar.acme.nonces import QueueNonces
from registrar.acme.rates import Rates
from registrar.acme.services import Services
from registrar.acme.validations import QueuedValidations
from registrar.api.services import APIServices
from registrar.config import RegistrarConfig
from registrar.database import Database
from registrar.database.opening import REQUEST_SECONDS
from registrar.issuance import SignerIssuance
from registrar.published_status import OCSPResponder, OCSPStatuses
from registrar.queue_server import connect
from registrar.tenant import api_tenants_of, tenants_of
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


def signer_of(settings: RegistrarConfig, clock: Clock) -> SignerIssuance:
    """The signer, for which half of the threads may wait at a time: the others serve who needs it not.

    Raises:
        InputError: a requester's key cannot be read.
    """
    keys = {one.name: RequesterKey.load(one.requester_key, _ADVICE) for one in settings.served_issuers}
    return SignerIssuance(Wire(settings.queue), keys, clock, max(1, settings.threads // 2))


def responder_of(settings: RegistrarConfig, public: PublicConfig) -> OCSPResponder:
    """The OCSP responder, for which a quarter of the threads may wait at a time, whatever they look for there."""
    base = settings.responder or f"{public.base_url}{public.prefix}"
    return OCSPResponder(base, max(1, settings.threads // 4))


def services_of(
    settings: RegistrarConfig, public: PublicConfig, clock: Clock, signer: SignerIssuance, responder: OCSPResponder
) -> Services:
    """All parts, the database opened. The queue server may come later.

    Raises:
        ConfigurationError: the database cannot be opened.
    """
    return Services(
        settings=settings,
        public=public,
        tenants=tenants_of(settings, public),
        database=Database(settings.database, REQUEST_SECONDS),
        nonces=QueueNonces(connect(settings.queue), settings.nonce_lifetime),
        rates=Rates.in_queue_server(settings.queue, clock),
        validations=QueuedValidations(Wire(settings.queue), clock),
        issuance=signer,
        statuses=OCSPStatuses(responder, clock),
        clock=clock,
    )


def api_of(services: Services, signer: SignerIssuance, responder: OCSPResponder) -> APIServices | None:
    """The parts of the API, beside those of ACME; None where it is not served."""
    settings, public = services.settings, services.public
    if settings.api is None:
        return None
    return APIServices(
        settings=settings,
        table=settings.api,
        public=public,
        tenants=api_tenants_of(settings, public),
        database=services.database,
        rates=services.rates,
        signer=signer,
        responder=responder,
        clock=services.clock,
    )
