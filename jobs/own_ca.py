"""A private CA for `revocast up --acme` without a PKI: a root, and below it the CA that issues."""

import secrets
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from jobs.private_folder import make_private
from revocation.durable import write_new

ISSUING: Final = "home"
_ROOT: Final = "home-root"
_SECRET_OCTETS: Final = 32
_CAS: Final = (
    (_ROOT, ("--subject", "CN=Home Root CA", "--days", "7300")),
    (ISSUING, ("--subject", "CN=Home CA", "--days", "3650", "--issued-by", _ROOT)),
)


def make_own_ca(config: Path, step: Callable[..., None]) -> Path:
    """Make what is missing of it: keys in `ca/`, encrypted, with their passphrase beside them, and certificates.

    Args:
        config: the revocast.toml that gets their tables.
        step: runs a `revocast` command.

    Returns:
        The certificate of the root.

    Raises:
        StepFailed, InputError: one failed, and said why.
    """
    folder = make_private(config.parent / "ca")
    passphrase = folder / "passphrase"
    if not passphrase.exists():
        write_new(passphrase, f"{secrets.token_urlsafe(_SECRET_OCTETS)}\n".encode(), 0o600)
    for name, options in _CAS:
        key, source = folder / f"{name}.key", f"file:{passphrase}"
        if not key.exists():
            step("key", "generate", f"file:{key}", "--kind", "p256", "--passphrase", source)
        if name not in issuers_in(config):
            how = ("--key", f"file:{key}", "--passphrase", source, "--append", "--config", str(config))
            step("issuer", "create", name, *options, *how)
    return config.parent / "issuers" / f"{_ROOT}.pem"


def lacks_ca(config: Path) -> bool:
    """Whether there is no CA that could issue: none at all, or a start that was interrupted between the two."""
    return issuers_in(config) in ([], [_ROOT])


def issuers_in(config: Path) -> list[str]:
    """The names of [[public.issuers]]."""
    public = tomllib.loads(config.read_text(encoding="utf-8")).get("public", {})
    return [one["name"] for one in public.get("issuers", ())]
