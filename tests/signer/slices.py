"""An installation of sixteen slices, and a signer whose signatures take their time."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from signer import presign as presigning
from signer.responses import SignedResponses

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
BEFORE = '[public.ocsp]\nslices = 16\nhashes = ["sha256", "sha1"]\n'


def sign_slowly(now: list[datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a second pass with each batch of signatures."""
    signing = presigning.sign_responses

    def slow(*arguments: Any) -> SignedResponses:
        def a_second_passes() -> None:
            now[0] += SECOND
            arguments[-1]()

        return signing(*arguments[:-1], a_second_passes)

    monkeypatch.setattr(presigning, "sign_responses", slow)
