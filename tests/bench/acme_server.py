"""An ACME server for the benchmark, as a process: real but for an instant validator, and for HTTP in place of HTTPS."""

import sys
from dataclasses import replace
from pathlib import Path

from registrar.acme.app import create_app
from registrar.acme.jws import LARGEST
from registrar.configured import read_registrar, responder_of, services_of, signer_of
from registrar.serving.conversation import Bounds
from registrar.serving.server import Server
from revocation import clock
from revocation.configfile import ConfigFile
from tests.registrar.fakes import InstantValidator

_THREADS = 32


def main(config: str) -> None:
    """Serve until the process ends; says its port first."""
    settings, public = read_registrar(ConfigFile.read(Path(config)))
    signer = signer_of(settings, clock.now)
    services = services_of(settings, public, clock.now, signer, responder_of(settings, public))
    services = replace(services, validations=InstantValidator(services.database, clock.now))
    application = create_app(services).wsgi_app
    bounds = Bounds(2 * LARGEST, silence=60)  # clients make their keys with a connection open
    options = {"threads": _THREADS, "largest": bounds.body, "now": clock.now, "bounds": bounds}
    server = Server(("127.0.0.1", 0), application, **options)
    server.open()
    print(server.address[1], flush=True)
    server.serve()


if __name__ == "__main__":
    main(sys.argv[1])
