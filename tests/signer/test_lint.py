"""The rules that are held against a CRL before it is signed: each one can fail, and a right CRL breaks none."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from revocation.artifacts import CRLName, Scope
from revocation.clock import fixed
from revocation.compliance import Compliance
from revocation.crlprofile import CRLList
from revocation.crlspec import CRLSpec
from revocation.status import Reason
from signer.encoding.crl import CRLFrame
from signer.lint import findings, lint_crl, skeleton
from signer.look import look
from tests.authority import NOW
from tests.building.ca import CA
from tests.building.crl import crl, distribution_point
from tests.estate import Estate
from tests.signer.pkilint import pkilint

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
URL = "http://crl.example/user.crl"


def spec_of(ca: CA, scope: Scope, **more: object) -> CRLSpec:
    settings = CRLList.model_validate({"name": scope, "scope": scope, **more})
    return CRLSpec(ca.issuer, CRLName(scope), settings, URL)


@pytest.fixture(scope="module")
def ca() -> CA:
    return CA()


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("compliance", list(Compliance))
def test_crl_that_the_signer_would_make_breaks_no_rule(ca: CA, scope: Scope, compliance: Compliance) -> None:
    """In every scope, at the longest window that each set of rules allows."""
    spec = replace(spec_of(ca, scope, expires="365d" if scope is Scope.CA else "10d"), compliance=compliance)
    lint_crl(CRLFrame(spec, 1, *spec.window(NOW)), NOW)


USER = {"only_contains_user_certs": True}
EXTENSIONS: dict[str, tuple[Mapping[str, tuple[x509.ExtensionType, bool] | None], str]] = {
    "no AKI": ({"aki": None}, "section 5.2.1"),
    "AKI of another": ({"aki": (x509.AuthorityKeyIdentifier(b"x" * 20, None, None), False)}, "section 5.2.1"),
    "no number": ({"number": None}, "section 5.2.3"),
    "critical number": ({"number": (x509.CRLNumber(1), True)}, "section 5.2.3"),
    "number of 21 octets": ({"number": (x509.CRLNumber(1 << 159), False)}, "section 5.2.3"),
    "unknown critical": (
        {"x": (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), True)},
        "1.2.3",
    ),
    "IDP not critical": ({"idp": (distribution_point(URL, **USER), False)}, "is not critical"),
    "no IDP": ({"idp": None}, "lacks the IssuingDistributionPoint"),
    "IDP elsewhere": ({"idp": (distribution_point(URL + "x", **USER), True)}, "byte for byte"),
    "IDP of CAs": ({"idp": (distribution_point(URL, only_contains_ca_certs=True), True)}, "not that of user"),
    "indirect": ({"idp": (distribution_point(URL, indirect_crl=True, **USER), True)}, "is indirect"),
}


@pytest.mark.parametrize("name", EXTENSIONS)
def test_extension_that_is_wrong_is_found(ca: CA, name: str) -> None:
    """One at a time, in a CRL that is right otherwise."""
    changed, said = EXTENSIONS[name]
    right: dict[str, tuple[x509.ExtensionType, bool] | None] = {"idp": (distribution_point(URL, **USER), True)}
    data = crl(ca, 1, extensions={**right, **changed})
    assert any(said in one for one in findings(data, spec_of(ca, Scope.USER), NOW)), name
    assert list(findings(crl(ca, 1, extensions=right), spec_of(ca, Scope.USER), NOW)) == []


def test_idp_in_a_crl_of_everything_is_found(ca: CA) -> None:
    """Consumers that take such a CRL refuse a critical IDP."""
    data = crl(ca, 1, idp=distribution_point(URL, **USER))
    assert any("covers everything" in one for one in findings(data, spec_of(ca, Scope.ALL), NOW))


def test_reasons_that_are_not_those_of_the_profile_are_found(ca: CA) -> None:
    """Too few, and clients believe that others are covered."""
    some = spec_of(ca, Scope.USER, only_some_reasons=["keyCompromise"])
    data = skeleton(CRLFrame(some, 1, NOW, NOW + DAY))
    assert list(findings(data, some, NOW)) == []
    other = spec_of(ca, Scope.USER, only_some_reasons=[Reason.superseded])
    assert any("onlySomeReasons are keyCompromise" in one for one in findings(data, other, NOW))


def test_issuer_and_window_that_are_wrong_are_found(ca: CA) -> None:
    """Another name; not begun, or ended; and a second too long under the BRs, both ends counted."""
    spec = spec_of(ca, Scope.ALL)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Other")])
    assert any("byte for byte" in one for one in findings(crl(ca, 1, issuer_name=name), spec, NOW))
    for begins in (NOW + SECOND, NOW - 2 * DAY):
        assert any("is not around" in one for one in findings(crl(ca, 1, this_update=begins), spec, NOW))
    br = replace(spec, compliance=Compliance.BR)
    assert any("both ends counted" in one for one in findings(crl(ca, 1, lifetime=10 * DAY), br, NOW))
    assert list(findings(crl(ca, 1, lifetime=10 * DAY - SECOND), br, NOW)) == []


def test_profile_that_lint_refuses_makes_no_crl_and_uses_no_number(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key does not sign, the ledger has no row, and the problem names the rule."""
    signer = estate.signer()
    monkeypatch.setattr("signer.encoding.crl.authority_key_identifier", lambda _: b"")
    report = look(signer, fixed(NOW))
    assert "section 5.2.1" in str(report.problems[0])
    assert not any("crl" in made for made in report.made)
    assert not list(estate.folder.glob("exchange/*crl*"))


@pytest.mark.judge("lint_crl")
def test_pkilint_misses_what_our_own_rules_find(ca: CA, tmp_path: Path) -> None:
    """Why there are rules of our own: an IDP that is not critical, an indirect CRL, another's URL."""
    file = tmp_path / "user.crl"
    for name in ("IDP not critical", "indirect", "IDP elsewhere", "no IDP"):
        changed, said = EXTENSIONS[name]
        data = crl(ca, 1, extensions={"idp": (distribution_point(URL, **USER), True), **changed})
        file.write_bytes(data)
        assert pkilint(file, "CRL", "BR") == ""
        assert any(said in one for one in findings(data, spec_of(ca, Scope.USER), NOW))
