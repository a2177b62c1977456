"""`revocast respond`: the application under the server that is configured, on one address, until a signal says stop.

This is the entry point; below it nothing reads the clock.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from responder.app import create_app
from responder.config import ResponderConfig, Server
from responder.counts import Sheet
from responder.listening import address_of, authority, listen
from responder.negative import Negatives
from responder.readiness import readiness
from responder.ready import unanswered
from responder.source import Store
from revocation import clock
from revocation.cli import config_option
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.logs import log_to_stderr

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@click.command()
@config_option
@click.option("--host", help="The address to listen on, in place of the configured one.")
@click.option("--port", type=click.IntRange(0, 65535), help="The TCP port; 0 picks a free one and prints it.")
def respond(config: Path | None, host: str | None, port: int | None) -> None:
    """Serve OCSP (and CRLs and issuer certificates, where configured) over HTTP."""
    log_to_stderr("responder", logging.WARNING)
    file = ConfigFile.read(config)
    settings = file.table("responder", ResponderConfig)
    public = PublicConfig.read(file)
    store = _store(settings)
    source = Negatives(store) if settings.redis else store

    def build(sheet: Sheet) -> "WSGIApplication":
        app = create_app(
            source, files=settings.files, prefix=public.prefix, max_ages=settings.max_ages(public), sheet=sheet
        )
        return app.wsgi_app

    if settings.server is Server.FASTPYSGI:
        from responder.fastserver import serve  # only the server that is used is loaded
    else:
        from responder.robustserver import serve
    listener = listen(host or settings.host, settings.port if port is None else port)
    address = address_of(listener)
    click.echo(f"listening on http://{authority(*address)}")
    admin = None
    if settings.admin:
        from responder.admin import Admin

        admin = Admin(listen(*settings.admin_address), lambda: readiness(store, clock.now(), unanswered(*address)))
        click.echo(f"metrics on http://{authority(*address_of(admin.listener))}/metrics")
    serve(build, listener, admin, settings.workers)


def _store(settings: ResponderConfig) -> Store:
    """Where responses come from; only the library that is needed is loaded.

    Raises:
        ConfigurationError: the password of the server is not there.
    """
    if settings.redis is not None:
        from responder.redissource import RedisSource

        settings.redis.require_secret()
        return RedisSource(settings.redis)
    from responder.lmdbsource import LMDBSource

    return LMDBSource(cast("Path", settings.store))
