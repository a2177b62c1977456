"""OpenSSL 3.5 or newer as a judge, which knows ML-DSA: the libcrypto in the wheel of psycopg, by its C functions.

`openssl verify -crl_check` and `openssl ocsp` call the same ones. A verdict is `good`, `revoked`, or OpenSSL's words.
"""

from ctypes import CDLL, byref, c_char_p, c_int, c_long, c_ulong, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

_VERSION: Final = 0x30500000
_CRL_CHECK: Final = 0x4
_SKEW_SECONDS: Final = 300
_REVOKED: Final = 23
_STATUS: Final = ("good", "revoked", "unknown")
_POINTERS: Final = (
    "d2i_X509",
    "d2i_X509_CRL",
    "d2i_OCSP_RESPONSE",
    "EVP_sha1",
    "EVP_sha256",
    "OCSP_cert_to_id",
    "OCSP_response_get1_basic",
    "OPENSSL_sk_new_null",
    "X509_STORE_new",
    "X509_STORE_CTX_new",
)
"""Functions that return one; of all others the result is a number."""


@cache
def libcrypto() -> Any:
    """The library. Fails where it is older: then nobody here but cryptography knows ML-DSA."""
    wheel = find_spec("psycopg_binary")
    assert wheel
    assert wheel.origin
    (path,) = (Path(wheel.origin).parents[1] / "psycopg_binary.libs").glob("libcrypto-*.so.3")
    library = CDLL(str(path))
    library.OpenSSL_version_num.restype = c_ulong
    library.X509_verify_cert_error_string.restype = c_char_p
    library.ERR_get_error.restype = c_ulong
    library.ERR_reason_error_string.restype = c_char_p
    for name in _POINTERS:
        getattr(library, name).restype = c_void_p
    assert library.OpenSSL_version_num() >= _VERSION, f"{path.name} is OpenSSL {library.OpenSSL_version_num():x}"
    return library


def verify(ca: bytes, leaf: bytes, crl: bytes) -> str:
    """What the path validation makes of a certificate with a CRL at hand; all of them DER."""
    lib = libcrypto()
    store = _store(ca)
    lib.X509_STORE_add_crl(store, _read("X509_CRL", crl))
    lib.X509_STORE_set_flags(store, c_ulong(_CRL_CHECK))
    context = c_void_p(lib.X509_STORE_CTX_new())
    assert lib.X509_STORE_CTX_init(context, store, _read("X509", leaf), None) == 1
    if lib.X509_verify_cert(context) == 1:
        return "good"
    error: int = lib.X509_STORE_CTX_get_error(context)
    words: bytes = lib.X509_verify_cert_error_string(c_long(error))
    return "revoked" if error == _REVOKED else words.decode()


def ocsp(ca: bytes, leaf: bytes, response: bytes, hash_: str) -> str:
    """What a client makes of a response about a certificate, asked with a CertID of `sha1` or `sha256`."""
    lib = libcrypto()
    read = _read("OCSP_RESPONSE", response)
    if status := lib.OCSP_response_status(read):
        return f"status {status}"
    basic = c_void_p(lib.OCSP_response_get1_basic(read))
    issuers = c_void_p(lib.OPENSSL_sk_new_null())
    lib.OPENSSL_sk_push(issuers, _read("X509", ca))
    lib.ERR_clear_error()
    if lib.OCSP_basic_verify(basic, issuers, _store(ca), c_ulong(0)) != 1:
        return _said()
    digest = c_void_p(getattr(lib, f"EVP_{hash_}")())
    asked = c_void_p(lib.OCSP_cert_to_id(digest, _read("X509", leaf), _read("X509", ca)))
    status, reason, at, this_update, next_update = c_int(), c_int(), c_void_p(), c_void_p(), c_void_p()
    found = (byref(status), byref(reason), byref(at), byref(this_update), byref(next_update))
    if lib.OCSP_resp_find_status(basic, asked, *found) != 1:
        return "it is about another certificate"
    if lib.OCSP_check_validity(this_update, next_update, c_long(_SKEW_SECONDS), c_long(-1)) != 1:
        return _said()
    return _STATUS[status.value]


def _store(ca: bytes) -> c_void_p:
    store = c_void_p(libcrypto().X509_STORE_new())
    assert libcrypto().X509_STORE_add_cert(store, _read("X509", ca)) == 1
    return store


def _read(kind: str, der: bytes) -> c_void_p:
    """The structure; these few are never freed."""
    start = c_char_p(der)
    read = getattr(libcrypto(), f"d2i_{kind}")(None, byref(start), c_long(len(der)))
    assert read, f"{kind}: {_said()}"
    return c_void_p(read)


def _said() -> str:
    lib = libcrypto()
    return (lib.ERR_reason_error_string(c_ulong(lib.ERR_get_error())) or b"nothing").decode()
