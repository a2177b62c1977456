"""The fields of a line of `index.txt`: dates, and what stands in the third field of a revoked certificate.

The forms are those that `openssl ca` writes, see openssl-ca(1) `-crl_reason`, `-crl_hold`, `-crl_compromise` and
`-crl_CA_compromise`; Easy-RSA and others have it write them.
"""

from datetime import UTC, datetime

from revocation.errors import InputError
from revocation.status import Reason, Revocation

_TWO_DIGIT_YEAR, _FOUR_DIGIT_YEAR = 12, 14
_PIVOT = 50
_COMPROMISE = {"keytime": Reason.keyCompromise, "cakeytime": Reason.cACompromise}


def parse_time(text: str) -> datetime:
    """A UTCTime `YYMMDDHHMMSSZ` (50 to 99 are of the last century, RFC 5280 section 4.1.2.5.1) or GeneralizedTime.

    Raises:
        InputError: another form, or no such day or hour.
    """
    digits = text[:-1]
    size = len(digits)
    if size in (_TWO_DIGIT_YEAR, _FOUR_DIGIT_YEAR) and text[-1] == "Z" and digits.isascii() and digits.isdigit():
        rest = size - 10
        year = int(digits[:rest])
        if size == _TWO_DIGIT_YEAR:
            year += 1900 if year >= _PIVOT else 2000
        month, day, hour = int(digits[rest : rest + 2]), int(digits[rest + 2 : rest + 4]), int(digits[rest + 4 : -4])
        try:
            return datetime(year, month, day, hour, int(digits[-4:-2]), int(digits[-2:]), tzinfo=UTC)
        except ValueError:
            pass
    raise InputError(
        f"{text[:40]!r} is not a date: expected YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ",
        advice="correct it: the second field is the expiry, the third the revocation date, both in UTC",
    )


def parse_revocation(text: str) -> Revocation:
    """The third field: `date`, `date,reason`, `date,holdInstruction,OID`, `date,keyTime,time` or `date,CAkeyTime,time`.

    A hold instruction is deprecated (RFC 5280 section 5.3.1 dropped it), so its OID is left behind: what counts is
    certificateHold. A compromise time is the invalidity date of keyCompromise or cACompromise.

    Raises:
        InputError: another form.
    """
    date, *form = text.split(",")
    revoked_at = parse_time(date)
    match [form[0].strip().lower(), *form[1:]] if form else []:
        case []:
            return Revocation(revoked_at)
        case ["removefromcrl"]:
            raise InputError(
                "removeFromCRL is no reason for a revoked certificate: it takes one off a delta CRL",
                advice="if it was released from hold its line starts with V and has no revocation date",
            )
        case ["holdinstruction", instruction] if instruction.strip():
            return Revocation(revoked_at, Reason.certificateHold)
        case ["keytime" | "cakeytime" as word, moment] if len(moment) == _FOUR_DIGIT_YEAR + 1:
            return Revocation(revoked_at, _COMPROMISE[word], parse_time(moment))
        case [word] if word not in ("holdinstruction", *_COMPROMISE):
            return Revocation(revoked_at, Reason.parse(word))
    raise InputError(
        f"{text[:80]!r} is not how a revocation is written",
        advice="expected date, date,reason, date,holdInstruction,OID, "
        "date,keyTime,YYYYMMDDHHMMSSZ or date,CAkeyTime,YYYYMMDDHHMMSSZ",
    )
