"""What services say to each other: versioned JSON messages, signed where they change facts, and their replies."""

from revocation.messages.bodies import (
    BODIES,
    MOST_NAMES,
    ACMECleanup,
    Body,
    Change,
    Discard,
    Excuse,
    Import,
    ImportSummary,
    Issue,
    Look,
    Publish,
    Raise,
    Register,
    Release,
    Revoke,
    Validate,
    Verb,
)
from revocation.messages.envelope import Message, compose, parse_message
from revocation.messages.filling import fill
from revocation.messages.reply import Outcome, Reply
from revocation.messages.requester import RequesterKey, verify_signature

__all__ = [
    "BODIES",
    "MOST_NAMES",
    "ACMECleanup",
    "Body",
    "Change",
    "Discard",
    "Excuse",
    "Import",
    "ImportSummary",
    "Issue",
    "Look",
    "Message",
    "Outcome",
    "Publish",
    "Raise",
    "Register",
    "Release",
    "Reply",
    "RequesterKey",
    "Revoke",
    "Validate",
    "Verb",
    "compose",
    "fill",
    "parse_message",
    "verify_signature",
]
