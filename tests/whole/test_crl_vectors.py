"""Every CRL of cryptography_vectors gets the verdict that it deserves, from the importer and from the publisher's gate.

An import takes over facts: what a CRL lists is revoked, whether it is old, partial or of another URL, as long as it is
the issuer's, speaks of the issuer's own certificates, and says nothing that is not understood. The gate publishes: it
takes what relying parties take, for the URL that is configured, and nothing else.
"""

import re
from pathlib import Path

import pytest

from revocation.errors import ConfigurationError
from tests.whole.crl_vectors import by_gate, by_importer, every_file, vector

ACCEPTED = r"accepted\Z"
NO_POINT = r"lacks the critical IssuingDistributionPoint for `(user|ca)` certificates at"
DELTA = r"is a delta CRL: it says only what changed since number \d+"

BOTH_ACCEPT = """
BadSignedCACRL.crl BadnotAfterDateCACRL.crl BadnotBeforeDateCACRL.crl BasicSelfIssuedCRLSigningKeyCACRL.crl
BasicSelfIssuedNewKeyCACRL.crl BasicSelfIssuedOldKeyCACRL.crl GeneralizedTimeCRLnextUpdateCACRL.crl GoodCACRL.crl
GoodsubCACRL.crl GoodsubCAPanyPolicyMapping1to2CACRL.crl LongSerialNumberCACRL.crl Mapping1to2CACRL.crl
MappingFromanyPolicyCACRL.crl MappingToanyPolicyCACRL.crl MissingbasicConstraintsCACRL.crl NameOrderCACRL.crl
NegativeSerialNumberCACRL.crl NoPoliciesCACRL.crl NoissuingDistributionPointCACRL.crl P12Mapping1to3CACRL.crl
P12Mapping1to3subCACRL.crl P12Mapping1to3subsubCACRL.crl P1Mapping1to234CACRL.crl P1Mapping1to234subCACRL.crl
P1anyPolicyMapping1to2CACRL.crl PanyPolicyMapping1to2CACRL.crl PoliciesP1234CACRL.crl PoliciesP1234subCAP123CRL.crl
PoliciesP1234subsubCAP123P12CRL.crl PoliciesP123CACRL.crl PoliciesP123subCAP12CRL.crl PoliciesP123subsubCAP12P1CRL.crl
PoliciesP123subsubCAP2P2CRL.crl PoliciesP123subsubsubCAP12P2P1CRL.crl PoliciesP12CACRL.crl PoliciesP12subCAP1CRL.crl
PoliciesP12subsubCAP1P2CRL.crl PoliciesP2subCA2CRL.crl PoliciesP2subCACRL.crl PoliciesP3CACRL.crl
RFC3280MandatoryAttributeTypesCACRL.crl RFC3280OptionalAttributeTypesCACRL.crl RevokedsubCACRL.crl
SeparateCertificateandCRLKeysCA2CRL.crl SeparateCertificateandCRLKeysCRL.crl TrustAnchorRootCRL.crl
TwoCRLsCAGoodCRL.crl UIDCACRL.crl UTF8StringCaseInsensitiveMatchCACRL.crl UTF8StringEncodedNamesCACRL.crl
anyPolicyCACRL.crl basicConstraintsNotCriticalCACRL.crl inhibitAnyPolicy0CACRL.crl inhibitAnyPolicy1CACRL.crl
inhibitAnyPolicy1subCA1CRL.crl inhibitAnyPolicy1subCA2CRL.crl inhibitAnyPolicy1subCAIAP5CRL.crl
inhibitAnyPolicy1subsubCA2CRL.crl inhibitAnyPolicy5CACRL.crl inhibitAnyPolicy5subCACRL.crl
inhibitAnyPolicy5subsubCACRL.crl inhibitPolicyMapping0CACRL.crl inhibitPolicyMapping0subCACRL.crl
inhibitPolicyMapping1P12CACRL.crl inhibitPolicyMapping1P12subCACRL.crl inhibitPolicyMapping1P12subCAIPM5CRL.crl
inhibitPolicyMapping1P12subsubCACRL.crl inhibitPolicyMapping1P12subsubCAIPM5CRL.crl inhibitPolicyMapping1P1CACRL.crl
inhibitPolicyMapping1P1subCACRL.crl inhibitPolicyMapping1P1subsubCACRL.crl inhibitPolicyMapping5CACRL.crl
inhibitPolicyMapping5subCACRL.crl inhibitPolicyMapping5subsubCACRL.crl inhibitPolicyMapping5subsubsubCACRL.crl
keyUsageCriticalkeyCertSignFalseCACRL.crl keyUsageNotCriticalCACRL.crl keyUsageNotCriticalkeyCertSignFalseCACRL.crl
nameConstraintsDN1CACRL.crl nameConstraintsDN1subCA1CRL.crl nameConstraintsDN1subCA2CRL.crl
nameConstraintsDN1subCA3CRL.crl nameConstraintsDN2CACRL.crl nameConstraintsDN3CACRL.crl
nameConstraintsDN3subCA1CRL.crl nameConstraintsDN3subCA2CRL.crl nameConstraintsDN4CACRL.crl
nameConstraintsDN5CACRL.crl nameConstraintsDNS1CACRL.crl nameConstraintsDNS2CACRL.crl nameConstraintsRFC822CA1CRL.crl
nameConstraintsRFC822CA2CRL.crl nameConstraintsRFC822CA3CRL.crl nameConstraintsURI1CACRL.crl
nameConstraintsURI2CACRL.crl pathLenConstraint0CACRL.crl pathLenConstraint0subCA2CRL.crl
pathLenConstraint0subCACRL.crl pathLenConstraint1CACRL.crl pathLenConstraint1subCACRL.crl pathLenConstraint6CACRL.crl
pathLenConstraint6subCA0CRL.crl pathLenConstraint6subCA1CRL.crl pathLenConstraint6subCA4CRL.crl
pathLenConstraint6subsubCA00CRL.crl pathLenConstraint6subsubCA11CRL.crl pathLenConstraint6subsubCA41CRL.crl
pathLenConstraint6subsubsubCA11XCRL.crl pathLenConstraint6subsubsubCA41XCRL.crl requireExplicitPolicy0CACRL.crl
requireExplicitPolicy0subCACRL.crl requireExplicitPolicy0subsubCACRL.crl requireExplicitPolicy0subsubsubCACRL.crl
requireExplicitPolicy10CACRL.crl requireExplicitPolicy10subCACRL.crl requireExplicitPolicy10subsubCACRL.crl
requireExplicitPolicy10subsubsubCACRL.crl requireExplicitPolicy2CACRL.crl requireExplicitPolicy2subCACRL.crl
requireExplicitPolicy4CACRL.crl requireExplicitPolicy4subCACRL.crl requireExplicitPolicy4subsubCACRL.crl
requireExplicitPolicy4subsubsubCACRL.crl requireExplicitPolicy5CACRL.crl requireExplicitPolicy5subCACRL.crl
requireExplicitPolicy5subsubCACRL.crl requireExplicitPolicy5subsubsubCACRL.crl requireExplicitPolicy7CACRL.crl
requireExplicitPolicy7subCARE2CRL.crl requireExplicitPolicy7subsubCARE2RE4CRL.crl
requireExplicitPolicy7subsubsubCARE2RE4CRL.crl
crl_almost_10k.pem crl_empty.pem crl_empty_no_sequence.der crl_ian_aia_aki.pem crl_idp_fullname_only_user.pem
crl_unrecognized_extension.der
"""
"""Complete, of their issuer, in their window: also long and negative serials, and extensions that are not critical."""

NO_ISSUER = {
    "DSAParametersInheritedCACRL.crl": ("holds no readable certificate", "RFC 3279 2.3.2: a key without parameters"),
    "basicConstraintsCriticalcAFalseCACRL.crl": ("CA:FALSE", "RFC 5280 4.2.1.9"),
    "basicConstraintsNotCriticalcAFalseCACRL.crl": ("CA:FALSE", "RFC 5280 4.2.1.9"),
    "keyUsageCriticalcRLSignFalseCACRL.crl": ("lacks cRLSign", "RFC 5280 6.3.3 (f)"),
    "keyUsageNotCriticalcRLSignFalseCACRL.crl": ("lacks cRLSign", "RFC 5280 6.3.3 (f)"),
}
"""Their CA cannot be configured, so neither has anything to say: file, what is said of the CA, why."""

OTHERS = (
    # files, what the importer says, what the gate says, why
    (
        "BadCRLIssuerNameCACRL.crl TwoCRLsCABadCRL.crl WrongCRLCACRL.crl",
        r"which is not the subject of issuer test\Z",
        "its issuer is not, byte for byte",
        "RFC 5280 5.1.2.3: another issuer's",
    ),
    (
        "RolloverfromPrintableStringtoUTF8StringCACRL.crl",
        "written in another encoding",
        "its issuer is not, byte for byte",
        "RFC 5280 5.1.2.3 and 7.1: clients may compare names, and many compare octets",
    ),
    ("BadCRLSignatureCACRL.crl", "was not made with the key", "bad signature BIT STRING", "RFC 5280 6.3.3 (g)"),
    ("invalid_signature_crl.pem", "was not made with the key", "signature is not that of", "RFC 5280 6.3.3 (g)"),
    ("DSACACRL.crl", "was not made with the key", "is not one of the key's", "FIPS 186-5 has no DSA any more"),
    ("valid_signature_crl.pem", ACCEPTED, "no AuthorityKeyIdentifier", "RFC 5280 5.2.1"),
    ("crl_no_next_update.pem", ACCEPTED, "no nextUpdate", "RFC 5280 5.1.2.5"),
    ("OldCRLnextUpdateCACRL.crl pre2000CRLnextUpdateCACRL.crl", ACCEPTED, "has expired", "RFC 5280 6.3.3 (a)"),
    (
        (
            "BasicSelfIssuedCRLSigningKeyCRLCertCRL.crl BasicSelfIssuedOldKeySelfIssuedCertCRL.crl "
            "distributionPoint1CACRL.crl distributionPoint2CACRL.crl indirectCRLCA3CRL.crl "
            "crl_idp_fullname_only.pem crl_idp_relativename_only.pem"
        ),
        ACCEPTED,
        NO_POINT,
        "RFC 5280 5.2.5: for certificates that name it, which is another URL than ours",
    ),
    (
        "onlyContainsCACertsCACRL.crl onlyContainsUserCertsCACRL.crl crl_idp_only_ca.pem",
        ACCEPTED,
        NO_POINT,
        "RFC 5280 5.2.5: what it lists is true; the gate wants the URL of the CDP",
    ),
    (
        (
            "onlySomeReasonsCA1compromiseCRL.crl onlySomeReasonsCA1otherreasonsCRL.crl onlySomeReasonsCA2CRL1.crl "
            "onlySomeReasonsCA2CRL2.crl onlySomeReasonsCA3compromiseCRL.crl onlySomeReasonsCA3otherreasonsCRL.crl "
            "onlySomeReasonsCA4compromiseCRL.crl onlySomeReasonsCA4otherreasonsCRL.crl crl_idp_reasons_only.pem "
            "crl_idp_relative_user_all_reasons.pem"
        ),
        ACCEPTED,
        NO_POINT,
        "RFC 5280 5.2.5: what it lists is true, and what it does not list is not taken for valid",
    ),
    (
        "deltaCRLCA1CRL.crl deltaCRLCA2CRL.crl deltaCRLCA3CRL.crl",
        ACCEPTED,
        "FreshestCRL",
        "RFC 5280 5.2.6: complete, and points to deltas that are not ours",
    ),
    (
        (
            "deltaCRLCA1deltaCRL.crl deltaCRLCA2deltaCRL.crl deltaCRLCA3deltaCRL.crl deltaCRLIndicatorNoBaseCACRL.crl "
            "crl_delta_crl_indicator.pem"
        ),
        DELTA,
        "it is a delta CRL",
        "RFC 5280 5.2.4: removeFromCRL revokes nothing, and nothing is un-revoked",
    ),
    (
        (
            "indirectCRLCA1CRL.crl indirectCRLCA3cRLIssuerCRL.crl indirectCRLCA4cRLIssuerCRL.crl indirectCRLCA5CRL.crl "
            "crl_idp_fullname_indirect_crl.pem"
        ),
        "is an indirect CRL",
        NO_POINT,
        "RFC 5280 5.2.5: its entries may be of other issuers",
    ),
    (
        "onlyContainsAttributeCertsCACRL.crl crl_idp_fullname_only_aa.pem",
        "is about attribute certificates",
        NO_POINT,
        "RFC 5280 5.2.5",
    ),
    (
        "UnknownCRLExtensionCACRL.crl",
        "has the critical extension 2.16.840.1.101.2.1.12.2",
        "critical extension 2.16.840.1.101.2.1.12.2",
        "RFC 5280 5.2",
    ),
    (
        "UnknownCRLEntryExtensionCACRL.crl",
        r"entry 1: has the critical extension",
        "clients must reject",
        "RFC 5280 5.3",
    ),
    ("crl_md2_unknown_crit_entry_ext.pem", "has the critical extension 1.2.3.4", "clients must reject", "RFC 5280 5.3"),
    ("crl_all_reasons.pem", "entry 2: has a certificateIssuer", r"extension 2\.5\.29\.29", "RFC 5280 5.3.3"),
    ("crl_inval_cert_issuer_entry_ext.pem", "malformed extension", "entry cannot be read", "RFC 5280 5.3.3"),
    ("crl_dup_entry_ext.pem", r"Duplicate 2\.5\.29\.21", r"Duplicate 2\.5\.29\.21", "RFC 5280 4.2"),
    ("crl_unsupported_reason.pem", "reason code: 12", "reason code: 12", "RFC 5280 5.3.1"),
    ("crl_inval_date_fractional_seconds.der", "malformed extension", "not version 2", "RFC 5280 5.3.2 and 5.1.2.1"),
    (
        "crl_bad_version.pem crl_inner_outer_mismatch.der crl_invalid_time.der crl_issuer_invalid_printable_string.der",
        "is not a CRL in DER or PEM",
        "cannot be read",
        "RFC 5280 5.1.2.1, 5.1.1.2, 5.1.2.4, X.680 41.4",
    ),
)

TABLE = dict.fromkeys(BOTH_ACCEPT.split(), (ACCEPTED, ACCEPTED)) | {
    name: (importer, gate) for names, importer, gate, _ in OTHERS for name in names.split()
}


def test_table_has_every_crl_of_the_package_once() -> None:
    """One that comes with a new version is judged by somebody before it is passed over."""
    named = [*BOTH_ACCEPT.split(), *NO_ISSUER, *(name for names, *_ in OTHERS for name in names.split())]
    assert sorted(named) == sorted(every_file())
    assert len(named) >= 200


@pytest.mark.parametrize("name", TABLE)
def test_importer_and_gate_give_the_verdict_that_a_crl_deserves(name: str, tmp_path: Path) -> None:
    """The words that count are in the messages of both."""
    importer, gate = TABLE[name]
    given = vector(name)
    assert re.search(importer, by_importer(given, tmp_path))
    assert re.search(gate, by_gate(given))


@pytest.mark.parametrize("name", NO_ISSUER)
def test_ca_whose_crls_nobody_accepts_is_refused_when_it_is_configured(name: str) -> None:
    """Before anything is signed or imported."""
    with pytest.raises(ConfigurationError, match=NO_ISSUER[name][0]):
        vector(name)
