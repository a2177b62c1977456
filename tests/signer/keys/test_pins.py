"""PINs of tokens: a wrong one is told with what the token says of its tries, and nobody tries it again and again."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from pkcs11 import TokenFlag

from revocation.clock import fixed
from revocation.errors import KeyUnavailable, WrongPassphrase
from signer.keys import logins
from signer.keys.logins import Logins
from signer.keys.opening import open_key
from signer.keys.token import login
from signer.look import look
from signer.unlock import unlock
from tests.authority import NOW, Authority
from tests.building.softhsm import PIN, SoftHSM
from tests.estate import Estate
from tests.signer.reading import bundles

pytestmark = pytest.mark.judge("softhsm2-util")

TRIED = TokenFlag.USER_PIN_COUNT_LOW


@pytest.fixture
def estate(tmp_path: Path, token: SoftHSM) -> Estate:
    """An installation whose CA key is on the token."""
    authority = Authority(days=7300)
    estate = Estate.build(tmp_path / "e", authority=authority)
    config = estate.folder / "revocast.toml"
    lines = f'key = "{token.put(authority.key, "ca")}"\npassphrase = "file:{token.pin_file}"'
    text = config.read_text().replace('key = "file:ca.key"\npassphrase = "file:ca.passphrase"', lines)
    config.write_text(text)
    return estate


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[bytes | None]:
    """The PINs that are really tried."""
    tried: list[bytes | None] = []
    before = login._open

    def note(token: object, pin: bytes | None, where: str) -> object:
        tried.append(pin)
        return before(token, pin, where)  # type: ignore[arg-type]

    monkeypatch.setattr(login, "_open", note)
    return tried


def say(monkeypatch: pytest.MonkeyPatch, *flags: TokenFlag) -> None:
    """Have the token's flags say that; SoftHSM itself says no more than COUNT_LOW, and never locks."""
    require, state = login._require_tries, login._state

    def flagged(token: object) -> object:
        return replace_flags(token, flags)

    monkeypatch.setattr(login, "_require_tries", lambda told, *more: require(told | sum_of(flags), *more))
    monkeypatch.setattr(login, "_state", lambda token: state(flagged(token)))


def sum_of(flags: tuple[TokenFlag, ...]) -> TokenFlag:
    """All of them in one."""
    found = TokenFlag(0)
    for flag in flags:
        found |= flag
    return found


def replace_flags(token: object, flags: tuple[TokenFlag, ...]) -> object:
    """A token of which somebody asks for its flags anew."""

    class Slot:
        def get_token(self) -> object:
            return type("Token", (), {"flags": sum_of(flags)})

    return type("Token", (), {"slot": Slot()})


def test_wrong_pin_is_told_and_not_tried_again(token: SoftHSM, attempts: list[bytes | None]) -> None:
    """Nor by the next process; another PIN is, and a right one makes all forgotten."""
    uri, kept = token.put(Authority().key, "ca"), Logins(token.pin_file.parent / "keys")
    with pytest.raises(WrongPassphrase, match="the PIN is wrong; a few wrong ones lock the token"):
        open_key(uri, b"999999", None, kept)
    assert TRIED in token.flags()
    for again in (kept, replace(kept)):
        with pytest.raises(WrongPassphrase, match="was wrong before, and is not tried again"):
            open_key(uri, b"999999", None, again)
    assert attempts == [b"999999"]
    file = token.pin_file.parent / "keys/wrong-pins.json"
    assert "999999" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    open_key(uri, PIN.encode(), None, kept)
    assert attempts == [b"999999", PIN.encode()]
    assert TRIED not in token.flags()
    token.module.restart()
    with pytest.raises(WrongPassphrase, match="the PIN is wrong"):
        open_key(uri, b"999999", None, kept)


def test_signer_with_a_wrong_pin_tries_it_once_in_all_its_looks(
    estate: Estate, token: SoftHSM, attempts: list[bytes | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks every minute, and a new process, spend one try; nothing is published; the right PIN needs no restart."""
    token.pin_file.write_text("999999\n")
    signer = estate.signer()
    estate.register(signer, [1])
    for _ in range(3):
        problems = [str(problem) for problem in look(signer, fixed(NOW)).problems]
        assert any("issuer test, key pkcs11:" in problem and "PIN" in problem for problem in problems)
    monkeypatch.setattr(logins, "_IN_PROCESS", {})
    assert look(again := estate.signer(), fixed(NOW)).problems != []
    assert attempts == [b"999999"]
    assert list(bundles(again, "crl")) == []
    token.pin_file.write_text(PIN)
    assert look(signer, fixed(NOW)).problems == []
    assert len(list(bundles(signer, "crl"))) == 1


def test_last_try_is_used_by_an_operator_who_says_so_alone(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, attempts: list[bytes | None]
) -> None:
    """FINAL_TRY: neither the signer nor `signer unlock` tries a PIN, right as it may be."""
    say(monkeypatch, TRIED, TokenFlag.USER_PIN_FINAL_TRY)
    report = look(estate.signer(), fixed(NOW))
    assert "one more wrong PIN would lock the token, and so none is tried" in str(report.problems[0])
    assert "--last-try" in str(report.problems[0])
    config = ["--config", str(estate.folder / "revocast.toml")]
    assert "would lock the token" in CliRunner().invoke(unlock, config).output
    assert attempts == []
    told = CliRunner().invoke(unlock, [*config, "--last-try"])
    assert (told.exit_code, told.output) == (0, "issuer test: its key can be used\n")
    assert attempts == [PIN.encode()]


def test_operator_may_try_a_pin_again_that_was_wrong(estate: Estate, token: SoftHSM) -> None:
    """The security officer may have set it meanwhile: the signer goes on from its next look."""
    from revocation.errors import RevocastError

    token.pin_file.write_text("112233\n")
    signer = estate.signer()
    estate.register(signer, [1])
    assert look(signer, fixed(NOW)).problems != []
    with token.module.lock:
        session = token.module.tokens()[0].open(rw=True, user_pin=PIN)
        session.set_pin(PIN, "112233")
        session.close()
    assert "is not tried again" in str(look(signer, fixed(NOW)).problems[0])
    told = CliRunner().invoke(unlock, ["--config", str(estate.folder / "revocast.toml")])
    assert told.output == "issuer test: its key can be used\n"
    assert [str(one) for one in look(signer, fixed(NOW)).problems if isinstance(one, RevocastError)] == []


@pytest.mark.parametrize(
    ("flag", "words"),
    [(TokenFlag.USER_PIN_LOCKED, "the PIN of the token is locked"), (TokenFlag.USER_PIN_FINAL_TRY, "would lock")],
)
def test_pin_is_not_tried_on_a_token_that_is_locked_or_about_to_be(
    token: SoftHSM, monkeypatch: pytest.MonkeyPatch, attempts: list[bytes | None], flag: TokenFlag, words: str
) -> None:
    """A right one neither."""
    say(monkeypatch, flag)
    with pytest.raises(KeyUnavailable, match=words):
        open_key(token.put(Authority().key, "ca"), PIN.encode())
    assert attempts == []


@pytest.mark.parametrize(
    ("flag", "words"),
    [(TokenFlag.USER_PIN_FINAL_TRY, "one more wrong PIN locks"), (TokenFlag.USER_PIN_LOCKED, "now the PIN is locked")],
)
def test_wrong_pin_says_what_it_has_brought_about(
    token: SoftHSM, monkeypatch: pytest.MonkeyPatch, flag: TokenFlag, words: str
) -> None:
    """By the flags that the token has after it."""
    state = login._state
    monkeypatch.setattr(login, "_state", lambda token: state(replace_flags(token, (TRIED, flag))))
    with pytest.raises(WrongPassphrase, match=f"the PIN is wrong; {words}"):
        open_key(token.put(Authority().key, "ca"), b"999999")


def test_pin_that_was_changed_is_read_again_when_the_token_comes_back(
    estate: Estate, token: SoftHSM, attempts: list[bytes | None]
) -> None:
    """On the token and at its place in the configuration: the signer needs no restart, and the old one is not tried."""
    signer = estate.signer()
    estate.register(signer, [1])
    assert look(signer, fixed(NOW)).problems == []
    with token.module.lock:
        session = token.module.tokens()[0].open(rw=True)
        session.set_pin(PIN, "445566")
        session.close()
    token.pin_file.write_text("445566\n")
    token.module.restart()
    estate.register(signer, [2], NOW)
    assert look(signer, fixed(NOW + timedelta(hours=13))).problems == []
    assert attempts == [PIN.encode(), b"445566"]
