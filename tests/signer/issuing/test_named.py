"""Revoking by name: one certificate, none by chance, and all where all are meant."""

from datetime import timedelta

from revocation.clock import fixed, iso
from revocation.messages import Outcome, Reply, Revoke, Verb
from revocation.refusalkind import RefusalKind
from signer.change import change_together
from tests.authority import NOW
from tests.signer.issuing.office import Office
from tests.signer.revoking import is_revoked

NAME = "dns:www.example.com"


def revoke(office: Office, name: str = NAME, now: object = NOW, reason: str = "superseded", **more: object) -> Reply:
    body = Revoke(issuer="test", name=name, reason=reason, **more)
    message = office.estate.ask(Verb.REVOKE, body, now)
    ((_, reply),) = change_together(office.signer, [message.model_dump_json()], fixed(now))
    return reply


def test_certificate_is_revoked_by_a_name_that_it_has(office: Office) -> None:
    """However the name is written; the reply has its serial, and another one stays good."""
    issued, other = office.issue(), office.issue("server", ("dns:other.example.com",))
    reply = revoke(office, "dns:WWW.example.com")
    assert (reply.outcome, reply.data["serials"]) == (Outcome.DONE, [f"{issued.serial_number:X}"])
    assert is_revoked(office.signer, issued.serial_number)
    assert not is_revoked(office.signer, other.serial_number)


def test_name_that_several_certificates_have_revokes_none_and_lists_them(office: Office) -> None:
    """Unless all are meant."""
    issued = [office.issue("server", (NAME, f"dns:{n}.example.com")).serial_number for n in range(3)]
    reply = revoke(office)
    assert reply.outcome is Outcome.REFUSED
    assert all(f"{number:X}" in reply.detail for number in issued)
    assert not any(is_revoked(office.signer, number) for number in issued)
    reply = revoke(office, all=True)
    assert reply.data["serials"] == [f"{number:X}" for number in issued]
    assert all(is_revoked(office.signer, number) for number in issued)


def test_name_stands_for_what_can_still_be_revoked_alone(office: Office) -> None:
    """What has expired or is revoked for good is not meant; what is on hold is."""
    office.issue(lasts=7200)
    held, later = office.issue(), NOW + timedelta(hours=2)
    assert revoke(office, now=later, reason="certificateHold").outcome is Outcome.DONE
    assert revoke(office, now=later).data["serials"] == [f"{held.serial_number:X}"]


def test_name_whose_certificates_are_all_revoked_says_since_when(office: Office) -> None:
    """As the serial of one does, and of the same kind; what has expired meanwhile is not there."""
    issued = [office.issue("server", (NAME, f"dns:{n}.example.com"), lasts=14400).serial_number for n in range(2)]
    assert revoke(office, all=True).outcome is Outcome.DONE
    reply = revoke(office, now=NOW + timedelta(hours=1))
    assert (reply.outcome, reply.kind) == (Outcome.REFUSED, RefusalKind.ALREADY_REVOKED)
    assert all(f"{number:X} is already revoked since {iso(NOW)} (superseded)" in reply.detail for number in issued)
    assert "a revocation is final" in (reply.advice or "")
    reply = revoke(office, now=NOW + timedelta(days=1))
    assert (reply.kind, "none is there" in reply.detail) == (None, True)


def test_what_is_no_name_is_refused(office: Office) -> None:
    """As where certificates are asked for."""
    assert "is no name" in revoke(office, "www.example.com").detail
