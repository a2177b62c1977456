"""The TLS certificate that is served, from files that may change: a certificate is renewed without a restart."""

import logging
import ssl
from pathlib import Path
from typing import Final

from revocation.errors import ConfigurationError

_LOG: Final = logging.getLogger("revocast.registrar")


class ServedCertificate:
    """TLS by these files; they may be one and the same.

    Attributes:
        context: by which it is served.

    Raises:
        ConfigurationError: they cannot be read, or are not of each other.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = certificate, key
        try:
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"TLS cannot be served: {error.strerror or error}",
                where=", ".join(dict.fromkeys(map(str, self._files))),
                advice="`tls_certificate` and `tls_key` are PEM files, of each other and readable by this service",
            ) from error
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2

    def reload(self) -> None:
        """Read them again: connections that begin from now on see what stands there, if it can be used."""
        try:
            self.context.load_cert_chain(*self._files)
            _LOG.info("the TLS certificate was read anew")
        except (OSError, ssl.SSLError) as error:
            _LOG.error("the TLS certificate could not be read anew, and the one of before is served: %s", error)
