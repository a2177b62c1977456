"""`revocast publish` as an operator and a script see it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from publisher.config import PublisherConfig
from revocation.clock import now
from revocation.commands import root
from revocation.configfile import ConfigFile
from tests.authority import Authority
from tests.building.bundles import put_crl
from tests.building.ca import CA
from tests.building.crl import crl
from tests.building.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An installation in the present, since commands read the clock."""
    return Place(tmp_path / "place", CA(Authority(not_before=now() - timedelta(days=1))))


def run(place: Place, *arguments: str) -> Result:
    """The command with the installation's configuration."""
    return CliRunner().invoke(root, ["publish", "--config", str(place.write_config()), *arguments])


def test_publish_says_what_it_did_per_target(place: Place, ca: CA) -> None:
    """Exit 0; a line for each thing done; the second time nothing."""
    put_crl(place.exchange, ca, 1, crl(ca, 7, this_update=now()))
    first = run(place)
    assert first.exit_code == 0
    assert "files: 1 CRLs" in first.output
    assert "CRL test/all: number 7 published" in first.output
    assert "number 7" not in run(place).output


def test_publish_by_cron_says_nothing_unless_something_is_wrong(place: Place, ca: CA) -> None:
    """cron mails whatever is said, every minute."""
    put_crl(place.exchange, ca, 1, crl(ca, 7, this_update=now()))
    first = run(place, "--quiet")
    assert (first.exit_code, first.output) == (0, "")
    put_crl(place.exchange, ca, 2, crl(ca, 8, signed_by=CA(), this_update=now()))
    second = run(place, "--quiet")
    assert (second.exit_code, "set aside" in second.output) == (1, True)


def test_publish_whose_success_cannot_be_noted_says_so(place: Place, ca: CA) -> None:
    """It is published all the same; cron mails why `schedule` will call it late."""
    put_crl(place.exchange, ca, 1, crl(ca, 7, this_update=now()))
    (PublisherConfig.read(ConfigFile.read(place.write_config())).noted / "in the way").mkdir(parents=True)
    done = run(place, "--quiet")
    assert (done.exit_code, "what was done could not be noted" in done.output) == (1, True)
    assert place.crl_file().exists()


def test_publish_exits_1_when_a_bundle_is_set_aside_now_and_0_when_it_was_before(place: Place, ca: CA) -> None:
    """A script hears of each refusal once; the status keeps it."""
    name = put_crl(place.exchange, ca, 1, crl(ca, signed_by=CA(), this_update=now()))
    first = run(place, "--json")
    assert first.exit_code == 1
    files, responses = json.loads(first.output)
    assert files["set_aside"][0]["bundle"] == name
    assert "signature" in files["set_aside"][0]["reason"]
    assert (files["target"], responses["target"], files["error"]) == ("files", "responses", None)
    second = run(place, "--json")
    assert second.exit_code == 0
    assert json.loads(second.output)[0]["status"]["set_aside"][0]["bundle"] == name


def test_publish_exits_1_for_a_number_below_the_published_one_and_keeps_what_is_served(place: Place, ca: CA) -> None:
    """With both numbers, and what becomes of the bundle."""
    moment = now().replace(microsecond=0) - timedelta(minutes=1)
    put_crl(place.exchange, ca, 1, crl(ca, 7, this_update=moment))
    assert run(place).exit_code == 0
    served = place.crl_file().read_bytes()
    put_crl(place.exchange, ca, 2, crl(ca, 6, this_update=moment + timedelta(seconds=30)))
    done = run(place)
    assert done.exit_code == 1
    assert "crl-all.tar: its number 6 is older than 7, which was published already" in done.output
    assert place.crl_file().read_bytes() == served


def test_publish_exits_1_when_a_target_fails_and_serves_the_other(place: Place, ca: CA) -> None:
    """The error goes to standard error with what to do; the other target is up to date."""
    put_crl(place.exchange, ca, 1, crl(ca, 7, this_update=now()))
    place.store.write_text("in the way")
    done = run(place)
    assert done.exit_code == 1
    assert str(place.store) in done.stderr
    assert place.crl_file().exists()


def test_publish_with_an_exchange_that_does_not_exist_yet_has_nothing_to_do(place: Place) -> None:
    """A publisher that is started before its signer."""
    assert run(place).exit_code == 0
