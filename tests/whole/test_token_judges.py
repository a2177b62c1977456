"""The CA key on a token: CRL, responder certificate and responses pass the gate, and programs of others verify them."""

import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509 import ocsp

from publisher.verify_crl import verify_crl
from publisher.verify_ocsp import verify_response
from revocation import clock
from revocation.clock import fixed
from revocation.status import Reason, Revocation
from signer.keys.token.session import TokenSession
from signer.look import look
from tests.authority import Authority
from tests.building.softhsm import SoftHSM
from tests.estate import Estate, certificate
from tests.keykinds import CA_KEYS
from tests.signer.reading import bundles
from tests.whole.judges import Case, gnutls_verifies
from tests.whole.response_judges import Signed, ocsptool, ocsptool_told_the_signer, openssl, pyhanko

SERIALS = {"good": 0x1001, "revoked": 0x1002}
SIGNED_BY = ("delegate", "issuer")


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHSM:
    """An empty token."""
    return SoftHSM(tmp_path / "softhsm", monkeypatch)


def build(
    folder: Path, token: SoftHSM, kind: str, *, more: str = "", slices: int = 1, signed_by: str = "delegate"
) -> Estate:
    """An installation of today whose CA key is on the token, and nowhere else."""
    key, now = CA_KEYS[kind](), clock.now().replace(microsecond=0)
    authority = Authority(key=key, not_before=now - timedelta(days=10), days=40)
    public = f'[public.ocsp]\nslices = {slices}\nhashes = ["sha1"]\nsigned_by = "{signed_by}"'
    estate = Estate.build(folder, authority=authority, public=public)
    (estate.folder / "ca.key").unlink()
    config = estate.folder / "revocast.toml"
    lines = f'key = "{token.put(key, "CA key")}"\npassphrase = "file:{token.pin_file}"\n{more}'
    text = config.read_text().replace('key = "file:ca.key"\npassphrase = "file:ca.passphrase"', lines)
    config.write_text(text.replace("object=CA key", "object=CA%20key"))
    return estate


@pytest.mark.long
@pytest.mark.judge("softhsm2-util", "openssl", "ocsptool", "certtool")
@pytest.mark.parametrize("signed_by", SIGNED_BY)
@pytest.mark.parametrize("kind", ["p256", "p384", "p521", "rsa2048", "rsa3072", "ed25519"])
def test_clients_verify_what_a_key_on_a_token_signs(tmp_path: Path, token: SoftHSM, kind: str, signed_by: str) -> None:
    """Every kind that SoftHSM has, RSA-3072 with PSS; by a delegate that the key certified, and by the key itself."""
    pss = 'signature = "rsassa-pss"' if kind == "rsa3072" else ""
    estate = build(tmp_path / "e", token, kind, more=pss, signed_by=signed_by)
    now = clock.now().replace(microsecond=0)
    signer, ends = estate.signer(now), now + timedelta(days=20)
    revocation = Revocation(now - timedelta(hours=1), Reason.keyCompromise)
    revoked = certificate(SERIALS["revoked"], not_after=ends, revocation=revocation)
    estate.import_(signer, [certificate(SERIALS["good"], not_after=ends), revoked], now)
    assert look(signer, fixed(now)).problems == []
    (profile,) = signer.public.profiles.values()
    ((_, (crl,)),) = bundles(signer, "crl")
    verify_crl(crl, profile.crls["all"], now)
    case = Case(tmp_path, estate.folder / "ca.pem", {}, {"all": crl}, {})
    assert gnutls_verifies(case, "all")
    command = ["openssl", "crl", "-in", case.pem(), "-CAfile", case.ca, "-noout"]
    assert "verify OK" in subprocess.run(command, capture_output=True, text=True, check=True).stderr
    ((_, responses),) = bundles(signer, "ocsp")
    by_serial = {ocsp.load_der_ocsp_response(data).serial_number: data for data in responses}
    found = {name: by_serial[serial] for name, serial in SERIALS.items()}
    for data in found.values():
        assert verify_response(data, profile.issuer, now).direct is (signed_by == "issuer")
    leaves = Authority(not_before=now - timedelta(days=10))
    leaves.certificate = profile.issuer.certificates[0]
    files = Signed.write(tmp_path, leaves, found, SERIALS, ends)
    judges = [openssl, ocsptool_told_the_signer if signed_by == "issuer" else ocsptool, pyhanko]
    assert [judge(files, status) for status in SERIALS for judge in judges] == ["good"] * 3 + ["revoked"] * 3


@pytest.mark.judge("softhsm2-util")
def test_token_that_is_taken_out_in_a_batch_leaves_nothing_half_done(
    tmp_path: Path, token: SoftHSM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slices that were signed before stay, the one in work is not put, and the look after goes on there."""
    estate = build(tmp_path / "e", token, "p256", slices=4, signed_by="issuer")
    now = clock.now().replace(microsecond=0)
    estate.register(signer := estate.signer(now), range(1, 200), now, not_after=now + timedelta(days=20))
    run, left = TokenSession.run, [14]

    def pulled(self: TokenSession, act: object) -> object:
        left[0] -= 1
        if not left[0]:
            token.take_out()
        return run(self, act)  # type: ignore[arg-type]

    monkeypatch.setattr(TokenSession, "run", pulled)
    report = look(signer, fixed(now))
    assert all("the token is not there" in str(problem) for problem in report.problems)
    before = slices_of(report.made)
    assert 1 <= len(before) < 4
    assert len(list(bundles(signer, "ocsp"))) == len(before)
    token.put_back()
    again = look(signer, fixed(now + timedelta(minutes=1)))
    assert again.problems == []
    assert sorted((*before, *slices_of(again.made))) == [0, 1, 2, 3]
    assert len(list(bundles(signer, "ocsp"))) == 4


def slices_of(made: Sequence[str]) -> list[int]:
    """The numbers of the slices among what was made."""
    return [int(words.split("ocsp slice ")[1].split()[0]) for words in made if "ocsp slice" in words]


@pytest.mark.judge("softhsm2-util")
def test_key_on_a_token_that_is_not_the_certificates_signs_nothing(tmp_path: Path, token: SoftHSM) -> None:
    """As with files: the public key on the token is held against the certificate's."""
    estate = build(tmp_path / "e", token, "p256")
    Authority(days=30, not_before=clock.now() - timedelta(days=1)).write(estate.folder / "ca.pem")
    signer = estate.signer(now := clock.now())
    problem = str(look(signer, fixed(now)).problems[0])
    assert "is not the key of its CA certificate; it is the one on 'Revocast Test' (serial " in problem
    assert "serial= in it tells tokens apart" in problem
    assert list(bundles(signer, "crl")) == []
