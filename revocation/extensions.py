"""Extensions of certificates and CRLs, as values."""

from cryptography import x509


def extension_value(
    extensions: x509.Extensions, kind: type[x509.extensions.ExtensionTypeVar]
) -> x509.extensions.ExtensionTypeVar | None:
    """Value of the extension of that kind; None where there is none."""
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
