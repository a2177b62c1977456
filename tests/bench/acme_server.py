"""An ACME server for the benchmark, as a process: real but for an instant validator, and a CA that signs in it."""

import sys
from pathlib import Path

from cheroot.wsgi import Server

from registrar.acme.app import create_app
from registrar.acme.nonces import QueueNonces
from registrar.acme.rates import Rates
from registrar.queue_server import connect
from tests.registrar.site import Site

_THREADS = 8
_NAMES = (
    "accounts_per_address",
    "orders_per_account",
    "orders_per_name",
    "certificates_per_name",
    "certificates_per_set",
)
LIMITS = "limits = {" + ", ".join(f'{name} = "1000000 per day"' for name in _NAMES) + "}"
"""Counted, and never reached."""


def main(folder: str, queue: str) -> None:
    """Serve until the process ends; says its address first."""
    site = Site.build(Path(folder), issuer=LIMITS)
    services = site.services
    object.__setattr__(services, "rates", Rates.in_queue_server(queue, site.clock))
    object.__setattr__(services, "nonces", QueueNonces(connect(queue), services.settings.nonce_lifetime))
    server = Server(("127.0.0.1", 0), create_app(services).wsgi_app, numthreads=_THREADS)
    server.prepare()
    print(server.bind_addr[1], flush=True)
    server.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
