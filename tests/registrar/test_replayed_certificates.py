"""A certificate of before in the reply to what is asked now, for the same key: who writes into the queue can put it."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import delete

from registrar.database.schema import certificates, requests
from revocation import serials
from tests.registrar.api.desk import Desk, pem
from tests.registrar.api.leaving import is_open, listed, look
from tests.registrar.site import Site, csr_for


class Key:
    """A key that is certified again and again, over the API."""

    def __init__(self, folder: Path) -> None:
        self.desk, self._key = Desk.build(folder), ec.generate_private_key(ec.SECP256R1())
        self.token, self._requests = self.desk.token(), dict[int, str]()

    def issue(self, name: str, number: int, **more: object) -> str:
        """The serial of what is issued; empty where it waits."""
        csr = self._requests.setdefault(number, pem(csr_for(name, key=self._key)))
        answer = self.desk.issue(self.token, csr=csr, Idempotency_Key=f"{number:032x}", **more)
        assert answer.status_code in (201, 202), answer.text
        return str(answer.json.get("serial", ""))

    def replay(self, serial: str) -> None:
        """Have the next replies show that one."""
        issued = map(x509.load_der_x509_certificate, self.desk.signer.ca.issued.values())
        old = next(one for one in issued if one.serial_number == int(serial, 16))
        self.desk.signer.forged = old.public_bytes(Encoding.DER)

    def forget(self, serial: str) -> None:
        """As of a certificate that was issued by `cert issue`, or whose row has gone."""
        with self.desk.services.database.write() as connection:
            connection.execute(delete(certificates).where(certificates.c.serial == serial))


@pytest.fixture
def key(tmp_path: Path) -> Key:
    """A new one."""
    return Key(tmp_path)


@pytest.mark.parametrize("names", [[], ["dns:a.example"]], ids=["names of the CSR", "names of the request"])
def test_certificate_of_another_request_is_no_answer(key: Key, names: list[str]) -> None:
    """Of the same key and names, and of a moment ago: the request goes on, and has its own when that comes."""
    first = key.issue("a.example", 1, names=names)
    key.replay(first)
    assert key.issue("a.example", 2, names=names) == ""
    look(key.desk)
    assert is_open(key.desk) == [False, True]
    key.desk.signer.forged = None
    key.desk.signer.replies.clear()
    look(key.desk)
    assert is_open(key.desk) == [False, False]
    assert len(listed(key.desk, key.token)) == 2


def test_certificate_for_other_names_than_the_csr_has_is_no_answer(key: Key) -> None:
    """Where the request names none itself."""
    first = key.issue("a.example", 1)
    key.replay(first)
    key.forget(first)
    assert key.issue("b.example", 2) == ""


def test_certificate_of_before_the_request_is_no_answer(key: Key) -> None:
    """Also if it is not known here; the signer backdates by an hour, and its clock may be a little behind."""
    first = key.issue("a.example", 1)
    key.replay(first)
    key.forget(first)
    key.desk.clock.forward(minutes=66)
    assert key.issue("a.example", 2) == ""


def test_certificate_of_the_request_itself_is_its_answer_however_late(key: Key) -> None:
    """Its reply is the same for good, and what is noted of requests goes after a month."""
    first = key.issue("a.example", 1)
    key.desk.clock.forward(days=31)
    with key.desk.services.database.write() as connection:
        connection.execute(delete(requests))
    assert key.issue("a.example", 1) == first


def test_certificate_that_somebody_imported_is_the_answer_to_the_request_that_had_it_issued(key: Key) -> None:
    """The operator, say, before the registrar heard of it."""
    key.desk.signer.silent = True
    assert key.issue("a.example", 1) == ""
    key.desk.signer.silent = False
    id_, verb, body = key.desk.signer.asked[0]
    assert key.desk.signer.ask(key.desk.services.tenants["home"], verb, body, id_, 0.0)
    issued = x509.load_der_x509_certificate(key.desk.signer.ca.issued[id_])
    imports = {"certificates": [pem(issued)]}
    assert key.desk.ask("POST", "/issuers/home/imports", imports, token=key.token).status_code == 200
    assert key.issue("a.example", 1) == serials.to_hex(serials.from_int(issued.serial_number))
    assert len(listed(key.desk, key.token)) == 1


@pytest.mark.parametrize("is_known", [True, False])
def test_certificate_of_another_order_is_no_answer(tmp_path: Path, *, is_known: bool) -> None:
    """ACME: the order goes on, and is valid with its own certificate."""
    site = Site.build(tmp_path)
    one, key = site.client(), ec.generate_private_key(ec.SECP256R1())
    old, _ = one.certificate("a.example", key=key)
    if not is_known:
        with site.services.database.write() as connection:
            connection.execute(delete(certificates))
        site.clock.forward(minutes=66)
    site.ca.forged = old.public_bytes(Encoding.DER)
    order = one.ready("a.example")
    assert one.finalize(order, csr_for("a.example", key=key)).json["status"] == "processing"
    site.ca.forged = None
    shown = one.post(order.headers["Location"]).json
    assert shown["status"] == "valid"
    (new, *_) = x509.load_pem_x509_certificates(one.post(shown["certificate"]).data)
    assert new.serial_number != old.serial_number
