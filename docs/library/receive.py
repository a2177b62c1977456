"""Publishing a bundle that came by another way than an exchange: by mail, by scp, on a stick.

REVOCAST_CONFIG=/srv/revocast/revocast.toml python receive.py /media/stick/from-the-root-ca.tar
"""

import os
import sys

from publisher.api import publish_bundle
from revocation.errors import RevocastError


def receive(path: str) -> str:
    """What is published then, in a line; raises where the bundle is refused."""
    statuses = publish_bundle(os.environ["REVOCAST_CONFIG"], path)
    return ", ".join(f"{one.target}: {len(one.crls)} CRLs, {len(one.slices)} OCSP slices" for one in statuses)


if __name__ == "__main__":
    try:
        print(receive(sys.argv[1]))
    except RevocastError as error:
        sys.exit(f"refused: {error}")
