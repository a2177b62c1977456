"""`revocast status` where no target can be read: an operator's machine as infra/config has it, with a queue alone."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from jobs.installation import Installation
from jobs.seen import Seen, see
from publisher import worker
from publisher.alarms import NowAndThen
from revocation.artifacts import Kind
from revocation.clock import now
from revocation.commands import root
from revocation.errors import ConfigurationError
from revocation.issuer import Issuer
from revocation.messages import Verb
from revocation.paths import crl_path
from revocation.published import DisturbedCRL, HeldBundle, PutBackCRL, SetAside
from revocation.wire.notes import of_signer
from revocation.wire.queue import Wire
from revocation.wire.statusnote import note_of
from tests.authority import Authority
from tests.estate import Estate
from tests.infra.valkey_users import FOLDER, GuardedServer
from tests.jobs.issuers import crl_row, slice_row, status
from tests.responder.scraping import read
from tests.whole.world import World


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[GuardedServer]:
    """A queue server with the users of infra/valkey."""
    with GuardedServer(tmp_path / "valkey") as running:
        yield running


@pytest.fixture
def authority() -> Authority:
    """The CA."""
    return Authority("Example CA", days=7300)


@pytest.fixture
def operator(guarded: GuardedServer, authority: Authority, tmp_path: Path) -> Path:
    """infra/config/operator.toml, with the address of this server."""
    authority.write(tmp_path / "example-ca.pem")
    text = (FOLDER.parent / "config/operator.toml").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("queue = ")]
    text = text.replace(line, f'queue = "{guarded.url_of("operator")}"')
    config = tmp_path / "revocast.toml"
    config.write_text(text.replace("/var/lib/revocast-operator", str(tmp_path / "state")))
    return config


def shown(config: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code of `status`, and what it says."""
    result: Result = CliRunner().invoke(root, ["status", "--json", *options, "--config", str(config)])
    return result.exit_code, json.loads(result.stdout)


def publish(guarded: GuardedServer, folder: Path, authority: Authority) -> str:
    """A publisher's look over something that was signed; the issuer's id."""
    estate = Estate.build(folder, authority=authority, public="[public.ocsp]\nslices = 1\n")
    with World(estate, now()) as world:
        estate.register(world.signer, [5, 6], world.now)
        world.look()
        worker._look(world.publisher, world.public, Wire(guarded.url_of("publisher")).journal, NowAndThen())
        return world.issuer.id


def told(config: Path, at: datetime) -> Seen:
    """What is seen from a machine."""
    return see(Installation.read(config), at)


def test_operator_sees_every_artifact_of_a_publisher_elsewhere(
    guarded: GuardedServer, operator: Path, authority: Authority, tmp_path: Path
) -> None:
    """With the user of the queue server that infra/ gives him, and nothing else of that machine."""
    publish(guarded, tmp_path / "e", authority)
    _, found = shown(operator, "--no-signer")
    assert {(one["target"], one["what"], one["state"]) for one in found["artifacts"]} == {
        ("files", "crl all", "fresh"),
        ("responses", "ocsp slice 0", "fresh"),
    }
    assert found["unseen"] == []
    assert guarded.refused() <= {("operator", "client|setinfo"), ("publisher", "client|setinfo"), ("publisher", "info")}


def test_metrics_of_signer_scheduler_and_publisher_come_from_one_command(
    guarded: GuardedServer, operator: Path, authority: Authority, tmp_path: Path
) -> None:
    """On the operator's machine, where nothing of them runs and nothing listens."""
    publish(guarded, tmp_path / "e", authority)
    Wire(guarded.url_of("scheduler")).journal.asked(Verb.PRESIGN, now())
    Wire(guarded.url_of("signer")).journal.succeeded([of_signer(Verb.PRESIGN)], now())
    result = CliRunner().invoke(root, ["metrics", "--no-signer", "--config", str(operator)])
    assert result.exit_code == 0, result.output
    found = read(result.stdout)
    assert found['revocast_published_known{target="files"}'] == found["revocast_tasks_known"] == 1
    for work in ('task="presign"', 'task="publish",target="responses"'):
        assert found[f"revocast_task_trouble{{{work}}}"] == 0
        assert found[f"revocast_task_last_success_timestamp_seconds{{{work}}}"] > 0


def test_publisher_that_tells_nothing_is_unknown_and_not_missing(guarded: GuardedServer, operator: Path) -> None:
    """Its server was restarted empty: nobody knows, and nobody is told that CRLs are gone."""
    code, found = shown(operator, "--no-signer")
    assert found["artifacts"] == []
    assert [sentence.partition(" is ")[0] for sentence in found["unseen"]] == ["files", "responses"]
    assert code in (1, 3)  # no work succeeded either, of which nothing is noted
    assert "told nothing" in found["unseen"][0]


def test_crl_that_expired_since_its_publisher_stopped_exits_1(
    guarded: GuardedServer, operator: Path, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told last goes on to tell the truth: the times stand in it."""
    publish(guarded, tmp_path / "e", authority)
    monkeypatch.setattr("jobs.status.clock_now", lambda: now() + timedelta(hours=25))
    code, found = shown(operator, "--no-signer")
    assert code == 1
    assert {one["state"] for one in found["artifacts"]} == {"expired"}


def test_what_is_in_the_way_of_a_publisher_is_told(guarded: GuardedServer, operator: Path, tmp_path: Path) -> None:
    """Bundles that were set aside or wait, and alarms, whose reasons say what to do."""
    at = now()
    row = status("files", kinds=(Kind.CRL,))
    row.set_aside.append(SetAside(bundle="000000000001-x.tar", at=at, reason="its number went back"))
    row.held.append(HeldBundle(bundle="000000000002-x.tar", since=at - timedelta(hours=2), reason="its base is away"))
    Wire(guarded.url_of("publisher")).journal.tell([note_of(row, ["81% of the map is used"], at)])
    code, found = shown(operator, "--no-signer")
    assert code == 1
    assert found["set_aside"][0].endswith("its number went back")
    assert found["held"][0].endswith("its base is away")
    assert found["alarms"] == ["files: 81% of the map is used"]


def test_crl_that_was_put_back_elsewhere_is_told(guarded: GuardedServer, operator: Path, authority: Authority) -> None:
    """Its publisher's machine may be nobody's terminal."""
    issuer, at = Issuer.of("example-ca", [authority.certificate]).id, now()
    row = status("files", crl_row(issuer), kinds=(Kind.CRL,))
    row.put_back.append(PutBackCRL(path=crl_path(issuer, "all"), number=7, at=at))
    row.put_back.append(PutBackCRL(path="crl/deadbeef/all.crl", number=7, at=at))
    Wire(guarded.url_of("publisher")).journal.tell([note_of(row, [], at)])
    code, found = shown(operator, "--no-signer")
    (said,) = found["put_back"]
    assert (code, f"files: {crl_path(issuer, 'all')} went back" in said) == (1, True)


def test_crl_that_was_disturbed_elsewhere_is_told(guarded: GuardedServer, operator: Path, authority: Authority) -> None:
    """As its publisher found it; of no CRL that is not configured here."""
    issuer, at = Issuer.of("example-ca", [authority.certificate]).id, now()
    row = status("files", crl_row(issuer), kinds=(Kind.CRL,))
    for path in (crl_path(issuer, "all"), "crl/deadbeef/all.crl"):
        row.disturbed.append(DisturbedCRL(path=path, what="is missing", at=at, times=3))
    Wire(guarded.url_of("publisher")).journal.tell([note_of(row, [], at)])
    code, found = shown(operator, "--no-signer")
    (said,) = found["disturbed"]
    assert (code, f"files: {crl_path(issuer, 'all')} is missing, 3 times" in said) == (1, True)


def test_rows_of_a_note_that_name_nothing_configured_are_let_be(guarded: GuardedServer, operator: Path) -> None:
    """Whoever can write there can name anything: `status` neither shows it nor fails."""
    rows = status("files", crl_row("deadbeef"), slice_row(3, "deadbeef"))
    journal = Wire(guarded.url_of("publisher")).journal
    journal.tell([note_of(rows, [], now())])
    guarded.client().set("revocast:published:status:responses", b'{"at": 1, "status": {"target": "files"}}')
    seen = told(operator, now())
    assert [(one.target, one.crls, one.slices) for one in seen.statuses] == [("files", [], [])]
    assert list(seen.unseen) == ["responses"]


def test_note_is_bounded_and_says_what_it_left_out(guarded: GuardedServer, operator: Path) -> None:
    """Of 3,000 CRLs those that are to be renewed first, below a mebibyte."""
    (issuer,) = Installation.read(operator).public.profiles
    at = now()
    rows = [
        crl_row(issuer, label=f"user.{n}").model_copy(update={"renew_at": at + timedelta(seconds=3000 - n)})
        for n in range(3000)
    ]
    note = note_of(status("files", *rows), [], at)
    assert len(note.model_dump_json()) < 1 << 20
    assert (len(note.status.crls), note.left_out) == (1000, 2000)
    Wire(guarded.url_of("publisher")).journal.tell([note])
    assert "files: there are 2000 artifacts more" in told(operator, at).sentences


def test_old_list_of_users_is_told_with_its_remedy(guarded: GuardedServer, operator: Path) -> None:
    """The operator may not read it then: unknown, with what to take."""
    guarded.client().execute_command(  # type: ignore[no-untyped-call]
        "ACL",
        "SETUSER",
        "operator",
        "resetkeys",
        "~rq:*",
        "~revocast:asked:*",
        "~revocast:success:*",
        "~revocast:failure:*",
    )
    assert "newest infra/valkey/users.acl" in told(operator, now()).unseen["files"]


def test_machine_with_neither_targets_nor_their_names_is_told_both_ways(guarded: GuardedServer, operator: Path) -> None:
    """Exit 2, with what to write where."""
    operator.write_text(operator.read_text().replace("targets = ", "# targets = "))
    with pytest.raises(ConfigurationError, match="in `targets` of \\[jobs\\]"):
        told(operator, now())


def test_publishers_machine_shows_its_targets_without_a_jobs_table(tmp_path: Path, authority: Authority) -> None:
    """infra/config/publisher.toml has none: the signer of another machine is not asked, and not missed."""
    estate = Estate.build(tmp_path / "e", authority=authority, public="[public.ocsp]\nslices = 1\n")
    with World(estate, now()) as world:
        world.look()
        world.publish()
    text = (estate.folder / "revocast.toml").read_text()
    config = estate.folder / "publisher.toml"
    config.write_text(text[: text.index("[signer]")] + text[text.index("[publisher]") : text.index("[responder]")])
    code, found = shown(config)
    assert (code, found["signer"]) == (0, "not asked")
    assert {one["state"] for one in found["artifacts"]} == {"fresh"}
