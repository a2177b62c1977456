"""Two installations of one CA within a process: the online one has no key, the offline one signs at ceremonies."""

from datetime import datetime, timedelta
from pathlib import Path

from revocation.clock import fixed
from revocation.configfile import ConfigFile
from revocation.messages import Release, Verb
from signer.ceremony import collecting
from signer.ceremony.output import write_output
from signer.ceremony.request import Request, decode
from signer.ceremony.sign import People, earlier, hold, prepare
from signer.handle import handle
from signer.signer import Signer, open_signer
from tests.authority import NOW, Authority
from tests.estate import Estate

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
NOBODY = People((), ())
CEREMONIES = """
crl = { expires = "200d", renewal = "1d", look = "95d" }
ocsp = { signed_by = "issuer", expires = "200d", renewal = "1d", look = "95d" }
"""
LIMITS = 'limits = { crl_validity = "200d" }'


class Pair:
    """Two installations of one CA: the first has no key.

    Args:
        ledger: of the online machine.
    """

    def __init__(self, folder: Path, *, ledger: str = "signer/ledger.sqlite") -> None:
        authority = Authority(days=3650)
        self.online = Estate.build(
            folder / "online", authority=authority, public=CEREMONIES, signer=LIMITS, ledger=ledger
        )
        self.offline = Estate.build(folder / "offline", authority=authority, public=CEREMONIES, signer=LIMITS)
        ours, theirs = (estate.folder / "revocast.toml" for estate in (self.online, self.offline))
        theirs.write_text(ours.read_text().replace(f'"{ledger}"', '"signer/ledger.sqlite"'))
        key = 'key = "file:ca.key"\npassphrase = "file:ca.passphrase"\n'
        ours.write_text(ours.read_text().replace(key, "offline = true\n"))
        theirs.write_text(theirs.read_text().replace("[signer]", "[signer]\nceremony = {}"))
        self.signer = self.online.signer()
        self.online.register(self.signer, [1, 2, 3])

    def request(self, now: datetime = NOW, *, everything: bool = False) -> Request:
        """A request of that time."""
        return decode(collecting.collect(self.signer, fixed(now), everything=everything, copied=False)[1])

    def revoke(self, serial: int, now: datetime = NOW, reason: str = "keyCompromise") -> str:
        """Record a revocation online; the id of its message."""
        reply = handle(self.signer, self.online.revoke(serial, reason, now=now), fixed(now))
        assert reply.revision
        return reply.id

    def release(self, serial: int, now: datetime = NOW) -> str:
        """Record the end of a hold online; the id of its message."""
        message = self.online.ask(Verb.RELEASE, Release(issuer="test", serial=f"{serial:02X}"), now)
        reply = handle(self.signer, message, fixed(now))
        assert reply.revision
        return reply.id

    def there(self) -> Signer:
        """The offline signer, as a new process has it."""
        return open_signer(ConfigFile.read(self.offline.folder / "revocast.toml"), NOW)

    def hold(self, request: Request, now: datetime = NOW) -> Signer:
        """A whole ceremony."""
        signer = self.there()
        hold(signer, request, prepare(signer, request, fixed(now)), NOBODY)
        return signer

    def written(self, request: Request, folder: Path) -> Path:
        """The folder that the ceremony of a request leaves."""
        signer = self.there()
        held = earlier(signer, request)
        assert held is not None
        write_output(folder, held, signer.exchange)
        return folder
