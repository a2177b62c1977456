"""The one command `revocast`: a table of names to dotted functions, each loaded when it is called.

So no room imports another to be found, and a service installed alone still has the whole help.
"""

import gc
import importlib
import os
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Final

import click

from revocation import __version__, cli
from revocation.installed import named


@dataclass(frozen=True)
class Row:
    """One command: where it lives, the extra that brings what it needs, and its line of help."""

    target: str
    extra: str
    help: str


TABLE: Final[dict[str, Row]] = {
    "up": Row("jobs.up:up", "embedded", "Start everything on this machine; stays in the foreground."),
    "init": Row("jobs.init:init", "jobs", "Write a commented revocast.toml and the first operator key."),
    "import": Row(
        "signer.commands:import_", "signer", "Synchronise the ledger with a PKI, a CSV, certificates or a CRL."
    ),
    "revoke": Row("jobs.revoke:revoke", "jobs", "Revoke a certificate and wait until it is published."),
    "release": Row("jobs.revoke:release", "jobs", "Release a certificate from hold and wait until it is published."),
    "raise": Row("jobs.revoke:raise_", "jobs", "Say that the key of a revoked certificate is compromised."),
    "excuse": Row("jobs.excuse:excuse", "jobs", "Let serials be missing from CRLs that nothing else explains."),
    "discard": Row("jobs.discard:discard", "jobs", "Take back what was signed by a clock that ran ahead."),
    "status": Row("jobs.status:status", "jobs", "What is published, how fresh it is, what is due and why."),
    "check": Row("jobs.check:check", "jobs", "Fetch and verify everything as a relying party would."),
    "refresh": Row("jobs.refresh:refresh", "jobs", "Do all that is due, without a queue: for cron or a timer."),
    "generate-crls": Row("jobs.refresh:generate_crls", "jobs", "Make the CRLs that are due."),
    "generate-ocsp-keys": Row(
        "jobs.refresh:generate_ocsp_keys", "jobs", "Renew the OCSP responder certificates that are due."
    ),
    "publish": Row("publisher.commands:publish", "publisher", "Bring every target up to date with the exchange."),
    "respond": Row("responder.serve:respond", "responder", "Serve OCSP (and static files) over HTTP."),
    "registrar": Row("registrar.serve:registrar", "registrar", "Serve ACME, and an API for systems of one's own."),
    "acme-cleanup": Row("registrar.commands:acme_cleanup", "registrar", "Delete what ended of ACME: for cron."),
    "registrar-backup": Row("registrar.backup_commands:backup", "registrar", "Copy the registrar's database."),
    "registrar-restore": Row("registrar.backup_commands:restore", "registrar", "Put a copy of that in its place."),
    "eab create": Row("registrar.commands:create_eab", "registrar", "Make a key for external account binding."),
    "eab list": Row("registrar.commands:list_eab", "registrar", "Show the keys for external account binding."),
    "eab revoke": Row("registrar.commands:revoke_eab", "registrar", "Let no account be bound to such a key."),
    "token create": Row("registrar.token_commands:create", "registrar", "Make a token for the API of the registrar."),
    "token list": Row("registrar.token_commands:list_", "registrar", "Show the tokens of the API."),
    "token revoke": Row("registrar.token_commands:revoke", "registrar", "Have a token hold no more."),
    "schedule": Row("jobs.timetable:schedule", "jobs", "What periodic work runs when, and when it last succeeded."),
    "metrics": Row("jobs.metrics:metrics", "jobs", "What status and schedule show, for Prometheus."),
    "scheduler": Row("jobs.scheduler:scheduler", "jobs", "Ask for periodic work, over the queue."),
    "worker signer": Row("signer.worker:worker", "signer", "Handle the signer's queues; opens no listening socket."),
    "worker publisher": Row("publisher.worker:worker", "publisher", "Handle the publisher's queue."),
    "worker registrar": Row(
        "registrar.worker:worker", "registrar", "Validate challenges of ACME; opens no listening socket."
    ),
    "key generate": Row(
        "signer.key_commands:generate", "signer", "Make a CA key: in a file, encrypted, or on a token."
    ),
    "key show": Row("signer.key_commands:show", "signer", "Show the public key of a CA key, and how it can sign."),
    "issuer create": Row(
        "signer.issuers.create:create", "signer", "Make a root, or a CA below an issuer whose key is here."
    ),
    "issuer csr": Row("signer.issuers.csr:csr", "signer", "Write a request for a CA certificate (PKCS #10)."),
    "issuer sign": Row("signer.issuers.sign:sign", "signer", "Certify the CA that a request names."),
    "issuer install": Row(
        "signer.issuers.install:install",
        "signer",
        "Put in its place a CA certificate that was made elsewhere.",
    ),
    "issuer renew": Row(
        "signer.issuers.further:renew", "signer", "Make another certificate of an issuer, with the same key."
    ),
    "issuer add-certificate": Row(
        "signer.issuers.further:add_certificate", "signer", "Add a certificate of an issuer that was made elsewhere."
    ),
    "issuer import": Row(
        "signer.issuers.existing:import_", "signer", "Take a CA that exists for an issuer, with its key."
    ),
    "issuer list": Row("signer.issuers.list:list_", "signer", "List issuers: until when, below whom, what they issue."),
    "issuer show": Row("signer.issuers.show:show", "signer", "Show issuers: certificates, key, and where things are."),
    "issuer retire": Row("signer.issuers.retire:retire", "signer", "Let an issuer issue nothing any more."),
    "cert issue": Row("jobs.cert_issue:issue", "jobs", "Have a certificate issued, and wait until it is answered for."),
    "cert list": Row("signer.certs.list:list_", "signer", "List certificates: by name, serial, state, expiry."),
    "cert show": Row("signer.certs.show:show", "signer", "Show what is known of a certificate."),
    "cert export": Row("signer.certs.export:export", "signer", "Write a certificate to a file, PEM or DER."),
    "signer run": Row("signer.run:run", "signer", "Handle messages from standard input, one JSON a line."),
    "signer unlock": Row("signer.unlock:unlock", "signer", "Try the CA keys, and ask for passphrases."),
    "backup": Row("signer.recovery.backup:backup", "signer", "Copy ledger and registrar's database, while all runs."),
    "restore": Row("signer.recovery.restore:restore", "signer", "Put a backup of the ledger in its place."),
    "ledger reconcile": Row(
        "signer.recovery.commands:reconcile_", "signer", "Have a restored ledger learn what was published since."
    ),
    "ledger rebuild": Row("signer.recovery.commands:rebuild", "signer", "Make a new ledger from what is published."),
    "ceremony request": Row("signer.ceremony.commands:request", "signer", "Write what the offline machine is to sign."),
    "ceremony sign": Row("signer.ceremony.commands:sign", "signer", "Show, and sign, what a request asks for."),
    "ceremony accept": Row("signer.ceremony.commands:accept", "signer", "Take in what a ceremony signed."),
    "audit verify": Row(
        "signer.auditing.commands:verify_", "signer", "Hold the audit log against its chain, and against signed heads."
    ),
    "audit show": Row(
        "signer.auditing.commands:show", "signer", "Show entries of the audit log, or the key that signs its head."
    ),
    "demo-pki": Row("signer.demo:demo_pki", "signer", "Make a small demonstration PKI in the layout of Easy-RSA."),
}

_GROUPS: Final = {
    "worker": "Run one of the workers of the queue.",
    "eab": "Keys for external account binding (ACME).",
    "token": "Tokens for the API of the registrar.",
    "key": "CA keys, in files and on tokens.",
    "issuer": "CA certificates: roots, intermediates, requests.",
    "cert": "Certificates that issuers here issued.",
    "signer": "The signer by itself, without a queue.",
    "ledger": "The signer's ledger, after a disaster.",
    "ceremony": "Signing on a machine without network.",
    "audit": "The signer's audit log.",
}
_NOT_FOR_OTHERS: Final = 0o022


class CommandTable(click.Group):
    """A click group whose commands are rows of the table below a prefix."""

    def __init__(self, prefix: str = "", help_text: str | None = None) -> None:
        super().__init__(name=prefix.strip() or "revocast", help=help_text)
        self._prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names in the order of the table, which reads like a table of contents."""
        below = [name.removeprefix(self._prefix) for name in TABLE if name.startswith(self._prefix)]
        return list(dict.fromkeys(name.split()[0] for name in below))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, loaded now."""
        if not self._prefix and cmd_name in _GROUPS:
            return CommandTable(f"{cmd_name} ", _GROUPS[cmd_name])
        row = TABLE.get(self._prefix + cmd_name)
        return load(self._prefix + cmd_name, row) if row else None

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a library that it finds missing only then is told as one that it is loaded with."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            name = self._prefix + (ctx.invoked_subcommand or "")
            row = TABLE.get(name)
            if row is None:
                raise
            with named(f"`revocast {name}`", row.extra):
                raise error from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands from the table, without loading any."""
        groups = {} if self._prefix else _GROUPS
        rows = [(name, groups.get(name) or TABLE[self._prefix + name].help) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def load(name: str, row: Row) -> click.Command:
    """The click command of a row.

    Raises:
        NotInstalled: its room or a library that it needs is not installed; says which extra brings it.
    """
    module, attribute = row.target.split(":")
    with named(f"`revocast {name}`", row.extra):
        command = getattr(_imported(module), attribute)
    if not isinstance(command, click.Command):
        raise TypeError(f"{row.target} is not a click command")
    return command


def _imported(name: str) -> ModuleType:
    """The module; what an import makes stays, and looking for garbage in it meanwhile takes a tenth of a start."""
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


_HELP = """Revocation status as signed static objects.

A private signer makes CRLs and pre-signed OCSP responses; machines that hold no key publish and serve them.
"""

root = click.version_option(__version__, prog_name="revocast")(CommandTable(help_text=_HELP))


def main() -> None:
    """The entry point of the `revocast` command, which makes nothing that others can write to, whatever the umask."""
    os.umask(os.umask(_NOT_FOR_OTHERS) | _NOT_FOR_OTHERS)
    cli.run(root)
