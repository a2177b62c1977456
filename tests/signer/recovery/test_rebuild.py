"""`revocast ledger rebuild` that is refused: no ledger lies there afterwards that was not there before."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from revocation.clock import fixed, now
from revocation.messages import RequesterKey
from signer.ledger import continuity
from signer.look import look
from tests.building.recovery import back_up, lose_ledger
from tests.jobs.present import Present


def without_exchange(present: Present) -> tuple[str, ...]:
    """Nothing is left of what was published, and nothing is handed over."""
    shutil.rmtree(present.estate.folder / "exchange")
    return ()


def without_right(_: Present) -> tuple[str, ...]:
    """Who asks is not known to the signer."""
    return ("--requester", "nobody")


def without_key(present: Present) -> tuple[str, ...]:
    """Of a requester."""
    return ("--requester-key", str(present.estate.folder / "no.key"))


def with_key_of_nobody(present: Present) -> tuple[str, ...]:
    """Whom the signer does not know: `init` wrote one on each machine, and both have the entries of one."""
    RequesterKey.generate().save(present.estate.folder / "other.key")
    return ("--requester-key", str(present.estate.folder / "other.key"))


def with_damaged(present: Present) -> tuple[str, ...]:
    """What was handed over is no CRL."""
    (present.estate.folder / "a.crl").write_text("-----BEGIN X509 CRL-----\n")
    return (str(present.estate.folder / "a.crl"),)


REFUSALS = [without_exchange, without_right, without_key, with_key_of_nobody, with_damaged]
Refusal = Callable[[Present], tuple[str, ...]]


@pytest.fixture
def backup(tmp_path: Path) -> tuple[Present, Path]:
    """An installation, and a copy of its ledger, which is gone."""
    present = Present(tmp_path / "data")
    made = back_up(present.estate, now())
    lose_ledger(present.estate)
    return present, made


@pytest.mark.parametrize("refusal", REFUSALS)
def test_backup_that_turns_up_is_restored_after_a_rebuild_was_refused(
    backup: tuple[Present, Path], refusal: Refusal
) -> None:
    """`restore` puts nothing over a ledger, and who was refused made none."""
    present, made = backup
    arguments = refusal(present)
    refused = present.run("ledger", "rebuild", *arguments)
    assert refused.exit_code in (1, 2), refused.output
    assert not list((present.estate.folder).glob("signer/ledger*"))
    restored = present.run("restore", str(made))
    assert restored.exit_code == 0, restored.output


@pytest.mark.parametrize("refusal", REFUSALS)
def test_empty_ledger_that_is_there_stays_as_it_was(backup: tuple[Present, Path], refusal: Refusal) -> None:
    """A signer made it that was started too early: it is not marked as one that lacks something."""
    present, _ = backup
    signer = present.estate.signer()
    assert present.run("ledger", "rebuild", *refusal(present)).exit_code in (1, 2)
    with signer.ledger.read() as connection:
        continuity.require_whole(connection)


def test_rebuild_that_is_asked_again_is_done(backup: tuple[Present, Path]) -> None:
    """Once what it lacked is there."""
    present, _ = backup
    assert present.run("ledger", "rebuild", "--requester", "nobody").exit_code == 1
    done = present.run("ledger", "rebuild", "--json")
    assert done.exit_code == 0, done.output
    assert not look(present.estate.signer(), fixed(now())).problems


def test_who_asks_is_the_one_whose_key_it_is(backup: tuple[Present, Path]) -> None:
    """An offline machine has a requester of its own, under a name of its own."""
    present, _ = backup
    text = present.config.read_text()
    present.config.write_text(
        text.replace('[[signer.requesters]]\nname = "operator"', '[[signer.requesters]]\nname = "here"')
    )
    done = present.run("ledger", "rebuild")
    assert done.exit_code == 0, f"{done.output}{done.exception}"
    (present.estate.folder / "operator.key").unlink()
    RequesterKey.generate().save(present.estate.folder / "operator.key")
    refused = present.run("ledger", "reconcile").exception
    assert "is the key of none of [[signer.requesters]]" in str(refused)
    assert "docs/ceremony.md" in str(refused)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_ledger_that_knows_something_is_not_made_anew(tmp_path: Path, refusal: Refusal) -> None:
    """What it says is more than what is published says; that is told first, whatever else would be refused."""
    present = Present(tmp_path / "data")
    refused = present.run("ledger", "rebuild", *refusal(present))
    assert refused.exit_code == 1
    assert "is not empty" in str(refused.exception)
