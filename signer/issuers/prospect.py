"""An issuer whose certificate is not there yet: what the configuration says of it, and what it is to say.

Everything else refuses a configuration that names a certificate which is not there; here it is about to be made.
"""

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from revocation.compliance import Compliance
from revocation.config import IssuerTable, PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, InputError
from revocation.wire.opening import open_exchange
from signer.config import SignerConfig, SignerIssuer
from signer.issuers.appending import append
from signer.issuers.files import require_writable
from signer.keys.keyring import Keyring
from signer.keys.logins import Logins
from signer.keys.responder_keys import ResponderKeys
from signer.ledger.ledger import Ledger
from signer.signer import Signer


class _Draft(PublicConfig):
    """`[public]` without a look at the certificates."""

    issuers: tuple[IssuerTable, ...] = Field(default=())


@dataclass(frozen=True)
class KeySource:
    """Where a key is and how it opens, from a command line.

    Attributes:
        offline: it is on a machine without network.
    """

    uri: str | None = None
    passphrase: str | None = None
    offline: bool = False


@dataclass(frozen=True)
class Prospect:
    """An issuer to be.

    Attributes:
        file: the configuration as it will be, with `lines`.
        lines: what is to be appended to it; empty where it says all already.
        signer: of that configuration, where this issuer is left out of `public`, but has its key.
        certificate: the file that its certificate goes into.
        compliance: of the issuer itself.
        signs_responses: whether the configuration has its CA key sign OCSP responses.
    """

    name: str
    file: ConfigFile
    lines: str
    signer: Signer
    certificate: Path
    compliance: Compliance
    signs_responses: bool
    entry: SignerIssuer | None

    def require_appendable(self) -> None:
        """Return if the configuration can be written, which is told before anything is signed.

        Raises:
            InputError: it cannot.
        """
        if not self.lines:
            return
        advice = f"leave --append out, and have its owner put these lines at its end:\n{self.lines}"
        if not os.access(self.file.path, os.W_OK):
            raise InputError("cannot be written", where=str(self.file.path), advice=advice)
        try:
            require_writable(self.file.path)
        except InputError as error:
            raise InputError(error.what, where=error.where, advice=advice) from error

    def append(self) -> None:
        """Write the lines behind the configuration, which stays as it is before them, once the certificate is there.

        Raises:
            InputError: it cannot be written, and is as it was; says the lines, and where the certificate is.
        """
        if not self.lines:
            return
        advice = f"the certificate is in {self.certificate}; put these lines at its end, and all is done:\n{self.lines}"
        where = str(self.file.path)
        try:
            append(self.file.path, self.lines.encode(), lambda content: tomllib.loads(content.decode()))
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", where=where, advice=advice) from error
        except ValueError as error:
            raise InputError(
                f"was edited meanwhile, and is no TOML then: {error}", where=where, advice=advice
            ) from error


def prospect(path: Path | None, name: str, key: KeySource) -> Prospect:
    """The issuer of that name.

    Raises:
        InputError: its key is another in the configuration, or its name is none.
        ConfigurationError: the configuration cannot be used.
    """
    if key.uri and key.offline:
        raise InputError("says that the key is elsewhere, and --key that it is here", where="--offline")
    present = ConfigFile.read(path)
    text = present.path.read_text(encoding="utf-8")
    lines = _missing(present, text, name, key)
    file = _with_lines(present, text, lines)
    draft = file.table("public", _Draft)
    (own,) = (table for table in draft.issuers if table.name == name)
    public = draft.model_copy(update={"issuers": tuple(table for table in draft.issuers if table is not own)})
    _ = public.profiles  # the certificates of the others are read, and refused, now
    config = file.table("signer", SignerConfig)
    config.model_copy(update={"issuers": tuple(one for one in config.issuers if one.name != name)}).check(public)
    signed_by = {**draft.ocsp.model_dump(), **own.ocsp}["signed_by"]
    return Prospect(
        name,
        file,
        lines,
        _open(config, public),
        next((file for file in own.certificates if not file.exists()), own.certificates[0]),
        own.compliance or draft.compliance,
        str(signed_by) == "issuer",
        next((one for one in config.issuers if one.name == name), None),
    )


def _open(config: SignerConfig, public: PublicConfig) -> Signer:
    keyring = Keyring(config.issuers, None, Logins(config.keys, again=True))
    ledger, exchange = Ledger(config.ledger), open_exchange(config.exchange)
    return Signer(config, public, ledger, exchange, keyring, ResponderKeys(config.keys))


def _missing(file: ConfigFile, text: str, name: str, key: KeySource) -> str:
    """The tables of an issuer that are not in the file yet."""
    tables = tomllib.loads(text)
    known = {table: _named(tables.get(table), name) for table in ("public", "signer")}
    lines = []
    if known["public"] is None:
        lines += ["", "[[public.issuers]]", f"name = {json.dumps(name)}"]
        lines += [f"certificates = [{json.dumps(f'issuers/{name}.pem')}]"]
    if known["signer"] is None and key.uri:
        lines += ["", "[[signer.issuers]]", f"name = {json.dumps(name)}", f"key = {_of_file(key.uri, file)}"]
        if key.passphrase:
            lines.append(f"passphrase = {_of_file(key.passphrase, file)}")
    elif known["signer"] is None and key.offline:
        lines += ["", "[[signer.issuers]]", f"name = {json.dumps(name)}", "offline = true"]
    elif known["signer"] is not None and key.uri and not _is_same(known["signer"], key.uri, file):
        raise InputError(
            "has another key in [[signer.issuers]] than --key says", where=f"issuer {name}", advice="leave --key out"
        )
    return "\n".join([*lines, ""]) if lines else ""


def _with_lines(file: ConfigFile, text: str, lines: str) -> ConfigFile:
    """What the file says with the lines behind it."""
    try:
        return ConfigFile(file.path, tomllib.loads(f"{text}{lines}"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"tables of another issuer cannot be put behind it: {error}",
            where=str(file.path),
            advice=f"write them into it by hand, then give the command again:\n{lines}",
        ) from error


def _named(table: Any, name: str) -> dict[str, Any] | None:
    """The entry of that name in a table's `issuers`; what is of another form is refused where the table is read."""
    issuers = table.get("issuers") if isinstance(table, dict) else None
    found = issuers if isinstance(issuers, list) else []
    return next((one for one in found if isinstance(one, dict) and one.get("name") == name), None)


def _of_file(source: str, file: ConfigFile) -> str:
    """As the configuration has it: what is on a command line is relative to where one stands."""
    scheme, _, rest = source.partition(":")
    if scheme != "file":
        return json.dumps(source, ensure_ascii=False)
    path = Path(rest).absolute()
    inside = path.is_relative_to(file.directory)
    return json.dumps(f"file:{path.relative_to(file.directory) if inside else path}", ensure_ascii=False)


def _is_same(entry: dict[str, Any], uri: str, file: ConfigFile) -> bool:
    present = str(entry.get("key"))
    if not present.startswith("file:") or not uri.startswith("file:"):
        return present == uri
    return (file.directory / present.removeprefix("file:")).resolve() == Path(uri.removeprefix("file:")).resolve()


def has_certificate(file: ConfigFile, name: str) -> bool:
    """Whether an issuer of that name is configured, and its certificates are there."""
    if not file.has("public", "issuers"):
        return False
    tables = file.table("public", _Draft).issuers
    return any(all(one.exists() for one in table.certificates) for table in tables if table.name == name)
