"""What `revocast up` does before it starts anything: a demonstration PKI, a configuration, and the imports.

Every step is a command of its own that an operator could have typed, in a process of its own. A step that was
interrupted is done again at the next start.
"""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click

from jobs.acme import ACME
from jobs.acme_tables import add_registrar
from jobs.audit_key import name_audit_key
from jobs.init import CONFIG_NAME, DEFAULT_HOST, Setup, add_issuers, initialise
from jobs.issuer_entry import PROMPT
from jobs.own_ca import ISSUING, issuers_in, lacks_ca, make_own_ca
from jobs.passphrase_setting import name_passphrase_file
from jobs.process import child_environment, command_line, leashed
from jobs.registrar_fit import not_used, require_reachable
from jobs.terminal import printable
from jobs.unlock import unlock
from revocation import cli
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError, RevocastError

_DEMO = "demo"
_PKIS = "pkis.json"


class StepFailed(RevocastError):
    """A step before the start failed, and has said why itself."""


@dataclass(frozen=True)
class Prepared:
    """A data folder that can be started.

    Attributes:
        config: its revocast.toml.
        pkis: the folders whose certificates it knows, for samples.
        chain: the certificates of the demonstration's chain, where there is one.
        not_imported: the folders of which the latest import failed, and that were imported before.
    """

    config: Path
    pkis: tuple[Path, ...]
    chain: Path | None
    not_imported: tuple[str, ...] = ()


def prepare(
    data: Path, pkis: tuple[Path, ...], base_url: str, passphrase_file: Path | None, acme: ACME | None = None
) -> Prepared:
    """Make what is missing, then import the given PKIs (again, if need be: an import adds what is new).

    An import is all or nothing: where one fails, what was imported before is known still, and is served.

    Args:
        data: the folder of everything.
        pkis: folders of PKIs. Without one a first start makes a demonstration, or with `acme` a CA of its own.
        base_url: where relying parties fetch.
        passphrase_file: holds the passphrase of the CA keys.
        acme: a registrar to set up, where there is none.

    Raises:
        StepFailed: a command failed; of imports, the first of a PKI: a CRL without its revocations would be a lie.
        InputError, ConfigurationError: a PKI cannot be used.
    """
    config = data / CONFIG_NAME
    is_first, is_demo = not config.exists(), not pkis and acme is None
    if acme is not None and not is_first:
        _require_can_issue(config, acme, pkis)
    if is_first and is_demo:
        pkis = _demonstration(data / _DEMO, base_url)
    host = acme.everywhere if acme else DEFAULT_HOST
    setup = Setup(data, pkis, base_url, passphrase_file, demo=is_demo, host=host)
    _rehearse(setup)
    entries = initialise(setup) if is_first else add_issuers(config, setup)
    if is_first and (trouble := name_audit_key(config)):
        _show(f"audit_keys of [public] is not set: {printable(trouble)}\n")
    for entry in entries:
        if entry.passphrase and entry.passphrase != PROMPT:
            name_passphrase_file(config, entry.issuer.name, entry.passphrase)
    _require_used(passphrase_file, pkis, config)
    known = _imports(data)
    wanted = known | {str(entry.pki): entry.issuer.name for entry in entries}
    _remember(data, wanted | {pki: "" for pki, name in known.items() if not name})
    not_imported = tuple(pki for pki, name in wanted.items() if name and not _imported(data, pki, name))
    if acme is not None:
        _certify(config, acme, entries[0].issuer.name if entries else None)
    chain = data / _DEMO / "chain.pem"
    return Prepared(config, tuple(map(Path, wanted)), chain if chain.exists() else None, not_imported)


def _require_can_issue(config: Path, acme: ACME, pkis: tuple[Path, ...]) -> None:
    """Return if a registrar may be added to what is there; before anything is changed.

    Raises:
        ConfigurationError: it would certify in the name of the demonstration, or name URLs that nobody else reaches.
    """
    if ConfigFile.read(config).has("registrar"):
        return
    if (config.parent / _DEMO).exists() and not pkis:
        raise ConfigurationError(
            "the demonstration PKI is here, which is for looking and certifies nobody",
            where=str(config.parent),
            advice="for a CA of your own name another folder with --data, or move this one away; for the CA of a PKI "
            "name that with --pki",
        )
    require_reachable(config, acme)


def _certify(config: Path, acme: ACME, issuer: str | None) -> None:
    """Have an issuer serve ACME: that of a PKI that was given, else one of its own, else the first that is there."""
    if issuer is None and lacks_ca(config):
        root = make_own_ca(config, partial(_step, quietly=True))
        _show(f"made a private CA in {config.parent}, called {ISSUING}; its root is {root}\n")
        issuer = ISSUING
    if not add_registrar(config, issuer or issuers_in(config)[0], acme):
        _show(f"[registrar] stands in {config} already, and is as it was\n")
        for line in not_used(config, acme):
            _show(f"{line}\n")


def _imported(data: Path, pki: str, issuer: str) -> bool:
    """Import a PKI; whether that worked. Raises StepFailed where it never did."""
    try:
        _step("import", pki, "--issuer", issuer, "--config", str(data / CONFIG_NAME))
    except StepFailed:
        if _imports(data)[pki]:
            raise
        return False
    _remember(data, _imports(data) | {pki: ""})
    return True


def _rehearse(setup: Setup) -> None:
    """Try the passphrase file in a folder that is thrown away, before it stands in a configuration.

    Raises:
        ConfigurationError: it does not open a key; nothing was written.
    """
    if setup.passphrase_file is None or not setup.pkis:
        return
    with tempfile.TemporaryDirectory(prefix="revocast-") as folder:
        initialise(replace(setup, directory=Path(folder), with_queue=False))
        try:
            unlock(Path(folder) / CONFIG_NAME)
        except ConfigurationError as error:
            raise ConfigurationError(
                "does not open the CA keys, for the reason above; nothing was written",
                where=f"--passphrase-file {setup.passphrase_file}",
                advice="name the file with their passphrase, or leave it out and type the passphrase",
            ) from error


def _require_used(passphrase_file: Path | None, pkis: tuple[Path, ...], config: Path) -> None:
    """A passphrase file stands in the configuration now; where another stood there, that is the place to change it."""
    if not passphrase_file or f"file:{passphrase_file.resolve()}" in config.read_text(encoding="utf-8"):
        return
    setting = f'set `passphrase = "file:PATH"` of the issuer in [[signer.issuers]] of {config}'
    raise ConfigurationError(
        "is not used: another passphrase is configured, or no key is encrypted" if pkis else "is for the keys of --pki",
        where=f"--passphrase-file {passphrase_file}",
        advice=setting if pkis else f"name the PKI with --pki too, or {setting}",
    )


def _demonstration(demo: Path, base_url: str) -> tuple[Path, Path]:
    if not demo.exists():
        unfinished = demo.with_name(".demo-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _step("demo-pki", str(unfinished), "--base-url", base_url, quietly=True)
        unfinished.rename(demo)
        _show(f"made a demonstration PKI in {demo}\n")
    return demo / "issuing", demo / "root"


def _imports(data: Path) -> dict[str, str]:
    """The PKI folders that this data folder knows, each with the issuer whose import is still to be done, or none."""
    path = data / _PKIS
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _remember(data: Path, imports: dict[str, str]) -> None:
    temporary = data / f".{_PKIS}"
    temporary.write_text(json.dumps(imports, indent=1))
    temporary.replace(data / _PKIS)


def _step(*command: str, quietly: bool = False) -> None:
    """Run a command, on the leash: it ends with us, before another `up` can take the folder's lock.

    What it says goes through our hands: it would end when nobody reads our output any more.
    """
    with subprocess.Popen(
        leashed(command_line(*command)),
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C reaches us alone
    ) as process:
        try:
            for line in process.stdout or ():
                if not quietly:
                    _show(line)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
    if process.returncode:
        raise StepFailed(f"`revocast {' '.join(command)}` ended with {process.returncode} and said why above")


def _show(line: str) -> None:
    with cli.unheard():
        click.echo(line, nl=False)
