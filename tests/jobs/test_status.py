"""`revocast status`: every artifact with its age, and an exit code that says whether somebody should look."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from jobs.installation import Installation
from jobs.overview import State, lines, set_aside, undone
from jobs.wanted import Wanted
from publisher.targets.alarm import Alarm
from revocation.artifacts import Kind
from revocation.clock import fixed, now
from revocation.config import PublicConfig
from revocation.part import Part
from revocation.published import HeldBundle, LeftoverCRL, PutBackCRL, SetAside, TargetStatus
from signer.handle import handle
from signer.look import look
from tests.authority import NOW
from tests.jobs.issuers import configured, crl_row, slice_row, status
from tests.jobs.present import Present


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


@pytest.mark.parametrize(("age", "code"), [(timedelta(minutes=5), 0), (timedelta(hours=2), 1)])
def test_bundle_that_has_been_held_for_an_hour_exits_1(
    present: Present, monkeypatch: pytest.MonkeyPatch, age: timedelta, code: int
) -> None:
    """Before that it is only told, with what it waits for."""
    saved = Installation.statuses

    def statuses(installation: Installation, moment: datetime) -> list[TargetStatus]:
        found = saved(installation, moment)
        found[0].held.append(HeldBundle(bundle="000000000001-x.tar", since=now() - age, reason="its base is away"))
        return found

    monkeypatch.setattr(Installation, "statuses", statuses)
    result = present.run("status", "--timeout", "60")
    assert (result.exit_code, "held: files: 000000000001-x.tar since" in result.output) == (code, True)
    assert "its base is away" in result.output


def test_clock_before_what_is_published_exits_1_though_nothing_is_due(
    present: Present, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it has caught up nothing can be signed: said by status, and by refresh, which asks the signer too."""
    back = now() - timedelta(hours=1)
    monkeypatch.setattr("jobs.status.clock_now", lambda: back)
    result = present.run("status", "--no-signer", "--json")
    (said,) = json.loads(result.stdout)["clock"]
    assert (result.exit_code, "files: CRL test/all: is published with the thisUpdate" in said) == (1, True)
    assert "earlier (set the clock right; if it ran ahead then: `revocast discard`)" in said
    result = present.run("status", "--no-signer")
    assert "is published with the thisUpdate" in " ".join(result.output.split())
    monkeypatch.setattr("jobs.refresh.clock_now", lambda: back)
    result = present.run("refresh")
    assert (result.exit_code, "is published with the thisUpdate" in result.output) == (1, True)


def test_store_that_is_nearly_full_exits_1(present: Present, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is fresh, and will not be for long."""
    monkeypatch.setattr("jobs.seen.alarms", lambda _config: [Alarm("responses", "map", "81% of the map is used")])
    result = present.run("status", "--no-signer")
    assert (result.exit_code, "responses: 81% of the map is used" in result.output) == (1, True)
    result = present.run("status", "--no-signer", "--json")
    assert json.loads(result.stdout)["alarms"] == ["responses: 81% of the map is used"]


def test_slices_that_are_too_large_are_told_with_how_many_to_set(
    present: Present, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, though two targets may have them; nothing is wrong yet, so the exit code stays."""
    saved = Installation.statuses

    def statuses(installation: Installation, moment: datetime) -> list[TargetStatus]:
        found = saved(installation, moment)
        for one in found:
            one.slices[:] = [
                row.model_copy(update={"count": 2 * 62_500, "slice": n}) for row in one.slices[:1] for n in range(16)
            ]
        return [*found, *found]

    monkeypatch.setattr(Installation, "statuses", statuses)
    result = present.run("status", "--no-signer", "--json")
    (said,) = json.loads(result.stdout)["advice"]
    assert "test: 62500 certificates in an OCSP slice" in said
    assert "set `slices` of [public.ocsp], now 2, to 250, also where publishers run" in said
    result = present.run("status", "--no-signer")
    assert (result.exit_code, "62500 certificates in an OCSP slice" in result.output) == (0, True)


def test_crl_that_is_not_configured_and_alone_lists_something_exits_1(
    present: Present, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the serials, and until when it stays."""
    saved = Installation.statuses

    def statuses(installation: Installation, moment: datetime) -> list[TargetStatus]:
        found = saved(installation, moment)
        found[0].leftovers.append(LeftoverCRL(path="crl/1a2b3c4d/user.crl", until=NOW, count=3, serials=["0A", "0B"]))
        return found

    monkeypatch.setattr(Installation, "statuses", statuses)
    result = present.run("status", "--timeout", "60", "--json")
    (said,) = json.loads(result.stdout)["not_configured"]
    assert "files: crl/1a2b3c4d/user.crl is not configured any more and stays until 2026-03-01T12:00:00Z" in said
    assert "lists 0A, 0B and 1 more;" in said
    result = present.run("status", "--timeout", "60")
    assert (result.exit_code, "not configured: files: crl/1a2b3c4d/user.crl" in result.output) == (1, True)


def test_crl_that_was_put_back_from_the_archive_exits_1(present: Present, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the exchange has it again: somebody wrote into it and into the target."""
    saved = Installation.statuses

    def statuses(installation: Installation, moment: datetime) -> list[TargetStatus]:
        found = saved(installation, moment)
        found[0].put_back.append(PutBackCRL(path="crl/1a2b3c4d/all.crl", number=7, at=NOW))
        return found

    monkeypatch.setattr(Installation, "statuses", statuses)
    result = present.run("status", "--timeout", "60", "--json")
    (said,) = json.loads(result.stdout)["put_back"]
    assert "files: crl/1a2b3c4d/all.crl went back, and so did the exchange: number 7 was put again" in said
    result = present.run("status", "--timeout", "60")
    assert (result.exit_code, "put back: files: crl/1a2b3c4d/all.crl" in result.output) == (1, True)


def test_fresh_installation_exits_0_and_json_has_every_artifact(present: Present) -> None:
    """Asked of a real signer: nothing is due."""
    result = present.run("status", "--json", "--timeout", "60")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["signer"] == "answered"
    assert told["due"] == told["set_aside"] == []
    assert {(one["target"], one["what"].split()[0]) for one in told["artifacts"]} == {
        ("files", "crl"),
        ("files", "issuer"),
        ("responses", "ocsp"),
    }


def test_artifact_that_is_behind_a_fact_exits_1_with_the_signers_reason(present: Present) -> None:
    """A revocation is recorded and nothing was made yet: whatever its window says, it is behind."""
    message = present.estate.revoke(5, now=now())
    handle(present.estate.signer(), message, fixed(now()))
    result = present.run("status", "--json", "--timeout", "60")
    assert result.exit_code == 1
    (crl,) = [one for one in json.loads(result.stdout)["artifacts"] if one["what"] == "crl all"]
    assert crl["state"] == "behind"
    assert crl["due"].startswith("covers revision")


def test_revocation_that_was_signed_and_not_published_exits_1(present: Present) -> None:
    """The publisher does not work: nothing is due, and what was made waits in the exchange."""
    signer = present.estate.signer()
    handle(signer, present.estate.revoke(5, now=now()), fixed(now()))
    assert not look(signer, fixed(now() + timedelta(seconds=2))).problems
    result = present.run("status", "--json", "--timeout", "60")
    assert result.exit_code == 1
    told = {one["what"]: (one["state"], one["due"]) for one in json.loads(result.stdout)["artifacts"]}
    assert told["crl all"] == ("behind", "revision 3 waits in the exchange")
    assert ("behind", "revision 3 waits in the exchange") in [told["ocsp slice 0"], told["ocsp slice 1"]]


@pytest.mark.parametrize("asked", [(), ("--no-signer",)], ids=["signer", "exchange"])
def test_responses_that_are_all_gone_exit_1(present: Present, asked: tuple[str, ...]) -> None:
    """The store was moved away: each slice is missing, by the signer's word or by the bundles in the exchange."""
    (present.estate.folder / "store").rename(present.estate.folder / "elsewhere")
    result = present.run("status", "--json", "--timeout", "60", *asked)
    assert result.exit_code == 1
    told = {one["what"]: one["state"] for one in json.loads(result.stdout)["artifacts"]}
    there = {"crl all": "fresh", "issuer certificate": "fresh"}
    assert told == {**there, "ocsp slice 0": "missing", "ocsp slice 1": "missing"}


def test_signer_that_does_not_answer_is_said(present: Present) -> None:
    """What is published can be told without it; what is due cannot."""
    (present.estate.folder / "ca.passphrase").unlink()
    text = present.config.read_text().replace("[[signer.requesters]]", "[[signer.nonsense]]", 1)
    present.config.write_text(text)
    result = present.run("status")
    assert result.exit_code == 3
    assert "The signer does not answer" in result.stdout
    assert "crl all" in result.stdout


def test_output_that_is_no_terminal_has_no_colours(present: Present) -> None:
    """It goes into a mail or a log."""
    result = present.run("status", "--no-signer")
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout


def test_terminal_of_80_columns_shows_whole_numbers_and_the_reasons(
    present: Present, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CRL number that is cut cannot be compared; a slice has no number, and says how many responses it has."""
    handle(present.estate.signer(), present.estate.revoke(5, now=now()), fixed(now()))
    (profile,) = PublicConfig.read(present.estate.file).profiles.values()
    crl = x509.load_der_x509_crl(next(present.estate.folder.glob("public/www/crl/*/all.crl")).read_bytes())
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    monkeypatch.setattr("jobs.status._WIDTH", 80)
    lines_ = present.run("status", "--timeout", "60").stdout.splitlines()
    assert max(len(line) for line in lines_) <= 80
    (row,) = [line for line in lines_ if line.startswith(" crl all")]
    assert row.split()[:5] == ["crl", "all", "behind", str(number), "2"]
    assert any(line.split()[3:6] == ["fresh", "2", "responses"] for line in lines_)
    assert f"files: {profile.issuer.name}: crl all: covers revision 2, a status changed at 3" in lines_


def test_machine_without_a_publisher_is_told_where_to_run_it(present: Present) -> None:
    """The targets are not there; exit code 2, for it is a matter of configuration."""
    text = present.config.read_text()
    head, _, rest = text.partition("[publisher]")
    present.config.write_text(head + rest[rest.index("[responder]") :])
    result = present.run("status")
    assert result.exit_code == 2
    assert "where the publisher runs" in str(result.exception)


def test_crl_that_is_not_in_the_web_root_is_missing_whatever_the_status_says(present: Present) -> None:
    """Deleted behind our back: exit 1 and `missing`, until it is published again."""
    next(present.estate.folder.glob("public/www/crl/*/all.crl")).unlink()
    result = present.run("status", "--json")
    assert result.exit_code == 1
    assert "missing" in result.stdout
    present.publish()
    assert present.run("status", "--timeout", "60").exit_code == 0


@pytest.mark.parametrize(("damage", "state"), [("missing", "missing"), ("damaged", "behind")])
def test_issuer_certificate_that_is_not_the_configured_one_exits_1(present: Present, damage: str, state: str) -> None:
    """It is published beside the CRLs, and relying parties fetch it to build their chains."""
    (file,) = present.estate.folder.glob("public/www/issuer/*.cer")
    assert present.run("status", "--timeout", "60").exit_code == 0
    file.unlink() if damage == "missing" else file.write_bytes(b"\x30\x00")
    result = present.run("status", "--timeout", "60", "--json")
    assert result.exit_code == 1
    shown = {line["what"]: line["state"] for line in json.loads(result.stdout)["artifacts"]}
    assert shown["issuer certificate"] == state


@pytest.mark.parametrize("last", ["expiry", "never"])
def test_last_crl_of_a_retired_issuer_is_fresh_and_never_renewed(tmp_path: Path, last: str) -> None:
    """It is published, shown, and blinds nobody for what else there is: exit 0, `never` where a span would stand."""
    present = Present(tmp_path / "e")
    retire(present, last)
    assert present.run("refresh").exit_code == 0
    result = present.run("status", "--json", "--timeout", "60")
    assert result.exit_code == 0, result.output
    crl, *_ = [one for one in json.loads(result.stdout)["artifacts"] if one["what"] == "crl all"]
    assert (crl["state"], crl["renew_in"]) == ("fresh", None)
    assert (crl["left"] is None) is (last == "never")
    result = present.run("status", "--timeout", "60")
    (row,) = [line.split() for line in result.stdout.splitlines() if line.startswith(" crl all")]
    assert row[-1] == "never"
    assert (row[-3:-1] == ["for", "ever"]) is (last == "never")


def retire(present: Present, last: str) -> None:
    """Let the issuer of an installation have a last CRL, by the word of the publisher and of the signer."""
    text = present.config.read_text().replace('name = "test"\n', f'name = "test"\nlast_crl = "{last}"\n', 1)
    present.config.write_text(text.replace("[signer]\n", f'[signer]\nlimits = {{ last_crl = "{last}" }}\n', 1))
