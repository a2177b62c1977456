"""What the commands about certificates share: which one is meant, in the ledger that is here."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from revocation import clock, serials
from revocation.barename import common_name_advice, with_type
from revocation.clock import iso
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import InputError
from signer.importers.certificate import any_serial
from signer.issuers.subject import shown_name
from signer.issuing.names import sought
from signer.ledger.certificate_pages import Listed, State, Wanted, page
from signer.signer import Signer, open_signer

_MOST = 20


def opened(config: Path | None) -> Signer:
    """The signer of a configuration; its keys are not opened."""
    return open_signer(ConfigFile.read(config), clock.now())


def issuers_of(public: PublicConfig, issuer: str | None) -> list[str]:
    """The ids of the issuers that are meant: one, or all.

    Raises:
        InputError: there is no such issuer.
    """
    return [public.profile(issuer).issuer.id] if issuer else list(public.profiles)


def the_one(signer: Signer, which: str, issuer: str | None, now: datetime) -> Listed:
    """The certificate of a serial, or of a name, bare or with its type: the one that is good, if one alone is.

    Raises:
        InputError: there is none, or there are several.
        Refused: it is neither.
    """
    ids = issuers_of(signer.public, issuer)
    with signer.ledger.read() as connection:
        if not _is_serial(which):
            wanted = Wanted(ids, name=sought(with_type(which)))
            good = page(connection, replace(wanted, state=State.GOOD), now, _MOST)
            found = good if len(good) == 1 else page(connection, wanted, now, _MOST)
        else:
            found = page(connection, Wanted(ids, serial=serials.from_hex(which)), now, _MOST)
    if not found:
        advice = "`revocast cert list` lists those that are"
        if not _is_serial(which) and (hint := common_name_advice(which)):
            advice = f"{advice}; {hint}"
        raise InputError("is not known here", where=which, advice=advice)
    if len(found) > 1:
        several = ", ".join(f"{serials.to_hex(one.serial)} of {name_of(signer, one)}" for one in found)
        raise InputError(f"is ambiguous: {several}", where=which, advice="name one by its serial, with --issuer")
    return found[0]


def _is_serial(which: str) -> bool:
    try:
        return bool(serials.from_hex(which))
    except InputError:
        return False


def name_of(signer: Signer, listed: Listed) -> str:
    """What the issuer of a certificate is called."""
    return signer.public.profiles[listed.issuer].issuer.name


def facts_of(signer: Signer, listed: Listed, now: datetime) -> dict[str, Any]:
    """All that is known, for scripts."""
    revocation = listed.revocation
    return {
        "serial": serials.to_hex(listed.serial),
        "issuer": name_of(signer, listed),
        "state": str(listed.state(now)),
        "subject": listed.subject if listed.subject is not None else _subject(listed.der),
        "names": list(listed.names),
        "not_after": iso(listed.not_after) if listed.not_after else None,
        "is_ca": listed.is_ca,
        "revoked_at": iso(revocation.revoked_at) if revocation else None,
        "reason": revocation.reason.name if revocation else None,
        "profile": listed.profile,
        "requester": listed.requester,
        "asked_by": listed.asked_by,
        "message": listed.message,
        "issued_at": iso(listed.at) if listed.at else None,
        "has_certificate": listed.der is not None,
    }


def _subject(der: bytes | None) -> str | None:
    """Of what was imported; None where the ledger does not have the certificate."""
    if der is None:
        return None
    with any_serial():
        return shown_name(x509.load_der_x509_certificate(der).subject)
