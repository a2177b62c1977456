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
        except (OSError, UnicodeError) as error:  # the latter of a host that no name can be
            raise _refusal(error, host, port) from error
        return int(probe.getsockname()[1])


def _refusal(error: OSError | UnicodeError, host: str, port: int) -> PortInUse:
    reason = error.strerror if isinstance(error, OSError) else "no such name"
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            what, advice = "is in use", "choose another: --port N, or --port 0 for a free one"
        case errno.EACCES:
            what, advice = f"cannot be listened on: {reason}", "choose one from 1024 on: --port N"
        case _:
            what = f"cannot be listened on: {reason}"
            advice = "name an address of this machine: --host 127.0.0.1, or --host 0.0.0.0 for all that it has"
    return PortInUse(what, where=f"{host} port {port}", advice=advice)
