"""Run as a script: asks the kernel to end us with our parent, then becomes the command. `leash.py PARENT COMMAND…`.

The request (PR_SET_PDEATHSIG) survives the exec, so no child of `revocast up` outlives a supervisor that was killed
with -9. It is Linux's: elsewhere the command runs without it, and such a child has to be stopped by hand. It is a
script and not a function after the fork, since the parent has threads. It imports nothing of ours.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the command."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):  # it died before we asked
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - that is what we are for: no shell in between


if __name__ == "__main__":
    main()
