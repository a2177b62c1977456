"""Slots of time: how often each task is looked at, and that neither downtime nor a second scheduler makes a burst."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.schedule import Task, current, next_slot, tasks
from revocation.errors import ConfigurationError
from revocation.messages import Verb
from revocation.ocspprofile import OCSPProfile
from tests.authority import NOW
from tests.jobs.issuers import configured

HOURLY = Task(Verb.GENERATE_CRLS, timedelta(hours=1))


def test_interval_is_that_of_the_most_demanding_issuer(tmp_path: Path) -> None:
    """One task serves all issuers, so the shortest `look` counts, for CRLs and OCSP apart."""
    public = configured(tmp_path, "", 'crl = { look = "10m" }', 'ocsp = { look = "20m" }')
    found = {task.verb: task.interval for task in tasks(public)}
    assert found == {
        Verb.GENERATE_OCSP_KEYS: timedelta(minutes=20),
        Verb.GENERATE_CRLS: timedelta(minutes=10),
        Verb.PRESIGN: timedelta(minutes=20),
        Verb.PUBLISH: timedelta(minutes=1),
    }


def test_registrar_is_asked_to_clean_up_every_five_minutes(tmp_path: Path) -> None:
    """Where there is one; with everything else as it is."""
    public = configured(tmp_path)
    (*others, cleanup) = tasks(public, has_registrar=True)
    assert (cleanup, tuple(others)) == (Task(Verb.ACME_CLEANUP, timedelta(minutes=5)), tasks(public))


def test_signer_is_told_every_minute_what_is_published_where_there_are_deltas(tmp_path: Path) -> None:
    """The first one waits for a complete CRL that is published."""
    public = configured(tmp_path, "", 'crl = { delta = "8h" }')
    assert {task.verb: task.interval for task in tasks(public)}[Verb.GENERATE_CRLS] == timedelta(minutes=1)


@pytest.mark.parametrize("what", ["crl", "ocsp"])
def test_interval_that_lets_an_artifact_expire_is_refused_with_the_numbers(tmp_path: Path, what: str) -> None:
    """However a profile came about: the schedule itself is held against (expires - renewal) / 2."""
    public = configured(tmp_path)
    (profile,) = public.profiles.values()
    too_long = {"look": timedelta(hours=7)}
    spec = profile.crls["all"]
    if what == "crl":
        profile.crls["all"] = replace(spec, settings=spec.settings.model_copy(update=too_long))
    else:
        public.profiles[profile.issuer.id] = replace(profile, ocsp=OCSPProfile().model_copy(update=too_long))
    with pytest.raises(ConfigurationError, match=rf"{what}( all)? is looked at every 7h.*\(1d - 12h\) / 2 = 6h"):
        tasks(public)


def test_slot_has_one_name_for_all_schedulers_within_an_interval() -> None:
    """Whenever in the hour they look, they claim the same tick, and another one in the next hour."""
    names = {current([HOURLY], NOW + timedelta(minutes=minutes))[0].name for minutes in (0, 1, 59)}
    assert len(names) == 1
    assert current([HOURLY], NOW + timedelta(hours=1))[0].name not in names


def test_downtime_makes_one_tick_due_and_no_burst() -> None:
    """After a week nothing is made up for: the present slot is all there is."""
    assert len(current([HOURLY], NOW + timedelta(weeks=1))) == 1


def test_next_slot_is_the_nearest_of_any_task() -> None:
    """The loop sleeps until then and no longer."""
    minutely = Task(Verb.PUBLISH, timedelta(minutes=1))
    assert next_slot([HOURLY, minutely], NOW + timedelta(seconds=10)) == NOW + timedelta(minutes=1)
    assert next_slot([HOURLY], NOW + timedelta(minutes=59, seconds=59)) == NOW + timedelta(hours=1)


def test_claim_outlives_its_slot() -> None:
    """A scheduler whose clock is behind by less than an interval finds the claim still there."""
    (tick,) = current([HOURLY], NOW)
    assert tick.seconds == 7200


def test_claim_of_a_short_slot_outlives_one_who_is_held_up() -> None:
    """A scheduler that is paused after it has looked at the clock does not find the slot of then free again."""
    (tick,) = current([Task(Verb.PUBLISH, timedelta(minutes=1))], NOW)
    assert tick.seconds == 3600
