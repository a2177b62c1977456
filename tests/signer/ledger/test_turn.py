"""Several transactions in a row: others wait for them, and not for a key that hangs."""

import threading
from pathlib import Path

import pytest

from revocation.clock import fixed
from revocation.errors import KeyUnavailable
from revocation.messages import Outcome
from signer.change import change_together
from signer.keys.limited_key import LimitedKey
from signer.keys.purpose import Purpose
from signer.ledger.turn import Turn
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate
from tests.waiting import until


def test_stand_in_for_a_key_that_hangs_with_a_crl_keeps_no_revocation_from_being_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is revoked meanwhile is recorded, and once the key signs the CRL goes out."""
    estate = Estate.build(tmp_path)
    estate.register(signer := estate.signer(), [1, 2])
    hangs, goes_on = threading.Event(), threading.Event()
    sign = LimitedKey.sign

    def hang(key: LimitedKey, tbs: object) -> bytes:
        if key._purpose is Purpose.CRL:
            hangs.set()
            assert goes_on.wait(20)
        return sign(key, tbs)

    monkeypatch.setattr(LimitedKey, "sign", hang)
    looking = threading.Thread(target=look, args=(signer, fixed(NOW)), daemon=True)
    looking.start()
    assert hangs.wait(20)
    text, replies = estate.revoke(1).model_dump_json(), []
    threading.Thread(target=lambda: replies.extend(change_together(signer, [text], fixed(NOW))), daemon=True).start()
    until(lambda: [reply.outcome for _, reply in replies] == [Outcome.DONE], seconds=10)
    assert looking.is_alive()
    goes_on.set()
    until(lambda: not looking.is_alive())


def test_others_write_when_the_turn_is_over() -> None:
    """However often it is let go; a thread that waits gets it then."""
    lock = threading.RLock()
    lock.acquire()
    turn = Turn(lock)
    other = threading.Thread(target=lock.acquire, daemon=True)
    other.start()
    assert turn.await_signature(lambda: b"signed at once") == b"signed at once"
    assert other.is_alive()
    turn.let_go()
    turn.let_go()
    until(lambda: not other.is_alive())


def test_key_that_fails_is_told_to_who_waits() -> None:
    """As if it had been asked directly."""
    lock = threading.RLock()
    lock.acquire()

    def fail() -> bytes:
        raise KeyUnavailable("is gone")

    with pytest.raises(KeyUnavailable, match="is gone"):
        Turn(lock).await_signature(fail)
