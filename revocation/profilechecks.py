"""The profiles of an issuer against the rules that it follows: each is right by itself, together they may not be."""

from revocation.artifacts import Scope
from revocation.compliance import Compliance
from revocation.crlprofile import CRLProfile
from revocation.crlspec import LastCRL
from revocation.issuer import Issuer
from revocation.keykind import forbidden_key
from revocation.ocspprofile import OCSPProfile


def check_profile(compliance: Compliance, crl: CRLProfile, ocsp: OCSPProfile, last_crl: LastCRL | None) -> None:
    """Return if the rules allow these CRLs and responses together, and a last CRL of them.

    Raises:
        ValueError: they do not, with the numbers.
    """
    for name, one in crl.crls.items():
        only_cas = one.scope is Scope.CA
        compliance.check_crl(f"crl {name}", one.expires, one.renewal, one.backdate, only_cas)
        if one.series is not None:
            _check_series(f"crl {name}", compliance, last_crl)
        for reason in one.only_some_reasons:
            if forbidden := compliance.forbids(reason, only_cas):
                raise ValueError(f"crl {name}: only_some_reasons: {forbidden}")
    if crl.only_cas:
        compliance.check_ocsp_of_cas("ocsp", ocsp.expires)
    else:
        compliance.check_ocsp("ocsp", ocsp.expires, ocsp.renewal, ocsp.look)
    if compliance is Compliance.BR and last_crl is LastCRL.NEVER:
        raise ValueError("last_crl: the TLS Baseline Requirements know no CRL that never ends (section 2.2.6)")


def check_signer(issuer: Issuer, compliance: Compliance, ocsp: OCSPProfile) -> None:
    """Return if the rules allow the CA's key, and that of its responders.

    Raises:
        ValueError: they do not.
    """
    if forbidden := forbidden_key(compliance, issuer.public_key_info):
        raise ValueError(f"the CA key: {forbidden}; with such a key `compliance` is pkix")
    if not ocsp.direct:
        ocsp.responder_key.check(issuer, compliance)


def check_signs_responses(issuer: Issuer, ocsp: OCSPProfile) -> None:
    """Return if the CA's key may sign its responses, or does not.

    Raises:
        ValueError: its newest certificate does not let it.
    """
    if ocsp.direct and not issuer.signs_responses:
        raise ValueError(
            "ocsp: signed_by = 'issuer', and the keyUsage of its newest CA certificate lacks digitalSignature, which "
            "who signs OCSP responses needs (BRs section 7.1.2.10.7): where it is meant for another issuer, such as an "
            "offline root, it stands in `ocsp` of that one in [[public.issuers]], not in [public]; else leave it to a "
            f"delegate, or give it another certificate first: `revocast issuer renew {issuer.name} --signs-responses`"
        )


def _check_series(what: str, compliance: Compliance, last_crl: LastCRL | None) -> None:
    if compliance is Compliance.BR:
        raise ValueError(
            f"{what}: no series under `br`: thisUpdate is the date of issue there (BRs section 7.2), and one that is "
            "signed ahead of time says a later one; hold a ceremony for each CRL"
        )
    if last_crl is not None:
        raise ValueError(f"{what}: last_crl is followed by nothing, so there is no series: leave out one of the two")
