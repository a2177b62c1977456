"""Reasons and scopes: the RFC's names and numbers, and nothing that it forbids."""

import pytest
from cryptography.x509 import ReasonFlags

from revocation.artifacts import Scope
from revocation.errors import InputError
from revocation.status import Reason


def test_reasons_are_those_of_the_rfc() -> None:
    """RFC 5280 section 5.3.1, without removeFromCRL, which no certificate is ever revoked for."""
    theirs = {flag.value for flag in ReasonFlags} - {"removeFromCRL"}
    assert {reason.name for reason in Reason} == theirs
    assert {7, 8}.isdisjoint(Reason)


@pytest.mark.parametrize("text", ["keyCompromise", "KEYCOMPROMISE", "key_compromise", " key-compromise "])
def test_reason_is_read_in_the_spellings_of_people_and_openssl(text: str) -> None:
    """Case, underscores and hyphens do not matter."""
    assert Reason.parse(text) is Reason.keyCompromise
    assert Reason.parse("CACompromise") is Reason.cACompromise


@pytest.mark.parametrize("text", ["removeFromCRL", "", "1", "stolen"])
def test_reason_that_nobody_may_give_is_refused_with_the_list(text: str) -> None:
    """The advice names those that there are."""
    with pytest.raises(InputError) as caught:
        Reason.parse(text)
    assert "superseded" in (caught.value.advice or "")


@pytest.mark.parametrize(
    ("scope", "end_entity", "ca"), [(Scope.ALL, True, True), (Scope.USER, True, False), (Scope.CA, False, True)]
)
def test_scope_covers_its_kind_of_certificate(scope: Scope, end_entity: bool, ca: bool) -> None:
    """RFC 5280 section 5.2.5: together `user` and `ca` cover what `all` covers."""
    assert (scope.covers(is_ca=False), scope.covers(is_ca=True)) == (end_entity, ca)
