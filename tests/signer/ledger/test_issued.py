"""CRL numbers: unique, rising, above what other systems used."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from revocation.artifacts import Kind
from revocation.clock import fixed
from revocation.part import Part
from signer.ledger import issued
from signer.ledger.facts import ensure_issuer
from signer.ledger.issued import Issued
from signer.look import look
from signer.signer import Signer
from tests.authority import NOW
from tests.estate import Estate
from tests.signer.reading import newest_crl

DAY = timedelta(days=1)


def reserve(signer: Signer, this_update: datetime) -> Issued:
    (profile,) = signer.public.profiles.values()
    part = Part(issuer=profile.issuer.id, kind=Kind.CRL, label="all")
    window = {"this_update": this_update, "next_update": this_update + DAY}
    with signer.ledger.write() as connection:
        ensure_issuer(connection, profile.issuer)
        return issued.reserve(connection, profile.issuer, part, base_revision=0, revision=0, **window)


def test_crl_number_rises_though_the_clock_was_set_back(estate: Estate) -> None:
    """max(last + 1, time-based): a clock that jumped ahead and was corrected never lowers the number."""
    signer = estate.signer()
    numbers = [reserve(signer, moment).crl_number for moment in (NOW + 30 * DAY, NOW, NOW + DAY)]
    first = int((NOW + 30 * DAY).timestamp())
    assert numbers == [first, first + 1, first + 2]


def test_crl_numbers_of_many_threads_are_unique(estate: Estate) -> None:
    """Forty reservations at once make forty numbers and forty names."""
    signer = estate.signer()
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda _: reserve(signer, NOW), range(40)))
    assert len({row.crl_number for row in rows}) == len({row.name for row in rows}) == 40


def test_crl_number_starts_above_an_imported_one(estate: Estate) -> None:
    """A number that another system used, however large, is a floor: also twenty octets of it."""
    signer = estate.signer()
    estate.import_(signer, [], crl_number=2**157)
    assert reserve(signer, NOW).crl_number == 2**157 + 1
    look(signer, fixed(NOW + DAY))
    number = newest_crl(signer).extensions[1].value
    assert number.crl_number == 2**157 + 2


def test_lower_import_does_not_lower_the_floor(estate: Estate) -> None:
    """Importing an older CRL after a newer one changes nothing."""
    signer = estate.signer()
    estate.import_(signer, [], crl_number=2**100)
    estate.import_(signer, [], crl_number=2**90)
    assert reserve(signer, NOW).crl_number == 2**100 + 1
