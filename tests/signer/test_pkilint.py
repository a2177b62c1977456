"""pkilint finds nothing in the CRLs of any profile, under the rules that it claims to follow."""

from datetime import timedelta
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from revocation.artifacts import Scope
from revocation.clock import fixed
from revocation.compliance import Compliance
from revocation.messages import Outcome
from revocation.status import Reason
from signer.handle import handle
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW, Authority
from tests.estate import Estate
from tests.signer.pkilint import pkilint
from tests.signer.reading import newest_crl

DAY = timedelta(days=1)

LINTED = {
    "all": "",
    "user and CA": 'scopes = ["user", "ca"]',
    "longest": 'scopes = ["user", "ca"], expires = "10d", renewal = "4d", '
    'lists = { ca = { expires = "300d", renewal = "100d" } }',
    "shards": 'scopes = ["user", "ca"], lists = { user = { shards = 3, assign = "serial" } }',
    "shards of all, elsewhere": 'scopes = ["user", "ca"], shards = 2, assign = "serial", lists = { '
    'user = { distribution_point = "http://x.example/u{shard}.crl" }, '
    'ca = { distribution_point = "http://x.example/c{shard}.crl" } }',
    "some reasons": 'scopes = ["user", "ca"], '
    'lists = { urgent = { scope = "user", only_some_reasons = ["keyCompromise"], renewal = "1h" } }',
    "overlap": 'expires = "7d", overlap = "5d"',
    "expired kept": "keep_expired = true",
    "pointing to a delta": 'scopes = ["user", "ca"], delta = "4h"',
}
"""Profiles that may claim either set of rules."""

LINTED_AS_PKIX = {
    "backdated": 'backdate = "1h"',
    "last until the end": "",
    "last for ever": "",
    "years": 'expires = "9000d", renewal = "100d"',
}
"""Those that the BRs forbid."""

UNREADABLE = "Bad BitString initializer type"
"""With this pkilint panics at an IDP with onlyContainsUserCerts and onlySomeReasons."""

LAST = {"last until the end": "expiry", "last for ever": "never"}
CLAIMS = [(name, "pkix", "PKIX") for name in (*LINTED, *LINTED_AS_PKIX)] + [
    (name, "br", claimed) for name in LINTED for claimed in ("PKIX", "BR")
]


@pytest.mark.long
@pytest.mark.judge("lint_crl")
@pytest.mark.parametrize(("name", "compliance", "profile"), CLAIMS)
def test_pkilint_finds_nothing_in_crls_of_a_profile_that_claims_it(
    tmp_path: Path, name: str, compliance: str, profile: str
) -> None:
    """Every CRL of it, with an entry for each reason that it may list, linted by others under the rules it follows."""
    lines = {**LINTED, **LINTED_AS_PKIX}[name]
    last = f'\nlast_crl = "{LAST[name]}"' if name in LAST else ""
    public = f'compliance = "{compliance}"\ncrl = {{ {lines} }}'
    limits = 'limits = { crl_validity = "9000d", last_crl = "never" }'
    estate = Estate.build(tmp_path / "e", authority=Authority(days=10_000), public=public, signer=limits)
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace('name = "test"\n', f'name = "test"{last}\n', 1))
    signer = estate.signer()
    revoked = revoke_for_every_reason(estate, signer, Compliance(compliance))
    assert look(signer, fixed(NOW)).problems == []
    specs = next(iter(signer.public.profiles.values())).complete_crls
    listed = {label: [entry.serial_number for entry in newest_crl(signer, label)] for label in specs}
    assert {serial for serials in listed.values() for serial in serials} == revoked
    assert all(listed.values())
    for label, spec in specs.items():
        file = tmp_path / f"{label}.crl"
        file.write_bytes(newest_crl(signer, label).public_bytes(Encoding.DER))
        kind = "ARL" if spec.settings.scope is Scope.CA else "CRL"
        if spec.settings.only_some_reasons:
            assert UNREADABLE in pkilint(file, kind, profile)
        else:
            assert pkilint(file, kind, profile) == ""


def revoke_for_every_reason(estate: Estate, signer: Signer, compliance: Compliance) -> set[int]:
    """A user's and a CA's certificate for each reason that the rules allow, with an invalidity date; their serials."""
    kinds = [(is_ca, reason) for is_ca in (False, True) for reason in Reason if not compliance.forbids(reason, is_ca)]
    allowed = [kind for kind in kinds if kind != (True, Reason.unspecified)]  # a CA is not revoked without a reason
    for serial, (is_ca, reason) in enumerate(allowed, 2**70):
        estate.register(signer, [serial], is_ca=is_ca)
        message = estate.revoke(serial, reason.name, invalidity_date=NOW - DAY)
        assert handle(signer, message, fixed(NOW)).outcome is Outcome.DONE
    return set(range(2**70, 2**70 + len(allowed)))


@pytest.mark.judge("lint_crl")
def test_pkilint_cannot_read_an_idp_for_users_and_some_reasons(tmp_path: Path) -> None:
    """Of nobody's: such CRLs are left to our own rules, OpenSSL and pyhanko-certvalidator."""
    file = Path(cryptography_vectors.__path__[0], "x509/custom/crl_idp_relative_user_all_reasons.pem")
    assert UNREADABLE in pkilint(file, "CRL", "PKIX")


@pytest.mark.judge("lint_crl")
def test_pkilint_finds_nothing_in_crls_without_entries(estate: Estate, tmp_path: Path) -> None:
    """As on the first day."""
    signer = estate.signer()
    look(signer, fixed(NOW))
    (file := tmp_path / "all.crl").write_bytes(newest_crl(signer).public_bytes(Encoding.DER))
    assert pkilint(file, "CRL", "PKIX") == pkilint(file, "CRL", "BR") == ""
