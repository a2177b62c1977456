"""TLS to who proves control of a name: no certificate is believed, so none is checked by the library."""

import socket
import ssl
from collections.abc import Sequence

from registrar.problem import Problem, ProblemType
from registrar.validation.deadline import Deadline
from registrar.validation.failure import MayPass, shown


def handshaken(
    connection: socket.socket, server_name: str, where: str, deadline: Deadline, alpn: Sequence[str] = ()
) -> ssl.SSLSocket:
    """The connection under TLS 1.2 or later; it has taken the place of the one given, and is closed like it.

    Args:
        server_name: what SNI says; an address goes into none (RFC 6066 section 3).
        where: for people.
        alpn: the protocols that are offered; none, and there is no such extension.

    Raises:
        Problem: TLS could not be agreed on.
        MayPass: the connection ended, or took too long.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if alpn:
        context.set_alpn_protocols(list(alpn))
    secured = context.wrap_socket(connection, server_hostname=server_name, do_handshake_on_connect=False)
    try:
        secured.settimeout(deadline.left())
        secured.do_handshake()
    except BaseException as error:
        secured.close()
        raise _explained(error, where) from None
    return secured


def _explained(error: BaseException, where: str) -> BaseException:
    if isinstance(error, TimeoutError):
        return MayPass(ProblemType.CONNECTION, f"{where}: the TLS handshake was not over in time")
    if isinstance(error, ssl.SSLEOFError):
        return MayPass(ProblemType.TLS, f"{where}: the connection was closed within the TLS handshake")
    if isinstance(error, ssl.SSLError):
        return Problem(ProblemType.TLS, f"{where}: no TLS could be agreed on ({_reason(error)})")
    if isinstance(error, OSError):
        words = error.strerror or type(error).__name__
        return MayPass(ProblemType.CONNECTION, f"{where}: within the TLS handshake: {words}")
    return error


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's word for it; a reason that Python has no name for stands in its sentence, before a line of C."""
    return error.reason or shown(str(error).rpartition(" (_ssl.c")[0])
