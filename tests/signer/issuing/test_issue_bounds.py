"""Who has how much issued, and by which issuer: limits, offline keys, shards, issuers that are revoked."""

import base64
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from revocation import clock, serials
from revocation.artifacts import CRLName
from revocation.messages import Issue, Outcome, Verb, compose
from signer.handle import handle
from signer.ledger import facts
from signer.ledger.schema import certificates
from tests.authority import NOW
from tests.signer.issuers.machine import Machine
from tests.signer.issuing.office import NAMES, Office, request_of
from tests.signer.issuing.test_issue import HOUR, all_of, reopened
from tests.signer.sharded import SHARDED


def test_requester_has_so_many_issued_in_an_hour_and_is_told_when_it_may_again(tmp_path: Path) -> None:
    """Counted in the ledger; not remembered, so the same message is done then."""
    office = Office.build(tmp_path, requester="issues_per_hour = 2\n")
    office.issue(now=NOW)
    office.issue(now=NOW + HOUR / 2)
    later = NOW + HOUR / 2
    message = office.ask(now=later)
    reply = reopened(office).reply(message, later)
    assert (reply.outcome, reply.data) == (Outcome.REFUSED, {"retry_at": clock.iso(NOW + HOUR)})
    assert "had 2 certificates issued within the hour, and may have 2" in reply.detail
    again = office.ask(now=NOW + HOUR, id_=message.id)
    assert office.reply(office.ask(now=NOW + HOUR - timedelta(seconds=1)), NOW + HOUR - timedelta(seconds=1)).data
    assert again.id == message.id
    office.issue(now=NOW + HOUR)


def test_key_signs_no_more_than_its_limits_and_says_when_it_may_again(tmp_path: Path) -> None:
    """Signatures of an hour; what is reserved for revocations is not for certificates."""
    limits = "[signer.issuers.limits]\nsignatures_per_hour = 4\nreserved_for_revocations = 2\n"
    office = Office.build(tmp_path, limits=limits)
    office.issue()
    office.issue()
    reply = office.reply(office.ask())
    assert (reply.outcome, reply.data) == (Outcome.REFUSED, {"retry_at": clock.iso(NOW + HOUR)})
    assert len(all_of(office, certificates)) == 2


def test_issuer_whose_key_is_offline_refuses_and_says_what_to_do(tmp_path: Path) -> None:
    """Nothing is kept for a ceremony."""
    office = Office.build(tmp_path, issuance="")
    config = tmp_path / "revocast.toml"
    config.write_text(
        config.read_text().replace('key = "file:ca.key"\npassphrase = "file:ca.passphrase"\n', "offline = true\n")
    )
    reply = reopened(office).reply(office.ask())
    assert (reply.outcome, "is offline" in reply.detail) == (Outcome.REFUSED, True)
    assert "issuer sign" in (reply.advice or "")


def test_shard_in_the_ledger_is_that_of_the_crl_that_the_certificate_names(tmp_path: Path) -> None:
    """Imported elsewhere, the certificate would be in the same one."""
    office = Office.build(tmp_path, public=SHARDED)
    for _ in range(5):
        issued = office.issue()
        (point,) = issued.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        with office.signer.ledger.read() as connection:
            issuer = office.signer.public.profile("test").issuer
            known = facts.find(connection, issuer, serials.from_int(issued.serial_number))
        assert known
        assert known.shard
        assert (
            point.full_name[0].value
            == office.signer.public.profile("test").complete_crls[str(CRLName("user", known.shard))].url
        )


def test_issuer_whose_own_certificate_is_revoked_certifies_nothing(tmp_path: Path) -> None:
    """A ledger here knows its parent, and what that one said of it."""
    machine = Machine(tmp_path)
    machine.create_root()
    machine.create_sub()
    config = machine.config.read_text().replace('"revoke", "import"', '"issue", "revoke"')
    machine.config.write_text(f"{config}\n{NAMES}\n[signer.issuers.issuance.profiles.server]\n")
    machine.revoke(machine.certificate("sub").serial_number)
    csr = base64.b64encode(request_of(ec.generate_private_key(ec.SECP256R1()))).decode()
    body = Issue(issuer="sub", profile="server", csr=csr, names=("dns:www.example.com",))
    message = machine.operator.sign(compose(Verb.ISSUE, body, clock.now(), requester="operator"))
    reply = handle(machine.signer, message, clock.now)
    assert (reply.outcome, "is revoked since" in reply.detail) == (Outcome.REFUSED, True)
