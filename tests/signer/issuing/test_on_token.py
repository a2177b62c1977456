"""Certificates that a key on a token signs: SoftHSM, as the operator configures it."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from revocation import clock
from revocation.messages import Issue, Outcome, Verb, compose
from signer.issuing.issue import issue_together
from signer.keys import logins
from tests.building.softhsm import SoftHSM
from tests.signer.issuers.machine import Machine
from tests.signer.issuing.office import NAMES, certificate_in, request_of


@pytest.mark.judge("softhsm2-util")
def test_key_on_a_token_signs_many_certificates_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one batch; each verifies by the issuer's certificate."""
    monkeypatch.setattr(logins, "_IN_PROCESS", {})
    token, machine = SoftHSM(tmp_path / "softhsm", monkeypatch), Machine(tmp_path / "machine")
    uri = token.put(ec.generate_private_key(ec.SECP256R1()), "root")
    machine.create_root("--key", uri, "--passphrase", f"file:{token.pin_file}")
    config = machine.config.read_text().replace('"revoke", "import"', '"issue", "revoke"')
    machine.config.write_text(f"{config}\n{NAMES}\n[signer.issuers.issuance.profiles.server]\n")
    csr = base64.b64encode(request_of(ec.generate_private_key(ec.SECP256R1()))).decode()
    texts = []
    for number in range(5):
        body = Issue(issuer="root", profile="server", csr=csr, names=(f"dns:host-{number}.example.com",))
        message = machine.operator.sign(compose(Verb.ISSUE, body, clock.now(), requester="operator"))
        texts.append(message.model_dump_json())
    replies = issue_together(machine.signer, texts, clock.now)
    assert {reply.outcome for reply in replies} == {Outcome.DONE}, replies
    for reply in replies:
        certificate_in(reply).verify_directly_issued_by(machine.certificate("root"))
