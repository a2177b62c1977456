"""pkilint on every kind of response: each status, reason and form of date, in both forms of responses.

It is run in this process, by the function that its command calls: a process for each response would take a second.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import ocsp
from pkilint.bin import lint_ocsp_response

from publisher.crl_entries import reason_of
from revocation.clock import fixed
from revocation.status import Reason, Revocation
from signer.look import look
from tests.authority import NOW
from tests.building.ca import CA
from tests.building.ocsp import response
from tests.estate import Estate, certificate
from tests.signer.reading import bundles

FORMS = {"a response for each hash": "", "one signature": "ocsp = { one_signature = true }"}
DATES = [
    datetime(1950, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2000, 2, 29, tzinfo=UTC),
    NOW - timedelta(seconds=1),
]
REVOCATIONS = [Revocation(NOW - timedelta(days=1), reason) for reason in Reason]
REVOCATIONS += [Revocation(date, Reason.superseded) for date in DATES]
REVOCATIONS += [Revocation(NOW - timedelta(days=1), Reason.keyCompromise, invalidity_date=NOW - timedelta(days=9))]
Lint = Callable[[bytes], str]

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # the one that pkilint was given


@pytest.fixture
def lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Lint:
    """What pkilint finds in a response, however slight."""

    def lint(data: bytes) -> str:
        (file := tmp_path / "response").write_bytes(data)
        code = lint_ocsp_response.main(["lint", "-s", "ALL", "-f", "CSV", str(file)])
        said = capsys.readouterr()
        found = said.out.removeprefix("node_path,validator,severity,code,message").strip() + said.err
        assert (code == 0) == (found == "")
        return found

    return lint


@pytest.mark.judge("lint_ocsp_response")
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_pkilint_finds_nothing_in_responses_of_any_status(tmp_path: Path, form: str, lint: Lint) -> None:
    """Good, on hold, revoked for each reason, and with dates at which their form or the number of seconds changes."""
    estate = Estate.build(tmp_path / "estate", public=form)
    signer = estate.signer()
    revoked = [certificate(2**70 + n, revocation=revocation) for n, revocation in enumerate(REVOCATIONS, 1)]
    estate.import_(signer, [certificate(2**70), *revoked])
    assert look(signer, fixed(NOW)).problems == []
    made = [data for _, responses in bundles(signer, "ocsp") for data in responses]
    assert len(made) == (1 + len(REVOCATIONS)) * (1 if form else 2)
    said = {_said(data) for data in made}
    assert said == {None, *((r.revoked_at, r.reason) for r in REVOCATIONS)}
    assert {data.hex(): found for data in made if (found := lint(data))} == {}


@pytest.mark.judge("lint_ocsp_response")
@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ((b"\x18\x0f20260301120000Z", b"\x18\x0f202603011200.5Z"), "generalizedtime_incorrect_syntax"),
        ((b"\x18\x0f20260302120000Z", b"\x18\x0f20260228120000Z"), "negative_validity_period"),
        ((b"\x0a\x01\x00", b"\x0a\x01\x04"), "ocsp_response_status_code_4"),
    ],
)
def test_pkilint_would_find_what_is_wrong(change: tuple[bytes, bytes], finding: str, lint: Lint) -> None:
    """Else that it finds nothing would say nothing."""
    ca = CA()
    data = response(ca, ca.responder(), 1)
    assert lint(data) == ""
    assert finding in lint(data.replace(*change))


def _said(data: bytes) -> tuple[datetime, Reason] | None:
    single = next(iter(ocsp.load_der_ocsp_response(data).responses))
    if single.revocation_time_utc is None:
        return None
    flag = single.revocation_reason
    return single.revocation_time_utc, reason_of(flag) if flag else Reason.unspecified
