"""What of `[signer.issuers.issuance]` is refused at the start."""

from pathlib import Path

import pytest

from revocation.errors import ConfigurationError
from tests.signer.issuing.office import NAMES, Office


@pytest.mark.parametrize(
    ("issuance", "said"),
    [
        ("[signer.issuers.issuance.profiles.gold]\n", "set `kind`"),
        (
            '[signer.issuers.issuance.profiles.server]\nvalidity = "9d"\nlongest = "8d"\n',
            "longest (8d) is less than validity (9d)",
        ),
        ("[signer.issuers.issuance.profiles.server]\npath_length = 1\n", "are of intermediates"),
        ('[signer.issuers.issuance.profiles.intermediate]\nno_rev_avail = "6d"\n', "RFC 9608"),
        ("[signer.issuers.issuance.profiles.ocsp]\n", "90d is beyond responder_certificate_validity (31d)"),
        ("[signer.issuers.issuance.profiles.email]\n", "no names of the types email are permitted"),
        ('[signer.issuers.issuance.profiles.client]\nsubject = "x"\n', "is no subject"),
        ('[signer.issuers.issuance.profiles.server]\nsubject = "CN=x"\n', "the common name of a server"),
        ('[signer.issuers.issuance.profiles.server]\nasked_subject = ["CN"]\n', "the common name of a server"),
        ('[signer.issuers.issuance.profiles.client]\nasked_subject = ["DC"]\n', "is none of CN"),
        ('[signer.issuers.issuance.profiles.client]\npolicies = ["1.2.x"]\n', "is no object identifier"),
        ('[signer.issuers.issuance.names]\ndns = ["Example.com"]\n', "is no domain"),
        ('[signer.issuers.issuance.names]\nuri = ["spiffe://example.com"]\n', "a slash behind it"),
    ],
)
def test_issuance_that_contradicts_itself_is_refused_at_the_start(tmp_path: Path, issuance: str, said: str) -> None:
    """With the numbers, before anything is asked for."""
    with pytest.raises(ConfigurationError) as refused:
        Office.build(tmp_path, issuance=issuance)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("[signer.issuers.issuance.profiles.client]\n", "a TLS CA certifies servers"),
        ('[signer.issuers.issuance.profiles.server]\nkeys = ["ed25519"]\n', "do not know keys of the kind ed25519"),
        ('[signer.issuers.issuance.profiles.server]\nno_rev_avail = "6d"\n', "Microsoft's root program"),
    ],
)
def test_issuance_beyond_the_brs_is_refused_at_the_start(tmp_path: Path, profile: str, said: str) -> None:
    """Where the issuer follows them."""
    with pytest.raises(ConfigurationError) as refused:
        Office.build(tmp_path, public='compliance = "br"', issuance=NAMES + profile)
    assert said in str(refused.value)


def test_limits_of_the_key_hold_for_its_profiles_at_the_start(tmp_path: Path) -> None:
    """A profile that lasts longer than the key may certify, and a key that may certify no CA."""
    for limits, said in (
        ('[signer.issuers.limits]\ncertificate_validity = "89d"\n', "lasts 89d at most"),
        (
            '[signer.issuers.limits]\npurposes = ["crl", "responder_certificate", "certificate"]\n',
            "not for ca_certificate",
        ),
    ):
        with pytest.raises(ConfigurationError) as refused:
            Office.build(tmp_path / str(hash(said)), limits=limits)
        assert said in str(refused.value)
