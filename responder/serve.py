"""`revocast respond`: the application under the server that is configured, on one address, until a signal says stop.

This is the entry point; below it nothing reads the clock.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from responder.config import ResponderConfig, Server
from responder.configured import application, source_of, store_of
from responder.counts import Sheet
from responder.listening import address_of, authority, listen
from responder.readiness import readiness
from responder.ready import unanswered
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
    store = store_of(settings)
    source = source_of(settings, store)

    def build(sheet: Sheet) -> "WSGIApplication":
        return application(settings, public, source, public.prefix, sheet).wsgi_app

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
