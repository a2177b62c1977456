"""The alert rules, evaluated by Prometheus' own tool over what real services expose: when they fire, and when not."""

from datetime import timedelta
from pathlib import Path

import pytest

from responder import metrics as of_responder
from responder.counts import SLOTS
from responder.readiness import Readiness
from revocation.clock import epoch, fixed, now
from revocation.messages import Verb
from revocation.wire.notes import Chore, all_names, of_scheduler
from revocation.wire.queue import Wire
from signer.handle import handle
from signer.look import look
from tests.infra.promtool import require_alerts, require_metrics, shifted
from tests.jobs.present import Present
from tests.responder.scraping import read
from tests.wire.server import Server

pytestmark = pytest.mark.judge("promtool")

HOUR = 3600


@pytest.fixture
def present(tmp_path: Path) -> Present:
    """Certificates 5 and 6, both good, signed and published just now."""
    return Present(tmp_path / "data")


def exposed(present: Present) -> dict[str, float]:
    """Everything that an operator's Prometheus gets of a site in which the responder is well."""
    texts = (
        present.run("metrics", "--timeout", "60").stdout,
        of_responder.exposition([0] * len(SLOTS), Readiness("", {"1a2b3c4d": 1.0})),
    )
    found = {name: value for text in texts for name, value in read(text).items()}
    return shifted(found, epoch(now())) | {'up{job="revocast-responder"}': 1.0}


@pytest.mark.long
def test_nothing_fires_where_all_is_well_and_expiry_is_told_in_time(present: Present, tmp_path: Path) -> None:
    """Renewed after 12 of 24 hours: quiet until then and for half of the rest, loud when six hours are left.

    Cron has come no more since, which is told much sooner.
    """
    assert present.run("refresh").exit_code == 0
    samples = exposed(present)
    require_alerts(tmp_path, samples, 0, [])
    require_alerts(tmp_path, samples, 10 * 60, [])
    stale = ["PublishedUnknown", "WorkWithoutSuccess"]
    require_alerts(tmp_path, samples, 17 * HOUR + 1800, stale)
    require_alerts(tmp_path, samples, 18 * HOUR + 1800, [*stale, "CRLAboutToExpire", "ResponsesAboutToExpire"])
    require_alerts(
        tmp_path,
        samples,
        6 * 86400 + 13 * HOUR,  # of the seven days that the responder certificate lives
        [*stale, "CRLAboutToExpire", "ResponsesAboutToExpire", "ResponderCertificateEnds"],
    )


def test_revocation_that_nobody_signs_or_publishes_fires(present: Present, tmp_path: Path) -> None:
    """Each with the name of the service that is to be looked at, once ten minutes are over."""
    assert present.run("refresh").exit_code == 0
    signer = present.estate.signer()
    handle(signer, present.estate.revoke(5, now=now()), fixed(now()))
    require_alerts(tmp_path, exposed(present), 0, ["NotSigned"])
    assert not look(signer, fixed(now() + timedelta(seconds=2))).problems
    require_alerts(tmp_path, exposed(present), 0, ["NotPublished"])


def test_what_the_scheduler_does_not_find_published_fires_until_it_does(present: Present, tmp_path: Path) -> None:
    """All is fresh on the targets, and all work is done; what relying parties get is another matter."""
    told = read(present.run("status", "--prometheus", "--timeout", "60").stdout)
    name = of_scheduler(Chore.CHECK_PUBLISHED)
    with Server(tmp_path) as server:
        present.use_queue(server.url)
        present.config.write_text(present.config.read_text() + 'check_published = "15m"\n')
        journal = Wire(server.url).journal
        journal.succeeded(all_names(["files", "responses"]), now())
        journal.asked(Verb.PUBLISH, now())
        for say, firing in (
            (lambda: None, []),
            (lambda: journal.failed({name: "REVOCAST CRITICAL - crl test all"}, now()), ["PublishedIsWrong"]),
            (lambda: journal.succeeded([name], now()), []),
        ):
            say()
            found = told | read(present.run("schedule", "--prometheus").stdout)
            samples = shifted(found, epoch(now())) | {'up{job="revocast-responder"}': 1.0}
            require_alerts(tmp_path, samples, 0, firing)


@pytest.mark.long
def test_responses_that_are_gone_fire_and_the_crl_that_is_there_does_not(present: Present, tmp_path: Path) -> None:
    """A slice that is missing is no sample less."""
    assert present.run("refresh").exit_code == 0
    (present.estate.folder / "store").rename(present.estate.folder / "elsewhere")
    found = exposed(present)
    require_alerts(tmp_path, found, 0, ["NotPublished", "ResponsesAboutToExpire"])


def test_schedulers_that_all_ended_fire(present: Present, tmp_path: Path) -> None:
    """No work is late for it, since signer and publishers look by themselves."""
    with Server(tmp_path) as server:
        present.use_queue(server.url)
        journal = Wire(server.url).journal
        journal.succeeded(all_names(["files", "responses"]), now())
        for minutes, firing in ((0, []), (8, ["NobodyAsks"])):
            journal.asked(Verb.PUBLISH, now() - timedelta(minutes=minutes))
            found = read(present.run("metrics", "--no-signer").stdout)
            require_alerts(tmp_path, shifted(found, epoch(now())) | {'up{job="revocast-responder"}': 1.0}, 0, firing)


@pytest.mark.long
def test_crl_that_somebody_overwrote_fires_though_it_is_there_again(present: Present, tmp_path: Path) -> None:
    """What relying parties got in between nobody knows; `status` says which, and exits with 1 the second time."""
    assert present.run("refresh").exit_code == 0
    require_alerts(tmp_path, exposed(present), 0, [])
    (file,) = present.estate.folder.glob("public/www/crl/*/all.crl")
    for code, told in ((0, "all.crl was changed at"), (1, "all.crl was changed, 2 times")):
        file.write_bytes(b"noise")
        present.publish()
        result = present.run("status", "--no-signer")
        assert (result.exit_code, told in " ".join(result.output.split())) == (code, True)
    require_alerts(tmp_path, exposed(present), 0, ["PublishedDisturbed"])


def test_site_of_which_nothing_is_told_fires(tmp_path: Path) -> None:
    """No file, no queue, no responder: what is absent compares to nothing, and is asked for by name."""
    require_alerts(
        tmp_path, {'up{job="revocast-responder"}': 0.0}, 0, ["PublishedUnknown", "ResponderNotReady", "WorkUnknown"]
    )


@pytest.mark.parametrize("le", ["64800", "64800.0"])  # the second is how Prometheus 3 writes the first
def test_old_responses_that_are_still_served_fire(tmp_path: Path, le: str) -> None:
    """Eight of ten answers a minute are older than 18 hours."""
    name = "revocast_ocsp_served_age_seconds"
    samples = {'up{job="revocast-responder"}': 1.0, f"{name}_count": "10", f'{name}_bucket{{le="{le}"}}': "2"}
    require_alerts(tmp_path, samples, HOUR, ["PublishedUnknown", "ResponsesNotRenewed", "WorkUnknown"])


def test_what_is_exposed_is_of_the_form_that_prometheus_wants(present: Present) -> None:
    """Names, types and helps, and labels in quotes."""
    require_metrics(present.run("metrics", "--timeout", "60").stdout)
    require_metrics(of_responder.exposition([0] * len(SLOTS), Readiness("", {"1a2b3c4d": 1.0})))
