"""Naming a passphrase file in a revocast.toml that asked for the passphrase until now."""

import json
import re
from pathlib import Path
from typing import Final

from jobs.issuer_entry import PROMPT

_TABLES: Final = re.compile(r"(?m)^(?=\[)")
_ASKED: Final = f"\npassphrase = {json.dumps(PROMPT)}"


def name_passphrase_file(config: Path, issuer: str, source: str) -> None:
    """Let the passphrase of an issuer's key come from `source`, where `prompt` stands as `init` writes it.

    Whatever else stands there is an operator's choice and stays.

    Args:
        issuer: its name.
        source: `file:PATH`.
    """
    tables = _TABLES.split(config.read_text(encoding="utf-8"))
    changed = [_with_source(table, source) if _is_of(table, issuer) else table for table in tables]
    if changed != tables:
        temporary = config.with_name(f".{config.name}")
        temporary.write_text("".join(changed), encoding="utf-8")
        temporary.replace(config)


def _is_of(table: str, issuer: str) -> bool:
    return table.startswith("[[signer.issuers]]") and f"\nname = {json.dumps(issuer)}\n" in table


def _with_source(table: str, source: str) -> str:
    return table.replace(_ASKED, f"\npassphrase = {json.dumps(source, ensure_ascii=False)}", 1)
