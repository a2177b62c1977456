"""`revocast registrar`: ACME and the API over HTTP, until a signal. The entry point: below it `now` is given."""

import logging
import signal
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import click
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server

from registrar.acme.app import create_app
from registrar.acme.jws import LARGEST
from registrar.api.app import LARGEST as LARGEST_OF_API
from registrar.api.app import create_app as create_api
from registrar.application import together
from registrar.config import RegistrarConfig
from registrar.configured import api_of, read_registrar, services_of
from revocation import clock
from revocation.cli import config_option
from revocation.config import load_certificates
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, RevocastError
from revocation.logs import log_to_stderr

_LOG: Final = logging.getLogger("revocast.registrar")
_BACKLOG: Final = 128
_WAITING: Final = 1000  # requests that wait for a thread; beyond, connections are refused
_SILENCE: Final = 5  # seconds after which a connection on which nothing happens is closed
_LONGEST_HEADERS: Final = 1 << 14


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
    services = services_of(settings, public, clock.now)
    api = api_of(services)
    application = together(create_app(services).wsgi_app, create_api(api).wsgi_app if api else None)
    server = _server(settings, application)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        server.prepare()
    except OSError as error:
        raise RevocastError(
            f"cannot listen: {error.strerror or error}",
            where=settings.listen,
            advice="choose another address with --listen, or in [registrar]",
        ) from error
    host, port = server.bind_addr[:2]
    scheme = "https" if settings.tls_certificate else "http"
    click.echo(f"listening on {scheme}://{f'[{host}]' if ':' in host else host}:{port}")
    for tenant in services.tenants.values():
        click.echo(f"directory of {tenant.name}: {tenant.url('directory')}")
    if api:
        click.echo(f"API: {settings.url}/api/v1/openapi.json")
    try:
        server.serve()
    finally:
        server.stop()


class _Server(Server):
    """cheroot, which says what it has to say in the log: mostly of clients that went away."""

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Say it, if it is a warning at least."""
        if traceback or level >= logging.WARNING:
            _LOG.log(max(level, logging.WARNING), "%s", msg, exc_info=traceback)


def _server(settings: RegistrarConfig, application: Any) -> Server:
    server = _Server(
        settings.address,
        application,
        numthreads=settings.threads,
        request_queue_size=_BACKLOG,
        timeout=_SILENCE,
        accepted_queue_size=_WAITING,
    )
    server.max_request_header_size = _LONGEST_HEADERS
    largest = LARGEST_OF_API if settings.api else LARGEST
    server.max_request_body_size = 4 * largest  # what is a little too large is answered with a problem document
    if settings.tls_certificate and settings.tls_key:
        server.ssl_adapter = _tls(settings.tls_certificate, settings.tls_key)
        if settings.api and settings.api.clients:
            _ask_for_certificates(server.ssl_adapter, settings.api.client_cas)
    return server


def _tls(certificate: Path, key: Path) -> BuiltinSSLAdapter:
    """TLS by these files, which are read again on SIGHUP: a certificate is renewed without a restart.

    Raises:
        ConfigurationError: they cannot be read, or are not of each other.
    """
    try:
        adapter = BuiltinSSLAdapter(str(certificate), str(key))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"TLS cannot be served: {error.strerror or error}",
            where=f"{certificate}, {key}",
            advice="`tls_certificate` and `tls_key` are PEM files, of each other and readable by this service",
        ) from error
    adapter.context.minimum_version = ssl.TLSVersion.TLSv1_2

    def reload(_number: int, _frame: object) -> None:
        try:
            adapter.context.load_cert_chain(certificate, key)
            _LOG.info("the TLS certificate was read anew")
        except (OSError, ssl.SSLError) as error:
            _LOG.error("the TLS certificate could not be read anew, and the one of before is served: %s", error)

    signal.signal(signal.SIGHUP, reload)
    return adapter


def _ask_for_certificates(adapter: BuiltinSSLAdapter, signers: Sequence[Path]) -> None:
    """Have clients show a certificate by one of these in the handshake, if they have one; those of ACME have none."""
    adapter.context.verify_mode = ssl.CERT_OPTIONAL
    adapter.context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # one that is no root is trusted for itself
    for path in signers:
        load_certificates(path)
        adapter.context.load_verify_locations(path)


def _stop(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)
