"""What a look did, as who asked for it is told."""

from datetime import timedelta

from revocation.errors import RevocastError
from revocation.messages import Outcome, Verb
from signer.report import Report
from tests.authority import NOW


def test_what_a_part_of_a_look_did_is_told_as_done_by_the_look() -> None:
    """What was made while a slice was signed, what could not be made, and what has to wait."""
    look, part, later = Report(), Report(), NOW + timedelta(seconds=3)
    look.has_made(Verb.PRESIGN, "a slice", None)
    part.has_made(Verb.GENERATE_CRLS, "a CRL", None)
    part.tell(Verb.GENERATE_CRLS, [RevocastError("has no key", where="issuer test")])
    part.wait(Verb.GENERATE_CRLS, later)
    look.add(part)
    reply = look.of(Verb.GENERATE_CRLS).reply("0" * 32, NOW)
    assert reply.outcome is Outcome.FAILED
    assert reply.data == {
        "made": ["a CRL"],
        "problems": ["issuer test: has no key"],
        "again_at": later.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    assert (look.made, look.again_at) == (["a slice", "a CRL"], later)
