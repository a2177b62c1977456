"""`revocast check` against a site that is served over HTTP: what it calls fine, late, wrong and gone back."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from jobs.check import check, run
from jobs.check_marks import CRLMark, Marks, MarksFile
from jobs.check_plan import Plan
from jobs.findings import Finding, Level, summary, worst
from revocation.status import Reason
from tests.authority import NOW, Authority
from tests.jobs.site import Site, later


@pytest.fixture
def marks(tmp_path: Path) -> MarksFile:
    """What the check remembers."""
    return MarksFile(tmp_path / "marks")


def look(site: Site, marks: MarksFile, *certificates: x509.Certificate) -> list[Finding]:
    """What the check finds now."""
    return run(Plan(site.public, site.base, certificates, sample=5, seconds=5), marks, site.now)


def said(findings: list[Finding], level: Level) -> str:
    """What was found at a level."""
    return "\n".join(finding.line for finding in findings if finding.level is level)


def end_entity(site: Site, number: int, days: int = 300) -> x509.Certificate:
    """A certificate of the site's CA."""
    authority = site.authority
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.certificate.subject)
        .public_key(Authority().key.public_key())
        .serial_number(number)
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(authority.key, SHA256())
    )


def test_fresh_site_is_ok_and_every_object_was_looked_at(site: Site, marks: MarksFile) -> None:
    """Issuer, CRL, the revoked by OCSP with both hashes by GET and POST, and given certificates."""
    site.bring_up(revoked=[5], good=[6])
    findings = look(site, marks, end_entity(site, 6))
    assert worst(findings) is Level.OK, said(findings, Level.CRITICAL)
    assert summary(findings) == "REVOCAST OK - 4 objects fetched and verified"
    assert "ocsp test 05: revoked (keyCompromise), 4 answers verified" in said(findings, Level.OK)
    assert "ocsp test 06: good, 4 answers verified" in said(findings, Level.OK)


def test_crl_that_goes_back_is_critical_and_stays_so_until_it_is_ahead_again(site: Site, marks: MarksFile) -> None:
    """Somebody restores yesterday's web root: the signature is right, and the revocation is gone."""
    site.bring_up(good=[5])
    shutil.copytree(site.www, site.estate.folder / "yesterday")
    site.revoke(5)
    later(site, minutes=10)
    site.sign()
    site.publish()
    assert worst(look(site, marks)) is Level.OK
    shutil.copytree(site.estate.folder / "yesterday", site.www, dirs_exist_ok=True)
    for _ in range(2):
        assert "went back: number" in said(look(site, marks), Level.CRITICAL)
    site.publish()
    assert worst(look(site, marks)) is Level.OK


def test_revoked_certificate_that_is_good_again_is_critical(site: Site, marks: MarksFile) -> None:
    """It left the CRL, and OCSP calls it good: no expiry and no release explains that."""
    site.bring_up(good=[5])
    site_mark = CRLMark(number=1, this_update="2026-01-01T00:00:00Z", revoked={"05": Reason.keyCompromise})
    (profile,) = site.public.profiles.values()
    marks.write(site.base, Marks(crls={f"{profile.issuer.id}/all": site_mark}))
    for _ in range(2):
        assert "was revoked (keyCompromise) and is good again" in said(look(site, marks), Level.CRITICAL)


def test_final_revocation_that_left_the_crl_alone_is_critical(site: Site, marks: MarksFile) -> None:
    """A ledger was restored: OCSP still says revoked, and whoever reads the CRL only takes the certificate again."""
    site.bring_up(good=[5])
    later(site, minutes=1)
    site.revoke(5)
    site.sign()
    site.publish(only="responses")
    site_mark = CRLMark(number=1, this_update="2026-01-01T00:00:00Z", revoked={"05": Reason.keyCompromise})
    (profile,) = site.public.profiles.values()
    marks.write(site.base, Marks(crls={f"{profile.issuer.id}/all": site_mark}))
    for _ in range(2):
        critical = said(look(site, marks), Level.CRITICAL)
        assert "ocsp test 05: was revoked (keyCompromise) and is no longer on the CRL" in critical
    site.publish()
    assert worst(look(site, marks)) is Level.OK


@pytest.mark.parametrize(("number", "reason"), [(5, Reason.certificateHold), (77, Reason.keyCompromise)])
def test_released_or_expired_certificate_may_leave_the_crl(
    site: Site, marks: MarksFile, number: int, reason: Reason
) -> None:
    """A hold may end; a certificate of which OCSP has no record any more has expired."""
    site.bring_up(good=[5])
    site_mark = CRLMark(number=1, this_update="2026-01-01T00:00:00Z", revoked={f"{number:02X}": reason})
    (profile,) = site.public.profiles.values()
    marks.write(site.base, Marks(crls={f"{profile.issuer.id}/all": site_mark}))
    assert worst(look(site, marks)) is Level.OK


def test_disagreement_of_crl_and_ocsp_is_critical_when_it_lasts(site: Site, marks: MarksFile) -> None:
    """Right after a revocation one of the two may be first; later than publishing and caches take, it is broken."""
    site.bring_up(good=[5])
    later(site, minutes=1)
    site.revoke(5)
    site.sign()
    site.publish(only="files")
    findings = look(site, marks)
    assert worst(findings) is Level.WARNING
    assert "OCSP says good, the CRL says revoked (keyCompromise)" in said(findings, Level.WARNING)
    later(site, minutes=66)
    assert "OCSP says good, the CRL says revoked" in said(look(site, marks), Level.CRITICAL)
    assert "OCSP says good, the CRL says revoked" in said(look(site, marks, end_entity(site, 5)), Level.CRITICAL)


def test_late_site_is_a_warning_and_an_expired_one_critical(site: Site, marks: MarksFile) -> None:
    """Past renewal, a look, publishing and what caches may keep: nobody renews. Past nextUpdate: nobody can use it."""
    site.bring_up(revoked=[5])
    later(site, hours=12, minutes=30)
    assert worst(look(site, marks)) is Level.OK
    later(site, hours=2)
    findings = look(site, marks)
    assert worst(findings) is Level.WARNING
    assert "crl test all: is 14h 30m old" in said(findings, Level.WARNING)
    assert "ocsp test 05: sha1 GET: is" in said(findings, Level.WARNING)
    later(site, hours=10)
    assert "crl test all" in said(look(site, marks), Level.CRITICAL)


def test_missing_objects_are_critical_each(site: Site, marks: MarksFile) -> None:
    """Nothing published: the issuer's certificate and the CRL are both named."""
    site.publish()
    shutil.rmtree(site.www)
    critical = said(look(site, marks), Level.CRITICAL)
    assert "issuer test" in critical
    assert "crl test all" in critical
    assert "HTTP 404" in critical


def test_foreign_certificate_in_the_issuers_place_is_critical(site: Site, marks: MarksFile) -> None:
    """A chain built with it would be somebody else's."""
    site.bring_up()
    (file,) = (site.www / "issuer").iterdir()
    file.unlink()
    file.write_bytes(Authority().certificate.public_bytes(Encoding.DER))
    assert "is not a configured one" in said(look(site, marks), Level.CRITICAL)


def test_unexpired_certificate_without_an_answer_is_critical(site: Site, marks: MarksFile) -> None:
    """`unauthorized` is right for what is unknown, and wrong for a certificate in use; an expired one is let be."""
    site.bring_up(good=[5])
    assert "unauthorized" in said(look(site, marks, end_entity(site, 99)), Level.CRITICAL)
    later(site, seconds=1)
    assert worst(look(site, marks, end_entity(site, 99, days=0))) is Level.OK


def test_answer_for_another_certificate_is_critical(site: Site, marks: MarksFile) -> None:
    """A responder that answers every question with one good response is found out."""
    site.bring_up(revoked=[5], good=[6])
    proper = site.app
    answer: list[bytes] = []

    def one_answer_for_all(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/ocsp"):
            return proper(environ, start_response)
        if not answer:
            answer.extend(proper(environ, start_response))
            return answer
        start_response("200 OK", [("Content-Type", "application/ocsp-response")])
        return answer

    site.answer_instead(one_answer_for_all)
    assert "another CertID" in said(look(site, marks, end_entity(site, 6)), Level.CRITICAL)


def test_lost_marks_are_a_warning_and_begun_anew(site: Site, marks: MarksFile, tmp_path: Path) -> None:
    """What was remembered cannot be compared any more, and an operator should know."""
    site.bring_up()
    (tmp_path / "marks").mkdir()
    (tmp_path / "marks/check.json").write_text("garbage")
    assert "what was remembered is lost" in said(look(site, marks), Level.WARNING)
    assert worst(look(site, marks)) is Level.OK


def test_marks_are_those_of_a_base_url(site: Site, marks: MarksFile) -> None:
    """Two edges of a CDN, or a staging site, are not compared with each other."""
    site.bring_up()
    look(site, marks)
    assert marks.read(site.base).crls
    assert not marks.read("http://elsewhere/").crls


def test_certificate_of_a_foreign_issuer_is_unknown(site: Site, marks: MarksFile) -> None:
    """It cannot be judged, and that is not the site's fault."""
    site.bring_up()
    assert worst(look(site, marks, Authority("Other").certificate)) is Level.UNKNOWN


_MARK = '"number": 1, "this_update": "2026-01-01T00:00:00Z"'


@pytest.mark.parametrize(
    "content",
    [
        *("[]", '{"BASE": []}', '{"BASE": {"crls": 1}}', "1", "\udcff", None),
        '{"BASE": {"crls": {"7b0d2cf6/all": {"number": 1, "this_update": "zzz"}}}}',
        '{"BASE": {"crls": {"7b0d2cf6/all": {"number": -1, "this_update": "2026-01-01T00:00:00Z"}}}}',
        '{"BASE": {"crls": {"7b0d2cf6/all": {MARK, "revoked": {"xyz": 4}}}}}',
        '{"BASE": {"crls": {"7b0d2cf6/all": {MARK, "vanished": {"": 4}}}}}',
        '{"BASE": {"differing": {"7b0d2cf6/all/05": "yesterday"}}}',
        '{"BASE": {"differing": {"7b0d2cf6/all/xyz": "2026-01-01T00:00:00Z"}}}',
        '{"BASE": {"answers": {"7b0d2cf6/xyz": {"asked": "2026-01-01T00:00:00Z"}}}}',
        '{"BASE": {"answers": {"7b0d2cf6/05": {"asked": "0001-01-01T00:00:00+14:00"}}}}',
    ],
)
def test_marks_that_are_not_ours_are_a_warning(
    site: Site, marks: MarksFile, tmp_path: Path, content: str | None
) -> None:
    """Whatever lies in their place, the site is looked at, and a folder there is said each time."""
    site.bring_up()
    (issuer,) = site.public.profiles
    file = tmp_path / "marks/check.json"
    file.parent.mkdir()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(
            content.replace("BASE", site.base)
            .replace("MARK", _MARK)
            .replace("7b0d2cf6", issuer)
            .encode(errors="surrogateescape")
        )
    findings = look(site, marks)
    assert worst(findings) is Level.WARNING
    assert "crl test all" in said(findings, Level.OK)
    assert str(file) in said(findings, Level.WARNING)
    assert worst(look(site, marks)) is (Level.WARNING if content is None else Level.OK)


def test_marks_that_this_user_may_not_read_do_not_hide_what_is_wrong_with_the_site(
    site: Site, marks: MarksFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run by the monitoring system's user: checked all the same, and said what it cannot compare."""
    site.bring_up()

    exists = Path.exists

    def denied(path: Path) -> bool:
        if path.name == "check.json":
            raise PermissionError(13, "Permission denied")
        return exists(path)

    monkeypatch.setattr(Path, "exists", denied)
    warning = said(look(site, marks), Level.WARNING)
    assert "cannot be read, so nothing is compared with earlier runs: Permission denied" in warning
    shutil.rmtree(site.www)
    assert worst(look(site, marks)) is Level.CRITICAL


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "crl.example",
            "//crl.example",
            "http:/crl.example",
            "http://",
            "ftp://crl.example",
            "file:///etc/passwd",
        ),
        *("http://[::1", "http://crl.example:99999/", "http://crl.example:x/", "http://a b/", "http://a/\n"),
    ],
)
def test_base_url_that_is_none_is_unknown(site: Site, url: str) -> None:
    """A mistake on the command line is nothing about the site."""
    arguments = ["--config", str(site.estate.folder / "revocast.toml"), "--base-url", url]
    result = CliRunner().invoke(check, arguments)
    assert result.exit_code == 3
    assert result.stdout.startswith("REVOCAST UNKNOWN - check: --base-url: ")


def test_defect_of_the_check_itself_is_unknown(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not 1, which would be a WARNING about the site, and with the line that a monitoring system shows."""
    monkeypatch.setattr("jobs.check.run", lambda *_: 1 / 0)
    result = CliRunner().invoke(check, ["--config", str(site.estate.folder / "revocast.toml")])
    assert result.exit_code == 3
    assert result.stdout.startswith("REVOCAST UNKNOWN - check: failed by a defect of its own: ZeroDivisionError")


@pytest.mark.parametrize("as_json", [False, True])
def test_command_without_a_configuration_is_unknown(tmp_path: Path, as_json: bool) -> None:
    """2 would be CRITICAL to a monitoring system: what could not be looked at is 3."""
    arguments = ["--config", str(tmp_path / "none.toml"), *(["--json"] if as_json else [])]
    result = CliRunner().invoke(check, arguments)
    assert result.exit_code == 3
    text = json.loads(result.stdout)["summary"] if as_json else result.stdout.splitlines()[0]
    assert text.startswith("REVOCAST UNKNOWN - check: ")


def test_command_tells_the_worst_first(site: Site) -> None:
    """One line for the monitoring system, then the bad ones, then the rest; the exit code is the worst's."""
    site.bring_up()
    for file in (site.www / "issuer").iterdir():
        file.unlink()
    arguments = ["--config", str(site.estate.folder / "revocast.toml"), "--base-url", site.base]
    result = CliRunner().invoke(check, arguments)
    assert result.exit_code == 2
    assert result.stdout.startswith("REVOCAST CRITICAL - issuer test: ")
    assert result.stdout.splitlines()[1].startswith("critical issuer test")


REVOCAST = [sys.executable, "-m", "revocation"]


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("wrong", [["--bogus"], ["--timeout", "abc"], ["--timeout", "0"], ["--sample", "-1"], ["more"]])
def test_command_line_that_cannot_be_understood_is_unknown(wrong: list[str], as_json: bool) -> None:
    """A mistyped option in the monitoring system's configuration is nothing about the site: 3, not CRITICAL."""
    command = [*REVOCAST, "check", *wrong, *(["--json"] if as_json else [])]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 3, result.stderr
    assert "Error: " in result.stderr
    if as_json:
        document = json.loads(result.stdout)
        assert document["exit_code"] == 3
        assert document["advice"].endswith("check --help`")


@pytest.mark.parametrize("as_json", [False, True])
def test_report_that_nobody_takes_is_unknown(tmp_path: Path, as_json: bool) -> None:
    """A full disk or a closed pipe is nothing about the site either; no traceback."""
    command = [*REVOCAST, "check", "--config", str(tmp_path / "none.toml"), *(["--json"] if as_json else [])]
    read_end, write_end = os.pipe()
    os.close(read_end)
    with Path("/dev/full").open("w") as full, os.fdopen(write_end, "w") as closed:
        for out in (full, closed):
            result = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
            assert result.returncode == 3, result.stderr
            assert "standard output: what was found cannot be written: " in result.stderr
            assert "Traceback" not in result.stderr


def test_command_by_cron_says_nothing_unless_something_is_wrong(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """cron mails whatever is said."""
    site.bring_up(revoked=[5])
    monkeypatch.setattr("jobs.check.clock_now", lambda: site.now)
    command = ["--config", str(site.estate.folder / "revocast.toml"), "--base-url", site.base, "--quiet"]
    fine = CliRunner().invoke(check, command)
    assert (fine.exit_code, fine.output) == (0, "")
    later(site, hours=25)
    expired = CliRunner().invoke(check, command)
    assert (expired.exit_code, "REVOCAST CRITICAL" in expired.output) == (2, True)
