"""The signer as one value: its configuration and everything it holds, opened once per process."""

from dataclasses import dataclass, field

from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.wire.exchange import Exchange, FolderExchange
from signer.config import SignerConfig
from signer.keys.keyring import Keyring
from signer.keys.responder_keys import ResponderKeys
from signer.ledger.ledger import Ledger
from signer.published import Published


@dataclass(frozen=True)
class Signer:
    """What the signer's work needs."""

    config: SignerConfig
    public: PublicConfig
    ledger: Ledger
    exchange: Exchange
    keyring: Keyring
    responder_keys: ResponderKeys
    published: Published = field(default_factory=Published)


def open_signer(file: ConfigFile, passphrases: dict[str, bytes] | None = None) -> Signer:
    """The signer that a configuration describes.

    Raises:
        ConfigurationError: the tables contradict each other or the signer's limits.
    """
    public = PublicConfig.read(file)
    config = file.table("signer", SignerConfig)
    config.check(public)
    return Signer(
        config,
        public,
        Ledger(config.ledger),
        FolderExchange(config.exchange),
        Keyring(config.issuers, passphrases),
        ResponderKeys(config.keys),
    )
