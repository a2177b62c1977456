"""An ACME server for the benchmark, as a process: real but for an instant validator, and a CA that signs in it."""

import sys
from pathlib import Path

from cheroot.wsgi import Server

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
    site = Site.build(Path(folder), issuer=LIMITS).counting_in(queue)
    server = Server(("127.0.0.1", 0), site.app.wsgi_app, numthreads=_THREADS)
    server.prepare()
    print(server.bind_addr[1], flush=True)
    server.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
