"""Where relying parties find what: public paths below the prefix, and the media types of RFC 5280 and RFC 6960."""

import re

CRL_MEDIA_TYPE = "application/pkix-crl"
PEM_MEDIA_TYPE = "application/x-pem-file"
"""Registered by nobody: RFC 7468 names no type for CRLs. It is what others say, and what browsers save as a file."""
ISSUER_MEDIA_TYPE = "application/pkix-cert"
ISSUERS_MEDIA_TYPE = "application/pkcs7-mime"
OCSP_REQUEST_MEDIA_TYPE = "application/ocsp-request"
OCSP_MEDIA_TYPE = "application/ocsp-response"

JSON_MEDIA_TYPE = "application/json"

MEDIA_TYPES = {
    ".json": JSON_MEDIA_TYPE,
    ".crl": CRL_MEDIA_TYPE,
    ".pem": PEM_MEDIA_TYPE,
    ".cer": ISSUER_MEDIA_TYPE,
    ".p7c": ISSUERS_MEDIA_TYPE,
}

OCSP_PATH = "ocsp/"

_CRL = re.compile(r"crl/(?P<issuer>[0-9a-f]{8})/(?P<label>[a-z][a-z0-9.]{0,63})\.crl")
_OWN_FILE = re.compile(r"crl/[0-9a-f]{8}/([a-z][a-z0-9.]{0,63}\.(crl|pem)|crls\.json)|issuer/[0-9a-f]{8}\.(cer|p7c)")
_NUMBERED = re.compile(r"(?P<stem>crl/[0-9a-f]{8}/[a-z][a-z0-9.]{0,63})-(?P<number>0|[1-9][0-9]{0,47})\.crl")


def crl_path(issuer_id: str, label: str) -> str:
    """The path of the CRL with that label: `crl/1a2b3c4d/all.crl`."""
    return f"crl/{issuer_id}/{label}.crl"


def crl_at(path: str) -> tuple[str, str] | None:
    """The issuer's id and the label of the CRL with that path; None for what is the path of none."""
    match = _CRL.fullmatch(path)
    return (match["issuer"], match["label"]) if match else None


def numbered_crl_path(current: str, number: int) -> str:
    """The path of a copy that stays, beside the current CRL: `crl/1a2b3c4d/all-17.crl` beside `crl/1a2b3c4d/all.crl`.

    No label has a hyphen, so no copy has the path of another CRL.
    """
    return f"{current.removesuffix('.crl')}-{number}.crl"


def number_in(path: str) -> tuple[str, int] | None:
    """The path of the current CRL and the number of a copy that stays, from the path of the copy; None for others."""
    match = _NUMBERED.fullmatch(path)
    return (f"{match['stem']}.crl", int(match["number"])) if match else None


def pem_crl_path(current: str) -> str:
    """The path of a CRL's PEM form: `crl/1a2b3c4d/all.pem` beside `crl/1a2b3c4d/all.crl`."""
    return f"{current.removesuffix('.crl')}.pem"


def crls_path(issuer_id: str) -> str:
    """The path of the list of all CRL URLs of an issuer, a JSON array as CCADB takes it: `crl/1a2b3c4d/crls.json`."""
    return f"crl/{issuer_id}/crls.json"


def issuer_path(issuer_id: str) -> str:
    """The path of the issuer's newest certificate, DER: `issuer/1a2b3c4d.cer`."""
    return f"issuer/{issuer_id}.cer"


def issuers_path(issuer_id: str) -> str:
    """The path of all certificates of an issuer that has several, PKCS #7: `issuer/1a2b3c4d.p7c`."""
    return f"issuer/{issuer_id}.p7c"


def is_own_file(path: str) -> bool:
    """Whether a path has the form of those above, whoever the issuer: nobody else puts files under such names."""
    return _OWN_FILE.fullmatch(path) is not None or number_in(path) is not None
