"""OpenSSL, GnuTLS and pyhanko-certvalidator think of every certificate what the ledger does, in every form of CRLs.

Where a judge cannot judge a form, `judges.py` says what it is asked instead.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from revocation.status import Reason
from tests.whole import judges
from tests.whole.judged import NUMBER, Judged

COMPROMISE = '["keyCompromise", "cACompromise", "aACompromise"]'
OTHERS = '["affiliationChanged", "superseded", "cessationOfOperation", "certificateHold", "privilegeWithdrawn"]'


@dataclass(frozen=True)
class Form:
    """How an issuer's CRLs are made, and how OpenSSL is asked.

    Attributes:
        crl: the table [public.crl].
        named: the CRLs that certificates name and judges get; all where empty.
        reasons: what is revoked for.
        options: of `openssl verify`.
        deltas: whether judges get the complete CRLs of before the last changes, with the deltas of now.
    """

    crl: str
    named: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = tuple(Reason)
    options: tuple[str, ...] = ()
    deltas: bool = False


FORMS = {
    "complete": Form("{}"),
    "user and CA": Form('{ scopes = ["user", "ca"] }'),
    "sharded": Form('{ scopes = ["user", "ca"], shards = 3 }'),
    "one for some reasons": Form(
        f'{{ scopes = ["user", "ca"], lists = {{ urgent = {{ scope = "user", only_some_reasons = {COMPROMISE} }} }} }}',
        options=("-extended_crl",),
    ),
    "disjoint reasons": Form(  # what has no reason would be on neither, so a third one has to be there, unnamed
        f'{{ scopes = ["user", "ca"], lists = {{ urgent = {{ scope = "user", only_some_reasons = {COMPROMISE} }}, '
        f'others = {{ scope = "user", only_some_reasons = {OTHERS} }} }} }}',
        named=("urgent", "others", "ca"),
        reasons=tuple(reason for reason in Reason if reason is not Reason.unspecified),
        options=("-extended_crl",),
    ),
    "deltas": Form('{ scopes = ["user", "ca"], delta = "4h" }', options=("-extended_crl", "-use_deltas"), deltas=True),
    "deltas of all": Form('{ delta = "4h" }', options=("-extended_crl", "-use_deltas"), deltas=True),
    "deltas of shards": Form(
        '{ scopes = ["user", "ca"], shards = 3, delta = "4h" }', options=("-extended_crl", "-use_deltas"), deltas=True
    ),
}


@dataclass(frozen=True)
class Judgement:
    """A form with its PKI."""

    form: Form
    judged: Judged
    case: judges.Case
    truth: dict[str, str]


@pytest.fixture(scope="module")
def judgement(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Judgement]]:
    """Makes the PKI of a form once: that takes seconds."""
    made: dict[str, Judgement] = {}

    def of(name: str) -> Judgement:
        if name not in made:
            form = FORMS[name]
            judged = Judged(tmp_path_factory.mktemp("judged"), form.crl, named=form.named, reasons=form.reasons)
            case = judged.case_of_deltas() if form.deltas else judged.case()
            made[name] = Judgement(form, judged, case, judged.truth())
        return made[name]

    yield of
    for one in made.values():
        one.judged.world.close()


SHORT = ("complete", "deltas")


@pytest.fixture(params=[name if name in SHORT else pytest.param(name, marks=pytest.mark.long) for name in FORMS])
def given(request: pytest.FixtureRequest, judgement: Callable[[str], Judgement]) -> Judgement:
    """The PKI at the end of its history, in one form."""
    return judgement(request.param)


def test_pki_is_as_large_and_as_mixed_as_is_claimed(given: Judgement) -> None:
    """Valid, expired, on hold, released, revoked for every reason of the form, and on every CRL."""
    assert len(given.truth) == NUMBER >= 100
    listed = [words for words in given.truth.values() if words != "good"]
    assert 60 < len(listed) < 100
    assert {words.partition("(")[2][:-1] for words in listed} == {reason.name for reason in given.form.reasons}
    expired = given.judged.expired()
    assert {given.truth[name] == "good" for name in expired} == {True, False}
    complete = given.judged.case()
    assert {label for labels in complete.named.values() for label in labels} == complete.crls.keys()


@pytest.mark.judge("openssl")
def test_openssl_agrees_with_the_ledger_on_every_certificate(given: Judgement) -> None:
    """Given all CRLs at once, it takes those that a certificate names, and for reasons only as extended CRLs."""
    expired = given.judged.expired()
    wanted = {
        name: {judges.REVOKED} if words != "good" else {judges.EXPIRED} if name in expired else set()
        for name, words in given.truth.items()
    }
    assert judges.openssl(given.case, given.judged.end, *given.form.options) == wanted


@pytest.mark.judge("certtool")
def test_gnutls_agrees_with_the_ledger_on_every_certificate(given: Judgement) -> None:
    """Given the CRLs that a certificate names one at a time; of expired ones it says that and no more. Deltas it
    does not know: it gets the complete CRLs of now."""
    expired, case = given.judged.expired(), given.judged.case()
    wanted = {name: "expired" if name in expired else words.partition(" ")[0] for name, words in given.truth.items()}
    assert judges.gnutls(case) == wanted
    assert all(judges.gnutls_verifies(case, label) for label in case.crls)


def test_pyhanko_agrees_with_the_ledger_on_every_certificate(given: Judgement) -> None:
    """Also on date and reason, given all CRLs at once; expiry is not asked."""
    assert judges.pyhanko(given.case, given.judged.end) == given.truth


@pytest.mark.judge("openssl")
@pytest.mark.parametrize(
    ("given", "label"),
    [("user and CA", "user"), ("sharded", "user.2"), ("one for some reasons", "user"), ("disjoint reasons", "others")],
    indirect=["given"],
)
def test_certificate_without_one_of_its_crls_is_not_taken_for_good(given: Judgement, label: str) -> None:
    """So scope, shard and reasons were judged, and not whether a serial is on any CRL of the issuer."""
    case, now = given.case.without(label), given.judged.end
    naming = {name for name, labels in given.case.named.items() if label in labels}
    others = given.truth.keys() - naming
    by_openssl, by_pyhanko = judges.openssl(case, now, *given.form.options), judges.pyhanko(case, now)
    assert naming
    assert all(by_openssl[name] & {judges.OTHER_SCOPE, judges.REVOKED} for name in naming)
    assert not any(by_pyhanko[name] == "good" for name in naming)
    assert {name: by_pyhanko[name] for name in others} == {name: given.truth[name] for name in others}
