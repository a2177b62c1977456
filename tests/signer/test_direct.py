"""Responses that the CA key signs itself: for an offline CA, whose ceremonies are months apart (RFC 6960, 4.2.2.2)."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import ocsp
from sqlalchemy import select

from publisher.verify_ocsp import read_response, verify_response
from revocation.clock import fixed
from revocation.config import PublicConfig
from revocation.errors import ConfigurationError, GateError
from revocation.messages import Look, Verb, compose
from signer.handle import handle
from signer.ledger.schema import audit
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW, Authority
from tests.building.ca import CA, Responder
from tests.building.ocsp import response
from tests.building.passed import passed
from tests.estate import Estate
from tests.signer.reading import bundles

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
CEREMONIES = 'expires = "360d", renewal = "1d", look = "170d"'
BEYOND = CEREMONIES.replace("360d", "400d")


def offline(folder: Path, lines: str = CEREMONIES, *, signer: str = "", public: str = "", **more: object) -> Estate:
    """An installation whose CA signs responses itself."""
    authority = Authority(**{"days": 7300, **more})  # type: ignore[arg-type]
    public = f'{public}\nocsp = {{ signed_by = "issuer", {lines} }}'
    return Estate.build(
        folder, authority=authority, public=public, signer=signer or 'limits = { ocsp_validity = "2d" }'
    )


def responses_of(signer: Signer) -> list[bytes]:
    """Every response in the exchange, the oldest bundles first."""
    return [data for _, found in bundles(signer, "ocsp") for data in found]


def windows(signer: Signer) -> set[tuple[datetime, datetime | None]]:
    """Those of the responses in the exchange."""
    found = [next(iter(ocsp.load_der_ocsp_response(data).responses)) for data in responses_of(signer)]
    return {(single.this_update_utc, single.next_update_utc) for single in found}


def test_direct_response_is_signed_by_the_ca_key_and_embeds_nothing(tmp_path: Path) -> None:
    """ResponderID byKey of the CA; no responder key is made, and the audit log has the use of the CA key before it."""
    signer = offline(tmp_path / "e").signer()
    (profile,) = signer.public.profiles.values()
    Estate.at(tmp_path / "e").register(signer, [1, 2])
    report = look(signer, fixed(NOW))
    assert report.problems == []
    assert not any("responder certificate" in made for made in report.made)
    assert list((tmp_path / "e/signer/keys").glob("*.pem")) == []
    found = responses_of(signer)
    assert len(found) == 4
    for data in found:
        read = ocsp.load_der_ocsp_response(data)
        assert (read.certificates, read.responder_name) == ([], None)
        assert verify_response(data, profile.issuer, NOW).direct
    with signer.ledger.read() as connection:
        entries = connection.execute(select(audit).order_by(audit.c.id)).all()
    acts = [(row.action, json.loads(row.detail)["bundle"]) for row in entries if "ocsp" in row.action]
    assert acts[::2] == [("sign ocsp with ca key", bundle) for _, bundle in acts[1::2]]
    assert {action for action, _ in acts[1::2]} == {"sign ocsp"}


def test_direct_responses_are_all_signed_at_a_ceremony_and_live_to_the_one_after_the_next(tmp_path: Path) -> None:
    """Whatever the day: all slices at once, none a turn of its own; in between nothing is due but what changed."""
    estate = offline(tmp_path / "e")
    signer = estate.signer()
    estate.register(signer, range(1, 40), not_after=NOW + 3000 * DAY)
    for days in (0, 187, 340):
        now = NOW + days * DAY
        assert look(signer, fixed(now), [Verb.PRESIGN]).problems == []
        assert windows(signer) == {(now, now + 360 * DAY)}
        assert look(signer, fixed(now + DAY - SECOND), [Verb.PRESIGN]).made == []
    now += 20 * DAY
    assert handle(signer, estate.revoke(1, now=now), fixed(now)).revision
    due = handle(signer, compose(Verb.DUE, Look(), now), fixed(now)).data["due"]
    assert not any("responder" in one["what"] for one in due)
    assert len(look(signer, fixed(now), [Verb.PRESIGN]).made) == 16
    assert windows(signer) == {(now, now + 360 * DAY)}


def test_direct_response_ends_with_the_issuer(tmp_path: Path) -> None:
    """nextUpdate is never after notAfter of the CA certificate; and in the end nothing is signed."""
    signer = offline(tmp_path / "e", not_before=NOW - DAY, days=101).signer()
    Estate.at(tmp_path / "e").register(signer, [1])
    for now in (NOW, NOW + 99 * DAY):
        look(signer, fixed(now), [Verb.PRESIGN])
        assert {end for _, end in windows(signer)} == {NOW + 100 * DAY}
    assert look(signer, fixed(NOW + 100 * DAY), [Verb.PRESIGN], Look()).made == []


def test_direct_response_that_would_outlive_its_issuer_does_not_pass_the_gate() -> None:
    """Nor one that begins before it, nor one by a delegate's key that embeds no certificate."""
    own = Responder((ca := CA()).authority.key, ca.authority.certificate)  # type: ignore[arg-type]
    end = ca.issuer.not_after
    good = response(ca, own, 1, certificates=[], this_update=NOW, lifetime=end - NOW)
    assert verify_response(good, ca.issuer, NOW).next_update == end
    for begin, lifetime, words in (
        (NOW, end + SECOND - NOW, "outlive its issuer's certificates"),
        (ca.issuer.not_before - SECOND, 2 * DAY, "older than its issuer's certificates"),
    ):
        data = response(ca, own, 1, certificates=[], this_update=begin, lifetime=lifetime)
        with pytest.raises(GateError, match=words):
            read_response(data, ca.issuer)
    stranger = Responder(CA().authority.key, ca.authority.certificate)  # type: ignore[arg-type]
    forged = response(ca, stranger, 1, certificates=[], responder_id=good[good.index(b"\xa2\x16") :][:24])
    with pytest.raises(GateError, match="signature is not that of"):
        read_response(forged, ca.issuer)


def test_gate_takes_responses_of_the_configured_signer_alone(tmp_path: Path) -> None:
    """A delegate's where the CA key is configured to sign, and the other way round, are set aside with both named."""
    own = Responder((ca := CA()).authority.key, ca.authority.certificate)  # type: ignore[arg-type]
    direct, delegated = response(ca, own, 1, certificates=[]), response(ca, ca.responder(), 1)
    for lines, taken, refused, who in (
        ('signed_by = "issuer"', direct, delegated, "a delegate"),
        ("", delegated, direct, "the CA key"),
    ):
        folder = tmp_path / (who.replace(" ", ""))
        estate = Estate.build(folder, authority=ca.authority, public=f"[public.ocsp]\n{lines}")
        (profile,) = PublicConfig.read(estate.file).profiles.values()
        assert [one.serial for one in passed(profile, NOW, [taken, taken])] == [b"\x01"] * 2
        with pytest.raises(GateError, match=f"{who} signed it, and configured is signed_by"):
            passed(profile, NOW, [taken, refused])


@pytest.mark.parametrize(
    ("ocsp_lines", "public", "more", "words"),
    [
        (CEREMONIES, "", {"crl_sign": True}, "keyUsage of its newest CA certificate lacks digitalSignature"),
        (CEREMONIES, 'compliance = "br"', {}, r"expires \(360d\) must be at least the 8h"),
        (BEYOND, 'compliance = "br"\ncrl = { scopes = ["ca"] }', {}, "longer than 365d: .* every twelve months"),
        (
            'expires = "2h", renewal = "30m", look = "30m", max_age = "5m"',
            'compliance = "br"\ncrl = { scopes = ["ca"] }',
            {},
            r"expires \(2h\) must be at least the 8h",
        ),
        ('expires = "100d", renewal = "60d", look = "50d"', "", {}, r"look \(50d\) must be at most .* 20d"),
    ],
)
def test_direct_signing_that_cannot_be_is_refused_at_the_start(
    tmp_path: Path, ocsp_lines: str, public: str, more: dict[str, object], words: str
) -> None:
    """A CA that may not sign responses, windows beyond the BRs, and looks that come too late: each with why."""
    with pytest.raises(ConfigurationError, match=words):
        PublicConfig.read(offline(tmp_path / "e", ocsp_lines, public=public, **more).file)


def test_direct_responses_about_cas_alone_may_live_a_year_under_the_brs(tmp_path: Path) -> None:
    """Signed, and taken by the gate; a CA certificate with keyUsage digitalSignature is one that may sign them."""
    lines, public = 'expires = "365d", renewal = "1d", look = "180d"', 'compliance = "br"\ncrl = { scopes = ["ca"] }'
    estate = offline(tmp_path / "e", lines, public=public, crl_sign=True, digital_signature=True)
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    estate.register(signer, [1], is_ca=True, not_after=NOW + 900 * DAY)
    assert look(signer, fixed(NOW), [Verb.PRESIGN]).problems == []
    assert windows(signer) == {(NOW, NOW + 365 * DAY - SECOND)}
    assert len(passed(profile, NOW, responses_of(signer))) == 2


def test_direct_responses_have_a_limit_of_the_signers_own(tmp_path: Path) -> None:
    """Longer ones than [signer.limits] allows are refused at the start, with the numbers."""
    estate = offline(tmp_path / "e", signer='limits = { direct_ocsp_validity = "200d" }')
    with pytest.raises(ConfigurationError, match=r"360d\) is beyond the signer's limit \(200d\)"):
        estate.signer()


def test_change_of_who_signs_is_there_at_the_next_look(tmp_path: Path) -> None:
    """From a delegate to the CA key: every slice is signed anew, and the delegate's key goes with its certificate."""
    estate = Estate.build(tmp_path / "e", public='[public.ocsp]\nsigned_by = "delegate"')
    estate.register(signer := estate.signer(), [1, 2])
    look(signer, fixed(NOW))
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('signed_by = "delegate"', 'signed_by = "issuer"'))
    signer = estate.signer()
    (profile,) = signer.public.profiles.values()
    assert "configured are sha1 sha256 direct" in look(signer, fixed(NOW + SECOND)).made[0]
    assert all(one.direct for one in passed(profile, NOW + SECOND, responses_of(signer)))
    look(signer, fixed(NOW + 8 * DAY))
    assert list((estate.folder / "signer/keys").glob("*.pem")) == []
