"""What `schedule --json` says, and whose work it is."""

import json
from typing import Any

from click.testing import Result

SIGNERS = ("generate_ocsp_keys", "generate_crls", "presign")


def told(result: Result) -> dict[str, Any]:
    """The tasks of `schedule --json`, by name."""
    return {f"{one['task']} {one['target'] or ''}".strip(): one for one in json.loads(result.stdout)["tasks"]}
