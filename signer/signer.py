"""The signer as one value: its configuration and everything it holds, opened once per process."""

from dataclasses import dataclass, field
from datetime import datetime

from revocation.compliance import Compliance
from revocation.config import IssuerProfile, PublicConfig
from revocation.configfile import ConfigFile
from revocation.issuer import Issuer
from revocation.wire.exchange import Exchange, Stored
from revocation.wire.opening import open_exchange
from signer.config import SignerConfig
from signer.coverage import require_every_shard
from signer.issuing.public_names import require_list
from signer.issuing.stolen import StolenKeys
from signer.keys.keyring import Keyring
from signer.keys.logins import Logins
from signer.keys.responder_keys import ResponderKeys
from signer.ledger.ledger import Ledger
from signer.published import Published
from signer.signing import Signing


@dataclass(frozen=True)
class Signer:
    """What the signer's work needs.

    Attributes:
        refused: when this process last recorded that a key's limit kept it from making something, by issuer and thing.
        stolen: the keys that the ledger knows to be compromised.
        sound: when this process read a bundle of the exchange whole; one that is changed there is another.
    """

    config: SignerConfig
    public: PublicConfig
    ledger: Ledger
    exchange: Exchange
    keyring: Keyring
    responder_keys: ResponderKeys
    published: Published = field(default_factory=Published)
    signing: Signing = field(default_factory=Signing)
    sound: dict[Stored, datetime] = field(default_factory=dict)
    refused: dict[tuple[str, str], datetime] = field(default_factory=dict)
    stolen: StolenKeys = field(default_factory=StolenKeys)

    def is_offline(self, issuer: Issuer) -> bool:
        """Whether its key signs at ceremonies, on another machine."""
        return issuer.name in self.config.offline

    @property
    def offline(self) -> list[IssuerProfile]:
        """Those issuers."""
        return [profile for profile in self.public.profiles.values() if self.is_offline(profile.issuer)]


def open_signer(
    file: ConfigFile,
    now: datetime,
    passphrases: dict[str, bytes] | None = None,
    table: type[PublicConfig] = PublicConfig,
) -> Signer:
    """The signer that a configuration describes.

    Args:
        table: how `[public]` is read.

    Raises:
        ConfigurationError: the tables contradict each other, the signer's limits, or what the ledger has fixed; or the
            Public Suffix List that they name cannot be read.
    """
    public = table.read(file)
    config = file.table("signer", SignerConfig)
    config.check(public)
    _check_suffixes(config, public)
    ledger = Ledger(config.ledger)
    with ledger.read() as connection:
        for profile in public.profiles.values():
            require_every_shard(connection, profile, now)
    return Signer(
        config,
        public,
        ledger,
        open_exchange(config.exchange),
        Keyring(config.issuers, passphrases, Logins(config.keys)),
        ResponderKeys(config.keys),
    )


def _check_suffixes(config: SignerConfig, public: PublicConfig) -> None:
    """Read the list where the BRs hold for what is issued, and not with the first certificate that is asked for."""
    issuing = {entry.name for entry in config.issuers if entry.issuance is not None}
    if any(
        profile.issuer.name in issuing and profile.compliance is Compliance.BR and profile.last_crl is None
        for profile in public.profiles.values()
    ):
        require_list(config.public_suffixes)
