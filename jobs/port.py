"""Which TCP port to serve on, found out before anything is started."""

import errno
import socket

from revocation.errors import RevocastError


class PortInUse(RevocastError):
    """Somebody else listens there."""


def usable_port(host: str, port: int) -> int:
    """The port, or a free one for 0.

    Raises:
        PortInUse: another process listens there, or the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port in TIME_WAIT is free
        try:
            probe.bind((host, port))
        except OSError as error:
            what = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be listened on: {error.strerror}"
            raise PortInUse(
                what, where=f"{host} port {port}", advice="choose another: --port N, or --port 0 for a free one"
            ) from error
        return int(probe.getsockname()[1])
