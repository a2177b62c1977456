"""`revocast ledger reconcile` and `revocast ledger rebuild`, on the signer's machine. They only wire."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import Connection, select

from revocation import cli, clock
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import Refused
from revocation.messages import Import, Message, RequesterKey, Verb, compose, fill
from revocation.wire.exchange import Exchange
from revocation.wire.opening import open_exchange
from signer.config import SignerConfig
from signer.ledger import audit, continuity
from signer.ledger.schema import issuers
from signer.progress import progress
from signer.recovery.evidence import Collected
from signer.recovery.reconcile import Summary, reconcile, require_found, require_published, without_series
from signer.recovery.sources import Sources
from signer.rights import authorize
from signer.signer import Signer, open_signer

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _options(command: _Command) -> _Command:
    for option in (
        cli.json_option,
        cli.config_option,
        click.option(
            "--requester-key",
            type=click.Path(path_type=Path),
            help="Their key; else operator.key beside the configuration.",
        ),
        click.option(
            "--requester",
            help="Who asks, as in [[signer.requesters]]: who may `import`, of every issuer; else whose key it is.",
        ),
        click.option(
            "--without",
            multiple=True,
            metavar="ISSUER/LABEL",
            help="A CRL that was never published, or is lost everywhere. May be given again.",
        ),
        click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True)),
    ):
        command = option(command)
    return command


@click.command("reconcile", short_help="Have a restored ledger learn what was published since.")
@_options
def reconcile_(paths: tuple[Path, ...], config: Path | None, **asked: Any) -> None:
    """Have the ledger learn what was published since the copy was made that it comes from.

    Read are the exchange and PATHS: published CRLs, OCSP responses and bundles, or folders with them. What verifies
    with an issuer's key is believed: revocations and their dates and reasons come back, and holds and their ends;
    nothing that is revoked for good turns good. CRL numbers, revisions and sequences go on above. What is due is made
    at the next look.
    """
    file = ConfigFile.read(config)
    signer = open_signer(file, clock.now())
    read = _read(file, signer.config, signer.exchange, signer.public, paths, asked)
    require_published(signer, read.collected, asked["without"], read.at)
    _reconcile(signer, read, as_json=asked["as_json"])


@click.command(short_help="Make a new ledger from what is published.")
@_options
def rebuild(paths: tuple[Path, ...], config: Path | None, **asked: Any) -> None:
    """Make a new ledger, where no backup is left, from the exchange and PATHS, as `ledger reconcile` reads them.

    When certificates expire stands in nothing that is published: `revocast import` of the CA's record tells it.
    """
    file = ConfigFile.read(config)
    public, table = PublicConfig.read(file), file.table("signer", SignerConfig)
    table.check(public)
    if isinstance(table.ledger, Path) and table.ledger.exists():
        with open_signer(file, clock.now()).ledger.read() as connection:
            _require_empty(connection, table)  # before anybody looks for what is published
    read = _read(file, table, open_exchange(table.exchange), public, paths, asked)
    require_found(read.collected, asked["without"], read.at)
    for id_, message in read.messages.items():
        authorize(table, message, public.profiles[id_].issuer)
    signer = open_signer(file, clock.now())  # makes a ledger: what can be refused before was
    _begin(signer, clock.now())
    _reconcile(signer, read, as_json=asked["as_json"])


def _require_empty(connection: Connection, config: SignerConfig) -> None:
    """Return if the ledger knows of no issuer.

    Raises:
        Refused: it does.
    """
    if connection.execute(select(issuers.c.id).limit(1)).one_or_none() is not None:
        raise Refused(
            "is not empty, and is not made anew",
            where=f"ledger {config.ledger}",
            advice="a ledger that lacks something learns it by `revocast ledger reconcile`",
        )


def _begin(signer: Signer, now: datetime) -> None:
    """Mark an empty ledger as one that is to be reconciled, whatever becomes of that.

    Raises:
        Refused: it is not empty.
    """
    with signer.ledger.write() as connection:
        _require_empty(connection, signer.config)
        continuity.note_restored(connection, now, "made anew from what is published")
        audit.record(connection, now, "rebuild", None)


@dataclass(frozen=True)
class _Read:
    """What is published, and who asks that it be believed.

    Attributes:
        messages: of each issuer, by its id.
        highest: the highest sequence of what lay in the exchange; what comes later is noticed by the next look.
        at: when all was read.
    """

    collected: Collected
    messages: Mapping[str, Message]
    highest: int
    damaged: list[str]
    at: datetime


def _read(
    file: ConfigFile,
    table: SignerConfig,
    exchange: Exchange,
    public: PublicConfig,
    paths: Sequence[Path],
    asked: Mapping[str, Any],
) -> _Read:
    """Everything, before anything is changed."""
    key = RequesterKey.load(asked["requester_key"] or file.directory / "operator.key", "name it with --requester-key")
    requester = asked["requester"] or _requester_of(table, key)
    sources, collected = Sources(exchange, paths), Collected(public.profiles.values())
    highest = sources.highest
    with progress("reading what is published", None) as advance:
        for found in sources:
            collected.add(found)
            advance()
    now = clock.now()
    messages = {id_: _message(key, requester, id_, collected, now) for id_ in collected.issuers}
    return _Read(collected, messages, highest, sources.damaged, now)


def _requester_of(table: SignerConfig, key: RequesterKey) -> str:
    """Who has this key.

    Raises:
        Refused: nobody whom this machine knows.
    """
    for one in table.requesters:
        if one.public_key == key.public:
            return one.name
    raise Refused(
        f"is the key of none of [[signer.requesters]]: {key.public}",
        where="requester key",
        advice="name another with --requester-key, or give this one an entry that may `import` and `discard`; on an "
        'offline machine see "Setting up" in docs/ceremony.md',
    )


def _message(key: RequesterKey, requester: str, issuer: str, collected: Collected, now: datetime) -> Message:
    body = fill(Import, issuer=issuer, source="what is published", entries_sha256=collected.sha256)
    return key.sign(compose(Verb.IMPORT, body, now, requester=requester))


def _reconcile(signer: Signer, read: _Read, *, as_json: bool) -> None:
    summary = reconcile(signer, read.messages, read.collected, read.highest, read.at)
    summary.damaged = read.damaged
    for line in without_series(signer, read.collected, read.at):
        click.echo(line, err=True)
    if as_json:
        cli.print_json(asdict(summary))
        return
    _print(summary)


def _print(summary: Summary) -> None:
    click.echo(
        f"{summary.crls} CRLs read, and what OCSP says in {summary.responses} answers; the ledger learned of "
        f"{summary.registered} certificates, {summary.recorded} revocations and {summary.released} releases"
    )
    if summary.ignored:
        click.echo(f"{summary.ignored} objects are signed by none of the issuers, and were ignored")
    lists = (
        ("cannot be read", summary.damaged),
        ("are good, and nobody says on which CRL they belong: import them", summary.unregistered),
        ("stay on hold: they are on no CRL any more, and nothing says that they are good", summary.on_hold),
        ("contradictions", summary.contradictions),
    )
    cli.print_titled(lists)
    if summary.registered:
        click.echo("when those expire is not known: `revocast import` of the CA's record tells it")
    click.echo("reconciled: what is due is made at the next look")
