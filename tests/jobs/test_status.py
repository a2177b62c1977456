"""`revocast status` of a whole installation: every artifact with its age, and whether somebody should look."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from revocation.clock import fixed, now
from revocation.config import PublicConfig
from signer.handle import handle
from signer.look import look
from tests.jobs.present import Present


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


@pytest.mark.long
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
