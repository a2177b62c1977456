"""The main job where the exchange is a bucket: import, look, publish, revoke, respond. moto's server stands for S3."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.publish import publish_each
from revocation.clock import fixed
from revocation.errors import ExchangeError
from revocation.messages import Discard, Outcome, Verb, compose
from revocation.messages.bodies import Look
from signer.handle import handle, handle_text
from signer.look import look
from tests.authority import NOW
from tests.building.faulty import Fault, Faulty, times
from tests.building.s3server import S3Place
from tests.estate import Estate
from tests.whole.world import World

SECOND = timedelta(seconds=1)


def with_exchange(estate: Estate, s3: S3Place, endpoint: str | None = None) -> Estate:
    """The same installation with its exchange in the bucket."""
    file = estate.folder / "revocast.toml"
    place = f'{{ url = "s3://{s3.name}/exchange", endpoint = "{endpoint or s3.endpoint}", region = "eu-central-1" }}'
    text = file.read_text()
    assert text.count('exchange = "exchange"') == 2
    file.write_text(text.replace('exchange = "exchange"', f"exchange = {place}"))
    return estate


@pytest.fixture
def faulty(s3: S3Place) -> Iterator[Faulty]:
    """A server between us and S3."""
    with Faulty(s3.server.port) as proxy:
        yield proxy


@pytest.fixture
def world(tmp_path: Path, s3: S3Place, faulty: Faulty) -> Iterator[World]:
    """Twenty certificates, nothing signed yet."""
    with World(with_exchange(Estate.build(tmp_path / "estate"), s3, faulty.endpoint)) as world:
        world.estate.register(world.signer, range(1, 21))
        yield world


def test_main_job_runs_over_a_bucket(world: World, s3: S3Place) -> None:
    """What was revoked is on the CRL and in the responses, and nothing of it lay in a folder of the machine."""
    world.tick()
    assert world.crl_serials() == set()
    assert world.ocsp(7).status == "GOOD"
    world.now += SECOND
    world.revoke(7)
    world.look()
    world.publish()
    assert world.crl_serials() == {7}
    assert (world.ocsp(7).status, world.ocsp(8).status) == ("REVOKED", "GOOD")
    assert not (world.estate.folder / "exchange").exists()
    assert any(key.endswith("-crl-all.tar") for key in s3.listed("exchange/"))


@pytest.mark.long
def test_new_target_is_filled_from_a_bucket_after_renewals(world: World, s3: S3Place) -> None:
    """What is superseded is taken out of it, and what is left is enough for a publisher that comes new."""
    for _ in range(3):
        world.tick()
        world.now += timedelta(hours=13)
    world.revoke(7)
    world.tick()
    assert len([key for key in s3.listed("exchange/") if key.endswith("-crl-all.tar")]) == 1
    for folder in ("publisher", "public", "store"):
        (world.estate.folder / folder).rename(world.estate.folder / f"{folder}.lost")
    world.publish()
    assert world.crl_serials() == {7}
    assert (world.ocsp(7).status, world.ocsp(8).status) == ("REVOKED", "GOOD")


@pytest.mark.long
def test_bucket_that_is_away_fails_looks_and_changes_nothing_that_is_published(world: World, faulty: Faulty) -> None:
    """Signer and publisher say so; the next look makes up for it, and no bundle was set aside meanwhile."""
    world.tick()
    world.now += SECOND
    world.revoke(7)
    faulty.plan = lambda method, path, headers: Fault(403, "AccessDenied")
    with pytest.raises(ExchangeError, match="cannot be listed: these credentials may not"):
        look(world.signer, fixed(world.now))
    asked = compose(Verb.GENERATE_CRLS, Look(), world.now)
    reply = handle_text(world.signer, asked.model_dump_json(), fixed(world.now))
    assert reply.outcome is Outcome.FAILED
    assert "may not do what is needed" in reply.detail
    outcomes = publish_each(world.publisher, world.public, fixed(world.now))
    assert all("the exchange cannot be listed" in str(outcome.error) for outcome in outcomes)
    assert world.crl_serials() == set()
    faulty.plan = lambda method, path, headers: None
    world.now += SECOND
    world.look()
    world.publish()
    assert world.crl_serials() == {7}
    assert not any(status.set_aside for status in world.statuses())


def test_bundle_that_cannot_be_put_is_told_and_made_again(world: World, faulty: Faulty) -> None:
    """A put that is refused stops nothing else, and the next look makes what is missing."""
    faulty.plan = times(1, Fault(403, "AccessDenied"), "PUT", "-crl-all")
    report = look(world.signer, fixed(NOW))
    assert any("cannot be put" in str(problem) for problem in report.problems)
    assert report.made
    world.now += SECOND
    world.look()
    world.publish()
    assert world.crl_serials() == set()


def test_bundle_that_cannot_be_read_now_is_not_set_aside(world: World, faulty: Faulty) -> None:
    """The outage says nothing of what is in it."""
    world.look()
    faulty.plan = times(100, Fault(cut=True), "GET", "-crl-all")
    files, _ = publish_each(world.publisher, world.public, fixed(world.now))
    assert "breaks off" in str(files.error)
    assert not files.set_aside
    faulty.plan = lambda method, path, headers: None
    world.publish()
    assert world.crl_serials() == set()


@pytest.mark.long
def test_bundles_that_were_discarded_while_the_bucket_is_away_leave_it_at_the_next_look(
    world: World, s3: S3Place, faulty: Faulty
) -> None:
    """That they could not be taken out at once keeps nobody from the reply."""
    world.tick()
    ahead = fixed(world.now + timedelta(days=300))
    assert look(world.signer, ahead).made
    world.now += SECOND
    faulty.plan = lambda method, path, headers: Fault(403, "AccessDenied")
    body = Discard(issuer="test", why="the clock jumped")
    reply = handle(world.signer, world.estate.ask(Verb.DISCARD, body, world.now), fixed(world.now))
    assert reply.outcome is Outcome.DONE, reply
    discarded = {f"exchange/{name}" for name in reply.data["discarded"]}
    assert discarded <= set(s3.listed("exchange/"))
    faulty.plan = lambda method, path, headers: None
    world.tick()
    assert not discarded & set(s3.listed("exchange/"))
