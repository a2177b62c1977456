"""The issuer whose certificate of a name is meant, where nobody says it, and what helps where none is found.

Which issuers have the name stands in the ledger alone, which no message tells. So `revocast cert list` is asked, where
the ledger is.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from jobs.installation import Installation
from jobs.process import child_environment, command_line
from revocation.barename import common_name_advice
from revocation.config import IssuerProfile
from revocation.errors import Refused, RevocastError

_ON_HOLD: Final = "certificateHold"
_SHOWN: Final = 20
_PAGE: Final = "1000"


class LedgerNotRead(RevocastError):
    """`revocast cert list` failed, and has said why itself."""


@contextmanager
def telling_of_common_names(name: str | None) -> Iterator[None]:
    """Within, what is refused of a bare name says how a common name is written."""
    try:
        yield
    except Refused as error:
        if name is not None and error.kind is None and (hint := common_name_advice(name)):
            error.advice = f"{error.advice}; {hint}" if error.advice else hint
        raise


def issuer_with(installation: Installation, name: str) -> IssuerProfile:
    """The one issuer with a certificate of that name that can still be revoked; else the one that ever had one.

    Raises:
        Refused: no issuer has the name, or several have.
        LedgerNotRead: the ledger cannot be read by who asks.
    """
    found = list(_listed(installation.path, name))
    meant = [one for one in found if one["state"] == "good" or one["reason"] == _ON_HOLD] or found
    issuers = list(dict.fromkeys(str(one["issuer"]) for one in meant))
    if not issuers:
        raise Refused(
            "no issuer has a certificate of that name",
            where=name,
            advice="`revocast cert list --name PART` lists those with a part of it; what was imported without the "
            "certificate itself is known by its serial alone",
        )
    if len(issuers) > 1:
        more = f" and {len(meant) - _SHOWN} more" if len(meant) > _SHOWN else ""
        candidates = ", ".join(f"{one['serial']} of {one['issuer']}" for one in meant[:_SHOWN])
        raise Refused(
            f"several issuers have certificates of that name: {candidates}{more}",
            where=name,
            advice=f"name one with --issuer ({', '.join(issuers)})",
        )
    return installation.public.profile(issuers[0])


def _listed(config: Path, name: str) -> Iterator[dict[str, Any]]:
    """What `cert list` says of each certificate of the name."""
    after: str | None = None
    while True:
        further = ("--after", after) if after else ()
        done = subprocess.run(
            command_line("cert", "list", "--name", name, "--json", "--limit", _PAGE, *further, config=config),
            stdout=subprocess.PIPE,
            env=child_environment(),
            text=True,
            check=False,
        )
        if done.returncode:
            raise LedgerNotRead(
                f"the ledger could not be asked which issuer has {name}, for the reason above",
                advice="name the issuer with --issuer",
            )
        said = json.loads(done.stdout)
        yield from said["certificates"]
        after = said["next"]
        if after is None:
            return
