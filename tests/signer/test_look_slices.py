"""What a look makes of slices of responses: each at its own time, none late, none lost."""

from datetime import timedelta

from revocation.clock import fixed
from revocation.messages import Verb
from signer.handle import handle
from signer.look import look
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.reading import bundles, names, statuses

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def test_slices_are_renewed_each_at_its_own_time_and_none_late(estate: Estate) -> None:
    """After the first signing the slices spread over the renewal period, and none is older than it."""
    signer = estate.signer()
    estate.register(signer, range(1, 200))
    look(signer, fixed(NOW))
    made = []
    for minutes in range(0, 24 * 60, 10):
        made.append(len(look(signer, fixed(NOW + timedelta(minutes=minutes)), [Verb.PRESIGN]).made))
        for reader, _ in bundles(signer, "ocsp"):
            assert NOW + timedelta(minutes=minutes) - reader.manifest.this_update <= 12 * HOUR + timedelta(minutes=10)
    assert max(made) == 1
    assert sum(made) == 2 * 16 - 1  # it was the turn of slice 0 when all were signed


def test_expired_certificate_leaves_its_slice(estate: Estate) -> None:
    """OCSP does not speak of an expired certificate: the next signing of its slice leaves it out."""
    signer = estate.signer()
    estate.register(signer, [1], not_after=NOW + HOUR)
    look(signer, fixed(NOW))
    look(signer, fixed(NOW + 12 * HOUR))
    *_, (reader, responses) = bundles(signer, "ocsp")
    assert (reader.manifest.complete, responses) == (True, [])


def test_change_of_the_number_of_slices_signs_all_anew_and_loses_none(estate: Estate) -> None:
    """Slices of another number hold other certificates: every one is due, and each certificate is in one of them."""
    signer = estate.signer()
    estate.register(signer, range(1, 60))
    look(signer, fixed(NOW))
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace("[public]", "[public.ocsp]\nslices = 5\n[public]"))
    fewer = estate.signer()
    report = look(fewer, fixed(NOW + HOUR))
    assert sum("there are 5" in line for line in report.made) == 5
    newest = [r for r in bundles(fewer, "ocsp") if r[0].manifest.this_update == NOW + HOUR]
    assert sum(len(responses) for _, responses in newest) == 2 * 59


def test_slice_with_many_partial_bundles_is_signed_whole(estate: Estate) -> None:
    """After a burst, nobody has to read hundreds of small bundles: 32 at most follow a complete one."""
    config = estate.folder / "revocast.toml"
    config.write_text(config.read_text().replace("[public]", "[public.ocsp]\nslices = 1\n[public]"))
    signer = estate.signer()
    estate.register(signer, range(1, 50))
    look(signer, fixed(NOW))
    for number in range(1, 50):
        moment = NOW + number * SECOND
        handle(signer, estate.revoke(number, now=moment), fixed(moment))
        look(signer, fixed(moment))
    assert len([name for name in names(signer) if "ocsp" in name]) <= 33
    assert set(statuses(signer).values()) == {"REVOKED"}


def test_problem_of_every_slice_is_told_once(estate: Estate) -> None:
    """Without a key nothing of sixteen slices can be signed, for one reason."""
    signer = estate.signer()
    estate.register(signer, range(1, 60))
    (estate.folder / "ca.key").unlink()
    problems = [str(problem) for problem in look(estate.signer(), fixed(NOW), [Verb.PRESIGN]).problems]
    assert len(problems) == 1
    assert problems[0].startswith("issuer test: has no OCSP responder that can sign now (")
