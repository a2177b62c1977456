"""The signer's check of itself: what does not verify leaves neither bundle nor certificate, and is a named problem."""

import dataclasses
from collections.abc import Sequence

import pytest

from revocation.clock import fixed
from revocation.messages import Verb
from signer.keys import TBS, SigningKey
from signer.look import look
from signer.selfcheck import SelfCheckFailed
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate


@dataclasses.dataclass(frozen=True)
class Broken:
    """A key that gives the signature of something else, as a faulty token might."""

    key: SigningKey

    @property
    def public_key_info(self) -> bytes:
        return self.key.public_key_info

    @property
    def algorithm_identifier(self) -> bytes:
        return self.key.algorithm_identifier

    def sign(self, tbs: TBS) -> bytes:
        return self.key.sign(_Other())

    def sign_many(self, batch: Sequence[bytes]) -> list[bytes]:
        return [self.key.sign(_Other()) for _ in batch]


class _Other:
    def digest(self, algorithm: str) -> bytes:
        return b"\x01" * 32

    def read(self) -> bytes:
        return b"something else"


@pytest.fixture
def signer(estate: Estate) -> Signer:
    """A signer that knows a certificate and has made nothing yet."""
    opened = estate.signer()
    estate.register(opened, [1])
    return opened


def break_ca_key(signer: Signer) -> None:
    (profile,) = signer.public.profiles.values()
    signer.keyring.require_usable(profile.issuer)
    signer.keyring._keys["test"] = Broken(signer.keyring._keys["test"])


@pytest.mark.parametrize("task", [Verb.GENERATE_CRLS, Verb.GENERATE_OCSP_KEYS])
def test_crl_or_certificate_with_a_wrong_signature_goes_nowhere(signer: Signer, task: Verb) -> None:
    """The CA key signed something else: a problem, no bundle, no responder certificate, and so no response."""
    break_ca_key(signer)
    report = look(signer, fixed(NOW), [task, Verb.PRESIGN])
    assert isinstance(report.problems[0], SelfCheckFailed)
    assert (report.made, signer.exchange.list()) == ([], [])


def test_response_with_a_wrong_signature_goes_nowhere(signer: Signer) -> None:
    """The delegate's key signed something else: a problem, and no bundle of responses."""
    look(signer, fixed(NOW), [Verb.GENERATE_OCSP_KEYS])
    keys = signer.responder_keys._loaded
    for name in keys:
        keys[name] = Broken(keys[name])
    report = look(signer, fixed(NOW), [Verb.PRESIGN])
    assert isinstance(report.problems[0], SelfCheckFailed)
    assert signer.exchange.list() == []
