"""Responses like one that passed: only serial and signature may differ, and both are looked at in each."""

from datetime import timedelta

import pytest

from publisher.gate import Checks
from publisher.verifying import Verifying
from revocation import der
from revocation.certid import CertID, CertIDHash
from revocation.errors import GateError
from revocation.status import Reason, Revocation
from tests.authority import NOW
from tests.building.ca import CA, Responder
from tests.building.ocsp import DAY, response, single
from tests.building.passed import passed
from tests.building.place import Place

SERIAL = 0x4105
FINAL = Revocation(NOW - timedelta(days=1), Reason.keyCompromise)


def of_length(ca: CA, responder: Responder, serial: int, length: int, **more: object) -> bytes:
    """A response of that length: ECDSA signatures have several."""
    while True:
        data = response(ca, responder, serial, **more)  # type: ignore[arg-type]
        if len(data) == length:
            return data


def test_each_response_is_the_one_that_it_is(place: Place, ca: CA, responder: Responder) -> None:
    """Octets, serial, hashes, status and window of its own, be it like others or not."""
    data = [response(ca, responder, SERIAL + n, hashes=(hash_,)) for n in range(40) for hash_ in CertIDHash]
    data += [response(ca, responder, SERIAL + n, FINAL) for n in range(40, 43)]
    data += [response(ca, responder, SERIAL + n) for n in (0x10000, 0x1000000)]
    found = passed(place.profile, NOW, data)
    alone = [one for response_ in data for one in passed(place.profile, NOW, [response_])]
    assert found == alone
    assert [one.der for one in found] == data


def test_octet_that_differs_from_one_that_passed_is_noticed_wherever_it_stands(
    place: Place, ca: CA, responder: Responder
) -> None:
    """Also in what no signature covers: the status in front, algorithms, the certificate."""
    first = response(ca, responder, SERIAL)
    checks = Checks(place.profile, NOW, Verifying())
    checks([first])
    second = bytearray(of_length(ca, responder, SERIAL + 1, len(first)))
    checks([bytes(second)])
    for position in range(len(second)):
        second[position] ^= 1
        with pytest.raises(GateError):
            checks([bytes(second)])
        second[position] ^= 1


def test_serial_in_another_form_than_der_is_refused_also_where_the_rest_is_alike(
    place: Place, ca: CA, responder: Responder
) -> None:
    """It would lie in the store under octets that no client asks for."""
    first = response(ca, responder, SERIAL)
    cert_id = CertID.of(ca.issuer, b"\x00\x05", CertIDHash.SHA256).encode()
    ends = der.explicit(0, der.generalized_time(NOW + DAY))
    long = der.sequence(cert_id, b"\x80\x00", der.generalized_time(NOW), ends)
    data = of_length(ca, responder, 1, len(first), hashes=(), also=[long])
    with pytest.raises(GateError, match="cannot be read"):
        passed(place.profile, NOW, [first, data])


def test_two_serials_in_one_response_are_refused_also_where_the_rest_is_alike(
    place: Place, ca: CA, responder: Responder
) -> None:
    """Else a certificate would get an answer that the issuer gave of another."""
    together = Place(place.root, ca, ocsp={"one_signature": True})
    first = response(ca, responder, SERIAL, hashes=(CertIDHash.SHA256, CertIDHash.SHA1))
    also = [single(ca, SERIAL + 2, CertIDHash.SHA1)]
    data = of_length(ca, responder, SERIAL + 1, len(first), hashes=(CertIDHash.SHA256,), also=also)
    with pytest.raises(GateError, match="do not say the same"):
        passed(together.profile, NOW, [first, data])


def test_what_the_first_of_its_kind_may_not_be_no_other_may(place: Place, ca: CA, responder: Responder) -> None:
    """Nothing is learned from a response that was refused."""
    checks = Checks(place.profile, NOW, Verifying())
    for _ in range(3):
        with pytest.raises(GateError, match="longer than `expires`"):
            checks([response(ca, responder, SERIAL, lifetime=3 * DAY)])
