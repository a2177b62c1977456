"""`awskms:KEY?region=…`: a key of AWS KMS by its ARN, its id, or an alias. No credential stands in one."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

SCHEME: Final = "awskms:"
_ARN_PARTS: Final = 6
_ARN_REGION: Final = 3


@dataclass(frozen=True)
class KMSKey:
    """What a URI says.

    Attributes:
        name: ARN, id, or `alias/NAME`.
        region: None for the one of the environment or of AWS's configuration files.
    """

    name: str
    region: str | None

    @classmethod
    def parse(cls, uri: str) -> "KMSKey":
        """The parts of a URI.

        Raises:
            ValueError: not such a URI, or it says two regions.
        """
        name, _, query = uri.removeprefix(SCHEME).partition("?")
        if not uri.startswith(SCHEME) or not name:
            raise ValueError(f"{uri!r} is not awskms:KEY-ARN-ID-OR-ALIAS")
        said = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        region = said.pop("region", None)
        if said:
            raise ValueError(f"{', '.join(sorted(said))}: not known here; `region` is, all else is the environment's")
        arn = name.split(":", _ARN_PARTS - 1)
        own = arn[_ARN_REGION] if arn[0] == "arn" and len(arn) == _ARN_PARTS else None
        if region and own and region != own:
            raise ValueError(f"region is {region}, and the ARN says {own}")
        return cls(name, region or own)
