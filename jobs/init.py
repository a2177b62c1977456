"""`revocast init`: a commented revocast.toml, the operator's key, copies of issuer certificates. Never overwrites."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from jobs.acme import ACME, acme_options, asked_for
from jobs.acme_tables import add_registrar
from jobs.audit_key import name_audit_key
from jobs.issuer_entry import PROMPT, IssuerEntry, entry_of
from jobs.private_folder import make_private, socket_place
from jobs.template import configuration, issuer_tables
from jobs.terminal import printable
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, InputError
from revocation.messages import RequesterKey

CONFIG_NAME = "revocast.toml"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8889
_BASE_URL = re.compile(r"http://[!-.0-~]+")
_DEMO_PASSPHRASES = ("ca.passphrase", "private/ca.passphrase", "../ca.passphrase")


@dataclass(frozen=True)
class Setup:
    """What `init` is asked for.

    Attributes:
        directory: where the configuration goes.
        pkis: folders of PKIs to begin with.
        base_url: where relying parties fetch.
        passphrase_file: holds the passphrase of the encrypted CA keys.
        demo: the PKIs are a demonstration, whose passphrase lies beside the key.
        with_queue: name a queue (an embedded one), or leave it out for a system that works by cron.
        host: the address that the responder listens on.
    """

    directory: Path
    pkis: tuple[Path, ...]
    base_url: str
    passphrase_file: Path | None = None
    demo: bool = False
    with_queue: bool = True
    host: str = DEFAULT_HOST


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path(), required=False)
@click.option("--pki", "pkis", multiple=True, type=click.Path(path_type=Path), help="Easy-RSA or `openssl ca` folder.")
@click.option("--base-url", default=f"http://localhost:{DEFAULT_PORT}", show_default=True, help="Where clients fetch.")
@click.option("--passphrase-file", type=click.Path(path_type=Path, dir_okay=False), help="For encrypted CA keys.")
@click.option("--demo", is_flag=True, help="The PKIs are those of `revocast demo-pki`.")
@click.option("--no-queue", is_flag=True, help="For cron: name no queue.")
@acme_options
def init(
    directory: Path,
    pkis: tuple[Path, ...],
    base_url: str,
    passphrase_file: Path | None,
    *,
    demo: bool,
    no_queue: bool,
    **acme: Any,
) -> None:
    """Write a commented revocast.toml and the first operator key into DIRECTORY."""
    if demo and not pkis:
        raise InputError(
            "makes no PKI: it says that those of --pki are demonstrations",
            where="--demo",
            advice="`revocast up` makes one; so does `revocast demo-pki DIR`: then --pki DIR/issuing",
        )
    registrar = _registrar(pkis, no_queue=no_queue, **acme)
    host = registrar.everywhere if registrar else DEFAULT_HOST
    setup = Setup(directory, pkis, base_url.rstrip("/"), passphrase_file, demo, not no_queue, host)
    entries = initialise(setup)
    if registrar is not None:
        add_registrar(directory / CONFIG_NAME, entries[0].issuer.name, registrar)
    for entry in entries:
        click.echo(f"issuer {entry.issuer.name} ({entry.issuer.id})")
        command = ("revocast", "import", entry.pki, "--issuer", entry.issuer.name, "--config", directory / CONFIG_NAME)
        click.echo(f"  import it: {shlex.join(map(str, command))}")
        if not entry.key_is_there:
            click.echo(f"  its key is not at {entry.key}: put it there, or say in [[signer.issuers]] where it is")
        if entry.passphrase == PROMPT:
            click.echo("  its passphrase is asked for on a terminal; cron has none: name a file with --passphrase-file")
    if trouble := name_audit_key(directory / CONFIG_NAME):
        click.echo(f"audit_keys of [public] is not set: {printable(trouble)}")
        click.echo("  set it to what `revocast audit show --key` prints where the signer runs")
    click.echo(f"wrote {directory / CONFIG_NAME} and {directory / 'operator.key'}")
    first = (
        "" if pkis else "name a CA in [[public.issuers]] and [[signer.issuers]], as the example at its end shows; then "
    )
    click.echo(
        f"next: {first}revocast import …, then `revocast refresh --config {directory / CONFIG_NAME}` (or `revocast up`)"
    )


def _registrar(pkis: tuple[Path, ...], *, no_queue: bool, **options: Any) -> ACME | None:
    """What --acme asks for.

    Raises:
        InputError: there is no CA that could issue, or no queue over which a registrar could ask.
    """
    asked = asked_for(**options)
    if asked is not None and (no_queue or not pkis):
        raise InputError(
            "needs a queue" if no_queue else "needs a CA: the first --pki",
            where="--acme",
            advice="leave out --no-queue" if no_queue else "`revocast up --acme` makes one",
        )
    return asked


def initialise(setup: Setup) -> list[IssuerEntry]:
    """Write everything; returns the issuers that stand in it.

    Raises:
        InputError: there is a configuration already, a PKI folder cannot be used, or the base URL is none.
    """
    path = setup.directory / CONFIG_NAME
    if not _BASE_URL.fullmatch(setup.base_url):
        raise InputError(
            "is not a base URL: http://HOST or http://HOST:PORT (the objects are signed, so there is no https)",
            where=setup.base_url,
            advice="a path goes into `prefix` of [public]",
        )
    if path.exists():
        raise InputError("is there already and is never overwritten", where=str(path), advice="edit it, or remove it")
    entries = _entries(setup.pkis, set(), setup)
    setup.directory.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        entry.copy_certificates(setup.directory)
    port = urlsplit(setup.base_url).port or DEFAULT_PORT
    queue = _queue(setup.directory) if setup.with_queue else None
    text = configuration(setup.base_url, (setup.host, port), queue, _operator_key(setup.directory).public, entries)
    with path.open("x") as file:
        file.write(text)
    return entries


def add_issuers(config: Path, setup: Setup) -> list[IssuerEntry]:
    """Append the issuers of the PKIs that are not configured yet; returns the entries of all of them, old and new.

    Raises:
        InputError, ConfigurationError: a PKI or the configuration cannot be used.
    """
    tables = ConfigFile.read(config)
    profiles = PublicConfig.read(tables).profiles if tables.has("public", "issuers") else {}
    known = {id_: profile.issuer.name for id_, profile in profiles.items()}
    entries = _entries(setup.pkis, set(known.values()), setup, known)
    new = [entry for entry in entries if entry.issuer.id not in known]
    for entry in new:
        entry.copy_certificates(config.parent)
    with config.open("a") as appended:
        appended.write("".join(issuer_tables(entry) for entry in new))
    return entries


def _entries(
    pkis: tuple[Path, ...], taken: set[str], setup: Setup, known: dict[str, str] | None = None
) -> list[IssuerEntry]:
    entries: dict[str, IssuerEntry] = {}
    for pki in pkis:
        entry = entry_of(pki, taken, setup.passphrase_file or (_demo_passphrase(pki) if setup.demo else None))
        if name := (known or {}).get(entry.issuer.id):
            entry = entry.named(name)
        if entry.issuer.id in entries:
            raise InputError("names the same CA as another --pki", where=str(pki))
        entries[entry.issuer.id] = entry
        taken.add(entry.issuer.name)
    return list(entries.values())


def _demo_passphrase(pki: Path) -> Path | None:
    return next((pki / name for name in _DEMO_PASSPHRASES if (pki / name).is_file()), None)


def _queue(directory: Path) -> str:
    socket = socket_place(directory)
    if socket.parent == directory.resolve() / "run":
        return "unix://run/" + socket.name
    make_private(socket.parent)
    return f"unix://{socket}"


def _operator_key(directory: Path) -> RequesterKey:
    path = directory / "operator.key"
    if path.exists():
        return RequesterKey.load(path, "move it away, and a new one is made")
    key = RequesterKey.generate()
    try:
        key.save(path)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", where=str(path)) from error
    return key
