"""The lines of `status`: which state an artifact is in by its window, what is missing, and what is behind."""

from datetime import timedelta
from pathlib import Path

import pytest

from jobs.overview import State, lines, set_aside, undone
from jobs.wanted import Wanted
from revocation.artifacts import Kind
from revocation.part import Part
from revocation.published import SetAside
from tests.authority import NOW
from tests.jobs.issuers import configured, crl_row, slice_row, status


@pytest.mark.parametrize(
    ("hours", "state"),
    [
        (0, State.FRESH),
        (11.9, State.FRESH),
        (12, State.DUE),
        (13, State.DUE),
        (13.2, State.OVERDUE),
        (24, State.EXPIRED),
    ],
)
def test_state_follows_the_windows(tmp_path: Path, hours: float, state: State) -> None:
    """Due at renewal, overdue when a look and a publication should have been over, expired at nextUpdate."""
    public = configured(tmp_path)
    (issuer,) = public.profiles
    rows = status("a", crl_row(issuer), slice_row(3, issuer))
    for line in lines([rows], public, Wanted(), NOW + timedelta(hours=hours)):
        assert line.state is state


def test_crl_that_a_target_lacks_is_a_line(tmp_path: Path) -> None:
    """What is not there is not passed over; a store of responses lacks no CRL."""
    public = configured(tmp_path, 'crl = { scopes = ["user", "ca"] }')
    (issuer,) = public.profiles
    files = status("files", crl_row(issuer, label="ca"), kinds=(Kind.CRL, Kind.ISSUER))
    store = status("store", slice_row(1, issuer), kinds=(Kind.OCSP,))
    found = {(line.target, line.what): line.state for line in lines([files, store], public, Wanted(), NOW)}
    assert found == {
        ("files", "crl user"): State.MISSING,
        ("files", "crl ca"): State.FRESH,
        ("store", "ocsp slice 1"): State.FRESH,
    }


def test_reason_stands_with_its_artifact_and_what_has_none_below(tmp_path: Path) -> None:
    """A slice that was never published and a responder certificate are told too."""
    public = configured(tmp_path)
    (issuer,) = public.profiles
    due = {(issuer, "crl all"): "covers revision 5", (issuer, "responder certificate"): "ends soon"}
    (line,) = lines([status("files", crl_row(issuer))], public, Wanted(due), NOW)
    assert line.why == "covers revision 5"
    assert undone(due, [line], public) == ["ca-0: responder certificate: ends soon"]


@pytest.mark.parametrize("hours", [0, 12, 13.2])
def test_artifact_below_the_revision_that_is_needed_is_behind_at_once(tmp_path: Path, hours: float) -> None:
    """Whatever its window says: it was made, lies in the exchange, and relying parties do not get it."""
    public = configured(tmp_path)
    (issuer,) = public.profiles
    rows = status("a", crl_row(issuer, revision=5), slice_row(3, issuer, revision=5), slice_row(4, issuer, revision=5))
    parts = {part(issuer, "crl", "all"): 6, part(issuer, "ocsp", "3"): 7, part(issuer, "ocsp", "4"): 5}
    crl, behind, other = lines([rows], public, Wanted(parts=parts), NOW + timedelta(hours=hours))
    assert crl.state is behind.state is State.BEHIND
    assert (crl.why, behind.why) == ("revision 6 waits in the exchange", "revision 7 waits in the exchange")
    assert other.state is not State.BEHIND
    due = {(issuer, "crl all"): "covers revision 5, a status changed at 6"}
    assert lines([rows], public, Wanted(due, parts), NOW)[0].why == "covers revision 5, a status changed at 6"


def test_artifact_that_lacks_what_the_next_ceremony_signs_says_so(tmp_path: Path) -> None:
    """Nothing waits in the exchange then: what the last ceremony signed does, where it was not published."""
    public = configured(tmp_path)
    (issuer,) = public.profiles
    rows = status("a", crl_row(issuer, revision=5), slice_row(3, issuer, revision=5))
    crl, ocsp = part(issuer, "crl", "all"), part(issuer, "ocsp", "3")
    wanted = Wanted({(issuer, "ceremony"): "1 messages wait"}, {crl: 7, ocsp: 6}, {crl: 6, ocsp: 6})
    assert [line.why for line in lines([rows], public, wanted, NOW)] == [
        "revision 7 waits for a ceremony (docs/ceremony.md)",
        "revision 6 waits in the exchange",
    ]


def test_slice_that_is_wanted_and_not_there_is_missing(tmp_path: Path) -> None:
    """Not passed over, since no row speaks of it; a slice beyond the configured ones is nobody's."""
    public = configured(tmp_path)
    (issuer,) = public.profiles
    store = status("store", slice_row(1, issuer), kinds=(Kind.OCSP,))
    parts = {part(issuer, "ocsp", label): 0 for label in ("0", "1", "16")}
    found = {line.what: line.state for line in lines([store], public, Wanted(parts=parts), NOW)}
    assert found == {"ocsp slice 0": State.MISSING, "ocsp slice 1": State.FRESH}


def part(issuer: str, kind: str, label: str) -> Part:
    """A part of an issuer's status."""
    return Part.model_validate({"issuer": issuer, "kind": kind, "label": label})


def test_bundle_that_was_set_aside_is_told_with_its_reason() -> None:
    """An operator sees why something is not published."""
    rows = status("files")
    rows.set_aside.append(SetAside(bundle="000000000001-x.tar", at=NOW, reason="its number went back"))
    assert set_aside([rows]) == ["files: 000000000001-x.tar at 2026-03-01T12:00:00Z: its number went back"]
