"""Bundles that did not pass: kept with the reason, outside the targets, for whoever has to find out why."""

import json
from datetime import datetime
from pathlib import Path
from typing import Final

from revocation.clock import iso
from revocation.errors import RevocastError, TargetError
from revocation.wire.exchange import Exchange

_MOST_KEPT: Final = 20
_LARGEST_COPY: Final = 4 << 20


def keep_aside(state: Path, exchange: Exchange, bundle: str, error: RevocastError, now: datetime) -> None:
    """Write `<state>/set-aside/<bundle>` and its `.json` with the reason; of many, the newest twenty are kept.

    Raises:
        TargetError: the reason cannot be written.
    """
    folder = state / "set-aside"
    record = {
        "bundle": bundle,
        "at": iso(now),
        "what": error.what,
        "where": error.where,
        "advice": error.advice,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / f"{bundle}.json").write_text(json.dumps(record, indent=1) + "\n")
        _keep_newest(folder)
    except OSError as problem:
        raise TargetError(
            f"cannot be written: {problem.strerror}", where=str(folder), advice="see to room and rights"
        ) from problem
    _copy(exchange, bundle, folder / bundle)


def _copy(exchange: Exchange, bundle: str, file: Path) -> None:
    """A copy of a bundle that is not large, where there is room for one; the reason stands by itself."""
    try:
        with exchange.open(bundle) as source:
            data = source.read(_LARGEST_COPY + 1)
        if len(data) <= _LARGEST_COPY:
            file.write_bytes(data)
        else:
            file.unlink(missing_ok=True)
    except (RevocastError, OSError):
        file.unlink(missing_ok=True)


def _keep_newest(folder: Path) -> None:
    records = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime)
    for record in records[:-_MOST_KEPT]:
        record.unlink(missing_ok=True)
        record.with_suffix("").unlink(missing_ok=True)
