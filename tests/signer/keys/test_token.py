"""Keys on a PKCS #11 token: which one is meant, what it signs, and what becomes of a batch when it is taken out."""

import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute
from pkcs11.exceptions import DeviceRemoved

from revocation.errors import KeyUnavailable
from signer.keys import BytesTBS, Locked
from signer.keys.opening import open_key
from signer.keys.rsa_signature import RSASignature
from signer.keys.token import key as token_key
from signer.keys.token.session import TokenSession
from tests.building.softhsm import MODULE, PIN, SoftHSM
from tests.keykinds import ALGORITHMS, CA_KEYS

pytestmark = pytest.mark.judge("softhsm2-util")

PSS = padding.PSS(padding.MGF1(SHA256()), 32)
KINDS = {
    "p256": (None, lambda k, s, d: k.verify(s, d, ec.ECDSA(SHA256()))),
    "p384": (None, lambda k, s, d: k.verify(s, d, ec.ECDSA(SHA384()))),
    "p521": (None, lambda k, s, d: k.verify(s, d, ec.ECDSA(SHA512()))),
    "rsa2048": (None, lambda k, s, d: k.verify(s, d, padding.PKCS1v15(), SHA256())),
    "rsa3072": (RSASignature.PSS, lambda k, s, d: k.verify(s, d, PSS, SHA256())),
    "ed25519": (None, lambda k, s, d: k.verify(s, d)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_key_on_a_token_signs_what_its_public_key_verifies(token: SoftHSM, kind: str) -> None:
    """Each kind that SoftHSM has, with the name of its algorithm; the public key is read off the token."""
    key, (signature, verify) = CA_KEYS[kind](), KINDS[kind]
    found = open_key(token.put(key, "ca"), PIN.encode(), signature)
    public = load_der_public_key(found.public_key_info)
    assert public == key.public_key()
    if signature is None:
        assert found.algorithm_identifier.hex() == ALGORITHMS[kind]
    for made in (found.sign(BytesTBS(b"data")), *found.sign_many([b"data", b"data"])):
        verify(public, made, b"data")


def test_key_wants_a_pin(token: SoftHSM) -> None:
    """It is told before a passphrase is looked for, and after the token was found."""
    uri = token.put(CA_KEYS["p256"](), "ca")
    with pytest.raises(Locked, match="wants a PIN"):
        open_key(uri, None)
    with pytest.raises(KeyUnavailable, match="the token is not there; there are 'Revocast Test'"):
        open_key(token.uri("ca", "another"), None)


def test_uri_that_fits_no_key_or_several_is_told(token: SoftHSM) -> None:
    """With the labels and ids that there are."""
    token.put(CA_KEYS["p256"](), "first")
    token.put(CA_KEYS["p256"](), "second")
    with pytest.raises(KeyUnavailable, match="has no such private key"):
        open_key(token.uri("third"), PIN.encode())
    with pytest.raises(KeyUnavailable, match=r"2 private keys fit: .*'first'"):
        open_key(f"pkcs11:token=Revocast%20Test?module-path={MODULE}", PIN.encode())
    by_id = f"pkcs11:token=Revocast%20Test;id=%73%65%63ond;type=private?module-path={MODULE}"
    assert open_key(by_id, PIN.encode()).public_key_info == open_key(token.uri("second"), PIN.encode()).public_key_info


def test_module_that_is_not_there_is_told(token: SoftHSM) -> None:
    """With what the system says of it."""
    with pytest.raises(KeyUnavailable, match=r"cannot be loaded: .*No such file"):
        open_key("pkcs11:object=ca?module-path=/nowhere.so", None)


def test_private_key_beside_another_public_key_signs_nothing(token: SoftHSM) -> None:
    """Labels are cheap: the first signature is verified before it leaves."""
    uri = token.put(CA_KEYS["p256"](), "ca", public=CA_KEYS["p256"]())
    with pytest.raises(KeyUnavailable, match="does not belong to the public key beside it"):
        open_key(uri, PIN.encode()).sign(BytesTBS(b"data"))


def test_token_that_comes_back_is_used_again(token: SoftHSM) -> None:
    """Taken out in the middle of a batch: the batch fails as a whole, and the same key signs the next one."""
    key = open_key(token.put(CA_KEYS["p256"](), "ca"), PIN.encode())

    def batch() -> list[bytes]:
        return key.sign_many([b"one", *(b"more" for _ in range(3))])

    assert len(batch()) == 4
    token.take_out()
    for _ in range(2):
        with pytest.raises(KeyUnavailable, match="the token is not there"):
            batch()
    token.put_back()
    assert len(batch()) == 4


def test_session_that_was_lost_is_opened_again_without_anybody_noticing(token: SoftHSM) -> None:
    """C_Finalize and C_Initialize by somebody else in the process: every handle is gone, the PIN is known."""
    key = open_key(token.put(CA_KEYS["p256"](), "ca"), PIN.encode())
    other = open_key(token.put(CA_KEYS["p384"](), "other"), PIN.encode())
    token.module._library.reinitialize()
    assert key.sign(BytesTBS(b"data"))
    assert other.sign(BytesTBS(b"data"))


def test_token_that_is_put_in_after_the_start_is_found(token: SoftHSM) -> None:
    """A module knows the tokens of its start: it is started anew before anybody is told that one is missing."""
    uri = token.put(CA_KEYS["p256"](), "ca")
    token.take_out()
    with pytest.raises(KeyUnavailable, match="the token is not there"):
        open_key(uri, PIN.encode())
    token.put_back()
    assert open_key(uri, PIN.encode()).sign(BytesTBS(b"data"))


def test_process_that_was_forked_uses_no_token_of_its_parent(token: SoftHSM, monkeypatch: pytest.MonkeyPatch) -> None:
    """PKCS #11 wants a C_Initialize of its own there; what the parent's handles would do is anybody's guess."""
    key = open_key(token.put(CA_KEYS["p256"](), "ca"), PIN.encode())
    monkeypatch.setattr("os.getpid", lambda: 1)
    with pytest.raises(KeyUnavailable, match="before this process was forked"):
        key.sign(BytesTBS(b"data"))


def test_module_that_is_out_of_order_is_started_anew(token: SoftHSM, monkeypatch: pytest.MonkeyPatch) -> None:
    """SoftHSM mends itself where its files come back; a module of hardware may go on saying that a device is gone."""
    key = open_key(token.put(CA_KEYS["p256"](), "ca"), PIN.encode())
    before, sign = token.module.generation, token_key._ecdsa

    def stuck(raw: bytes) -> bytes:
        if token.module.generation == before:
            raise DeviceRemoved
        return sign(raw)

    monkeypatch.setattr(token_key, "_ecdsa", stuck)
    assert key.sign(BytesTBS(b"data"))
    assert token.module.generation == before + 1


def test_keys_of_a_token_share_one_session(token: SoftHSM) -> None:
    """Also those that are looked for in vain at every look: modules count sessions, and some bear few."""
    uri = token.put(CA_KEYS["p256"](), "ca")
    open_key(uri, PIN.encode())
    for _ in range(20):
        with pytest.raises(KeyUnavailable, match="has no such private key"):
            open_key(token.uri("mistyped"), PIN.encode())
    with token.module.lock:
        handles = [token.module.tokens()[0].open().handle for _ in range(2)]
    assert handles[0] < 10


def test_slot_that_cannot_be_read_hides_no_other_token(token: SoftHSM) -> None:
    """A token that was just pulled, or a card that the module does not know, in another reader."""
    (here,) = token.tokens.iterdir()
    token.initialise("another")
    token.module.restart()
    uri, before = token.put(CA_KEYS["p256"](), "ca"), token.module.generation
    shutil.rmtree(next(folder for folder in token.tokens.iterdir() if folder != here))
    assert open_key(uri, PIN.encode()).sign(BytesTBS(b"data"))
    assert token.module.generation == before


def test_another_token_of_the_same_label_signs_nothing_and_is_named(token: SoftHSM) -> None:
    """Somebody put in the spare one: whatever its key of that name signs would be verified by nobody."""
    uri = token.put(CA_KEYS["p256"](), "ca")
    key = open_key(uri, PIN.encode())
    assert key.sign(BytesTBS(b"data"))
    token.take_out()
    token.initialise("Revocast Test")
    token.module.restart()
    token.put(CA_KEYS["p256"](), "ca")
    with token.module.lock:
        (serial,) = (there.serial.decode() for there in token.module.tokens())
    for _ in range(2):
        with pytest.raises(KeyUnavailable, match=f"'Revocast Test' .serial {serial}. has another key") as told:
            key.sign(BytesTBS(b"data"))
    assert "serial= in the key's URI" in str(told.value)
    with pytest.raises(KeyUnavailable, match="the token is not there; there are"):
        open_key(uri.replace(";object", ";serial=0123;object"), PIN.encode())


def test_key_that_wants_the_pin_for_each_signature_is_refused(token: SoftHSM) -> None:
    """CKA_ALWAYS_AUTHENTICATE, as of slot 9c of a PIV card: said when it is opened, and no PIN is spent on it."""
    uri = token.put(CA_KEYS["p256"](), "ca", more={Attribute.ALWAYS_AUTHENTICATE: True})
    with pytest.raises(KeyUnavailable, match=r"wants the PIN again for each signature .*another slot than 9c"):
        open_key(uri, PIN.encode())


def test_batch_leaves_the_module_to_others_after_a_few_signatures(
    token: SoftHSM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card may take a second for each: a CRL does not wait for hundreds of responses."""
    key, runs = open_key(token.put(CA_KEYS["p256"](), "ca"), PIN.encode()), [0]
    run = TokenSession.run

    def counted(self: TokenSession, act: Callable[[object], object]) -> object:
        runs[0] += 1
        return run(self, act)

    monkeypatch.setattr(TokenSession, "run", counted)
    public = load_der_public_key(key.public_key_info)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    for number, signature in enumerate(key.sign_many([b"%d" % number for number in range(20)])):
        public.verify(signature, b"%d" % number, ec.ECDSA(SHA256()))
    assert runs == [3]


def test_module_leaves_no_error_that_the_next_tls_connection_takes_for_its_own() -> None:
    """SoftHSM looks for an engine of OpenSSL's that is not there, in the library that Python's TLS uses too."""
    program = (
        "import ctypes, sys; from signer.keys.token.module import module_at\n"
        "module = module_at(sys.argv[1]); library = ctypes.CDLL('libcrypto.so.3')\n"
        "library.ERR_peek_error.restype = ctypes.c_ulong; assert not library.ERR_peek_error()\n"
        "module.restart(); assert not library.ERR_peek_error()"
    )
    subprocess.run([sys.executable, "-c", program, str(MODULE)], check=True)
