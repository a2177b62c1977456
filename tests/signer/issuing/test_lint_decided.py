"""What is about to be signed is held against what was decided, octet for octet; what breaks a rule is not signed."""

from dataclasses import replace
from functools import partial

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from revocation.messages import Outcome
from signer.encoding import certificate as encoding
from signer.encoding.crl import assemble
from signer.issuing import prepare
from signer.issuing.draft import Draft, draft
from signer.issuing.lint import findings
from signer.keys import BytesTBS
from signer.keys.throwaway import throwaway_key
from signer.random_serial import random_serial
from tests.authority import NOW
from tests.signer.issuing.office import Office
from tests.signer.issuing.test_lint_certificate import MADE, drafted, found, found_in


def test_what_breaks_a_rule_is_not_signed(shared: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is assigned, and the message may be asked again once the fault is mended."""

    def wrong(*arguments: object) -> Draft:
        made = draft(*arguments)  # type: ignore[arg-type]
        assert made.frame
        return replace(made, tbs=partial(encoding.encode_tbs, replace(made.frame, usages=[])))

    message = shared.ask()
    with monkeypatch.context() as patch:
        patch.setattr(prepare, "draft", wrong)
        reply = shared.reply(message)
    assert (reply.outcome, "4.2.1.12" in reply.detail) == (Outcome.FAILED, True)
    assert shared.reply(message).outcome is Outcome.DONE


@pytest.mark.parametrize(("profile", "names", "subject"), MADE)
def test_no_octet_is_other_than_decided(
    shared: Office, profile: str, names: tuple[str, ...], subject: str | None
) -> None:
    """One bit of each is turned: something is said, and nothing raised."""
    made = drafted(shared, profile, names, subject=subject)
    key, issuer = throwaway_key(), shared.signer.public.profile("test")
    tbs = made.tbs(key.algorithm_identifier)
    signature = key.sign(BytesTBS(tbs))
    for at in range(len(tbs)):
        turned = bytearray(tbs)
        turned[at] ^= 1 << at % 8
        data = assemble(bytes(turned), key.algorithm_identifier, signature)
        assert list(findings(data, made, issuer, NOW)), (at, bytes(turned[max(at - 4, 0) : at + 4]).hex())


@pytest.mark.parametrize(
    "perturbed",
    [
        {"path_length": 1},
        {"path_length": None},
        {"usages": ()},
        {"usages": (ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,)},
        {"policies": ("1.2.3",)},
        {"signs_responses": True},
    ],
)
def test_ca_that_is_not_as_decided_breaks_a_rule(shared: Office, perturbed: dict[str, object]) -> None:
    """It could have CAs below it, or be used for more."""
    made = drafted(shared, "intermediate", (), subject="CN=Sub, O=Example, C=EE")
    assert made.ca
    other = replace(made, ca=replace(made.ca, **perturbed))
    assert any("is not what was decided" in one for one in found_in(shared, other, made.tbs))


def test_random_serials_pass(shared: Office) -> None:
    """Whatever is drawn."""
    made = drafted(shared)
    for _ in range(50):
        serial = random_serial()
        assert found(shared, replace(made, serial=serial), serial=serial) == []
