"""What the hot path keeps: an answer for each certificate that is known, for what was asked, and no more than fits."""

import pytest

from revocation import der
from revocation.certid import CertIDHash
from tests.responder.asking import NONCE, extension, extensions, nonce, request
from tests.responder.both import HASHES, KNOWN, Both, both, clock
from tests.responder.filling import GOOD, UNKNOWN, Filling

__all__ = ["both", "clock"]


@pytest.mark.parametrize("hash_", HASHES)
def test_part_of_a_request_that_was_answered_is_no_request(both: Both, filling: Filling, hash_: CertIDHash) -> None:
    """Whatever was asked before, with a nonce or without: no client may get used to what others refuse."""
    asked = filling.cert_id(GOOD, hash_)
    for whole in (request(asked), request(asked, extensions=nonce(32))):
        assert len(both.same(whole)[2]) > 100
        end = whole.index(asked.encode()) + len(asked.encode())
        for part in (piece[start:] for piece in (whole, whole[:end]) for start in range(1, len(piece))):
            assert both.same(part)[2] == bytes((0x30, 3, 0x0A, 1, 1))


def test_flood_of_nonces_and_of_unknown_serials_takes_no_memory(both: Both, filling: Filling) -> None:
    """One answer is kept per certificate, and none of what is not known."""
    kept = len(both.path._kept)
    for number in range(300):
        extra = extensions(extension(NONCE, der.tlv(der.OCTET_STRING, number.to_bytes(32, "big"))))
        both.same(request(filling.cert_id(GOOD, CertIDHash.SHA1), extensions=extra))
        both.same(request(filling.cert_id(UNKNOWN + number)))
    assert len(both.path._kept) <= kept + 1


def test_nonce_that_ends_like_the_cert_id_is_a_nonce(both: Both, filling: Filling) -> None:
    """Else each of them would be kept, until all that is kept had to go."""
    cert = filling.cert_id(GOOD, CertIDHash.SHA1)
    both.same(request(cert))
    kept = len(both.path._kept)
    for number in range(20):
        nonce = der.tlv(der.OCTET_STRING, number.to_bytes(32, "big") + cert.encode()[2:])
        both.same(request(cert, extensions=extensions(extension(NONCE, nonce))))
    assert len(both.path._kept) <= kept + 1


def test_what_is_kept_is_bounded(both: Both, filling: Filling, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many certificates are asked for."""
    monkeypatch.setattr("responder.hotpath._MOST_KEPT", 3)
    for hash_ in HASHES:
        for serial in KNOWN:
            both.same(request(filling.cert_id(serial, hash_)))
    assert len(both.path._kept) <= 12
