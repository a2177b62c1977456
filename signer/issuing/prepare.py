"""What can be decided about a message that asks for a certificate before the ledger is asked: all that takes time."""

from dataclasses import dataclass, field
from datetime import datetime

from revocation.config import IssuerProfile
from revocation.errors import InputError, Refused
from revocation.issuer import Issuer
from revocation.messages import Issue
from revocation.refusalkind import RefusalKind
from signer.change import Asked
from signer.issuers.brought import lineage
from signer.issuers.rules import require_certifier
from signer.issuing.config import Issuance
from signer.issuing.constraints import require_subject_within, require_within
from signer.issuing.draft import Draft, draft
from signer.issuing.lint import lint_certificate
from signer.issuing.subject_key import require_nobody_elses, require_well_made
from signer.issuing.subjects import require_no_cas_name
from signer.keys.limited_key import LimitedKey
from signer.keys.purpose import Purpose
from signer.refusal import refused_as
from signer.signer import Signer


@dataclass(frozen=True)
class Prepared:
    """What becomes of a message, unless the ledger has something against it.

    Attributes:
        draft: what may be signed; or why nothing may.
        key: that is to sign it; None where nothing is.
    """

    asked: Asked
    body: Issue
    draft: Draft | Refused | InputError
    key: LimitedKey | None = None


@dataclass
class Keys:
    """The keys of a few messages that are done together: one for each issuer and purpose, opened once."""

    signer: Signer
    _opened: dict[tuple[str, Purpose], LimitedKey] = field(default_factory=dict)

    def key_of(self, issuer: Issuer, purpose: Purpose) -> LimitedKey:
        """The key.

        Raises:
            KeyUnavailable: it cannot be used.
        """
        which = issuer.id, purpose
        if which not in self._opened:
            self._opened[which] = self.signer.keyring.key_of(issuer, purpose)
        return self._opened[which]


def prepare(signer: Signer, asked: Asked, keys: Keys, now: datetime) -> Prepared:
    """The certificate that is asked for, linted, and the key that is to sign it.

    Raises:
        KeyUnavailable: that cannot be used now.
        LintFailed: what would be signed breaks a rule.
        ConfigurationError: a list of weak keys, or of public suffixes, cannot be read.
    """
    body = asked.body
    if not isinstance(body, Issue):
        raise Refused(f"{asked.message.verb} is not asked on this queue", where=f"message {asked.message.id}")
    try:
        made = _draft(signer, asked.profile, body, now)
    except (Refused, InputError) as error:
        return Prepared(asked, body, error)
    lint_certificate(made, asked.profile, now)
    return Prepared(asked, body, made, keys.key_of(asked.profile.issuer, made.kind.purpose))


def _draft(signer: Signer, issuer: IssuerProfile, body: Issue, now: datetime) -> Draft:
    with refused_as(RefusalKind.ISSUER):
        issuance = _issuance_of(signer, issuer.issuer)
        require_certifier(issuer, now)
    config = signer.config
    made = draft(issuer, issuance, body, now, config.limits.responder_certificate_validity, config.public_suffixes)
    chain = lineage(signer.public, issuer.issuer)
    require_within(chain, made.names)
    if not made.kind.is_ca:
        require_subject_within(chain, made.name, made.names)
    cas = [profile.issuer for profile in signer.public.profiles.values()]
    require_nobody_elses(made.public_key_info, cas)
    require_no_cas_name(made.name, cas)
    require_well_made(made.public_key_info, config.weak_keys)
    return made


def _issuance_of(signer: Signer, issuer: Issuer) -> Issuance:
    where = f"issuer {issuer.name}"
    if signer.is_offline(issuer):
        raise Refused(
            "its key is offline, and certifies nothing that is asked for in a message",
            where=where,
            advice="`revocast issuer sign` on the machine that has the key, for CAs; else ask an issuer below it",
        )
    entry = next((one for one in signer.config.issuers if one.name == issuer.name), None)
    if entry is None or entry.issuance is None:
        raise Refused(
            "certifies nothing that is asked for in a message",
            where=where,
            advice="[signer.issuers.issuance] says what it may, where its key is (docs/issuing.md)",
        )
    return entry.issuance
