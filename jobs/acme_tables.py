"""The tables of a registrar in a revocast.toml: the signer's policy, the registrar's own, and the key between them."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from jobs.acme import ACME
from jobs.private_folder import make_private
from jobs.registrar_fit import require_reachable
from revocation.durable import replace_content
from revocation.errors import ConfigurationError
from revocation.messages import RequesterKey

REGISTRAR_FOLDER: Final = "registrar"
_TABLES: Final = re.compile(r"(?m)^(?=\[)")
_ADVICE: Final = "add [registrar] by hand, as docs/acme.md shows it"


def add_registrar(config: Path, issuer: str, acme: ACME) -> bool:
    """Have an issuer certify what ACME clients show to be theirs; whether that was not so before.

    A configuration that has [registrar] is left as it is.

    Raises:
        ConfigurationError: it issues by other tables already, has no queue, or only this machine would reach what
            certificates name.
        InputError: the registrar's folder or key cannot be used.
    """
    text = config.read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    if "registrar" in tables:
        return False
    require_reachable(config, acme)
    queue = _queue(config, issuer, tables)
    folder = make_private(config.parent / REGISTRAR_FOLDER)
    key = _requester_key(folder / "requester.key")
    parts = _TABLES.split(text)
    place = next((number for number, part in enumerate(parts) if _is_signer_of(part, issuer)), None)
    if place is None:
        raise ConfigurationError(
            f"has no [[signer.issuers]] called {issuer} as `revocast init` writes it", where=str(config), advice=_ADVICE
        )
    parts[place] = parts[place].rstrip("\n") + "\n" + _ISSUANCE.format(**_values(acme))
    more = _REGISTRAR.format(issuer=_literal(issuer), queue=_literal(queue), key=_literal(key.public), **_values(acme))
    changed = "".join(parts).rstrip("\n") + "\n" + more
    tomllib.loads(changed)
    replace_content(config, changed.encode(), config.stat().st_mode & 0o777)
    return True


def _queue(config: Path, issuer: str, tables: dict[str, Any]) -> str:
    """That of the signer, where nothing of what is to be written stands already."""
    signer = tables.get("signer", {})
    if any(one.get("name") == "registrar" for one in signer.get("requesters", ())):
        raise ConfigurationError("has a requester `registrar` already", where=str(config), advice=_ADVICE)
    if any(one.get("name") == issuer and "issuance" in one for one in signer.get("issuers", ())):
        raise ConfigurationError(f"{issuer} issues by message already", where=str(config), advice=_ADVICE)
    queue = tables.get("jobs", {}).get("queue")
    if not isinstance(queue, str):
        raise ConfigurationError(
            "names no queue, over which a registrar asks the signer", where=str(config), advice="set `queue` of [jobs]"
        )
    return queue


def _requester_key(path: Path) -> RequesterKey:
    if path.exists():
        return RequesterKey.load(path, "move it away, and a new one is made")
    key = RequesterKey.generate()
    key.save(path)
    return key


def _is_signer_of(table: str, issuer: str) -> bool:
    return table.startswith("[[signer.issuers]]") and f"\nname = {_literal(issuer)}\n" in table


_LOOPBACK = ("127.0.0.0/8", "::1/128")


def _values(acme: ACME) -> dict[str, str]:
    kind = "ip" if acme.host.replace(".", "").isdigit() or ":" in acme.host else "dns"
    private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]
    return {
        "dns": _literal(acme.domains),
        "ip": _literal(acme.networks),
        "own": f"{{ {kind} = {_literal([acme.host])} }}",
        "url": _literal(acme.url),
        "listen": _literal(acme.listen),
        "private": _literal([*private, *(_LOOPBACK if acme.is_local else ())]),
    }


def _literal(value: object) -> str:
    """JSON's text and lists are TOML's too."""
    return json.dumps(value, ensure_ascii=False)


_ISSUANCE = """\
[signer.issuers.issuance.names]
# What is certified for whoever shows it to be theirs, or asks with the operator's key: these, and all below them.
dns = {dns}
wildcards = true
ip = {ip}
[signer.issuers.issuance.profiles.server]
validity = "90d"
[signer.issuers.issuance.profiles.registrar]
# The registrar's own, which no ACME client can ask for.
kind = "server"
names = {own}

"""

_REGISTRAR = """
# ---- certificates by ACME: docs/acme.md ----
[[signer.requesters]]
# What the registrar may ask of the signer: nothing but these, for this issuer.
name = "registrar"
public_key = {key}
verbs = ["issue", "revoke"]
# verbs = ["issue", "revoke", "release", "register"]  # where it has [registrar.api] too: docs/api.md
issuers = [{issuer}]
issues_per_hour = 500
[registrar]
url = {url}
listen = {listen}
database = "registrar/registrar.sqlite"
queue = {queue}
[registrar.own_certificate]
issuer = {issuer}
profile = "registrar"
[registrar.validation]
# Hosts at home have private addresses, this one too. Whoever may ask for a certificate finds out which of them
# answer on port 80.
private_addresses = {private}
# Who owns a domain says by CAA records which public CAs may certify it. No resolver at home need know of this one.
caa = false
[[registrar.issuers]]
name = {issuer}
acme = true
# Who has a certificate staples its OCSP response: it is handed out once that is there, a moment later.
publish_first = true
requester_key = "registrar/requester.key"
dns_names = {dns}
ip_networks = {ip}
"""
