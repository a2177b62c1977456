"""`revocast demo-pki`: a root and an issuing CA as two folders in the layout of Easy-RSA, with a few certificates.

So that all of Revocast can be tried without a PKI at hand. It only makes keys; what uses them loads them elsewhere.
"""

from datetime import datetime, timedelta
from pathlib import Path

import click
from cryptography.hazmat.primitives.serialization import Encoding

from revocation import clock
from revocation.errors import InputError
from signer import demo_template
from signer.demo_ca import DemoCA

_SERVERS = ("www.demo.example", "mail.demo.example", "api.demo.example")
_PEOPLE = ("alice", "bob", "lost-laptop")
_REVOKED = "lost-laptop"
_YEAR = timedelta(days=365)
_BACKDATE = timedelta(days=1)


@click.command("demo-pki")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--base-url",
    default="http://localhost:8889",
    show_default=True,
    help="Where CRLs and OCSP responses will be served: it stands in the certificates.",
)
def demo_pki(directory: Path, base_url: str) -> None:
    """Make a small demonstration PKI in DIRECTORY, in the layout of Easy-RSA.

    DIRECTORY/root is a root CA, DIRECTORY/issuing a CA below it with six certificates, of which one is revoked. Each CA
    key is encrypted; its passphrase lies beside it in private/ca.passphrase. Nothing that exists is overwritten.
    """
    root, issuing = make_demo(directory, base_url.rstrip("/"), clock.now())
    click.echo(f"root CA      {root.folder}")
    click.echo(f"issuing CA   {issuing.folder}  ({len(_SERVERS + _PEOPLE)} certificates, {_REVOKED} is revoked)")
    click.echo(f"chain        {directory / 'chain.pem'}")


def make_demo(directory: Path, base_url: str, now: datetime) -> tuple[DemoCA, DemoCA]:
    """The root and the issuing CA, in folders of these names below `directory`.

    Raises:
        InputError: `base_url` is not an http URL, or `directory` holds something already, or cannot be written.
    """
    if not base_url.startswith("http://"):
        raise InputError(
            f"{base_url!r} is not where status is served: expected is http://HOST:PORT",
            advice="http on purpose: the objects are signed, and https would need the status of its own certificate",
        )
    try:
        if directory.exists() and any(directory.iterdir()):
            raise InputError(
                "is not empty, and nothing in it is overwritten", where=str(directory), advice="name a new folder"
            )
        return _make(directory, base_url, now)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(error.filename or directory)) from error


def _make(directory: Path, base_url: str, now: datetime) -> tuple[DemoCA, DemoCA]:
    not_before = now - _BACKDATE
    root = DemoCA.root(directory / "root", "Revocast Demo Root CA", base_url, (not_before, now + 20 * _YEAR))
    issuing = root.issue_ca(directory / "issuing", "Revocast Demo Issuing CA", (not_before, now + 10 * _YEAR))
    for name in _SERVERS:
        issuing.issue(name, (not_before, now + 2 * _YEAR), demo_template.server(name))
    for name in _PEOPLE:
        issuing.issue(name, (not_before, now + 2 * _YEAR), demo_template.person())
    issuing.revoke(_REVOKED, now, "keyCompromise")
    (directory / "chain.pem").write_bytes(b"".join(ca.certificate.public_bytes(Encoding.PEM) for ca in (issuing, root)))
    return root, issuing
