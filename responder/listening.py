"""The socket that `revocast respond` listens on, and what is said about it."""

import errno
import resource
import socket
from contextlib import ExitStack
from typing import Final

from revocation.errors import RevocastError

_STALL: Final = 30_000  # milliseconds after which a connection whose client takes nothing is reset
_ON_ITS_WAY: Final = 1 << 17  # octets that the kernel takes from us at once: few, or a slow reader would look silent


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        RevocastError: another process has the port, the address is not this machine's, or the port needs a privilege.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as undo:
            listener = undo.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else a restart waits for old connections
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _STALL)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ON_ITS_WAY)
            listener.bind(address)
            listener.listen()
            undo.pop_all()
            return listener
    except (OSError, UnicodeError) as error:  # the latter of a host that no name can be
        reason = error.strerror if isinstance(error, OSError) else "no such name"
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        what = "the port is in use" if in_use else f"cannot listen: {reason}"
        raise RevocastError(
            what, where=authority(host, port), advice="choose another with --port or --host, or in [responder]"
        ) from error


def allow_descriptors(wanted: int) -> None:
    """Use more of what the system allows than the usual 1024, if it does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def allow_exactly_descriptors(most: int) -> None:
    """Let this process have as many files and connections as that, or as the system allows if these are fewer."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def address_of(listener: socket.socket) -> tuple[str, int]:
    """Host and port that it listens on."""
    host, port = listener.getsockname()[:2]
    return host, port


def authority(host: str, port: int) -> str:
    """Both as a URL has them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
