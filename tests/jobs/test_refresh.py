"""`revocast refresh`: everything that is due, in one run of a real signer and a real publisher, without a queue."""

import json
import shutil
from pathlib import Path

import pytest

from jobs.lock import held
from tests.jobs.present import Present


def test_nothing_due_is_nothing_made(present: Present) -> None:
    """Run every hour, it writes when there is something to write."""
    before = sorted((present.estate.folder / "exchange").iterdir())
    result = present.run("refresh", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert [reply["verb"] for reply in told["replies"]] == ["generate_ocsp_keys", "generate_crls", "presign"]
    assert [target["target"] for target in told["targets"]] == ["files", "responses"]
    assert sorted((present.estate.folder / "exchange").iterdir()) == before


def test_everything_lost_is_made_and_published_again(present: Present) -> None:
    """Exchange and targets are gone: one run, and all is there."""
    for name in ("exchange", "public", "store"):
        shutil.rmtree(present.estate.folder / name)
    result = present.run("refresh")
    assert result.exit_code == 0, result.output
    assert "target files holds 1 CRLs" in result.stdout
    assert list(present.estate.folder.glob("public/www/crl/*/all.crl"))


def test_signer_that_fails_keeps_nothing_ready_from_being_published(present: Present) -> None:
    """Its configuration is refused, exit code 2; a wiped web root is filled from the exchange all the same."""
    shutil.rmtree(present.estate.folder / "public")
    text = present.config.read_text().replace("[[signer.requesters]]", "[[signer.nonsense]]", 1)
    present.config.write_text(text)
    result = present.run("refresh")
    assert result.exit_code == 2
    assert list(present.estate.folder.glob("public/www/crl/*/all.crl"))


def test_second_run_at_a_time_is_refused(present: Present) -> None:
    """Cron starts one while the last still works."""
    with held(present.estate.folder / "jobs/refresh.lock", "refresh"):
        result = present.run("refresh")
    assert result.exit_code == 1
    assert "another refresh is running" in str(result.exception)


def test_refresh_tells_what_the_publisher_did(tmp_path: Path) -> None:
    """Under cron nobody runs `publish`: which certificates have no static file stands here, in JSON and for people."""
    present = Present(tmp_path, [1 << 120, *range((1 << 120) + 1, (1 << 120) + 400)])
    path = 'path = "public"'
    present.config.write_text(present.config.read_text().replace(path, f"{path}\nocsp = true", 1))
    told = json.loads(present.run("refresh", "--json").stdout)
    (files,) = [target for target in told["targets"] if target["target"] == "files"]
    assert any("certificates no static file can be named" in line for line in files["done"])
    shutil.rmtree(tmp_path / "public")
    text = present.run("refresh").stdout.splitlines()
    at = next(n for n, line in enumerate(text) if line.startswith("target files holds"))
    assert text[at + 1].startswith("  ")


@pytest.mark.parametrize("command", ["generate-crls", "generate-ocsp-keys"])
def test_part_by_itself_runs_without_a_queue(present: Present, command: str) -> None:
    """Where a queue is configured and away, it does as `refresh` does."""
    present.use_queue(f"unix://{present.estate.folder}/nobody.sock")
    result = present.run(command)
    assert result.exit_code == 0, result.output
    assert command.replace("-", "_") + ": done (nothing was due)" in result.stdout


def test_refresh_exits_1_and_says_why_when_a_bundle_is_set_aside(present: Present) -> None:
    """Cron hears of it once, with the reason; the next run has nothing to say of it."""
    crl = next((present.estate.folder / "exchange").glob("*-crl-*.tar"))
    planted = crl.with_name(crl.name.replace(crl.name[:12], "000000000000"))
    planted.write_bytes(b"no tar")
    first, second = present.run("refresh", "--quiet"), present.run("refresh", "--quiet")
    assert (first.exit_code, second.exit_code) == (1, 0)
    assert "not a readable tar" in first.stderr


def test_first_delta_is_there_after_one_run(present: Present) -> None:
    """It needs a complete CRL that is published: the signer is asked once more when that one is."""
    present.config.write_text(present.config.read_text().replace("[public]", '[public]\ncrl = { delta = "4h" }', 1))
    result = present.run("refresh")
    assert result.exit_code == 0, result.output
    assert list(present.estate.folder.glob("public/www/crl/*/all.delta.crl"))
    assert present.run("status", "--timeout", "60").exit_code == 0


def test_profile_that_the_signer_refuses_lists_no_crl_that_is_not_there(present: Present) -> None:
    """Exit 2; what is ready goes out nevertheless, and here nothing is: the issuer's certificate alone is published."""
    folder = present.estate.folder
    for name in ("publisher", "public", "store", "exchange"):
        shutil.rmtree(folder / name)
    text = present.config.read_text().replace("[public.ocsp]", 'crl = { expires = "11d" }\n[public.ocsp]', 1)
    present.config.write_text(text)
    result = present.run("refresh", "--json")
    assert (result.exit_code, json.loads(result.stdout)["exit_code"]) == (2, 2)
    files = [file.suffix for file in folder.glob("public/www/*/**/*") if file.is_file()]
    assert files == [".cer"]


def test_machine_with_the_keys_alone_makes_what_is_due_and_publishes_nothing(present: Present) -> None:
    """What is made waits in the exchange for `revocast publish` elsewhere."""
    shutil.rmtree(present.estate.folder / "exchange")
    before, rest = present.config.read_text().split("[publisher]")
    present.config.write_text(f"{before}[responder]{rest.partition('[responder]')[2]}")
    result = present.run("refresh", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["targets"] == []
    assert list((present.estate.folder / "exchange").glob("*-crl-all.tar"))


def test_signer_apart_from_its_targets_makes_no_delta(present: Present) -> None:
    """Nobody tells it that a complete CRL is published, as docs/operating.md says."""
    text = present.config.read_text().replace("[public]", '[public]\ncrl = { delta = "4h" }', 1)
    before, rest = text.split("[publisher]")
    present.config.write_text(f"{before}[responder]{rest.partition('[responder]')[2]}")
    for _ in range(2):
        assert present.run("refresh").exit_code == 0
    assert not list((present.estate.folder / "exchange").glob("*delta*"))
