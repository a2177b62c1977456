"""PINs of tokens: a wrong one is told with what the token says of its tries, and nobody tries it again and again."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from click.testing import CliRunner
from pkcs11 import TokenFlag
from pkcs11.exceptions import PinLocked

from revocation.clock import fixed
from revocation.errors import KeyUnavailable, WrongPassphrase
from signer.key_commands import generate, show
from signer.keys import logins, passphrase
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


def test_empty_pin_is_not_tried(token: SoftHSM, attempts: list[bytes | None]) -> None:
    """Wherever it comes from: it uses up a try, and no token has one."""
    uri = token.put(Authority().key, "ca")
    with pytest.raises(WrongPassphrase, match="the PIN is empty"):
        open_key(uri, b"", None, Logins(again=True))
    assert attempts == []


def test_prompt_for_a_pin_that_is_answered_with_enter_alone_asks_again(
    estate: Estate, attempts: list[bytes | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing was opened for it."""
    config, answers = estate.folder / "revocast.toml", ["", PIN]
    monkeypatch.setattr(passphrase, "_has_terminal", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _: answers.pop(0))
    text = config.read_text()
    config.write_text(re.sub('passphrase = "file:[^"]*pin"', 'passphrase = "prompt"', text))
    told = CliRunner().invoke(unlock, ["--config", str(config)])
    assert (told.exit_code, answers) == (0, []), told.output
    assert "the passphrase is empty; try again" in told.output
    assert attempts == [PIN.encode()]


def test_prompt_of_a_key_that_is_answered_with_enter_alone_opens_nothing(
    token: SoftHSM, attempts: list[bytes | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`key show` and `key generate` ask once."""
    uri = token.put(Authority().key, "ca")
    monkeypatch.setattr(passphrase, "_has_terminal", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _: "")
    for command, words in ((show, [uri]), (generate, [token.uri("new"), "--kind", "p256"])):
        assert "the passphrase is empty" in str(CliRunner().invoke(command, words).exception)
    assert attempts == []


def test_no_pin_is_tried_where_a_wrong_one_could_not_be_remembered(
    token: SoftHSM, attempts: list[bytes | None], tmp_path: Path
) -> None:
    """A disk that is full would have every look, and every start, try it again until the token is locked."""
    (tmp_path / "file").touch()
    uri, kept = token.put(Authority().key, "ca"), Logins(tmp_path / "file" / "keys")
    with pytest.raises(KeyUnavailable, match=r"could not be remembered .*, and so none is tried"):
        open_key(uri, PIN.encode(), None, kept)
    assert attempts == []


@pytest.mark.parametrize("damage", ["[]", '{"TOKEN": 5}', '{"TOKEN": ["xyz"]}', '{"TOKEN": [7]}'])
def test_memory_that_is_damaged_is_none(tmp_path: Path, damage: str) -> None:
    """What is wrong is tried once more, and remembered anew."""
    kept = Logins(tmp_path)
    (tmp_path / "wrong-pins.json").write_text(damage.replace("TOKEN", "t"))
    assert not kept.was_wrong("t", b"9")
    kept.remember("t", b"9")
    assert kept.was_wrong("t", b"9")


def test_pin_that_a_locked_token_of_ours_did_not_look_at_is_not_called_wrong(
    token: SoftHSM, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Once its security officer has set it free, the same PIN is right. SoftHSM never locks: its answer is ours."""
    uri, kept = token.put(Authority().key, "ca"), Logins(tmp_path / "keys")
    with monkeypatch.context() as patch:
        patch.setattr(login, "_open", partial(_open_locked, login._open))
        with pytest.raises(KeyUnavailable, match="the PIN of the token is locked"):
            open_key(uri, PIN.encode(), None, kept)
    open_key(uri, PIN.encode(), None, kept)


def _open_locked(opens: Callable[..., object], token: object, pin: bytes | None, where: str) -> object:
    return opens(SimpleNamespace(open=Mock(side_effect=PinLocked)), pin, where)


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


def test_token_whose_pin_is_typed_on_a_pad_is_refused_before_a_pin_is_looked_for(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, attempts: list[bytes | None]
) -> None:
    """Handed a PIN, its module would wait for somebody at the pad, and every key with it. SoftHSM has none: a flag."""
    require = login._require_pin_by_software
    pad = TokenFlag.PROTECTED_AUTHENTICATION_PATH
    monkeypatch.setattr(login, "_require_pin_by_software", lambda flags, where: require(flags | pad, where))
    (problem, *_) = look(estate.signer(), fixed(NOW)).problems
    assert "has its PIN typed on a pad of its own" in str(problem)
    assert "CKF_PROTECTED_AUTHENTICATION_PATH off" in str(problem)
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
