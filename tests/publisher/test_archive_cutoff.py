"""The gate's look at the extension of an answer: archive cutoff in its one form, and nothing else."""

from datetime import datetime, timedelta

import pytest

from publisher.verify_ocsp import verify_response
from revocation import der
from revocation.certid import CertIDHash
from revocation.errors import GateError
from tests.authority import NOW
from tests.building.ca import CA, Responder
from tests.building.ocsp import response, single

CUTOFF = NOW - timedelta(days=2557)
OID = "1.3.6.1.5.5.7.48.1.6"


def extension(value: bytes, oid: str = OID, flag: bytes = b"") -> bytes:
    """The DER of an Extension."""
    return der.sequence(der.oid(oid), flag, der.tlv(der.OCTET_STRING, value))


def answering(ca: CA, responder: Responder, *extensions: bytes) -> bytes:
    """A response whose answers, one for each hash, have those singleExtensions."""
    answers = []
    for hash_, extensions_ in zip(CertIDHash, extensions, strict=False):
        plain = single(ca, 1, hash_)
        start, end = der.expect(plain, 0, der.SEQUENCE)
        answers.append(
            der.sequence(plain[start:end], der.explicit(1, der.sequence(extensions_)) if extensions_ else b"")
        )
    return response(ca, responder, 1, hashes=(), also=answers)


def at(moment: datetime) -> bytes:
    """An archive cutoff."""
    return extension(der.generalized_time(moment))


def test_archive_cutoff_is_read(ca: CA, responder: Responder) -> None:
    """The same in each answer of a response."""
    assert verify_response(answering(ca, responder, at(CUTOFF)), ca.issuer, NOW).archive_cutoff == CUTOFF
    assert verify_response(answering(ca, responder, at(CUTOFF), at(CUTOFF)), ca.issuer, NOW).archive_cutoff == CUTOFF
    assert verify_response(response(ca, responder, 1), ca.issuer, NOW).archive_cutoff is None


PERTURBED = {
    "critical": (extension(der.generalized_time(CUTOFF), flag=der.BOOLEAN_TRUE),),
    "default encoded": (extension(der.generalized_time(CUTOFF), flag=b"\x01\x01\x00"),),
    "beside another": (at(CUTOFF) + extension(b"\x05\x00", "1.2.3.4"),),
    "behind another": (extension(b"\x05\x00", "1.2.3.4") + at(CUTOFF),),
    "twice": (at(CUTOFF) * 2,),
    "another's time": (extension(der.generalized_time(CUTOFF), "1.2.3.4"),),
    "with a fraction": (extension(der.tlv(der.GENERALIZED_TIME, b"20190301120000.5Z")),),
    "as UTCTime": (extension(der.tlv(0x17, b"190301120000Z")),),
    "no time": (extension(der.tlv(der.GENERALIZED_TIME, b"20190231120000Z")),),
    "different ones": (at(CUTOFF), at(CUTOFF + timedelta(seconds=1))),
    "in one answer alone": (at(CUTOFF), b""),
}


@pytest.mark.parametrize("name", PERTURBED)
def test_other_extension_of_an_answer_is_refused(ca: CA, responder: Responder, name: str) -> None:
    """Each of these, with the issuer named."""
    with pytest.raises(GateError, match=r"has extensions|do not say the same archive cutoff|cannot be read") as caught:
        verify_response(answering(ca, responder, *PERTURBED[name]), ca.issuer, NOW)
    assert "OCSP response of test" in str(caught.value)
