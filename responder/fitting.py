"""Whether a stored value answers what was asked: of a store on another machine that is not taken for granted.

The signature is left to the client, who checks it anyway. What is looked at here is what somebody with write access
could otherwise have us do: answer with another certificate's response, or with one that has expired under times of his
own.
"""

from typing import Final

from cryptography.x509 import ocsp

from responder.source import SourceUnavailable
from revocation import serials
from revocation.certid import CertID
from revocation.clock import epoch
from revocation.store import StoredResponse

_LARGEST: Final = 1 << 16  # octets; the largest signatures and certificates that are known take a quarter of it


def fitting(value: bytes, cert_id: CertID) -> StoredResponse:
    """The stored response in `value`, which is about `cert_id` and has the times that stand beside it.

    Raises:
        SourceUnavailable: it is not.
    """
    try:
        stored = StoredResponse.decode(value[:_LARGEST])  # cut off, one that is too large is no DER
        response = ocsp.load_der_ocsp_response(stored.der)
        fits = response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL and any(
            _answers(single, cert_id, stored) for single in response.responses
        )
    except Exception as error:  # what a parser raises on hostile bytes has no common class
        raise SourceUnavailable(f"what is stored for serial {cert_id.serial.hex()} is no response") from error
    if not fits:
        raise SourceUnavailable(f"what is stored for serial {cert_id.serial.hex()} answers something else")
    return stored


def _answers(single: ocsp.OCSPSingleResponse, cert_id: CertID, stored: StoredResponse) -> bool:
    ends = single.next_update_utc
    return (
        serials.from_int(single.serial_number) == cert_id.serial
        and single.issuer_key_hash == cert_id.issuer_key_hash
        and single.issuer_name_hash == cert_id.issuer_name_hash
        and single.hash_algorithm.name == cert_id.hash.value
        and epoch(single.this_update_utc) == stored.this_update
        and ends is not None
        and epoch(ends) == stored.next_update
    )
