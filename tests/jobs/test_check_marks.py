"""What `check` remembers, on disk: it outlasts a power cut, and lost, foreign or closed it is told of."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from jobs.check_marks import CRLMark, Marks, MarksFile
from jobs.findings import Level, worst
from tests.jobs.checking import look, said
from tests.jobs.site import Site


def test_marks_outlast_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content, name and folder are written through; they are the owner's alone, and nothing else is left."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    folder = tmp_path / "jobs"
    marks = Marks(crls={"7b0d2cf6/all": CRLMark(number=1, this_update="2026-01-01T00:00:00Z")})
    MarksFile(folder).write("http://a/", marks)
    assert [path.name for path in folder.iterdir()] == ["check.json"]
    assert {path.stat().st_ino for path in (folder / "check.json", folder, tmp_path)} <= set(synced)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "check.json")] == [0o700, 0o600]
    assert MarksFile(folder).read("http://a/") == marks


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


_MARK = '"number": 1, "this_update": "2026-01-01T00:00:00Z"'


@pytest.mark.long
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
