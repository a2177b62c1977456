"""What publishers tell besides the ages of artifacts, and `revocast status` exits 1 for."""

import json
from datetime import datetime, timedelta

import pytest

from jobs.installation import Installation
from publisher.targets.alarm import Alarm
from revocation.clock import now
from revocation.published import HeldBundle, LeftoverCRL, PutBackCRL, TargetStatus
from tests.authority import NOW
from tests.jobs.present import Present


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


def test_sentence_is_one_line_where_the_output_is_no_terminal(
    present: Present, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes through `grep`, or into a mail that wraps by itself, however long it is."""
    long = "one word after another, " * 20
    monkeypatch.setattr("jobs.seen.alarms", lambda _config: [Alarm("responses", "map", long)])
    assert f"responses: {long}" in present.run("status", "--no-signer").stdout.splitlines()


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
