"""`revocast registrar`: ACME and the API over HTTP, until a signal. The entry point: below it `now` is given."""

import logging
import signal
import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import urlsplit

import click

from registrar.acme.app import create_app
from registrar.acme.chains import require_chains
from registrar.acme.jws import LARGEST
from registrar.acme.open_orders import OpenOrders
from registrar.api.app import LARGEST as LARGEST_OF_API
from registrar.api.app import create_app as create_api
from registrar.api.open_requests import OpenRequests
from registrar.application import Application, together
from registrar.config import RegistrarConfig, is_loopback
from registrar.configured import api_of, read_registrar, responder_of, services_of, signer_of
from registrar.own_certificate import OwnCertificate
from registrar.pursuing import LOOKS_EVERY, Pursuing
from registrar.served_certificate import ServedCertificate
from registrar.serving.server import Server
from revocation import clock
from revocation.cli import config_option
from revocation.config import PublicConfig, load_certificates
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, RevocastError
from revocation.logs import log_to_stderr
from revocation.wire.looker import Looker

_LOG: Final = logging.getLogger("revocast.registrar")
_LOOKED_AT_EVERY: Final = 300.0
"""Seconds between two looks at the certificate of this server, and at its status, where it is ours to renew."""


@click.command()
@config_option
@click.option("--listen", help="The address and port to listen on, in place of the configured ones.")
def registrar(config: Path | None, listen: str | None) -> None:
    """Serve ACME (RFC 8555) and the API for the issuers that offer them, over HTTPS, or over HTTP behind a proxy.

    Prints `listening on …` when it does; reads its TLS certificate anew on SIGHUP; ends on SIGTERM or SIGINT.
    """
    log_to_stderr("registrar")
    settings, public = read_registrar(ConfigFile.read(config))
    if listen is not None:
        settings = RegistrarConfig.model_validate({**settings.model_dump(), "listen": listen})
    if not settings.served_issuers:
        raise ConfigurationError(
            "no issuer serves ACME, nor the API", advice="acme = true, or api = true, in one of [[registrar.issuers]]"
        )
    _warn_of_loopback(settings, public)
    signer = signer_of(settings, clock.now)
    responder = responder_of(settings, public)
    services = services_of(settings, public, clock.now, signer, responder)
    api = api_of(services, signer, responder)
    require_chains((*services.tenants.values(), *(api.tenants.values() if api else ())))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    own = OwnCertificate(settings.own_certificate, services) if settings.own_certificate else None
    if own is not None:
        own.require()
    application = together(create_app(services).wsgi_app, create_api(api).wsgi_app if api else None)
    files = _tls_files(settings)
    served = _tls(ServedCertificate(*files), settings, own) if files else None
    server = _server(settings, application, served)
    _open(server, settings)
    for tenant in services.tenants.values():
        click.echo(f"directory of {tenant.name}: {tenant.url('directory')}")
    if api:
        click.echo(f"API: {settings.url}/api/v1/openapi.json")
    for what in (OpenOrders(services), *((OpenRequests(api),) if api else ())):
        Looker(Pursuing(what, settings.finalize_wait.total_seconds()).look, LOOKS_EVERY).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: server.stop())
    server.serve()


def _warn_of_loopback(settings: RegistrarConfig, public: PublicConfig) -> None:
    """Clients come from elsewhere, and what their certificates name is here alone."""
    if is_loopback(urlsplit(public.base_url).hostname or "") and not is_loopback(urlsplit(settings.url).hostname or ""):
        _LOG.warning(
            "certificates name %s for CRLs and OCSP, and only this machine reaches it: set `base_url` in "
            "[public], for the signer too",
            public.base_url,
        )


def _open(server: Server, settings: RegistrarConfig) -> None:
    """Listen, and say where.

    Raises:
        RevocastError: that cannot be.
    """
    try:
        server.open()
    except OSError as error:
        raise RevocastError(
            f"cannot listen: {error.strerror or error}",
            where=settings.listen,
            advice="choose another address with --listen, or in [registrar]",
        ) from error
    host, port = server.address
    scheme = "https" if settings.ends_tls else "http"
    click.echo(f"listening on {scheme}://{f'[{host}]' if ':' in host else host}:{port}")


def _server(settings: RegistrarConfig, application: Application, served: ServedCertificate | None) -> Server:
    largest = LARGEST_OF_API if settings.api else LARGEST
    return Server(
        settings.address,
        application,
        threads=settings.threads,
        largest=2 * largest,  # what is a little too large is answered by the application, in its own words
        now=clock.now,
        tls=served.context if served else None,
    )


def _tls_files(settings: RegistrarConfig) -> tuple[Path, Path] | None:
    """The certificate and its key; None where a proxy ends TLS."""
    if settings.own_certificate is not None:
        return settings.own_certificate.file, settings.own_certificate.file
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return settings.tls_certificate, settings.tls_key


def _tls(served: ServedCertificate, settings: RegistrarConfig, own: OwnCertificate | None) -> ServedCertificate:
    """The certificate as it is served: read anew on SIGHUP, and when it was renewed here."""
    if settings.api and settings.api.clients:
        _ask_for_certificates(served, settings.api.client_cas)
    signal.signal(signal.SIGHUP, lambda _number, _frame: served.reload())
    if own is not None:
        Looker(partial(own.look, served.reload), _LOOKED_AT_EVERY).start()
    return served


def _ask_for_certificates(served: ServedCertificate, signers: Sequence[Path]) -> None:
    """Have clients show a certificate by one of these in the handshake, if they have one; those of ACME have none."""
    served.context.verify_mode = ssl.CERT_OPTIONAL
    served.context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # one that is no root is trusted for itself
    for path in signers:
        load_certificates(path)
        served.context.load_verify_locations(path)


def _stop(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)
