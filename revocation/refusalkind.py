"""Why a signer did not do what a message asks, for programs: the sentence beside it is for people."""

from enum import StrEnum


class RefusalKind(StrEnum):
    """What is in the way. The names are a wire format; who meets one that it does not know takes it for none."""

    PUBLIC_KEY = "public_key"
    """The key is not certified: of a kind that the profile lacks, weak, known to everybody, or a CA's."""
    COMPROMISED_KEY = "compromised_key"
    """A certificate of that key is revoked for a compromise."""
    NAME = "name"
    """A name is malformed, or none that the issuer certifies; or there is none."""
    REQUEST = "request"
    """The PKCS #10 request cannot be read, is not signed with its own key, or wants a subject that is not to be had."""
    VALIDITY = "validity"
    """The window that is asked for is not to be had."""
    ISSUER = "issuer"
    """The issuer certifies nothing of the sort, whoever asks: retired, ended, revoked, offline, not configured."""
    REQUESTER = "requester"
    """Who asks the signer has no right to."""
    MESSAGE = "message"
    """The message itself cannot be done: its id was used, or may have been before the ledger was restored."""
    ALREADY_REVOKED = "already_revoked"
    """The certificate is revoked; nothing was changed."""
    RATE = "rate"
    """There were enough within the hour: `retry_at` in the reply's data says when there can be more."""
    LATER = "later"
    """Too many wait, or the message waited too long: the same may be asked again."""
    KEY_AWAY = "key_away"
    """The issuer's key cannot be used now."""
