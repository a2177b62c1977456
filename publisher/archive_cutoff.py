"""The one extension that an answer of a pre-signed response may have: archive cutoff, RFC 6960 section 4.4.4."""

from datetime import UTC, datetime
from typing import Final

from revocation import der
from revocation.errors import GateError

_NEXT_UPDATE: Final = 0xA0
_EXTENSION: Final = der.oid("1.3.6.1.5.5.7.48.1.6")
_FORM: Final = "%Y%m%d%H%M%SZ"


def archive_cutoff_in(tbs: bytes | memoryview) -> datetime | None:
    """The archive cutoff that all answers of a ResponseData have; None where they have none.

    Raises:
        GateError: they have another extension, or not all the same one, or it is critical.
        ValueError: malformed.
    """
    _, _, (_, _, start, end), *_ = der.values(tbs, *der.expect(tbs, 0, der.SEQUENCE))
    found = [_cutoff(tbs, begin, stop) for _, _, begin, stop in der.values(tbs, start, end)]
    if len(set(found)) > 1:
        raise GateError("its SingleResponses do not say the same archive cutoff")
    return found[0] if found else None


def _cutoff(tbs: bytes | memoryview, begin: int, end: int) -> datetime | None:
    """That of a SingleResponse."""
    _certid, _status, _this_update, *rest = der.values(tbs, begin, end)
    extensions = [bytes(tbs[start:stop]) for tag, _, start, stop in rest if tag != _NEXT_UPDATE]
    if not extensions:
        return None
    moment = extensions[0][-len("20260301120000Z") :]
    try:
        cutoff = datetime.strptime(moment.decode("ascii"), _FORM).replace(tzinfo=UTC)
    except ValueError:
        cutoff = None
    if cutoff is None or extensions != [_encoded(cutoff)]:
        raise GateError("one of its answers has extensions other than one archive cutoff in DER, not critical")
    return cutoff


def _encoded(cutoff: datetime) -> bytes:
    """The one form of the extensions that say it; not critical."""
    return der.sequence(der.sequence(_EXTENSION, der.tlv(der.OCTET_STRING, der.generalized_time(cutoff))))
