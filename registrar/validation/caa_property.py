"""What one `issue` or `issuewild` property of CAA allows (RFC 8659 section 4.2, RFC 8657). Pure."""

import re
from dataclasses import dataclass
from typing import Final

_LABEL: Final = r"[A-Za-z0-9](?:-*[A-Za-z0-9])*"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PARAMETER: Final = re.compile(rf"({_LABEL})[ \t]*=[ \t]*([!-:<-~]*)")
_LONGEST: Final = 4096
_BLANK: Final = " \t"


@dataclass(frozen=True)
class IssueValue:
    """Whom a property names, and on which terms.

    Attributes:
        domain: the issuer-domain-name in lower case; empty where it names nobody, or is malformed.
        parameters: name in lower case and value each, in their order.
    """

    domain: str
    parameters: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, value: bytes) -> "IssueValue":
        """The value of a property. What is malformed names nobody, as RFC 8659 section 4.2 has it."""
        nobody = cls("")
        try:
            text = value.decode("ascii")
        except UnicodeDecodeError:
            return nobody
        if len(text) > _LONGEST:
            return nobody
        domain, found, rest = (part.strip(_BLANK) for part in text.partition(";"))
        if domain and not _DOMAIN.fullmatch(domain):
            return nobody
        written = [part.strip(_BLANK) for part in rest.split(";")] if found and rest else []
        matches = [_PARAMETER.fullmatch(part) for part in written]
        if not all(matches):
            return nobody
        return cls(domain.lower(), tuple((one[1].lower(), one[2]) for one in matches if one))

    def why_not(self, identities: tuple[str, ...], account_uri: str | None, method: str) -> str:
        """Why it does not let us issue; empty where it does. A parameter twice is met by nothing."""
        if self.domain not in identities:
            return f"names {self.domain or 'nobody'}"
        named = [value for name, value in self.parameters if name == "accounturi"]
        if named and (len(named) > 1 or named[0] != account_uri):
            return f"names {self.domain} for another account"
        methods = [value for name, value in self.parameters if name == "validationmethods"]
        if methods and (len(methods) > 1 or method not in methods[0].split(",")):
            return f"names {self.domain} for other methods of validation than {method}"
        return ""
